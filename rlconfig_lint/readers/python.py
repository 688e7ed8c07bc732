"""Reads Python: the calls that build a vLLM engine or its sampling parameters.

`ast` does the parsing: it is fast, its spans are exact, and it refuses what would crash a
concrete-syntax parser. Nothing is imported or run; a value that only a run would tell is unknown.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rlconfig_lint.frameworks import constructors
from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, PythonFacts, Value
from rlconfig_lint.readers.python_facts import gather
from rlconfig_lint.readers.python_literals import Spans, literal
from rlconfig_lint.readers.python_names import ENGINES, Names, dotted
from rlconfig_lint.readers.python_walk import Found, Function, walk
from rlconfig_lint.readers.text import Text, UnreadableError

FROM_ELSEWHERE = frozenset(("from_cli_args", "from_vllm_config"))
_ENGINE_CLASSES = ENGINES | {"AsyncLLM", "AsyncLLMEngine", "LLMEngine"}
_UNSLOTH_MODELS = frozenset(("FastLanguageModel", "FastModel", "FastVisionModel"))
_LONGEST = 1_000_000


def read(text: Text) -> tuple[tuple[Block, ...], PythonFacts]:
    """The engine and sampling calls of a module, and what it says about training.

    Raises:
        UnreadableError: with the row at which Python's own parser gave up.
    """
    tree = parse(text)
    nodes = walk(tree)
    names = Names.of(nodes)
    blocks = sorted(_Module(text, names, tree).blocks(nodes), key=lambda b: b.place.start)
    return tuple(blocks), gather(text, nodes, names)


def parse(text: Text) -> ast.Module:
    if len(text.body) > _LONGEST:
        raise UnreadableError(f"longer than {_LONGEST:,} characters: not read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a checked file's own escapes are not ours to report
            return ast.parse(text.body)
    except SyntaxError as error:
        raise UnreadableError(f"does not parse: {error.msg}", error.lineno or 1) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"does not parse: {type(error).__name__}") from None


@dataclass(frozen=True)
class _Growth:
    statement: ast.stmt
    certain: bool  # not in a branch or loop


@dataclass
class _Scope:
    """A function's (or the module's) single assignments, and the dicts it builds."""

    assigned: dict[str, list[ast.expr]] = field(default_factory=dict)
    grown: dict[str, list[_Growth]] = field(default_factory=dict)  # d["k"] = v; d.update(...)
    loads: Counter[str] = field(default_factory=Counter)  # how often a name is read


class _Module:
    def __init__(self, text: Text, names: Names, tree: ast.Module) -> None:
        self.text = text
        self.names = names
        self.tree = tree
        self.spans = Spans(text)
        self.scopes: dict[ast.AST, _Scope] = {}

    def blocks(self, nodes: Sequence[Found]) -> Iterator[Block]:
        for node, around in nodes:
            if isinstance(node, ast.Call) and (name := self._target(node)):
                scopes = tuple(map(self._scope, (self.tree, *around.functions)))
                yield self._block(node, name, scopes, around.inside)

    def _scope(self, node: ast.Module | Function) -> _Scope:
        if node not in self.scopes:
            scope = self.scopes[node] = _scope(node.body)
            scope.loads.update(
                name.id
                for statement in node.body
                for name in ast.walk(statement)
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Load)
            )
        return self.scopes[node]

    def _block(self, call: ast.Call, name: str, scopes: tuple[_Scope, ...], inside: str) -> Block:
        if name.rpartition(".")[2] in FROM_ELSEWHERE:
            return Block(Form.CALL, name, self.spans.place(call), (), open=True, inside=inside)
        entries: list[Entry] = []
        keys_at = None
        unseen = len(call.args) > 1
        for keyword in call.keywords:
            if keyword.arg is not None:
                entries.append(self._entry(keyword.arg, keyword.value, keyword, scopes))
                continue
            found = self._unpacked(keyword.value, scopes)
            if found is None:
                unseen = True
                continue
            more, literal, partly = found
            entries.extend(more)
            unseen = unseen or partly
            keys_at = self.spans.place(literal) if literal else keys_at
        only_unpacked = len(call.keywords) == 1 and keys_at is not None
        return Block(
            Form.CALL,
            name,
            self.spans.place(call),
            tuple(_last_wins(entries)),
            open=unseen,
            keys_at=keys_at if only_unpacked else None,
            inside=inside,
            derived=not (self.names.full(call.func) or "").startswith("vllm."),
        )

    def _target(self, call: ast.Call) -> str | None:
        """The full name of what is called, if it is one of ours. Ray's `.remote(...)` is opened."""
        function = call.func
        if isinstance(function, ast.Attribute) and function.attr == "remote":
            actor = self._ray_actor(function.value)
            return f"vllm.{actor}" if actor else None
        name = self.names.full(function)
        if name is None:
            return None
        owner, _, last = name.rpartition(".")
        exported = f"{name.split('.')[0]}.{last}"  # as the package itself exports it
        if name in constructors() or exported in constructors():
            return name if name in constructors() else exported
        if name.startswith("unsloth.") and last == "from_pretrained":
            known = owner.rpartition(".")[2] in _UNSLOTH_MODELS
            return "unsloth.from_pretrained" if known else None
        if name.startswith("vllm.") and last == "SamplingParams":
            return "vllm.SamplingParams"
        if name.startswith("vllm."):
            if last in ENGINES:
                return f"vllm.{last}"
            if last in FROM_ELSEWHERE and owner.rpartition(".")[2] in _ENGINE_CLASSES:
                return f"vllm.{owner.rpartition('.')[2]}.{last}"
            return None
        return f"vllm.{self.names.engines[name]}" if name in self.names.engines else None

    def _ray_actor(self, node: ast.expr) -> str | None:
        """The engine class behind `ray.remote(LLM)`, `Actor.options(...)` or a decorated class."""
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr == "options":
                return self._ray_actor(node.func.value)
            if self.names.full(node.func) == "ray.remote" and node.args:
                return self.names.engine(node.args[0])
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Call) and node.args:
            return self._ray_actor(ast.Call(node.func.func, node.args, []))
        name = dotted(node)
        return self.names.actors.get(name) if name else None

    def _unpacked(
        self, node: ast.expr, scopes: tuple[_Scope, ...]
    ) -> tuple[list[Entry], ast.Dict | ast.Call | None, bool] | None:
        """The entries of `**node`, where new ones could be written, and whether some are unseen."""
        if isinstance(node, ast.Name):
            scope = next((s for s in reversed(scopes) if node.id in s.assigned), None)
            if scope is None or len(scope.assigned[node.id]) != 1:
                return None
            found = self._unpacked(scope.assigned[node.id][0], scopes)
            if found is None:
                return None
            entries, literal, unseen = found
            if scope.loads.get(node.id, 0) - len(scope.grown.get(node.id, ())) > 1:
                literal = None  # it goes elsewhere too: a new key belongs to this call alone
            for grown in scope.grown.get(node.id, ()):
                more = self._grown(grown, scopes)
                entries, unseen = [*entries, *more], unseen or not more
            return entries, literal, unseen
        if isinstance(node, ast.Dict):
            return self._dict_entries(node, scopes)
        if isinstance(node, ast.Call) and dotted(node.func) == "dict" and len(node.args) <= 1:
            start = self._unpacked(node.args[0], scopes) if node.args else ([], None, False)
            if start is None:
                return None
            own = [self._entry(k.arg, k.value, k, scopes) for k in node.keywords if k.arg]
            hidden = any(k.arg is None for k in node.keywords)
            return [*start[0], *own], node, start[2] or hidden
        return None

    def _dict_entries(
        self, node: ast.Dict, scopes: tuple[_Scope, ...]
    ) -> tuple[list[Entry], ast.Dict, bool]:
        entries: list[Entry] = []
        unseen = False
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                entries.append(self._entry(key.value, value, key, scopes))
            elif key is None:
                found = self._unpacked(value, scopes)
                entries.extend(found[0] if found else ())
                unseen = unseen or found is None or found[2]
            else:
                unseen = True
        return entries, node, unseen

    def _grown(self, growth: _Growth, scopes: tuple[_Scope, ...]) -> list[Entry]:
        """The entries a statement adds to a dict; in a branch their values are not known."""
        entries = self._written(growth.statement, scopes)
        if growth.certain:
            return entries
        return [replace(entry, value=UNKNOWN, shared=True) for entry in entries]

    def _written(self, statement: ast.stmt, scopes: tuple[_Scope, ...]) -> list[Entry]:
        if isinstance(statement, ast.Assign):
            target = statement.targets[0]
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                return [self._entry(str(target.slice.value), statement.value, target, scopes)]
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            own = [self._entry(k.arg, k.value, k, scopes) for k in call.keywords if k.arg]
            found = self._unpacked(call.args[0], scopes) if call.args else None
            return [*(found[0] if found else ()), *own]
        return []

    def _entry(self, name: str, value: ast.expr, key: ast.AST, scopes: tuple[_Scope, ...]) -> Entry:
        value_place = self.spans.place(value)
        start = self.spans.place(key).start
        return Entry(
            (name,),
            self._value(value, scopes),
            self.text.place(min(start, value_place.start), value_place.end),
            value_place,
        )

    def _value(self, node: ast.expr, scopes: tuple[_Scope, ...], depth: int = 0) -> Value:
        if isinstance(node, ast.Name) and depth < 5:
            scope = next((s for s in reversed(scopes) if node.id in s.assigned), None)
            if scope and len(scope.assigned[node.id]) == 1:
                return self._value(scope.assigned[node.id][0], scopes, depth + 1)
            return UNKNOWN
        return literal(node)


