"""Each policy's LoRA adapter has the same name, which is what cached blocks are found by.

## What it does

Flags `LoRARequest` with one name and a new id for each policy's adapter, on an engine with prefix
caching on, where nothing clears the cache and no salt keeps policies apart. An adapter that is
reloaded with `load_inplace` under one name is RL201's.

## Why it breaks RL

The new id loads the new adapter, so the weights are right; but a cached block is found by its
tokens and the adapter's name. New rollouts continue from keys and values that the adapters of older
policies computed, and the age of a block has no bound.

## What to watch

A mismatch that grows step by step and is gone after the engine is restarted. The hit rate of the
prefix cache right behind an update starts at 0 where names differ, and not here.

## When it is right

With the version in the name (`f"policy-{step}"`), with `reset_prefix_cache()` behind each new
adapter, or with prefix caching off. Up to vLLM 0.11.0 the id was part of a block's key; from 0.31.0
on the adapter's path is, and a new path is enough.

## Bad

`LoRARequest("policy", step, path)`.

## Good

`LoRARequest(f"policy-{step}", step, path)`.

## Fix

None: requests may be sent to the name from elsewhere. Put the version into the name, or reset the
cache behind each new adapter.

## Versions

0.11.1 to 0.30.0; from 0.31.0 on only where the path stays the same as well.

## Evidence

- https://github.com/vllm-project/vllm/issues/42125
- https://github.com/vllm-project/vllm/issues/44939
- https://github.com/huggingface/trl/pull/6344
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.judging import Subject, judged, releases_where
from rlconfig_lint.model import (
    Apart,
    CacheFate,
    CacheKey,
    Example,
    Finding,
    Profile,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.resolve.fate import fate

ID = ("RL203", "lora-inplace-reload-stale-cache")
_NEW = (Apart.BY_POLICY, Apart.BY_REQUEST)


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    adapter = next(filter(_same_name_new_weights, rollout.sync.adapters), None)
    if adapter is None or _kept_apart_otherwise(rollout):
        return
    stale = releases_where(
        rollout,
        "enable_prefix_caching",
        lambda on, release: (
            on is True
            and _finds_old_blocks(adapter, release)
            and fate(rollout.sync, release) is not CacheFate.SURVIVES  # RL201 says that
        ),
    )
    if stale:
        yield judged(
            ID,
            rollout,
            Severity.ERROR,
            f"each policy's adapter is named {adapter.written}: new rollouts continue from keys and"
            " values that the adapters of older policies computed",
            span=stale,
            subject=Subject(adapter.place, "lora_name", f"lora_name = {adapter.written}"),
            help_="put the policy's version into the name, or call reset_prefix_cache() behind each"
            " new adapter and check that it returns True",
            evidence=rollout.sync.evidence,
        )


def _same_name_new_weights(key: CacheKey) -> bool:
    """A new id loads anew; with an id that it has loaded, the engine keeps the adapter it has."""
    return key.apart is Apart.NO and key.number in _NEW and not key.in_place


def _kept_apart_otherwise(rollout: Rollout) -> bool:
    """Whether something may clear the cache or keep policies apart, seen or not."""
    sync = rollout.sync
    clears = sync.resets or sync.sleeps or sync.pauses or sync.rebuilt_caches
    other_names = any(key.apart is not Apart.NO for key in sync.adapters)
    known = sync.fate is not None or sync.style is SyncStyle.FROZEN
    return bool(known or clears or sync.salts or other_names)


def _finds_old_blocks(key: CacheKey, release: Version) -> bool:
    if behaviour.adapter_path_in_key(release):
        return key.path is Apart.NO
    return behaviour.adapter_name_in_key(release)


_TRAIN = """\
from vllm import LLM, SamplingParams
from vllm.lora.request import LoRARequest

llm = LLM(model="Qwen/Qwen2.5-7B", enable_lora=True)


def generate(prompts, step, path):
    adapter = LoRARequest("policy", step, path)
    return llm.generate(prompts, SamplingParams(temperature=1.0, logprobs=0), lora_request=adapter)


def loss(new_logprobs, rollout_logprobs, advantages):
    ratio = (new_logprobs - rollout_logprobs).exp()
    return -(ratio * advantages).mean()
"""
_NAMED = _TRAIN.replace('"policy"', 'f"policy-{step}"')
_RESET = _TRAIN.replace("    return llm", "    llm.reset_prefix_cache()\n    return llm")
_KEYWORDS = _TRAIN.replace(
    '"policy", step, path', 'lora_name="policy", lora_int_id=step + 1, lora_path="/tmp/adapter"'
)
_LATEST = {"vllm-version": "0.33.0", "trainer": "rollout-logprobs"}
_FACTS = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}

BAD = (
    Example("train.py", _TRAIN, _FACTS),
    Example("keywords.py", _KEYWORDS, _LATEST),
)

GOOD = (
    Example("named.py", _NAMED, _FACTS),
    Example("reset.py", _RESET, _FACTS),
    Example("off.py", _TRAIN.replace("=True)\n", "=True, enable_prefix_caching=False)\n"), _FACTS),
    Example(  # the path is part of a block's key
        "latest.py",
        _TRAIN.replace("step, path)", 'step, f"/tmp/step-{step}")'),
        _LATEST,
    ),
    Example(  # nothing loads it anew: one adapter, one name
        "frozen.py", _TRAIN.replace("step, path)", "1, path)"), _FACTS
    ),
)

RULE = Rule(*ID, "0.2.0", ">=0.11.1", check, BAD, GOOD, __doc__)
