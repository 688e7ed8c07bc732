"""What readers find: places, keys with values, calls, and tell-tales of training."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from rlconfig_lint.model.values import Value


@dataclass(frozen=True, slots=True)
class Place:
    """A span of one file. Offsets count characters after a byte-order mark; rows and columns are
    1-based and the end is exclusive, as in ruff's JSON."""

    path: str
    start: int
    end: int
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One key and its value, as a reader found them."""

    path: tuple[str, ...]
    value: Value
    place: Place  # key and value
    value_place: Place | None = None  # None: a bare key or flag
    shared: bool = False  # reached through an anchor or a variable: writing it changes more
    written: str = ""  # the key as the file spells it; empty where it is the path's last element

    @property
    def key(self) -> str:
        return self.written or self.path[-1]


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
    env: Mapping[str, Entry] = field(default_factory=dict)  # variables set for a command
    keys_at: Place | None = None  # where a new key goes when that is not `place` (a dict literal)
    inside: str = ""  # the function or method it stands in; the key, for a command in a document
    writable: bool = True  # a fix can be written here, not only shown
    derived: bool = False  # a subclass or actor is called: its own arguments may differ


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of the engine's update and cache API, by method or by HTTP route."""

    name: str  # "pause_generation", "reset_prefix_cache", ...; a route without its slash: "pause"
    arguments: Mapping[str, Value]
    place: Place
    receiver: str = ""  # the source text before the method's dot
    awaited: bool = False
    http: bool = False
    open: bool = False  # **arguments or positional ones that were not read
    inside: str = ""
    conditional: bool = False  # in a branch: it may not run


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a fact is believed, and where that stands."""

    text: str
    place: Place | None = None

    def __str__(self) -> str:
        return f"{self.text} ({self.place})" if self.place else self.text


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """What one Python module says about training and about weight updates."""

    imports: frozenset[str] = frozenset()  # dotted module names
    calls: tuple[ApiCall, ...] = ()
    defines: frozenset[str] = frozenset()  # names of functions and methods defined here
    salts: tuple[Place, ...] = ()  # cache_salt given to a request
    temperature_divisions: tuple[Place, ...] = ()  # logits / temperature
    rollout_ratios: tuple[Evidence, ...] = ()  # exp(new - rollout logprobs)
    correction_ratios: tuple[Evidence, ...] = ()  # exp(old - rollout logprobs)
    recomputed_ratios: tuple[Evidence, ...] = ()  # exp(new - old logprobs)
    fp32_heads: tuple[Place, ...] = ()  # lm_head computed in float32
    abort_handled: tuple[Place, ...] = ()  # finish_reason == "abort"


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
