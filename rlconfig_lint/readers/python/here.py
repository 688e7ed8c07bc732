"""Where an expression of a module is read, who called, and what a name holds there."""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rlconfig_lint.readers.python.scopes import Binding, Branches, Change, Position, position
from rlconfig_lint.readers.python.walk import Around, Function

if TYPE_CHECKING:
    from rlconfig_lint.readers.python.module import Module

_DEEPEST = 24
_LAST: Position = (sys.maxsize, 0)


@dataclass(frozen=True, slots=True)
class Here:
    """Where an expression stands: in which functions, behind which statements, who called."""

    module: Module
    functions: tuple[Function, ...]
    node: ast.AST | None = None  # the call or statement it belongs to
    until: Position = _LAST  # what has happened before this
    branches: Branches | None = ()  # None: nobody has looked yet
    entered: Mapping[Function, Caller] = field(default_factory=dict)
    depth: int = 0

    def too_far(self) -> bool:
        """Whether to give up: the module took more steps than any honest one would."""
        return self.depth > _DEEPEST or not self.module.steps_left()

    def at(self, functions: tuple[Function, ...], found: Binding) -> Here:
        """The statement that bound a name."""
        node = found.node
        return replace(
            self,
            functions=functions,
            node=node,
            until=position(node),
            branches=found.branches,
            depth=self.depth + 1,
        )

    def by(self, caller: Caller) -> Here:
        """The call that enters a function here."""
        return replace(caller.here, entered=self.entered, depth=self.depth + 1)

    def deeper(self) -> Here:
        return replace(self, depth=self.depth + 1)

    def finally_(self) -> Here:
        """The same, for what another function did: nobody knows when."""
        return replace(self, node=None, until=_LAST, branches=())


@dataclass(frozen=True, slots=True)
class Called:
    """A call of the module's own function, before anybody asks what stands around it."""

    node: ast.Call
    args: Sequence[ast.expr]
    keywords: Sequence[ast.keyword]
    around: Around


@dataclass(frozen=True, slots=True)
class Caller:
    """A call of a function of this module, and what it hands over."""

    call: ast.Call
    args: Sequence[ast.expr]
    keywords: Sequence[ast.keyword]
    here: Here
    inside: str


@dataclass(frozen=True, slots=True)
class Done:
    """A change that a use of the name may see, and whether it must."""

    change: Change
    certain: bool
    here: Here  # where the change stands


@dataclass(frozen=True, slots=True)
class Held:
    """What a name holds: its one binding or parameter, and what was done to it since."""

    here: Here  # where the bound expression stands
    value: ast.expr | None = None
    index: int | None = None
    parameter: str = ""
    changes: tuple[Done, ...] = ()

    @property
    def changed(self) -> bool:
        return any(not done.change.is_harmless for done in self.changes)
