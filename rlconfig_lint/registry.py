"""The rules: this package's own and those that other packages add by an entry point."""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Iterable, Sequence
from functools import lru_cache

from rlconfig_lint.errors import UserError
from rlconfig_lint.model import Life, Rule

OWN = "rlconfig_lint.rules"
UNREADABLE = ("RL001", "unreadable-file")


class UnknownRuleError(UserError):
    """A code or name that no rule has; the message suggests the nearest."""


@lru_cache(maxsize=1)
def rules() -> tuple[Rule, ...]:
    """Every rule, by code. A module of the rules folder is a rule when it has a `RULE`."""
    package = importlib.import_module(OWN)
    found: list[Rule] = []
    for module in pkgutil.iter_modules(package.__path__):
        rule = getattr(importlib.import_module(f"{OWN}.{module.name}"), "RULE", None)
        if isinstance(rule, Rule):
            found.append(rule)
    return tuple(sorted(found, key=lambda rule: rule.code))


def rule(wanted: str) -> Rule:
    """The rule of a code or name.

    Raises:
        UnknownRuleError: there is none.
    """
    for found in rules():
        if wanted in (found.code, found.name):
            return found
    raise UnknownRuleError(_no_such(wanted))


def selected(
    select: Sequence[str], ignore: Sequence[str], *, preview: bool = False
) -> tuple[Rule, ...]:
    """The rules that one of `select` names, all without it, less `ignore`. A rule in preview takes
    `preview`, or its own code or name in `select`.

    Raises:
        UnknownRuleError: an item matches no rule.
    """
    known((*select, *ignore))
    return tuple(
        rule
        for rule in rules()
        if (matches(rule, select) or not select)
        and (rule.life is not Life.PREVIEW or preview or {rule.code, rule.name} & {*select})
        and not matches(rule, ignore)
    )


def known(items: Iterable[str]) -> None:
    """Nothing, where each item names a rule or a family.

    Raises:
        UnknownRuleError: one does not.
    """
    for item in items:
        if not any(_matches(rule, item) for rule in rules()) and item not in UNREADABLE:
            raise UnknownRuleError(_no_such(item))


def matches(rule: Rule, items: Iterable[str]) -> bool:
    """Whether one of some codes, families and names is a rule's."""
    return any(_matches(rule, item) for item in items)


def _matches(rule: Rule, item: str) -> bool:
    if item.startswith("RL"):
        return rule.code.startswith(item)
    return item in (rule.name, "ALL")


def _no_such(wanted: str) -> str:
    names = [text for rule in rules() for text in (rule.code, rule.name)]
    close = difflib.get_close_matches(wanted, names, 1, 0.5)
    hint = f"; did you mean {close[0]}?" if close else "; `rlconfig-lint rules` lists them"
    return f"no rule {wanted!r}{hint}"
