"""Applies fixes until nothing changes: every result is read again and checked before it counts.

ruff's batching (all fixes that do not overlap at once, the rest in the next round) with sqlfluff's
guards (a text that came before, or a round too many, puts the original back).
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from rlconfig_lint.lint import Result
from rlconfig_lint.model import Finding, Fix, Form, Put, Rename, Source, show
from rlconfig_lint.readers import language, read
from rlconfig_lint.readers.text import Text
from rlconfig_lint.repository import Repository
from rlconfig_lint.writers import CannotWriteError, Splice, apply, path_of, splice
from rlconfig_lint.writers.spelling import spelled

MOST_ROUNDS = 20
Judge = Callable[[], Result]
Identity = tuple[str, str, str, int]


@dataclass(frozen=True)
class Refused:
    """A fix that was not made, and why."""

    finding: Finding
    reason: str


@dataclass
class Changes:
    """What fixing came to: the new text of each changed file, and the findings that remain."""

    before: dict[str, Text] = field(default_factory=dict)
    after: dict[str, Text] = field(default_factory=dict)
    fixed: list[Finding] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    result: Result = field(default_factory=Result)

    def changed(self) -> list[str]:
        return [path for path in self.after if self.after[path] != self.before[path]]


@dataclass
class _Round:
    """The splices of one round by file, with the findings they belong to."""

    splices: dict[str, list[Splice]] = field(default_factory=dict)
    findings: dict[str, list[Finding]] = field(default_factory=dict)


def fix(repository: Repository, judge: Judge, *, unsafe: bool) -> Changes:
    """Fix everything that can be fixed; nothing is written to disk here."""
    changes = Changes(result=judge())
    given_up: set[Identity] = set()
    seen: dict[str, set[str]] = {}
    for _ in range(MOST_ROUNDS):
        todo = [
            finding
            for finding in changes.result.findings
            if wanted(finding.fix, unsafe=unsafe) and _identity(finding) not in given_up
        ]
        round_ = _plan(repository, todo, changes, given_up)
        if not round_.splices:
            return changes
        for path in round_.splices:
            _change(repository, path, round_, changes, seen, given_up)
        _settle(repository, judge, round_, changes, given_up)
    _undo_all(repository, judge, changes)
    return changes


def wanted(found: Fix | None, *, unsafe: bool) -> bool:
    return found is not None and (found.safe or unsafe)


def _plan(
    repository: Repository,
    todo: Iterable[Finding],
    changes: Changes,
    given_up: set[Identity],
) -> _Round:
    """The splices that do not overlap; a fix is taken whole or left for the next round."""
    round_ = _Round()
    judged = frozenset(repository.files.judged)
    for finding in todo:
        assert finding.fix is not None
        other = next((p for e in finding.fix.edits if (p := path_of(e)) not in judged), None)
        if other is not None:
            changes.refused.append(Refused(finding, f"the place to change is in {other}"))
            given_up.add(_identity(finding))
            continue
        try:
            own = [
                (path_of(edit), splice(_text(repository, path_of(edit)), edit))
                for edit in finding.fix.edits
            ]
        except CannotWriteError as error:
            changes.refused.append(Refused(finding, str(error)))
            given_up.add(_identity(finding))
            continue
        if any(_overlaps(change, round_.splices.get(path, ())) for path, change in own):
            continue
        for path, change in own:
            round_.splices.setdefault(path, []).append(change)
            round_.findings.setdefault(path, []).append(finding)
    return round_


def _overlaps(change: Splice, others: Iterable[Splice]) -> bool:
    """Two insertions at one place wait for each other too: their order would be chance."""
    return any(
        (change.start < other.end and other.start < change.end) or change.start == other.start
        for other in others
    )


def _change(
    repository: Repository,
    path: str,
    round_: _Round,
    changes: Changes,
    seen: dict[str, set[str]],
    given_up: set[Identity],
) -> None:
    """Put a file's new text in place, unless something is wrong with it. Of several fixes that are
    doubtful together, the first that is not so alone is made, and the others wait."""
    splices, findings = round_.splices[path], round_.findings[path]
    reason = _put_in_place(repository, path, splices, findings, changes, seen)
    if not reason:
        return
    round_.findings[path] = []
    for change, finding in zip(splices, findings, strict=True):
        if len(splices) > 1:
            reason = _put_in_place(repository, path, [change], [finding], changes, seen)
        if not reason:
            round_.findings[path] = [finding]
            return
        changes.refused.append(Refused(finding, reason))
        given_up.add(_identity(finding))


def _put_in_place(
    repository: Repository,
    path: str,
    splices: list[Splice],
    findings: list[Finding],
    changes: Changes,
    seen: dict[str, set[str]],
) -> str:
    """Why a file's new text was not taken; "" where it was."""
    old = _text(repository, path)
    new = Text(path, apply(old.body, splices), old.bom)
    source = read(path, new.encode(), repository.library.text)
    if new.body in seen.setdefault(path, {old.body}):
        return "it would go round in a circle with another fix"
    reason = _doubt(repository.library.held(path), source, findings)
    reason = reason or _second_doubt(old, new, findings) or _third_doubt(old, new)
    if not reason:
        seen[path].add(new.body)
        changes.before.setdefault(path, old)
        changes.after[path] = new
        repository.library.keep(source)
    return reason


