"""`# rlconfig-lint: ignore[RL101] reason`, in every language whose comments begin with `#`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlconfig_lint.model import Suppression
from rlconfig_lint.readers.text import Text

_COMMENT = re.compile(r"#\s*rlconfig-lint:\s*ignore\[([^\]\n]*)\]")


def suppressions(text: Text) -> tuple[Suppression, ...]:
    """A comment behind a line speaks for that line; one alone on its line for the next."""
    if "rlconfig-lint:" not in text.body:
        return ()
    return tuple(_found(text))


def _found(text: Text) -> Iterator[Suppression]:
    for match in _COMMENT.finditer(text.body):
        row, column = text.position(match.start())
        codes = frozenset(code.strip() for code in match.group(1).split(",") if code.strip())
        alone = not text.line(row)[: column - 1].strip()
        yield Suppression(row + 1 if alone else row, codes)
