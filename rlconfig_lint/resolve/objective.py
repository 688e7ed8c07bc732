"""What a framework's data say of the objective: corrections without effect, and the data's age."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from rlconfig_lint.frameworks.words import Ahead as AheadRow
from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.frameworks.words import Inert as InertRow
from rlconfig_lint.model import UNKNOWN, Ahead, Entry, Evidence, Inert, Value
from rlconfig_lint.readers.scalars import plain
from rlconfig_lint.resolve.conditions import Configuration, answer
from rlconfig_lint.resolve.tree import keys_of


def inert(framework: Framework, asked: Configuration) -> Iterator[Inert]:
    """The corrections that are switched on and do nothing."""
    for row in framework.inert:
        holds = answer((row.on, row.off, *row.when), asked).state
        lifted = any(answer((when,), asked).state is not False for when in row.unless)
        if holds and not lifted and not _unseen(row, asked):
            yield _inert(framework, row, asked)


def _unseen(row: InertRow, asked: Configuration) -> bool:
    """Whether the other key may be written where nobody can see."""
    keys = keys_of(row.off.path)
    return asked.tree.get(keys) is None and asked.tree.hides(keys[:-1])


def _inert(framework: Framework, row: InertRow, asked: Configuration) -> Inert:
    keys = keys_of(row.off.path)
    entry = asked.tree.get(keys)
    switch = asked.tree.get(keys_of(row.on.path))
    return Inert(
        Evidence(row.on.path, switch.place if switch else None),
        keys,
        entry.value if entry else row.off.absent,
        row.wanted,
        f"{framework.name}: {row.source}",
        entry,
        row.refused,
        row.harmless,
    )


def ahead(framework: Framework, asked: Configuration) -> Ahead | None:
    """How old a framework's rollouts may be: what the last row that holds says."""
    found: Ahead | None = None
    for row in framework.ahead:
        if answer(row.when, asked).state:
            found = _ahead(framework, row, asked)
    return found


def _ahead(framework: Framework, row: AheadRow, asked: Configuration) -> Ahead | None:
    holds = answer(row.when, asked).evidence
    entry = asked.tree.get(keys_of(row.steps)) if row.steps else None
    steps = _steps(row, entry, asked)
    off_unless_written = not row.when or row.absent == 0
    if steps <= 0 if _is_number(steps) else off_unless_written:
        return None
    place = entry.place if entry else holds.place if holds else None
    evidence = Evidence(f"{framework.name}: {row.source}", place)
    return Ahead(steps, evidence, row.refused, framework.correction)


def _steps(row: AheadRow, entry: Entry | None, asked: Configuration) -> Value:
    if entry is not None:
        return plain(entry.value) if isinstance(entry.value, str) else entry.value
    return UNKNOWN if row.steps and asked.tree.hides(keys_of(row.steps)[:-1]) else row.absent


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
