"""Rollout logprobs are taken before temperature, the trainer's after it.

## What it does

Flags a rollout engine that returns raw logprobs (`logprobs_mode` unset, `raw_*` or `*_logits`)
while training samples at a temperature other than 1, or with truncation or penalties, and the
trainer uses those logprobs.

## Why it breaks RL

The importance ratio is exp(trainer's logprob at T - rollout's logprob at 1). It is biased before
the policy has moved at all: on one H200 a random Llama gave a mean ratio of 1.99 at temperature
0.6, with 90 % of the tokens outside a clip range of 0.2; `processed_logprobs` gave 0.996 and 2.9 %.
Nothing crashes; clip rate, KL and entropy drift. An importance correction hides it.

## What to watch

The mean policy ratio first: away from 1 from the very first step, before the policy has moved. The
first token's |difference| is the most sensitive single number. With processed logprobs the mean
ratio returns to 1, which proves this rule and no other: go on to the clip rate, then KL, entropy,
reward. verl's `rollout_probs_diff_mean` is normal below 0.005 and suspect above 0.01; TRL's ratio
at temperature 1 lies within 0.85 and 1.15.

## When it is right

At temperature 1 without truncation or penalties, raw and processed are the same numbers. A trainer
that never divides its logits by the temperature matches raw. Generation-time processors that the
trainer cannot replay (bad words) are a reason to ask for raw on purpose. A trainer that recomputes
the old logprobs does not read these at all.

## Bad

An engine without `logprobs_mode`, rollouts sampled at 0.7.

## Good

`logprobs_mode: processed_logprobs`.

## Fix

Safe from vLLM 0.10.2 on where the temperature is not 1 and nothing truncates; unsafe otherwise.
No fix below 0.10.0, where V1 has no such setting: upgrade to 0.10.2.

## Versions

V1 returns raw values by default in every release from 0.8.0 on; V0 returned processed ones. The
setting exists from 0.10.0 on and includes the temperature from 0.10.2 on (see RL102).

## Evidence

- https://huggingface.co/blog/ServiceNow-AI/correctness-before-corrections
- https://github.com/huggingface/trl/issues/4159 (first-token ratio 2.0 at temperature 0.6)
- https://github.com/PrimeIntellect-ai/prime-rl/pull/697
- https://github.com/vllm-project/vime/issues/64
- https://github.com/NVIDIA-NeMo/RL/issues/902
- measured by `rlconfig-lint confirm RL101` (docs/evidence): at temperature 0.6 the mean ratio is
  2.03 with raw and 1.00 with processed logprobs, and 88 to 93 % against 0 % of the tokens leave
  the clip range (H200, vLLM 0.20.2 and 0.26.0)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import (
    DECLARE_TEMPERATURE,
    DECLARE_TRAINER,
    USES_ROLLOUT_LOGPROBS,
    Doubt,
    Sampling,
    about,
    judged,
    releases_where,
    sampling_of,
    trains_at_one,
)
from rlconfig_lint.model import (
    UNKNOWN,
    Example,
    Finding,
    Fix,
    Life,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    TrainerKind,
    Value,
    show,
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.remedies import put, takes
from rlconfig_lint.resolve.sampling import REPLAYED_BY_NOBODY

ID = ("RL101", "raw-rollout-logprobs")
WANTED = "processed_logprobs"


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    raw = releases_where(rollout, "logprobs_mode", lambda mode, _: mode != WANTED)
    if not raw or _raw_on_purpose(rollout):
        return
    sampling = sampling_of(rollout)
    mode = rollout.setting("logprobs_mode", raw.releases[-1]).value
    if rollout.trainer.kind is TrainerKind.RECOMPUTE and _harmless(rollout, sampling, profile):
        return
    severity, doubts = _severity(rollout, sampling, mode)
    if profile is Profile.PARITY and severity is not Severity.ERROR:
        severity, doubts = Severity.WARNING, ()
    yield judged(
        ID,
        rollout,
        severity,
        _message(rollout, sampling, mode),
        span=raw,
        subject=about(rollout, "logprobs_mode", raw),
        help_=_help(rollout, sampling, raw),
        doubts=doubts,
        beside=sampling.bent,
        evidence=(*rollout.trainer.evidence, *sampling.evidence),
        fix=_fix(rollout, sampling, raw, profile),
    )


def _harmless(rollout: Rollout, sampling: Sampling, profile: Profile) -> bool:
    """Whether even the mismatch metrics of a trainer that recomputes are right."""
    if rollout.trainer.divides_by_temperature is False:
        return True
    if sampling.temperature and trains_at_one(rollout):
        return True
    return not sampling.bent and profile is not Profile.PARITY


def _raw_on_purpose(rollout: Rollout) -> bool:
    """Explicit raw beside a processor that no trainer replays, at temperature 1."""
    chosen = rollout.engine.get("logprobs_mode")
    processors = [rollout.sampling[name] for name in REPLAYED_BY_NOBODY if name in rollout.sampling]
    given = any(processor.value not in (None, "", [], {}) for processor in processors)
    return bool(chosen and chosen.explicit and given and not sampling_of(rollout).temperature)


def _severity(
    rollout: Rollout, sampling: Sampling, mode: Value
) -> tuple[Severity, tuple[Doubt, ...]]:
    trainer = rollout.trainer
    if trainer.kind is TrainerKind.RECOMPUTE:
        return Severity.INFO, ()
    doubts: list[Doubt] = []
    if trainer.kind not in USES_ROLLOUT_LOGPROBS:
        doubts.append(Doubt("what the trainer does with these logprobs", DECLARE_TRAINER))
    if _are_logits(mode):
        return Severity.ERROR, tuple(doubts)
    if not sampling.bent:
        if "temperature" not in sampling.unknown:
            return Severity.INFO, ()
        doubts.append(Doubt("the rollout temperature", DECLARE_TEMPERATURE))
    elif trainer.divides_by_temperature is None and sampling.temperature:
        doubts.append(Doubt("whether the trainer divides by the temperature", DECLARE_TEMPERATURE))
    only_beyond = sampling.bent and not sampling.followed
    if trains_at_one(rollout) or only_beyond:
        return Severity.WARNING, tuple(doubts)
    return Severity.ERROR, tuple(doubts)


def _are_logits(mode: Value) -> bool:
    return isinstance(mode, str) and mode.endswith("_logits")


def _message(rollout: Rollout, sampling: Sampling, mode: Value) -> str:
    trainer = rollout.trainer
    if trainer.kind is TrainerKind.RECOMPUTE:
        return f"{mode} returned to a trainer that recomputes: only its mismatch metrics are wrong"
    if _are_logits(mode):
        return f"{mode} are no log-probabilities: an importance ratio cannot be made of them"
    if sampling.bent:
        if not sampling.followed:
            return (
                f"rollouts use {sampling.beyond_the_trainer}, which {mode} and the trainer both"
                " leave out: the ratio hides that another policy sampled"
            )
        if trains_at_one(rollout):
            return (
                f"{mode} and a trainer at temperature 1 agree on a policy that nobody sampled"
                f" from: rollouts use {sampling}"
            )
        return (
            f"{mode} do not include {sampling.followed}, the trainer's logprobs do:"
            " the importance ratio is biased from the first step"
        )
    if "temperature" in sampling.unknown:
        return f"{mode} are right only if rollouts are sampled at temperature 1"
    return f"{mode} equal processed ones only while nothing but temperature 1 is sampled"


def _fix(rollout: Rollout, sampling: Sampling, raw: ReleaseSpan, profile: Profile) -> Fix | None:
    if rollout.trainer.divides_by_temperature is False or _other_temperature(rollout):
        return None
    if sampling.beyond_the_trainer and not sampling.followed:
        return None
    if not all(behaviour.processed_has_temperature(release) for release in raw.releases):
        return None
    wanted = profile is Profile.PARITY or bool(sampling.followed)
    used = profile is Profile.PARITY or rollout.trainer.kind in USES_ROLLOUT_LOGPROBS
    safe = wanted and used and not sampling.beyond_the_trainer
    return put(rollout, "logprobs_mode", WANTED, f"set logprobs_mode to {WANTED}", safe=safe)


def _other_temperature(rollout: Rollout) -> bool:
    """Whether the trainer is known to divide by another temperature than rollouts use."""
    sampled, trained = rollout.sampled("temperature").value, rollout.trainer.temperature
    return UNKNOWN not in (sampled, trained) and sampled != trained


def _help(rollout: Rollout, sampling: Sampling, raw: ReleaseSpan) -> str:
    if not all(behaviour.processed_has_temperature(release) for release in raw.releases):
        return (
            "upgrade to vLLM >=0.10.2 and set logprobs_mode to processed_logprobs:"
            " no value helps before"
        )
    if not takes(rollout, "logprobs_mode"):
        return (
            f"sample at temperature 1 without truncation: {rollout.framework} has no key for"
            " logprobs_mode"
        )
    if rollout.trainer.divides_by_temperature is False:
        return "divide the trainer's logits by the temperature and set processed_logprobs, together"
    if _other_temperature(rollout):
        trained = show(rollout.trainer.temperature)
        return f"the trainer divides by {trained}: use one temperature, then {WANTED}"
    if sampling.beyond_the_trainer:
        return (
            f"train without {sampling.beyond_the_trainer} and set logprobs_mode to {WANTED}; with"
            " these left on, processed logprobs differ from the trainer's by what they do"
        )
    return f"set logprobs_mode to {WANTED}"


_K1 = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs", "trainer-temperature": "0.7"}

BAD = (
    Example(
        "engine.yaml",
        """\
