"""What an experiment is, what an engine gave, and what came of it."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Json: TypeAlias = Any
Arguments: TypeAlias = Mapping[str, Json]

SCHEMA = 1  # of the JSON report


class Verdict(enum.Enum):
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    INCONCLUSIVE = "inconclusive"
    NOT_RUN = "not-run"


@dataclass(frozen=True)
class Completion:
    """One rollout: its tokens and what the engine and the trainer say of each."""

    prompt: tuple[int, ...]
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]  # the engine's, nats, one a token
    temperature: float = 1.0
    weights: str = "first"  # those that the trainer is asked about
    cached: int = 0  # tokens of the prompt that were found in the prefix cache
    finish: str = ""
    trainer: tuple[float, ...] = ()  # log_softmax(logits / temperature), nats, one a token


@dataclass(frozen=True)
class Record:
    """What one arm of an experiment gave."""

    completions: tuple[Completion, ...] = ()
    seen: Mapping[str, Json] = field(default_factory=dict)  # witnesses, by name


@dataclass(frozen=True)
class Arm:
    """One engine of an experiment and what is done with it."""

    name: str
    does: str  # the function of `confirm.deeds` that is called with the engine
    engine: Arguments = field(default_factory=dict)  # beside the lab's own
    given: Arguments = field(default_factory=dict)  # the function's keyword arguments
    start: str = "first"  # the weights that the engine begins with


@dataclass(frozen=True)
class Row:
    """One line of a verdict: what was looked at, on the flagged side and on the fixed one."""

    what: str
    flagged: Json
    fixed: Json


@dataclass(frozen=True)
class Outcome:
    verdict: Verdict
    rows: tuple[Row, ...] = ()
    reason: str = ""


Records: TypeAlias = Mapping[str, Record]


@dataclass(frozen=True)
class Experiment:
    """A claim of a rule, the engines that show it, and how their records are judged."""

    name: str
    codes: tuple[str, ...]
    claim: str
    arms: Sequence[Arm]
    judge: Callable[[Records], Outcome]
    releases: str = ""  # PEP 440; "" for all
    devices: frozenset[str] = frozenset(("cpu", "cuda"))
    why_not: str = ""  # what a device without it lacks


@dataclass(frozen=True)
class Proof:
    """What became of one experiment."""

    experiment: Experiment
    outcome: Outcome
    records: Records = field(default_factory=dict)
    seconds: float = 0.0  # of the engines that only it needed
