"""How new weights reach the engine: as a framework's data says, or as a project's code shows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import (
    ApiCall,
    CacheFate,
    Clearing,
    Declared,
    Evidence,
    PythonFacts,
    Reach,
    Sync,
    SyncStyle,
)
from rlconfig_lint.resolve.callers import Callers
from rlconfig_lint.resolve.conditions import Configuration, answer
from rlconfig_lint.resolve.updates import PAUSES, obscure, updates

_MOST_CALLS = 40  # of one kind that are looked at
_OF_A_PAUSE = frozenset(("clear_cache", "mode", "wait_for_inflight_requests"))


def of_framework(framework: Framework, asked: Configuration, stated: Declared) -> Sync:
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
    return declared(sync, stated)


def of_code(modules: Collection[PythonFacts], callers: Callers) -> Sync:
    """The update path that a project's own code shows."""
    pauses = pauses_of(modules)
    found = Sync(
        SyncStyle.IN_FLIGHT if pauses else SyncStyle.UNKNOWN,
        updates(modules),
        pauses,
        wakes=tuple(c for facts in modules for c in facts.calls if c.name == "wake_up"),
        own_pauses=tuple(call for call in _called_pauses(modules) if call not in pauses),
        obscure=obscure(modules),
        salts=tuple(key for facts in modules for key in facts.salts),
        adapters=tuple(key for facts in modules for key in facts.adapters),
        rebuilt_caches=tuple(found for facts in modules for found in facts.rebuilt_caches),
        abort_handled=tuple(place for facts in modules for place in facts.abort_handled),
        evidence=tuple(
            Evidence("requests are paused for a weight update", pause.place) for pause in pauses[:1]
        ),
    )
    return replace(
        found,
        resets=_clearings("reset_prefix_cache", modules, found, callers),
        sleeps=_clearings("sleep", modules, found, callers),
    )


def pauses_of(modules: Collection[PythonFacts]) -> tuple[ApiCall, ...]:
    """The pauses of vLLM's own engine or server."""
    own = {name for facts in modules for name in facts.defines}
    return tuple(call for call in _called_pauses(modules) if _reaches_vllm(call, own))


def _called_pauses(modules: Collection[PythonFacts]) -> Iterator[ApiCall]:
    return (call for facts in modules for call in facts.calls if call.name in PAUSES)


def declared(sync: Sync, stated: Declared) -> Sync:
    """A declared fact wins over an inferred one."""
    if stated.weight_sync is None:
        return sync
    evidence = Evidence(f"weight-sync = {stated.weight_sync.value!r} in {stated.source}")
    return replace(sync, style=stated.weight_sync, stated=True, evidence=(evidence, *sync.evidence))


def _clearings(
    name: str, modules: Collection[PythonFacts], found: Sync, callers: Callers
) -> tuple[Clearing, ...]:
    """The calls of one name that may clear the cache, and whether anything comes to them."""
    calls = [call for facts in modules for call in facts.calls if call.name == name]
    if any(name in facts.defines for facts in modules):
        calls = _past_the_wrapper(calls)
    looked_at = [_clearing(call, found, callers) for call in calls[:_MOST_CALLS]]
    return (*looked_at, *(Clearing(call, Reach.UNKNOWN) for call in calls[_MOST_CALLS:]))


def _clearing(call: ApiCall, found: Sync, callers: Callers) -> Clearing:
    """What nothing calls is as good as the update or pause beside it; where nothing calls the
    updates either, somebody else does."""
    changed, pauses = found.updates[:_MOST_CALLS], found.pauses[:_MOST_CALLS]
    order = callers.order(call, changed)
    reach = callers.reach(call)
    if reach is Reach.NEVER and (order or callers.order(call, pauses)):
        reach = Reach.CALLED
    elif reach is Reach.NEVER and all(callers.reach(u) is Reach.NEVER for u in changed):
        reach = Reach.UNKNOWN
    return Clearing(call, reach, order)


def _past_the_wrapper(calls: Sequence[ApiCall]) -> list[ApiCall]:
    """A bare call may mean the project's own function of the name: where others give arguments,
    only those tell what happens."""
    telling = [call for call in calls if call.arguments or call.open]
    return telling or list(calls)


def _reaches_vllm(call: ApiCall, defined: Collection[str]) -> bool:
    """A wrapper of the same name in the project takes its own arguments, not vLLM's."""
    return call.http or call.name not in defined or bool(_OF_A_PAUSE & call.arguments.keys())
