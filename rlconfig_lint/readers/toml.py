"""Reads TOML: the standard library's parser for the values, a line scan for where they stand.

A scan can be misled (a key inside a multi-line string); every fix is parsed again and compared, so
a misplaced span can cost a fix but never write one.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, Place, Value
from rlconfig_lint.readers.text import Text, UnreadableError

_KEY = r"(?:[A-Za-z0-9_-]+|\"[^\"\n]*\"|'[^'\n]*')"
_HEADER = re.compile(rf"^\s*\[\s*({_KEY}(?:\s*\.\s*{_KEY})*)\s*\]")
_ARRAY_HEADER = re.compile(r"^\s*\[\[")
_ASSIGNMENT = re.compile(rf"^(\s*)({_KEY}(?:\s*\.\s*{_KEY})*)(\s*=\s*)")
_ONE_KEY = re.compile(_KEY)
_VALUE = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^#\n\r\[{\"']+")
_LONGEST = 5_000_000


def read(text: Text) -> tuple[Block, ...]:
    """The whole file as one block.

    Raises:
        UnreadableError: the text is not TOML.
    """
    if len(text.body) > _LONGEST:
        raise UnreadableError(f"longer than {_LONGEST:,} characters: not read")
    try:
        found = parse(text.body)
    except (ValueError, RecursionError) as error:
        line = re.search(r"line (\d+)", str(error))
        message = f"does not parse: {error}"
        raise UnreadableError(message, int(line.group(1)) if line else 1) from None
    places = dict(_scan(text))
    whole = text.place(0, len(text.body))
    entries = tuple(_entries(found, (), places, text.place(0, 0)))
    return (Block(Form.DOCUMENT, "", whole, entries),)


def parse(body: str) -> dict[str, Any]:
    """The values of a TOML text.

    Raises:
        ValueError: it is not TOML; the message names the line.
    """
    return tomllib.loads(body.replace("\r\n", "\n"))


def _entries(
    table: dict[str, object],
    path: tuple[str, ...],
    places: dict[tuple[str, ...], tuple[Place, Place | None]],
    fallback: Place,
) -> Iterator[Entry]:
    for key, value in table.items():
        here = (*path, key)
        place, value_place = places.get(here, (fallback, None))
        if isinstance(value, dict):
            yield Entry(here, {}, place, value_place)
            yield from _entries(value, here, places, place)
        else:
            shared = value_place is None
            yield Entry(here, _value(value), place, value_place, shared=shared)


def _value(found: object) -> Value:
    if isinstance(found, bool | int | float | str | list):
        return found
    return UNKNOWN


def _scan(text: Text) -> Iterator[tuple[tuple[str, ...], tuple[Place, Place | None]]]:
    """The path and place of every table header and of every assignment on a line of its own."""
    table: tuple[str, ...] = ()
    known = True
    for number, start in enumerate(text.line_starts, 1):
        line = text.line(number)
        header = _HEADER.match(line)
        if header:
            table, known = _keys(header.group(1)), True
            yield table, (text.place(start + header.start(1), start + header.end(1)), None)
        elif _ARRAY_HEADER.match(line):
            known = False
        elif known and (found := _ASSIGNMENT.match(line)):
            path = (*table, *_keys(found.group(2)))
            value = _VALUE.match(line, found.end())
            begin = start + found.end()
            end = start + len(value.group().rstrip()) + found.end() if value else None
            value_place = text.place(begin, end) if end else None
            yield path, (text.place(start + found.start(2), end or begin), value_place)


def _keys(dotted: str) -> tuple[str, ...]:
    return tuple(key.strip("\"'") for key in _ONE_KEY.findall(dotted))
