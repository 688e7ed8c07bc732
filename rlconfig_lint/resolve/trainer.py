"""What the side that learns does with rollout logprobs, temperature and its output head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import (
    UNKNOWN,
    Block,
    Declared,
    Evidence,
    PythonFacts,
    Trainer,
    TrainerKind,
    Value,
)
from rlconfig_lint.readers.scalars import plain
from rlconfig_lint.resolve.conditions import Configuration, answer
from rlconfig_lint.resolve.engines import no_training
from rlconfig_lint.resolve.project import imports_vllm
from rlconfig_lint.resolve.tree import keys_of


def of_framework(framework: Framework, asked: Configuration, declared: Declared) -> Trainer:
    """The trainer that a framework runs, with the keys that switch it."""
    kind, evidence = _kind_of(framework, asked)
    head, head_evidence = _head(framework, asked)
    trainer = Trainer(
        kind,
        (evidence,) if evidence else (),
        framework.divides_by_temperature,
        _temperature(framework, asked),
        head,
        head_evidence,
        framework.replays,
    )
    return _declared(trainer, declared)


def _temperature(framework: Framework, asked: Configuration) -> Value:
    """The temperature of the trainer's own key, where it has one."""
    if not framework.trainer_temperature:
        return UNKNOWN
    entry = asked.tree.get(keys_of(framework.trainer_temperature))
    if entry is not None and entry.value is not None:
        return plain(entry.value) if isinstance(entry.value, str) else entry.value
    return UNKNOWN if asked.tree.open else framework.trainer_temperature_absent


def _kind_of(framework: Framework, asked: Configuration) -> tuple[TrainerKind, Evidence | None]:
    """What the last switch that holds says; unknown where nobody can tell whether it does."""
    kind, evidence = TrainerKind.UNKNOWN, None
    for switch in framework.trainer:
        found = answer(switch.when, asked)
        if found.state:
            place = found.evidence.place if found.evidence else None
            kind, evidence = switch.kind, Evidence(f"{framework.name}: {switch.source}", place)
        elif found.state is None and switch.kind is not kind:
            kind, evidence = TrainerKind.UNKNOWN, found.evidence
    return kind, evidence


def of_modules(
    modules: Sequence[PythonFacts], blocks: Iterable[Block], declared: Declared
) -> Trainer:
    """The trainer of a project without a known framework, by its own code's tell-tales."""
    kind, evidence = _kind(modules, blocks)
    divisions = [place for facts in modules for place in facts.temperature_divisions]
    if divisions:
        evidence = (*evidence, Evidence("logits are divided by the temperature", divisions[0]))
    heads = [place for facts in modules if not imports_vllm(facts) for place in facts.fp32_heads]
    trainer = Trainer(
        kind,
        evidence,
        True if divisions else None,
        UNKNOWN,
        "float32" if heads else None,
        tuple(Evidence("the trainer computes lm_head in float32", place) for place in heads[:1]),
    )
    return _declared(trainer, declared)


def _kind(
    modules: Sequence[PythonFacts], blocks: Iterable[Block]
) -> tuple[TrainerKind, tuple[Evidence, ...]]:
    corrected = [e for facts in modules for e in facts.correction_ratios]
    direct = [e for facts in modules for e in facts.rollout_ratios]
    recomputed = [e for facts in modules for e in facts.recomputed_ratios]
    if corrected or (direct and recomputed):
        return TrainerKind.DECOUPLED, (*corrected, *direct)[:1]
    if direct:
        return TrainerKind.ROLLOUT_LOGPROBS, tuple(direct[:1])
    if _asks_for_no_logprobs(blocks):
        return TrainerKind.RECOMPUTE, (Evidence("no request asks for logprobs"),)
    return TrainerKind.UNKNOWN, ()


def _asks_for_no_logprobs(blocks: Iterable[Block]) -> bool:
    requests = [
        block
        for block in blocks
        if block.name == "vllm.SamplingParams" and not no_training("", block.inside)
    ]
    return bool(requests) and all(
        not block.open
        and all(
            entry.value is None and not entry.overridable
            for entry in block.entries
            if entry.path == ("logprobs",)
        )
        for block in requests
    )


def _head(framework: Framework, asked: Configuration) -> tuple[str | None, tuple[Evidence, ...]]:
    dtype: str | None = None
    evidence: tuple[Evidence, ...] = ()
    for head in framework.heads:
        found = answer(head.when, asked)
        if found.state:
            place = found.evidence.place if found.evidence else None
            dtype = head.dtype
            evidence = (Evidence(f"{framework.name}: {head.source}", place),)
        elif found.state is None:
            dtype, evidence = None, ()
    return dtype, evidence


def _declared(trainer: Trainer, declared: Declared) -> Trainer:
    """A declared fact wins over an inferred one."""
    if declared.trainer is not None:
        evidence = Evidence(f"trainer = {declared.trainer.value!r} in {declared.source}")
        trainer = replace(trainer, kind=declared.trainer, evidence=(evidence, *trainer.evidence))
    if declared.trainer_temperature is not None:
        trainer = replace(
            trainer,
            temperature=declared.trainer_temperature,
            divides_by_temperature=declared.trainer_temperature != 1.0,
        )
    if declared.trainer_lm_head is not None:
        evidence = Evidence(f"trainer-lm-head = {declared.trainer_lm_head!r} in {declared.source}")
        trainer = replace(trainer, lm_head=declared.trainer_lm_head, lm_head_evidence=(evidence,))
    return trainer
