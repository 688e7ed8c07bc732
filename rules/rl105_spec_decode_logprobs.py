"""Speculative decoding returns wrong logprobs here, or accepts tokens that the policy did not draw.

## What it does

Flags a rollout engine with `speculative_config` on releases whose logprobs are wrong with it, where
a trainer reads them, and acceptance methods that are lossy on purpose, whatever the trainer reads.

## Why it breaks RL

With a drafting head one step emits several tokens, and the releases before 0.11.1 return one row of
logprobs for it: tokens and logprobs no longer belong together. A lossy acceptance lets through
tokens of the draft that the policy would have refused: rollouts are those of a mixture, which no
importance ratio of the policy describes.

## What to watch

The number of logprobs against the number of tokens first, then the mean policy ratio, wrong from
the first step. An acceptance rate that falls from update to update is a draft that stays old: that
costs speed alone, as long as the acceptance is exact.

## When it is right

From 0.14.0 on with the default acceptance, which keeps the policy's distribution. N-gram drafts
stop for requests with logprobs on the old releases. A trainer that recomputes reads no logprobs.

## Bad

`speculative_config: {method: eagle, ...}` with vLLM 0.10.2 and rollout logprobs in the ratio.

## Good

The same with vLLM 0.18.1.

## Fix

None is written: raise the pin, or take `speculative_config` out while training.

## Versions

One row a step: 0.8.2 to 0.11.0 (0.11.0:v1/worker/gpu_model_runner.py:2072). `logprobs=0` gives
none: 0.11.1 to 0.12.0. Raw values are processed ones: 0.11.1 to 0.13.0. Lossy:
`typical_acceptance_sampler` until 0.9.2, `synthetic` from 0.19.0 on, `fly` from 0.33.0 on.

## Evidence

- https://github.com/vllm-project/vllm/pull/26060 (logprobs with speculation)
- https://github.com/vllm-project/vllm/pull/30846 (raw values, overwritten in place)
- https://github.com/vllm-project/vllm/issues/40149
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from packaging.version import Version

from rlconfig_lint.judging import (
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
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    TrainerKind,
    Value,
)
from rlconfig_lint.releases.known import within

ID = ("RL105", "spec-decode-logprobs")
_NAME = "speculative_config"
_DRAFTED = ("eagle", "eagle3", "medusa", "mtp", "deepseek_mtp")
_LOSSY = (
    ("acceptance_method", "typical_acceptance_sampler", ">=0.8.2,<0.10.0"),
    ("rejection_sample_method", "synthetic", ">=0.19.0"),
    ("rejection_sample_method", "fly", ">=0.33.0"),
)


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if _NAME not in rollout.engine:
        return
    for key, method, releases in _LOSSY:
        lossy = _where(rollout, releases, partial(_says, key, method))
        if lossy:
            yield _mixes(rollout, f"{key}: {method}", lossy)
            return
    if rollout.trainer.kind is TrainerKind.RECOMPUTE:
        return
    rows = _where(rollout, ">=0.8.2,<0.11.1", _one_row_a_step)
    none = _where(rollout, ">=0.11.1,<0.12.1", bool)
    raw = _raw(rollout)
    logprobs = rollout.sampled("logprobs").value
    if rows:
        yield _wrong(rollout, rows, "one row of logprobs for a step that emits several tokens")
    elif none and logprobs == 0 and logprobs is not False:
        yield _wrong(rollout, none, "no logprobs for logprobs=0, which asks for the sampled token")
    elif raw and trains_at_one(rollout) and sampling_of(rollout).temperature:
        yield _wrong(rollout, raw, "processed logprobs under the name of raw ones")


def _says(key: str, method: str, asked: Mapping[str, object]) -> bool:
    return asked.get(key) == method


def _where(
    rollout: Rollout, releases: str, holds: Callable[[Mapping[str, object]], bool]
) -> ReleaseSpan:
    """The releases within a range on which what speculates is known and `holds`."""

    def here(value: Value, release: Version) -> bool:
        return within(release, releases) and bool(holds(_mapping(value)))

    return releases_where(rollout, _NAME, here)


def _raw(rollout: Rollout) -> ReleaseSpan:
    speculates = _where(rollout, ">=0.11.1,<0.14.0", bool)
    modes = releases_where(rollout, "logprobs_mode", lambda mode, _: mode == "raw_logprobs")
    return rollout.release.where(lambda v: v in speculates.releases and v in modes.releases)


def _mapping(value: Value) -> Mapping[str, object]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return value if isinstance(value, dict) else {}


def _one_row_a_step(asked: Mapping[str, object]) -> bool:
    """A drafting head, unless the V0 engine was told to compute logprobs beside it."""
    return asked.get("method") in _DRAFTED and asked.get("disable_logprobs") is not False


def _mixes(rollout: Rollout, written: str, span: ReleaseSpan) -> Finding:
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        f"{written} accepts tokens of the draft that the policy did not draw: rollouts come from a"
        " mixture of both",
        span=span,
        subject=about(rollout, _NAME, span),
        help_="leave the acceptance at its default, which keeps the policy's distribution",
        evidence=rollout.trainer.evidence,
    )


def _wrong(rollout: Rollout, span: ReleaseSpan, what: str) -> Finding:
    used = rollout.trainer.kind in USES_ROLLOUT_LOGPROBS
    unsure = Doubt("what the trainer does with these logprobs", DECLARE_TRAINER)
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        f"speculative decoding returns {what}",
        span=span,
        subject=about(rollout, _NAME, span),
        help_="raise the pin to vllm>=0.14.0, or take speculative_config out while training",
        doubts=() if used else (unsure,),
        evidence=rollout.trainer.evidence,
    )


_OLD = {"vllm-version": "0.10.2", "trainer": "rollout-logprobs"}
_NEW = {"vllm-version": "0.19.0", "trainer": "rollout-logprobs"}
_YAML = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  enforce_eager: false
  speculative_config:
    method: eagle
    model: yuhuili/EAGLE-LLaMA3-Instruct-8B
    num_speculative_tokens: 3
"""
_SERVE = """\
vllm serve Qwen/Qwen3-8B --max-num-seqs 64 \\
    --speculative-config '{"method": "mtp", "num_speculative_tokens": 1}'
"""
_PYTHON = """\
from vllm import LLM, SamplingParams

llm = LLM(
    model="Qwen/Qwen3-8B",
    speculative_config={"method": "mtp", "rejection_sample_method": "synthetic"},
)
params = SamplingParams(temperature=1.0, logprobs=0)
"""

BAD = (
    Example("engine.yaml", _YAML, _OLD),
    Example("serve.sh", _SERVE, _OLD),
    Example("rollout.py", _PYTHON, _NEW),
    Example("none.py", _PYTHON.replace("synthetic", "strict"), {**_NEW, "vllm-version": "0.12.0"}),
)

GOOD = (
    Example("engine.yaml", _YAML, _NEW),
    Example("serve.sh", _SERVE, {**_OLD, "trainer": "recompute"}),
    Example("rollout.py", _PYTHON.replace("synthetic", "standard"), _NEW),
    Example("ngram.yaml", _YAML.replace("method: eagle", "method: ngram"), _OLD),
)

RULE = Rule(*ID, "0.2.0", ">=0.8.2", check, BAD, GOOD, __doc__)
