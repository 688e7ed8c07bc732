"""What the side that learns does with rollout logprobs, temperature and its output head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rlconfig_lint.frameworks import Framework, Switch
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
from rlconfig_lint.resolve.engines import no_training
from rlconfig_lint.resolve.project import imports_vllm
from rlconfig_lint.resolve.tree import Tree, keys_of


def of_framework(framework: Framework, tree: Tree, declared: Declared) -> Trainer:
    """The trainer that a framework runs, with the keys that switch it."""
    kind, source = framework.trainer, framework.trainer_source
    evidence = Evidence(f"{framework.name}: {source}")
    for switch in framework.switches:
        entry = tree.get(keys_of(switch.path))
        if entry is None:
            continue
        if entry.value is UNKNOWN:
            kind, evidence = (
                TrainerKind.UNKNOWN,
                Evidence(f"{switch.path} is not known", entry.place),
            )
        elif _on(switch, entry.value):
            kind = switch.kind
            evidence = Evidence(f"{switch.path} ({switch.source})", entry.place)
    head, head_evidence = _head(framework, tree)
    temperature = tree.get(keys_of(framework.trainer_temperature or "?"))
    trainer = Trainer(
        kind,
        (evidence,),
        framework.divides_by_temperature,
        temperature.value if temperature else UNKNOWN,
        head,
        head_evidence,
    )
    return _declared(trainer, declared)


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


def _on(switch: Switch, value: Value) -> bool:
    if switch.values:
        return value in switch.values
    return value not in (None, False, "null", "none")


def _head(framework: Framework, tree: Tree) -> tuple[str | None, tuple[Evidence, ...]]:
    switch = framework.lm_head_switch
    if switch is not None:
        entry = tree.get(keys_of(switch.path))
        if entry is not None and _on(switch, entry.value):
            return "float32", (Evidence(f"{switch.path} is on", entry.place),)
    if framework.lm_head is not None:
        evidence = Evidence(f"{framework.name}: {framework.lm_head.source}")
        return str(framework.lm_head.value), (evidence,)
    return None, ()


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
