"""Reads released vLLM source packages and writes what they accept as versioned data.

    python -m tools.releases --out rlconfig_lint/releases/data              the releases it lacks
    python -m tools.releases --out rlconfig_lint/releases/data --rebuild    all, after a change here
    python -m tools.releases.compare SCHEMA.json                            against another schema

Nothing of a package is imported, built or run: its files are text, read with `ast`. `extract` puts
one release together from a module for each thing extracted; `store` writes it; the package's own
rlconfig_lint/releases/schema.py serves it. Needs the extra `releases`.
"""
