"""Rollouts are sampled from a truncated distribution, the trainer knows only the whole one.

## What it does

Flags training rollouts with `top_p` below 1, `top_k` on or `min_p` above 0 where the trainer
normalises over the whole vocabulary: with processed logprobs, where these enter the ratio, and with
any, where the trainer recomputes the old logprobs. Raw logprobs in a ratio are RL101's.

## Why it breaks RL

A processed logprob of a truncated rollout is log(p/S): S is the mass that survives the cut. The
trainer's is log p. Each token's ratio is multiplied by S before the policy has moved: at top_p 0.8
one H200 gave a mean ratio of 0.80 with half of the tokens outside a clip range of 0.2, at top_k 50
one of 0.68. A trainer that recomputes sees a ratio of 1 and learns from tokens that its own policy
did not choose: what was cut off is never tried and never punished.

## What to watch

The mean policy ratio: below 1 at the first step and constant from there, near the surviving mass,
with processed logprobs and temperature right. Then the clip rate. verl's `rollout_probs_diff_mean`
is normal below 0.005 and suspect above 0.01; NeMo-RL's `token_mult_prob_error` above 1.05 is worth
a look. Where the trainer recomputes, no ratio shows it: watch entropy fall.

## When it is right

With a trainer that cuts its own logits in the same way: NeMo-RL for top_p and top_k, or one that
applies the mask of `return_sampling_mask` (vLLM 0.28.0 and newer). In evaluation. A light cut
(top_p above 0.95, top_k above 50) for a trainer that recomputes is only advice here.

## Bad

`top_p: 0.8` in the sampling settings for training.

## Good

`top_p: 1.0`, `top_k: -1`, `min_p: 0.0`; temperature is what the trainer can follow.

## Fix

Unsafe: the neutral values, because rollouts explore in another way then. The other way is a trainer
that replays the mask.

## Versions

Processed logprobs include the truncation from 0.10.2 on (RL102 has the two releases before). For a
trainer that recomputes, all.

## Evidence

- https://github.com/huggingface/trl/issues/6789 (the closed form)
- https://github.com/vllm-project/vllm/pull/49577
- https://github.com/PrimeIntellect-ai/prime-rl/pull/3235
- https://github.com/NVIDIA-NeMo/RL/issues/69
- https://arxiv.org/abs/2512.02556 (DeepSeek-V3.2, "Keep Sampling Mask")
- measured by `rlconfig-lint confirm RL602` (docs/evidence): the mean ratio is 0.80 with top_p 0.8
  and 0.68 with top_k 50, the mass that was kept (H200, and the CPU build of 0.32.0)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about_written, judged, releases_where, sampling_of, trainer_doubt
from rlconfig_lint.model import (
    Example,
    Finding,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Setting,
    Severity,
    TrainerKind,
    show,
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.remedies import neutral
from rlconfig_lint.resolve.sampling import TRUNCATION

ID = ("RL602", "truncated-sampling-not-replayed")
_LIGHT_TOP_P = 0.95  # above it, a trainer that recomputes hardly misses what was cut off
_LIGHT_TOP_K = 50


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    cuts = _not_replayed(rollout)
    if not cuts or rollout.sampled("temperature").value == 0:
        return
    span = _where_it_matters(rollout)
    if not span:
        return
    recomputes = rollout.trainer.kind is TrainerKind.RECOMPUTE
    listed = ", ".join(f"{cut.name} {show(cut.value)}" for cut in cuts)
    severity = _if_recomputed(cuts, profile) if recomputes else Severity.ERROR
    yield judged(
        ID,
        rollout,
        severity,
        _message(listed, recomputes=recomputes),
        span=span,
        subject=about_written(cuts[0], rollout.place),
        help_=f"train without {listed}, or let the trainer cut its own logits in the same way",
        doubts=trainer_doubt(rollout),
        beside=cuts,
        evidence=rollout.trainer.evidence,
        fix=neutral(rollout, cuts),
        on_any_release=recomputes,
    )


def _not_replayed(rollout: Rollout) -> tuple[Setting, ...]:
    """The truncation of the rollouts that the trainer's own logprobs do not have."""
    mask = rollout.engine.get("return_sampling_mask")
    if mask is not None and mask.value not in (False, None):
        return ()
    bent = sampling_of(rollout).bent
    return tuple(s for s in bent if s.name in TRUNCATION and s.name not in rollout.trainer.replays)


