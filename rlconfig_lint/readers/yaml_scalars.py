"""The text of a YAML scalar with the place of each of its characters."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from rlconfig_lint.readers.excerpt import Excerpt
from rlconfig_lint.readers.text import Text

_PROPERTIES = re.compile(r"(?:[&!]\S*\s+)*")
_HEADER = re.compile(r"[|>][-+\d]*[ \t]*(?:#[^\r\n]*)?(?:\r\n|\n|\r)")
_LINE = re.compile(r"([^\r\n]*)(\r\n|\n|\r|$)")


def excerpt(text: Text, node: yaml.ScalarNode) -> Excerpt:
    """A scalar's value as a text of its own; not `exact` where escapes, folds or joined lines
    leave no place to a character."""
    start, end = node.start_mark.index, node.end_mark.index
    properties = _PROPERTIES.match(text.body, start, end)
    start = properties.end() if properties else start
    if node.style in ("|", ">"):
        parts = list(_lines(text, node, start, end))
    else:
        quote = 1 if node.style in ("'", '"') else 0
        start, end = start + quote, end - quote
        parts = [(text.body[start:end], start, end - start)]
    if "".join(body for body, _, _ in parts).rstrip("\n ") != str(node.value).rstrip("\n "):
        return Excerpt.somewhere(text, str(node.value), node.start_mark.index, node.end_mark.index)
    return Excerpt.of(text, parts)


def _lines(
    text: Text, node: yaml.ScalarNode, start: int, end: int
) -> Iterator[tuple[str, int, int]]:
    """The lines of a block scalar without their indentation. Folding turns an end of line into a
    blank, which is one character too."""
    header = _HEADER.match(text.body, start, end)
    if header is None:
        return
    break_ = "\n" if node.style == "|" else " "
    rows: list[tuple[str, int, int]] = []
    at = header.end()
    while at < end:
        line = _LINE.match(text.body, at, end)
        assert line is not None
        rows.append((line[1], at, line.end() - at))
        at = line.end()
    indentation = _indentation(rows, str(node.value))
    for row, offset, width in rows:
        cut = min(indentation, len(row) - len(row.lstrip(" ")))
        yield row[cut:] + break_, offset + cut, width - cut


def _indentation(rows: list[tuple[str, int, int]], value: str) -> int:
    """How many blanks in front of each line are YAML's: those that the value does not have."""
    first = next((row for row, _, _ in rows if row.strip(" ")), "")
    wanted = next((line for line in value.split("\n") if line.strip(" ")), "")
    blanks = len(first) - len(first.lstrip(" "))
    return blanks - (len(wanted) - len(wanted.lstrip(" ")))
