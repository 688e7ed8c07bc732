"""What enters the key of a cached block besides its tokens, and caches that are built by hand.

vLLM finds a block by its tokens, its `cache_salt` and its LoRA adapter's name, never by weights.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from rlconfig_lint.model import Apart, CacheKey, Evidence
from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.names import Names, dotted
from rlconfig_lint.readers.python.tells.words import Locals, identifiers, source, words
from rlconfig_lint.readers.python.walk import Around

_OF_A_POLICY = frozenset(
    (
        "checkpoint",
        "ckpt",
        "epoch",
        "epochs",
        "iter",
        "iteration",
        "iterations",
        "policy",
        "step",
        "steps",
        "version",
        "versions",
    )
)
_NEW_EACH_TIME = frozenset(("count", "counter", "nonce", "random", "time", "timestamp", "uuid"))
_OF_A_REQUEST = _NEW_EACH_TIME | {"req", "request", "trajectory"}
_OF_A_PERSON = frozenset(("account", "customer", "org", "organization", "team", "tenant", "user"))
_SAYS_NOTHING = frozenset(("hex", "id", "uid", "value"))
_REBUILDS = frozenset(("free_cache_engine", "init_cache_engine"))
_OF_AN_ADAPTER = ("lora_name", "lora_int_id", "lora_path")
_MOST_HOPS = 3


@dataclass
class CacheKeys:
    """The salts and adapters of one module while it is walked."""

    WORDS: ClassVar = (
        "cache_salt",
        "LoRARequest",
        "load_lora_adapter",
        "Scheduler",
        "cache_engine",
    )

    spans: Spans
    names: Names
    locals: Locals = field(default_factory=Locals)
    salts: list[CacheKey] = field(default_factory=list)
    adapters: list[CacheKey] = field(default_factory=list)
    rebuilt: list[Evidence] = field(default_factory=list)

    def at_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, _: Around) -> None:
        """A function that makes salts by its name: what it returns is one."""
        if "salt" in node.name and "salt" in words(node.name):
            for returned in ast.walk(node):
                if isinstance(returned, ast.Return) and returned.value is not None:
                    self._salt(returned.value, Around((node,)))

    def at_assignment(self, node: ast.Assign, around: Around) -> None:
        """`request["cache_salt"] = ...`, `cache_salt = ...`, `self.cache_salt = ...`."""
        target = node.targets[0]
        if isinstance(target, ast.Subscript):
            named = target.slice.value if isinstance(target.slice, ast.Constant) else None
        elif isinstance(target, ast.Attribute):
            named = target.attr
        else:
            named = target.id if isinstance(target, ast.Name) else None
        if named == "cache_salt":
            self._salt(node.value, around)

    def at_dict(self, node: ast.Dict, around: Around) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "cache_salt":
                self._salt(value, around)

    def at_call(self, node: ast.Call, around: Around) -> None:
        for keyword in node.keywords:
            if keyword.arg == "cache_salt":
                self._salt(keyword.value, around)
        self._adapter(node, around)
        self._rebuilt(node)

    def _salt(self, value: ast.expr, around: Around) -> None:
        if isinstance(value, ast.Constant) and value.value in (None, ""):
            return
        apart = self._apart(value, around, _OF_A_REQUEST)
        self.salts.append(CacheKey(source(value, self.spans), apart, self.spans.place(value)))

    def _adapter(self, node: ast.Call, around: Around) -> None:
        """`LoRARequest(name, id, path)` and `POST /v1/load_lora_adapter`."""
        given = _adapter_of(node)
        name = given.get("lora_name")
        if name is None:
            return
        in_place = given.get("load_inplace")
        reloaded = isinstance(in_place, ast.Constant) and in_place.value is True
        apart, number, path = (
            self._apart(given[part], around, _NEW_EACH_TIME) if part in given else Apart.UNKNOWN
            for part in _OF_AN_ADAPTER
        )
        place, written = self.spans.place(node), source(name, self.spans)
        self.adapters.append(CacheKey(written, apart, place, reloaded, number, path))

    def _rebuilt(self, node: ast.Call) -> None:
        """A vLLM scheduler made anew, or the cache engine of vLLM 0.6: empty without a reset."""
        if isinstance(node.func, ast.Attribute) and node.func.attr in _REBUILDS:
            text = f"{node.func.attr}() makes the cache anew"
        elif (name := self.names.full(node.func)) and name.startswith("vllm."):
            if not name.endswith(".Scheduler"):
                return
            text = "a vLLM Scheduler is built by hand"
        else:
            return
        self.rebuilt.append(Evidence(text, self.spans.place(node)))

    def _apart(
        self, value: ast.expr, around: Around, fresh: frozenset[str], hops: int = _MOST_HOPS
    ) -> Apart:
        """By the words of an expression, then of what its local names were given."""
        if isinstance(value, ast.Constant) or _names_a_constant(value):
            return Apart.NO
        said = words(*_subjects(value))
        if said & _OF_A_POLICY:
            return Apart.BY_POLICY
        if "salt" not in said:  # `request.cache_salt` hands on what somebody else chose
            if said & fresh:
                return Apart.BY_REQUEST
            if said & _OF_A_PERSON:
                return Apart.NO
        if not isinstance(value, ast.Name) or not hops:
            return Apart.UNKNOWN
        given = self.locals.given(value.id, around)
        if len(given) != 1:
            return Apart.UNKNOWN
        return self._apart(given[0], around, fresh, hops - 1)


def _adapter_of(node: ast.Call) -> dict[str, ast.expr]:
    function = node.func
    made = function.attr if isinstance(function, ast.Attribute) else dotted(function) or ""
    if made.endswith("LoRARequest"):
        given = {k.arg: k.value for k in node.keywords if k.arg}
        return {**dict(zip(_OF_AN_ADAPTER, node.args, strict=False)), **given}
    if made == "post" and any(_ends(argument, "/load_lora_adapter") for argument in node.args[:1]):
        return _fields(next((k.value for k in node.keywords if k.arg == "json"), None))
    return {}


def _ends(node: ast.expr, ending: str) -> bool:
    last = node.values[-1] if isinstance(node, ast.JoinedStr) and node.values else node
    return isinstance(last, ast.Constant) and str(last.value).endswith(ending)


def _fields(node: ast.expr | None) -> dict[str, ast.expr]:
    if not isinstance(node, ast.Dict):
        return {}
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _names_a_constant(value: ast.expr) -> bool:
    """`SALT` and `config.LORA_NAME`, upper-case by convention."""
    name = (dotted(value) or "").rpartition(".")[2]
    return len(name) > 1 and name.isupper()


def _subjects(value: ast.expr) -> Iterator[str]:
    """What an expression is about: of `request.user.salt` the salt, not the request."""
    todo: list[ast.AST] = [value]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Attribute):
            yield node.attr
            if node.attr in _SAYS_NOTHING or isinstance(node.value, ast.Call):
                todo.append(node.value)
        elif isinstance(node, ast.Subscript):
            todo.append(node.slice)
        elif isinstance(node, ast.Call):
            yield from identifiers(node.func)
            todo += (*node.args, *(keyword.value for keyword in node.keywords))
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant):
            yield str(node.value)
        else:
            todo += ast.iter_child_nodes(node)
