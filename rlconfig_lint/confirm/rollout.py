"""A project's own rollout as an experiment: its effective settings, and those that fixes leave."""

from __future__ import annotations

from collections.abc import Sequence

from rlconfig_lint.confirm import verdicts
from rlconfig_lint.confirm.model import Arm, Experiment, Json
from rlconfig_lint.model import UNKNOWN, CacheFate, Rollout, show
from rlconfig_lint.resolve.fate import fate
from rlconfig_lint.resolve.sampling import NEUTRAL

# What changes the numbers and means the same for a tiny model on one device.
_ENGINE = ("logprobs_mode", "enable_prefix_caching", "kv_cache_dtype", "async_scheduling")
_GPU_ONLY = ("kv_cache_dtype", "async_scheduling")


def experiment(before: Rollout, after: Rollout, codes: Sequence[str], device: str) -> Experiment:
    """What a trainer sees behind a weight update, as the project is and as its fixes leave it."""
    flagged, fixed = (
        Arm(name, "behind_update", _engine(rollout, device), _given(rollout))
        for name, rollout in (("flagged", before), ("fixed", after))
    )
    floor = Arm("floor", "behind_update", {"logprobs_mode": "processed_logprobs"}, {"reset": True})
    judge = (
        verdicts.as_said("flagged", "floor", flagged=bool(codes))
        if (flagged.engine, flagged.given) == (fixed.engine, fixed.given)
        else verdicts.mended("flagged", "fixed", "floor")
    )
    return Experiment(
        "rollout",
        tuple(codes),
        f"{before.place}: {_claim(flagged, fixed)}",
        (flagged, fixed, floor),
        judge,
        releases=">=0.16.0",
    )


def not_read(rollout: Rollout) -> list[str]:
    """What the experiment has to leave at its neutral value, since nobody could see it."""
    names = [name for name in NEUTRAL if rollout.sampled(name).value is UNKNOWN]
    release = rollout.release.candidates[-1]
    engine = [name for name in _ENGINE if rollout.setting(name, release).value is UNKNOWN]
    caches = fate(rollout.sync, release) is CacheFate.UNKNOWN
    return [*engine, *names, *(["what an update does to the cache"] if caches else [])]


def _engine(rollout: Rollout, device: str) -> dict[str, Json]:
    release = rollout.release.candidates[-1]
    found = {name: rollout.setting(name, release).value for name in _ENGINE}
    return {
        name: value
        for name, value in found.items()
        if value is not UNKNOWN
        and value is not None
        and (device == "cuda" or name not in _GPU_ONLY)
    }


def _given(rollout: Rollout) -> dict[str, Json]:
    sampling = {name: rollout.sampled(name).value for name in NEUTRAL}
    known = {name: v for name, v in sampling.items() if v is not UNKNOWN and v is not None}
    kept = fate(rollout.sync, rollout.release.candidates[-1])
    return {
        **known,
        "trained_at": _divisor(rollout, known.get("temperature", 1.0)),
        "reset": kept is not CacheFate.SURVIVES,
    }


def _divisor(rollout: Rollout, sampled_at: Json) -> Json:
    """The temperature that the trainer divides by; the rollout's, where nobody can see it."""
    if rollout.trainer.divides_by_temperature is False:
        return 1.0
    stated = rollout.trainer.temperature
    return sampled_at if stated is UNKNOWN or stated is None else stated


def _claim(flagged: Arm, fixed: Arm) -> str:
    """What the fixes change, in the words of the experiment."""
    before, after = ({**arm.engine, **arm.given} for arm in (flagged, fixed))
    names = [n for n in {**before, **after} if before.get(n) != after.get(n)]
    if not names:
        return f"temperature {before.get('temperature', 1.0)}, nothing that a fix would change"
    was, becomes = (
        ", ".join(f"{n} {show(found[n]) if n in found else 'left out'}" for n in names)
        for found in (before, after)
    )
    return f"{was}; with the fixes {becomes}"
