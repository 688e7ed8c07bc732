"""The HTTP routes of vLLM's server that RL frameworks call between updates."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.releases.code import Function, Module
from tools.releases.fields import Entry, Fields
from tools.releases.signatures import METHODS, parameters
from tools.releases.values import Json

_PATHS = frozenset(
    {f"/{name}" for name in METHODS}
    | {
        "/pause",
        "/resume",
        "/abort_requests",
        "/get_world_size",
        "/inference/v1/generate",
        "/release_kv_cache_memory",
        "/weight_checker",
        "/weight_info",
    }
)
_SERVED = re.compile(r"@\w+\.(?:get|post|put|delete)\(")


def routes(fields: Fields) -> dict[str, Entry]:
    """`POST /sleep` -> its handler, query parameters and the keys of its JSON body."""
    entries: dict[str, Entry] = {}
    for path, text in sorted(fields.code.sources.items()):
        if path.startswith("vllm/entrypoints/") and _SERVED.search(text):
            module = fields.code.module(path)
            assert module is not None
            for name, handler in _handlers(module):
                entries.setdefault(name, _entry(fields, module, handler))
    return entries


def _handlers(module: Module) -> Iterator[tuple[str, Function]]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for decorator in node.decorator_list:
            if not isinstance(decorator, ast.Call) or not isinstance(decorator.func, ast.Attribute):
                continue
            served = decorator.args[0] if decorator.args else None
            if isinstance(served, ast.Constant) and served.value in _PATHS:
                yield f"{decorator.func.attr.upper()} {served.value}", node


def _entry(fields: Fields, module: Module, handler: Function) -> Entry:
    entry: Entry = {"handler": handler.name, "source": f"{module.place}:{handler.lineno}"}
    query = list(_read_from_request(handler))
    body = list(_read_from_body(handler))
    for parameter in parameters(fields, module, handler):
        annotation = parameter.get("type", "")
        if "Body(" in annotation or "Body(" in _expression(parameter):
            body.append(parameter["name"])
        elif "Request" not in annotation and "Depends" not in _expression(parameter):
            query.append(_declared(parameter, fields, module, handler))
    if query:
        entry["query"] = query
    if body:
        entry["body"] = sorted(set(body))
    return entry


def _expression(parameter: Entry) -> str:
    default = parameter.get("default")
    return str(default.get("expr", "")) if isinstance(default, dict) else ""


def _declared(parameter: Entry, fields: Fields, module: Module, handler: Function) -> Entry:
    """A parameter whose default may be written as Query(True)."""
    if not _expression(parameter).startswith("Query("):
        return parameter
    call = ast.parse(_expression(parameter), mode="eval").body
    assert isinstance(call, ast.Call)
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    default = given.get("default") or (call.args[0] if call.args else None)
    rest = {key: value for key, value in parameter.items() if key != "default"}
    return rest | (fields.values.default(module, default) if default is not None else {})


def _read_from_request(handler: Function) -> Iterator[Entry]:
    """raw_request.query_params.get("level", "1"), raw_request.query_params.getlist("tags")"""
    for function, (name, *default) in _constant_calls(handler):
        if function.endswith("query_params.get"):
            yield {"name": name, "default": default[0] if default else None}
        elif function.endswith("query_params.getlist"):
            yield {"name": name, "default": []}


def _read_from_body(handler: Function) -> Iterator[str]:
    """body = await raw_request.json(); body.get("update_info")"""
    bodies = {
        f"{ast.unparse(target)}.get"
        for node in ast.walk(handler)
        if isinstance(node, ast.Assign) and ast.unparse(node.value).endswith(".json()")
        for target in node.targets
    }
    for function, (name, *_) in _constant_calls(handler):
        if function in bodies:
            yield str(name)


def _constant_calls(handler: Function) -> Iterator[tuple[str, list[Json]]]:
    """Calls with constants such as owner.get("name", "default"): the function's text, and them."""
    for node in ast.walk(handler):
        if isinstance(node, ast.Call):
            arguments = [each.value for each in node.args if isinstance(each, ast.Constant)]
            if arguments:
                yield ast.unparse(node.func), arguments
