"""Whether the conditions of a framework's data hold in one configuration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rlconfig_lint.frameworks.words import When
from rlconfig_lint.model import UNKNOWN, Evidence, Value
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.resolve.tree import Tree, keys_of

_OFF = (None, False, "", "null", "none", "None")


@dataclass(frozen=True)
class Configuration:
    """What a rollout's conditions are asked of: its keys, and the words of its command
    or the name of its call."""

    tree: Tree
    words: Sequence[str] = ()


@dataclass(frozen=True)
class Answer:
    """`state` is None where only a run would tell; `evidence` names what decided."""

    state: bool | None
    evidence: Evidence | None = None


def answer(conditions: Sequence[When], asked: Configuration) -> Answer:
    """Whether all of them hold: a clear no beats an unknown, an unknown beats a yes."""
    answers = [_one(when, asked) for when in conditions]
    for state in (False, None):
        decisive = next((found for found in answers if found.state is state), None)
        if decisive is not None:
            return decisive
    return next((found for found in answers if found.evidence), Answer(True))


def _one(when: When, asked: Configuration) -> Answer:
    if when.word:
        return Answer(any(when.word in word for word in asked.words))
    entry = asked.tree.get(keys_of(when.path))
    if entry is None:
        inside = when.path and not when.values and asked.tree.has(keys_of(when.path))
        return Answer(bool(inside) or _matches(when, when.absent))
    if entry.value is UNKNOWN:
        return Answer(None, Evidence(f"{when.path} is not known", entry.place))
    return Answer(_matches(when, entry.value), Evidence(f"{when.path} is set", entry.place))


def _matches(when: When, value: Value) -> bool:
    """Values are compared as the framework reads them: `"true"` is true where true is asked for."""
    if not when.values:
        return value not in _OFF
    if value in when.values and type(value) in map(type, when.values):
        return True
    stated = truth(value)
    return stated is not None and any(wanted is stated for wanted in when.values)
