"""`hf_overrides.head_dtype` is set on a release that ignores it.

## What it does

Flags an fp32 output head that is asked for through `hf_overrides` on vLLM older than 0.26.0.

## Why it breaks RL

The engine starts, serves, and computes the head in the model's dtype as before. Measured on 0.20.2:
the override was accepted, `lm_head` stayed bfloat16 and the returned logprobs were identical to the
default's. With an fp32 head in the trainer the pair is one-sided (RL501) while the file says not.

## What to watch

As for a head in different precision; and the server's log line "`head_dtype` currently only
supports pooling models".

## When it is right

From 0.26.0 on, and for pooling models.

## Bad

`hf_overrides: {head_dtype: float32}` with vLLM 0.20.2.

## Good

The same with vLLM 0.26.0.

## Fix

None is written: upgrade, or use a plugin that patches the engine's head.

## Versions

Ignored without a word up to 0.10.2, with one warning in the engine's log from 0.11.0 to 0.25.1
(0.11.0:config/model.py:1477); works from 0.26.0 on
(0.26.0:model_executor/layers/logits_processor.py:59).

## Evidence

- https://github.com/vllm-project/vllm/pull/48390
- https://github.com/vllm-project/vllm/issues/48305
- measured by `rlconfig-lint confirm RL502` (docs/evidence): with the override 100 % of the logits
  are still on the bfloat16 grid (H200, vLLM 0.20.2)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about, judged
from rlconfig_lint.model import Example, Finding, Life, Profile, Rollout, Rule, Severity
from rlconfig_lint.releases import behaviour
from rlconfig_lint.resolve.heads import FLOAT32, head_dtype_asked, rollout_head

ID = ("RL502", "head-dtype-ignored")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    ignored = rollout.release.where(
        lambda release: (
            not behaviour.head_dtype_works(release)
            and head_dtype_asked(rollout, release) in FLOAT32
            and rollout_head(rollout, release) != "float32"
        )
    )
    if ignored:
        yield judged(
            ID,
            rollout,
            Severity.ERROR,
            "head_dtype is ignored here: the engine's lm_head stays in the model's dtype",
            span=ignored,
            subject=about(rollout, "hf_overrides", ignored),
            help_="upgrade to vLLM >=0.26.0, or register a plugin with a float32 head",
        )


_DECLARED = {"vllm-version": "0.20.2", "trainer": "rollout-logprobs"}

BAD = (
    Example(
        "engine.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  hf_overrides:
    head_dtype: float32
""",
        _DECLARED,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --hf-overrides '{"head_dtype": "float32"}' --max-num-seqs 64
""",
        _DECLARED,
    ),
    Example(
        "rollout.py",
        """\
from vllm import AsyncEngineArgs

overrides = {"head_dtype": "float32"}
args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B", hf_overrides=overrides)
""",
        _DECLARED,
    ),
)

GOOD = (
    Example(
        "engine.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  hf_overrides:
    head_dtype: float32
""",
        {"vllm-version": "0.26.0", "trainer": "rollout-logprobs"},
    ),
    Example(
        "other_override.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  hf_overrides:
    rope_theta: 10000
""",
        _DECLARED,
    ),
)

RULE = Rule(*ID, "0.1.0", "<0.26.0", check, BAD, GOOD, __doc__, life=Life.STABLE)
