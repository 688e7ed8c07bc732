"""The words that framework data is written in. Paths are dotted keys; "" is the root.

A row with `versions` (PEP 440 specifiers, alternatives separated by `|`) holds for those versions
of the framework alone; of two rows that hold, the later one wins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rlconfig_lint.model import (
    UNKNOWN,
    CacheFate,
    Form,
    KeyStyle,
    SyncStyle,
    TrainerKind,
    Value,
)


@dataclass(frozen=True, slots=True)
class Mark:
    """What shows the framework: all that is named here has to be there."""

    keys: tuple[str, ...] = ()  # something is written at or below each of these paths
    form: Form | None = None  # shows it in a document or a command alone
    word: str = ""  # stands in one of the command's words
    package: str = ""  # the project holds this Python package's source
    file: str = ""  # the project has this file: a path below its root
    without: tuple[str, ...] = ()  # paths that show another framework


@dataclass(frozen=True, slots=True)
class Where:
    """One place where settings stand, and how their names are spelled there."""

    path: str
    prefix: str = ""  # what each key begins with: `vllm_`
    spelled: Mapping[str, str] = field(default_factory=dict)  # its own key -> vLLM's name
    meant: Mapping[str, str] = field(default_factory=dict)  # a value's own spelling -> vLLM's
    only: frozenset[str] = frozenset()  # the only settings that it takes; empty: all
    reads: frozenset[str] = frozenset()  # the only ones that mean anything there; empty: all
    passes: bool = False  # every key reaches vLLM under its own name
    drops_null: bool = False  # a null is left out before the keys are laid over the framework's own
    drops_unknown_false: bool = False  # a false is handed on for arguments that vLLM has alone
    override: str = ""  # what a new key's override begins with: Hydra's `++`
    versions: str = ""


@dataclass(frozen=True, slots=True)
class When:
    """One key, or word of the command or name of the call, and what it has to be.

    Without `values`, anything but null, false and "none" will do. `absent` is what the key is worth
    where nobody writes it.
    """

    path: str = ""
    values: tuple[Value, ...] = ()
    absent: Value = None
    word: str = ""


@dataclass(frozen=True, slots=True)
class Supplied:
    """A value that the framework itself gives a setting when all conditions hold, and where its
    source says so."""

    name: str
    value: Value
    source: str
    versions: str = ""
    when: tuple[When, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """What the trainer does with rollout logprobs when all conditions hold; without any, always."""

    kind: TrainerKind
    source: str
    when: tuple[When, ...] = ()
    versions: str = ""


@dataclass(frozen=True, slots=True)
class SyncSwitch:
    """When weights reach the engine, and what becomes of its prefix cache then."""

    style: SyncStyle
    fate: CacheFate
    source: str
    when: tuple[When, ...] = ()
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Inert:
    """A correction that `on` switches on, and that does nothing while `off` holds as well."""

    on: When
    off: When
    wanted: Value  # what the key of `off` has to be
    source: str
    when: tuple[When, ...] = ()
    unless: tuple[When, ...] = ()  # none of these holds
    refused: bool = False  # the run ends with an error
    harmless: bool = False  # with `wanted` nothing changes but what is collected
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Ahead:
    """How many updates a rollout may be older than the policy that learns from it, when all
    conditions hold: what the key `steps` says. Zero is none."""

    source: str
    when: tuple[When, ...] = ()
    steps: str = ""  # "" where no key bounds it
    absent: Value = UNKNOWN  # where nobody writes that key
    refused: bool = False  # without a correction the run ends with an error
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The dtype of an output head, the trainer's or the engine's, when all conditions hold."""

    dtype: str
    source: str
    when: tuple[When, ...] = ()
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Precision:
    """In which dtype the trainer computes its forward pass when all conditions hold: "quantized"
    where it trains through a grid as coarse as a quantised engine's, None where nobody can tell."""

    dtype: str | None
    source: str
    when: tuple[When, ...] = ()
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """A loss on rollout logprobs that drops or caps tokens by how far engine and trainer are apart,
    when all conditions hold."""

    source: str
    when: tuple[When, ...] = ()
    versions: str = ""


