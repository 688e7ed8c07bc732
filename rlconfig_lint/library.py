"""The files of a run, each read once, and those that they name."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from rlconfig_lint.discovery import Files, Skipped, load, project_root, worth_reading
from rlconfig_lint.model import Source
from rlconfig_lint.readers import language, read
from rlconfig_lint.readers.text import Text, UnreadableError


@dataclass
class Library:
    """What was read of a checked tree."""

    files: Files
    sources: dict[str, Source] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)
    _named: dict[str, Source | None] = field(default_factory=dict)  # read since others name them
    _texts: dict[str, Text | None] = field(default_factory=dict)  # those that scripts source
    _unworthy: list[str] = field(default_factory=list)

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
            self.sources[path] = read(path, found, self.text)
        else:
            self._unworthy.append(path)
        return ""

    def source(self, path: str) -> Source | None:
        """A file of the tree that was read, or is read now since another one names it: a parent
        may have nothing in it that is worth judging alone."""
        if path in self.sources:
            return self.sources[path]
        if path not in self._named:
            found = self._load(path)
            self._named[path] = None if found is None else read(path, found, self.text)
        return self._named[path]

    def text(self, path: str) -> Text | None:
        """The text of a file of the tree that a script sources."""
        known = self.sources.get(path) or self._named.get(path)
        if known is not None:
            return Text(path, known.text, known.bom)
        if path not in self._texts:
            self._texts[path] = None
            found = self._load(path)
            with suppress(UnreadableError):
                self._texts[path] = None if found is None else Text.decode(path, found)
        return self._texts[path]

    def held(self, path: str) -> Source:
        """A file that was read.

        Raises:
            KeyError: it was not.
        """
        found = self.source(path)
        if found is None:
            raise KeyError(path)
        return found

    def keep(self, source: Source) -> None:
        """Put a file's changed text in the place of what was read, and read again what sources
        it."""
        self._put(source)
        for other in self.everything().values():
            if source.path in other.through:
                data = Text(other.path, other.text, other.bom).encode()
                self._put(read(other.path, data, self.text))

    def _put(self, source: Source) -> None:
        (self._named if source.path in self._named else self.sources)[source.path] = source

    def _load(self, path: str) -> bytes | None:
        found = load(self.files.base / path, self.files.roots) if self._inside(path) else ""
        return found if isinstance(found, bytes) else None

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

    def everything(self) -> Mapping[str, Source]:
        """All that was read, the parents that are not judged among it."""
        return {**{p: s for p, s in self._named.items() if s is not None}, **self.sources}

    def unworthy(self) -> Iterator[tuple[str, str]]:
        """The paths and texts of what was not worth reading: another file may name something."""
        for path in self._unworthy:
            found = load(self.files.base / path, self.files.roots)
            if isinstance(found, bytes):
                yield path, found.decode("utf-8", "replace")


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
