"""The output head runs in float32 on one side only.

## What it does

Flags a project whose trainer computes `lm_head` in float32 while the rollout engine uses the
model's dtype, or the other way round.

## Why it breaks RL

The head's matrix product is the last step before the softmax. In bfloat16 a logit near 16 is
rounded to a multiple of 0.125; a ratio between a rounded and an unrounded policy is noise that does
not average out. It was the last gap that the founding report closed. One side alone is worse than
neither: two bfloat16 heads at least round to the same grid.

## What to watch

A mismatch that is constant from the first step, small in the mean and long in the tail: clip rate
before mean ratio. NeMo-RL investigates `token_mult_prob_error` above 1.05; vime's
`train_rollout_logprob_abs_diff` is healthy at 0.011 to 0.014.

## When it is right

bfloat16 on both sides is common and consistent: this rule says nothing then, outside `parity`
and `strict-on-policy`.

## Bad

`model.lm_head.float()` in the trainer, and an engine without an override.

## Good

`hf_overrides: {head_dtype: float32}` on vLLM >=0.26.0; below, a plugin on the engine's side.

## Fix

Unsafe, and only from vLLM 0.26.0 on with an unquantised head: the override is added to the engine.
Below 0.26.0 the message says what to do; one side of the pair is never changed alone.

## Versions

Every release; the engine's own override works from 0.26.0 on (see RL502).

## Evidence

- https://huggingface.co/blog/ServiceNow-AI/correctness-before-corrections
- https://github.com/NVIDIA-NeMo/RL/pull/3936 (one side only is worse)
- https://github.com/vllm-project/vllm/pull/48390
- https://github.com/huggingface/trl/pull/4303
- arXiv 2506.13585, arXiv 2510.13786
- measured by `rlconfig-lint confirm RL501` (docs/evidence): 100 % of the logits of a bfloat16 head
  are on its grid, 0 % of a float32 head's (H200, vLLM 0.26.0)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import DECLARE_TRAINER, USES_ROLLOUT_LOGPROBS, Doubt, Subject, judged
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
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.remedies import put
from rlconfig_lint.resolve.heads import FLOAT32, MODEL_DTYPE, head_dtype_asked, rollout_head

ID = ("RL501", "lm-head-dtype-mismatch")
_WHY_BOTH = {
    Profile.PARITY: "the founding report needed it on both sides",
    Profile.STRICT_ON_POLICY: "each side rounds its logits on its own before the softmax",
}
_PLUGIN = (
    "below vLLM 0.26.0 only code on the engine's side gives it an fp32 head: upgrade to >=0.26.0"
    " and set hf_overrides.head_dtype, or register a plugin as PipelineRL does"
    " (--quantization bf16_last_layer_fp32)"
)


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    trainer = rollout.trainer.lm_head
    coarse = rollout.release.where(
        lambda release: (
            rollout_head(rollout, release) == MODEL_DTYPE
            and head_dtype_asked(rollout, release) not in FLOAT32  # ignored: that is RL502
        )
    )
    fine = rollout.release.where(lambda release: rollout_head(rollout, release) == "float32")
    if trainer == "float32" and coarse:
        yield _one_sided(rollout, coarse, "the trainer's lm_head is float32, the engine's is not")
    elif trainer in ("bfloat16", "float16") and fine:
        message = f"the engine's lm_head is float32, the trainer's is {trainer}"
        yield _one_sided(rollout, fine, message)
    elif profile in _WHY_BOTH and coarse:
        yield _coarse(rollout, coarse, _WHY_BOTH[profile])


def _one_sided(rollout: Rollout, span: ReleaseSpan, message: str) -> Finding:
    kind = rollout.trainer.kind
    severity = Severity.WARNING if kind is TrainerKind.RECOMPUTE else Severity.ERROR
    doubts: tuple[Doubt, ...] = ()
    if kind not in (*USES_ROLLOUT_LOGPROBS, TrainerKind.RECOMPUTE):
        doubts = (Doubt("what the trainer does with rollout logprobs", DECLARE_TRAINER),)
    fix = _fix(rollout, span) if rollout.trainer.lm_head == "float32" else None
    return judged(
        ID,
        rollout,
        severity,
        f"{message}: worse than bfloat16 on both",
        span=span,
        subject=_heads(rollout, span),
        help_=_help(rollout, span, fix),
        doubts=doubts,
        evidence=rollout.trainer.lm_head_evidence,
        fix=fix,
    )


def _coarse(rollout: Rollout, span: ReleaseSpan, why: str) -> Finding:
    return judged(
        ID,
        rollout,
        Severity.WARNING,
        f"the engine's lm_head is not float32: {why}",
        span=span,
        subject=_heads(rollout, span),
        help_=f"make both sides float32, together. {_how(span)}",
    )


def _fix(rollout: Rollout, span: ReleaseSpan) -> Fix | None:
    if not _works_everywhere(span) or "hf_overrides" in rollout.engine:
        return None
    quantized = rollout.setting("quantization", span.releases[-1]).value
    if quantized is not None or quantized is UNKNOWN:
        return None
    title = "set hf_overrides.head_dtype to float32 on the engine"
    return put(rollout, "hf_overrides", {"head_dtype": "float32"}, title, safe=False)


def _help(rollout: Rollout, span: ReleaseSpan, fix: Fix | None) -> str:
    if rollout.trainer.lm_head != "float32":
        return "compute the trainer's lm_head in float32 too, or give the engine the same dtype"
    if rollout.framework == "trl":
        return (
            "TRL passes no override to the engine: leave cast_lm_head_to_fp32 off, or serve vLLM"
            f" yourself. {_how(span)}"
        )
    return "set hf_overrides.head_dtype to float32 on the engine" if fix else _how(span)


def _how(span: ReleaseSpan) -> str:
    if _works_everywhere(span):
        return 'On the engine: hf_overrides {"head_dtype": "float32"}, with an unquantised head'
    return _PLUGIN


def _works_everywhere(span: ReleaseSpan) -> bool:
    return all(behaviour.head_dtype_works(release) for release in span.releases)


def _heads(rollout: Rollout, span: ReleaseSpan) -> Subject:
    trainer = rollout.trainer.lm_head or "not known"
    both = f"trainer {trainer}, engine {rollout_head(rollout, span.releases[-1])}"
    return Subject(rollout.place, "hf_overrides", both)


_TRAINER = """\
def policy_logits(model, hidden):
    return model.lm_head.float()(hidden.float())