def _where_it_matters(rollout: Rollout) -> ReleaseSpan:
    """All releases where the old logprobs are recomputed, else those where processed ones are
    returned that have the truncation in them."""
    if rollout.trainer.kind is TrainerKind.RECOMPUTE:
        return rollout.release.where(lambda _: True)
    return releases_where(
        rollout,
        "logprobs_mode",
        lambda mode, release: (
            mode == "processed_logprobs" and behaviour.processed_has_temperature(release)
        ),
    )


def _if_recomputed(cuts: tuple[Setting, ...], profile: Profile) -> Severity:
    light = all(map(_is_light, cuts)) and profile is not Profile.STRICT_ON_POLICY
    return Severity.INFO if light else Severity.WARNING


def _is_light(cut: Setting) -> bool:
    limits = {"top_p": _LIGHT_TOP_P, "top_k": _LIGHT_TOP_K}
    limit = limits.get(cut.name)
    return limit is not None and isinstance(cut.value, int | float) and cut.value > limit


def _message(listed: str, *, recomputes: bool) -> str:
    if recomputes:
        return (
            f"rollouts are cut to {listed}, and the trainer recomputes over the whole vocabulary:"
            " it learns as if tokens that could not be sampled had been"
        )
    return (
        f"rollouts are cut to {listed}, and the trainer normalises over the whole vocabulary:"
        " each ratio is multiplied by the probability mass that the cut leaves"
    )


_K1 = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs", "trainer-temperature": "1.0"}
_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 8192
  logprobs_mode: processed_logprobs
sampling:
  temperature: 1.0
"""
_VERL = """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.temperature=1.0 \\
    actor_rollout_ref.rollout.top_p=0.7 \\
    algorithm.adv_estimator=grpo
"""
_TOML = """\
[inference.vllm]
gpu_memory_utilization = 0.9
logprobs_mode = "processed_logprobs"
max_num_seqs = 64

[sampling]
temperature = 1.0
top_k = 20
max_tokens = 4096
"""

BAD = (
    Example(
        "engine.yaml",
        f"{_ENGINE}  top_p: 0.8  # as in the paper\n  max_tokens: 4096\n",
        _K1,
        fixed=f"{_ENGINE}  top_p: 1.0  # as in the paper\n  max_tokens: 4096\n",
    ),
    Example(
        "train.py",
        """\
from trl import GRPOConfig

config = GRPOConfig(use_vllm=True, vllm_mode="colocate", temperature=1.0, top_k=10)
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(
        "grpo.sh",
        _VERL,
        {"vllm-version": "0.18.1"},  # recomputes: no ratio shows it
        fixed=_VERL.replace("top_p=0.7", "top_p=1.0"),
    ),
    Example("train.toml", _TOML, _K1, fixed=_TOML.replace("top_k = 20", "top_k = -1")),
)

GOOD = (
    Example("engine.yaml", f"{_ENGINE}  top_p: 1.0\n  top_k: -1\n  max_tokens: 4096\n", _K1),
    Example(  # raw logprobs have a finding of their own
        "raw.yaml",
        _ENGINE.replace("processed", "raw") + "  top_p: 0.8\n  max_tokens: 4096\n",
        _K1,
    ),
    Example(
        "masked.yaml",
        _ENGINE.replace("sampling:", "  return_sampling_mask: true\nsampling:") + "  top_k: 50\n",
        {**_K1, "vllm-version": "0.28.0"},
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0)
eval_params = SamplingParams(temperature=0.6, top_p=0.95)
""",
        _K1,
    ),
    Example(  # this trainer filters its own logits as the rollouts were
        "nemo.yaml",
        """\
policy:
  generation:
    backend: vllm
    temperature: 1.0
    top_p: 0.8
    vllm_cfg:
      gpu_memory_utilization: 0.9
      logprobs_mode: processed_logprobs
loss_fn:
  use_importance_sampling_correction: true
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(
        "grpo.sh",
        _VERL.replace("rollout.top_p", "rollout.val_kwargs.top_p"),
        {"vllm-version": "0.18.1"},
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
