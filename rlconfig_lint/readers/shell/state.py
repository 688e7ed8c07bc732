"""What a script's variables hold at one point, and what remains certain behind a branch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rlconfig_lint.readers.shell.words import HIDDEN, MOST_WORDS, Variable, Word

_KEY = re.compile(r"--?[A-Za-z][\w.-]*(?==|$)|\+{0,2}[A-Za-z_][\w./@-]*(?==)")


@dataclass
class State:
    """The variables assigned on one path, over those from before the path began."""

    before: State | None = None
    held: dict[str, Variable] = field(default_factory=dict)
    over: bool = False  # the path has left: `exit`, `return`, `break`

    def get(self, name: str) -> Variable | None:
        state: State | None = self
        while state is not None:
            found = state.held.get(name)
            if found is not None:
                return found
            state = state.before
        return None

    def put(self, name: str, variable: Variable) -> None:
        self.held[name] = variable

    def branch(self) -> State:
        """A path that begins here."""
        return State(self)

    def since(self, start: State) -> State:
        """What was assigned since `start`, as one path from there."""
        held: dict[str, Variable] = {}
        state: State | None = self
        while state is not None and state is not start:
            held = {**state.held, **held}
            state = state.before
        return State(start, held)

    def settle(self, paths: Sequence[State]) -> int:
        """Go on behind paths that began here, of which one is taken; the work that it was."""
        ending = [path for path in paths if not path.over]
        if not ending:
            self.over = True
        work = 0
        for name in {name: None for path in ending for name in path.held}:
            values = [path.get(name) for path in ending]
            self.held[name] = either(values)
            work += sum(len(value.words) for value in values if value)
        return work


def either(values: Sequence[Variable | None]) -> Variable:
    """What is certain of a variable that holds one of these; None is a name nobody assigned."""
    known = [value for value in values if value is not None]
    words = [value.words if value else () for value in values]
    like = replace(known[-1], exported=any(value.exported for value in known))
    if len(known) == len(values) and len({tuple(map(_text, found)) for found in words}) == 1:
        return replace(like, words=_same(words, len(words[0])))
    if any(value.array for value in known):
        return replace(like, words=_perhaps(words), array=True)
    first = next((word for found in words for word in found), None)
    if first is None:
        return like
    pieces = {unvalued(piece): None for value in known for piece in value.text.split() or [""]}
    if len(known) < len(values):
        pieces[HIDDEN] = None
    return replace(like, words=(replace(first, text=" ".join(pieces), shared=True),))


def _perhaps(values: Sequence[tuple[Word, ...]]) -> tuple[Word, ...]:
    """The elements that an array has in any case, and the keys of the others without a value."""
    same, shortest = 0, min(map(len, values))
    while same < shortest and len({value[same].text for value in values}) == 1:
        same += 1
    unsure = {unvalued(word.text): word for value in values for word in value[same:]}
    more = (replace(word, text=text, shared=True) for text, word in unsure.items())
    return (*_same(values, same), *more)[:MOST_WORDS]


def _same(values: Sequence[tuple[Word, ...]], count: int) -> tuple[Word, ...]:
    """Elements that read alike. What several branches have written has no place of its own."""
    return tuple(
        word if all(value[n] == word for value in values) else replace(word, shared=True)
        for n, word in enumerate(values[-1][:count])
    )


def unvalued(text: str) -> str:
    """A word that may stand there or not: its key with an unknown value."""
    key = _KEY.match(text)
    return f"{key.group()}={HIDDEN}" if key else HIDDEN


def _text(word: Word) -> str:
    return word.text
