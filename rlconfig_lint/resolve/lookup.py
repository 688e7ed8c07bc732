"""Files of the checked tree that another file names, whether or not they are worth judging."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rlconfig_lint.model import Source

if TYPE_CHECKING:
    from rlconfig_lint.resolve.inherit import Parents
    from rlconfig_lint.resolve.tree import Tree

_SUFFIXES = (".yaml", ".yml")
# The shell reader's sign for a piece of a word that only a run would tell: `$PWD/conf`.
_HIDDEN = "\0"


@dataclass
class Lookup:
    """Reads files and asks for folders by their path in the checked tree."""

    file: Callable[[str], Source | None]
    is_folder: Callable[[str], bool]
    run_as_it_is: set[str] = field(default_factory=set)  # configurations that a command only names
    # What was laid together or put at a package already: a run asks for it many times.
    composed: dict[tuple[object, ...], Parents] = field(default_factory=dict)
    placed: dict[tuple[str, int, tuple[str, ...]], Tree] = field(default_factory=dict)

    def config(self, path: str) -> Source | None:
        """A configuration by its name, which may leave the ending out."""
        endings = ("",) if path.endswith(_SUFFIXES) else _SUFFIXES
        found = (self.file(posixpath.normpath(path + ending)) for ending in endings)
        return next((source for source in found if source is not None), None)

    def file_from(self, word: str, folder: str, *, below: tuple[str, ...] = ("",)) -> Source | None:
        """The file that a word of a command names, wherever above `folder` the command is run;
        None also where there are several such files."""
        paths = _candidates(word, folder, below)
        found = {s.path: s for path in paths if (s := self.file(path)) is not None}
        return next(iter(found.values())) if len(found) == 1 else None

    def folder_from(self, word: str, folder: str) -> str | None:
        """The folder that a word of a command names, as `file_from` finds a file."""
        found = {path for path in _candidates(word, folder, ("",)) if self.is_folder(path)}
        return found.pop() if len(found) == 1 else None


def _candidates(word: str, folder: str, below: tuple[str, ...]) -> Iterator[str]:
    """Where a relative path may lead. Of `$X/conf/a.yaml` only `conf/a.yaml` is known."""
    word = word.removeprefix("file://")
    relative = word.removeprefix(f"{_HIDDEN}/")
    if not relative or _HIDDEN in relative or "$" in relative or relative.startswith("/"):
        return
    for above in above_and(folder):
        for inner in below:
            yield posixpath.normpath(posixpath.join(above, inner, relative))


def above_and(folder: str) -> Iterator[str]:
    """A folder and those above it, as far as the run's own."""
    yield folder
    while folder and posixpath.basename(folder) != "..":
        folder = posixpath.dirname(folder)
        yield folder
