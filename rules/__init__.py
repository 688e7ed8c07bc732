"""One file a rule: its page, its examples, its check."""
