"""`rlconfig-lint migrate`: an upgrade of vLLM, read before it is made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import click
from packaging.version import Version

from rlconfig_lint.commands.check import show_patch, write_changes
from rlconfig_lint.commands.setup import prepare
from rlconfig_lint.errors import UserError
from rlconfig_lint.migrating import Migration, Silent, migration, patch
from rlconfig_lint.model import Finding, show
from rlconfig_lint.registry import selected
from rlconfig_lint.releases.known import matching, releases
from rlconfig_lint.reports.text import printable
from rlconfig_lint.resolve.project import Project


def migrate(
    paths: Sequence[Path],
    config: Path | None,
    from_: str | None,
    to: str,
    fix: bool,
    diff: bool,
    output_format: str,
) -> int:
    """Report an upgrade, or write the parts of it that keep behaviour.

    Raises:
        UserError: a release is unknown, or the old one is above the new one.
    """
    repository, _ = prepare(paths, config)
    new = _release("--to", to)
    old = _release("--from", from_) if from_ else _resolved(repository.projects())
    if old > new:
        raise UserError(f"--from {old} is above --to {new}: a downgrade is not planned here")
    rules = selected((), ())
    if fix or diff:
        changes = patch(repository, rules, old, new)
        if diff:
            show_patch(changes)
            return int(bool(changes.changed()))
        written, failed = write_changes(repository, changes)
        click.echo(f"{len(written)} files rewritten for vLLM {new}.", err=True)
        return int(bool(failed))
    found = migration(repository, rules, old, new)
    click.echo(_FORMS[output_format](found))
    return 0


def _release(option: str, text: str) -> Version:
    try:
        candidates = matching(text)
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
    newest = releases()[-1]
    if len(candidates) != 1 or candidates[0] not in releases():
        raise UserError(f"{option}: no data for vLLM {text}; the newest known release is {newest}")
    return candidates[0]


def _resolved(projects: Iterable[Project]) -> Version:
    """The release that the project runs now: the newest that it admits."""
    found = [p.release for p in projects if p.release.known]
    if not found:
        raise UserError("no vLLM pin was found here: say --from RELEASE")
    return found[0].candidates[-1]


def _text(found: Migration) -> str:
    lines = [f"vLLM {found.old} to {found.new}"]
    for title, entries in _sections(found):
        lines += ["", title, *(f"  {printable(entry)}" for entry in entries or ["nothing"])]
    return "\n".join(lines)


def _markdown(found: Migration) -> str:
    lines = [f"## vLLM {found.old} to {found.new}"]
    for title, entries in _sections(found):
        lines += ["", f"### {title}", "", *(f"- {entry}" for entry in entries or ["nothing"])]
    return "\n".join(lines)


def _sections(found: Migration) -> Iterator[tuple[str, list[str]]]:
    yield "Crashes, or is no longer read", [_line(f) for f in found.crashes]
    yield "Changes silently", [_silent(change) for change in found.silent]
    yield (
        "Means something else",
        [f"{place}: {fact.setting}: {fact.text} ({fact.source})" for place, fact in found.meanings],
    )
    yield "Wrong then, and how to keep what was", [_line(f) for f in found.reference]
    yield "Needs a person's decision", [_line(f) for f in found.decisions]


def _line(finding: Finding) -> str:
    todo = finding.fix.title if finding.fix else finding.help
    return f"{finding.place}: {finding.code} {finding.message}. {todo}"


def _silent(change: Silent) -> str:
    kept = f". {change.kept_by.title}" if change.kept_by else ""
    old, new = show(change.old.value), show(change.new.value)
    return f"{change.place}: {change.name} is not set: {old} becomes {new}{kept}"


def _json(found: Migration) -> str:
    return json.dumps(
        {
            "from": str(found.old),
            "to": str(found.new),
            "crashes": [_row(f) for f in found.crashes],
            "silent": [
                {
                    "filename": change.place.path,
                    "row": change.place.line,
                    "setting": change.name,
                    "old": change.old.value,
                    "new": change.new.value,
                    "fix": change.kept_by.title if change.kept_by else None,
                }
                for change in found.silent
            ],
            "meanings": [
                {
                    "filename": place.path,
                    "row": place.line,
                    "setting": fact.setting,
                    "text": fact.text,
                    "source": fact.source,
                }
                for place, fact in found.meanings
            ],
            "reference": [_row(f) for f in found.reference],
            "decisions": [_row(f) for f in found.decisions],
        },
        indent=2,
    )


def _row(finding: Finding) -> dict[str, object]:
    return {
        "filename": finding.place.path,
        "row": finding.place.line,
        "code": finding.code,
        "message": finding.message,
        "help": finding.help,
        "fix": finding.fix.title if finding.fix else None,
        "safe": finding.fix.safe if finding.fix else None,
    }


_FORMS: dict[str, Callable[[Migration], str]] = {
    "text": _text,
    "markdown": _markdown,
    "json": _json,
}
