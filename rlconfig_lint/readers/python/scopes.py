"""What one function, or a module's top level, does to its names, in which order and on what terms.

What is bound more than once, or by what only a run would tell, is not known; what is done to a
dict, list or object afterwards is a `Change`, and its branches say whether it must have happened
where the name is used.
"""

from __future__ import annotations

import ast
import enum
from dataclasses import dataclass, field

Position = tuple[int, int]


class What(enum.Enum):
    """What is done to what a name holds."""

    SET = "d[k] = v"
    ATTRIBUTE = "a.k = v"
    DEFAULT = "d.setdefault(k, v)"
    REMOVED = "d.pop(k)"
    MERGED = "d.update(v)"
    APPENDED = "l.append(v)"
    EXTENDED = "l += v"
    LENT = "f(d)"
    ALIASED = "e = d"
    OTHER = "anything else"


@dataclass(frozen=True, slots=True)
class Branch:
    """One block of statements that may be left out, or run more than once."""

    owner: tuple[int, int]  # blocks of one owner exclude each other
    arm: int
    loop: bool = False
    guarded: bool = False  # the release was looked at, or what it accepts


Branches = tuple[Branch, ...]


@dataclass(frozen=True, slots=True)
class Binding:
    """`name = value`; `index` counts where one value is unpacked into several names."""

    node: ast.AST
    branches: Branches
    value: ast.expr | None = None  # None: a loop, a `with`, an import, a definition
    index: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    what: What
    node: ast.AST  # the statement or call that does it
    branches: Branches
    key: str | None = None  # of an alias: its name
    value: ast.expr | None = None
    key_at: ast.AST | None = None  # where the key is written

    @property
    def is_harmless(self) -> bool:
        """Whether it can only matter to what can be changed in place."""
        return self.what in (What.LENT, What.ALIASED)


@dataclass
class Scope:
    bound: dict[str, list[Binding]] = field(default_factory=dict)
    changes: dict[str, list[Change]] = field(default_factory=dict)
    branches: dict[ast.AST, Branches] = field(default_factory=dict)  # around each call
    named: dict[ast.expr, str] = field(default_factory=dict)  # calls whose result gets a name
    returned: list[ast.expr | None] = field(default_factory=list)


def position(node: ast.AST) -> Position:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def end(node: ast.AST) -> Position:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


def is_inside(outer: Branches, inner: Branches) -> bool:
    """Whether what stands in `inner` runs only when everything in `outer` before it has."""
    return inner[: len(outer)] == outer


def in_other_arm(one: Branches, other: Branches) -> bool:
    """Whether two blocks exclude each other: the arms of one `if`."""
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            return mine.owner == theirs.owner
    return False


def comes_round(change: Branches, use: Branches, binding: Branches) -> bool:
    """Whether a loop brings what happened after a use back before it, with the name still bound."""
    return any(
        branch.loop and branch in use and branch not in binding for branch in change[: len(use)]
    )


def is_guarded(branches: Branches) -> bool:
    """Whether something runs only where the release allows it."""
    return any(branch.guarded for branch in branches)


def text_of(node: ast.AST | None) -> str | None:
    """The text of a string constant."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None
