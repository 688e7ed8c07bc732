"""One module as its own source tells it: its classes and functions, and what a name holds where.

Everything is looked up when an engine call asks for it, once, and with a budget: a file cannot make
its reader work longer than a few times its own length.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeAlias

from rlconfig_lint.readers.python.classes import Definitions
from rlconfig_lint.readers.python.here import Called, Caller, Done, Held, Here
from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.names import Names
from rlconfig_lint.readers.python.scan import changed_by, scan
from rlconfig_lint.readers.python.scopes import (
    Binding,
    Branch,
    Branches,
    Change,
    Scope,
    What,
    comes_round,
    end,
    in_other_arm,
    is_inside,
    position,
)
from rlconfig_lint.readers.python.walk import Around, Found, Function
from rlconfig_lint.readers.text import Text

Holder: TypeAlias = "Function | ast.Module"
_Inside: TypeAlias = "tuple[Change, tuple[Function, ...]]"

_MOST_STEPS = 50_000
_SET_ATTRIBUTE = re.compile(r"\bself\.(\w+)[ \t]*(?::[^=\n]{0,200})?=(?!=)")
_SET_IN_CLASS = re.compile(r"^[ \t]+(\w+)[ \t]*=(?!=)", re.MULTILINE)
_SOME_TIME = (Branch((0, 0), 0),)  # in a branch of its own: when another function is called
_HANDED_ON = re.compile(r"(?<![\w.\"'])[A-Za-z_]\w*\b(?!\s*[(=.:\"'])")
_REBOUND = re.compile(r"^[ \t]*(?:global|nonlocal)[ \t]+([\w, \t]+)", re.MULTILINE)


@dataclass
class _Attribute:
    """An attribute of `self`: where it is bound, and where what it holds is changed."""

    bound: list[tuple[Binding, tuple[Function, ...]]] = field(default_factory=list)
    changes: list[tuple[Change, tuple[Function, ...]]] = field(default_factory=list)


class Module:
    def __init__(self, text: Text, names: Names, tree: ast.Module, nodes: Sequence[Found]) -> None:
        self.text = text
        self.names = names
        self.tree = tree
        self.nodes = nodes
        self.definitions = Definitions(nodes)
        self.spans = Spans(text)
        self.known_callers: dict[Function, list[Caller]] = {}
        self.known_others: dict[Function, bool] = {}
        self.known_calls: dict[str, list[Called]] | None = None
        self._scopes: dict[Holder, Scope] = {}
        self._known_attributes: dict[ast.ClassDef, dict[str, _Attribute]] = {}
        self._loads: dict[Holder, Counter[str]] = {}
        self._steps = 0

    def steps_left(self, cost: int = 1) -> bool:
        self._steps += cost
        return self._steps < _MOST_STEPS

    @cached_property
    def handed_on(self) -> Counter[str]:
        """How often each name stands in the text without being called, bound or looked into."""
        return Counter(_HANDED_ON.findall(self.text.body))

    @cached_property
    def _rebound(self) -> frozenset[str]:
        """Names that a function binds outside itself: no one place says what they hold."""
        found = _REBOUND.findall(self.text.body)
        return frozenset(name.strip() for names in found for name in names.split(","))

    def scope(self, holder: Holder) -> Scope:
        if holder not in self._scopes:
            self._scopes[holder] = scan(holder.body)
        return self._scopes[holder]

    def here(self, node: ast.AST, around: Around) -> Here:
        """Where a call of the walk stands."""
        return Here(self, around.functions, node, end(node), None)

    def branches(self, here: Here) -> Branches:
        """The branches around a call; none where nobody knows when it runs."""
        if here.branches is not None or here.node is None:
            return here.branches or ()
        return self.scope_of(here).branches.get(here.node, ())

    def _settled(self, here: Here) -> Here:
        """With its branches. What stands in a lambda or a class body runs at any time."""
        if here.branches is not None or here.node is None:
            return here
        found = self.scope_of(here).branches.get(here.node)
        return here.finally_() if found is None else replace(here, branches=found)

    def find(self, name: str, here: Here) -> Held | None:
        """What a name, or an attribute of `self`, holds; None where nothing here says."""
        if name.startswith("self."):
            return self._attribute(name, here)
        here = self._settled(here)
        for count in range(len(here.functions), -1, -1):
            functions = here.functions[:count]
            taken = bool(functions) and name in _parameters(functions[-1])
            scope = self.scope(functions[-1] if functions else self.tree)
            if taken or name in scope.bound:
                use = here if count == len(here.functions) else here.finally_()
                return self._in_scope(name, scope, functions, use)
        return None

    def _in_scope(
        self, name: str, scope: Scope, functions: tuple[Function, ...], use: Here
    ) -> Held | None:
        bound = scope.bound.get(name, [])
        changes = scope.changes.get(name, [])
        if name in self._rebound or not self.steps_left(1 + len(changes)):
            return None
        use = replace(use, functions=functions)
        changes = [*changes, *self._changes_inside(name, functions)]
        if functions and name in _parameters(functions[-1]):
            changed = tuple(_happened(changes, use, None))
            return None if bound else Held(use, parameter=name, changes=changed)
        if len(bound) != 1:
            return None
        changed = tuple(_happened(changes, use, bound[0]))
        return Held(use.at(functions, bound[0]), bound[0].value, bound[0].index, changes=changed)

    def _changes_inside(self, name: str, functions: tuple[Function, ...]) -> Iterator[Change]:
        """What functions inside another one, or inside the module, do to what is not theirs."""
        holder = functions[-1] if functions else None
        for change, there in self._changing.get((name, holder), ()):
            inner = there[len(functions) :]
            own = any(name in _parameters(f) or name in self.scope(f).bound for f in inner)
            if not own and self.steps_left():
                what = What.LENT if change.is_harmless else What.OTHER
                yield replace(change, what=what, branches=_SOME_TIME)

    @cached_property
    def _changing(self) -> dict[tuple[str, Function | None], list[_Inside]]:
        """What is done to a name in functions, by each function around them and the module."""
        found: dict[tuple[str, Function | None], list[_Inside]] = {}
        for node, around in self.nodes:
            if around.functions:
                for name, changes in changed_by(node).items():
                    for holder in (None, *around.functions[:-1]):
                        inside = (changes[0], around.functions)
                        found.setdefault((name, holder), []).append(inside)
        return found

    def is_changed(self, name: str, here: Here) -> bool:
        """Whether anything at all is done to what a name of these functions holds."""
        owner = self.definitions.class_around(here.functions)
        if name.startswith("self.") and owner is not None:
            known = self._attributes(owner).get(name)
            return known is not None and bool(known.changes)
        return bool(self.scope_of(here).changes.get(name))

    def _attribute(self, name: str, here: Here) -> Held | None:
        """An attribute that is bound once in all methods of its class and the related ones."""
        owner = self.definitions.class_around(here.functions)
        if owner is None or name.removeprefix("self.") not in self._set_somewhere:
            return None
        known = self._attributes(owner).get(name)
        if known is None or len(known.bound) != 1:
            return None
        if not self.steps_left(1 + len(known.changes)):
            return None
        here = self._settled(here)
        binding, functions = known.bound[0]
        happened: list[Done] = []
        for change, there in known.changes:
            since = binding if there == functions else None
            use = here if there == here.functions else replace(here.finally_(), functions=there)
            done = _happened((change,), use, since)
            known_order = there in (here.functions, functions)
            happened.extend(d if known_order else replace(d, certain=False) for d in done)
        origin = here.at(functions, binding)
        return Held(origin, binding.value, binding.index, changes=tuple(happened))

    @cached_property
    def _set_somewhere(self) -> frozenset[str]:
        """What may be an attribute that is set here: scanning a class for one that is not would
        cost more than reading the module does."""
        text = self.text.body
        return frozenset((*_SET_ATTRIBUTE.findall(text), *_SET_IN_CLASS.findall(text)))

    def _attributes(self, owner: ast.ClassDef) -> dict[str, _Attribute]:
        """What the methods of a class and of the related ones do to each attribute of `self`."""
        if owner in self._known_attributes:
            return self._known_attributes[owner]
        found = self._known_attributes[owner] = {}
        for node in self.definitions.family(owner):
            around = self.definitions.arounds[node].functions
            for statement in node.body:
                if not self.steps_left():
                    return found
                for name, functions, scope in self._in_class(statement, around):
                    known = found.setdefault(name, _Attribute())
                    known.bound.extend((item, functions) for item in scope.bound.get(name, ()))
                    changes = scope.changes.get(name, ())
                    known.changes.extend((item, functions) for item in changes)
        return found

    def _in_class(
        self, statement: ast.stmt, around: tuple[Function, ...]
    ) -> Iterator[tuple[str, tuple[Function, ...], Scope]]:
        """The attributes of `self` that one statement of a class body binds or changes."""
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            scope = self.scope(statement)
            names = {*scope.bound, *scope.changes}
            functions = (*around, statement)
            yield from ((name, functions, scope) for name in names if name.startswith("self."))
        elif isinstance(statement, ast.Assign):
            for name, bound in scan([statement]).bound.items():
                yield f"self.{name}", around, Scope({f"self.{name}": bound})

    def scope_of(self, here: Here) -> Scope:
        return self.scope(here.functions[-1] if here.functions else self.tree)

    @cached_property
    def _attribute_uses(self) -> Counter[str]:
        return Counter(re.findall(r"\bself\.(\w+)", self.text.body))

    def uses(self, name: str, here: Here) -> int:
        """How often a name is read in a function, closures included; an attribute of `self`,
        anywhere."""
        holder = here.functions[-1] if here.functions else self.tree
        if "." in name:
            return self._attribute_uses[name.split(".")[1]] - 1  # one of them binds it
        if holder not in self._loads:
            self._loads[holder] = Counter(
                node.id
                for statement in holder.body
                for node in ast.walk(statement)
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
            )
        return self._loads[holder][name]


def _happened(changes: Sequence[Change], use: Here, binding: Binding | None) -> Iterator[Done]:
    """The changes that a use in the same function may see."""
    since = position(binding.node) if binding else (0, 0)
    around = binding.branches if binding else ()
    branches = use.branches or ()
    for change in changes:
        at = position(change.node)
        if change.node is use.node or at < since:
            continue
        here = replace(use, node=change.node, until=end(change.node), branches=change.branches)
        if at > use.until or in_other_arm(change.branches, branches):
            if comes_round(change.branches, branches, around):
                yield Done(change, False, here)
            continue
        certain = is_inside(change.branches, branches) or is_inside(change.branches, around)
        yield Done(change, certain, here.deeper())


def is_parameter(node: ast.expr, functions: Sequence[Function]) -> bool:
    """Whether a bare name is a parameter of a function around it."""
    return isinstance(node, ast.Name) and any(node.id in _parameters(f) for f in functions)


def _parameters(function: Function) -> frozenset[str]:
    given = function.args
    named = (*given.posonlyargs, *given.args, *given.kwonlyargs)
    starred = (argument for argument in (given.vararg, given.kwarg) if argument is not None)
    return frozenset(argument.arg for argument in (*named, *starred))
