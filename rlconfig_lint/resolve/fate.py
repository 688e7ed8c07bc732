"""What a weight update does to the prefix cache on one release, and why it stays where it does."""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.model import (
    UNKNOWN,
    Apart,
    ApiCall,
    CacheFate,
    CacheKey,
    Clearing,
    Evidence,
    Reach,
    Sync,
    SyncStyle,
    show,
)
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.releases import behaviour

_KEPT_APART = (Apart.BY_POLICY, Apart.BY_REQUEST)


def fate(sync: Sync, release: Version) -> CacheFate:
    """What a weight update does to the prefix cache."""
    if sync.style is SyncStyle.FROZEN:
        return CacheFate.CLEARED
    if sync.fate is not None:
        return sync.fate
    salted = _salted(sync)
    if salted is True:
        return CacheFate.SALTED
    verdicts = [verdict for verdict, _ in _verdicts(sync, release)]
    if CacheFate.CLEARED in verdicts:
        return CacheFate.CLEARED
    fresh = any(key.apart in _KEPT_APART for key in sync.adapters)
    changed = bool(sync.updates or sync.pauses)
    if fresh and not changed:
        return CacheFate.SALTED
    if salted is None or fresh or sync.rebuilt_caches or CacheFate.UNKNOWN in verdicts:
        return CacheFate.UNKNOWN
    reloaded = any(key.in_place and found_again(key, release) for key in sync.adapters)
    return CacheFate.SURVIVES if changed or reloaded else CacheFate.UNKNOWN


def why(sync: Sync, release: Version) -> tuple[Evidence, ...]:
    """What the code does about the cache, each with its effect, the most telling first."""
    found = [_of_salt(key) for key in telling(sync.salts)]
    found += [evidence for _, evidence in sorted(_verdicts(sync, release), key=_telling_first)]
    for key in sync.adapters:
        if key.in_place and key.apart is Apart.NO:
            found.append(Evidence(f"the adapter {key.written} is reloaded in place", key.place))
        elif key.apart in _KEPT_APART:
            found.append(Evidence(f"each adapter has its own name: {key.written}", key.place))
    return (*found, *sync.rebuilt_caches)


def found_again(key: CacheKey, release: Version) -> bool:
    """Whether the blocks of an adapter are found again under the name that it has."""
    elsewhere = key.path in _KEPT_APART and behaviour.adapter_path_in_key(release)
    return key.apart is Apart.NO and not elsewhere


def telling(salts: tuple[CacheKey, ...]) -> tuple[CacheKey, ...]:
    """The salts whose making is seen; those that only hand one on, where there is no other."""
    made = tuple(k for k in salts if k.apart is not Apart.UNKNOWN or "salt" not in k.written)
    return made or salts


def _salted(sync: Sync) -> bool | None:
    """Whether salts keep policies apart; None where nobody can see how they are made."""
    apart = {key.apart for key in telling(sync.salts)}
    if apart.intersection(_KEPT_APART):
        return True
    return None if Apart.UNKNOWN in apart else False


def _of_salt(key: CacheKey) -> Evidence:
    effect = {
        Apart.BY_POLICY: "changes with the policy: old blocks are not found",
        Apart.BY_REQUEST: "is each request's own: no other request finds its blocks",
        Apart.NO: "is the same for every policy: old blocks are found",
        Apart.UNKNOWN: "is made where nobody can see",
    }
    return Evidence(f"cache_salt {key.written} {effect[key.apart]}", key.place)


_Verdict = tuple[CacheFate, Evidence]


def _telling_first(found: _Verdict) -> int:
    return (CacheFate.CLEARED, CacheFate.UNKNOWN, CacheFate.SURVIVES).index(found[0])


def _verdicts(sync: Sync, release: Version) -> Iterator[_Verdict]:
    """What each call does to the cache."""
    for clearing in sync.resets:
        yield _if_reached(clearing, _after_reset(clearing, sync))
    for clearing in sync.sleeps:
        yield _if_reached(clearing, _after_sleep(clearing.call, release))
    for call in sync.pauses:
        yield _after_pause(call, release)


