"""What vLLM means by its settings, release by release."""
