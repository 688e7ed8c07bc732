"""One walk over a module: the nodes that anybody asks about, and what stands around them.

Walking is what reading Python costs (`ast.walk` took four times as long as `ast.parse` here), so it
happens once and leaves out what cannot hold a call.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

Function = ast.FunctionDef | ast.AsyncFunctionDef

_ASKED_FOR = frozenset(
    (
        ast.Assign,
        ast.AsyncFunctionDef,
        ast.AugAssign,
        ast.BinOp,
        ast.Call,
        ast.ClassDef,
        ast.Compare,
        ast.Dict,
        ast.FunctionDef,
        ast.Import,
        ast.ImportFrom,
    )
)
_LEAVES = frozenset(
    (ast.Name, ast.Constant, ast.alias, ast.Pass, ast.Break, ast.Continue, ast.Global)
)
_BARREN = frozenset(
    ("annotation", "ctx", "kind", "op", "ops", "returns", "type_comment", "type_params")
)


@dataclass(frozen=True, slots=True)
class Around:
    """Where a node stands: in which functions, whether awaited, whether it may not run, whether it
    is a statement of its own, whose result is lost."""

    functions: tuple[Function, ...] = ()
    inside: str = ""
    awaited: bool = False
    conditional: bool = False
    lost: bool = False

    def within(self, node: ast.AST) -> Around:
        """What stands around the children of `node`."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            functions = self.functions
            if not isinstance(node, ast.ClassDef):
                functions = (*functions, node)
            return Around(functions, f"{self.inside}.{node.name}".lstrip("."))
        awaited = isinstance(node, ast.Await)
        conditional = self.conditional or isinstance(node, ast.If | ast.IfExp)
        lost = isinstance(node, ast.Expr) or (awaited and self.lost)
        if (awaited, conditional, lost) == (self.awaited, self.conditional, self.lost):
            return self
        return Around(self.functions, self.inside, awaited, conditional, lost)


Found = tuple[ast.AST, Around]


def walk(tree: ast.Module) -> list[Found]:
    """The nodes of the kinds that the readers ask for, outer ones before inner ones."""
    found: list[Found] = []
    todo: list[Found] = [(tree, Around())]
    while todo:
        node, around = todo.pop()
        kind = node.__class__
        if kind in _ASKED_FOR:
            found.append((node, around))
        inner = around.within(node)
        for name in kind._fields:
            if name in _BARREN:
                continue
            value = getattr(node, name, None)
            if isinstance(value, list):
                todo.extend(
                    (child, inner)
                    for child in value
                    if isinstance(child, ast.AST) and child.__class__ not in _LEAVES
                )
            elif isinstance(value, ast.AST) and value.__class__ not in _LEAVES:
                todo.append((value, inner))
    return found
