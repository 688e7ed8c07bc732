"""On vLLM 0.10.0 to 0.10.1.1, processed logprobs do not include the temperature.

## What it does

Flags `logprobs_mode: processed_logprobs` on a release where the name means something else, while
training samples at a temperature other than 1 or truncates.

## Why it breaks RL

In these three releases "processed" stops after penalties and bad words: temperature, min-p, top-k
and top-p come later. The file looks right and the ratio is as biased as with raw logprobs.

## What to watch

As for raw logprobs: the mean policy ratio is away from 1 from the first step on, and constant.

## When it is right

At temperature 1 without truncation, where the trainer recomputes, or where it never divides its
logits by the temperature: what is left out there is left out here too.

## Bad

`processed_logprobs` with vLLM 0.10.1 and temperature 0.7.

## Good

The same file with vLLM 0.10.2.

## Fix

None is written: raise the pin to `vllm>=0.10.2` and lock again. A gate such as `> 0.10.0` still
admits 0.10.1.

## Versions

0.10.0, 0.10.1 and 0.10.1.1 (0.10.0:v1/sample/sampler.py:48; 0.10.2:v1/sample/sampler.py:165).

## Evidence

- https://github.com/PrimeIntellect-ai/prime-rl/pull/697
- https://github.com/NVIDIA-NeMo/RL/issues/902
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import (
    DECLARE_TEMPERATURE,
    DECLARE_TRAINER,
    USES_ROLLOUT_LOGPROBS,
    Doubt,
    about,
    judged,
    releases_where,
    sampling_of,
    trains_at_one,
)
from rlconfig_lint.model import (
    Example,
    Finding,
    Life,
    Profile,
    Rollout,
    Rule,
    Severity,
    TrainerKind,
)
from rlconfig_lint.releases import behaviour

ID = ("RL102", "processed-logprobs-without-temperature")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    misleading = releases_where(
        rollout,
        "logprobs_mode",
        lambda mode, release: (
            mode == "processed_logprobs"
            and behaviour.has_logprobs_mode(release)
            and not behaviour.processed_has_temperature(release)
        ),
    )
    if not misleading or rollout.trainer.kind is TrainerKind.RECOMPUTE or trains_at_one(rollout):
        return
    sampling = sampling_of(rollout)
    left_out = ", ".join(filter(None, (sampling.temperature, sampling.truncation)))
    if not left_out and "temperature" not in sampling.unknown:
        return
    doubts = []
    if rollout.trainer.kind not in USES_ROLLOUT_LOGPROBS:
        doubts.append(Doubt("what the trainer does with these logprobs", DECLARE_TRAINER))
    if not left_out:
        doubts.append(Doubt("the rollout temperature", DECLARE_TEMPERATURE))
    yield judged(
        ID,
        rollout,
        Severity.ERROR,
        f"processed_logprobs leave out {left_out or 'the temperature'} in {misleading}",
        span=misleading,
        subject=about(rollout, "logprobs_mode", misleading),
        help_="raise the pin to vllm>=0.10.2: there they are the sampled distribution",
        doubts=tuple(doubts),
        beside=sampling.bent,
        evidence=rollout.trainer.evidence,
    )


_FACTS = {"vllm-version": "0.10.1", "trainer": "rollout-logprobs"}

BAD = (
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
        _FACTS,
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=0.7, logprobs=0)
""",
        _FACTS,
    ),
)

GOOD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=0.7, logprobs=0)
""",
        {"vllm-version": "0.10.2", "trainer": "rollout-logprobs"},
    ),
    Example(
        "neutral.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0)
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", ">=0.10.0,<0.10.2", check, BAD, GOOD, __doc__, life=Life.STABLE)
