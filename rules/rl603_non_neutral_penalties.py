"""Rollouts are sampled with penalties or filters that the trainer never applies.

## What it does

Flags `repetition_penalty`, `presence_penalty` and `frequency_penalty` in the sampling settings for
training, and `logit_bias`, `bad_words`, `allowed_token_ids` and a `min_tokens` above 1. Where raw
logprobs enter the ratio, penalties are RL101's and filters are nobody's.

## Why it breaks RL

A penalty moves each logit by what stands in the text so far. The trainer's softmax knows nothing of
it: with processed logprobs each token's ratio is off by an amount of its own, more so the longer
the text is, and the repeated tokens are the ones that are off most. A trainer that recomputes sees
nothing and learns from tokens that another policy chose. A filter does the same where the tokens it
forbids are likely.

## What to watch

The mean policy ratio by position in the text: near 1 at the first tokens and further off the
longer the text, already at the first step. Then clip rate and KL. verl's
`rollout_probs_diff_mean` is normal below 0.005 and suspect above 0.01.

## When it is right

In evaluation. Filters of tokens that the policy hardly ever gives (the image placeholders of a
vision model) with raw logprobs on purpose: NeMo-RL's recipes do that. A `min_tokens` of 1 only
keeps an empty answer away.

## Bad

`repetition_penalty: 1.1` in the sampling settings for training.

## Good

`repetition_penalty: 1.0`, and a reward that punishes repetition.

## Fix

Unsafe: the neutral values, because rollouts are other ones then. Filters have no fix.

## Versions

Processed logprobs include penalties and filters in every release that has them (0.10.0 and newer).
With async scheduling, penalties were also wrong up to 0.11.0 (RL301).

## Evidence

- https://github.com/NVIDIA-NeMo/RL/issues/4039
- https://github.com/OpenPipe/ART/pull/140 ("leads to unstable training")
- https://github.com/vllm-project/vllm/issues/27878
- measured by `rlconfig-lint confirm RL603` (docs/evidence): with a repetition penalty of 1.3 the
  effective sample size falls to 57 to 65 % and 20 to 24 % of the tokens leave the clip range
  (H200)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about_written, judged, releases_where, sampling_of, trainer_doubt
from rlconfig_lint.model import (
    UNKNOWN,
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

ID = ("RL603", "non-neutral-penalties")
PENALTIES = ("repetition_penalty", "presence_penalty", "frequency_penalty")
FILTERS = ("logit_bias", "bad_words", "allowed_token_ids", "min_tokens")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if rollout.sampled("temperature").value == 0:
        return
    span = _where_it_matters(rollout)
    penalties = tuple(s for s in sampling_of(rollout).bent if s.name in PENALTIES)
    filters = tuple(s for s in map(rollout.sampled, FILTERS) if _filters(s))
    if span and penalties:
        yield _finding(rollout, span, penalties, Severity.ERROR)
    if span and filters:
        yield _finding(rollout, span, filters, Severity.WARNING)


def _filters(setting: Setting) -> bool:
    if setting.name == "min_tokens":
        return isinstance(setting.value, int) and setting.value > 1
    return setting.value is not UNKNOWN and setting.value not in (None, "", [], {})


def _where_it_matters(rollout: Rollout) -> ReleaseSpan:
    """All releases where the old logprobs are recomputed, else those where processed ones are
    returned."""
    if rollout.trainer.kind is TrainerKind.RECOMPUTE:
        return rollout.release.where(lambda _: True)
    return releases_where(
        rollout,
        "logprobs_mode",
        lambda mode, release: mode == "processed_logprobs" and behaviour.has_logprobs_mode(release),
    )


def _finding(
    rollout: Rollout, span: ReleaseSpan, bent: tuple[Setting, ...], severity: Severity
) -> Finding:
    listed = ", ".join(f"{setting.name} {show(setting.value)}" for setting in bent)
    recomputes = rollout.trainer.kind is TrainerKind.RECOMPUTE
    return judged(
        ID,
        rollout,
        severity.lowered() if recomputes else severity,
        _message(listed, recomputes=recomputes),
        span=span,
        subject=about_written(bent[0], rollout.place),
        help_=f"train without {listed}: what it is there for belongs in the reward",
        doubts=trainer_doubt(rollout),
        beside=bent,
        evidence=rollout.trainer.evidence,
        fix=neutral(rollout, bent) if bent[0].name in PENALTIES else None,
        on_any_release=recomputes,
    )


def _message(listed: str, *, recomputes: bool) -> str:
    if recomputes:
        return (
            f"rollouts are sampled with {listed}, which the recomputed logprobs do not have:"
            " the trainer learns from tokens that another policy chose"
        )
    return (
        f"rollouts are sampled with {listed}, which processed logprobs include and the trainer's do"
        " not: each ratio is off by an amount of its own"
    )


_K1 = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs", "trainer-temperature": "1.0"}
_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  logprobs_mode: processed_logprobs
sampling:
  temperature: 1.0
  max_tokens: 4096
"""
_ROLL = """\
actor_infer:
  generating_args:
    temperature: 1.0
    top_p: 1.0
    top_k: -1
    repetition_penalty: 1.1
  strategy_args:
    strategy_name: vllm
    strategy_config:
      gpu_memory_utilization: 0.8
actor_train:
  strategy_args:
    strategy_name: megatron_train
"""
_TRL = """\
from trl import GRPOConfig

config = GRPOConfig(use_vllm=True, vllm_mode="colocate", repetition_penalty={})
"""
_FILTERED = """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0, bad_words={})
"""
_TOML = """\
[inference.vllm]
gpu_memory_utilization = 0.9
logprobs_mode = "processed_logprobs"
max_num_seqs = 64

[sampling]
temperature = 1.0
presence_penalty = 0.5
max_tokens = 4096
"""

BAD = (
    Example(
        "engine.yaml",
        f"{_ENGINE}  repetition_penalty: 1.1  # it repeats itself\n",
        _K1,
        fixed=f"{_ENGINE}  repetition_penalty: 1.0  # it repeats itself\n",
    ),
    Example(  # recomputes: no ratio shows it
        "roll.yaml", _ROLL, {"vllm-version": "0.18.1"}, fixed=_ROLL.replace("1.1", "1.0")
    ),
    Example("train.py", _TRL.format("1.05"), {"vllm-version": "0.18.1"}),
    Example("filtered.py", _FILTERED.format('["maybe"]'), _K1),
    Example("train.toml", _TOML, _K1, fixed=_TOML.replace("0.5", "0.0")),
)

GOOD = (
    Example("engine.yaml", f"{_ENGINE}  repetition_penalty: 1.0\n  min_tokens: 1\n", _K1),
    Example(  # raw logprobs have a finding of their own
        "raw.yaml",
        _ENGINE.replace("processed", "raw") + "  repetition_penalty: 1.1\n",
        _K1,
    ),
    Example("train.py", _TRL.format("1.0"), {"vllm-version": "0.18.1"}),
    Example("filtered.py", _FILTERED.format("None"), _K1),
    Example(
        "evaluate_too.py",
        _FILTERED.format("None") + "eval_params = SamplingParams(repetition_penalty=1.1)\n",
        _K1,
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