def _doubt(old: Source, new: Source, findings: list[Finding]) -> str:
    """Why a changed file should not be believed; "" where everything arrived and nothing else."""
    if new.problem is not None:
        return f"the result would not parse: {new.problem}"
    before, after = _values(old), _values(new)
    arrived = after - before
    gone = before - after
    meant = _meant(findings)
    for edit in meant:
        if not any(_is_meant(key, value, edit) for key, value in arrived):
            return f"{edit.name} = {show(edit.value)} did not arrive"
    if len(meant) == sum(len(f.fix.edits) for f in findings if f.fix):
        touched = [key for key, _ in (*gone, *arrived)]
        others = [key for key in touched if not any(_touches(key, edit) for edit in meant)]
        if others:
            return f"it would change {others[0]} too"
    return ""


def _second_doubt(old: Text, new: Text, findings: list[Finding]) -> str:
    """What another YAML parser has against the result."""
    if language(new.path) != "documents":
        return ""
    from rlconfig_lint.writers.documents import second_opinion

    meant = _meant(findings)
    changed = second_opinion(old, new) or set()
    others = [key for key in changed if not any(_touches(key, edit) for edit in meant)]
    return f"it would change {sorted(others)[0]} too" if others else ""


def _third_doubt(old: Text, new: Text) -> str:
    """What Python's compiler has against the result: its parser lets a repeated argument pass."""
    if language(new.path) != "python" or not _compiles(old):
        return ""
    return "" if _compiles(new) else "the result would not compile"


def _compiles(text: Text) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(text.body, text.path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _meant(findings: list[Finding]) -> list[Put | Rename]:
    """The edits that write a setting, whose value can be looked for in the result."""
    edits = [edit for finding in findings if finding.fix for edit in finding.fix.edits]
    return [edit for edit in edits if isinstance(edit, Put | Rename)]


def _values(source: Source) -> Counter[tuple[str, str]]:
    """Every key and value of a file, by the block's name and the key's path."""
    return Counter(
        (".".join(entry.path), repr(entry.value))
        for block in source.blocks
        for entry in block.entries
    )


def _is_meant(key: str, value: str, edit: Put | Rename) -> bool:
    return _same_key(key, edit) or value == repr(edit.value)


def _same_key(key: str, edit: Put | Rename) -> bool:
    last = key.rpartition(".")[2].replace("-", "_")
    names = {edit.name, f"no_{edit.name}"}
    if isinstance(edit, Put):
        names.add(spelled(edit).key.replace("-", "_"))
    if edit.entry is not None:
        names.add(edit.entry.path[-1].replace("-", "_"))
    return last in names or any(part.replace("-", "_") in names for part in key.split("."))


def _touches(key: str, edit: Put | Rename) -> bool:
    """Whether an edit changes a key: its own, or that of the document that its command stands in,
    where another parser's keys begin with the document's number."""
    block = edit.home.block
    if block.form is Form.COMMAND and block.inside:
        written, inside = f"{key}.", f"{block.inside}."
        numbered = f"{block.index}.{inside}"
        if inside.startswith(written) or written.startswith((inside, numbered)):
            return True
    return _same_key(key, edit)


def _settle(
    repository: Repository,
    judge: Judge,
    round_: _Round,
    changes: Changes,
    given_up: set[Identity],
) -> None:
    """Judge again; a file in which as many findings of a kind remain as before is taken back."""
    before = Counter(map(_kind, changes.result.findings))
    result = judge()
    after = Counter(map(_kind, result.findings))
    failed = {
        path
        for path, findings in round_.findings.items()
        if any(after[_kind(finding)] >= before[_kind(finding)] for finding in findings)
    }
    for path, findings in round_.findings.items():
        if path not in failed:
            changes.fixed.extend(findings)
            continue
        for finding in findings:
            changes.refused.append(Refused(finding, "the finding is still there afterwards"))
            given_up.add(_identity(finding))
        _undo(repository, path, changes)
    changes.result = judge() if failed else result


def _undo(repository: Repository, path: str, changes: Changes) -> None:
    if path in changes.before:
        changes.after[path] = changes.before[path]
        repository.library.keep(read(path, changes.before[path].encode(), repository.library.text))
        changes.fixed = [f for f in changes.fixed if f.place.path != path]


def _undo_all(repository: Repository, judge: Judge, changes: Changes) -> None:
    for path in list(changes.after):
        _undo(repository, path, changes)
    for finding in changes.fixed:
        changes.refused.append(Refused(finding, f"no fixed point after {MOST_ROUNDS} rounds"))
    changes.fixed.clear()
    changes.result = judge()


def _text(repository: Repository, path: str) -> Text:
    source = repository.library.held(path)
    return Text(path, source.text, source.bom)


def _kind(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.place.path, finding.setting


def _identity(finding: Finding) -> Identity:
    """A finding in one text: what is given up there is not tried again."""
    return finding.code, finding.place.path, finding.setting, finding.place.line
