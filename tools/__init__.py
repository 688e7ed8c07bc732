"""Tools for the project's maintainers; nothing here is installed."""
