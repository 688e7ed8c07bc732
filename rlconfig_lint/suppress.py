"""`# rlconfig-lint: ignore[RL101] reason`, in every language whose comments begin with `#`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rlconfig_lint.model import Finding, Form, Source, Suppression
from rlconfig_lint.readers.text import Text

_COMMENT = re.compile(r"#\s*rlconfig-lint:\s*ignore\[([^\]\n]*)\]")


def suppressions(text: Text) -> tuple[Suppression, ...]:
    """A comment behind a line speaks for that line; one alone on its line for the next."""
    if "rlconfig-lint:" not in text.body:
        return ()
    return tuple(_found(text))


def _found(text: Text) -> Iterator[Suppression]:
    for match in _COMMENT.finditer(text.body):
        row, column = text.position(match.start())
        codes = frozenset(code.strip() for code in match.group(1).split(",") if code.strip())
        alone = not text.line(row)[: column - 1].strip()
        yield Suppression(row + 1 if alone else row, codes)


def suppressed(finding: Finding, source: Source) -> bool:
    """Whether a comment speaks for the line a finding starts on, or for its whole command."""
    spoken = [s for s in source.suppressions if {finding.code, finding.name} & s.codes]
    return any(s.line in _lines(finding, source) for s in spoken)


def _lines(finding: Finding, source: Source) -> Iterable[int]:
    """The finding's own line, and the first and last of a call or command around it, where the
    language leaves no room for a comment inside."""
    yield finding.place.line
    for block in source.blocks:
        inside = block.place.start <= finding.place.start < max(block.place.end, 1)
        if block.form is not Form.DOCUMENT and inside:
            yield from (block.place.line, block.place.end_line)
