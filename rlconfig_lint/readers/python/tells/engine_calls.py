"""Calls of the engine's update and cache API: by method, through an actor's handle, by HTTP."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field

from rlconfig_lint.model import UNKNOWN, ApiCall, Value
from rlconfig_lint.readers.python.literals import Spans, literal
from rlconfig_lint.readers.python.tells.words import source
from rlconfig_lint.readers.python.walk import Around
from rlconfig_lint.readers.scalars import plain

ENGINE_API = frozenset(
    (
        "pause_generation",
        "resume_generation",
        "reset_prefix_cache",
        "sleep",
        "wake_up",
        "update_weights",
        "start_weight_update",
        "finish_weight_update",
        "load_weights",
        "reload_weights",
        "collective_rpc",
        "collective_rpc_async",
        "apply_model",
        "update_named_param",
    )
)
ROUTES = frozenset(
    (
        "pause",
        "resume",
        "reset_prefix_cache",
        "sleep",
        "wake_up",
        "update_weights",
        "collective_rpc",
        "start_weight_update",
        "finish_weight_update",
        "load_lora_adapter",
    )
)
HANDED_ON = frozenset(
    ("remote", "call", "call_one", "fanout")
)  # Ray's handles, Monarch's endpoints
_HTTP_VERBS = frozenset(("post", "get", "put", "request"))
_CLOCKS = re.compile(r"(?:\w+\.)*(?:time|asyncio|anyio|trio|clock|timer)")
_SERVERS = ("app", "router")  # `@app.post("/pause")` defines a route, it calls none


@dataclass
class EngineCalls:
    """What one module asks of engines, while it is walked."""

    spans: Spans
    found: list[ApiCall] = field(default_factory=list)

    def at_call(self, node: ast.Call, around: Around) -> None:
        function = node.func
        if not isinstance(function, ast.Attribute):
            return
        call = None
        if function.attr in ENGINE_API:
            call = _by_method(node, function, around, self.spans)
        elif function.attr in HANDED_ON and isinstance(function.value, ast.Attribute):
            call = _by_method(node, function.value, around, self.spans, remote=True)
        elif function.attr in _HTTP_VERBS:
            call = _by_http(node, around, self.spans)
        if call is not None:
            self.found.append(call)


def _by_method(
    node: ast.Call, method: ast.Attribute, around: Around, spans: Spans, *, remote: bool = False
) -> ApiCall | None:
    name = method.attr
    if name not in ENGINE_API:
        return None
    receiver = source(method.value, spans, 200)
    if _CLOCKS.fullmatch(receiver):
        return None
    arguments, unseen = _arguments(node)
    if name.startswith("collective_rpc") and node.args:
        arguments.setdefault("method", literal(node.args[0]))
    elif name == "sleep" and node.args:
        arguments.setdefault("level", literal(node.args[0]))
    else:
        unseen = unseen or (bool(node.args) and name == "pause_generation")
    return ApiCall(
        name,
        arguments,
        spans.place(node),
        receiver,
        around.awaited,
        open=unseen,
        inside=around.inside,
        conditional=around.conditional,
        ignored=around.lost,
        remote=remote,
    )


def _by_http(node: ast.Call, around: Around, spans: Spans) -> ApiCall | None:
    assert isinstance(node.func, ast.Attribute)
    receiver = source(node.func.value, spans, 200)
    route = next((route for arg in node.args[:2] if (route := _route(arg))), None)
    if route is None or receiver.endswith(_SERVERS):
        return None
    arguments: dict[str, Value] = {}
    unseen = False
    for keyword in node.keywords:
        if keyword.arg in ("params", "json"):
            found = literal(keyword.value)
            if isinstance(found, dict):
                arguments.update({k: _query(v) for k, v in found.items()})
            else:
                unseen = True
        elif keyword.arg is None:
            unseen = True
    query = _text_of(node.args[0]).partition("?")[2] if node.args else ""
    for pair in filter(None, query.split("&")):
        key, _, value = pair.partition("=")
        arguments[key] = _query(value)
    return ApiCall(
        route,
        arguments,
        spans.place(node),
        receiver,
        around.awaited,
        http=True,
        open=unseen,
        inside=around.inside,
        conditional=around.conditional,
        ignored=around.lost,
    )


def _query(value: object) -> Value:
    """A query parameter as FastAPI reads it."""
    if isinstance(value, str):
        return plain(value)
    return value if value is None or isinstance(value, bool | int | float | str) else UNKNOWN


def _arguments(node: ast.Call) -> tuple[dict[str, Value], bool]:
    known: dict[str, Value] = {k.arg: literal(k.value) for k in node.keywords if k.arg}
    return known, any(k.arg is None for k in node.keywords)


def _route(node: ast.expr) -> str | None:
    path = _text_of(node).partition("?")[0].rstrip("/")
    name = path.rpartition("/")[2]
    return name if "/" in path and name in ROUTES else None


def _text_of(node: ast.expr) -> str:
    """The constant text of a string, an f-string or `base + "/route"`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text_of(part) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _text_of(node.left) + _text_of(node.right)
    return ""
