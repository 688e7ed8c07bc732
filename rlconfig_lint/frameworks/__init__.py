"""What each RL framework calls a setting, and what it supplies when nobody does.

One module a framework, each a single `FRAMEWORK` of plain data with its evidence beside it.
docs/frameworks.md says how to add one.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from functools import cache
from typing import Protocol, TypeVar

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rlconfig_lint.frameworks.words import Backend, Framework
from rlconfig_lint.model import UNKNOWN

# In the order in which they are tried: forks and wrappers in front of what they are made from.
NAMES = (
    "verl-tool",
    "rllm",
    "agent-lightning",
    "easyr1",
    "reasoning360",
    "simplerl",
    "areal",
    "art",
    "nemo-rl",
    "oat",
    "open-instruct",
    "openrlhf",
    "pipelinerl",
    "prime-rl",
    "roll",
    "skyrl",
    "torchforge",
    "vime",
    "axolotl",
    "ms-swift",
    "open-r1",
    "unsloth",
    "trl",
    "verl",
)


class _Versioned(Protocol):
    @property
    def versions(self) -> str: ...


_Row = TypeVar("_Row", bound=_Versioned)


@cache
def framework(name: str) -> Framework:
    module = importlib.import_module(f"rlconfig_lint.frameworks.{name.replace('-', '_')}")
    found: Framework = module.FRAMEWORK
    return found


@cache
def frameworks() -> tuple[Framework, ...]:
    return tuple(framework(name) for name in NAMES)


@cache
def constructors() -> frozenset[str]:
    """The full names of the calls that carry some framework's keys."""
    return frozenset(call for found in frameworks() for call in found.calls)


@cache
def _at(name: str, version: Version) -> Framework:
    found = framework(name)
    return replace(
        found,
        engine=_holding(found.engine, version),
        sampling=_holding(found.sampling, version),
        backend=_backend(found.backend, version),
        swallows=_holding(found.swallows, version),
        variables=_holding(found.variables, version),
        drops_false=_holding(found.drops_false, version),
        forced=_holding(found.forced, version),
        defaults=_holding(found.defaults, version),
        sampling_defaults=_holding(found.sampling_defaults, version),
        sampling_forced=_holding(found.sampling_forced, version),
        trainer=_holding(found.trainer, version),
        inert=_holding(found.inert, version),
        ahead=_holding(found.ahead, version),
        heads=_holding(found.heads, version),
        precisions=_holding(found.precisions, version),
        bounds=_holding(found.bounds, version),
        engine_heads=_holding(found.engine_heads, version),
        sync=_holding(found.sync, version),
    )


def at(found: Framework, version: Version | None) -> Framework:
    """A framework's data as one of its versions has them; the newest's where none is known."""
    return _at(found.name, version or Version(found.newest))


def _holding(rows: tuple[_Row, ...], version: Version) -> tuple[_Row, ...]:
    return tuple(row for row in rows if holds(row.versions, version))


def _backend(found: Backend | None, version: Version) -> Backend | None:
    if found is None or holds(found.versions, version):
        return found
    return replace(found, absent=UNKNOWN)


def holds(versions: str, version: Version) -> bool:
    """Whether a version is among `versions`: specifiers, alternatives separated by `|`."""
    return not versions or any(
        SpecifierSet(one).contains(version, prereleases=True) for one in versions.split("|")
    )
