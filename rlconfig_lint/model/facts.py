"""What is known about a project: how it learns and how new weights reach its engine."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from rlconfig_lint.model.code import ApiCall, CacheKey, Option, Retokenized
from rlconfig_lint.model.places import Evidence, Place
from rlconfig_lint.model.sources import Entry
from rlconfig_lint.model.values import UNKNOWN, CacheFate, SyncStyle, TrainerKind, Value


@dataclass(frozen=True, slots=True)
class Declared:
    """Facts that the user states in the config; a declared fact wins over an inferred one."""

    vllm_version: str | None = None
    framework: str | None = None
    framework_version: str | None = None
    trainer: TrainerKind | None = None
    weight_sync: SyncStyle | None = None
    trainer_temperature: float | None = None
    trainer_lm_head: str | None = None
    source: str = ""  # the config file, or the command line


class Reach(enum.Enum):
    """Whether anything in a project comes to a call."""

    CALLED = "called"
    NEVER = "never called"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Order:
    """Which of two calls a function comes to first."""

    behind: bool  # the one that is asked about comes second
    function: str  # "" for a module's own statements
    where: str  # path and row of the one that is asked about


@dataclass(frozen=True, slots=True)
class Clearing:
    """A call that may clear the prefix cache: whether it happens at all, and when."""

    call: ApiCall
    reach: Reach = Reach.CALLED
    order: Order | None = None  # to a weight update; None where no function comes to both


@dataclass(frozen=True, slots=True)
class Sync:
    """How weights reach the engine, and what happens to its caches then."""

    style: SyncStyle = SyncStyle.UNKNOWN
    updates: tuple[ApiCall, ...] = ()
    pauses: tuple[ApiCall, ...] = ()
    resets: tuple[Clearing, ...] = ()
    sleeps: tuple[Clearing, ...] = ()
    wakes: tuple[ApiCall, ...] = ()
    own_pauses: tuple[ApiCall, ...] = ()  # of the project's own functions: nobody sees what they do
    obscure: tuple[ApiCall, ...] = ()  # may be an update, for all that can be seen
    salts: tuple[CacheKey, ...] = ()
    adapters: tuple[CacheKey, ...] = ()
    rebuilt_caches: tuple[Evidence, ...] = ()
    abort_handled: tuple[Place, ...] = ()
    fate: CacheFate | None = None  # known from the framework; otherwise judged from the calls
    evidence: tuple[Evidence, ...] = ()
    stated: bool = False  # the style is declared

    @property
    def calls(self) -> tuple[ApiCall, ...]:
        clearings = (clearing.call for clearing in (*self.resets, *self.sleeps))
        return (*self.updates, *self.pauses, *clearings, *self.wakes)


@dataclass(frozen=True, slots=True)
class Inert:
    """A correction that is switched on and does nothing, because of another key's value."""

    correction: Evidence  # the key that switches it on, and where
    key: tuple[str, ...]  # the other one
    value: Value
    wanted: Value
    source: str
    entry: Entry | None = None  # where the other one is written
    refused: bool = False  # the run ends with an error
    harmless: bool = False  # with `wanted` nothing changes but what is collected


@dataclass(frozen=True, slots=True)
class Ahead:
    """Rollouts may be older than the policy that learns from them."""

    steps: Value  # at most so many updates
    evidence: Evidence
    refused: bool = False  # without a correction the run ends with an error
    remedy: str = ""  # what turns the correction on


@dataclass(frozen=True, slots=True)
class Trainer:
    """What is known of the side that learns."""

    kind: TrainerKind = TrainerKind.UNKNOWN
    evidence: tuple[Evidence, ...] = ()
    divides_by_temperature: bool | None = None
    divides_evidence: tuple[Evidence, ...] = ()
    temperature: Value = UNKNOWN
    temperature_evidence: tuple[Evidence, ...] = ()
    divisors: tuple[str, ...] = ()  # what the code writes for it
    corrections: tuple[Evidence, ...] = ()  # code of an importance correction
    correction_options: tuple[Option, ...] = ()  # what turns it on, with the default
    logprobs_asked: tuple[Place, ...] = ()
    lm_head: str | None = None  # "float32", "bfloat16" or None where it is not known
    lm_head_evidence: tuple[Evidence, ...] = ()
    dtype: str | None = None  # of its forward pass: "quantized", or None where it is not known
    dtype_evidence: tuple[Evidence, ...] = ()
    bounds_mismatch: bool | None = False  # its loss drops or caps tokens far from the engine's
    replays: tuple[str, ...] = ()  # sampling settings that it applies to its own logits as well
    retokenized: tuple[Retokenized, ...] = ()
    recomputes: tuple[Evidence, ...] = ()  # own code whose old logprobs are not the rollout's
    unasked: tuple[Place, ...] = ()  # requests of a project that corrects, and asks for none
    inert: tuple[Inert, ...] = ()
    ahead: Ahead | None = None
    temperature_entry: Entry | None = None  # where a config says its temperature


@dataclass(frozen=True, slots=True)
class Generation:
    """Whether VLLM_USE_V1 asks for the V0 engine, on releases that have both."""

    v0: bool | None = False  # None where a run decides
    evidence: tuple[Evidence, ...] = ()
