"""What a Python module says about training and about weight updates, for the project's facts.

Each pattern here is a tell-tale, not a proof: resolve weighs them, names them as evidence and lets
a declared fact overrule them. The patterns were read in the frameworks named beside them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rlconfig_lint.model import UNKNOWN, ApiCall, Evidence, Place, PythonFacts, Value
from rlconfig_lint.readers.python_literals import Spans, literal
from rlconfig_lint.readers.python_names import Names, dotted
from rlconfig_lint.readers.python_walk import Around, Found
from rlconfig_lint.readers.scalars import plain
from rlconfig_lint.readers.text import Text

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
_HTTP_VERBS = frozenset(("post", "get", "put", "request"))
_CLOCKS = re.compile(r"(?:\w+\.)*(?:time|asyncio|anyio|trio|clock|timer)")
_SERVERS = ("app", "router")  # `@app.post("/pause")` defines a route, it calls none
_LOGPROB = r"(?:log_?prob(?:abilitie)?s?|logps?|lps?)"
# The behaviour policy's logprobs as the rollout engine returned them.
_FROM_ROLLOUT = re.compile(
    rf"(?:rollout|behaviou?r|sampling|sampler|inference|vllm|engine|generation|gen)\w*_{_LOGPROB}"
    rf"|{_LOGPROB}_(?:rollout|behaviou?r|sampling|inference|vllm|engine|generation)",
    re.IGNORECASE,
)
_OLD = re.compile(rf"old\w*_{_LOGPROB}|{_LOGPROB}_old", re.IGNORECASE)
_RATIO_NAME = re.compile(r"ratio|importance|is_weight|log_w", re.IGNORECASE)
_HEAD = re.compile(r"(?:^|\.)(?:lm_head|output_layer|embed_out)(?:\.|$)")
_FP32_SWITCHES = frozenset(
    ("cast_lm_head_to_fp32", "fp32_lm_head", "enable_fp32_lm_head", "apply_fp32_lm_head")
)


@dataclass
class _Gathering:
    calls: list[ApiCall] = field(default_factory=list)
    defines: set[str] = field(default_factory=set)
    salts: list[Place] = field(default_factory=list)
    divisions: list[Place] = field(default_factory=list)
    rollout_ratios: list[Evidence] = field(default_factory=list)
    correction_ratios: list[Evidence] = field(default_factory=list)
    recomputed_ratios: list[Evidence] = field(default_factory=list)
    fp32_heads: list[Place] = field(default_factory=list)
    aborts: list[Place] = field(default_factory=list)

    def facts(self, names: Names) -> PythonFacts:
        return PythonFacts(
            frozenset(names.modules),
            tuple(sorted(self.calls, key=lambda call: call.place.start)),
            frozenset(self.defines),
            tuple(self.salts),
            tuple(self.divisions),
            tuple(self.rollout_ratios),
            tuple(self.correction_ratios),
            tuple(self.recomputed_ratios),
            tuple(self.fp32_heads),
            tuple(self.aborts),
        )


def gather(text: Text, nodes: Sequence[Found], names: Names) -> PythonFacts:
    """What the module's nodes tell."""
    look = _Looking(_Gathering(), Spans(text))
    for node, around in nodes:
        if isinstance(node, ast.Call):
            look.at_call(node, around)
        elif isinstance(node, ast.BinOp | ast.AugAssign):
            look.at_division(node)
        elif isinstance(node, ast.Dict):
            look.at_dict(node)
        elif isinstance(node, ast.Assign):
            look.at_assignment(node)
        elif isinstance(node, ast.Compare):
            look.at_comparison(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            look.seen.defines.add(node.name)
    return look.seen.facts(names)


@dataclass
class _Looking:
    """What each kind of node can tell."""

    seen: _Gathering
    spans: Spans

    def at_division(self, node: ast.BinOp | ast.AugAssign) -> None:
        if not isinstance(node.op, ast.Div):
            return
        left, right = (
            (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
        )
        if _names_temperature(right) and _names_logits(left):
            self.seen.divisions.append(self.spans.place(node))

    def at_dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if _is_text(key, "cache_salt") and not isinstance(value, ast.Constant):
                self.seen.salts.append(self.spans.place(value))

    def at_assignment(self, node: ast.Assign) -> None:
        target = node.targets[0]
        salted = isinstance(target, ast.Subscript) and _is_text(target.slice, "cache_salt")
        if salted and not isinstance(node.value, ast.Constant):
            self.seen.salts.append(self.spans.place(node))
        if isinstance(target, ast.Name) and _RATIO_NAME.search(target.id):
            self.at_difference(node.value, node)

    def at_comparison(self, node: ast.Compare) -> None:
        if any(_is_text(side, "abort") for side in (node.left, *node.comparators)):
            self.seen.aborts.append(self.spans.place(node))

    def at_call(self, node: ast.Call, around: Around) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else dotted(node.func) or ""
        if name in ENGINE_API and isinstance(node.func, ast.Attribute):
            if not _CLOCKS.fullmatch(_receiver(node)):
                self.seen.calls.append(_api_call(node, name, self.spans, around))
        elif name in _HTTP_VERBS and not _receiver(node).endswith(_SERVERS):
            route = next((route for arg in node.args[:2] if (route := _route(arg))), None)
            if route:
                self.seen.calls.append(_http_call(node, route, self.spans, around))
        else:
            self.at_training(node, name)
        self.at_keywords(node)
        if name in _FP32_SWITCHES or _is_fp32_head(node, name):
            self.seen.fp32_heads.append(self.spans.place(node))

    def at_training(self, node: ast.Call, name: str) -> None:
        """Importance ratios and `logits.div_(temperature)`."""
        if name == "exp":
            argument = node.args[0] if node.args else node.func
            inner = argument.value if isinstance(argument, ast.Attribute) else argument
            self.at_difference(inner, node)
        elif name in ("div", "div_") and _divides_logits(node):
            self.seen.divisions.append(self.spans.place(node))

    def at_keywords(self, node: ast.Call) -> None:
        for keyword in node.keywords:
            if keyword.arg == "cache_salt" and not isinstance(keyword.value, ast.Constant):
                self.seen.salts.append(self.spans.place(keyword.value))
            elif keyword.arg in _FP32_SWITCHES and _is_true(keyword.value):
                self.seen.fp32_heads.append(self.spans.place(keyword.value))

    def at_difference(self, node: ast.AST, whole: ast.AST) -> None:
        """`new - old` that becomes an importance ratio: which policy is below, by its name."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
            return
        above = " ".join(_identifiers(node.left))
        below = " ".join(_identifiers(node.right))
        evidence = Evidence(f"ratio of {ast.unparse(node)[:80]}", self.spans.place(whole))
        if _FROM_ROLLOUT.search(below):
            recomputed = _OLD.search(above) or "recomput" in above
            found = self.seen.correction_ratios if recomputed else self.seen.rollout_ratios
            found.append(evidence)
        elif _OLD.search(below):
            self.seen.recomputed_ratios.append(evidence)


def _api_call(node: ast.Call, name: str, spans: Spans, around: Around) -> ApiCall:
    assert isinstance(node.func, ast.Attribute)
    arguments, unseen = _arguments(node)
    if name.startswith("collective_rpc") and node.args:
        arguments.setdefault("method", literal(node.args[0]))
    elif name == "sleep" and node.args:
        arguments.setdefault("level", literal(node.args[0]))
    else:
        unseen = unseen or (bool(node.args) and name == "pause_generation")
    return _made(name, arguments, node, spans, around, unseen=unseen, http=False)


def _http_call(node: ast.Call, route: str, spans: Spans, around: Around) -> ApiCall:
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
    return _made(route, arguments, node, spans, around, unseen=unseen, http=True)


def _made(
    name: str,
    arguments: dict[str, Value],
    node: ast.Call,
    spans: Spans,
    around: Around,
    *,
    unseen: bool,
    http: bool,
) -> ApiCall:
    return ApiCall(
        name,
        arguments,
        spans.place(node),
        _receiver(node),
        around.awaited,
        http,
        unseen,
        around.inside,
        around.conditional,
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


def _receiver(node: ast.Call) -> str:
    return ast.unparse(node.func.value)[:200] if isinstance(node.func, ast.Attribute) else ""


def _is_fp32_head(node: ast.Call, name: str) -> bool:
    """`model.lm_head.float()`, `lm_head.weight.to(torch.float32)`."""
    if name not in ("float", "to") or not isinstance(node.func, ast.Attribute):
        return False
    owner = dotted(node.func.value)
    if owner is None or not _HEAD.search(owner):
        return False
    given = [dotted(arg) for arg in (*node.args, *(k.value for k in node.keywords))]
    return name == "float" or "torch.float32" in given


def _divides_logits(node: ast.Call) -> bool:
    return bool(node.args) and _names_logits(node.func) and _names_temperature(node.args[0])


def _names_temperature(node: ast.expr) -> bool:
    return any("temperature" in word.lower() for word in _identifiers(node))


def _names_logits(node: ast.expr) -> bool:
    return any("logit" in word.lower() for word in _identifiers(node))


def _identifiers(node: ast.AST) -> Iterator[str]:
    for child in ast.walk(node):
        if isinstance(child, ast.Name):
            yield child.id
        elif isinstance(child, ast.Attribute):
            yield child.attr
        elif isinstance(child, ast.Constant) and isinstance(child.value, str):
            yield child.value


def _is_text(node: ast.AST | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
