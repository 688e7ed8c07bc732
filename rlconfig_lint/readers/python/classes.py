"""The classes and functions that a module defines, and how its classes are related."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property

from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.walk import Around, Found, Function

_MOST_RELATED = 50  # classes above or below one


class Definitions:
    def __init__(self, nodes: Sequence[Found]) -> None:
        self.nodes = nodes
        self._families: dict[ast.ClassDef, tuple[ast.ClassDef, ...]] = {}

    @cached_property
    def by_name(self) -> dict[str, list[ast.ClassDef | Function]]:
        """Classes and functions; methods left out."""
        found: dict[str, list[ast.ClassDef | Function]] = {}
        for node in self.arounds:
            if isinstance(node, ast.ClassDef) or node not in self.owners:
                found.setdefault(node.name, []).append(node)
        return found

    @cached_property
    def arounds(self) -> dict[ast.ClassDef | Function, Around]:
        """Where each of them is defined."""
        return {
            node: around
            for node, around in self.nodes
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        }

    @cached_property
    def owners(self) -> dict[Function, ast.ClassDef]:
        """The class of every method."""
        return {
            statement: node
            for node in self.arounds
            if isinstance(node, ast.ClassDef)
            for statement in node.body
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        }

    def class_named(self, name: str | None) -> ast.ClassDef | None:
        found = self.by_name.get(name or "", [])
        return found[0] if len(found) == 1 and isinstance(found[0], ast.ClassDef) else None

    def function_named(self, name: str | None) -> Function | None:
        found = self.by_name.get(name or "", [])
        return found[0] if len(found) == 1 and not isinstance(found[0], ast.ClassDef) else None

    def class_around(self, functions: Sequence[Function]) -> ast.ClassDef | None:
        """The class whose method a place stands in, closures of the method included."""
        return next((self.owners[f] for f in reversed(functions) if f in self.owners), None)

    def bases(self, node: ast.ClassDef) -> list[ast.ClassDef]:
        """A class and its bases here and theirs, nearest first."""
        found = [node]
        for known in found:
            for base in known.bases:
                above = self.class_named(dotted(base)) if len(found) < _MOST_RELATED else None
                if above is not None and above not in found:
                    found.append(above)
        return found

    def family(self, node: ast.ClassDef) -> tuple[ast.ClassDef, ...]:
        """A class with its bases and subclasses here: what `self` may be."""
        if node not in self._families:
            below = [node]
            for known in below:
                found = self._subclasses.get(known, ())
                below.extend(c for c in found[:_MOST_RELATED] if c not in below)
                del below[_MOST_RELATED:]
            self._families[node] = (*self.bases(node), *below[1:])
        return self._families[node]

    def method(self, node: ast.ClassDef, name: str, *, inherited: bool = False) -> Function | None:
        """A method as an instance of the class has it: its own, or its nearest base's."""
        for base in self.bases(node)[inherited:]:
            for function in self.methods(base):
                if function.name == name:
                    return function
        return None

    def methods(self, node: ast.ClassDef) -> Iterator[Function]:
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                yield statement

    def is_assigned(self, attribute: str, owner: ast.ClassDef | None) -> bool:
        """Whether any statement sets that attribute on an object, or on such a class's own
        `self`."""
        setters = self._setters.get(attribute, ())
        family = self.family(owner) if owner is not None and setters else ()
        return any(setter is None or setter in family for setter in setters)

    @cached_property
    def _subclasses(self) -> dict[ast.ClassDef, list[ast.ClassDef]]:
        found: dict[ast.ClassDef, list[ast.ClassDef]] = {}
        for node in self.arounds:
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                above = self.class_named(dotted(base))
                if above is not None and isinstance(node, ast.ClassDef):
                    found.setdefault(above, []).append(node)
        return found

    @cached_property
    def _setters(self) -> dict[str, set[ast.ClassDef | None]]:
        """Who sets each attribute: a class on its own `self`, None for anybody else."""
        found: dict[str, set[ast.ClassDef | None]] = {}
        for node, around in self.nodes:
            for name, owner in _set_by(node):
                own = isinstance(owner, ast.Name) and owner.id == "self"
                setter = self.class_around(around.functions) if own else None
                found.setdefault(name, set()).add(setter)
        return found


def _set_by(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """The attributes that a statement or `setattr` sets, and on what."""
    if isinstance(node, ast.Assign | ast.AugAssign):
        todo: list[ast.expr] = [*(node.targets if isinstance(node, ast.Assign) else (node.target,))]
        while todo:
            target = todo.pop()
            if isinstance(target, ast.Tuple | ast.List):
                todo.extend(target.elts)
            elif isinstance(target, ast.Attribute):
                yield target.attr, target.value
    elif isinstance(node, ast.Call) and len(node.args) == 3:
        owner, name, _ = node.args
        sets = (dotted(node.func) or "").rpartition(".")[2] in ("setattr", "__setattr__")
        if sets and isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value, owner
