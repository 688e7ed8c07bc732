"""An importance correction hides an error of the engine that another rule reports.

## What it does

Where the trainer weighs its loss by recomputed over rollout logprobs, and other rules report an
error or warning about the logprobs, caches, updates, precision or sampling of the same rollout,
says once which of them to mend first.

## Why it breaks RL

The correction is for what cannot be removed: other kernels, an older policy. It takes any other
bias as well, scales or masks the gradient by it, and the run looks stable. What is then tuned is
the correction, and the curve can no longer be read.

## What to watch

The mean importance weight right after a weight update: it has to be near 1 before the correction
does anything. Then the share of tokens that it clips or masks.

## When it is right

A correction itself is right once nothing else is reported. Findings that a comment accepts do not
count, nor does advice.

## Bad

Raw logprobs at temperature 0.7 beside truncated importance sampling.

## Good

The same with `processed_logprobs`.

## Fix

None: mend what the other rules report, then look at the weights again. It speaks about what the
other chosen rules say: chosen alone, it says nothing.

## Versions

All.

## Evidence

- https://huggingface.co/blog/ServiceNow-AI/correctness-before-corrections
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlconfig_lint.judging import Subject, judged
from rlconfig_lint.model import (
    Evidence,
    Example,
    Finding,
    Profile,
    Rollout,
    Rule,
    Severity,
    TrainerKind,
)

ID = ("RL701", "correction-masks-backend-error")
_OF_THE_BACKEND = ("RL1", "RL2", "RL5", "RL601", "RL602")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    """It has nothing to say before the others have."""
    yield from ()


def weigh(rollout: Rollout, profile: Profile, said: Sequence[Finding]) -> Iterator[Finding]:
    if rollout.trainer.kind is not TrainerKind.DECOUPLED:
        return
    masked = [finding for finding in said if _is_masked(finding, rollout)]
    if not masked:
        return
    codes = ", ".join(sorted({finding.code for finding in masked}))
    places = ", ".join(dict.fromkeys(f"{f.code} at {f.place}" for f in masked))
    yield judged(
        ID,
        rollout,
        Severity.ERROR if profile is Profile.PARITY else Severity.WARNING,
        f"the trainer's importance correction hides an error of the backend ({codes}): it is"
        " weighed down, not removed",
        span=rollout.release.where(lambda _: True),
        subject=Subject(rollout.place, "trainer", f"trainer = {rollout.trainer.kind.value}"),
        help_=f"mend {places} first, then see what the correction still does",
        decided_by=rollout.trainer.evidence,
        evidence=(
            *rollout.trainer.evidence[:1],
            *(Evidence(finding.message, finding.place) for finding in masked),
        ),
    )


def _is_masked(finding: Finding, rollout: Rollout) -> bool:
    """Whether a finding is loud, about the backend, and about this rollout's own files: code that
    all rollouts of a project share may serve another trainer of it."""
    own = {rollout.path, *(layer.path for layer in rollout.layers)}
    loud = finding.severity > Severity.INFO and finding.code.startswith(_OF_THE_BACKEND)
    return loud and finding.place.path in own


_FACTS = {"vllm-version": "0.18.1", "trainer": "decoupled", "trainer-temperature": "0.7"}
_YAML = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  logprobs_mode: {mode}
sampling:
  temperature: 0.7
  max_tokens: 4096
"""
_PYTHON = """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="raw_logprobs")
params = SamplingParams(temperature=0.7, logprobs=0)
"""

BAD = (
    Example("engine.yaml", _YAML.format(mode="raw_logprobs"), _FACTS),
    Example("rollout.py", _PYTHON, _FACTS, profile=Profile.PARITY),
)

GOOD = (
    Example("engine.yaml", _YAML.format(mode="processed_logprobs"), _FACTS),
    Example(  # accepted, with a reason
        "accepted.yaml",
        _YAML.format(mode="raw_logprobs  # rlconfig-lint: ignore[RL101] compared on purpose"),
        _FACTS,
    ),
    Example("rollout.py", _PYTHON, {**_FACTS, "trainer": "rollout-logprobs"}),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__, weigh=weigh)
