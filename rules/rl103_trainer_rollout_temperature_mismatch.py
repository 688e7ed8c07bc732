"""The trainer divides its logits by another temperature than rollouts are sampled at.

## What it does

Flags a rollout temperature and a trainer temperature that are both known and differ, a trainer that
never divides beside processed logprobs of another temperature than 1, and training rollouts that
are sampled greedily (temperature 0).

## Why it breaks RL

Dividing by a temperature makes another distribution. Where the two differ, each ratio and each KL
compares the policy that sampled with one that did not, and is biased before any weight has moved.
A trainer that recomputes the old logprobs has a ratio of 1 at the start and still weighs samples of
one policy as if another had drawn them. A stray 0.7 in one loss cost 0.998 nat a token; with the
right temperature the two sides correlated at 0.9998. A greedy rollout has no distribution that
could be weighed at all: the completions of a group are the same and their advantages 0.

## What to watch

The mean policy ratio of the first step, which stays off 1 by the same amount as training goes on,
then the clip rate and KL between trainer and rollout. verl's `rollout_probs_diff_mean` is normal
below 0.005 and suspect above 0.01; vime's `train_rollout_logprob_abs_diff` is healthy near 0.011.

## When it is right

Never on purpose between a rollout and its loss. Most frameworks hand the rollout's temperature to
the trainer themselves: there is one key and nothing to compare. An evaluation may use any
temperature. Raw logprobs beside a trainer at temperature 1 are another mistake: see RL101.

## Bad

`gconfig.temperature: 0.6` beside `actor.temperature: 1.0`.

## Good

`actor.temperature: ${gconfig.temperature}`.

## Fix

Where the trainer's temperature is a value in a config: the rollout's is written there (safe where
the engine's logprobs are known to include the temperature, or nobody reads them). Otherwise none:
divide the trainer's logits by the temperature that rollouts are sampled at.

## Versions

All.

## Evidence

- https://github.com/NVIDIA-NeMo/RL/pull/935
- https://github.com/OpenRLHF/OpenRLHF/pull/853
- https://github.com/GMISWE/tinker-cloud/pull/26 (a stray 0.7 in the loss)
- https://github.com/THUDM/slime/pull/2085
- measured by `rlconfig-lint confirm RL103` (docs/evidence): a trainer at 1.0 beside rollouts at
  0.7: 84 to 86 % of the tokens leave the clip range, against none (H200)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rlconfig_lint.judging import (
    DECLARE_TRAINER,
    USES_ROLLOUT_LOGPROBS,
    Doubt,
    about_written,
    judged,
    releases_where,
)
from rlconfig_lint.model import (
    UNKNOWN,
    Example,
    Finding,
    Fix,
    Origin,
    Profile,
    Put,
    Rollout,
    Rule,
    Setting,
    Severity,
    TrainerKind,
    show,
)

ID = ("RL103", "trainer-rollout-temperature-mismatch")
_PROCESSED = "processed_logprobs"


@dataclass(frozen=True)
class _Pair:
    """The temperature that rollouts are sampled at, and the one that the trainer divides by."""

    sampled: Setting
    trained: Setting


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    sampled = rollout.sampled("temperature")
    if not _is_number(sampled):
        return
    if sampled.value == 0:
        yield from _greedy(rollout, sampled)
        return
    pair = _Pair(sampled, _trained(rollout))
    if _is_number(pair.trained) and pair.trained.value != sampled.value:
        yield from _different(rollout, pair)


def _trained(rollout: Rollout) -> Setting:
    """The trainer's temperature; 1 where it is known never to divide."""
    trainer = rollout.trainer
    if trainer.temperature is UNKNOWN and trainer.divides_by_temperature is False:
        return Setting("temperature", 1, Origin.FRAMEWORK, "the trainer never divides by it")
    entry = trainer.temperature_entry
    source = ", ".join(evidence.text for evidence in trainer.temperature_evidence[:1])
    origin = Origin.EXPLICIT if entry else Origin.UNKNOWN
    return Setting("temperature", trainer.temperature, origin, source, entry)


def _is_number(setting: Setting) -> bool:
    return isinstance(setting.value, int | float) and not isinstance(setting.value, bool)


def _different(rollout: Rollout, pair: _Pair) -> Iterator[Finding]:
    recomputes = rollout.trainer.kind is TrainerKind.RECOMPUTE
    if pair.trained.value == 1 and not recomputes and not _includes_temperature(rollout):
        return  # raw logprobs and a trainer at 1 agree: RL101 says what is wrong with both
    if rollout.trainer.temperature is UNKNOWN and recomputes:
        return  # a framework's own choice, and no ratio sees it
    yield judged(
        ID,
        rollout,
        Severity.WARNING if recomputes else Severity.ERROR,
        _message(rollout, pair),
        span=rollout.release.where(lambda _: True),
        subject=about_written(_where(pair), rollout.place),
        help_=_help(pair),
        doubts=_doubts(rollout),
        beside=(pair.sampled, pair.trained),
        evidence=(*rollout.trainer.temperature_evidence, *rollout.trainer.evidence),
        fix=_fix(rollout, pair),
        by_name=True,
    )


