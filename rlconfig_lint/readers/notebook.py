"""Reads Jupyter notebooks: code cells as Python, `!commands` and `%%bash` cells as shell.

Places are those of the notebook's JSON text. Nothing is written there.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import Block, PythonFacts, Suppression
from rlconfig_lint.readers.excerpt import Excerpt, Part, relocated
from rlconfig_lint.readers.python.reader import read as read_python
from rlconfig_lint.readers.shell.reader import read as read_shell
from rlconfig_lint.readers.shell.words import TEMPLATE
from rlconfig_lint.readers.suppressions import suppressions
from rlconfig_lint.readers.text import Lookup, Text, UnreadableError

_TOKEN = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"|(?P<mark>[{}\[\]:,])')
_ESCAPE = re.compile(
    r"\\u[dD][89abAB][\da-fA-F]{2}\\u[dD][c-fC-F][\da-fA-F]{2}|\\u[\da-fA-F]{4}|\\."
)
_CELL_MAGIC = re.compile(r"%%(\w*)[^\n]*\n?")
_PYTHON_CELLS = ("capture", "prun", "time", "timeit")
_SHELL_CELLS = ("bash", "sh")
# A line that IPython takes for itself: `!command`, `name = !command`, `%magic`, `name?`.
_OWN_LINE = re.compile(
    r"^(?P<before>[ \t]*(?:[\w., \t]+=[ \t]*)?)(?P<mark>!!?|%)(?P<rest>(?:[^\n]*\\\n)*[^\n]*)$"
    r"|^[ \t]*\?[^\n]*$|^[^\n#=]*\?{1,2}[ \t]*$",
    re.MULTILINE,
)
_FILLED_IN = re.compile(r"(?<!\$)\{[A-Za-z_][\w.\[\]'\"()]*\}")


@dataclass
class _Cell:
    """The strings of one cell's source, each with its offset in the file."""

    kind: str = ""
    strings: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True)
class _Code:
    """A cell's text, what of it is Python, and its shell scripts."""

    text: Excerpt
    python: str
    scripts: tuple[Excerpt, ...] = ()


def read(
    text: Text, lookup: Lookup
) -> tuple[tuple[Block, ...], PythonFacts, tuple[Suppression, ...]]:
    """The calls and commands of a notebook's code cells, what its Python says about training, and
    the comments that accept a finding.

    Raises:
        UnreadableError: it is no JSON.
    """
    cells = [_code(_excerpt(text, cell.strings)) for cell in _cells(text) if cell.kind == "code"]
    module = _module(text, cells)
    blocks, facts = relocated(read_python(Text(text.path, module.body)), module)
    commands = (
        block for cell in cells for script in cell.scripts for block in _commands(script, lookup)
    )
    found = sorted((*blocks, *commands), key=lambda block: block.place.start)
    comments = (comment for cell in cells for comment in _comments(cell.text))
    return tuple(replace(block, writable=False) for block in found), facts, tuple(comments)


def _module(text: Text, cells: Sequence[_Code]) -> Excerpt:
    """All Python of the cells, one behind the other: names hold from cell to cell."""
    parts = [part for cell in cells for part in (*cell.text.parts(), ("\n", 0, 0))]
    body = "".join(f"{cell.python}\n" for cell in cells)
    return replace(Excerpt.of(text, parts), body=body)


def _commands(script: Excerpt, lookup: Lookup) -> tuple[Block, ...]:
    try:
        return read_shell(script, lookup)
    except UnreadableError:
        return ()


def _comments(cell: Excerpt) -> Iterator[Suppression]:
    for comment in suppressions(cell):
        row = min(comment.line, len(cell.line_starts)) - 1
        start = cell.line_starts[row]
        yield replace(comment, line=cell.place(start, start).line)


# --- cells ---


def _code(cell: Excerpt) -> _Code:
    magic = _CELL_MAGIC.match(cell.body)
    name = magic[1] if magic else ""
    nothing = _blank(cell.body)
    if magic and name in _SHELL_CELLS:
        return _Code(cell, nothing, (cell.part(magic.end(), len(cell.body)),))
    if magic and name not in _PYTHON_CELLS:
        return _Code(cell, nothing)
    start = magic.end() if magic else 0
    own = list(_OWN_LINE.finditer(cell.body, start))
    scripts = [_filled_in(cell.part(m.start("rest"), m.end())) for m in own if _runs(m)]
    body = nothing[:start] + _OWN_LINE.sub(_nothing_python, cell.body[start:])
    return _Code(cell, body if _parses(body) else nothing, tuple(scripts))


def _runs(line: re.Match[str]) -> bool:
    return (line["mark"] or "").startswith("!")


def _filled_in(script: Excerpt) -> Excerpt:
    """`!command {name}`: IPython puts a value there."""
    body = _FILLED_IN.sub(lambda found: TEMPLATE * len(found.group()), script.body)
    return replace(script, body=body)


def _nothing_python(line: re.Match[str]) -> str:
    """A statement of the same length that does nothing."""
    before, all_ = line["before"] or "", line.group()
    statement = "0" if all_ else ""
    return before + statement + _blank(all_[len(before) + len(statement) :])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _parses(body: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


# --- JSON ---


def _cells(text: Text) -> list[_Cell]:
    """The cells of a notebook, with the place of every string of their source."""
    try:
        json.loads(text.body)
    except json.JSONDecodeError as error:
        raise UnreadableError(f"does not parse: {error.msg}", error.lineno) from None
    except RecursionError:
        raise UnreadableError("nested too deep: not read") from None
    cells: dict[int, _Cell] = {}
    for path, value, start in _strings(text.body):
        if path[:1] != ("cells",) or len(path) < 3 or not isinstance(path[1], int):
            continue
        cell = cells.setdefault(path[1], _Cell())
        if path[2] == "cell_type":
            cell.kind = value
        elif path[2] == "source" and len(path) <= 4:
            cell.strings.append((value, start))
    return [cells[number] for number in sorted(cells)]


_Path = tuple["str | int", ...]


def _strings(body: str) -> Iterator[tuple[_Path, str, int]]:
    """Every string value of a JSON text that parses: its path, as written, and its offset."""
    path: list[str | int] = []  # the key or number inside each open bracket
    key_follows = False
    for token in _TOKEN.finditer(body):
        mark, string = token["mark"], token["text"]
        if mark in ("{", "["):
            path.append("" if mark == "{" else 0)
            key_follows = mark == "{"
        elif mark in ("}", "]"):
            path.pop()
            key_follows = False
        elif mark == ",":
            last = path[-1]
            key_follows = isinstance(last, str)
            path[-1] = last if isinstance(last, str) else last + 1
        elif mark is None and key_follows:
            path[-1], key_follows = string, False
        elif mark is None:
            yield tuple(path), string, token.start() + 1


def _excerpt(text: Text, strings: Sequence[tuple[str, int]]) -> Excerpt:
    return Excerpt.of(text, [part for written, at in strings for part in _unescaped(written, at)])


def _unescaped(written: str, at: int) -> Iterator[Part]:
    """The parts of a JSON string: runs that stand as they are, and escaped characters."""
    end = 0
    for escape in _ESCAPE.finditer(written):
        if escape.start() > end:
            yield written[end : escape.start()], at + end, escape.start() - end
        found = json.loads(f'"{escape.group()}"')
        character = found.encode("utf-8", "replace").decode("utf-8")
        yield character, at + escape.start(), len(escape.group())
        end = escape.end()
    if end < len(written):
        yield written[end:], at + end, len(written) - end
