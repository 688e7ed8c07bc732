"""The model's generation_config.json fills what a request leaves out.

## What it does

Under the profile `parity`, flags a rollout engine that does not say `generation_config: vllm`.
In production this version of the rule is silent.

## Why it breaks RL

With `generation_config: auto`, the default, an HTTP request that leaves out top_p, top_k, min_p or
repetition_penalty gets the model repository's values. Qwen's instruct models carry a top_k of 20
and a repetition penalty: the policy that samples is not the one that was configured.

## What to watch

Entropy and the number of distinct first tokens: both lower than the configured sampling gives. The
server logs "Default vLLM sampling parameters have been overridden by the model's".

## When it is right

`LLM.generate(prompts, SamplingParams(...))` is not affected. A client that sends every sampling
field is not either.

## Bad

The profile `parity` and an engine without `generation_config`.

## Good

`generation_config: vllm`.

## Fix

Safe under `parity`: `generation_config: vllm`.

## Versions

"auto" is the default from 0.8.0 on (0.8.0:config.py:994).

## Evidence

- https://github.com/OpenPipe/ART/pull/140
- https://github.com/NVIDIA-NeMo/RL/issues/3497
- https://github.com/huggingface/trl/pull/6608
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about, judged, put, releases_where
from rlconfig_lint.model import Example, Finding, Form, Life, Profile, Rollout, Rule, Severity

ID = ("RL601", "generation-config-leak")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if profile is not Profile.PARITY or rollout.complete_requests or _offline(rollout):
        return
    leaks = releases_where(rollout, "generation_config", lambda value, _: value != "vllm")
    if leaks:
        yield judged(
            ID,
            rollout,
            Severity.WARNING,
            "what a request leaves out comes from the model's generation_config.json",
            span=leaks,
            subject=about(rollout, "generation_config", leaks),
            help_="set generation_config to vllm",
            fix=put(
                rollout, "generation_config", "vllm", "set generation_config to vllm", safe=True
            ),
        )


def _offline(rollout: Rollout) -> bool:
    """`LLM(...)` called with explicit sampling parameters never reads the file."""
    return bool(
        rollout.home
        and rollout.home.block.form is Form.CALL
        and rollout.home.block.name == "vllm.LLM"
    )


_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
"""
_DECLARED = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}

BAD = (
    Example(
        "engine.yaml",
        _ENGINE,
        _DECLARED,
        fixed=f"{_ENGINE}  generation_config: vllm\n",
        profile=Profile.PARITY,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --generation-config=auto --max-num-seqs 64
""",
        _DECLARED,
        fixed="""\
vllm serve Qwen/Qwen2.5-7B --generation-config=vllm --max-num-seqs 64
""",
        profile=Profile.PARITY,
    ),
)

GOOD = (
    Example(
        "engine.yaml", f"{_ENGINE}  generation_config: vllm\n", _DECLARED, profile=Profile.PARITY
    ),
    Example("engine.yaml", _ENGINE, _DECLARED),
)

RULE = Rule(*ID, "0.1.0", ">=0.8.0", check, BAD, GOOD, __doc__, life=Life.STABLE)
