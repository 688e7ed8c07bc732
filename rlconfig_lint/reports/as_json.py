"""ruff's JSON shape, with what a setting needs besides: severity, confidence, setting, releases."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from rlconfig_lint.model import Finding, Place, Source
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writers import Splice


def render(
    findings: Sequence[Finding],
    sources: Mapping[str, Source],
    splices: Mapping[int, Mapping[str, Sequence[Splice]]],
) -> str:
    rows = [
        _row(finding, sources, splices.get(number, {})) for number, finding in enumerate(findings)
    ]
    return json.dumps(rows, indent=2, sort_keys=True) + "\n"


def _row(
    finding: Finding, sources: Mapping[str, Source], splices: Mapping[str, Sequence[Splice]]
) -> dict[str, object]:
    place = finding.place
    return {
        "code": finding.code,
        "name": finding.name,
        "severity": finding.severity.word,
        "confidence": finding.confidence.value,
        "filename": place.path,
        "location": {"row": place.line, "column": place.column},
        "end_location": {"row": place.end_line, "column": place.end_column},
        "message": finding.message,
        "setting": finding.setting,
        "effective": finding.effective,
        "releases": finding.releases,
        "help": finding.help,
        "evidence": [str(evidence) for evidence in finding.evidence],
        "fix": _fix(finding, sources, splices),
        "url": None,
    }


def _fix(
    finding: Finding, sources: Mapping[str, Source], splices: Mapping[str, Sequence[Splice]]
) -> dict[str, object] | None:
    if finding.fix is None:
        return None
    edits = [
        _edit(Text(path, sources[path].text).place(change.start, change.end), change.content)
        for path, changes in splices.items()
        for change in changes
    ]
    applicability = "safe" if finding.fix.safe else "unsafe"
    return {"applicability": applicability, "message": finding.fix.title, "edits": edits}


def _edit(place: Place, content: str) -> dict[str, object]:
    return {
        "content": content,
        "filename": place.path,
        "location": {"row": place.line, "column": place.column},
        "end_location": {"row": place.end_line, "column": place.end_column},
    }
