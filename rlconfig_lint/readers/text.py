"""Bytes to text with places: every reader and every writer counts the same characters."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

from rlconfig_lint.model import Place

BOM = "\ufeff"
_NEWLINE = re.compile(r"\r\n|\n|\r")


class UnreadableError(Exception):
    """The file is not something to read; the message says what is wrong and what to do."""

    def __init__(self, reason: str, line: int = 1, *, template: bool = False) -> None:
        super().__init__(reason)
        self.line = line
        self.template = template  # nothing is wrong with it: it is not this language yet


@dataclass(frozen=True)
class Text:
    """A decoded file. `body` has no byte-order mark; everything else stands as it was."""

    path: str
    body: str
    bom: bool = False
    exact: bool = field(default=True, kw_only=True)  # its places are those of single characters

    @classmethod
    def decode(cls, path: str, data: bytes) -> Text:
        """Decode UTF-8.

        Raises:
            UnreadableError: the bytes are binary or in another encoding.
        """
        if b"\0" in data:
            raise UnreadableError("binary file: not read")
        try:
            body = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise UnreadableError("not UTF-8: save the file as UTF-8", line) from None
        return cls(path, body.removeprefix(BOM), body.startswith(BOM))

    def encode(self) -> bytes:
        return ((BOM if self.bom else "") + self.body).encode("utf-8")

    @cached_property
    def newline(self) -> str:
        """The file's own newline: that of its first line."""
        found = _NEWLINE.search(self.body)
        return found.group() if found else "\n"

    @cached_property
    def line_starts(self) -> list[int]:
        return [0, *(found.end() for found in _NEWLINE.finditer(self.body))]

    def position(self, offset: int) -> tuple[int, int]:
        """The 1-based row and column of a character."""
        row = bisect.bisect_right(self.line_starts, offset)
        return row, offset - self.line_starts[row - 1] + 1

    def place(self, start: int, end: int) -> Place:
        line, column = self.position(start)
        end_line, end_column = self.position(end)
        return Place(self.path, start, end, line, column, end_line, end_column)

    def line(self, number: int) -> str:
        """A row's text without its newline; empty past the end."""
        if not 1 <= number <= len(self.line_starts):
            return ""
        start = self.line_starts[number - 1]
        end = self.line_starts[number] if number < len(self.line_starts) else len(self.body)
        return self.body[start:end].rstrip("\r\n")

    def indentation(self, offset: int) -> str:
        """The white space before the first word of the row that `offset` stands in."""
        row = self.line(self.position(offset)[0])
        return row[: len(row) - len(row.lstrip(" \t"))]


Lookup = Callable[[str], "Text | None"]


def nowhere(path: str) -> Text | None:
    """A lookup that finds no other file."""
    return None
