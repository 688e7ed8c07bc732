"""Whether a comment in the file accepts a finding."""

from __future__ import annotations

from collections.abc import Iterable

from rlconfig_lint.model import Finding, Form, Source


def suppressed(finding: Finding, source: Source) -> bool:
    """Whether a comment speaks for the line a finding starts on, or for its whole command."""
    spoken = [s for s in source.suppressions if {finding.code, finding.name} & s.codes]
    return any(s.line in _lines(finding, source) for s in spoken)


def _lines(finding: Finding, source: Source) -> Iterable[int]:
    """The finding's own line, and the first and last of a call or command around it, where the
    language leaves no room for a comment inside."""
    yield finding.place.line
    for block in source.blocks:
        inside = block.place.path == finding.place.path and (
            block.place.start <= finding.place.start < max(block.place.end, 1)
        )
        if block.form is not Form.DOCUMENT and inside:
            yield from (block.place.line, block.place.end_line)
