"""What resolve makes of it: settings, and rollouts with their facts."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from packaging.version import Version

from rlconfig_lint.model.facts import Generation, Sync, Trainer
from rlconfig_lint.model.places import Evidence, Place
from rlconfig_lint.model.sources import Block, Entry
from rlconfig_lint.model.values import UNKNOWN, Origin, Unknown, Value, show


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
    def overridable(self) -> bool:
        """Whether the value is a default of the project's own, which a launch may override."""
        return self.entry is not None and self.entry.overridable

    @property
    def explicit(self) -> bool:
        return self.origin in (Origin.EXPLICIT, Origin.INHERITED)

    @property
    def whose_default(self) -> str:
        """The default that it is, where it is one of the project's own."""
        if self.entry is None or not self.entry.overridable:
            return ""
        stated = self.entry.stated or Evidence(self.name)
        return f"default of {stated.text} at {stated.place}; a launch may override it"

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
    spelled: Mapping[str, str] = field(default_factory=dict)  # at `keys`: its own key -> the name
    fixed: frozenset[str] = frozenset()  # names that nothing written anywhere changes


@dataclass(frozen=True, slots=True)
class Layer:
    """One of the files that a configuration is laid together from, with the engine's mapping in it,
    where it has one."""

    path: str
    block: Block | None = None
    place: Place | None = None


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
        """True when the statement holds on every release that the project may run."""
        return len(self.releases) == len(self.among.candidates) + self.among.hidden

    def __str__(self) -> str:
        if not self.releases:
            return "no release"
        if len(self.releases) == 1:
            return f"vLLM {self.releases[0]}"
        return f"vLLM {self.releases[0]} to {self.releases[-1]}"


@dataclass(frozen=True, slots=True)
class ModelDefaults:
    """Sampling that a server takes from its model's generation_config.json and that no code of the
    project names: requests leave it out."""

    settings: tuple[Setting, ...] = ()
    requests_seen: bool = False  # the project's own code asks for completions


@dataclass(frozen=True)
class Rollout:
    """One place where a policy's rollouts are configured."""

    place: Place  # where its engine stands, in the outermost file that says so
    path: str  # the file that is run or loaded
    framework: str
    engine: Mapping[str, Setting]  # what is written, or supplied by the framework
    passed: Mapping[str, Setting]  # what is written and reaches vLLM under its own name
    sampling: Mapping[str, Setting]
    home: Home | None
    release: ReleaseFact
    trainer: Trainer
    sync: Sync
    evaluation: Mapping[str, Setting] = field(default_factory=dict)  # sampling that trains nobody
    generation: Generation = field(default_factory=Generation)
    open: bool = False  # settings may come from where nobody can see
    policy: bool = True  # False: an engine of which nothing says that a policy is trained with it
    env: Mapping[str, Entry] = field(default_factory=dict)  # variables set for it
    complete_requests: bool = False  # the model's generation_config.json supplies nothing to them
    of_model: ModelDefaults = field(default_factory=ModelDefaults)
    dropped: tuple[Setting, ...] = ()  # written, and lost on the way to vLLM
    head: str | Unknown | None = None  # its output head's dtype, where no setting says it
    patches_head: bool = False  # the project's own vLLM code touches the output head
    defaults: Callable[[str, Version], Setting] = field(
        default=lambda name, _: Setting(name, UNKNOWN, Origin.UNKNOWN), repr=False
    )
    evidence: tuple[Evidence, ...] = ()  # why this is a rollout
    layers: tuple[Layer, ...] = ()  # outermost parent first; none where nothing is inherited
    parents: tuple[str, ...] = ()  # the other files that it was laid together from
    named_at: Place | None = None  # where its own file names them

    def setting(self, name: str, release: Version) -> Setting:
        """The effective setting on one release: written, else the framework's, else vLLM's."""
        found = self.engine.get(name)
        if found is not None and found.value is not None:
            return found
        if self.open:
            return Setting(name, UNKNOWN, Origin.UNKNOWN, "comes from outside this file")
        default = self.defaults(name, release)
        return replace(default, entry=found.entry) if found and found.overridable else default

    def sampled(self, name: str) -> Setting:
        """A sampling setting for training: `UNKNOWN` where nothing says."""
        found = self.sampling.get(name)
        return found or Setting(name, UNKNOWN, Origin.UNKNOWN, "not set where this can be read")
