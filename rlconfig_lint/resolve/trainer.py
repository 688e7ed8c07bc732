"""What the side that learns does with rollout logprobs, temperature and its output head."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import (
    UNKNOWN,
    Block,
    Declared,
    Division,
    Entry,
    Evidence,
    Option,
    PythonFacts,
    Trainer,
    TrainerKind,
    Value,
    show,
)
from rlconfig_lint.readers.scalars import plain
from rlconfig_lint.resolve import objective
from rlconfig_lint.resolve.conditions import Configuration, answer
from rlconfig_lint.resolve.sampling import TRUNCATION
from rlconfig_lint.resolve.tree import Tree, keys_of, snake
from rlconfig_lint.resolve.updates import imports_vllm

_NAME = re.compile(r"[A-Za-z_]\w*")
# The names of what cuts a distribution down to the tokens that were sampled from.
_CUTS = re.compile(r"(?i).*(?:top_?[pk]_(?:top|filter|logit|mask)|top[pk]logits|sampling_mask).*")
NOBODY_ASKS = Evidence("no request asks for logprobs")
_SAYS_NOTHING = frozenset(("args", "cfg", "conf", "config", "self", "settings"))


def of_framework(framework: Framework, asked: Configuration, stated: Declared) -> Trainer:
    """The trainer that a framework runs, with the keys that switch it."""
    kind, evidence = _kind_of(framework, asked)
    head, head_evidence = _head(framework, asked)
    dtype, dtype_evidence = _dtype(framework, asked)
    trainer = Trainer(
        kind,
        (evidence,) if evidence else (),
        framework.divides_by_temperature,
        temperature=_own_temperature(framework, asked),
        temperature_evidence=_temperature_evidence(framework, asked),
        temperature_entry=_temperature_entry(framework, asked),
        lm_head=head,
        lm_head_evidence=head_evidence,
        dtype=dtype,
        dtype_evidence=dtype_evidence,
        bounds_mismatch=_bounds_mismatch(framework, asked),
        replays=framework.replays,
        inert=tuple(objective.inert(framework, asked)),
        ahead=objective.ahead(framework, asked),
    )
    return declared(trainer, stated)


def _own_temperature(framework: Framework, asked: Configuration) -> Value:
    """The temperature of the trainer's own key, where it has one."""
    if not framework.trainer_temperature:
        return UNKNOWN
    entry = _temperature_entry(framework, asked)
    if entry is not None:
        return plain(entry.value) if isinstance(entry.value, str) else entry.value
    return UNKNOWN if asked.tree.open else framework.trainer_temperature_absent


def _temperature_entry(framework: Framework, asked: Configuration) -> Entry | None:
    entry = asked.tree.get(keys_of(framework.trainer_temperature or "?"))
    return entry if entry is not None and entry.value is not None else None


def _temperature_evidence(framework: Framework, asked: Configuration) -> tuple[Evidence, ...]:
    if entry := _temperature_entry(framework, asked):
        return (Evidence("set", entry.place),)
    absent = framework.trainer_temperature_absent
    if absent is UNKNOWN or asked.tree.open:
        return ()
    key = framework.trainer_temperature
    return (Evidence(f"default of {framework.name}'s {key}: {show(absent)}"),)


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


def of_code(modules: Collection[PythonFacts]) -> Trainer:
    """The trainer of a project without a known framework, by its own code's tell-tales."""
    kind, evidence = _kind(modules)
    divisions = [division for facts in modules for division in facts.divisions]
    heads = [place for facts in modules if not imports_vllm(facts) for place in facts.fp32_heads]
    temperature, temperature_evidence = _temperature(divisions)
    return Trainer(
        kind,
        evidence,
        True if divisions else None,
        tuple(Evidence(f"logits are divided by {d.divisor}", d.place) for d in divisions),
        temperature,
        temperature_evidence,
        tuple(division.divisor for division in divisions),
        tuple(ratio for facts in modules for ratio in facts.correction_ratios),
        tuple(option for facts in modules for option in facts.correction_options),
        tuple(place for facts in modules for place in facts.logprobs_asked),
        "float32" if heads else None,
        tuple(Evidence("the trainer computes lm_head in float32", place) for place in heads[:1]),
        retokenized=tuple(found for facts in modules for found in facts.retokenized),
        recomputes=tuple(ratio for facts in modules for ratio in facts.recomputed_ratios),
        replays=TRUNCATION if any(map(_cuts, modules)) else (),
    )


def _cuts(facts: PythonFacts) -> bool:
    return any(_CUTS.fullmatch(name) for found in facts.functions for name in found.mentions)


def beside(
    trainer: Trainer, requests: Collection[Block], tree: Tree, flags: Iterable[Entry]
) -> Trainer:
    """What a project's code says of its trainer, with what stands beside one engine."""
    if not trainer.evidence and not trainer.logprobs_asked and _no_logprobs(requests):
        evidence = (NOBODY_ASKS,)
        trainer = replace(trainer, kind=TrainerKind.RECOMPUTE, evidence=evidence)
    return _divided_by(_switched(trainer, tree, flags), tree)


def asking_for_none(trainer: Trainer, requests: Collection[Block]) -> Trainer:
    """A trainer that weights by rollout logprobs which no request asks for."""
    if trainer.kind is not TrainerKind.DECOUPLED or not trainer.corrections:
        return trainer
    closed = _no_logprobs(requests) and not trainer.logprobs_asked
    return replace(trainer, unasked=tuple(r.place for r in requests)) if closed else trainer


