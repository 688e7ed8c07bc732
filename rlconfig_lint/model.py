"""The words of the tool: what readers find, what resolve makes of it, what rules say.

Data flows one way: a `Source` is one file that was read; its `Block`s are the mappings, calls and
commands in it; resolve turns blocks into `Rollout`s; a `Rule` turns a rollout into `Finding`s; a
finding may carry a `Fix`, a list of edits in the words of this module that the writers turn into
text. Nothing here imports anything else of the project.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from packaging.version import Version


class Unknown(enum.Enum):
    """The value of a setting that cannot be read from the files. Never guessed."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN

# Lists and mappings hold Values themselves; `object` keeps the alias free of recursion.
Value: TypeAlias = "bool | int | float | str | list[object] | dict[str, object] | Unknown | None"


class Severity(enum.IntEnum):
    """How bad: ordered, so that `max` and comparisons read naturally."""

    INFO = 0  # advice
    WARNING = 1  # wrong unless something that is not visible here makes it right
    ERROR = 2  # the importance ratio is wrong, or the policy is a mixture

    @property
    def word(self) -> str:
        return self.name.lower()

    def lowered(self) -> Severity:
        return Severity(max(self - 1, 0))


class Confidence(enum.Enum):
    HIGH = "high"
    MEDIUM = "medium"  # rests on a fact that was not proved


class Origin(enum.Enum):
    """Where an effective value comes from."""

    EXPLICIT = "explicit"
    INHERITED = "inherited"
    FRAMEWORK = "framework default"
    RELEASE = "release default"
    UNKNOWN = "unknown"


class TrainerKind(enum.Enum):
    """What the trainer does with the logprobs that the rollout engine returned."""

    ROLLOUT_LOGPROBS = "rollout-logprobs"  # they are log pi_old in the importance ratio
    RECOMPUTE = "recompute"  # the trainer recomputes log pi_old and drops them
    DECOUPLED = "decoupled"  # recomputed, and weighted by pi_old / pi_rollout
    UNKNOWN = "unknown"


class SyncStyle(enum.Enum):
    """When new weights reach the engine."""

    IN_FLIGHT = "in-flight"  # while requests are running
    BETWEEN_BATCHES = "between-batches"  # no request is running
    FROZEN = "frozen"  # never
    UNKNOWN = "unknown"


class CacheFate(enum.Enum):
    """What a weight update does to the prefix cache."""

    CLEARED = "cleared"
    SALTED = "salted"  # old blocks stay but no later policy can hit them
    SURVIVES = "survives"
    UNKNOWN = "unknown"


# --- places and what readers find ----------------------------------------------------------------


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
    env: Mapping[str, str] = field(default_factory=dict)  # variables set for a command
    keys_at: Place | None = None  # where a new key goes when that is not `place` (a dict literal)
    inside: str = ""  # the function or method that the call stands in


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
    learns: tuple[Place, ...] = ()  # loss.backward(), optimizer.step()


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
    problem: str | None = None
    problem_line: int = 1
    template: bool = False  # the problem is only that it has to be rendered first


# --- what resolve makes of it --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Setting:
    """One named value in vLLM's own words, and where it comes from."""

    name: str
    value: Value
    origin: Origin
    source: str = ""  # for a default: whose, with the evidence
    entry: Entry | None = None

    @property
    def place(self) -> Place | None:
        return self.entry.place if self.entry else None

    @property
    def explicit(self) -> bool:
        return self.origin in (Origin.EXPLICIT, Origin.INHERITED)

    def __str__(self) -> str:
        return f"{self.name} = {show(self.value)}"


class KeyStyle(enum.Enum):
    SNAKE = "snake"
    KEBAB = "kebab"


@dataclass(frozen=True, slots=True)
class Home:
    """Where an engine's settings stand, and how a new one is spelled there."""

    block: Block
    keys: tuple[str, ...] = ()  # the mapping inside a document; the prefix of an override
    style: KeyStyle = KeyStyle.SNAKE
    typed: frozenset[str] = frozenset()  # the only names that `keys` takes, where there are any
    free_keys: tuple[str, ...] = ()  # where all other names go: an escape hatch
    free_prefix: str = ""  # what an override of such a name begins with: Hydra's `++`
    negated_false: bool = False  # False reaches the engine only as `no-<key>: true`, at free_keys


@dataclass(frozen=True, slots=True)
class ReleaseFact:
    """Which vLLM releases the project may run: the candidates, in order, and why."""

    candidates: tuple[Version, ...]
    known: bool
    evidence: tuple[Evidence, ...] = ()
    note: str = ""
    hidden: int = 0  # candidates outside the range that the asking rule speaks about

    def where(self, holds: Callable[[Version], bool]) -> ReleaseSpan:
        """The part of the candidates for which `holds` is true."""
        return ReleaseSpan(tuple(v for v in self.candidates if holds(v)), self)


@dataclass(frozen=True, slots=True)
class ReleaseSpan:
    """The releases, among those the project may run, for which a statement holds."""

    releases: tuple[Version, ...]
    among: ReleaseFact

    def __bool__(self) -> bool:
        return bool(self.releases)

    @property
    def certain(self) -> bool:
        """True when the statement holds on every candidate, or the candidates are really pinned."""
        everywhere = len(self.among.candidates) + self.among.hidden
        return self.among.known or len(self.releases) == everywhere

    def __str__(self) -> str:
        if not self.releases:
            return "no release"
        if len(self.releases) == 1:
            return f"vLLM {self.releases[0]}"
        return f"vLLM {self.releases[0]} to {self.releases[-1]}"


