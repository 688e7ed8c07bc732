"""GitHub's workflow commands, one annotation a finding, escaped as actions/toolkit does."""

from __future__ import annotations

from collections.abc import Sequence

from rlconfig_lint.model import Finding, Severity

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def render(findings: Sequence[Finding]) -> str:
    return "".join(f"{_command(finding)}\n" for finding in findings)


def _command(finding: Finding) -> str:
    place = finding.place
    properties = {
        "file": place.path,
        "line": str(max(place.line, 1)),
        "title": f"{finding.code} {finding.name}",
    }
    if place.end_line == place.line:  # GitHub drops an annotation with columns over several lines
        properties["col"] = str(place.column)
        properties["endColumn"] = str(max(place.end_column, place.column))
    else:
        properties["endLine"] = str(place.end_line)
    given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    where = f"{place.path}:{place.line}:{place.column}"
    message = f"{where}: {finding.code} {finding.message}. {finding.help}"
    return f"::{_LEVELS[finding.severity]} {given}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
