"""How new weights reach the engine, and what a release makes of the calls that were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from packaging.version import Version

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import (
    UNKNOWN,
    ApiCall,
    CacheFate,
    Declared,
    Evidence,
    PythonFacts,
    Sync,
    SyncStyle,
)
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.releases import behaviour
from rlconfig_lint.resolve.conditions import Configuration, answer
from rlconfig_lint.resolve.project import updates

_PAUSES = ("pause_generation", "pause")


def of_framework(framework: Framework, asked: Configuration, declared: Declared) -> Sync:
    """When a framework's weights reach the engine: what the last switch that holds says."""
    sync = Sync(SyncStyle.UNKNOWN, fate=CacheFate.UNKNOWN)
    for switch in framework.sync:
        found = answer(switch.when, asked)
        place = found.evidence.place if found.evidence else None
        if found.state:
            evidence = Evidence(f"{framework.name}: {switch.source}", place)
            sync = Sync(switch.style, fate=switch.fate, evidence=(evidence,))
        elif found.state is None:
            style = sync.style if sync.style is switch.style else SyncStyle.UNKNOWN
            fate = sync.fate if sync.fate is switch.fate else CacheFate.UNKNOWN
            unknown = (found.evidence,) if found.evidence else ()
            sync = Sync(style, fate=fate, evidence=unknown)
    return _declared(sync, declared)


def of_modules(modules: Sequence[PythonFacts], declared: Declared) -> Sync:
    """The update path that a project's own code shows."""
    calls = [call for facts in modules for call in facts.calls]
    own = {name for name in _PAUSES if any(name in facts.defines for facts in modules)}
    pauses = tuple(call for call in calls if call.name in _PAUSES and _reaches_vllm(call, own))
    sync = Sync(
        SyncStyle.UNKNOWN,
        updates(modules),
        pauses,
        tuple(call for call in calls if call.name == "reset_prefix_cache"),
        tuple(call for call in calls if call.name == "sleep"),
        tuple(place for facts in modules for place in facts.salts),
        tuple(place for facts in modules for place in facts.abort_handled),
    )
    if pauses:
        evidence = (Evidence("requests are paused for a weight update", pauses[0].place),)
        sync = replace(sync, style=SyncStyle.IN_FLIGHT, evidence=evidence)
    return _declared(sync, declared)


def _reaches_vllm(call: ApiCall, defined: set[str]) -> bool:
    """A wrapper of the same name in the project takes its own arguments, not vLLM's."""
    return call.http or call.name not in defined


def fate(sync: Sync, release: Version) -> CacheFate:
    """What a weight update does to the prefix cache on one release."""
    if sync.style is SyncStyle.FROZEN:
        return CacheFate.CLEARED
    if sync.fate is not None:
        return sync.fate
    if sync.salts:
        return CacheFate.SALTED
    verdicts = [
        *(_after_reset(call, sync) for call in sync.resets),
        *(_after_sleep(call, release) for call in sync.sleeps),
        *(_after_pause(call, release) for call in sync.pauses),
    ]
    for verdict in (CacheFate.CLEARED, CacheFate.UNKNOWN):
        if verdict in verdicts:
            return verdict
    return CacheFate.SURVIVES if sync.updates or sync.pauses else CacheFate.UNKNOWN


def _after_reset(call: ApiCall, sync: Sync) -> CacheFate:
    """A plain reset is refused while a request holds a block (vllm#28827)."""
    running = call.arguments.get("reset_running_requests", False)
    if running is UNKNOWN or call.open:
        return CacheFate.UNKNOWN
    if truth(running) or not _requests_run(sync):
        return CacheFate.CLEARED
    return CacheFate.SURVIVES


def _requests_run(sync: Sync) -> bool:
    """Whether requests hold blocks at an update: in flight, and not aborted or drained first."""
    kept = [call for call in sync.pauses if call.arguments.get("mode") == "keep"]
    return sync.style is SyncStyle.IN_FLIGHT and (bool(kept) or not sync.pauses)


def _after_sleep(call: ApiCall, release: Version) -> CacheFate:
    level = call.arguments.get("level", 1)
    if level is UNKNOWN or call.open or call.conditional:
        return CacheFate.UNKNOWN
    if level == 0:
        return CacheFate.SURVIVES
    serves = call.awaited or call.http
    clears = behaviour.sleep_clears(release) or not serves
    return CacheFate.CLEARED if clears else CacheFate.SURVIVES


def _after_pause(call: ApiCall, release: Version) -> CacheFate:
    clear = call.arguments.get("clear_cache", behaviour.PAUSE_CLEARS)
    mode = call.arguments.get("mode", behaviour.PAUSE_MODE)
    if call.open or clear is UNKNOWN or mode is UNKNOWN:
        return CacheFate.UNKNOWN
    if not truth(clear):
        return CacheFate.SURVIVES
    if mode == "keep" and not behaviour.keep_can_clear(release):
        return CacheFate.SURVIVES
    return CacheFate.CLEARED


def _declared(sync: Sync, declared: Declared) -> Sync:
    if declared.weight_sync is None:
        return sync
    evidence = Evidence(f"weight-sync = {declared.weight_sync.value!r} in {declared.source}")
    return replace(sync, style=declared.weight_sync, evidence=(evidence, *sync.evidence))
