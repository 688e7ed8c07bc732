"""The grammar of OmegaConf's interpolations: `${a.b}`, `${.c}`, `${oc.env:X,1}`, `"${a}-${b}"`.

What this does not read with certainty it gives up on: the value is then unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from rlconfig_lint.model import Value

_DEEPEST = 20
_LONGEST = 10_000
_OPENING = re.compile(r"(?<!\\)(\\*)\$\{")
_NAME = re.compile(r"\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\s*:")
_KEY = re.compile(r"[^\\{}()\[\]:. \t'\"$,]+")
_PLAIN = re.compile(r"[\w/\-+.%*@?|: \t]")
_INT = re.compile(r"[+-]?(?:0|[1-9](?:_?[0-9])*)", re.ASCII)
_POINT = r"(?:(?:0|[1-9](?:_?[0-9])*)\.|(?:0|[1-9](?:_?[0-9])*)?\.[0-9](?:_?[0-9])*)"
_FLOAT = re.compile(
    rf"[+-]?(?:{_POINT}|(?:(?:0|[1-9](?:_?[0-9])*)|{_POINT})[eE][+-]?[0-9](?:_?[0-9])*|inf|nan)",
    re.ASCII | re.IGNORECASE,
)
_LONGEST_NUMBER = 300


@dataclass(frozen=True, slots=True)
class Reference:
    """`${a.b}`; `${.c}` has one dot: beside the value itself."""

    dots: int
    keys: tuple[str | Text, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`${name:argument,...}`"""

    name: str
    arguments: tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Argument:
    """A constant, or a text with interpolations; a quoted one is a string whatever it gives."""

    constant: Value = None
    text: Text | None = None
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """Literal text and interpolations, one behind the other."""

    parts: tuple[str | Reference | Call, ...]


Part: TypeAlias = "str | Reference | Call"


def interpolates(value: Value) -> bool:
    """Whether OmegaConf would see an interpolation in a value."""
    return isinstance(value, str) and "${" in value


@lru_cache(maxsize=1024)
def parsed(text: str) -> Text | None:
    """A value's literal text and interpolations; None where the grammar is not certain."""
    if len(text) > _LONGEST:
        return None
    try:
        return _Parser(text).whole()
    except _UncertainError:
        return None


def primitive(word: str) -> Value:
    """An unquoted word as OmegaConf's and Hydra's grammars take it: `1e-5`, `true`, `null`, text.

    Unlike in YAML, `yes` and `~` are text."""
    lowered = word.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if lowered == "null":
        return None
    if len(word) < _LONGEST_NUMBER:
        if _INT.fullmatch(word):
            return int(word)
        if _FLOAT.fullmatch(word):
            return float(word)
    return word


class _UncertainError(Exception):
    """Something that this grammar leaves to OmegaConf's own."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.depth = 0

    def whole(self) -> Text:
        return Text(tuple(self._parts()))

    def _parts(self) -> list[Part]:
        """Everything to the end; a backslash in front of `${` takes its meaning away."""
        parts: list[Part] = []
        while True:
            found = _OPENING.search(self.text, self.at)
            if found is None:
                parts.append(self.text[self.at :])
                break
            slashes = found.group(1)
            literal = self.text[self.at : found.start()] + slashes[: len(slashes) // 2]
            self.at = found.end()
            if len(slashes) % 2:
                parts.append(f"{literal}${{")
                continue
            parts.append(literal)
            parts.append(self._interpolation())
        return [part for part in parts if part != ""] or [""]

    def _interpolation(self) -> Reference | Call:
        """What stands behind `${`, and its closing brace."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise _UncertainError
        named = _NAME.match(self.text, self.at)
        if named:
            self.at = named.end()
            found: Reference | Call = Call(named.group(1), tuple(self._arguments()))
        else:
            found = self._reference()
        self._expect("}")
        self.depth -= 1
        return found

    def _reference(self) -> Reference:
        self._space()
        start = self.at
        while self._peek() == ".":
            self.at += 1
        dots = self.at - start
        keys = [self._bracketed() if self._peek() == "[" else self._key()]
        while self._peek() in (".", "["):
            if self._peek() == "[":
                keys.append(self._bracketed())
            else:
                self.at += 1
                keys.append(self._key())
        self._space()
        return Reference(dots, tuple(keys))

    def _bracketed(self) -> str | Text:
        self._expect("[")
        key = self._key()
        self._expect("]")
        return key

    def _key(self) -> str | Text:
        if self.text.startswith("${", self.at):
            self.at += 2
            return Text((self._interpolation(),))
        found = _KEY.match(self.text, self.at)
        if not found:
            raise _UncertainError
        self.at = found.end()
        return found.group()

    def _arguments(self) -> list[Argument]:
        self._space()
        if self._peek() == "}":
            return []
        arguments = [self._argument()]
        while self._peek() == ",":
            self.at += 1
            self._space()
            arguments.append(self._argument())
        return arguments

    def _argument(self) -> Argument:
        opening = self._peek()
        if opening in ("'", '"'):
            return self._quoted(opening)
        if opening in ("[", "{"):
            return self._empty(opening)
        parts: list[Part] = []
        while True:
            if self.text.startswith("${", self.at):
                self.at += 2
                parts.append(self._interpolation())
            elif _PLAIN.match(self.text, self.at):
                parts.append(self.text[self.at])
                self.at += 1
            else:
                break
        return _joined(parts)

    def _quoted(self, quote: str) -> Argument:
        """A string without escapes; interpolations in it are followed."""
        end = self.at = self.at + 1
        depth = 0
        while end < len(self.text) and (depth or self.text[end] != quote):
            depth += self.text.startswith("${", end) - (depth > 0 and self.text[end] == "}")
            end += 1
        inner = self.text[self.at : end]
        if end >= len(self.text) or "\\" in inner or (depth == 0 and quote in inner):
            raise _UncertainError
        if self.depth * len(inner) > _LONGEST:
            raise _UncertainError
        self.at = end + 1
        self._space()
        parser = _Parser(inner)
        parser.depth = self.depth
        return Argument(text=parser.whole(), quoted=True)

    def _empty(self, opening: str) -> Argument:
        self.at += 1
        self._space()
        self._expect("]" if opening == "[" else "}")
        self._space()
        empty: list[object] | dict[str, object] = [] if opening == "[" else {}
        return Argument(empty)

    def _peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def _expect(self, character: str) -> None:
        if self._peek() != character:
            raise _UncertainError
        self.at += 1

    def _space(self) -> None:
        while self._peek() in (" ", "\t"):
            self.at += 1


def _joined(parts: list[Part]) -> Argument:
    """An unquoted argument: a constant, or text around interpolations; blanks at its ends go."""
    merged: list[Part] = []
    for part in parts:
        if isinstance(part, str) and merged and isinstance(merged[-1], str):
            merged[-1] += part
        else:
            merged.append(part)
    if merged and isinstance(merged[0], str):
        merged[0] = merged[0].lstrip(" \t")
    if merged and isinstance(merged[-1], str):
        merged[-1] = merged[-1].rstrip(" \t")
    merged = [part for part in merged if part != ""]
    if not merged:  # OmegaConf warns and takes it for ""
        raise _UncertainError
    if len(merged) == 1 and isinstance(merged[0], str):
        return Argument(primitive(merged[0]))
    return Argument(text=Text(tuple(merged)))
