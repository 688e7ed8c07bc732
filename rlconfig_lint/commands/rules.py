"""`rlconfig-lint explain` and `rlconfig-lint rules`."""

from __future__ import annotations

import click

from rlconfig_lint.model import Life
from rlconfig_lint.registry import rule, rules


def explain(wanted: str) -> None:
    """A rule's page, as its file has it."""
    found = rule(wanted)
    click.echo(f"{found.name} ({found.code}), {found.life.value}, since {found.since}")
    click.echo(f"\n{found.doc.strip()}")


def list_rules() -> None:
    for found in rules():
        life = "" if found.life is Life.STABLE else f" ({found.life.value})"
        click.echo(f"{found.code}  {found.name:40} {found.summary}{life}")
