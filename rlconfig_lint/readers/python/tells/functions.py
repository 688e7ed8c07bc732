"""Functions and the names they refer to: the edges of a call graph by name.

What is recorded is generous: a name that is called, handed on (`Thread(target=self.reset)`), kept
(`hooks = [self.reset]`) or spelled in text (`getattr(engine, "reset")`, `collective_rpc("reset")`).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from rlconfig_lint.model import Function
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.tells.engine_calls import HANDED_ON
from rlconfig_lint.readers.python.walk import Around

Definition = ast.FunctionDef | ast.AsyncFunctionDef

# The last part of a decorator that hands a function to somebody who calls it.
_REGISTERS = re.compile(
    r"post|get|put|delete|patch|head|options|(?:api_)?route|websocket|command|task|endpoint|hook"
    r"|(?:cached_)?property|callback|handler|listener|event|expose|rpc|tool|register\w*|on_\w+"
    r"|subscribe\w*"
)
_LAST_PART = re.compile(r"[.:/]([A-Za-z_]\w*)/?$")
_SAYS_NOTHING = frozenset((ast.Call, ast.BinOp, ast.Subscript, ast.JoinedStr, ast.Compare))
_LONGEST_TEXT = 100
_MOST_ELEMENTS = 50  # a longer list holds data


@dataclass
class _Names:
    """The names that one function refers to and their rows, side by side: a pair for each would be
    most of what a large repository keeps in memory."""

    names: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add(self, name: str, line: int | None) -> None:
        self.names.append(name)
        self.lines.append(line or 0)

    def add_value(self, node: ast.expr) -> None:
        """The names that a value stands for: its own, those of a list's elements or of branches."""
        todo = [node]
        while todo:
            node = todo.pop()
            if node.__class__ in _SAYS_NOTHING:
                continue
            if isinstance(node, ast.Name):
                self.add(node.id, node.lineno)
            elif isinstance(node, ast.Attribute):
                self.add(node.attr, node.end_lineno)
            elif isinstance(node, ast.Constant):
                if name := _spelled(node.value):
                    self.add(name, node.lineno)
            elif isinstance(node, ast.IfExp):
                todo += (node.body, node.orelse)
            elif isinstance(node, ast.List | ast.Tuple | ast.Set):
                todo += node.elts[:_MOST_ELEMENTS]


@dataclass
class Functions:
    """The functions of one module while it is walked."""

    lines: dict[str, int] = field(default_factory=dict)
    entries: set[str] = field(default_factory=set)
    mentions: dict[str, _Names] = field(default_factory=dict)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def found(self) -> tuple[Function, ...]:
        """Each function, and "" for what stands in none: a class's body runs when it is read."""
        outside = _Names()
        for path, here in self.mentions.items():
            if path not in self.lines:
                outside.names += here.names
                outside.lines += here.lines
        return (
            _function("", 1, outside),
            *(
                _function(path, line, self.mentions.get(path), entry=path in self.entries)
                for path, line in self.lines.items()
            ),
        )

    def defined(self) -> frozenset[str]:
        return frozenset((*(path.rpartition(".")[2] for path in self.lines), *self.classes))

    def at_definition(self, node: Definition, around: Around) -> None:
        path = f"{around.inside}.{node.name}" if around.inside else node.name
        self.lines.setdefault(path, node.lineno)
        if any(_registers(decorator) for decorator in node.decorator_list):
            self.entries.add(path)

    def at_class(self, node: ast.ClassDef, _: Around) -> None:
        named = (dotted(base) or "?" for base in map(_unparametrised, node.bases))
        self.classes[node.name] = tuple(name.rpartition(".")[2] for name in named)

    def at_call(self, node: ast.Call, around: Around) -> None:
        """`f` of `f(x)` and `f.remote(x)`; `reset` of `self.engine.reset.remote()`."""
        here = self._here(around)
        function = node.func
        if isinstance(function, ast.Attribute):
            here.add(function.attr, function.end_lineno)
            if function.attr in HANDED_ON:
                here.add_value(function.value)
        elif isinstance(function, ast.Name):
            here.add(function.id, function.lineno)
        for argument in node.args:
            here.add_value(argument)
        for keyword in node.keywords:
            here.add_value(keyword.value)

    def at_assignment(self, node: ast.Assign, around: Around) -> None:
        self._here(around).add_value(node.value)

    def at_dict(self, node: ast.Dict, around: Around) -> None:
        here = self._here(around)
        for value in node.values:
            here.add_value(value)

    def _here(self, around: Around) -> _Names:
        found = self.mentions.get(around.inside)
        if found is None:
            found = self.mentions[around.inside] = _Names()
        return found


def _function(path: str, line: int, here: _Names | None, *, entry: bool = False) -> Function:
    if here is None:
        return Function(path, line, entry=entry)
    return Function(path, line, tuple(here.names), tuple(here.lines), entry)


def _spelled(value: object) -> str | None:
    """The last part of `"reset"`, `"engine.reset"`, `"package.module:reset"` and `"/v1/reset"`."""
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        return None
    if value.isidentifier():
        return value
    found = _LAST_PART.search(value)
    return found[1] if found else None


def _registers(decorator: ast.expr) -> bool:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    name = (dotted(called) or "").rpartition(".")[2]
    return _REGISTERS.fullmatch(name) is not None


def _unparametrised(base: ast.expr) -> ast.expr:
    return base.value if isinstance(base, ast.Subscript) else base
