"""How new weights reach the engine: as a framework's data says, or as a project's code shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from rlconfig_lint.frameworks import Framework
from rlconfig_lint.model import (
    ApiCall,
    Clearing,
    Declared,
    Evidence,
    PythonFacts,
    Reach,
    Sync,
    SyncStyle,
)
from rlconfig_lint.resolve.callers import Callers
from rlconfig_lint.resolve.tree import Tree, keys_of
from rlconfig_lint.resolve.updates import PAUSES, updates

_OF_A_PAUSE = frozenset(("clear_cache", "mode", "wait_for_inflight_requests"))


def of_framework(framework: Framework, tree: Tree, words: Sequence[str], stated: Declared) -> Sync:
    style, fate_, source = framework.sync, framework.fate, framework.sync_source
    for switch in framework.sync_switches:
        if tree.has(keys_of(switch.path)) or any(switch.path in word for word in words):
            style, fate_, source = switch.style, switch.fate, switch.source
    evidence = (Evidence(f"{framework.name}: {source}"),) if source else ()
    return declared(Sync(style, fate=fate_, evidence=evidence), stated)


def of_code(modules: Collection[PythonFacts], callers: Callers) -> Sync:
    """The update path that a project's own code shows."""
    calls = [call for facts in modules for call in facts.calls]
    own = {name for facts in modules for name in facts.defines}
    changed, pauses = updates(modules), pauses_of(modules)
    found = Sync(
        SyncStyle.UNKNOWN,
        changed,
        pauses,
        _clearings("reset_prefix_cache", calls, changed, own, callers),
        _clearings("sleep", calls, changed, own, callers),
        tuple(call for call in calls if call.name == "wake_up"),
        tuple(key for facts in modules for key in facts.salts),
        tuple(key for facts in modules for key in facts.adapters),
        tuple(found for facts in modules for found in facts.rebuilt_caches),
        tuple(place for facts in modules for place in facts.abort_handled),
    )
    if not pauses:
        return found
    evidence = Evidence("requests are paused for a weight update", pauses[0].place)
    return replace(found, style=SyncStyle.IN_FLIGHT, evidence=(evidence,))


def pauses_of(modules: Collection[PythonFacts]) -> tuple[ApiCall, ...]:
    """The pauses of vLLM's own engine or server."""
    own = {name for facts in modules for name in facts.defines}
    calls = (call for facts in modules for call in facts.calls if call.name in PAUSES)
    return tuple(call for call in calls if _reaches_vllm(call, own))


def declared(sync: Sync, stated: Declared) -> Sync:
    """A declared fact wins over an inferred one."""
    if stated.weight_sync is None:
        return sync
    evidence = Evidence(f"weight-sync = {stated.weight_sync.value!r} in {stated.source}")
    return replace(sync, style=stated.weight_sync, evidence=(evidence, *sync.evidence))


def _clearings(
    name: str,
    calls: Iterable[ApiCall],
    changed: Sequence[ApiCall],
    own: Collection[str],
    callers: Callers,
) -> tuple[Clearing, ...]:
    """The calls of one name that may clear the cache, and whether anything comes to them."""
    found = [call for call in calls if call.name == name]
    if name in own:
        found = _past_the_wrapper(found)
    return tuple(_clearing(call, changed, callers) for call in found)


def _clearing(call: ApiCall, changed: Sequence[ApiCall], callers: Callers) -> Clearing:
    """What nothing calls is as good as the update beside it; where nothing calls the updates
    either, others do."""
    order = callers.order(call, changed)
    reach = callers.reach(call)
    if reach is Reach.NEVER and order is not None:
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
