"""Rollouts read keys and values that were rounded to fp8, the trainer's forward pass does not.

## What it does

Flags a rollout engine with an fp8 KV cache whose trainer neither weighs nor masks by the distance
to the engine, and, worse, `calculate_kv_scales` on an engine whose weights are updated.

## Why it breaks RL

Each token is sampled from rounded keys and values, and the trainer recomputes them in full. On an
H100, vLLM's own prefill and decode differed by up to 0.56 nat with an fp8 cache, even with batch
invariance on. `calculate_kv_scales` sets the scales in the first forward pass and never again: the
keys and values of later policies are rounded, and clipped, by the scales of the first one.

## What to watch

A mismatch that grows along the sequence: compare the first tokens with the last. With scales that
were computed once it also grows step by step, and is gone after the engine is restarted. vime's
`train_rollout_logprob_abs_diff` is healthy at 0.011 to 0.014 and bad at 0.05 to 0.2.

## When it is right

With an importance correction it is a price in variance (advice then). Models whose attention has an
fp8 cache by design (DeepSeek V3.2 and V4) are not judged. NeMo-RL computes new scales at each
update and hands them to the engine.

## Bad

`kv_cache_dtype: fp8` with a trainer that recomputes its logprobs.

## Good

`kv_cache_dtype: auto`.

## Fix

Unsafe: `kv_cache_dtype: auto`, which takes twice the memory for each token.

## Versions

Every release; `calculate_kv_scales` exists from 0.7.0 to 0.27.1. From 0.12.0 on a sleeping engine
wakes up with scales of 1.

## Evidence

- https://github.com/vllm-project/vllm/issues/54035
- https://github.com/verl-project/verl/pull/4435
- https://github.com/PrimeIntellect-ai/prime-rl/pull/3555
- measured by `rlconfig-lint confirm RL504` (docs/evidence): mean |d logp| to the trainer is 0.069
  with fp8 keys and values and 0.016 without (H200, scales of 1)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlconfig_lint.judging import DECLARE_TRAINER, Doubt, about, judged, releases_where
from rlconfig_lint.model import (
    Example,
    Finding,
    Fix,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
    TrainerKind,
)
from rlconfig_lint.remedies import put

ID = ("RL504", "fp8-kv-cache")
_FP8_BY_DESIGN = re.compile(r"deepseek[-_]?v(3[._-]2|4)", re.IGNORECASE)
# NeMo-RL: nemo_rl/algorithms/grpo.py:1325 and the policy worker's calibration; verl: PR 4435.
_REFRESH_SCALES = ("nemo-rl", "verl")
_DECLARE_SYNC = 'weight-sync = "between-batches" or "in-flight"'


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    rounded = releases_where(
        rollout,
        "kv_cache_dtype",
        lambda dtype, _: isinstance(dtype, str) and dtype.startswith("fp8"),
    )
    if not rounded or _by_design(rollout) or rollout.sync.style is SyncStyle.FROZEN:
        return
    once = releases_where(rollout, "calculate_kv_scales", lambda value, _: value is True)
    stale = rollout.release.where(lambda r: r in once.releases and r in rounded.releases)
    if stale and not _scales_follow(rollout):
        yield _stale_scales(rollout, stale)
    else:
        yield _rounded(rollout, rounded)


def _by_design(rollout: Rollout) -> bool:
    model = rollout.engine.get("model")
    return any(_FP8_BY_DESIGN.search(str(text)) for text in (rollout.path, model and model.value))


def _scales_follow(rollout: Rollout) -> bool:
    """A framework that computes them anew, or an engine that sleeps, and wakes up with scales of 1
    (0.12.0:v1/worker/gpu_worker.py, init_fp8_kv_scales)."""
    sync = rollout.sync
    return rollout.framework in _REFRESH_SCALES or bool(sync.sleeps or sync.wakes)


def _stale_scales(rollout: Rollout, span: ReleaseSpan) -> Finding:
    known = rollout.sync.style is not SyncStyle.UNKNOWN or rollout.sync.updates
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        "the scales of the fp8 cache are computed in the first forward pass and kept: after a"
        " weight update they are another policy's",
        span=span,
        subject=about(rollout, "calculate_kv_scales", span),
        help_="set kv_cache_dtype to auto, or leave the scales at 1 (calculate_kv_scales false)",
        doubts=() if known else (Doubt("that this engine's weights are updated", _DECLARE_SYNC),),
        evidence=rollout.sync.evidence,
        fix=_unrounded(rollout),
    )


def _rounded(rollout: Rollout, span: ReleaseSpan) -> Finding:
    trainer = rollout.trainer
    unsure = trainer.kind is TrainerKind.UNKNOWN
    doubts = (Doubt("whether the trainer corrects for it", DECLARE_TRAINER),) if unsure else ()
    return judged(
        ID,
        rollout,
        Severity.INFO if _corrected(rollout) else Severity.WARNING,
        "rollouts read keys and values rounded to fp8, the trainer computes them in full",
        span=span,
        subject=about(rollout, "kv_cache_dtype", span),
        help_="set kv_cache_dtype to auto, or correct for it with truncated importance weights",
        doubts=doubts,
        evidence=trainer.evidence,
        fix=_unrounded(rollout),
    )


def _corrected(rollout: Rollout) -> bool:
    trainer = rollout.trainer
    bounded = trainer.kind is TrainerKind.ROLLOUT_LOGPROBS and trainer.bounds_mismatch is not False
    return bounded or trainer.kind is TrainerKind.DECOUPLED


def _unrounded(rollout: Rollout) -> Fix | None:
    title = "set kv_cache_dtype to auto (twice the memory for each token)"
    return put(rollout, "kv_cache_dtype", "auto", title, safe=False)


_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  kv_cache_dtype: fp8
"""
_SCALED = """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", kv_cache_dtype="fp8_e4m3", calculate_kv_scales=True)


def update(path):
    llm.collective_rpc("update_weights", args=(path,))
"""
_SLEEPING = _SCALED.replace(
    "    llm.collective", "    llm.sleep(level=1)\n    llm.wake_up()\n    llm.collective"
)
_FACTS = {"vllm-version": "0.24.0", "trainer": "recompute"}

BAD = (
    Example("engine.yaml", _ENGINE, _FACTS, fixed=_ENGINE.replace("fp8", "auto")),
    Example("scaled.py", _SCALED, _FACTS, fixed=_SCALED.replace("fp8_e4m3", "auto")),
    Example(
        "grpo.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    ++actor_rollout_ref.rollout.engine_kwargs.vllm.kv_cache_dtype=fp8
""",
        {"vllm-version": "0.24.0"},
        fixed="""\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    ++actor_rollout_ref.rollout.engine_kwargs.vllm.kv_cache_dtype=auto
""",
    ),
)

GOOD = (
    Example("engine.yaml", _ENGINE.replace("fp8", "auto"), _FACTS),
    Example("engine.yaml", _ENGINE, _FACTS | {"trainer": "decoupled"}),
    Example("sleeping.py", _SLEEPING, _FACTS | {"trainer": "decoupled"}),
    Example(
        "run_deepseek_v4.sh",
        """\
vllm serve deepseek-ai/DeepSeek-V4 --kv-cache-dtype fp8 --max-num-seqs 64
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