"""
_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  logprobs_mode: processed_logprobs
"""

BAD = (
    Example(
        "engine.yaml",
        _ENGINE,
        {"vllm-version": "0.26.0", "trainer": "rollout-logprobs"},
        fixed=f"{_ENGINE}  hf_overrides: {{head_dtype: float32}}\n",
        beside={"trainer.py": _TRAINER},
    ),
    Example(
        "old.yaml",
        _ENGINE,
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
        beside={"trainer.py": _TRAINER},
    ),
    Example(
        "grpo.py",
        """\
from trl import GRPOConfig

config = GRPOConfig(use_vllm=True, cast_lm_head_to_fp32=True)
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", hf_overrides={"head_dtype": "float32"})
""",
        {"vllm-version": "0.26.0", "trainer": "rollout-logprobs", "trainer-lm-head": "bfloat16"},
    ),
    Example(
        "strict.yaml",
        _ENGINE,
        {"vllm-version": "0.26.0", "trainer": "rollout-logprobs"},
        profile=Profile.STRICT_ON_POLICY,
    ),
)

GOOD = (
    Example(
        "engine.yaml",
        f"{_ENGINE}  hf_overrides: {{head_dtype: float32}}\n",
        {"vllm-version": "0.26.0", "trainer": "rollout-logprobs"},
        beside={"trainer.py": _TRAINER},
    ),
    Example(
        "plugin.yaml",
        f"{_ENGINE}  quantization: bf16_last_layer_fp32\n",
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
        beside={"trainer.py": _TRAINER},
    ),
    Example(
        "both_bfloat16.yaml",
        _ENGINE,
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
    ),
    Example(
        "grpo.py",
        """\
from trl import GRPOConfig

config = GRPOConfig(use_vllm=True)
""",
        {"vllm-version": "0.18.1"},
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, life=Life.STABLE)
