"""Logits divided by the sampling temperature on the side that learns.

`logits.div_(temperature)` (verl, TRL, OpenRLHF), `logits = hidden @ weight / temperature` (oat),
`logits *= inv_temperature` (kernels), `1 / temperature` beside a fused head (TRL, prime-rl),
`lm_head_weight / temperature` (SkyRL), `log_probs(logits, tokens, temperature)` (OpenRLHF, AReaL).
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from typing import ClassVar

from rlconfig_lint.model import UNKNOWN, Division, Value
from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.tells.words import identifiers, source, words
from rlconfig_lint.readers.python.walk import Around

_INVERSE = frozenset(("inv", "inverse", "rcp", "recip", "reciprocal"))
_LOGPROBS = re.compile(r"log_?prob|logps?(?:_|$)|log_softmax", re.IGNORECASE)
_OF_A_HEAD = re.compile(r"logit|hidden|lm_head|vocab", re.IGNORECASE)
# A temperature of something else: distillation, contrastive losses, sampling without an engine.
_ANOTHER = frozenset(
    (
        "contrastive",
        "diffusion",
        "distill",
        "distillation",
        "draft",
        "embedding",
        "generate",
        "gkd",
        "gumbel",
        "kd",
        "reranker",
        "router",
        "sample",
        "similarity",
        "student",
        "teacher",
    )
)


@dataclass
class Divisions:
    """What one module divides logits by, while it is walked."""

    WORDS: ClassVar = ("temperature", "TEMPERATURE")

    spans: Spans
    elsewhere: bool = False  # the module is about another temperature
    found: list[Division] = field(default_factory=list)
    constants: dict[str, Value] = field(default_factory=dict)  # TEMPERATURE = 0.7
    starts: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, spans: Spans) -> Divisions:
        return cls(spans, bool(words(spans.text.path) & _ANOTHER))

    def all(self) -> tuple[Division, ...]:
        return tuple(
            Division(d.divisor, d.place, self.constants.get(d.divisor, d.temperature))
            for d in self.found
        )

    def at_operation(self, node: ast.BinOp | ast.AugAssign, around: Around) -> None:
        if isinstance(node, ast.BinOp):
            left, right = node.left, node.right
        else:
            left, right = node.target, node.value
        if isinstance(node.op, ast.Div):
            if _names_temperature(right) and (_names_logits(left) or _inverts(left, around)):
                self._note(node, left, right, around)
        elif isinstance(node.op, ast.Mult) and _names_inverse(right) and _names_logits(left):
            self._note(node, left, right, around)

    def at_assignment(self, node: ast.Assign, around: Around) -> None:
        """`logits = (hidden @ weight) / temperature`, and the name of a constant."""
        target, value = node.targets[0], node.value
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Div):
            if _names_logits(target) and _names_temperature(value.right):
                self._note(value, target, value.right, around)
        elif isinstance(target, ast.Name) and not around.functions:
            self.constants[target.id] = _number(value)

    def at_call(self, node: ast.Call, around: Around) -> None:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in ("div", "div_"):
            if node.args and _names_logits(function) and _names_temperature(node.args[0]):
                self._note(node, function, node.args[0], around)
            return
        name = function.attr if isinstance(function, ast.Attribute) else ""
        name = function.id if isinstance(function, ast.Name) else name
        if _LOGPROBS.search(name):
            given = (*node.args, *(keyword.value for keyword in node.keywords))
            divisor = next((value for value in given if _names_temperature(value)), None)
            if divisor is not None and any(map(_names_logits, (function, *given))):
                self._note(node, function, divisor, around)

    def _note(self, node: ast.AST, left: ast.AST, right: ast.expr, around: Around) -> None:
        said = words(around.inside, *identifiers(left), *identifiers(right))
        place = self.spans.place(node)
        if self.elsewhere or said & _ANOTHER or place.start in self.starts:
            return
        self.starts.add(place.start)
        self.found.append(Division(source(right, self.spans), place, _number(right)))


def _number(node: ast.expr) -> Value:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return node.value
    return UNKNOWN


def _names_temperature(node: ast.expr) -> bool:
    return any("temperature" in word.lower() for word in identifiers(node))


def _names_logits(node: ast.AST) -> bool:
    return any("logit" in w.lower() or "lm_head" in w.lower() for w in identifiers(node))


def _names_inverse(node: ast.expr) -> bool:
    return any(
        "temperature" in name.lower() and words(name) & _INVERSE for name in identifiers(node)
    )


def _inverts(left: ast.expr, around: Around) -> bool:
    """`1 / temperature` in a function that is given hidden states or logits."""
    if not isinstance(left, ast.Constant) or left.value != 1 or not around.functions:
        return False
    given = around.functions[-1].args
    names = (a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs))
    return any(map(_OF_A_HEAD.search, names))
