"""Words of a script and what its names hold; `HIDDEN` stands for what only a run would tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rlconfig_lint.model import Place
from rlconfig_lint.readers.text import Text

HIDDEN = "\0"
TEMPLATE = "\2"  # a character of a `{{ template }}`, which something else fills in
MOST_WORDS = 5_000


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command after expansion, and where it is written."""

    text: str
    file: Text
    start: int
    end: int
    shared: bool = False  # some of its text stands in a variable

    @property
    def known(self) -> bool:
        return HIDDEN not in self.text

    @property
    def blank(self) -> bool:
        """Whether nothing of it is known: it may be no word at all, or several."""
        return self.text != "" and not self.text.strip(HIDDEN)

    @property
    def raw(self) -> str:
        return self.file.body[self.start : self.end]

    def place(self) -> Place:
        return self.file.place(self.start, self.end)

    def reading(self, text: str, *, shared: bool | None = None) -> Word:
        """The same written word with another text."""
        shared = self.shared if shared is None else shared
        return Word(text, self.file, self.start, self.end, shared)


@dataclass(frozen=True, slots=True)
class Variable:
    """What a name holds: one word, or an array's."""

    words: tuple[Word, ...]
    array: bool = False
    exported: bool = False
    at: Word | None = None  # the assignment

    @property
    def text(self) -> str:
        """What `$name` stands for: an array's first element."""
        return self.words[0].text if self.words else ""

    @property
    def countable(self) -> bool:
        """Whether each element is one word of a run, too."""
        return all(word.known for word in self.words)


class Scope(Protocol):
    """What the names and commands inside a word stand for."""

    def get(self, name: str) -> Variable | None: ...

    def put(self, name: str, variable: Variable) -> None: ...

    def output(self, command: str) -> str:
        """What `$(command)` prints."""
        ...
