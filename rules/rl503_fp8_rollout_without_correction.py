"""Rollouts are sampled in 8 or 4 bits, the trainer computes in more, and nothing corrects for it.

## What it does

Flags a rollout engine that quantises the policy's weights as it loads them (fp8, int8, mxfp8,
nvfp4), while the trainer computes in bfloat16 or above and neither weighs, caps nor masks by the
distance between the two policies.

## Why it breaks RL

The tokens come from the quantised policy, the gradient is taken as if they came from the trainer's.
With the trainer's own logprobs as the old ones, that bias is in no ratio: nothing in the loss can
see it. With the engine's, it is in every ratio, and the clip range is spent before the policy has
moved. UniRL quotes a loss of 2.9 to 10.3 % of the reward for fp8 rollouts with a bfloat16 trainer;
NeMo-RL and verl recover it with importance weights truncated at 2.

## What to watch

A mismatch that is constant from step 0 and far above the floor of equal precision: verl's
`rollout_probs_diff_mean` above 0.01, prime-rl's `mismatch_kl` above 5e-4; xtuner saw 8.7e-3 in
place of 3.3e-4 when quantisation slipped. NeMo-RL's threshold of 1.05 for `token_mult_prob_error`
is for equal precision.

## When it is right

With an importance correction (truncated weights, IcePop, masks), or a trainer that computes in fp8
itself. An adapter trained over the same quantised base (QLoRA with bitsandbytes, AWQ or GPTQ) has
one policy on both sides: nothing is said of those methods.

## Bad

`quantization: fp8` on the engine, a bfloat16 trainer, no correction.

## Good

The same with truncated importance weights.

## Fix

None is written: turn on the framework's correction (the message names it), or leave the rollouts
in the trainer's precision.

## Versions

Every release; `mxfp8` is a name from 0.19.0 on, `fp8_per_tensor` and its like from 0.20.0 on.

## Evidence

- https://github.com/NVIDIA-NeMo/RL/pull/1212
- https://github.com/verl-project/verl/pull/4435
- https://github.com/Tencent-Hunyuan/UniRL/issues/94
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.judging import DECLARE_TRAINER, Doubt, about, judged
from rlconfig_lint.model import (
    Example,
    Finding,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
    TrainerKind,
)

ID = ("RL503", "fp8-rollout-without-correction")
# What rounds a full checkpoint, or each weight update, on the engine's side alone. The methods of
# checkpoints that are trained as they are (bitsandbytes, awq, gptq, modelopt, compressed-tensors)
# are not among them.
_ROUNDS = frozenset(
    (
        "experts_int8",
        "fbgemm_fp8",
        "fp8",
        "fp8_per_block",
        "fp8_per_channel",
        "fp8_per_tensor",
        "int8_per_channel_weight_only",
        "mxfp8",
        "nvfp4_per_token",
        "ptpc_fp8",
    )
)
_FULL = ("bfloat16", "float16", "float32")
_CORRECTIONS = {
    "nemo-rl": "loss_fn.use_importance_sampling_correction=true",
    "ms-swift": "--rollout_importance_sampling_mode token_truncate",
    "roll": "train_infer_correction.is_weight.enabled: true",
    "skyrl": "trainer.algorithm.off_policy_correction.tis_ratio_type=token",
    "verl": "algorithm.rollout_correction.rollout_is=token and"
    " actor_rollout_ref.rollout.calculate_log_probs=true",
}
_CONSEQUENCE = {
    TrainerKind.ROLLOUT_LOGPROBS: "every importance ratio holds the difference",
    TrainerKind.RECOMPUTE: "nothing in the loss sees the difference",
    TrainerKind.UNKNOWN: "nothing in sight corrects for the difference",
}
_TRAINERS_DTYPE = Doubt("whether the trainer computes in the same precision")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    span = rollout.release.where(lambda release: _written_in(rollout, release) != "")
    if span and not _corrected(rollout) and rollout.sync.style is not SyncStyle.FROZEN:
        yield _uncorrected(rollout, span)


def _written_in(rollout: Rollout, release: Version) -> str:
    """The setting that makes the engine round the policy's weights; "" where none does. One
    framework has a key for it that is the dtype otherwise."""
    if rollout.setting("quantization", release).value in _ROUNDS:
        return "quantization"
    return "dtype" if rollout.setting("dtype", release).value in _ROUNDS else ""


def _corrected(rollout: Rollout) -> bool:
    trainer = rollout.trainer
    if trainer.kind is TrainerKind.DECOUPLED or trainer.dtype == "quantized":
        return True
    return trainer.kind is TrainerKind.ROLLOUT_LOGPROBS and trainer.bounds_mismatch is not False


def _uncorrected(rollout: Rollout, span: ReleaseSpan) -> Finding:
    trainer = rollout.trainer
    own = trainer.kind is TrainerKind.ROLLOUT_LOGPROBS
    return judged(
        ID,
        rollout,
        Severity.ERROR if own else Severity.WARNING,
        f"rollouts come from a quantised copy of the policy, and {_CONSEQUENCE[trainer.kind]}",
        span=span,
        subject=about(rollout, _written_in(rollout, span.releases[-1]), span),
        help_=_help(rollout),
        doubts=tuple(_doubts(rollout)),
        evidence=(*trainer.evidence, *trainer.dtype_evidence),
    )


def _doubts(rollout: Rollout) -> Iterator[Doubt]:
    if rollout.trainer.dtype not in _FULL:
        yield _TRAINERS_DTYPE
    if rollout.trainer.kind is TrainerKind.UNKNOWN:
        yield Doubt("whether the trainer corrects for it", DECLARE_TRAINER)


def _help(rollout: Rollout) -> str:
    named = _CORRECTIONS.get(rollout.framework)
    correction = f" ({named})" if named else ", with truncated importance weights or a mask"
    return (
        f"correct for it{correction}, compute in the same precision on both sides, or leave the"
        " rollouts unquantised"
    )


_VERL = """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.quantization=fp8 \\
    actor_rollout_ref.rollout.gpu_memory_utilization=0.6
