"""What readers find: files, and the mappings, calls and commands in them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from rlconfig_lint.model.code import PythonFacts
from rlconfig_lint.model.places import Evidence, Place
from rlconfig_lint.model.values import Value


@dataclass(frozen=True, slots=True)
class Entry:
    """One key and its value, as a reader found them."""

    path: tuple[str, ...]
    value: Value
    place: Place  # key and value
    value_place: Place | None = None  # None: a bare key or flag
    shared: bool = False  # reached through an anchor or a variable: writing it changes more
    written: str = ""  # the key as the file spells it; empty where it is the path's last element
    overridable: bool = False  # a default of the project's own: a launch may give another value
    guarded: bool = False  # given only where a look at the release allows it
    default: Evidence | None = None  # whose, and where it is given when that is not `place`

    @property
    def key(self) -> str:
        return self.written or self.path[-1]

    @property
    def stated(self) -> Evidence:
        """The name that the value is given to, and where."""
        return self.default or Evidence(self.key, self.place)


class Form(enum.Enum):
    DOCUMENT = "document"  # YAML, JSON, TOML: keys are paths from the document's root
    CALL = "call"  # Python: keys are keyword arguments
    COMMAND = "command"  # shell: keys are flags (`--a-b`) or dotted overrides (`a.b`)


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping, call or command that may configure something."""

    form: Form
    name: str  # "" for a document, "vllm.LLM" for a call, "vllm serve" for a command
    place: Place
    entries: tuple[Entry, ...]
    open: bool = False  # some keys come from where the reader cannot see
    index: int = 0  # the document's number in its file
    words: tuple[str, ...] = ()  # a command's words
    listed: bool = False  # they stand in a list of another language: nothing is written there
    env: Mapping[str, Entry] = field(default_factory=dict)  # variables set for a command
    keys_at: Place | None = None  # where a new key goes when that is not `place` (a dict literal)
    inside: str = ""  # the function or method it stands in; the key, for a command in a document
    writable: bool = True  # a fix can be written here, not only shown
    derived: bool = False  # a subclass or actor is called: its own arguments may differ


@dataclass(frozen=True, slots=True)
class Suppression:
    line: int
    codes: frozenset[str]


@dataclass(frozen=True)
class Source:
    """One file that was read. `problem` says why it could not be."""

    path: str
    text: str
    newline: str = "\n"
    bom: bool = False
    blocks: tuple[Block, ...] = ()
    python: PythonFacts | None = None
    suppressions: tuple[Suppression, ...] = ()
    through: tuple[str, ...] = ()  # the other files that its blocks were read from
    problem: str | None = None
    problem_line: int = 1
    template: bool = False  # the problem is only that it has to be rendered first
