"""`rlconfig-lint check`: judge, fix if asked, report, and exit with the right status."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from rlconfig_lint.commands.setup import Configs, prepare
from rlconfig_lint.fixing import Changes, fix, wanted
from rlconfig_lint.lint import Result
from rlconfig_lint.lint import check as judge
from rlconfig_lint.model import Finding, Rule, Severity
from rlconfig_lint.readers.text import Text
from rlconfig_lint.registry import selected
from rlconfig_lint.releases.known import releases
from rlconfig_lint.reports import report
from rlconfig_lint.reports.text import count_of, printable, unified
from rlconfig_lint.repository import Repository
from rlconfig_lint.resolve.release import UNPINNED
from rlconfig_lint.writers import CannotWriteError, Splice, path_of, splice
from rlconfig_lint.writing import NotWrittenError, write


@dataclass(frozen=True)
class Options:
    paths: Sequence[Path]
    config: Path | None = None
    vllm_version: str | None = None
    fix: bool = False
    unsafe_fixes: bool = False
    diff: bool = False
    profile: str | None = None
    preview: bool = False
    select: Sequence[str] = ()
    ignore: Sequence[str] = ()
    fail_on: str | None = None
    show: str = "warning"
    all_engines: bool = False
    force_exclude: bool = False
    exit_zero: bool = False
    exit_non_zero_on_fix: bool = False
    output_format: str = "full"


def check(options: Options) -> int:
    """The exit status: 0 clean, 1 findings (or a diff), 2 a rule broke."""
    repository, configs = prepare(
        options.paths,
        options.config,
        options.vllm_version,
        options.profile,
        force_exclude=options.force_exclude,
    )
    rules = _rules(options, configs)
    every_engine = options.all_engines or all(rule.every_engine for rule in rules)
    judged = partial(judge, repository, rules, configs.profile, every_engine=every_engine)
    if options.fix or options.diff or options.unsafe_fixes:
        return _fixed(options, repository, configs, judged)
    result = judged()
    _print(options, repository, result)
    _say(result, options)
    return _status(options, configs, result)


def _rules(options: Options, configs: Configs) -> tuple[Rule, ...]:
    config = configs.of_folder(configs.base)
    select = _codes(options.select) or (config.select if config else ())
    ignore = (*_codes(options.ignore), *(config.ignore if config else ()))
    preview = options.preview or bool(config and config.preview)
    return selected(select, ignore, preview=preview)


def _codes(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(code.strip() for item in given for code in item.split(",") if code.strip())


# --- fixing ---


def _fixed(
    options: Options, repository: Repository, configs: Configs, judged: Callable[[], Result]
) -> int:
    changes = fix(repository, judged, unsafe=options.unsafe_fixes)
    if options.diff:
        show_patch(changes)
        _say_refused(changes)
        _say_count(len(changes.fixed), "would be made")
        return int(bool(changes.changed())) and not options.exit_zero
    written, failed = write_changes(repository, changes)
    _print(options, repository, changes.result)
    _say_refused(changes)
    _say_count(sum(f.place.path in written for f in changes.fixed), "made")
    _say(changes.result, options)
    status = _status(options, configs, changes.result)
    if failed and not options.exit_zero:
        return max(status, 1)
    if written and options.exit_non_zero_on_fix:
        return max(status, 1)
    return status


def show_patch(changes: Changes) -> None:
    for path in changes.changed():
        text = unified(path, changes.before[path], changes.after[path])
        click.echo(printable_patch(text), nl=False)


def write_changes(repository: Repository, changes: Changes) -> tuple[set[str], set[str]]:
    """Write every changed file; the paths written, and those that were not, which is said."""
    written: set[str] = set()
    failed: set[str] = set()
    files = repository.files
    for path in changes.changed():
        old, new = changes.before[path].encode(), changes.after[path].encode()
        try:
            write(files.base / path, old, new, files.roots)
        except NotWrittenError as error:
            click.echo(f"not written: {printable(path)}: {error}", err=True)
            failed.add(path)
        else:
            written.add(path)
    return written, failed


def _say_refused(changes: Changes) -> None:
    for refused in changes.refused:
        where = f"{printable(refused.finding.place.path)}:{refused.finding.place.line}"
        click.echo(f"not fixed: {where}: {refused.finding.code}: {refused.reason}", err=True)


def _say_count(count: int, done: str) -> None:
    click.echo(f"{count} fix{'' if count == 1 else 'es'} {done}.", err=True)


# --- reporting ---


def _print(options: Options, repository: Repository, result: Result) -> None:
    lowest = Severity[options.show.upper()]
    findings = [finding for finding in result.findings if finding.severity >= lowest]
    splices = {number: _splices(repository, found) for number, found in enumerate(findings)}
    click.echo(report(options.output_format, findings, result.sources, splices), nl=False)


def _splices(repository: Repository, finding: Finding) -> dict[str, list[Splice]]:
    """A finding's fix as changes of text; empty where it cannot be written."""
    found: dict[str, list[Splice]] = {}
    for edit in finding.fix.edits if finding.fix else ():
        source = repository.library.held(path_of(edit))
        try:
            change = splice(Text(source.path, source.text, source.bom), edit)
        except CannotWriteError:
            return {}
        found.setdefault(source.path, []).append(change)
    return found


