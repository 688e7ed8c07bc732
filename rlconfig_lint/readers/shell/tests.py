"""Tests in a script whose answer is known: a script is judged as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rlconfig_lint.readers.shell.expansion import assigned
from rlconfig_lint.readers.shell.run import Run
from rlconfig_lint.readers.shell.words import HIDDEN

if TYPE_CHECKING:
    from tree_sitter import Node

_PATTERN = re.compile(r"[*?\[\]\\+@!(]")
_NESTED = ("unary_expression", "binary_expression", "parenthesized_expression")
_TEXT = ("concatenation", "expansion", "raw_string", "simple_expansion", "string", "word")
_VARIABLE = re.compile(r"\$\{?([A-Za-z_]\w*)")


def verdict(run: Run, tests: Iterable[Node]) -> bool | None:
    """Whether `[ "$A" = b ]` holds; None where only a run would tell."""
    answers = [_answer(run, test) for test in tests if test.type != "comment"]
    return answers[-1] if len(answers) == 1 else None


def matches(run: Run, text: str | None, pattern: Node) -> bool | None:
    """Whether a text is what a pattern of `case` or `[[ ]]` says."""
    quoted = pattern.type in ("string", "raw_string")
    if not quoted and run.script.source(pattern) == "*":
        return True
    wanted = text_of(run, pattern)
    if text is None or wanted is None or (not quoted and _PATTERN.search(wanted)):
        return None
    return text == wanted


def text_of(run: Run, node: Node) -> str | None:
    """The text of a word, where it is known."""
    text = assigned(run.script.word(node), run)
    return None if HIDDEN in text else text


def asked(run: Run, tests: Iterable[Node]) -> set[str]:
    """The variables that tests ask for."""
    return {name for test in tests for name in _VARIABLE.findall(run.script.source(test))}


def _answer(run: Run, test: Node) -> bool | None:
    if test.type == "list" and len(test.children) == 3:
        left, operator, right = test.children
        return _joined(operator.type, _answer(run, left), _answer(run, right))
    if test.type == "negated_command" and test.named_children:
        return _negated(_answer(run, test.named_children[0]))
    if test.type != "test_command" or len(test.named_children) != 1:
        return None
    return _expression(run, test.named_children[0])


def _expression(run: Run, node: Node) -> bool | None:
    operands = node.named_children
    if node.type in _TEXT:
        return _negated(_empty(run, node))
    if node.type not in _NESTED:
        return None
    if node.children[0].type == "!" and len(operands) == 1:
        return _negated(_expression(run, operands[0]))
    if len(operands) == 2 and node.children[1].type in ("&&", "||"):
        answers = (_expression(run, operand) for operand in operands)
        return _joined(node.children[1].type, *answers)
    if len(operands) != 2 or any(operand.type in _NESTED for operand in operands):
        return None
    if node.type == "unary_expression":
        empty = _empty(run, operands[1])
        operator = run.script.source(operands[0])
        return {"-z": empty, "-n": _negated(empty)}.get(operator)
    operator = node.children[1].type
    same = matches(run, text_of(run, operands[0]), operands[1])
    return {"=": same, "==": same, "!=": _negated(same)}.get(operator)


def _joined(operator: str, left: bool | None, right: bool | None) -> bool | None:
    decides = operator == "||"
    if decides in (left, right):
        return decides
    return None if None in (left, right) else not decides


def _empty(run: Run, node: Node) -> bool | None:
    text = text_of(run, node)
    return None if text is None else text == ""


def _negated(answer: bool | None) -> bool | None:
    return None if answer is None else not answer
