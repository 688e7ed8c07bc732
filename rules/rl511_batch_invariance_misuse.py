"""Batch invariance is asked for where it cannot do what it is asked for.

## What it does

Flags `VLLM_BATCH_INVARIANT=1` on a release that does not read it yet. On the others it is advice:
it makes the engine agree with itself, not with the trainer.

## Why it breaks RL

An unread variable changes nothing, and the run is taken for one with a smaller mismatch. Where it
is read, a sequence gets the same logprobs in every batch; the trainer's own kernels still sum in
another order. The founding report tried it: the mismatch remained, with more lag and a higher clip
rate. torchforge quotes a slowdown of 2.4 for a run that is equal bit by bit.

## What to watch

The same prompt alone and in a batch of 64: the logprobs are equal when it works. The mismatch
between engine and trainer is the same with it and without it unless the kernels are shared.

## When it is right

With a trainer that runs the same kernels, to make a failure reproducible, or to tell noise of the
batch from other causes.

## Bad

`VLLM_BATCH_INVARIANT=1` with vLLM 0.11.0.

## Good

The same from 0.11.1 on, for a debugging run.

## Fix

None is written: upgrade to 0.11.1 or later, or delete the line.

## Versions

Read from 0.11.1 on. From 0.12.0 on an attention backend that cannot do it stops the engine.

## Evidence

- https://huggingface.co/blog/ServiceNow-AI/correctness-before-corrections
- https://docs.vllm.ai/en/stable/features/batch_invariance/
- https://github.com/meta-pytorch/torchforge/issues/513
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import Subject, judged
from rlconfig_lint.model import (
    Entry,
    Example,
    Finding,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    show,
)
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.releases.known import within

ID = ("RL511", "batch-invariance-misuse")
_VARIABLE = "VLLM_BATCH_INVARIANT"


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    entry = rollout.env.get(_VARIABLE)
    if entry is None or not rollout.release.known or not _on(entry):
        return
    unread = rollout.release.where(lambda release: within(release, "<0.11.1"))
    if unread:
        yield _finding(
            rollout,
            entry,
            unread,
            Severity.WARNING,
            f"{_VARIABLE} is not read before vLLM 0.11.1: batches change the logprobs as ever",
            "upgrade to vLLM 0.11.1 or later, or delete it",
        )
    else:
        yield _finding(
            rollout,
            entry,
            rollout.release.where(lambda _: True),
            Severity.INFO,
            "batch invariance makes the engine agree with itself, not with the trainer",
            "keep it for debugging, or where the trainer runs the same kernels",
        )


def _on(entry: Entry) -> bool:
    return entry.value == 1 or truth(entry.value) is True


def _finding(
    rollout: Rollout,
    entry: Entry,
    span: ReleaseSpan,
    severity: Severity,
    message: str,
    help_: str,
) -> Finding:
    return judged(
        ID,
        rollout,
        severity,
        message,
        span=span,
        subject=Subject(entry.place, _VARIABLE, f"{_VARIABLE} = {show(entry.value)}"),
        help_=help_,
    )


_SERVE = "VLLM_BATCH_INVARIANT=1 vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64\n"
_VERL = """\
export VLLM_BATCH_INVARIANT=1
python -m verl.trainer.main_ppo actor_rollout_ref.rollout.name=vllm
"""
_JOB = """\
name: rollouts
run: |
  export VLLM_BATCH_INVARIANT=1
  vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64
"""
_FACTS = {"vllm-version": "0.11.0", "trainer": "rollout-logprobs"}

BAD = (
    Example("serve.sh", _SERVE, _FACTS),
    Example("grpo.sh", _VERL, {"vllm-version": "0.10.2"}),
    Example("job.yaml", _JOB, _FACTS),
)

GOOD = (
    Example("serve.sh", _SERVE, _FACTS | {"vllm-version": "0.18.1"}),
    Example("off.sh", _SERVE.replace("=1 ", "=0 "), _FACTS),
    Example("job.yaml", _JOB, _FACTS | {"vllm-version": "0.18.1"}),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