def _scope(body: Sequence[ast.stmt]) -> _Scope:
    """What is assigned in a body, nested functions left out. Branches count as assignments too,
    so that a name with two values stays unknown."""
    scope = _Scope()
    todo: list[tuple[ast.AST, bool]] = [(node, True) for node in reversed(body)]
    while todo:
        node, certain = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        _note_assignment(scope, node)
        growing = _grows(node)
        if growing and isinstance(node, ast.stmt):
            scope.grown.setdefault(growing, []).append(_Growth(node, certain))
        inside = certain and isinstance(node, ast.With | ast.AsyncWith)
        todo.extend(
            (child, inside)
            for child in reversed(list(ast.iter_child_nodes(node)))
            if isinstance(child, ast.stmt | ast.ExceptHandler)
        )
    return scope


def _note_assignment(scope: _Scope, node: ast.AST) -> None:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.assigned.setdefault(target.id, []).append(node.value)
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
        scope.assigned.setdefault(node.target.id, []).append(node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        scope.assigned.setdefault(node.target.id, []).extend((node.value, node.value))


def _grows(node: ast.AST) -> str | None:
    """The dict that `d["k"] = v`, `d.update(...)` or `d.setdefault(...)` writes to."""
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
        if isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            return target.value.id
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        function = node.value.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            return function.value.id if function.attr in ("update", "setdefault") else None
    return None


def _last_wins(entries: list[Entry]) -> list[Entry]:
    """One entry a key, the last. A key that was written twice is not ours to rewrite."""
    last: dict[tuple[str, ...], Entry] = {}
    for entry in entries:
        last[entry.path] = replace(entry, shared=True) if entry.path in last else entry
    return list(last.values())
