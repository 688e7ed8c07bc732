"""The project that a file belongs to: its code, its release and what is declared about it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from packaging.version import Version

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import Declared, Evidence, PythonFacts, ReleaseFact, Source
from rlconfig_lint.resolve.code import Code
from rlconfig_lint.resolve.defaults_list import first_document, group_folders
from rlconfig_lint.resolve.engines import is_server
from rlconfig_lint.resolve.installed import Installed


@dataclass(frozen=True)
class Project:
    """A folder with its own manifest, and everything below it that has none."""

    code: Code
    release: ReleaseFact
    declared: Declared = field(default_factory=Declared)
    installed: Callable[[Framework], Installed | None] = field(default=lambda _: None, repr=False)

    @property
    def root(self) -> str:
        return self.code.root

    @property
    def sources(self) -> Mapping[str, Source]:
        return self.code.sources

    @property
    def modules(self) -> Mapping[str, PythonFacts]:
        return self.code.modules

    @cached_property
    def servers(self) -> int:
        """How many commands start a vLLM server."""
        return sum(is_server(b.words) for source in self.sources.values() for b in source.blocks)

    def version_of(self, framework: Framework) -> Installed | None:
        """The version of a framework that is declared or installed, where that is known."""
        if self.declared.framework_version is None or framework.made_from:
            return self.installed(framework)
        stated = self.declared.framework_version
        evidence = Evidence(f"framework-version = {stated!r} in {self.declared.source}")
        return Installed(Version(stated), evidence)

    def inside(self, path: str) -> str:
        """A file's path within the project, which may itself stand below `tests/`."""
        return self.code.inside(path)

    def holds(self, package: str) -> bool:
        """Whether a Python package's own source is part of this project."""
        return any(self.is_in(package, path) for path in self.modules)

    def is_in(self, package: str, path: str) -> bool:
        """Whether a file belongs to a Python package's own source in this project."""
        top = f"{self.root}/{package}/" if self.root else f"{package}/"
        return bool(package) and path.startswith(top)

    def has(self, file: str) -> bool:
        """Whether a file that was read stands at a path of this project."""
        return (f"{self.root}/{file}" if self.root else file) in self.sources

    @cached_property
    def _group_folders(self) -> frozenset[str]:
        """The folders that some defaults list chooses files from."""
        return frozenset(
            folder
            for source in self.sources.values()
            if (block := first_document(source)) is not None
            for folder in group_folders(source, block)
        )

    def is_alternative(self, path: str) -> bool:
        """Whether a document is one of several that a defaults list chooses from: only a part of
        a configuration."""
        return posixpath.dirname(path) in self._group_folders
