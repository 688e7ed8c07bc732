"""An engine argument that the pinned vLLM release does not have yet.

## What it does

Flags an argument or flag that a later release introduced.

## Why it breaks RL

In Python and on a command line the engine does not start. The setting was copied from a newer
project because it mends something: the pinned release has the defect and not the remedy.

## What to watch

Nothing: the engine does not start on this release.

## When it is right

After the upgrade.

## Bad

`logprobs_mode` with vLLM 0.9.2.

## Good

`logprobs_mode` with vLLM 0.10.2.

## Fix

None is written: raise the pin to the first release that the message names, or leave it out.

## Versions

Decided from each release's own argument list.

## Evidence

- https://docs.vllm.ai/en/latest/configuration/engine_args/
- https://github.com/PrimeIntellect-ai/prime-rl/pull/697 (a setting older than its meaning)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about_written, arguments_with_lifetimes, callee, judged
from rlconfig_lint.model import Example, Finding, Life, Profile, Rollout, Rule, Severity
from rlconfig_lint.releases.lifetimes import refusing

ID = ("RL802", "argument-not-yet-known")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    for setting, first, _ in arguments_with_lifetimes(rollout):
        name = setting.name
        span = rollout.release.where(refusing(callee(rollout), name, before=first))
        if span:
            yield judged(
                ID,
                rollout,
                Severity.ERROR,
                f"{name} exists from vLLM {first} on: this release refuses it",
                span=span,
                subject=about_written(setting, rollout.place),
                by_name=True,
                help_=f"raise the pin to vllm>={first}, or leave it out",
            )


_FACTS = {"vllm-version": "0.9.2", "trainer": "recompute"}

BAD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
""",
        _FACTS,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64 --no-async-scheduling
""",
        _FACTS,
    ),
    Example(
        "conf.yaml",
        """\
vllm_config:
  vllm_kwargs:
    gpu-memory-utilization: 0.9
    enable-prefix-caching: false
    logprobs-mode: processed_logprobs
""",
        _FACTS,
    ),
)

GOOD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
""",
        {"vllm-version": "0.10.2", "trainer": "recompute"},
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64 --enable-prefix-caching
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, every_engine=True, life=Life.STABLE)
