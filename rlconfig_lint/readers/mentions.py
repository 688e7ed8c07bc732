"""Where a name stands in a text, whatever the text is: the last look before saying "nowhere"."""

from __future__ import annotations

import re

# A text over several rows, a comment, or a text on one row, each up to its end or the text's: what
# is not closed must not be looked at again. What a name in a short text means is not known, so it
# counts; the first two only talk about the code.
_TEXTS = re.compile(
    r"(?P<long>\"\"\"[\s\S]*?(?:\"\"\"|\Z)|'''[\s\S]*?(?:'''|\Z))|(?P<comment>#[^\n]*)"
    r"|\"(?:[^\"\\\n]|\\[\s\S])*\"?|'(?:[^'\\\n]|\\[\s\S])*'?"
)


def rows(text: str, name: str) -> set[int]:
    """The 1-based rows where a word stands in any text."""
    return _found(text, name)


def rows_of_code(text: str, name: str) -> set[int]:
    """The same in Python; comments, long texts and the names of arguments left out."""
    if name not in text:
        return set()
    return _found(_TEXTS.sub(_without_prose, text), name, unless=r"(?!\s*(?::|=[^=]))")


def _found(text: str, name: str, unless: str = "") -> set[int]:
    if name not in text:
        return set()
    word = re.compile(rf"\b{re.escape(name)}\b{unless}")
    lines = enumerate(text.split("\n"), 1)
    return {row for row, line in lines if name in line and word.search(line)}


def _without_prose(found: re.Match[str]) -> str:
    written = found.group()
    if found["long"] or found["comment"]:
        return "\n" * written.count("\n")
    return written
