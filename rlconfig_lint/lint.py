"""One run: files to sources to rollouts to findings."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property

from rlconfig_lint.discovery import (
    MANIFEST_LARGEST,
    PROJECT_MARKS,
    Files,
    Skipped,
    load,
    worth_reading,
)
from rlconfig_lint.model import (
    Declared,
    Finding,
    Place,
    Profile,
    ReleaseFact,
    Rollout,
    Rule,
    Severity,
    Source,
)
from rlconfig_lint.readers import language, read
from rlconfig_lint.readers.text import Text, UnreadableError
from rlconfig_lint.registry import UNREADABLE
from rlconfig_lint.releases.known import within
from rlconfig_lint.resolve.of_engine import remote
from rlconfig_lint.resolve.project import Project
from rlconfig_lint.resolve.release import Manifests, release_fact
from rlconfig_lint.resolve.rollouts import rollouts
from rlconfig_lint.suppress import suppressed

DeclaredFor = Callable[[str], Declared]
ProfileFor = Callable[[str], Profile]


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
    sources: dict[str, Source] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    suppressed: int = 0
    read: int = 0


@dataclass
class Repository:
    """The sources of a run, split into projects."""

    files: Files
    declared_for: DeclaredFor
    sources: dict[str, Source] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    _sourced: dict[str, Text] = field(default_factory=dict)
    _roots: dict[str, str] = field(default_factory=dict)
    _releases: dict[tuple[str, str | None], ReleaseFact] = field(default_factory=dict)

    def read(self) -> None:
        """Read every file once, the judged ones and those that only give facts."""
        for path in self.files.judged:
            reason = self.reread(path)
            if reason:
                self.skipped.append(Skipped(path, reason))
        for path in self.files.context:
            self.reread(path)
        while missing := [path for path in self._sourced if path not in self.sources]:
            for path in missing:  # what is sourced matters, whatever it says itself
                self.sources[path] = read(path, self._sourced[path].encode(), self.text)

    def reread(self, path: str) -> str:
        """Read one file again, after a fix say; why not, where it was skipped."""
        found = load(self.files.base / path, self.files.roots)
        if isinstance(found, str):
            return found
        if language(path, found[:200]) is not None and worth_reading(path, found):
            self.sources[path] = read(path, found, self.text)
        return ""

    def text(self, path: str) -> Text | None:
        """A file of the run, for a script that sources it."""
        if path in self.sources:
            source = self.sources[path]
            return Text(path, source.text, source.bom)
        if path not in self._sourced and path in self._paths:
            found = load(self.files.base / path, self.files.roots)
            with suppress(UnreadableError):
                if isinstance(found, bytes):
                    self._sourced[path] = Text.decode(path, found)
        return self._sourced.get(path)

    def put(self, source: Source) -> None:
        """Take a file's new source, and read again what sources it."""
        self.sources[source.path] = source
        for other in list(self.sources.values()):
            if source.path in other.through:
                data = Text(other.path, other.text, other.bom).encode()
                self.sources[other.path] = read(other.path, data, self.text)

    @cached_property
    def _paths(self) -> frozenset[str]:
        return frozenset((*self.files.judged, *self.files.context))

    def projects(self) -> Iterator[Project]:
        by_root: dict[str, dict[str, Source]] = {}
        for path, source in self.sources.items():
            by_root.setdefault(self.root_of(path), {})[path] = source
        for root, sources in by_root.items():
            declared = self.declared_for(posixpath.join(root, "any file"))
            yield Project(root, sources, self.release(root, declared), declared)

    def for_file(self, project: Project, path: str) -> Project:
        """The project as one file sees it: facts can be declared per path."""
        declared = self.declared_for(path)
        if declared == project.declared:
            return project
        return replace(project, declared=declared, release=self.release(project.root, declared))

    def root_of(self, path: str) -> str:
        """The nearest folder at or above a file, inside the checked ones, with a manifest."""
        folder = posixpath.dirname(path)
        if folder not in self._roots:
            here = self.files.base / folder
            marked = any((here / mark).exists() for mark in PROJECT_MARKS)
            top = not folder or here.resolve() in self.files.tops
            self._roots[folder] = folder if marked or top else self.root_of(folder)
        return self._roots[folder]

    def release(self, root: str, declared: Declared) -> ReleaseFact:
        key = (root, declared.vllm_version)
        if key not in self._releases:
            manifests = Manifests(self._names, self._manifest)
            self._releases[key] = release_fact(list(_upwards(root)), manifests, declared)
        return self._releases[key]

    def _names(self, folder: str) -> list[str]:
        try:
            return sorted(os.listdir(self.files.base / folder))  # noqa: PTH208 - names are wanted
        except OSError:
            return []

    def _manifest(self, path: str) -> bytes | None:
        found = load(self.files.base / path, self.files.roots, largest=MANIFEST_LARGEST)
        return found if isinstance(found, bytes) else None


def check(
    repository: Repository,
    rules: Sequence[Rule],
    profile_for: ProfileFor,
    *,
    every_engine: bool = False,
) -> Result:
    """Every finding about the judged files, in the order of their places. With `every_engine`,
    the rules that are true for every vLLM user also judge engines that are no rollout."""
    result = Result(sources=repository.sources, skipped=list(repository.skipped))
    judged = frozenset(repository.files.judged)
    result.skipped.extend(
        Skipped(source.path, source.problem or "")
        for source in repository.sources.values()
        if source.template and source.path in judged
    )
    result.read = len(judged)
    found: dict[tuple[str, Place, str], Finding] = {}
    for project in repository.projects():
        for rollout in _rollouts(repository, project):
            if not rollout.policy and not every_engine:
                continue
            if rollout.place.path in judged and rollout.policy:
                result.rollouts.append(rollout)
            for finding in _judge(rollout, rules, profile_for(rollout.place.path), result):
                _keep_worst(found, finding)
    for problem in _problems(repository):
        _keep_worst(found, problem)
    for finding in found.values():
        if finding.place.path not in judged:
            continue
        if suppressed(finding, repository.sources[finding.place.path]):
            result.suppressed += 1
        else:
            result.findings.append(finding)
    result.findings.sort(key=lambda f: (f.place.path, f.place.start, f.code))
    return result


def _keep_worst(found: dict[tuple[str, Place, str], Finding], finding: Finding) -> None:
    """Rollouts that inherit one cause report it once, as bad as it is for any of them."""
    key = (finding.code, finding.place, finding.setting)
    if key not in found or finding.severity > found[key].severity:
        found[key] = finding


def _rollouts(repository: Repository, project: Project) -> Iterator[Rollout]:
    none = True
    for path, source in project.sources.items():
        for rollout in rollouts(source, repository.for_file(project, path), repository.sources.get):
            none = none and not rollout.policy
            yield rollout
    if none and (elsewhere := remote(project)):
        yield elsewhere


def _judge(
    rollout: Rollout, rules: Sequence[Rule], profile: Profile, result: Result
) -> Iterator[Finding]:
    for rule in rules:
        if not rollout.policy and not rule.every_engine:
            continue
        spoken_of = _limited(rollout, rule)
        if not spoken_of.release.candidates:
            continue
        try:
            yield from list(rule.check(spoken_of, profile))
        except Exception as error:  # one broken rule must not end the run
            result.broken.append(Broken(rule, rollout, error))


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
        source = repository.sources.get(path)
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


def _upwards(root: str) -> Iterator[str]:
    yield root
    while root:
        root = posixpath.dirname(root)
        yield root