def _kind(modules: Collection[PythonFacts]) -> tuple[TrainerKind, tuple[Evidence, ...]]:
    corrected = [e for facts in modules for e in facts.correction_ratios]
    direct = [e for facts in modules for e in facts.rollout_ratios]
    recomputed = [e for facts in modules for e in facts.recomputed_ratios]
    if corrected or (direct and recomputed):
        evidence = (*corrected, *direct)[:1]
        options = _options(modules)
        if not options or any(turned_on(option.default) for option in options):
            return TrainerKind.DECOUPLED, evidence
        off = f"its switch {options[0].name} is off by default"
        return TrainerKind.UNKNOWN, (*evidence, Evidence(off, options[0].place))
    if direct:
        return TrainerKind.ROLLOUT_LOGPROBS, tuple(direct[:1])
    return TrainerKind.UNKNOWN, ()


def _options(modules: Collection[PythonFacts]) -> list[Option]:
    """What turns the correction on: as the modules of its ratios declare it, else as any does."""
    of_ratios = [facts for facts in modules if facts.correction_ratios or facts.rollout_ratios]
    beside_ratio = [option for facts in of_ratios for option in facts.correction_options]
    found = beside_ratio or [option for facts in modules for option in facts.correction_options]
    return [option for option in found if not _is_number(option.default)] or found


def _is_number(value: Value) -> bool:
    """A cap says that there is a correction only where nothing else switches it."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def turned_on(value: Value) -> bool:
    """Whether a switch's value turns something on: `"none"` is a word for off."""
    return value is not UNKNOWN and value not in (None, False, "", "none", "null", "off")


def _switched(trainer: Trainer, tree: Tree, flags: Iterable[Entry]) -> Trainer:
    """A correction that the engine's own file or command turns on."""
    if trainer.kind not in (TrainerKind.RECOMPUTE, TrainerKind.UNKNOWN):
        return trainer
    names = {option.name for option in trainer.correction_options}
    for entry in (*tree.entries.values(), *flags):
        if snake(entry.path[-1]) in names and entry.value not in (None, False, UNKNOWN):
            evidence = Evidence(f"{entry.key} turns the correction on", entry.place)
            return replace(trainer, kind=TrainerKind.DECOUPLED, evidence=(evidence,))
    return trainer


def _temperature(divisions: Sequence[Division]) -> tuple[Value, tuple[Evidence, ...]]:
    """The trainer's temperature where its code names a number, the same everywhere."""
    values = [division.temperature for division in divisions]
    if not values or UNKNOWN in values or any(value != values[0] for value in values):
        return UNKNOWN, ()
    return values[0], (Evidence(divisions[0].divisor, divisions[0].place),)


def _divided_by(trainer: Trainer, tree: Tree) -> Trainer:
    """The trainer's temperature where its code names the key of the engine's own file."""
    if trainer.temperature is not UNKNOWN:
        return trainer
    for divisor in trainer.divisors:
        named = tuple(key for key in _NAME.findall(divisor) if key not in _SAYS_NOTHING)
        found = [
            found_entry
            for path, found_entry in tree.entries.items()
            if len(named) > 1 and tuple(map(snake, path[-len(named) :])) == named
        ]
        if (
            len(found) == 1
            and (entry := tree.get(found[0].path))
            and isinstance(entry.value, int | float)
        ):
            evidence = Evidence(f"the trainer divides by {divisor}", entry.place)
            return replace(
                trainer,
                temperature=entry.value,
                temperature_evidence=(evidence,),
                temperature_entry=entry,
            )
    return trainer


def _no_logprobs(requests: Collection[Block]) -> bool:
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


def _dtype(framework: Framework, asked: Configuration) -> tuple[str | None, tuple[Evidence, ...]]:
    """What the last row that holds says; nothing where a later one may hold."""
    dtype: str | None = None
    evidence: tuple[Evidence, ...] = ()
    for row in framework.precisions:
        found = answer(row.when, asked)
        if found.state is False:
            continue
        place = found.evidence.place if found.evidence else None
        dtype = row.dtype if found.state else None
        evidence = (Evidence(f"{framework.name}: {row.source}", place),)
    return dtype, evidence


def _bounds_mismatch(framework: Framework, asked: Configuration) -> bool | None:
    """None where only a run would tell."""
    states = [answer(row.when, asked).state for row in framework.bounds]
    return True if True in states else None if None in states else False


def declared(trainer: Trainer, stated: Declared) -> Trainer:
    """A declared fact wins over an inferred one."""
    if stated.trainer is not None:
        evidence = Evidence(f"trainer = {stated.trainer.value!r} in {stated.source}")
        trainer = replace(trainer, kind=stated.trainer, evidence=(evidence, *trainer.evidence))
        if stated.trainer is TrainerKind.RECOMPUTE:
            trainer = replace(trainer, recomputes=(evidence, *trainer.recomputes))
    if stated.trainer_temperature is not None:
        temperature = stated.trainer_temperature
        evidence = Evidence(f"trainer-temperature = {temperature} in {stated.source}")
        trainer = replace(
            trainer,
            temperature=temperature,
            temperature_evidence=(evidence,),
            temperature_entry=None,
            divides_by_temperature=temperature != 1.0,
            divides_evidence=(evidence,),
        )
    if stated.trainer_lm_head is not None:
        evidence = Evidence(f"trainer-lm-head = {stated.trainer_lm_head!r} in {stated.source}")
        trainer = replace(trainer, lm_head=stated.trainer_lm_head, lm_head_evidence=(evidence,))
    return trainer
