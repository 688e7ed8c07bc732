"""From a command's words to its flags and `a.b=c` overrides."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rlconfig_lint.model import UNKNOWN, Entry, Place, Value
from rlconfig_lint.readers.scalars import json_value, plain
from rlconfig_lint.readers.shell.words import HIDDEN, Word

_OVERRIDE = re.compile(r"(\+{0,2})([A-Za-z_][\w./@-]*)=(.*)", re.DOTALL)
_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_BARE_FLAGS = ("enable", "disable", "no-", "no_", "async-sch", "async_sch", "enforce", "trust")
_BOOLEANS = ("true", "false")
_NUMBER = re.compile(r"-[\d.].*", re.DOTALL)
_BETWEEN = re.compile(r"(?:\s|\\\r?\n|(?<=\s)#[^\n]*\n)*")
_FARTHEST = 1_000
_DEEPEST = 50
# `"$@"`: a script is judged as it stands, without what a caller may add.
_CALLERS = re.compile(r'"?\$(?:[@*]|\{[@*](?::1)?\})"?')
# Variables whose name says that they hold more than one argument.
_SEVERAL = re.compile(
    r"(?:_|\b)(?:(?:kw)?args?|flags?|opts?|options|extras?|overrides?|params?)(?:_|\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Given:
    """What a command is given, and whether an argument may hide in a word that is not known."""

    entries: tuple[Entry, ...]
    open: bool


def given(words: Sequence[Word]) -> Given:
    """The flags and overrides among a command's words."""
    entries: list[Entry] = []
    hides = False
    number = 0
    while number < len(words):
        word = words[number]
        number += 1
        flag = _FLAG.fullmatch(word.text)
        if flag:
            following = words[number] if number < len(words) else None
            if flag[2] is not None or not _is_value(flag[1], following):
                following = None
            number += following is not None
            entries.append(_flag(word, flag, following))
            hides = hides or (following is not None and _several(following))
        elif override := _OVERRIDE.fullmatch(word.text):
            entry = _override(word, override)
            entries.append(entry)
            if isinstance(entry.value, dict):
                entries.extend(_opened(entry, entry.value))
        elif word.blank and entries and not _CALLERS.fullmatch(word.raw):
            hides = True  # in front of the first argument it is a part of the program's name
    return Given(tuple(entries), hides)


def value_of(text: str) -> Value:
    """What a word means to the program that reads it."""
    return UNKNOWN if HIDDEN in text else plain(text.strip("\"'"))


def _several(word: Word) -> bool:
    """`--flag $EXTRA_ARGS`: outside quotes it may be any number of words."""
    return word.blank and word.raw[:1] == "$" and bool(_SEVERAL.search(word.raw))


def _is_value(flag: str, following: Word | None) -> bool:
    """Whether the next word is a flag's value."""
    if following is None or following.text.startswith("--"):
        return False
    if flag.startswith(_BARE_FLAGS) and following.text.lower() not in _BOOLEANS:
        return False
    if following.text[:1] == "-" and not _NUMBER.fullmatch(following.text):
        return False
    override = _OVERRIDE.fullmatch(following.text)
    return not (override and ("." in override[2] or override[1]))


def _flag(word: Word, flag: re.Match[str], following: Word | None) -> Entry:
    dashes = word.text[: len(word.text) - len(word.text.lstrip("-"))]
    path, written = tuple(flag[1].split(".")), dashes + flag[1]
    if following is None:
        value = True if flag[2] is None else value_of(flag[2])
        value_place = None if flag[2] is None else _after_equals(word)
        return Entry(path, value, word.place(), value_place, word.shared, written)
    beside = _beside(word, following)
    place = word.file.place(word.start, following.end) if beside else word.place()
    shared = word.shared or following.shared or not beside
    return Entry(path, value_of(following.text), place, following.place(), shared, written)


def _override(word: Word, found: re.Match[str]) -> Entry:
    return Entry(
        tuple(found[2].split(".")),
        value_of(found[3]),
        word.place(),
        _after_equals(word),
        word.shared,
        found[1] + found[2],
    )


def _beside(word: Word, following: Word) -> bool:
    """Whether a flag and its value stand next to each other in one file."""
    if following.file is not word.file or not 0 <= following.start - word.end <= _FARTHEST:
        return False
    return _BETWEEN.fullmatch(word.file.body, word.end, following.start) is not None


def _after_equals(word: Word) -> Place:
    """Where the value of `key=value` is written; a word in quotes keeps them."""
    raw = word.raw
    quoted = raw[:1] in ("'", '"') and raw.find(raw[:1], 1) == len(raw) - 1
    begin = word.start + raw.find("=") + 1
    return word.file.place(begin, max(begin, word.end - quoted))


def _opened(entry: Entry, mapping: dict[str, object]) -> Iterator[Entry]:
    """The keys of `a.b={c: d}`. They are read here and written nowhere."""
    for key, found in mapping.items():
        value = json_value(found)
        path = (*entry.path, str(key))
        inner = replace(entry, path=path, value=value, shared=True, written="")
        yield inner
        if isinstance(value, dict) and len(inner.path) < _DEEPEST:
            yield from _opened(inner, value)
