"""What each RL framework calls a setting, and what it supplies when nobody does.

One module a framework, each a single `FRAMEWORK` of plain data with its evidence beside it. To add
one: write that module, name it in `NAMES`, add a case to tests/test_frameworks.py.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from rlconfig_lint.model import CacheFate, KeyStyle, SyncStyle, TrainerKind, Value

NAMES = ("pipelinerl", "skyrl", "trl", "verl")


@dataclass(frozen=True, slots=True)
class Supplied:
    """A value that the framework itself gives, and where its source says so."""

    value: Value
    source: str


@dataclass(frozen=True, slots=True)
class Switch:
    """A key whose value changes what the trainer does with rollout logprobs.

    `values` are those that turn it on; with none, anything but null and false does.
    """

    path: str
    kind: TrainerKind
    source: str
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class SyncSwitch:
    """A key, or a word of the command, that changes when weights reach the engine."""

    path: str
    style: SyncStyle
    fate: CacheFate
    source: str


@dataclass(frozen=True)
class Framework:
    """How one framework configures a vLLM rollout. Paths are dotted keys; "" is the root."""

    name: str
    read_at: str  # repository and commit that the evidence refers to
    marks: tuple[str, ...]  # any of these paths shows the framework
    engine: tuple[str, ...]  # where engine settings stand; a later path wins
    sampling: tuple[str, ...] = ()  # where the sampling settings for training stand
    calls: tuple[str, ...] = ()  # a constructor that carries the keys at its root
    passed: str = ""  # the engine path whose keys reach vLLM as they are
    swallows: frozenset[str] = frozenset()  # written there, and taken out before vLLM sees it
    typed: frozenset[str] = frozenset()  # written at engine[0]; all others at engine[-1]
    style: KeyStyle = KeyStyle.SNAKE
    free_prefix: str = ""  # what an override needs for a key the typed config does not have
    package: str = ""  # its own Python package: there, its code is read instead of these facts
    not_training: tuple[str, ...] = ()  # entry points that only generate or evaluate
    drops_false: tuple[str, ...] = ()  # engine paths under which `x: false` never reaches vLLM
    backend: tuple[str, tuple[Value, ...], Value] | None = None  # path, values for vLLM, default
    forced: Mapping[str, Supplied] = field(default_factory=dict)  # whatever the user writes
    defaults: Mapping[str, Supplied] = field(default_factory=dict)
    sampling_defaults: Mapping[str, Supplied] = field(default_factory=dict)
    trainer: TrainerKind = TrainerKind.UNKNOWN
    trainer_source: str = ""
    switches: tuple[Switch, ...] = ()
    divides_by_temperature: bool | None = None
    trainer_temperature: str = ""  # its key; "" where it follows the rollout's
    lm_head: Supplied | None = None  # the trainer's, when nothing switches it
    lm_head_switch: Switch | None = None
    sync: SyncStyle = SyncStyle.UNKNOWN
    fate: CacheFate = CacheFate.UNKNOWN
    sync_source: str = ""
    sync_switches: tuple[SyncSwitch, ...] = ()


@cache
def framework(name: str) -> Framework:
    module = importlib.import_module(f"rlconfig_lint.frameworks.{name}")
    found: Framework = module.FRAMEWORK
    return found


def frameworks() -> tuple[Framework, ...]:
    return tuple(framework(name) for name in NAMES)
