"""What the tool knows about a rollout, as sections of rows: a name, a value, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from rlconfig_lint.model import (
    UNKNOWN,
    ApiCall,
    CacheKey,
    Evidence,
    Generation,
    Origin,
    ReleaseFact,
    Rollout,
    Setting,
    Sync,
    Trainer,
    show,
)
from rlconfig_lint.releases.lifetimes import lifetime
from rlconfig_lint.resolve.fate import fate, telling, why
from rlconfig_lint.resolve.heads import rollout_head
from rlconfig_lint.resolve.sampling import NEUTRAL

ENGINE = (
    "logprobs_mode",
    "enable_prefix_caching",
    "async_scheduling",
    "generation_config",
    "hf_overrides",
    "quantization",
    "dtype",
)
_OTHERS = "(others)"
_MOST_PLACES = 4


@dataclass(frozen=True)
class Row:
    name: str
    value: str
    why: str = ""


@dataclass(frozen=True)
class Section:
    title: str
    rows: tuple[Row, ...]


def engine(rollout: Rollout) -> list[Setting]:
    """The engine's RL-relevant settings on the newest release the project may run, then what else
    is written for it."""
    newest = rollout.release.candidates[-1]
    others = (name for name in sorted(rollout.engine) if name not in ENGINE)
    return [
        *(rollout.setting(name, newest) for name in ENGINE),
        *(rollout.engine[name] for name in others if lifetime("", name)),
    ]


def training_sampling(rollout: Rollout) -> list[Setting]:
    return [rollout.sampled(name) for name in NEUTRAL]


def about_engine(rollout: Rollout) -> Iterator[Section]:
    """What one engine is given."""
    yield _vllm(rollout.release, rollout.generation)
    head = Row("lm_head", show(rollout_head(rollout, rollout.release.candidates[-1])))
    yield Section("engine", (*_settings(engine(rollout)), head))
    yield Section("sampling for training", tuple(_settings(training_sampling(rollout))))
    if rollout.evaluation:
        rows = tuple(_settings(rollout.evaluation.values()))
        yield Section("sampling for evaluation, not judged", rows)


def about_learning(rollout: Rollout) -> Iterator[Section]:
    """What the project does with what the engine returns, and when the engine gets new weights."""
    newest = rollout.release.candidates[-1]
    yield Section("trainer", tuple(_trainer(rollout.trainer)))
    yield Section("weight updates", tuple(_updates(rollout.sync, newest)))


def about_code(
    trainer: Trainer, sync: Sync, release: ReleaseFact, asked: Generation
) -> Iterator[Section]:
    """The same of a project in which no engine of a rollout was found."""
    yield _vllm(release, asked)
    yield Section("trainer", tuple(_trainer(trainer)))
    yield Section("weight updates", tuple(_updates(sync, release.candidates[-1])))


def _vllm(release: ReleaseFact, asked: Generation) -> Section:
    span = " to ".join(dict.fromkeys((str(release.candidates[0]), str(release.candidates[-1]))))
    pins = (*release.evidence, *((Evidence(release.note),) if release.note else ()))
    engine = {True: "V0", False: "V1", None: "unknown"}[asked.v0]
    rows = [Row("engine", engine, _all(asked.evidence[:_MOST_PLACES]))] if asked.evidence else []
    return Section("vLLM", (Row("release", span, _all(pins)), *rows))


def _settings(settings: Iterable[Setting]) -> Iterator[Row]:
    """A row a setting; those that are unknown or neutral for one reason share one."""
    shared: dict[tuple[str, str], list[str]] = {}
    for setting in settings:
        if setting.explicit or setting.origin is Origin.FRAMEWORK:
            yield Row(setting.name, show(setting.value), _origin(setting))
        elif setting.value is UNKNOWN or setting.name in NEUTRAL:
            said = "unknown" if setting.value is UNKNOWN else "neutral"
            shared.setdefault((said, _origin(setting)), []).append(setting.name)
        else:
            yield Row(setting.name, show(setting.value), _origin(setting))
    for (said, origin), names in shared.items():
        alone = len(names) == 1
        yield Row(names[0] if alone else _OTHERS, said, origin if alone else _of(origin, names))


def _of(origin: str, names: Sequence[str]) -> str:
    return f"{origin}: {', '.join(names)}"


def _origin(setting: Setting) -> str:
    if setting.whose_default and setting.explicit:
        return setting.whose_default
    return str(setting.place) if setting.explicit and setting.place else setting.source


def _trainer(trainer: Trainer) -> Iterator[Row]:
    yield Row("kind", trainer.kind.value, _all(trainer.evidence))
    divides = {True: "yes", False: "no", None: "unknown"}[trainer.divides_by_temperature]
    yield Row("divides by T", divides, _all(trainer.divides_evidence[:1]))
    yield Row("temperature", show(trainer.temperature), _all(trainer.temperature_evidence))
    corrections = trainer.corrections[:_MOST_PLACES]
    yield from _listed("correction", "in the code", map(str, corrections))
    for option in trainer.correction_options[:_MOST_PLACES]:
        yield Row("switch", f"{option.name} = {show(option.default)}", str(option.place))
    yield Row("lm_head", trainer.lm_head or "unknown", _all(trainer.lm_head_evidence))


def _updates(sync: Sync, release: Version) -> Iterator[Row]:
    yield Row("requests", sync.style.value, _all(sync.evidence))
    yield from _calls("new weights", sync.updates)
    yield from _calls("pause", sync.pauses)
    yield from _calls("reset", [clearing.call for clearing in sync.resets])
    yield from _calls("sleep", [clearing.call for clearing in sync.sleeps])
    yield from _calls("wake up", sync.wakes)
    yield from _keys("cache_salt", telling(sync.salts))
    yield from _keys("LoRA name", sync.adapters)
    reasons = why(sync, release)
    told = list(dict.fromkeys(reason.text for reason in reasons))[:_MOST_PLACES]
    first = [next(reason for reason in reasons if reason.text == text) for text in told]
    yield Row("prefix cache", fate(sync, release).value, str(first[0]) if first else "")
    yield from (Row("", "", str(reason)) for reason in first[1:])


def _keys(name: str, keys: Sequence[CacheKey]) -> Iterator[Row]:
    for number, key in enumerate(keys[:_MOST_PLACES]):
        yield Row("" if number else name, key.written, f"{key.apart.value} ({key.place})")


def _calls(name: str, calls: Sequence[ApiCall]) -> Iterator[Row]:
    for number, call in enumerate(calls[:_MOST_PLACES]):
        yield Row("" if number else name, _call(call), str(call.place))
    if len(calls) > _MOST_PLACES:
        yield Row("", f"and {len(calls) - _MOST_PLACES} more")


def _listed(name: str, value: str, reasons: Iterable[str]) -> Iterator[Row]:
    for number, reason in enumerate(reasons):
        yield Row("" if number else name, "" if number else value, reason)


def _call(call: ApiCall) -> str:
    """A call with the arguments that are known; three dots for the others."""
    known = {name: value for name, value in call.arguments.items() if value is not UNKNOWN}
    method = [repr(known.pop("method"))] if "method" in known else []
    given = [*method, *(f"{name}={value!r}" for name, value in known.items())]
    if call.open or UNKNOWN in call.arguments.values():
        given.append("...")
    return f"{'POST /' if call.http else ''}{call.name}({', '.join(given)})"


def _all(evidence: Sequence[Evidence]) -> str:
    return "; ".join(map(str, evidence))
