"""One run: files to sources to rollouts to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from rlconfig_lint.discovery import (
    Skipped,
)
from rlconfig_lint.model import (
    Finding,
    Place,
    Profile,
    Rollout,
    Rule,
    Severity,
    Source,
)
from rlconfig_lint.profiles import Asked
from rlconfig_lint.readers.text import Text
from rlconfig_lint.registry import UNREADABLE
from rlconfig_lint.releases.known import within
from rlconfig_lint.repository import Repository
from rlconfig_lint.resolve.launches import run_by_default
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.of_engine import remote
from rlconfig_lint.resolve.project import Project
from rlconfig_lint.resolve.rollouts import rollouts
from rlconfig_lint.suppress import suppressed

ProfileFor = Callable[[str], Asked]


@dataclass(frozen=True)
class Broken:
    """A rule that raised: reported, and the others go on."""

    rule: Rule
    rollout: Rollout
    error: Exception


@dataclass
class Result:
    findings: list[Finding] = field(default_factory=list)
    rollouts: list[Rollout] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    sources: Mapping[str, Source] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    suppressed: int = 0
    read: int = 0


def check(
    repository: Repository,
    rules: Sequence[Rule],
    profile_for: ProfileFor,
    *,
    every_engine: bool = False,
) -> Result:
    """Every finding about the judged files, in the order of their places. With `every_engine`,
    the rules that are true for every vLLM user also judge engines that are no rollout."""
    result = Result(skipped=list(repository.library.skipped))
    judged = frozenset(repository.files.judged)
    result.skipped.extend(
        Skipped(source.path, source.problem or "")
        for source in repository.library.sources.values()
        if source.template and source.path in judged
    )
    result.read = len(judged)
    found: dict[tuple[str, Place, str], Finding] = {}
    result.projects.extend(repository.projects())
    accepted = partial(_accepted, repository)
    for rollout in _rollouts(repository, result.projects):
        if not rollout.policy and not every_engine:
            continue
        if rollout.policy and not judged.isdisjoint((rollout.place.path, rollout.path)):
            result.rollouts.append(rollout)
        for finding in _judge(rollout, rules, profile_for(rollout.place.path), result, accepted):
            _keep_worst(found, _where_judged(finding, rollout, judged))
    for problem in _problems(repository):
        _keep_worst(found, problem)
    result.sources = repository.library.everything()
    for finding in found.values():
        if finding.place.path not in judged:
            continue
        if suppressed(finding, result.sources[finding.place.path]):
            result.suppressed += 1
        else:
            result.findings.append(finding)
    result.findings.sort(key=lambda f: (f.place.path, f.place.start, f.code))
    return result


def _where_judged(finding: Finding, rollout: Rollout, judged: frozenset[str]) -> Finding:
    """A finding whose cause is in a parent that is not judged stands where a judged file names
    that parent: it says where the cause is, and nothing is rewritten."""
    outside = finding.place.path not in judged and finding.place.path in rollout.parents
    if not outside or rollout.path not in judged or rollout.named_at is None:
        return finding
    help_ = f"the cause is at {finding.place}, in a parent of this file. {finding.help}"
    return replace(finding, place=rollout.named_at, help=help_, fix=None)


def _keep_worst(found: dict[tuple[str, Place, str], Finding], finding: Finding) -> None:
    """Rollouts that inherit one cause report it once, as bad as it is for any of them."""
    key = (finding.code, finding.place, finding.setting)
    if key not in found or finding.severity > found[key].severity:
        found[key] = finding


def _rollouts(repository: Repository, projects: Sequence[Project]) -> list[Rollout]:
    """The rollouts of all projects. A file that others are laid over is judged through them: what
    it lacks they may all supply."""
    library = repository.library
    lookup = Lookup(library.source, library.is_folder)
    found: list[Rollout] = []
    for project in projects:
        own = [
            rollout
            for path, source in project.sources.items()
            for rollout in rollouts(source, repository.for_file(project, path), lookup)
        ]
        found += own
        if not any(rollout.policy for rollout in own) and (elsewhere := remote(project)):
            found.append(elsewhere)
    over = {path for rollout in found if rollout.policy for path in rollout.parents}
    over -= lookup.run_as_it_is
    if over:
        over -= set(run_by_default(library.sources.values(), lookup))
    return [rollout for rollout in found if rollout.path not in over]


def _judge(
    rollout: Rollout,
    rules: Sequence[Rule],
    asked: Asked,
    result: Result,
    accepted: Callable[[Finding], bool],
) -> Iterator[Finding]:
    """What the rules say of a rollout, and then those that weigh what the others said, but not
    what a comment accepts."""
    said: list[Finding] = []
    for rule in rules:
        if asked.has(rule) and (rollout.policy or rule.every_engine):
            said += _say(rule, rollout, partial(_checked, rule, asked.base), result)
    heard = tuple(asked.weighed(finding) for finding in said if not accepted(finding))
    for rule in rules:
        if asked.has(rule) and rollout.policy:
            said += _say(rule, rollout, partial(_weighed, rule, asked.base, heard), result)
    yield from map(asked.weighed, said)


def _accepted(repository: Repository, finding: Finding) -> bool:
    source = repository.library.sources.get(finding.place.path)
    return source is not None and suppressed(finding, source)


def _checked(rule: Rule, profile: Profile, rollout: Rollout) -> Iterator[Finding]:
    return rule.check(rollout, profile)


def _weighed(
    rule: Rule, profile: Profile, said: Sequence[Finding], rollout: Rollout
) -> Iterator[Finding]:
    return rule.weigh(rollout, profile, said) if rule.weigh else iter(())


def _say(
    rule: Rule, rollout: Rollout, check: Callable[[Rollout], Iterator[Finding]], result: Result
) -> list[Finding]:
    spoken_of = _limited(rollout, rule)
    if not spoken_of.release.candidates:
        return []
    try:
        said = list(check(spoken_of))
    except Exception as error:  # one broken rule must not end the run
        result.broken.append(Broken(rule, rollout, error))
        return []
    # Where no release is known, only what holds for each of them is worth saying.
    return [finding for finding in said if rollout.release.known or finding.everywhere]


def _limited(rollout: Rollout, rule: Rule) -> Rollout:
    """The rollout on the releases that a rule speaks about."""
    release = rollout.release
    spoken_of = tuple(v for v in release.candidates if within(v, rule.releases))
    hidden = len(release.candidates) - len(spoken_of)
    if not hidden:
        return rollout
    return replace(rollout, release=replace(release, candidates=spoken_of, hidden=hidden))


def _problems(repository: Repository) -> Iterator[Finding]:
    """RL001 for every judged file that could not be read."""
    for path in repository.files.judged:
        source = repository.library.sources.get(path)
        if source is None or source.problem is None or source.template:
            continue
        text = Text(path, source.text)
        row = min(source.problem_line, len(text.line_starts))
        start = text.line_starts[row - 1]
        yield Finding(
            *UNREADABLE,
            Severity.WARNING,
            text.place(start, start + len(text.line(row))),
            source.problem,
            help="mend the file, or keep it out of the run (.gitignore, other paths)",
        )