def _say(result: Result, options: Options) -> None:
    """What is no finding: skipped files, broken rules, and the summary."""
    for skipped in result.skipped:
        click.echo(f"skipped: {printable(skipped.path)}: {skipped.reason}", err=True)
    for broken in result.broken:
        click.echo(
            f"internal error: {broken.rule.code} at {broken.rollout.place}: {broken.error!r};"
            " please report it with this line",
            err=True,
        )
    unpinned = [r.release for r in result.rollouts if not r.release.known]
    if unpinned:
        click.echo(
            f"no vLLM release is known for {len(unpinned)} of {len(result.rollouts)} rollouts"
            f" ({printable(unpinned[0].note)}): only what"
            f" holds for all of vllm{UNPINNED} is said, one level lower (declare vllm-version, or"
            " --vllm-version)",
            err=True,
        )
    ahead = [r for r in result.rollouts if r.release.candidates[-1] > releases()[-1]]
    if ahead:
        newest = ahead[0].release.candidates[-1]
        click.echo(
            f"vLLM {newest} is newer than the newest known release, {releases()[-1]}: judged as if"
            " nothing had changed since",
            err=True,
        )
    if options.output_format in ("full", "concise"):
        click.echo(_summary(result, options), err=True)


def _summary(result: Result, options: Options) -> str:
    lowest = Severity[options.show.upper()]
    shown = [f for f in result.findings if f.severity >= lowest]
    hidden = len(result.findings) - len(shown)
    counts = [
        count_of(n, level.word)
        for level in sorted(Severity, reverse=True)
        if (n := sum(f.severity is level for f in shown))
    ]
    text = f"Found {', '.join(counts)}" if counts else "Nothing found"
    text += f" in {count_of(len(result.rollouts), 'rollout')}."
    safe = sum(wanted(f.fix, unsafe=False) for f in shown)
    unsafe = sum(wanted(f.fix, unsafe=True) for f in shown) - safe
    if safe:
        text += f" {safe} fixable with --fix."
    if unsafe:
        text += f" {unsafe} more with --unsafe-fixes."
    if hidden:
        text += f" {hidden} hidden: --show info."
    if result.suppressed:
        text += f" {result.suppressed} suppressed."
    return text


def printable_patch(text: str) -> str:
    """A patch that still applies: tabs and carriage returns belong to its lines."""
    kept = re.compile(r"(\t|\r(?=\n|$)|\n)")
    return "".join(part if kept.fullmatch(part) else printable(part) for part in kept.split(text))


def _status(options: Options, configs: Configs, result: Result) -> int:
    if result.broken:
        return 2
    config = configs.of_folder(configs.base)
    level = options.fail_on or (config.fail_on if config else "warning")
    failing = any(f.severity >= Severity[level.upper()] for f in result.findings)
    return int(failing and not options.exit_zero)
