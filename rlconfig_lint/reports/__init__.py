"""Findings to text: one module a format, each a function from findings to a string."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rlconfig_lint.model import Finding, Source
from rlconfig_lint.writers import Splice


def report(
    form: str,
    findings: Sequence[Finding],
    sources: Mapping[str, Source],
    splices: Mapping[int, Mapping[str, Sequence[Splice]]],
) -> str:
    """The findings in one form. `splices` holds each fix's text by its finding's number."""
    if form == "json":
        from rlconfig_lint.reports import as_json

        return as_json.render(findings, sources, splices)
    if form == "github":
        from rlconfig_lint.reports import github

        return github.render(findings)
    from rlconfig_lint.reports import text

    if form == "concise":
        return text.concise(findings)
    return text.full(findings, sources, splices)
