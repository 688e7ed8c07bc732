"""For a person: a code frame, the effective value and where it comes from, what makes it right."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from rlconfig_lint.model import Finding, Source
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writers import Splice, apply

_WIDEST = 160


def printable(text: str) -> str:
    """Control characters shown, not sent: a checked file must not steer a terminal."""
    return "".join(c if c.isprintable() or c == " " else repr(c)[1:-1] for c in text)


def count_of(number: int, thing: str) -> str:
    """`1 rollout`, `2 rollouts`."""
    return f"{number} {thing}{'' if number == 1 else 's'}"


def mark(finding: Finding) -> str:
    if finding.fix is None:
        return ""
    return " [*]" if finding.fix.safe else " [unsafe fix]"


def concise(findings: Sequence[Finding]) -> str:
    return "".join(
        f"{printable(f.place.path)}:{f.place.line}:{f.place.column}: {f.code}"
        f" {f.severity.word}: {printable(f.message)}{mark(f)}\n"
        for f in findings
    )


def full(
    findings: Sequence[Finding],
    sources: Mapping[str, Source],
    splices: Mapping[int, Mapping[str, Sequence[Splice]]],
) -> str:
    return "\n".join(
        "".join(f"{line}\n" for line in _one(finding, sources, splices.get(number, {})))
        for number, finding in enumerate(findings)
    )


def _one(
    finding: Finding, sources: Mapping[str, Source], splices: Mapping[str, Sequence[Splice]]
) -> Iterator[str]:
    place = finding.place
    yield f"{finding.severity.word}[{finding.code}] {finding.name}: {printable(finding.message)}"
    source = sources.get(place.path)
    width = len(str(place.line))
    yield f"{' ' * width}--> {printable(place.path)}:{place.line}:{place.column}"
    if source is not None:
        yield from _frame(finding, Text(place.path, source.text), width)
    for label, text in _details(finding):
        yield f"{' ' * width} = {label}: {printable(text)}"
    if finding.fix is not None:
        kind = "fix" if finding.fix.safe else "unsafe fix"
        yield f"{' ' * width} = {kind}: {printable(finding.fix.title)}"
        for path, changes in splices.items():
            if path in sources:
                yield from (
                    f"{' ' * width} | {printable(d)}" for d in _diff(sources[path], changes)
                )


def _frame(finding: Finding, text: Text, width: int) -> Iterator[str]:
    place = finding.place
    line = text.line(place.line)
    if not line:
        return
    end = place.end_column if place.end_line == place.line else len(line) + 1
    carets = "^" * max(1, min(end, _WIDEST) - place.column)
    shown = printable(line.replace("\t", " "))[:_WIDEST]
    yield f"{' ' * width} |"
    yield f"{place.line} | {shown}"
    if place.column <= _WIDEST:
        yield f"{' ' * width} | {' ' * (place.column - 1)}{carets}"


def _details(finding: Finding) -> Iterator[tuple[str, str]]:
    if finding.effective:
        yield "effective", finding.effective
    if finding.releases:
        yield "holds for", finding.releases
    for evidence in finding.evidence:
        yield "because", str(evidence)
    if finding.help:
        yield "help", finding.help


def _diff(source: Source, splices: Sequence[Splice]) -> Iterator[str]:
    """The changed lines of a fix, without a header."""
    new = apply(source.text, list(splices))
    lines = difflib.unified_diff(source.text.splitlines(), new.splitlines(), lineterm="", n=0)
    for line in list(lines)[2:]:
        if not line.startswith("@@"):
            yield line[:_WIDEST]


def unified(path: str, before: Text, after: Text) -> str:
    """A file's change as `git diff` shows it."""
    lines = difflib.unified_diff(
        before.body.splitlines(keepends=True),
        after.body.splitlines(keepends=True),
        f"a/{path}",
        f"b/{path}",
    )
    shown = (
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )
    return "".join(shown)
