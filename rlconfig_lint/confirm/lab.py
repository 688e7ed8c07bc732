"""Runs the experiments of some rules: engines shared among them, every result kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rlconfig_lint.confirm.model import (
    Arm,
    Completion,
    Experiment,
    Json,
    Outcome,
    Proof,
    Record,
    Verdict,
)
from rlconfig_lint.confirm.process import CannotRunError, Ended, Job, Worker
from rlconfig_lint.confirm.worker import STREAMED, completion

_SEED = 0
_CPU: Mapping[str, Json] = {
    "dtype": "float32",  # what is left of a difference is then the setting's
    "block_size": 32,
    "kv_cache_memory_bytes": 64 << 20,
    "max_model_len": 512,
}
_CUDA: Mapping[str, Json] = {
    "dtype": "bfloat16",
    "gpu_memory_utilization": 0.05,
    "kv_cache_memory_bytes": 256 << 20,
    "max_model_len": 512,
}
_BOTH: Mapping[str, Json] = {
    "enforce_eager": True,
    "skip_tokenizer_init": True,
    "max_num_seqs": 64,
    "max_logprobs": 64,
    "seed": _SEED,
}
_AT_ONCE = {"cpu": 1, "cuda": 6}
_MEBIBYTES = {"cpu": 6_000.0, "cuda": 24_000.0}
OLDEST = Version("0.8.5")


@dataclass
class _Group:
    """The arms of one engine."""

    engine: Mapping[str, Json]
    start: str
    arms: dict[str, Arm] = field(default_factory=dict)  # by what they do and are given
    record: dict[str, Json] = field(default_factory=dict)
    problem: str = ""
    seconds: float = 0.0


@dataclass
class Lab:
    worker: Worker
    folder: Path
    model: Path | None  # the user's own, instead of the tiny one
    seconds: float  # for one engine
    say: Callable[[str], None] = lambda _: None

    @property
    def device(self) -> str:
        return str(self.worker.versions["device"])

    @property
    def release(self) -> Version:
        return Version(Version(str(self.worker.versions["vllm"])).base_version)  # less +cpu

    def prove(self, experiments: Sequence[Experiment]) -> list[Proof]:
        """The verdict of each experiment, in their order.

        Raises:
            CannotRunError: the release is too old, or no model can be built.
        """
        if self.release < OLDEST:
            raise CannotRunError(f"vLLM {self.release} is older than {OLDEST}")
        barred = {e.name: reason for e in experiments if (reason := self._barred(e))}
        able = [e for e in experiments if e.name not in barred]
        groups = self._groups(able)
        if groups:
            self._build()
            self._run(list(groups.values()))
            self._score(list(groups.values()))
        return [
            Proof(e, Outcome(Verdict.NOT_RUN, reason=barred[e.name]))
            if e.name in barred
            else self._judged(e, groups)
            for e in experiments
        ]

    def _barred(self, experiment: Experiment) -> str:
        if experiment.releases and self.release not in SpecifierSet(experiment.releases):
            return f"it is about vLLM {experiment.releases}, this is {self.release}"
        if self.device not in experiment.devices:
            return experiment.why_not or f"it needs {' or '.join(sorted(experiment.devices))}"
        return ""

    # --- engines ---

    def _groups(self, experiments: Iterable[Experiment]) -> dict[str, _Group]:
        groups: dict[str, _Group] = {}
        for arm in (arm for experiment in experiments for arm in experiment.arms):
            group = groups.setdefault(_engine_key(arm), _Group(arm.engine, arm.start))
            group.arms.setdefault(_deed_key(arm), arm)
        return groups

    def _arguments(self, engine: Mapping[str, Json]) -> dict[str, Json]:
        return {**_BOTH, **(_CUDA if self.device == "cuda" else _CPU), **engine}

    @property
    def _weights(self) -> Path:
        return self.folder / "model"

    def _build(self) -> None:
        if self.model is not None:
            self._weights.mkdir()
            for name in ("first", "second", "leaky"):
                (self._weights / name).symlink_to(self.model.absolute())
            return
        self._weights.mkdir()
        spec = {"kind": "build", "model": str(self._weights), "shape": "dense"}
        (ended,) = self.worker.run([self._job("the model", spec)], 1)
        if ended.problem:
            raise CannotRunError(
                f"the tiny model was not built: {ended.problem}: {self._log(ended)}"
            )

    def _run(self, groups: Sequence[_Group]) -> None:
        jobs = {f"engine {number + 1}": group for number, group in enumerate(groups)}
        specs = [self._job(name, self._spec(name, group)) for name, group in jobs.items()]
        done = 0

        def said(ended: Ended) -> None:
            nonlocal done
            done += 1
            group = jobs[ended.job.name]
            group.seconds = ended.seconds
            group.problem = f"{ended.problem}: {self._log(ended)}" if ended.problem else ""
            self.say(
                f"{done} of {len(specs)} engines, {_shown(group.engine)}: {ended.seconds:.0f} s"
            )

        self.worker.run(specs, _AT_ONCE[self.device], said)
        for name, group in jobs.items():
            path = self._result(name)
            group.record = json.loads(path.read_text()) if path.exists() else {}

    def _spec(self, name: str, group: _Group) -> dict[str, Json]:
        arms = [
            {"name": key, "does": arm.does, "given": dict(arm.given)}
            for key, arm in group.arms.items()
        ]
        return {
            "kind": "run",
            "model": str(self._weights),
            "start": group.start,
            "engine": self._arguments(group.engine),
            "arms": arms,
            "result": str(self._result(name)),
        }

    def _job(self, name: str, spec: Mapping[str, Json]) -> Job:
        log = self.folder / f"{name.replace(' ', '-')}.log"
        return Job(name, {**spec, "log": str(log)}, self.seconds, _MEBIBYTES[self.device])

    def _result(self, name: str) -> Path:
        return self.folder / f"{name.replace(' ', '-')}.json"

    def _log(self, ended: Ended) -> str:
        """The last thing that a failed job said."""
        path = Path(str(ended.job.spec["log"]))
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        lines = [line for line in text.splitlines() if "Error" in line] or text.splitlines()
        return lines[-1].strip()[:300] if lines else "it said nothing"

    # --- the trainer ---

    def _score(self, groups: Sequence[_Group]) -> None:
        """Ask the trainer about every rollout, all at once."""
        spots = [
            (record, number)
            for group in groups
            for record in group.record.values()
            for number in range(len(record.get("completions", ())))
        ]
        if not spots:
            return
        given, result = self.folder / "rollouts.json", self.folder / "scored.json"
        given.write_text(json.dumps([record["completions"][n] for record, n in spots]))
        spec = {
            "kind": "score",
            "model": str(self._weights),
            "given": str(given),
            "result": str(result),
        }
        (ended,) = self.worker.run([self._job("the trainer", spec)], 1)
        if ended.problem:
            for group in groups:
                group.problem = f"the trainer: {ended.problem}: {self._log(ended)}"
            return
        for (record, number), row in zip(spots, json.loads(result.read_text()), strict=True):
            record["completions"][number] = row

    # --- verdicts ---

    def _judged(self, experiment: Experiment, groups: Mapping[str, _Group]) -> Proof:
        own = {arm.name: groups[_engine_key(arm)] for arm in experiment.arms}
        seconds = sum({id(group): group.seconds for group in own.values()}.values())
        records: dict[str, Record] = {}
        for arm in experiment.arms:
            found = own[arm.name].record.get(_deed_key(arm))
            if found is None or "problem" in found or "missing" in found:
                return Proof(experiment, _failed(found, own[arm.name]), records, seconds)
            records[arm.name] = _record(found)
        return Proof(experiment, experiment.judge(records), records, seconds)


def _failed(found: Mapping[str, Json] | None, group: _Group) -> Outcome:
    if found is not None and "missing" in found:
        return Outcome(Verdict.NOT_RUN, reason=str(found["missing"]))
    reason = str(found["problem"]) if found else group.problem or "the engine gave no result"
    return Outcome(Verdict.INCONCLUSIVE, reason=reason)


def _record(found: Mapping[str, Json]) -> Record:
    rollouts: tuple[Completion, ...] = tuple(map(completion, found["completions"]))
    return replace(Record(), completions=rollouts, seen=found["seen"])


def _engine_key(arm: Arm) -> str:
    return json.dumps([dict(arm.engine), arm.start, arm.does in STREAMED], sort_keys=True)


def _deed_key(arm: Arm) -> str:
    return json.dumps([arm.does, dict(arm.given)], sort_keys=True)


def _shown(engine: Mapping[str, Json]) -> str:
    return ", ".join(f"{name}={value}" for name, value in engine.items()) or "all defaults"
