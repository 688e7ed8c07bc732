"""What `inspect` tells, for programs: one object a rollout, every fact with where it stands."""

from __future__ import annotations

from collections.abc import Iterable

from rlconfig_lint.inspection import engine, training_sampling
from rlconfig_lint.model import (
    UNKNOWN,
    ApiCall,
    CacheKey,
    Clearing,
    Evidence,
    Place,
    Rollout,
    Setting,
    Sync,
    Trainer,
)
from rlconfig_lint.resolve.fate import fate, why

Json = dict[str, object]


def row(rollout: Rollout) -> Json:
    release = rollout.release
    return {
        "filename": rollout.path,
        "engine_at": _place(rollout.place),
        "framework": rollout.framework or None,
        "evidence": _evidence(rollout.evidence),
        "vllm": {
            "releases": [str(version) for version in release.candidates],
            "known": release.known,
            "evidence": _evidence(release.evidence),
        },
        "v0": {
            "asked_for": rollout.generation.v0,
            "evidence": _evidence(rollout.generation.evidence),
        },
        "engine": {s.name: _setting(s) for s in engine(rollout)},
        "sampling": {s.name: _setting(s) for s in training_sampling(rollout)},
        "evaluation_sampling": {s.name: _setting(s) for s in rollout.evaluation.values()},
        "trainer": _trainer(rollout.trainer),
        "sync": _sync(rollout),
    }


def _trainer(trainer: Trainer) -> Json:
    return {
        "kind": trainer.kind.value,
        "evidence": _evidence(trainer.evidence),
        "divides_by_temperature": trainer.divides_by_temperature,
        "divides_evidence": _evidence(trainer.divides_evidence),
        "temperature": _known(trainer.temperature),
        "temperature_evidence": _evidence(trainer.temperature_evidence),
        "corrections": _evidence(trainer.corrections),
        "correction_switches": [
            {"name": option.name, "default": _known(option.default), **_place(option.place)}
            for option in trainer.correction_options
        ],
        "lm_head": trainer.lm_head,
        "lm_head_evidence": _evidence(trainer.lm_head_evidence),
    }


def _sync(rollout: Rollout) -> Json:
    sync: Sync = rollout.sync
    newest = rollout.release.candidates[-1]
    return {
        "style": sync.style.value,
        "evidence": _evidence(sync.evidence),
        "prefix_cache": fate(sync, newest).value,
        "prefix_cache_evidence": _evidence(why(sync, newest)),
        "updates": [_call(call) for call in sync.updates],
        "pauses": [_call(call) for call in sync.pauses],
        "resets": [_clearing(clearing) for clearing in sync.resets],
        "sleeps": [_clearing(clearing) for clearing in sync.sleeps],
        "wakes": [_call(call) for call in sync.wakes],
        "cache_salts": [_key(key) for key in sync.salts],
        "lora_names": [{**_key(key), "in_place": key.in_place} for key in sync.adapters],
        "caches_built_by_hand": _evidence(sync.rebuilt_caches),
        "aborted_requests_handled": [str(place) for place in sync.abort_handled],
    }


def _clearing(clearing: Clearing) -> Json:
    order = clearing.order
    found = {**_call(clearing.call), "reach": clearing.reach.value, "order": None}
    if order is not None:
        side = "behind the update" if order.behind else "before the update"
        found["order"] = {"is": side, "in": order.function, "at": order.where}
    return found


def _call(call: ApiCall) -> Json:
    return {
        "name": call.name,
        "arguments": {name: _known(value) for name, value in call.arguments.items()},
        "http": call.http,
        "inside": call.inside,
        **_place(call.place),
    }


def _key(key: CacheKey) -> Json:
    return {"written": key.written, "apart": key.apart.value, **_place(key.place)}


def _setting(setting: Setting) -> Json:
    return {
        "value": _known(setting.value),
        "origin": setting.origin.value,
        "from": str(setting.place) if setting.place else setting.source,
        "overridable": setting.overridable,
    }


def _place(place: Place) -> Json:
    return {"filename": place.path, "row": place.line}


def _evidence(found: Iterable[Evidence]) -> list[str]:
    return [str(evidence) for evidence in found]


def _known(value: object) -> object:
    """A value for JSON: null for what is not known, also inside a list or mapping."""
    if isinstance(value, dict):
        return {name: _known(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_known(inner) for inner in value]
    return None if value is UNKNOWN else value
