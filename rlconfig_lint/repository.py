"""A checked tree, split into projects: a release and declared facts belong to each."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from rlconfig_lint.discovery import MANIFEST_LARGEST, PROJECT_MARKS, Files, load
from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.library import Library
from rlconfig_lint.model import Declared, ReleaseFact, Source
from rlconfig_lint.resolve.code import Code
from rlconfig_lint.resolve.installed import Installed, installed
from rlconfig_lint.resolve.manifests import Pin, installed_by
from rlconfig_lint.resolve.project import Project
from rlconfig_lint.resolve.release import Manifests, release_fact

DeclaredFor = Callable[[str], Declared]


@dataclass
class Repository:
    """The sources of a run, split into projects."""

    library: Library
    declared_for: DeclaredFor
    _roots: dict[str, str] = field(default_factory=dict)
    _releases: dict[tuple[str, str | None, Pin | None], ReleaseFact] = field(default_factory=dict)
    _installed: dict[tuple[str, str], Installed | None] = field(default_factory=dict)

    @classmethod
    def of(cls, files: Files, declared_for: DeclaredFor) -> Repository:
        """Read the files of a run."""
        library = Library(files)
        library.read()
        return cls(library, declared_for)

    @property
    def files(self) -> Files:
        return self.library.files

    def projects(self) -> Iterator[Project]:
        by_root: dict[str, dict[str, Source]] = {}
        for path, source in self.library.sources.items():
            by_root.setdefault(self.root_of(path), {})[path] = source
        for root, sources in by_root.items():
            declared = self.declared_for(posixpath.join(root, "any file"))
            release = self.release(root, declared)
            code = Code(root, sources, partial(self._beyond, root), self._is_whole(root))
            yield Project(code, release, declared, partial(self.installed, root))

    def _beyond(self, root: str) -> Iterator[tuple[str, str]]:
        """The paths and texts of the other projects, and of what was not worth reading."""
        for path, source in self.library.sources.items():
            if self.root_of(path) != root:
                yield path, source.text
        yield from self.library.unworthy()

    def _is_whole(self, root: str) -> bool:
        """Whether a folder has all of its project: it has a manifest, or none stands above it."""
        here = (self.files.base / root).absolute()
        return _is_marked(here) or not any(map(_is_marked, here.parents))

    def for_file(self, project: Project, path: str) -> Project:
        """The project as one file sees it: facts can be declared per path, and a script can install
        a release of its own."""
        declared = self.declared_for(path)
        own = installed_by(path, self.library.sources[path].text)
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


def _is_marked(folder: Path) -> bool:
    return any((folder / mark).exists() for mark in PROJECT_MARKS)


def _upwards(root: str) -> Iterator[str]:
    yield root
    while root:
        root = posixpath.dirname(root)
        yield root
