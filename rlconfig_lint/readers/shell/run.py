"""Where the reading of a script stands: its variables, functions and files, and what it found."""

from __future__ import annotations

import enum
import posixpath
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rlconfig_lint.model import Block, Entry
from rlconfig_lint.readers.shell.entries import value_of
from rlconfig_lint.readers.shell.expansion import assigned
from rlconfig_lint.readers.shell.paths import path_in, printed
from rlconfig_lint.readers.shell.script import Script
from rlconfig_lint.readers.shell.state import State
from rlconfig_lint.readers.shell.words import HIDDEN, Variable, Word
from rlconfig_lint.readers.text import Lookup, Text, UnreadableError

if TYPE_CHECKING:
    from tree_sitter import Node

DEEPEST = 50  # statements inside statements, calls and sourced files together
_MOST_WORK = 1_000_000
_MOST_EXPORTS = 200


class Kind(enum.Enum):
    FUNCTION = "function"
    FILE = "file"
    LOOP = "loop"


@dataclass
class Frame:
    """A function, sourced file or loop that is being followed, and the paths that left it early."""

    kind: Kind
    start: State
    left: list[State] = field(default_factory=list)
    locals: set[str] = field(default_factory=set)

    def paths(self, last: State) -> list[State]:
        """Every path out of it, without its own variables."""
        paths = [*self.left, last]
        for path in paths:
            for name in self.locals:
                path.held.pop(name, None)
        return paths


@dataclass(frozen=True)
class Function:
    script: Script
    body: Node


@dataclass
class Run:
    """One script being followed, as a run of it would go; nothing is executed."""

    main: Text
    script: Script  # the one whose statements are being followed
    lookup: Lookup
    follow: Callable[[Run, Sequence[Node]], None]
    state: State = field(default_factory=State)
    functions: dict[str, Function] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    exported: dict[str, None] = field(default_factory=dict)
    entries: dict[str, tuple[Variable, Entry]] = field(default_factory=dict)  # of the exported
    exports_all: bool = False  # set -a
    frames: list[Frame] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)  # the files being followed, outermost first
    inside: list[str] = field(default_factory=list)  # the functions
    blocks: dict[Hashable, Block] = field(default_factory=dict)
    muted: int = 0  # in a first pass over a loop, which is for the variables alone
    depth: int = 0
    work: int = 0

    def spend(self, work: int) -> None:
        """Count what was done.

        Raises:
            UnreadableError: no script that somebody wrote is that much to follow.
        """
        self.work += work
        if self.work > _MOST_WORK:
            raise UnreadableError("too much to follow: not read")

    def can_call(self, name: str) -> bool:
        """Whether a function's body is followed where it is called: not from inside itself, and
        not in a script that has had more work than most."""
        return name not in self.inside and self.depth < DEEPEST and self.work < _MOST_WORK // 3

    @contextmanager
    def on(self, path: State) -> Iterator[State]:
        """Follow statements on another path."""
        before, self.state = self.state, path
        try:
            yield path
        finally:
            self.state = before

    def branch(self, nodes: Sequence[Node]) -> State:
        """Follow statements that may run or not; the path they make."""
        with self.on(self.state.branch()) as path:
            self.follow(self, nodes)
        return path

    def aside(self, nodes: Sequence[Node]) -> None:
        """Follow statements in a shell of their own: what they assign ends with it."""
        frame = self.function()
        before = set(frame.locals) if frame else set()
        exports_all = self.exports_all
        self.branch(nodes)
        self.exports_all = exports_all
        if frame:
            frame.locals = before

    def function(self) -> Frame | None:
        """The function that is being followed."""
        return next((f for f in reversed(self.frames) if f.kind is Kind.FUNCTION), None)

    def settle(self, *paths: State) -> None:
        self.spend(self.state.settle(paths))

    # --- what words ask for ---

    def get(self, name: str) -> Variable | None:
        if not name.isdigit() or name == "0":
            return self.state.get(name)
        arguments = self.state.get("@")
        if arguments is None:
            return None
        number = int(name[:4])
        if all(word.known for word in arguments.words[:number]):
            return Variable(arguments.words[number - 1 : number])
        return Variable((replace(arguments.words[0], text=HIDDEN, shared=True),))

    def put(self, name: str, variable: Variable) -> None:
        if self.exports_all:
            variable = replace(variable, exported=True)
        if variable.exported and len(self.exported) < _MOST_EXPORTS:
            self.exported[name] = None
        self.state.put(name, variable)

    def environment(self) -> dict[str, Entry]:
        """The variables that a command gets."""
        found: dict[str, Entry] = {}
        for name in self.exported:
            variable = self.state.get(name)
            if variable is not None and variable.exported and variable.at is not None:
                found[name] = self._entry(name, variable)
        return found

    def _entry(self, name: str, variable: Variable) -> Entry:
        known = self.entries.get(name)
        if known is None or known[0] is not variable:
            place = variable.at.place() if variable.at else self.main.place(0, 0)
            known = variable, Entry((name,), value_of(variable.text), place)
            self.entries[name] = known
        return known[1]

    def output(self, command: str) -> str:
        if self.depth > DEEPEST:
            return HIDDEN
        self.spend(20)
        self.depth += 1
        found = printed(command, self._path)
        self.depth -= 1
        return found or HIDDEN

    def _path(self, word: str) -> str:
        return assigned(Word(word, self.script.text, 0, 0), self)

    def sourced(self, name: str) -> Text | None:
        """The file of the checked tree that `source name` reads; None where it is not certain."""
        path = path_in(name)
        if path is not None:
            return self.lookup(path)
        if HIDDEN in name or name.startswith(("/", "~")):
            return None
        found: dict[str, Text] = {}
        for folder in _upwards(posixpath.dirname(self.sources[0])):
            text = self.lookup(posixpath.normpath(posixpath.join(folder, name)))
            if text is not None:
                found[text.path] = text
        return next(iter(found.values())) if len(found) == 1 else None


def _upwards(folder: str) -> Iterator[str]:
    """Where a script may be started: its own folder and those above it."""
    yield folder
    while folder != posixpath.dirname(folder):
        folder = posixpath.dirname(folder)
        yield folder