engine:
  model: Qwen/Qwen2.5-7B
  gpu_memory_utilization: 0.9
  max_num_seqs: 64  # per replica
sampling:
  temperature: 0.7
  max_tokens: 4096
""",
        _K1,
        fixed="""\
engine:
  model: Qwen/Qwen2.5-7B
  gpu_memory_utilization: 0.9
  max_num_seqs: 64  # per replica
  logprobs_mode: processed_logprobs
sampling:
  temperature: 0.7
  max_tokens: 4096
""",
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="raw_logprobs")
params = SamplingParams(temperature=0.7, logprobs=0)
""",
        _K1,
        fixed="""\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=0.7, logprobs=0)
""",
    ),
    Example(
        "serve.sh",
        """\
#!/usr/bin/env bash
vllm serve Qwen/Qwen2.5-7B \\
    --max-num-seqs 64 \\
    --port 8000
""",
        _K1,
        fixed="""\
#!/usr/bin/env bash
vllm serve Qwen/Qwen2.5-7B \\
    --max-num-seqs 64 \\
    --port 8000 \\
    --logprobs-mode processed_logprobs
""",
    ),
    Example(
        "train.toml",
        """\
[inference.vllm]
gpu_memory_utilization = 0.9
max_num_seqs = 64
enforce_eager = false

[sampling]
temperature = 0.7
max_tokens = 4096
""",
        _K1,
        fixed="""\
[inference.vllm]
gpu_memory_utilization = 0.9
max_num_seqs = 64
enforce_eager = false
logprobs_mode = "processed_logprobs"

[sampling]
temperature = 0.7
max_tokens = 4096
""",
    ),
    Example(
        "engine.json",
        """\
{
  "engine": {"gpu_memory_utilization": 0.9, "max_num_seqs": 64, "max_model_len": 4096},
  "sampling": {"temperature": 0.7, "max_tokens": 1024}
}
""",
        _K1,
        fixed="""\
{
  "engine": {"gpu_memory_utilization": 0.9, "max_num_seqs": 64, "max_model_len": 4096, \
"logprobs_mode": "processed_logprobs"},
  "sampling": {"temperature": 0.7, "max_tokens": 1024}
}
""",
    ),
    Example(
        "grpo.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.temperature=0.7 \\
    actor_rollout_ref.rollout.logprobs_mode=raw_logprobs \\
    algorithm.rollout_correction.bypass_mode=true
""",
        {"vllm-version": "0.18.1"},
        fixed="""\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.temperature=0.7 \\
    actor_rollout_ref.rollout.logprobs_mode=processed_logprobs \\
    algorithm.rollout_correction.bypass_mode=true
""",
    ),
)

GOOD = (
    Example(
        "engine.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  logprobs_mode: processed_logprobs
sampling:
  temperature: 0.7
  max_tokens: 4096
""",
        _K1,
    ),
    Example(
        "recompute.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B")
params = SamplingParams(temperature=0.7)
""",
        {"vllm-version": "0.18.1", "trainer": "recompute"},
    ),
    Example(
        "neutral.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B")
params = SamplingParams(temperature=1.0, logprobs=0)
""",
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
    ),
    Example(
        "another_library.py",
        """\
from tensorrt_llm import LLM
from vllm import SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B")
params = SamplingParams(temperature=0.7, logprobs=0)
""",
        _K1,
    ),
    Example(
        "v0.sh",
        """\
VLLM_USE_V1=0 vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64 --worker-extension-cls trainer.Sync
""",
        {"vllm-version": "0.8.5", "trainer": "rollout-logprobs", "trainer-temperature": "0.7"},
    ),
)

RULE = Rule(*ID, "0.1.0", ">=0.8.0", check, BAD, GOOD, __doc__, life=Life.STABLE)