@dataclass(frozen=True, slots=True)
class Backend:
    """The key that chooses the inference engine, and the values that mean vLLM."""

    path: str
    values: tuple[Value, ...] = ()
    absent: Value = None
    source: str = ""
    begins: str = ""  # in place of values: what its text begins with
    older: str = ""  # a key that says it where `path` is not written
    versions: str = ""  # those that supply `absent`: elsewhere the user has to name the engine


@dataclass(frozen=True, slots=True)
class Dropped:
    """Engine paths under which the launcher writes nothing for `false`: vLLM's default stands."""

    paths: tuple[str, ...]
    source: str
    when: tuple[When, ...] = ()
    versions: str = ""


@dataclass(frozen=True)
class Framework:
    """How one framework configures a vLLM rollout."""

    name: str
    read_at: str  # repository and commit that the evidence refers to
    newest: str  # the version that the data describes where a project pins none
    distribution: str  # on the package index; "" where it is not there
    package: str  # its Python package: where a project holds it, its own code is read
    marks: tuple[Mark, ...]
    engine: tuple[Where, ...]  # where engine settings stand; a later place wins
    sampling: tuple[Where, ...] = ()  # where the sampling settings for training stand
    version_file: str = ""  # says the version in the framework's own repository
    made_from: str = ""  # the framework that `newest`, `distribution` and all `versions` speak of
    flags: bool = False  # its settings are flags of a command
    in_files: bool = False  # a command changes some of a file's keys, and is no rollout by itself
    settings_files: tuple[str, ...] = ()  # keys that name a file of settings, which is not read
    calls: tuple[str, ...] = ()  # a constructor that carries the keys at its root
    beside: tuple[str, ...] = ()  # a call above it, whose keys stand below the call's name
    imports: str = ""  # what that constructor's module imports as well
    style: KeyStyle = KeyStyle.SNAKE
    not_training: tuple[When, ...] = ()  # only generates or evaluates when any of these holds
    elsewhere: tuple[When, ...] = ()  # nothing written here reaches the engine when any holds
    backend: Backend | None = None
    swallows: tuple[Supplied, ...] = ()  # written, and taken out before vLLM sees it
    exports: frozenset[str] = frozenset()  # engine keys that it sets as environment variables
    variables: tuple[Supplied, ...] = ()  # of the environment, which it sets for the engine itself
    drops_false: tuple[Dropped, ...] = ()
    forced: tuple[Supplied, ...] = ()  # whatever the user writes
    defaults: tuple[Supplied, ...] = ()
    sampling_defaults: tuple[Supplied, ...] = ()
    sampling_forced: tuple[Supplied, ...] = ()
    processors: tuple[str, ...] = ()  # of SamplingParams, which stand there and are passed as well
    response_length: tuple[str, ...] = ()  # keys for the most tokens of a request: the first wins
    complete_requests: bool = False  # each carries SamplingParams, so that the model's supply none
    trainer: tuple[Switch, ...] = ()  # the last that holds says the kind
    inert: tuple[Inert, ...] = ()
    ahead: tuple[Ahead, ...] = ()  # the last that holds says how old the data may be
    correction: str = ""  # what its users write to turn an importance correction on
    divides_by_temperature: bool | None = None
    temperature_source: str = ""
    trainer_temperature: str = ""  # its own key; "" where it follows the rollout's
    trainer_temperature_absent: Value = UNKNOWN  # what it divides by where nobody writes that key
    replays: tuple[str, ...] = ()  # sampling settings that the trainer applies to its own logits
    heads: tuple[Head, ...] = ()  # the trainer's
    precisions: tuple[Precision, ...] = ()  # the last that holds; none: not known
    bounds: tuple[Bound, ...] = ()
    engine_heads: tuple[Head, ...] = ()  # of an engine that the framework patches itself
    sync: tuple[SyncSwitch, ...] = ()  # the last that holds says the style and the fate