"""
_NEMO = """\
policy:
  precision: bfloat16
  generation:
    backend: vllm
    vllm_cfg:
      precision: fp8
      kv_cache_dtype: auto
      tensor_parallel_size: 1
loss_fn:
  use_importance_sampling_correction: false
"""
_PRIME = """\
[trainer.model]
impl = "custom"

[orchestrator.train.sampling]
temperature = 1.0

[inference.vllm]
quantization = "fp8"
"""
_PIN = {"vllm-version": "0.24.0"}

BAD = (
    Example("grpo.sh", _VERL, _PIN),
    Example("grpo.yaml", _NEMO, _PIN),
    Example(
        "bypass.sh",
        _VERL.replace("=0.6\n", "=0.6 \\\n    algorithm.rollout_correction.bypass_mode=true\n"),
        _PIN,
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", quantization="fp8")
params = SamplingParams(temperature=1.0, logprobs=0)
""",
        {"vllm-version": "0.24.0", "trainer": "rollout-logprobs"},
    ),
)

GOOD = (
    Example(
        "grpo.sh",
        _VERL.replace(
            "=0.6\n",
            "=0.6 \\\n    actor_rollout_ref.rollout.calculate_log_probs=true \\\n"
            "    algorithm.rollout_correction.rollout_is=token\n",
        ),
        _PIN,
    ),
    Example(
        "grpo.yaml",
        _NEMO.replace("correction: false", "correction: true"),
        _PIN,
    ),
    Example(
        "end_to_end.yaml",
        _NEMO.replace(
            "  generation:", "  megatron_cfg:\n    fp8_cfg:\n      enabled: true\n  generation:"
        ),
        _PIN,
    ),
    Example("masked.toml", _PRIME, _PIN),
    Example(
        "qlora.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="unsloth/Qwen2.5-7B-bnb-4bit", quantization="bitsandbytes")
params = SamplingParams(temperature=1.0, logprobs=0)
""",
        {"vllm-version": "0.24.0", "trainer": "rollout-logprobs"},
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