def _if_reached(clearing: Clearing, verdict: _Verdict) -> _Verdict:
    call = clearing.call
    if clearing.reach is Reach.NEVER:
        text = f"{call.name} stands in {call.inside}, which nothing calls"
        return CacheFate.SURVIVES, Evidence(text, call.place)
    if clearing.reach is Reach.UNKNOWN and verdict[0] is CacheFate.CLEARED:
        text = f"{call.name} stands in {call.inside}: who calls that is not seen"
        return CacheFate.UNKNOWN, Evidence(text, call.place)
    return verdict


def _after_reset(clearing: Clearing, sync: Sync) -> _Verdict:
    """A plain reset is refused while a request holds a block (vllm#28827). One before the update is
    as good, unless requests fill the cache again in between."""
    call, order = clearing.call, clearing.order
    running = call.arguments.get("reset_running_requests", False)
    kept = _requests_run(sync)
    if call.open or running is UNKNOWN:
        return _verdict(CacheFate.UNKNOWN, call, "with arguments that are not known")
    if kept and not truth(running):
        return _verdict(CacheFate.SURVIVES, call, "is refused while requests run")
    if order is None:
        return _verdict(CacheFate.CLEARED, call, "clears the cache")
    behind = (
        f"{'behind' if order.behind else 'before'} the update in {order.function or 'a module'}"
    )
    if order.where != str(call.place):
        behind = f"{behind} ({order.where})"
    if kept and not order.behind:
        text = f"clears the cache {behind}: requests that run may fill it in between"
        return _verdict(CacheFate.UNKNOWN, call, text)
    return _verdict(CacheFate.CLEARED, call, f"clears the cache {behind}")


def _requests_run(sync: Sync) -> bool:
    """Whether requests hold blocks at an update: in flight, and not aborted or drained first."""
    kept = [call for call in sync.pauses if call.arguments.get("mode") == "keep"]
    return sync.style is SyncStyle.IN_FLIGHT and (bool(kept) or not sync.pauses)


def _after_sleep(call: ApiCall, release: Version) -> _Verdict:
    level = call.arguments.get("level", 1)
    if level is UNKNOWN or call.open:
        return _verdict(CacheFate.UNKNOWN, call, "of a level that is not known")
    if level == 0:
        return _verdict(CacheFate.SURVIVES, call, "of level 0 keeps the cache")
    serves = call.awaited or call.http
    if serves and not behaviour.sleep_clears(release):
        return _verdict(CacheFate.SURVIVES, call, f"keeps the cache in vLLM {release}")
    if call.conditional:
        return _verdict(CacheFate.UNKNOWN, call, f"of level {show(level)} stands in a branch")
    return _verdict(CacheFate.CLEARED, call, f"of level {show(level)} clears the cache")


def _after_pause(call: ApiCall, release: Version) -> _Verdict:
    clear = call.arguments.get("clear_cache", behaviour.PAUSE_CLEARS)
    mode = call.arguments.get("mode", behaviour.PAUSE_MODE)
    if call.open or clear is UNKNOWN or mode is UNKNOWN:
        return _verdict(CacheFate.UNKNOWN, call, "with arguments that are not known")
    if not truth(clear):
        return _verdict(CacheFate.SURVIVES, call, "with clear_cache=False keeps the cache")
    if mode == "keep" and not behaviour.keep_can_clear(release):
        return _verdict(CacheFate.SURVIVES, call, f"of mode keep clears nothing in vLLM {release}")
    return _verdict(CacheFate.CLEARED, call, f"of mode {show(mode)} clears the cache")


def _verdict(verdict: CacheFate, call: ApiCall, text: str) -> _Verdict:
    return verdict, Evidence(f"{call.name} {text}", call.place)
