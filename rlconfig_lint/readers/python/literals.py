"""Values and spans of `ast` nodes."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from rlconfig_lint.model import UNKNOWN, Place, Value
from rlconfig_lint.readers.text import Text


def literal(node: ast.expr) -> Value:
    """The value of a literal expression; UNKNOWN for anything that would have to be run."""
    try:
        found = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return _partly_literal(node)
    if found is None or isinstance(found, bool | int | float | str | list):
        return found
    if isinstance(found, dict):
        return {str(key): value for key, value in found.items()}
    return list(found) if isinstance(found, tuple | set) else UNKNOWN


def _partly_literal(node: ast.expr) -> Value:
    if not isinstance(node, ast.Dict):
        return UNKNOWN
    known = {
        key.value: literal(value)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    return {**known} if len(known) == len(node.keys) else UNKNOWN


@dataclass
class Spans:
    """Turns `ast` positions (rows, UTF-8 bytes) into places (characters)."""

    text: Text
    columns: dict[int, list[int]] = field(default_factory=dict)

    def offset(self, row: int, byte_column: int) -> int:
        start = self.text.line_starts[row - 1]
        if row not in self.columns:
            self.columns[row] = _columns(self.text.line(row))
        columns = self.columns[row]
        return start + (columns[min(byte_column, len(columns) - 1)] if columns else byte_column)

    def place(self, node: ast.AST) -> Place:
        row, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
        end_row = getattr(node, "end_lineno", None) or row
        end_column = getattr(node, "end_col_offset", None) or column
        return self.text.place(self.offset(row, column), self.offset(end_row, end_column))


def _columns(line: str) -> list[int]:
    """The character that each byte of a row belongs to; empty where they are the same."""
    if line.isascii():
        return []
    columns = [n for n, c in enumerate(line) for _ in range(len(c.encode("utf-8", "replace")))]
    return [*columns, len(line)]
