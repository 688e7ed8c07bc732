"""Importance ratios, what turns their correction on, fp32 heads and aborted requests."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from itertools import islice

from rlconfig_lint.model import UNKNOWN, Evidence, Option, Place, Value
from rlconfig_lint.readers.python.literals import Spans, literal
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.tells.words import called, identifiers, is_text, source
from rlconfig_lint.readers.python.walk import Around

_LOGPROB = r"(?:log_?prob(?:abilitie)?s?|logps?|lps?)"
# The behaviour policy's logprobs as the rollout engine returned them.
_FROM_ROLLOUT = re.compile(
    rf"(?:rollout|behaviou?r|sampling|sampler|infer|vllm|engine|gen)\w*_{_LOGPROB}"
    rf"|{_LOGPROB}_(?:rollout|behaviou?r|sampling|inference|vllm|engine|generation)",
    re.IGNORECASE,
)
_OLD = re.compile(rf"(?:old|prev)\w*_{_LOGPROB}|{_LOGPROB}_(?:old|prev)", re.IGNORECASE)
_RATIO_NAME = re.compile(r"ratio|importance|is_weight|log_w", re.IGNORECASE)
_HEAD = re.compile(r"(?:^|\.)(?:lm_head|output_layer|embed_out)(?:\.|$)")
_FP32_SWITCHES = frozenset(
    ("cast_lm_head_to_fp32", "fp32_lm_head", "enable_fp32_lm_head", "apply_fp32_lm_head")
)
_CORRECTION = re.compile(
    r"(?:use|enable|do|with|apply)?_?(?:"
    r"(?:t|m)is|icepop|is_correction(?:_enable)?|decoupled_loss"
    r"|(?:truncated|vllm|rollout|inference)_(?:is|importance_sampling)(?:_correction|_mode)?"
    r"|importance_sampling(?:_correction|_mode)?"
    r"|(?:off_policy|rollout|mismatch|behaviou?r|train_infer|rho)_correction"
    r")(?:_type|_mode)?"
)
_CORRECTS = re.compile(
    r"correction|importance|icepop|(?:^|_|\.)(?:tis|mis|rho)(?:_|$)|TIS|MIS|ISWeight|is_weight"
)
_CAP = re.compile(r"(?:tis|icepop|is|truncated_importance_sampling)(?:_ratio)?_(?:c|cap|clip)")
_CORRECTION_WEIGHT = re.compile(r"(?:tis|mis|icepop|is)(?:_(?:imp_)?(?:weights?|ratios?))?")
_REASON = re.compile(r"Reason|Status")
_MOST_NODES = 50
_ENABLES = ("enable", "enabled")


@dataclass
class Training:
    """What one module tells of the side that learns, while it is walked."""

    spans: Spans
    rollout_ratios: list[Evidence] = field(default_factory=list)
    correction_ratios: dict[int, Evidence] = field(default_factory=dict)  # by where it starts
    recomputed_ratios: list[Evidence] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    asked: list[Place] = field(default_factory=list)
    fp32_heads: list[Place] = field(default_factory=list)
    aborts: list[Place] = field(default_factory=list)

    def at_assignment(self, node: ast.Assign, _: Around) -> None:
        target = node.targets[0]
        if isinstance(target, ast.Attribute):
            if target.attr == "logprobs" and "param" in source(target.value, self.spans):
                self.asked.append(self.spans.place(node))  # `sampling_params.logprobs = 1`
        elif isinstance(target, ast.Name) and _RATIO_NAME.search(target.id):
            self._difference(node.value)
        elif isinstance(target, ast.Name) and _CORRECTION_WEIGHT.fullmatch(target.id):
            self._weight(node.value)

    def at_operation(self, node: ast.BinOp | ast.AugAssign, around: Around) -> None:
        """`(old - rollout).clamp(...)` in a function that corrects by its name."""
        if isinstance(node.op, ast.Sub) and _CORRECTS.search(around.inside):
            self._difference(node, only_corrections=True)

    def at_comparison(self, node: ast.Compare, _: Around) -> None:
        if any(map(_says_aborted, (node.left, *node.comparators))):
            self.aborts.append(self.spans.place(node))

    def at_class(self, node: ast.ClassDef, _: Around) -> None:
        """`use_tis: bool = False`, also behind `field(default=...)`; `enabled` of what corrects."""
        for line in node.body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                name, default = line.target.id, _default_of(line.value)
                if name in _ENABLES and _CORRECTS.search(node.name):
                    here = self.spans.place(line)
                    self.options.append(Option(f"{node.name}.{name}", default, here))
                else:
                    self._option(name, default, line)

    def at_call(self, node: ast.Call, _: Around) -> None:
        name = called(node)
        if name == "exp":
            argument = node.args[0] if node.args else node.func
            self._difference(argument.value if isinstance(argument, ast.Attribute) else argument)
        elif name == "add_argument" and node.args:
            flag = node.args[-1]
            if isinstance(flag, ast.Constant) and isinstance(flag.value, str):
                option = flag.value.lstrip("-").replace("-", "_").rpartition(".")[2]
                self._option(option, _default_of_flag(node), node)
        elif name in _FP32_SWITCHES or _is_fp32_head(node, name):
            self.fp32_heads.append(self.spans.place(node))
        for keyword in node.keywords:
            if keyword.arg in _FP32_SWITCHES and _is_true(keyword.value):
                self.fp32_heads.append(self.spans.place(keyword.value))

    def _difference(self, node: ast.AST, *, only_corrections: bool = False) -> None:
        """`new - old` that becomes an importance ratio: which policy is below, by its name."""
        if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Sub):
            return
        below = " ".join(identifiers(node.right))
        rollouts = _FROM_ROLLOUT.search(below)
        if not rollouts and (only_corrections or not _OLD.search(below)):
            return
        place = self.spans.place(node)
        evidence = Evidence(f"ratio of {source(node, self.spans)}", place)
        above = " ".join(identifiers(node.left)) if rollouts else ""
        if not rollouts:
            self.recomputed_ratios.append(evidence)
        elif _OLD.search(above) or "recomput" in above:
            self.correction_ratios.setdefault(place.start, evidence)
        elif not only_corrections:
            self.rollout_ratios.append(evidence)

    def _weight(self, value: ast.expr) -> None:
        """`tis = torch.exp(a - b).clamp(max=c)`: what it is for, its name says."""
        for node in islice(ast.walk(value), _MOST_NODES):
            if isinstance(node, ast.Call) and called(node) == "exp" and node.args:
                text = f"importance weight {source(node, self.spans)}"
                place = self.spans.place(node.args[0])
                self.correction_ratios.setdefault(place.start, Evidence(text, place))

    def _option(self, name: str, default: Value, node: ast.AST) -> None:
        switches = _CORRECTION.fullmatch(name) and isinstance(default, bool | str | None)
        caps = _CAP.fullmatch(name) and isinstance(default, int | float | None)
        if switches or caps:
            self.options.append(Option(name, default, self.spans.place(node)))


def _says_aborted(node: ast.expr) -> bool:
    """`"abort"`, `("abort", "aborted")`, `FinishReason.ABORT`."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(map(_says_aborted, node.elts))
    if isinstance(node, ast.Attribute):
        return "ABORT" in node.attr and _REASON.search(dotted(node.value) or "") is not None
    return is_text(node, "abort") or is_text(node, "aborted")


def _default_of(value: ast.expr | None) -> Value:
    """A field's default: UNKNOWN where it has none, or one that is made when it is asked for."""
    if isinstance(value, ast.Call):
        value = next((k.value for k in value.keywords if k.arg == "default"), None)
    return UNKNOWN if value is None else literal(value)


def _default_of_flag(node: ast.Call) -> Value:
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    if "default" in given:
        return literal(given["default"])
    actions: dict[Value, Value] = {"store_true": False, "store_false": True}
    action = literal(given["action"]) if "action" in given else UNKNOWN
    return actions.get(action, UNKNOWN) if isinstance(action, str) else UNKNOWN


def _is_fp32_head(node: ast.Call, name: str) -> bool:
    """`model.lm_head.float()`, `lm_head.weight.to(torch.float32)`."""
    if name not in ("float", "to") or not isinstance(node.func, ast.Attribute):
        return False
    owner = dotted(node.func.value)
    if owner is None or not _HEAD.search(owner):
        return False
    given = [dotted(arg) for arg in (*node.args, *(k.value for k in node.keywords))]
    return name == "float" or "torch.float32" in given


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
