"""`rlconfig-lint explain` and `rlconfig-lint rules`."""

from __future__ import annotations

import click

from rlconfig_lint.registry import rule, rules


def explain(wanted: str) -> None:
    """A rule's page, as its file has it."""
    found = rule(wanted)
    click.echo(f"{found.name} ({found.code}), since {found.since}\n\n{found.doc.strip()}")


def list_rules() -> None:
    for found in rules():
        preview = " (preview)" if found.preview else ""
        click.echo(f"{found.code}  {found.name:40} {found.summary}{preview}")
