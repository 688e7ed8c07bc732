"""Completions that are read as text and turned into tokens again, for what is trained on.

A name holds a completion's text where its function says so: `text = output.outputs[0].text`. What
is counted (`len(tokenizer.encode(text))`) or judged is no training data, by the name it gets.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import ClassVar

from rlconfig_lint.model import Retokenized
from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.tells.words import source
from rlconfig_lint.readers.python.walk import Around

_TOKENIZER = re.compile(r"(?:\w+_)?tokenizer|processing_class", re.IGNORECASE)
_HAS_TOKENS = re.compile(r"\.token_ids|['\"](?:output_|completion_)?token_ids|return_token")
_TRAINED_ON = re.compile(
    r"(?:(?:response|completion|rollout|action|generat(?:ed|ion)|assistant|output|full|sequence)s?_)"
    r"(?:\w+_)?(?:ids|tokens|labels)|(?:input|token)_ids|labels"
)
_LOGPROBS = frozenset(("logprobs", "token_logprobs", "cumulative_logprob"))
_CHAT = (("content", "message", "[]", "choices"),)
_TEXT = (("text", "[]", "outputs"), ("text", "[]", "choices"))
_TAKES_TEXT = re.compile(r"message\.content|\]\.text|\[['\"](?:content|text)['\"]\]")
_LONGEST = 20_000  # of a function, in characters


@dataclass
class Retokenizing:
    """What one module tokenizes again, while it is walked."""

    WORDS: ClassVar = (
        "message.content",
        "].text",
        '["content"]',
        '["text"]',
        "['content']",
        "['text']",
    )

    spans: Spans
    found: dict[int, Retokenized] = field(default_factory=dict)  # by where it starts

    def at_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef, around: Around) -> None:
        written = source(node, self.spans, _LONGEST)
        if not _TAKES_TEXT.search(written) or _HAS_TOKENS.search(written):
            return
        texts = _texts(node)
        paired = any(_reads_logprobs(child) for child in ast.walk(node))
        inside = f"{around.inside}.{node.name}".lstrip(".")
        for value in _trained_on(node):
            call = _tokenizing(value)
            text = next(filter(None, (_text_in(a, texts) for a in _given(call))), None)
            if call is not None and text is not None:
                place = self.spans.place(call)
                again = Retokenized(source(text, self.spans), place, inside, paired)
                self.found.setdefault(place.start, again)


def _trained_on(function: ast.AST) -> Iterator[ast.expr]:
    """The values that get the name of training data: as a variable, a keyword or a key."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            if any(_TRAINED_ON.fullmatch(_last_name(target)) for target in node.targets):
                yield node.value
        elif isinstance(node, ast.keyword):
            if _TRAINED_ON.fullmatch(node.arg or ""):
                yield node.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and _TRAINED_ON.fullmatch(str(key.value)):
                    yield value


def _last_name(target: ast.expr) -> str:
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return (dotted(target) or "").rpartition(".")[2]


def _tokenizing(value: ast.expr) -> ast.Call | None:
    """The tokenizer's call in `tokenizer(text)["input_ids"][0].to(device)`, also one a text."""
    node: ast.expr = value
    while True:
        if isinstance(node, ast.ListComp):
            node = node.elt
        elif isinstance(node, ast.Subscript | ast.Attribute):
            node = node.value
        elif isinstance(node, ast.Call):
            if _is_tokenizer(node.func):
                return node
            if not isinstance(node.func, ast.Attribute):
                return None
            node = node.func.value
        else:
            return None


def _is_tokenizer(function: ast.expr) -> bool:
    name = dotted(function) or ""
    name = name.removesuffix(".encode")
    return _TOKENIZER.fullmatch(name.rpartition(".")[2]) is not None


def _given(call: ast.Call | None) -> list[ast.expr]:
    if call is None:
        return []
    return [*call.args[:1], *(k.value for k in call.keywords if k.arg == "text")]


def _texts(function: ast.AST) -> frozenset[str]:
    """The names that hold completions' texts and nothing else."""
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            if isinstance(node.targets[0], ast.Name):
                given.setdefault(node.targets[0].id, []).append(node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            given.setdefault(node.target.id, []).append(node.value)
    held = {name for name, values in given.items() if all(map(_is_completion, values))}
    for node in ast.walk(function):
        if isinstance(node, ast.For | ast.comprehension) and _goes_through(node.iter, held):
            held.add(_last_name(node.target))
    return frozenset(held)


def _goes_through(iterated: ast.expr, held: Collection[str]) -> bool:
    return isinstance(iterated, ast.Name) and iterated.id in held


def _is_completion(value: ast.expr) -> bool:
    """`output.outputs[0].text`, `answer["choices"][0]["message"]["content"]`, a list of either."""
    if isinstance(value, ast.ListComp):
        value = value.elt
    return tuple(islice(_steps(value), 4)) in _CHAT or tuple(islice(_steps(value), 3)) in _TEXT


def _steps(value: ast.expr) -> Iterator[str]:
    """Attributes and keys from the last to the first; `[]` for a place in a list."""
    while isinstance(value, ast.Attribute | ast.Subscript):
        if isinstance(value, ast.Attribute):
            yield value.attr
        else:
            key = value.slice.value if isinstance(value.slice, ast.Constant) else None
            yield key if isinstance(key, str) else "[]"
        value = value.value
    if isinstance(value, ast.Name):
        yield value.id


def _text_in(argument: ast.expr, texts: frozenset[str]) -> ast.expr | None:
    """A completion's text that is the argument, or a part of a sum or list of texts."""
    if isinstance(argument, ast.BinOp):
        return _text_in(argument.left, texts) or _text_in(argument.right, texts)
    if isinstance(argument, ast.List):
        return next(filter(None, (_text_in(part, texts) for part in argument.elts)), None)
    named = isinstance(argument, ast.Name) and argument.id in texts
    return argument if named or _is_completion(argument) else None


def _reads_logprobs(node: ast.AST) -> bool:
    """`output.logprobs`, `choice["logprobs"]`; what is assigned to asks for them."""
    if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
        return isinstance(node.slice, ast.Constant) and node.slice.value in _LOGPROBS
    if not isinstance(node, ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return False
    return node.attr in _LOGPROBS
