"""The project that a file belongs to: its code, its release and what is declared about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rlconfig_lint.model import Declared, PythonFacts, ReleaseFact, Source
from rlconfig_lint.resolve.code import Code


@dataclass(frozen=True)
class Project:
    """A folder with its own manifest, and everything below it that has none."""

    code: Code
    release: ReleaseFact
    declared: Declared = field(default_factory=Declared)

    @property
    def root(self) -> str:
        return self.code.root

    @property
    def sources(self) -> Mapping[str, Source]:
        return self.code.sources

    @property
    def modules(self) -> Mapping[str, PythonFacts]:
        return self.code.modules

    def inside(self, path: str) -> str:
        """A file's path within the project, which may itself stand below `tests/`."""
        return self.code.inside(path)

    def holds(self, package: str) -> bool:
        """Whether a Python package's own source is part of this project."""
        top = f"{self.root}/{package}/" if self.root else f"{package}/"
        return bool(package) and any(path.startswith(top) for path in self.modules)
