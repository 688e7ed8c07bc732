"""Where a script's own folder is: `$0`, `${BASH_SOURCE[0]}` and what `dirname`, `realpath` and
`cd ... && pwd` make of them.

The path is known within the checked tree, not on the machine that will run the script: it is
hidden from everybody but a `source`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable

_HERE = re.compile("\0\1([^\1]*)\1(/[^\0]*)?")
_QUIETLY = r"(?:\s*(?:[12&]?>{1,2}\s*/dev/null|2>&1))*"
_OPTIONS = r"(?:\s+-[-\w]*)*"
_CHANGED = re.compile(
    rf"\s*cd{_OPTIONS}\s+(?P<word>\S.*?){_QUIETLY}\s*(?:&&|;)\s*pwd{_OPTIONS}{_QUIETLY}\s*",
    re.DOTALL,
)
_ABOVE = re.compile(rf"\s*dirname{_OPTIONS}\s+(?P<word>\S.*?)\s*", re.DOTALL)
_SAME = re.compile(rf"\s*(?:realpath|readlink){_OPTIONS}\s+(?P<word>\S.*?)\s*", re.DOTALL)
_LONGEST = 500


def marked(path: str) -> str:
    """A path of the checked tree as the text of a word."""
    return f"\0\1{path}\1"


def path_in(text: str) -> str | None:
    """The path of the checked tree that a word stands for."""
    found = _HERE.fullmatch(text)
    if not found:
        return None
    return posixpath.normpath(posixpath.join(found[1] or ".", (found[2] or "").lstrip("/")))


def above(text: str) -> str | None:
    """The folder of a marked path, marked."""
    path = path_in(text)
    return None if path is None else marked(posixpath.dirname(path))


def printed(command: str, expand: Callable[[str], str]) -> str | None:
    """The marked path that a command prints; None where it prints something else."""
    if len(command) > _LONGEST:
        return None
    for pattern in (_CHANGED, _ABOVE, _SAME):
        found = pattern.fullmatch(command)
        if found:
            text = expand(found["word"])
            path = path_in(text)
            if path is None:
                return None
            return above(text) if pattern is _ABOVE else marked(path)
    return None
