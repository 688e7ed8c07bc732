"""Python modules: the calls and commands that configure an engine, and what the rest says."""
