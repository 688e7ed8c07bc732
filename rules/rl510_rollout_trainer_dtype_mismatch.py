"""The rollout engine computes in float16 and the trainer in bfloat16, or the other way round.

## What it does

Flags a project whose configuration gives the engine one of the two 16-bit dtypes and the trainer
the other, by name or by the framework's own default. `auto` is not judged: the model decides then.

## Why it breaks RL

bfloat16 keeps 8 significant bits of a number and float16 keeps 11: the two round to different grids
in every layer, and the logprobs of one policy differ by noise that no step of the optimizer made.
With equal dtypes much of the rounding is shared. A study that ran both sides in float16 saw the
mismatch shrink; one side alone has neither grid nor range in common with the other.

## What to watch

A mismatch that is constant from the first step: verl's `rollout_probs_diff_mean` is normal below
0.005 and suspect above 0.01. Values of infinity or NaN point at float16's range.

## When it is right

bfloat16 on both sides is the usual choice and float16 on both a good one: nothing is said of
either. A float32 trainer beside a bfloat16 engine is not judged here.

## Bad

`actor_rollout_ref.rollout.dtype=float16` with verl's default trainer.

## Good

The same with `actor_rollout_ref.actor.megatron.dtype=float16`.

## Fix

None is written: whether the engine follows the trainer or the trainer the engine is a choice, and
float16 in the trainer needs loss scaling.

## Versions

Every release.

## Evidence

- https://github.com/huggingface/trl/pull/6774
- https://arxiv.org/abs/2510.26788
- https://github.com/OpenRLHF/OpenRLHF/issues/1155
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about, judged, releases_where
from rlconfig_lint.model import (
    Example,
    Finding,
    Profile,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
    Value,
)

ID = ("RL510", "rollout-trainer-dtype-mismatch")
_BOTH = {"bfloat16", "float16"}
_SPELLINGS = {
    "bf16": "bfloat16",
    "bfloat16": "bfloat16",
    "torch.bfloat16": "bfloat16",
    "float16": "float16",
    "fp16": "float16",
    "half": "float16",
    "torch.float16": "float16",
}


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    trainer = rollout.trainer
    other = releases_where(
        rollout, "dtype", lambda dtype, _: {_16_bit(dtype), trainer.dtype} == _BOTH
    )
    if not other or rollout.sync.style is SyncStyle.FROZEN:
        return
    dtype = _16_bit(rollout.setting("dtype", other.releases[-1]).value)
    yield judged(
        ID,
        rollout,
        Severity.WARNING,
        f"the engine computes in {dtype}, the trainer in {trainer.dtype}: they round to different"
        " grids in every layer",
        span=other,
        subject=about(rollout, "dtype", other),
        help_="give both sides the same dtype",
        evidence=trainer.dtype_evidence,
    )


def _16_bit(dtype: Value) -> str | None:
    return _SPELLINGS.get(dtype) if isinstance(dtype, str) else None


_VERL = """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.dtype=float16
"""
_ROLL = """\
actor_train:
  model_args:
    dtype: fp16
actor_infer:
  model_args:
    dtype: bf16
  generating_args:
    temperature: 1.0
  strategy_args:
    strategy_name: vllm
    strategy_config:
      gpu_memory_utilization: 0.8
"""
_PIN = {"vllm-version": "0.24.0"}

BAD = (
    Example("grpo.sh", _VERL, _PIN),
    Example("agentic.yaml", _ROLL, _PIN),
    Example(
        "default_engine.sh",
        _VERL.replace("rollout.dtype", "actor.megatron.dtype"),
        _PIN,
    ),
)

GOOD = (
    Example(
        "grpo.sh",
        _VERL.replace(
            "dtype=float16\n",
            "dtype=float16 \\\n    actor_rollout_ref.actor.megatron.dtype=float16\n",
        ),
        _PIN,
    ),
    Example("bfloat16.sh", _VERL.replace("dtype=float16", "dtype=bfloat16"), _PIN),
    Example("auto.sh", _VERL.replace("dtype=float16", "dtype=auto"), _PIN),
    Example("agentic.yaml", _ROLL.replace("bf16", "fp16"), _PIN),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
