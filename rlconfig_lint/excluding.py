"""Which files are read for facts alone: copies, tests, documentation, other people's code.

What is excluded is judged by nobody, and still says what a project's own code does. A file that is
named on the command line is judged all the same, unless `--force-exclude` says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rlconfig_lint.config import Config

Excluder = Callable[[Path], bool]

# The same as these .gitignore lines, which take 30 ms to compile.
DEFAULT = (
    "_generated_*",
    "doc/",
    "docs/",
    "test/",
    "tests/",
    "third_party/",
    "_vendor/",
    "vendor/",
    "vendored/",
)
_DEFAULT = re.compile(
    r"(?:.*/)?(?:docs?|tests?|third_party|_?vendor|vendored)/.*|(?:.*/)?_generated_[^/]*(?:/.*)?"
)


def excluder(folder: Path, config: Config | None) -> Excluder:
    """For the files below a folder: the configuration's patterns, which are relative to its own
    file, or the default ones, relative to the folder."""
    if config is None or (config.exclude is None and not config.extend_exclude):
        return lambda path: _DEFAULT.fullmatch(_below(path, folder)) is not None
    from pathspec import GitIgnoreSpec

    chosen = DEFAULT if config.exclude is None else config.exclude
    lines = GitIgnoreSpec.from_lines((*chosen, *config.extend_exclude))
    return lambda path: lines.match_file(_below(path, config.folder))


def _below(path: Path, folder: Path) -> str:
    """A path relative to a folder; the whole path where it is not below it."""
    try:
        return path.absolute().relative_to(folder.absolute()).as_posix()
    except ValueError:
        return path.as_posix().lstrip("/")
