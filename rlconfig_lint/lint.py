"""One run: files to sources to rollouts to findings."""

from __future__ import annotations

import gc
import os
import posixpath
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path

from rlconfig_lint.discovery import (
    MANIFEST_LARGEST,
    PROJECT_MARKS,
    Files,
    Skipped,
    load,
    project_root,
    worth_reading,
)
from rlconfig_lint.frameworks.words import Framework
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
from rlconfig_lint.readers.text import Text
from rlconfig_lint.registry import UNREADABLE
from rlconfig_lint.releases.known import within
from rlconfig_lint.resolve.code import Code
from rlconfig_lint.resolve.installed import Installed, installed
from rlconfig_lint.resolve.launches import run_by_default
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.manifests import Pin, installed_by
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
    projects: list[Project] = field(default_factory=list)
    sources: Mapping[str, Source] = field(default_factory=dict)
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
    _named: dict[str, Source | None] = field(default_factory=dict)  # read since others name them
    _unworthy: list[str] = field(default_factory=list)
    _roots: dict[str, str] = field(default_factory=dict)
    _releases: dict[tuple[str, str | None, Pin | None], ReleaseFact] = field(default_factory=dict)

    _installed: dict[tuple[str, str], Installed | None] = field(default_factory=dict)

    def read(self) -> None:
        """Read every file once, the judged ones and those that only give facts."""
        with _no_collection():
            for path in self.files.judged:
                reason = self.reread(path)
                if reason:
                    self.skipped.append(Skipped(path, reason))
            for path in self.files.context:
                self.reread(path)

    def reread(self, path: str) -> str:
        """Read one file again, after a fix say; why not, where it was skipped."""
        found = load(self.files.base / path, self.files.roots)
        if isinstance(found, str):
            return found
        if language(path, found[:200]) is not None and worth_reading(path, found):
            self.sources[path] = read(path, found)
        else:
            self._unworthy.append(path)
        return ""

    def source(self, path: str) -> Source | None:
        """A file of the tree that was read, or is read now since another one names it: a parent
        may have nothing in it that is worth judging alone."""
        if path in self.sources:
            return self.sources[path]
        if path not in self._named:
            self._named[path] = self._read_inside(path)
        return self._named[path]

    def held(self, path: str) -> Source:
        """A file that was read.

        Raises:
            KeyError: it was not.
        """
        return self.sources.get(path) or self.read_sources()[path]

    def keep(self, source: Source) -> None:
        """Put a file's changed text in the place of what was read."""
        (self._named if source.path in self._named else self.sources)[source.path] = source

    def _read_inside(self, path: str) -> Source | None:
        found = load(self.files.base / path, self.files.roots) if self._inside(path) else ""
        return read(path, found) if isinstance(found, bytes) else None

    def _inside(self, path: str) -> bool:
        """Whether a path is one of the checked projects' own."""
        if path.startswith("/"):
            return False
        here = Path(os.path.normpath(self.files.base / path))
        return any(here.is_relative_to(top) for top in self._tops) and here.exists()

    @cached_property
    def _tops(self) -> tuple[Path, ...]:
        """The projects that the checked paths belong to: a file's parents may stand above it."""
        roots = (*self.files.roots, *(project_root(root / "any") for root in self.files.roots))
        return tuple(dict.fromkeys(root.resolve() for root in roots))

    def is_folder(self, path: str) -> bool:
        return self._inside(path) and (self.files.base / path).is_dir()

    def read_sources(self) -> Mapping[str, Source]:
        """Everything that was read, the parents that are not judged among it."""
        return {**{p: s for p, s in self._named.items() if s is not None}, **self.sources}

    def projects(self) -> Iterator[Project]:
        by_root: dict[str, dict[str, Source]] = {}
        for path, source in self.sources.items():
            by_root.setdefault(self.root_of(path), {})[path] = source
        for root, sources in by_root.items():
            declared = self.declared_for(posixpath.join(root, "any file"))
            release = self.release(root, declared)
            code = Code(root, sources, partial(self._beyond, root), self._is_whole(root))
            yield Project(code, release, declared, partial(self.installed, root))

    def _beyond(self, root: str) -> Iterator[tuple[str, str]]:
        """The paths and texts of the other projects, and of what was not worth reading."""
        for path, source in self.sources.items():
            if self.root_of(path) != root:
                yield path, source.text
        for path in self._unworthy:
            found = load(self.files.base / path, self.files.roots)
            if isinstance(found, bytes):
                yield path, found.decode("utf-8", "replace")

    def _is_whole(self, root: str) -> bool:
        """Whether a folder has all of its project: it has a manifest, or none stands above it."""
        here = (self.files.base / root).absolute()
        return _is_marked(here) or not any(map(_is_marked, here.parents))

    def for_file(self, project: Project, path: str) -> Project:
        """The project as one file sees it: facts can be declared per path, and a script can install
        a release of its own."""
        declared = self.declared_for(path)
        own = installed_by(path, self.sources[path].text)
        if declared == project.declared and own is None:
            return project
        release = self.release(project.root, declared, own)
        return replace(project, declared=declared, release=release)

    def root_of(self, path: str) -> str:
        """The nearest folder at or above a file, inside the checked ones, with a manifest."""
        folder = posixpath.dirname(path)
        if folder not in self._roots:
            here = self.files.base / folder
            top = not folder or here.resolve() in self.files.tops
            self._roots[folder] = folder if _is_marked(here) or top else self.root_of(folder)
        return self._roots[folder]

    def release(self, root: str, declared: Declared, own: Pin | None = None) -> ReleaseFact:
        key = (root, declared.vllm_version, own)
        if key not in self._releases:
            manifests = Manifests(self._names, self._manifest)
            self._releases[key] = release_fact(list(_upwards(root)), manifests, declared, own)
        return self._releases[key]

    def installed(self, root: str, framework: Framework) -> Installed | None:
        key = (root, framework.name)
        if key not in self._installed:
            manifests = Manifests(self._names, self._manifest)
            self._installed[key] = installed(framework, list(_upwards(root)), manifests)
        return self._installed[key]

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
    result = Result(skipped=list(repository.skipped))
    judged = frozenset(repository.files.judged)
    result.skipped.extend(
        Skipped(source.path, source.problem or "")
        for source in repository.sources.values()
        if source.template and source.path in judged
    )
    result.read = len(judged)
    found: dict[tuple[str, Place, str], Finding] = {}
    result.projects.extend(repository.projects())
    for rollout in _rollouts(repository, result.projects):
        if not rollout.policy and not every_engine:
            continue
        if rollout.policy and not judged.isdisjoint((rollout.place.path, rollout.path)):
            result.rollouts.append(rollout)
        for finding in _judge(rollout, rules, profile_for(rollout.place.path), result):
            _keep_worst(found, _where_judged(finding, rollout, judged))
    for problem in _problems(repository):
        _keep_worst(found, problem)
    result.sources = repository.read_sources()
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


def _is_marked(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in PROJECT_MARKS)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Syntax trees hold no cycles, and looking for some in them took a fifth of the time."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _keep_worst(found: dict[tuple[str, Place, str], Finding], finding: Finding) -> None:
    """Rollouts that inherit one cause report it once, as bad as it is for any of them."""
    key = (finding.code, finding.place, finding.setting)
    if key not in found or finding.severity > found[key].severity:
        found[key] = finding


def _rollouts(repository: Repository, projects: Sequence[Project]) -> list[Rollout]:
    """The rollouts of all projects. A file that others are laid over is judged through them: what
    it lacks they may all supply."""
    lookup = Lookup(repository.source, repository.is_folder)
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
        over -= set(run_by_default(repository.sources.values(), lookup))
    return [rollout for rollout in found if rollout.path not in over]


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
            said = list(rule.check(spoken_of, profile))
        except Exception as error:  # one broken rule must not end the run
            result.broken.append(Broken(rule, rollout, error))
            continue
        # Where no release is known, only what holds for each of them is worth saying.
        yield from (finding for finding in said if rollout.release.known or finding.everywhere)


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
