"""The words that code is written with."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.walk import Around

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[a-z]+")
_MOST_NODES = 100


def words(*names: str) -> frozenset[str]:
    """`weightVersion_at` is `weight`, `version` and `at`."""
    return frozenset(word for name in names for word in _WORD.findall(_HUMP.sub("_", name).lower()))


def identifiers(node: ast.AST) -> Iterator[str]:
    """The names, attributes and texts in an expression, of a very long one the first."""
    for child in islice(ast.walk(node), _MOST_NODES):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.Attribute):
            yield child.attr
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value


def words_in(node: ast.AST) -> frozenset[str]:
    return words(*identifiers(node))


def called(node: ast.Call) -> str:
    """The name of what is called, without its owner."""
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def source(node: ast.AST, spans: Spans, longest: int = 80) -> str:
    """An expression as it is written, on one line."""
    place = spans.place(node)
    written = spans.text.body[place.start : min(place.end, place.start + 5 * longest)]
    return " ".join(written.split())[:longest]


def is_text(node: ast.AST | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


@dataclass
class Locals:
    """What functions assign to their local names, gathered once a function."""

    assigned: dict[ast.AST, dict[str, list[ast.expr]]] = field(default_factory=dict)

    def given(self, name: str, around: Around) -> list[ast.expr]:
        """What the innermost function around a place assigns to a local name."""
        if not around.functions:
            return []
        function = around.functions[-1]
        if function not in self.assigned:
            self.assigned[function] = _assignments(function)
        return self.assigned[function].get(name, [])


def _assignments(function: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            targets: Sequence[ast.expr] = node.targets
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            targets = (node.target,)
        else:
            continue
        for target in targets:
            if isinstance(target, ast.Name) and node.value is not None:
                found.setdefault(target.id, []).append(node.value)
    return found
