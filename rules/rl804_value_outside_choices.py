"""A value that the pinned vLLM release does not offer for this setting.

## What it does

Flags a value outside the closed list of choices that the release itself declares.

## Why it breaks RL

The engine refuses it at start, or, before arguments were validated, compares it with the names it
knows and falls through to another branch.

## What to watch

Nothing: the engine does not start, or takes another value than the one that is written.

## When it is right

A choice that a later release added, after the upgrade.

## Bad

`logprobs_mode: processed`

## Good

`logprobs_mode: processed_logprobs`

## Fix

None is written: the message lists the choices.

## Versions

Decided from each release's own choices.

## Evidence

- https://docs.vllm.ai/en/latest/configuration/engine_args/
- https://github.com/vllm-project/vllm/pull/21398 (logprobs_mode)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from packaging.version import Version

from rlconfig_lint.judging import about_written, judged, takes_vllms_arguments
from rlconfig_lint.model import Example, Finding, Life, Profile, Rollout, Rule, Setting, Severity
from rlconfig_lint.releases.lifetimes import argument

ID = ("RL804", "value-outside-choices")
_MOST_SHOWN = 8
_OPEN_TO_PLUGINS = ("distributed_executor_backend", "load_format", "quantization", "tokenizer_mode")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if not takes_vllms_arguments(rollout):
        return
    for setting in rollout.passed.values():
        span = rollout.release.where(partial(_refuses, setting))
        if span:
            offered = _offered_instead(setting, span.releases[-1])
            listed = ", ".join(map(str, offered[:_MOST_SHOWN]))
            yield judged(
                ID,
                rollout,
                Severity.ERROR,
                f"{setting.value!r} is no choice of {setting.name}",
                span=span,
                subject=about_written(setting, rollout.place),
                help_=f"choose one of {listed}" + (", ..." if len(offered) > _MOST_SHOWN else ""),
            )


def _refuses(setting: Setting, release: Version) -> bool:
    return bool(_offered_instead(setting, release))


def _offered_instead(setting: Setting, release: Version) -> tuple[object, ...]:
    """The choices of a setting that a value is not among; nothing where it may be right."""
    found = argument(setting.name, release)
    if found is None or found.choices_are_open or setting.name in _OPEN_TO_PLUGINS:
        return ()
    if not found.choices or not isinstance(setting.value, str):
        return ()
    return () if setting.value in found.choices else found.choices


_FACTS = {"vllm-version": "0.18.1", "trainer": "recompute"}

BAD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed")
""",
        _FACTS,
    ),
    Example(
        "conf.yaml",
        """\
vllm_config:
  vllm_kwargs:
    enable-prefix-caching: false
    logprobs-mode: processed-logprobs
""",
        _FACTS,
    ),
)

GOOD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs", dtype="bfloat16")
""",
        _FACTS,
    ),
    Example(
        "plugin.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  quantization: bf16_last_layer_fp32
  load_format: fastsafetensors
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, every_engine=True, life=Life.STABLE)
