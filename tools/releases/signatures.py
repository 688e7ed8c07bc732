"""What LLM.__init__ names, and the signatures of the methods that pause, sleep and sync weights."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tools.releases.choices import unquoted
from tools.releases.code import Found, Function, Module, class_body
from tools.releases.fields import Entry, Fields

_ENGINES = (
    ("LLM", "vllm.entrypoints.llm"),
    ("AsyncLLM", "vllm.v1.engine.async_llm"),
    ("AsyncLLMEngine", "vllm.engine.async_llm_engine"),
)
METHODS = (
    "pause_generation",
    "resume_generation",
    "is_paused",
    "sleep",
    "wake_up",
    "is_sleeping",
    "reset_prefix_cache",
    "reset_mm_cache",
    "reset_encoder_cache",
    "collective_rpc",
    "init_weight_transfer_engine",
    "shutdown_weight_transfer_engine",
    "start_weight_update",
    "start_draft_weight_update",
    "update_weights",
    "finish_weight_update",
    "update_weight_version",
)


def llm_parameters(fields: Fields) -> dict[str, Entry]:
    """The parameters of LLM.__init__; `**kwargs` is one, and goes to EngineArgs."""
    found = _method(fields, "LLM", "vllm.entrypoints.llm", "__init__")
    if found is None:
        return {}
    entries: dict[str, Entry] = {}
    for entry in parameters(fields, found.module, _function(found)):
        name = entry.pop("name")
        prefix = {"var_keyword": "**", "var_positional": "*"}.get(entry.get("kind", ""), "")
        entries[prefix + name] = entry | {"source": found.place}
    return entries


def method_signatures(fields: Fields) -> dict[str, Entry]:
    """`AsyncLLM.sleep` -> its signature, for every engine class of the release."""
    entries: dict[str, Entry] = {}
    for engine, dotted in _ENGINES:
        for name in METHODS:
            if found := _method(fields, engine, dotted, name):
                entries[f"{engine}.{name}"] = _signature(fields, found)
    return entries


def parameters(fields: Fields, module: Module, function: Function) -> list[Entry]:
    """Every parameter but self, in order."""
    return [
        _parameter(fields, module, argument, default, kind)
        for argument, default, kind in _arguments(function.args)
        if argument.arg != "self"
    ]


def _arguments(args: ast.arguments) -> Iterator[tuple[ast.arg, ast.expr | None, str]]:
    positional = [*args.posonlyargs, *args.args]
    missing = [None] * (len(positional) - len(args.defaults))
    for argument, default in zip(positional, [*missing, *args.defaults], strict=True):
        yield argument, default, ""
    if args.vararg:
        yield args.vararg, None, "var_positional"
    for argument, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield argument, default, "keyword_only"
    if args.kwarg:
        yield args.kwarg, None, "var_keyword"


def _parameter(
    fields: Fields, module: Module, argument: ast.arg, default: ast.expr | None, kind: str
) -> Entry:
    entry: Entry = {"name": argument.arg}
    if kind:
        entry["kind"] = kind
    if argument.annotation is not None:
        entry["type"] = ast.unparse(unquoted(argument.annotation))
        entry |= fields.types.choices(module, argument.annotation).entry()
    if default is not None:
        entry |= fields.values.default(module, default)
    return entry


def _signature(fields: Fields, found: Found) -> Entry:
    function = _function(found)
    entry: Entry = {
        "parameters": parameters(fields, found.module, function),
        "source": found.place,
    }
    if function.returns is not None:
        entry["returns"] = ast.unparse(unquoted(function.returns))
    if isinstance(function, ast.AsyncFunctionDef):
        entry["async"] = True
    return entry


def _method(fields: Fields, engine: str, dotted: str, name: str) -> Found | None:
    """A method of a class or its bases; not of the abstract protocol that engines implement.

    An engine that is only another name of a class (AsyncLLMEngine since 0.11.0) has none.
    """
    module = fields.code.dotted(dotted)
    cls = module and fields.code.find_class(module, engine)
    if not cls or not isinstance(cls.node, ast.ClassDef) or cls.node.name != engine:
        return None
    for owner in fields.code.lineage(cls):
        if isinstance(owner.node, ast.ClassDef) and owner.node.name == "EngineClient":
            continue
        for statement in class_body(owner):
            if _is_method(statement, name):
                return Found(owner.module, statement)
    return None


def _is_method(statement: ast.stmt, name: str) -> TypeGuard[Function]:
    """Its implementation, not one of its overloads."""
    if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    decorators = [ast.unparse(decorator) for decorator in statement.decorator_list]
    return statement.name == name and not any(each.endswith("overload") for each in decorators)


def _function(found: Found) -> Function:
    assert isinstance(found.node, ast.FunctionDef | ast.AsyncFunctionDef)
    return found.node