@dataclass(frozen=True, slots=True)
class Declared:
    """Facts that the user states in the config; a declared fact wins over an inferred one."""

    vllm_version: str | None = None
    framework: str | None = None
    trainer: TrainerKind | None = None
    weight_sync: SyncStyle | None = None
    trainer_temperature: float | None = None
    trainer_lm_head: str | None = None
    source: str = ""  # the config file, or the command line


@dataclass(frozen=True, slots=True)
class Sync:
    """How weights reach the engine, and what happens to its caches then."""

    style: SyncStyle = SyncStyle.UNKNOWN
    updates: tuple[ApiCall, ...] = ()
    pauses: tuple[ApiCall, ...] = ()
    resets: tuple[ApiCall, ...] = ()
    sleeps: tuple[ApiCall, ...] = ()
    salts: tuple[Place, ...] = ()
    abort_handled: tuple[Place, ...] = ()
    fate: CacheFate | None = None  # known from the framework; otherwise judged from the calls
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Trainer:
    """What is known of the side that learns."""

    kind: TrainerKind = TrainerKind.UNKNOWN
    evidence: tuple[Evidence, ...] = ()
    divides_by_temperature: bool | None = None
    temperature: Value = UNKNOWN
    lm_head: str | None = None  # "float32", "bfloat16" or None where it is not known
    lm_head_evidence: tuple[Evidence, ...] = ()
    metrics_only: bool = False  # the rollout's logprobs are only logged, not in the gradient


@dataclass(frozen=True)
class Rollout:
    """One place where a policy's rollouts are configured."""

    place: Place  # where its engine stands, in the outermost file that says so
    path: str  # the file that is run or loaded
    framework: str
    engine: Mapping[str, Setting]  # what is written, or supplied by the framework
    sampling: Mapping[str, Setting]
    home: Home | None
    release: ReleaseFact
    trainer: Trainer
    sync: Sync
    open: bool = False  # settings may come from where nobody can see
    http: bool = False  # requests come over HTTP: omitted fields take the server's defaults
    patches_head: bool = False  # the project's own vLLM code touches the output head
    env: Mapping[str, str] = field(default_factory=dict)
    defaults: Callable[[str, Version], Setting] = field(
        default=lambda name, _: Setting(name, UNKNOWN, Origin.UNKNOWN), repr=False
    )
    evidence: tuple[Evidence, ...] = ()  # why this is a rollout

    def setting(self, name: str, release: Version) -> Setting:
        """The effective setting on one release: written, else the framework's, else vLLM's."""
        found = self.engine.get(name)
        if found is not None and found.value is not None:
            return found
        if self.open:
            return Setting(name, UNKNOWN, Origin.UNKNOWN, "comes from outside this file")
        return self.defaults(name, release)

    def sampled(self, name: str) -> Setting:
        """A sampling setting for training: `UNKNOWN` where nothing says."""
        found = self.sampling.get(name)
        return found or Setting(name, UNKNOWN, Origin.UNKNOWN, "not set where this can be read")


# --- what rules say ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Put:
    """Write `name = value` where the engine's settings stand, replacing `entry` if there is one."""

    home: Home
    name: str
    value: Value
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class PutArguments:
    """Give a call these keyword arguments, replacing those of the same names and `dropped`."""

    place: Place
    arguments: Mapping[str, Value]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddStatementAfter:
    """A new statement behind the one that stands at `place`, at the same indentation."""

    place: Place
    statement: str


Edit: TypeAlias = Put | PutArguments | AddStatementAfter


@dataclass(frozen=True, slots=True)
class Fix:
    title: str
    edits: tuple[Edit, ...]
    safe: bool


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    name: str
    severity: Severity
    place: Place
    message: str
    setting: str = ""
    effective: str = ""  # the value and where it comes from
    releases: str = ""  # for which releases this holds
    help: str = ""  # what would make it right
    evidence: tuple[Evidence, ...] = ()
    confidence: Confidence = Confidence.HIGH
    fix: Fix | None = None


class Profile(enum.Enum):
    PRODUCTION = "production"
    PARITY = "parity"


@dataclass(frozen=True)
class Example:
    """A small project that a rule says something about, or nothing. Tests and documentation."""

    file: str
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)  # declared as in the config file
    fixed: str | None = None  # the text after the fix; None where there is no fix
    profile: Profile = Profile.PRODUCTION
    beside: Mapping[str, str] = field(default_factory=dict)  # other files of the project


@dataclass(frozen=True)
class Rule:
    code: str
    name: str
    since: str
    releases: str  # PEP 440 specifiers of the releases it can speak about; "" for all
    check: Callable[[Rollout, Profile], Iterator[Finding]]
    bad: Sequence[Example]
    good: Sequence[Example]
    doc: str  # the rule file's docstring: its page

    @property
    def summary(self) -> str:
        return self.doc.strip().splitlines()[0]


def show(value: Value) -> str:
    """A value as a person writes it: `true`, `null`, `processed_logprobs`."""
    if value is UNKNOWN:
        return "unknown"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}"  # type: ignore[arg-type]
    return str(value)
