"""Which SamplingParams are for evaluation: what is sampled there, no policy learns from."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import ClassVar

from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.tells.words import called, identifiers, words
from rlconfig_lint.readers.python.walk import Around, Function

_EVALUATES = frozenset(
    (
        "eval",
        "evals",
        "evaluate",
        "evaluating",
        "evaluation",
        "greedy",
        "test",
        "testing",
        "val",
        "valid",
        "validate",
        "validation",
    )
)
_TRAINS = frozenset(("train", "training"))


@dataclass
class Evaluations:
    """Where the SamplingParams for evaluation start, while a module is walked."""

    WORDS: ClassVar = ("SamplingParams",)

    spans: Spans
    starts: set[int] = field(default_factory=set)
    names: dict[int, tuple[str, ...]] = field(default_factory=dict)  # by the node assigned
    branches: dict[ast.AST, dict[int, bool]] = field(default_factory=dict)

    def at_assignment(self, node: ast.Assign, _: Around) -> None:
        """Calls are seen behind the assignment that they stand in."""
        if isinstance(node.value, ast.Call | ast.IfExp):
            names = tuple(name for target in node.targets for name in identifiers(target))
            if isinstance(node.value, ast.IfExp):
                self.names[id(node.value.body)] = self.names[id(node.value.orelse)] = names
            self.names[id(node.value)] = names

    def at_call(self, node: ast.Call, around: Around) -> None:
        if called(node).endswith("SamplingParams") and self._evaluates(node, around):
            self.starts.add(self.spans.place(node).start)

    def _evaluates(self, node: ast.Call, around: Around) -> bool:
        if words(*self.names.get(id(node), ())) & _EVALUATES:
            return True
        if any(_given_by_evaluation(keyword.value) for keyword in node.keywords):
            return True
        if not around.functions:
            return False
        function = around.functions[-1]
        if function not in self.branches:
            self.branches[function] = _branches(function)
        return self.branches[function].get(id(node), False)


def _given_by_evaluation(value: ast.expr) -> bool:
    """`temperature=args.eval_temperature`, `**eval_kwargs`."""
    plain = isinstance(value, ast.Attribute | ast.Name | ast.Subscript)
    return plain and bool(words(*identifiers(value)) & _EVALUATES)


def _branches(function: Function) -> dict[int, bool]:
    """Every call in a function that stands in a branch, by whether that one evaluates."""
    found: dict[int, bool] = {}
    todo: list[tuple[ast.AST, bool | None]] = [(child, None) for child in function.body]
    while todo:
        node, evaluates = todo.pop()
        if isinstance(node, ast.Call) and evaluates is not None:
            found[id(node)] = evaluates
        if isinstance(node, ast.If | ast.IfExp) and (asked := _asks(node.test)) is not None:
            first = node.body if isinstance(node.body, list) else [node.body]
            second = node.orelse if isinstance(node.orelse, list) else [node.orelse]
            todo += [(child, asked) for child in first]
            todo += [(child, not asked) for child in second]
        else:
            todo += [(child, evaluates) for child in ast.iter_child_nodes(node)]
    return found


def _asks(test: ast.expr) -> bool | None:
    """Whether a condition holds when something is evaluated; None where it asks something else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _asks(test.operand)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        return None
    said = words(*identifiers(test))
    if bool(said & _EVALUATES) == bool(said & _TRAINS):
        return None
    return bool(said & _EVALUATES)
