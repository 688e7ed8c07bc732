"""What readers find in Python: calls of the engine, who calls whom, tell-tales of training."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from rlconfig_lint.model.places import Evidence, Place
from rlconfig_lint.model.values import UNKNOWN, Value


@dataclass(frozen=True, slots=True)
class ApiCall:
    """A call of the engine's update and cache API, by method or by HTTP route."""

    name: str  # "pause_generation", "reset_prefix_cache", ...; a route without its slash: "pause"
    arguments: Mapping[str, Value]
    place: Place
    receiver: str = ""  # the source text before the method's dot
    awaited: bool = False
    http: bool = False
    remote: bool = False  # through an actor's handle: `engine.sleep.remote()`
    open: bool = False  # **arguments or positional ones that were not read
    inside: str = ""
    conditional: bool = False  # in a branch: it may not run
    ignored: bool = False  # a statement of its own: nobody looks at the result


@dataclass(frozen=True, slots=True)
class Function:
    """A function or method by its path in the module, and the names it refers to. What stands in no
    function is in the one whose path is empty."""

    path: str
    line: int
    mentions: tuple[str, ...] = ()  # names called, handed on or spelled in text
    rows: tuple[int, ...] = ()  # where each of them stands
    entry: bool = False  # a route or a registered handler: called from elsewhere

    @property
    def name(self) -> str:
        return self.path.rpartition(".")[2]


class Apart(enum.Enum):
    """Whether a part of the prefix cache's key keeps the blocks of two policies apart."""

    BY_POLICY = "changes with the policy"
    BY_REQUEST = "each request has its own"
    NO = "the same for every policy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class CacheKey:
    """Something that enters the key of a cached block: a `cache_salt`, the name of an adapter."""

    written: str  # its source text
    apart: Apart
    place: Place
    in_place: bool = False  # an adapter whose weights are reloaded under the name it has
    number: Apart = Apart.UNKNOWN  # of an adapter: its `lora_int_id`
    path: Apart = Apart.UNKNOWN  # of an adapter: where its weights are read


@dataclass(frozen=True, slots=True)
class Division:
    """Logits divided by a temperature."""

    divisor: str  # its source text
    place: Place
    temperature: Value = UNKNOWN  # where the divisor is a number or a name for one


@dataclass(frozen=True, slots=True)
class Retokenized:
    """A completion's text that becomes tokens to train on once more."""

    written: str  # the text, as the source has it
    place: Place
    inside: str = ""
    paired: bool = False  # the same function reads the completion's logprobs


@dataclass(frozen=True, slots=True)
class Option:
    """A field or flag with its default, where its class or parser declares it."""

    name: str
    default: Value
    place: Place


@dataclass(frozen=True, slots=True)
class Assigned:
    """An environment variable that the code sets."""

    name: str
    value: Value
    place: Place
    conditional: bool = False


@dataclass(frozen=True, slots=True)
class PythonFacts:
    """What one Python module says about training and about weight updates."""

    imports: frozenset[str] = frozenset()  # dotted module names
    calls: tuple[ApiCall, ...] = ()
    functions: tuple[Function, ...] = ()
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by name: their bases
    salts: tuple[CacheKey, ...] = ()  # cache_salt given to a request
    adapters: tuple[CacheKey, ...] = ()  # LoRA adapters given to the engine
    rebuilt_caches: tuple[Evidence, ...] = ()  # a vLLM Scheduler or cache engine built by hand
    divisions: tuple[Division, ...] = ()
    rollout_ratios: tuple[Evidence, ...] = ()  # exp(new - rollout logprobs)
    correction_ratios: tuple[Evidence, ...] = ()  # exp(old - rollout logprobs)
    recomputed_ratios: tuple[Evidence, ...] = ()  # exp(new - old logprobs)
    correction_options: tuple[Option, ...] = ()  # what turns an importance correction on
    logprobs_asked: tuple[Place, ...] = ()  # requests that get `.logprobs` once they are made
    fp32_heads: tuple[Place, ...] = ()  # lm_head computed in float32
    abort_handled: tuple[Place, ...] = ()  # finish_reason == "abort"
    retokenized: tuple[Retokenized, ...] = ()
    evaluations: frozenset[int] = frozenset()  # where SamplingParams for evaluation start
    environment: tuple[Assigned, ...] = ()  # VLLM_* variables
    defines: frozenset[str] = frozenset()  # names of the functions, methods and classes here