def _greedy(rollout: Rollout, sampled: Setting) -> Iterator[Finding]:
    if rollout.trainer.kind is TrainerKind.UNKNOWN:
        return
    uses = rollout.trainer.kind in USES_ROLLOUT_LOGPROBS
    yield judged(
        ID,
        rollout,
        Severity.ERROR if uses else Severity.WARNING,
        "training rollouts are sampled greedily (temperature 0): the completions of a group are"
        " the same, and no distribution of the trainer is the one that they come from",
        span=rollout.release.where(lambda _: True),
        subject=about_written(sampled, rollout.place),
        help_="sample training rollouts at a temperature above 0, which the trainer divides by",
        beside=(sampled,),
        evidence=rollout.trainer.evidence,
        by_name=True,
    )


def _includes_temperature(rollout: Rollout) -> bool:
    """Whether the engine's logprobs are known to be those of the sampled distribution."""
    return releases_where(rollout, "logprobs_mode", lambda mode, _: mode == _PROCESSED).certain


def _message(rollout: Rollout, pair: _Pair) -> str:
    said = (
        f"rollouts are sampled at temperature {show(pair.sampled.value)}, the trainer's logprobs"
        f" are at {show(pair.trained.value)}: "
    )
    if rollout.trainer.kind is TrainerKind.RECOMPUTE:
        return f"{said}it learns from samples that another distribution drew"
    return f"{said}the importance ratio is biased from the first step"


def _where(pair: _Pair) -> Setting:
    """The trainer's key where a config has one, else the rollout's."""
    return pair.trained if pair.trained.place else pair.sampled


def _doubts(rollout: Rollout) -> tuple[Doubt, ...]:
    if rollout.trainer.kind is not TrainerKind.UNKNOWN:
        return ()
    return (Doubt("what the trainer does with these logprobs", DECLARE_TRAINER),)


def _help(pair: _Pair) -> str:
    wanted = show(pair.sampled.value)
    entry = pair.trained.entry
    if entry is not None:
        return f"set {entry.key} to {wanted} here, or refer to the rollout's key"
    return f"divide the trainer's logits by {wanted} as well, or sample at its temperature"


def _fix(rollout: Rollout, pair: _Pair) -> Fix | None:
    """The trainer's literal follows the rollout, never the other way: it decides what is sampled.
    Beside raw logprobs only another mistake would take its place."""
    home, entry, wanted = rollout.home, pair.trained.entry, pair.sampled.value
    right = _includes_temperature(rollout) or wanted == 1
    unread = rollout.trainer.kind is TrainerKind.RECOMPUTE
    if home is None or entry is None or not (right or unread):
        return None
    title = f"set the trainer's {entry.key} to {show(wanted)}"
    return Fix(title, (Put(home, entry.path[-1], wanted, entry),), safe=True)


_K1 = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}

_AREAL = """\
rollout:
  backend: "vllm:d1"
  max_head_offpolicyness: 0
gconfig:
  n_samples: 8
  temperature: {sampled}
actor:
  temperature: {trained}  # of the loss
  recompute_logprob: true
  use_decoupled_loss: false
vllm:
  max_num_seqs: 64
  gpu_memory_utilization: 0.9
"""

BAD = (
    Example(
        "areal.yaml",
        _AREAL.format(sampled=0.6, trained=1.0),
        {"vllm-version": "0.18.1", "framework": "areal", "framework-version": "1.0.4"},
        fixed=_AREAL.format(sampled=0.6, trained=0.6),
    ),
    Example(
        "engine.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  logprobs_mode: processed_logprobs
sampling:
  temperature: 0.7
  max_tokens: 4096
""",
        {**_K1, "trainer-temperature": "1.0"},
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0)
""",
        _K1,
        beside={
            "loss.py": "TEMPERATURE = 0.7\n\n\ndef loss(logits, labels, rollout_logprobs):\n"
            "    logits = logits / TEMPERATURE\n"
            "    return torch.exp(gather(logits, labels) - rollout_logprobs)\n",
        },
    ),
    Example(
        "greedy.toml",
        """\
[inference.vllm]
gpu_memory_utilization = 0.9
max_num_seqs = 64
logprobs_mode = "processed_logprobs"

[sampling]
temperature = 0.0
max_tokens = 4096
""",
        _K1,
    ),
)

GOOD = (
    Example(
        "areal.yaml",
        _AREAL.format(sampled=0.6, trained="${gconfig.temperature}"),
        {"vllm-version": "0.18.1", "framework": "areal", "framework-version": "1.0.4"},
    ),
    Example(
        "engine.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  logprobs_mode: processed_logprobs
sampling:
  temperature: 0.7
  max_tokens: 4096
""",
        {**_K1, "trainer-temperature": "0.7"},
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=0.7, logprobs=0)
""",
        _K1,
        beside={
            "loss.py": "def loss(logits, labels, temperature):\n"
            "    logits = logits / temperature\n    return gather(logits, labels)\n",
        },
    ),
    Example(
        "evaluation.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0)
eval_params = SamplingParams(temperature=0.0)
""",
        {**_K1, "trainer-temperature": "1.0"},
    ),
    Example(
        "grpo.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.temperature=0.7 \\
    algorithm.rollout_correction.bypass_mode=true
""",
        {"vllm-version": "0.18.1"},
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
