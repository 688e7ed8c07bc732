"""Logprobs of a prompt never include the temperature that the trainer divides by.

## What it does

Flags training requests that ask for `prompt_logprobs`, where rollouts are sampled at a temperature
other than 1 and the trainer is known to divide its logits by it.

## Why it breaks RL

`prompt_logprobs` are how an engine scores a finished text: for a reference, a teacher or the old
policy. V1 computes them from the logits as they are, in every `logprobs_mode`. Compared with a
trainer's logprobs at T they are those of another distribution: a KL penalty pulls towards it, and
a ratio is biased before the policy has moved.

## What to watch

The KL to the reference at the first step: with equal weights it has to be 0.

## When it is right

At temperature 1, where the trainer does not divide, or where the values are only displayed. The V0
engine included the temperature.

## Bad

`SamplingParams(temperature=0.7, prompt_logprobs=0)` beside `logits / 0.7`.

## Good

The same at temperature 1, or the scores recomputed by the trainer.

## Fix

None is written: compute these logprobs on the trainer's side, or train at temperature 1.

## Versions

All releases of V1. A temperature for prompts is only proposed.

## Evidence

- https://github.com/vllm-project/vllm/pull/37082
- measured by `rlconfig-lint confirm RL104` (docs/evidence): prompt logprobs at temperature 0.5 and
  at 1 are equal to the last bit, in the processed mode too (H200, and the CPU build of 0.32.0)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import DECLARE_TRAINER, Doubt, about_written, judged
from rlconfig_lint.model import UNKNOWN, Example, Finding, Profile, Rollout, Rule, Severity, show

ID = ("RL104", "prompt-logprobs-temperature")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    asked, sampled = rollout.sampled("prompt_logprobs"), rollout.sampled("temperature")
    if (
        not isinstance(asked.value, int)
        or asked.value is False
        or sampled.value in (UNKNOWN, None, 0, 1)
    ):
        return
    if not rollout.trainer.divides_by_temperature or rollout.generation.v0 is not False:
        return
    yield judged(
        ID,
        rollout,
        Severity.ERROR,
        "prompt_logprobs never include a temperature, the trainer's logprobs are at"
        f" {show(sampled.value)}",
        span=rollout.release.where(lambda _: True),
        subject=about_written(asked, rollout.place),
        help_="recompute these logprobs on the trainer's side, or train at temperature 1",
        doubts=(Doubt("what the prompt's logprobs are compared with", DECLARE_TRAINER),),
        beside=(asked, sampled),
        evidence=rollout.trainer.divides_evidence[:1],
        by_name=True,
    )


_FACTS = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs", "trainer-temperature": "0.7"}
_PYTHON = """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=0.7, prompt_logprobs=0, max_tokens=1)
"""

BAD = (Example("score.py", _PYTHON, _FACTS),)

GOOD = (
    Example("score.py", _PYTHON.replace("0.7", "1.0"), {**_FACTS, "trainer-temperature": "1.0"}),
    Example("rollout.py", _PYTHON.replace("prompt_logprobs", "logprobs"), _FACTS),
)

RULE = Rule(*ID, "0.2.0", ">=0.11.0", check, BAD, GOOD, __doc__)
