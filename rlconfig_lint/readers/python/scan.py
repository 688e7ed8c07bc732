"""Scans a function body, once, for what it does to its names: see python_scopes for the words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.scopes import (
    Binding,
    Branch,
    Branches,
    Change,
    Scope,
    What,
    text_of,
)

_NESTED = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_COMPREHENSION = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_LOOPS = ast.For | ast.AsyncFor | ast.While | _COMPREHENSION
_TRY_STAR = getattr(ast, "TryStar", ast.Try)  # since Python 3.11
_BLOCKS = (ast.For, ast.AsyncFor, ast.While, ast.Try, _TRY_STAR)
_DEEPEST = 120  # blocks in blocks; Python's own parser gives up at 100 levels of indentation
_WITHOUT_CALLS = frozenset(
    (ast.Break, ast.Constant, ast.Continue, ast.Load, ast.Name, ast.Pass, ast.Store)
)
# Functions that take a dict and leave it as it was.
_HARMLESS = re.compile(
    r"all|any|asdict|bool|copy|critical|debug|deepcopy|dict|dumps|enumerate|error|exception|filter"
    r"|frozenset|getattr|hasattr|id|info|int|is\w+|items|iter|join|len|list|log|map|max|min|pformat"
    r"|pprint|print|repr|reversed|set|sorted|str|sum|tuple|type|vars|warn|warning|yaml|zip"
)
# Names in a condition that asks what the installed release is or takes.
_RELEASE = re.compile(r"version|signature|(?:^|_)fields$|parameters|hasattr|supports?_", re.I)
_METHODS = {
    "append": What.APPENDED,
    "clear": What.OTHER,
    "extend": What.EXTENDED,
    "insert": What.OTHER,
    "pop": What.REMOVED,
    "popitem": What.OTHER,
    "remove": What.OTHER,
    "setdefault": What.DEFAULT,
    "update": What.MERGED,
}


def scan(body: Sequence[ast.stmt]) -> Scope:
    """The scope of a body, without what functions and classes inside it do."""
    scan_ = _Scan(Scope())
    todo: list[tuple[ast.AST, Branches]] = [(node, ()) for node in reversed(body)]
    while todo:
        node, branches = todo.pop()
        scan_.note(node, branches)
        if not isinstance(node, _NESTED):
            todo.extend(reversed(list(_children(node, branches))))
    return scan_.scope


def changed_by(node: ast.AST) -> dict[str, list[Change]]:
    """What one node alone does to what names hold."""
    scan_ = _Scan(Scope())
    scan_.note(node, ())
    return scan_.scope.changes


def _children(node: ast.AST, branches: Branches) -> Iterator[tuple[ast.AST, Branches]]:
    """What stands directly inside a node, each with the branches around it."""
    if isinstance(node, ast.If):
        yield node.test, branches
        yield from _arms(node, branches)
        return
    repeated = isinstance(node, _LOOPS)
    for number, name in enumerate(node._fields):
        value = getattr(node, name, None)
        inside = branches
        if _may_be_left_out(node, name):
            excluding = isinstance(node, ast.IfExp)  # elsewhere, one may follow the other
            owner = (id(node), 0 if excluding else number)
            inside = _deeper(branches, Branch(owner, number, repeated))
        for arm, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or child.__class__ in _WITHOUT_CALLS:
                continue
            if name == "cases":
                inside = _deeper(branches, Branch((id(node), 0), arm))
            elif name == "handlers":
                inside = _deeper(branches, Branch((id(node), number), arm))
            yield child, inside


def _arms(node: ast.If, branches: Branches) -> Iterator[tuple[ast.AST, Branches]]:
    """The arms of an `if` with its `elif`s: thousands of them are one level, not thousands."""
    arm, current = 0, node
    guarded = False
    while True:
        guarded = guarded or _looks_at_the_release(current.test)
        inside = _deeper(branches, Branch((id(node), 0), arm, guarded=guarded))
        yield from ((child, inside) for child in current.body)
        arm += 1
        if len(current.orelse) != 1 or not isinstance(current.orelse[0], ast.If):
            break
        current = current.orelse[0]
        yield current.test, _deeper(branches, Branch((id(node), 0), arm, guarded=guarded))
    inside = _deeper(branches, Branch((id(node), 0), arm, guarded=guarded))
    yield from ((child, inside) for child in current.orelse)


def _looks_at_the_release(test: ast.expr) -> bool:
    return any(
        _RELEASE.search(node.id if isinstance(node, ast.Name) else node.attr)
        for node in ast.walk(test)
        if isinstance(node, ast.Name | ast.Attribute)
    )


def _deeper(branches: Branches, branch: Branch) -> Branches:
    return (*branches, branch) if len(branches) < _DEEPEST else branches


def _may_be_left_out(node: ast.AST, name: str) -> bool:
    if isinstance(node, _BLOCKS):
        return name in ("body", "orelse")
    if isinstance(node, ast.IfExp):
        return name != "test"
    return isinstance(node, ast.BoolOp | _COMPREHENSION)


@dataclass
class _Scan:
    scope: Scope

    def note(self, node: ast.AST, branches: Branches) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self.bind(target, node.value, node, branches)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            if node.value is not None:
                self.bind(node.target, node.value, node, branches)
        elif isinstance(node, ast.AugAssign | ast.Delete):
            self.amend(node, branches)
        elif isinstance(node, ast.Call):
            self.scope.branches[node] = branches
            self.call(node, branches)
        elif isinstance(node, ast.Return):
            self.scope.returned.append(node.value)
        else:
            for name in _bound_by(node):
                self.binding(name, Binding(node, branches))

    def binding(self, name: str, found: Binding) -> None:
        self.scope.bound.setdefault(name, []).append(found)
        if isinstance(found.value, ast.Call):
            self.scope.named[found.value] = name

    def change(self, owner: ast.expr, found: Change) -> None:
        name = dotted(owner)
        if name is not None:
            self.scope.changes.setdefault(name, []).append(found)

    def bind(
        self,
        target: ast.expr,
        value: ast.expr | None,
        node: ast.AST,
        branches: Branches,
        index: int | None = None,
    ) -> None:
        name = dotted(target)
        if name is not None:
            self.binding(name, Binding(node, branches, value, index))
            if value is not None:
                self.change(value, Change(What.ALIASED, node, branches, name))
        if isinstance(target, ast.Attribute):
            found = Change(What.ATTRIBUTE, node, branches, target.attr, value, target)
            self.change(target.value, found)
        elif isinstance(target, ast.Subscript):
            key = text_of(target.slice)
            self.change(target.value, Change(What.SET, node, branches, key, value, target))
        elif isinstance(target, ast.Starred):
            self.bind(target.value, None, node, branches)
        elif isinstance(target, ast.Tuple | ast.List):
            for number, (element, given) in enumerate(_pairs(target, value)):
                if given is not None:
                    self.bind(element, given, node, branches)
                elif index is None and isinstance(element, ast.Name):
                    self.bind(element, value, node, branches, number)
                else:
                    self.bind(element, None, node, branches)

    def amend(self, node: ast.AugAssign | ast.Delete, branches: Branches) -> None:
        if isinstance(node, ast.Delete):
            for target in node.targets:
                self.delete(target, node, branches)
            return
        what = {ast.BitOr: What.MERGED, ast.Add: What.EXTENDED}.get(type(node.op), What.OTHER)
        if isinstance(node.target, ast.Subscript):
            key = text_of(node.target.slice)
            found = Change(What.SET, node, branches, key, None, node.target)
            self.change(node.target.value, found)
        else:
            self.change(node.target, Change(what, node, branches, None, node.value))

    def delete(self, target: ast.expr, node: ast.Delete, branches: Branches) -> None:
        if isinstance(target, ast.Subscript):
            key = text_of(target.slice)
            self.change(target.value, Change(What.REMOVED, node, branches, key))
        elif isinstance(target, ast.Name):
            self.binding(target.id, Binding(node, branches))

    def call(self, node: ast.Call, branches: Branches) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in _METHODS:
            what = _METHODS[function.attr]
            key = text_of(node.args[0]) if node.args else None
            value = node.args[-1] if node.args else None
            at = node.args[0] if node.args else None
            if what is What.DEFAULT and len(node.args) != 2:
                value = ast.Constant(None)
            self.change(function.value, Change(what, node, branches, key, value, at))
        elif isinstance(function, ast.Name) and function.id == "setattr" and len(node.args) == 3:
            owner, key_node, value = node.args
            found = Change(What.ATTRIBUTE, node, branches, text_of(key_node), value, node)
            self.change(owner, found)
        elif not _HARMLESS.fullmatch((dotted(function) or "").rpartition(".")[2].lower()):
            named = (keyword.value for keyword in node.keywords if keyword.arg)
            for argument in (*node.args, *named):
                self.change(argument, Change(What.LENT, node, branches))


def _pairs(
    target: ast.Tuple | ast.List, value: ast.expr | None
) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """The names of `a, b = ...`, each with its own value where both sides are written out."""
    elements = target.elts
    given = value.elts if isinstance(value, ast.Tuple | ast.List) else []
    starred = any(isinstance(e, ast.Starred) for e in (*elements, *given))
    if starred or len(elements) != len(given):
        yield from ((element, None) for element in elements)
    else:
        yield from zip(elements, given, strict=True)


def _bound_by(node: ast.AST) -> Iterator[str]:
    """The names that a node binds to what only a run would tell."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
        yield from _names_in(node.target)
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield from _names_in(node.optional_vars)
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from ((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        yield node.name
    elif isinstance(node, ast.Lambda):
        yield from (argument.arg for argument in _arguments(node.args))


def _arguments(given: ast.arguments) -> Iterator[ast.arg]:
    yield from (*given.posonlyargs, *given.args, *given.kwonlyargs)
    yield from (argument for argument in (given.vararg, given.kwarg) if argument is not None)


def _names_in(target: ast.expr) -> Iterator[str]:
    todo = [target]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Tuple | ast.List):
            todo.extend(node.elts)
        elif isinstance(node, ast.Starred):
            todo.append(node.value)
        elif name := dotted(node):
            yield name
