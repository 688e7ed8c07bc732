"""A static linter and auto-fixer for the vLLM settings that silently break online RL."""

__version__ = "0.1.0"
