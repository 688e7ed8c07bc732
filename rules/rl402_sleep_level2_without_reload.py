"""An engine that sleeps at level 2 wakes up without its weights, and nothing loads them again.

## What it does

Flags `sleep(level=2)` with a `wake_up` in a project that loads no base weights into the engine: no
update, no `reload_weights`, no RPC that could be one. With a LoRA adapter as all that is synced it
is certain that the base weights stay away.

## Why it breaks RL

Level 1 keeps the weights on the CPU; level 2 throws them away. What wakes up is memory that nobody
filled: vLLM answers with garbage and without a warning (vllm#54235 measured "!!!!!!!!!!!!"). Those
rollouts get a reward and are trained on. An adapter on top of no base model repairs nothing.

## What to watch

Reward and mean completion length right behind the first wake-up: completions of one repeated token,
up to the longest length. The mismatch between trainer and rollout is far beyond any healthy value.

## When it is right

Level 2 is right where every wake-up is followed by a full weight sync, as in most colocated
trainers: nothing is copied to the CPU for weights that are replaced anyway.

## Bad

`llm.sleep(level=2)`, `llm.wake_up()`, `llm.generate(..., lora_request=...)`.

## Good

`llm.sleep(level=1)`; or `llm.wake_up(tags=["weights"])`, `llm.collective_rpc("reload_weights")`,
`llm.wake_up(tags=["kv_cache"])`.

## Fix

Where only an adapter is synced, unsafe: `collective_rpc("reload_weights")` behind the wake-up. In
any other case sync the whole model there, or sleep at level 1 (which takes CPU memory).

## Versions

Sleep levels exist from 0.7.0 on, `reload_weights` from 0.10.0 on. Up to 0.8.4 level 2 lost the
model's buffers as well, and no reload brought them back.

## Evidence

- https://github.com/vllm-project/vllm/pull/54235
- https://github.com/vllm-project/vllm/issues/29341
- https://github.com/vllm-project/vllm/issues/16564
- https://github.com/huggingface/trl/pull/4571
- https://github.com/verl-project/verl/pull/3461 (only the adapter was synced)
- measured by `rlconfig-lint confirm RL402` (docs/evidence): 0 of 4 rollouts are as before a sleep
  of level 2, and 4 of 4 once the weights are loaded again (H200, vLLM 0.20.2 and 0.26.0)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlconfig_lint.judging import Subject, judged, releases_where
from rlconfig_lint.model import (
    AddStatementAfter,
    ApiCall,
    Clearing,
    Evidence,
    Example,
    Finding,
    Fix,
    Profile,
    Reach,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.resolve.engines import other_model

ID = ("RL402", "sleep-level2-without-reload")
_NAME = re.compile(r"[A-Za-z_][\w.]*")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    sync = rollout.sync
    if sync.updates or sync.obscure:
        return
    asleep = releases_where(rollout, "enable_sleep_mode", lambda on, _: on is True)
    if not asleep:
        return
    for sleep in filter(_throws_weights_away, sync.sleeps):
        wake = next(filter(_wakes_weights, _of_the_same(sync.wakes, sleep.call)), None)
        if wake is not None:
            yield _found(rollout, sleep.call, wake, asleep)


def _throws_weights_away(sleep: Clearing) -> bool:
    if sleep.reach is Reach.NEVER or other_model(tuple(sleep.call.receiver.split("."))):
        return False
    return sleep.call.arguments.get("level") == 2


def _of_the_same(wakes: tuple[ApiCall, ...], sleep: ApiCall) -> Iterator[ApiCall]:
    return (wake for wake in wakes if wake.receiver == sleep.receiver and wake.http is sleep.http)


def _wakes_weights(wake: ApiCall) -> bool:
    tags = wake.arguments.get("tags")
    return tags is None or (isinstance(tags, list) and "weights" in tags)


def _found(rollout: Rollout, sleep: ApiCall, wake: ApiCall, asleep: ReleaseSpan) -> Finding:
    adapters = rollout.sync.adapters
    synced = tuple(Evidence("only an adapter is synced", a.place) for a in adapters[:1])
    return judged(
        ID,
        rollout,
        Severity.ERROR if adapters else Severity.WARNING,
        "sleep(level=2) throws the weights away and nothing here loads "
        + ("the base weights" if adapters else "them")
        + " again: the engine wakes up with garbage",
        span=asleep,
        subject=Subject(sleep.place, "sleep", "sleep(level=2)"),
        help_='call collective_rpc("reload_weights") or sync the whole model behind wake_up, before'
        " anything is generated; or sleep at level 1",
        evidence=(Evidence("it wakes up", wake.place), *synced),
        fix=_reload(wake, asleep) if adapters else None,
    )


def _reload(wake: ApiCall, asleep: ReleaseSpan) -> Fix | None:
    if wake.http or wake.remote or not _NAME.fullmatch(wake.receiver):
        return None
    if not all(map(behaviour.has_reload_weights, asleep.releases)):
        return None
    statement = f'{wake.receiver}.collective_rpc("reload_weights")'
    statement = f"await {statement}" if wake.awaited else statement
    title = f"call {statement} behind the wake-up"
    return Fix(title, (AddStatementAfter(wake.place, statement),), safe=False)


_ADAPTER = """\
from vllm import LLM
from vllm.lora.request import LoRARequest

llm = LLM(model="Qwen/Qwen2.5-7B", enable_lora=True, enable_sleep_mode=True)


def rollouts(prompts, step, path):
    llm.wake_up()
    outputs = llm.generate(prompts, lora_request=LoRARequest(f"step{step}", step, path))
    llm.sleep(level=2)
    return outputs
"""
_RATIO = """\
import torch
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", enable_sleep_mode=True)


def step(prompts, trainer):
    llm.wake_up(tags=["weights"])
    llm.wake_up(tags=["kv_cache"])
    outputs = llm.generate(prompts)
    llm.sleep(level=2)
    logprobs, rollout_logprobs = trainer.score(outputs)
    return torch.exp(logprobs - rollout_logprobs)
"""
_FACTS = {"vllm-version": "0.18.1", "trainer": "recompute"}

BAD = (
    Example(
        "adapter.py",
        _ADAPTER,
        _FACTS,
        fixed=_ADAPTER.replace(
            "    llm.wake_up()\n",
            '    llm.wake_up()\n    llm.collective_rpc("reload_weights")\n',
        ),
    ),
    Example("ratio.py", _RATIO, {"vllm-version": "0.18.1"}),
)

GOOD = (
    Example("adapter.py", _ADAPTER.replace("level=2", "level=1"), _FACTS),
    Example(
        "synced.py",
        _RATIO.replace(
            '    llm.wake_up(tags=["kv_cache"])\n',
            '    llm.collective_rpc("update_weights", args=(trainer.weights(),))\n'
            '    llm.wake_up(tags=["kv_cache"])\n',
        ),
        {"vllm-version": "0.18.1"},
    ),
    Example(  # what the worker does with its own method, nobody can see
        "own.py",
        _RATIO.replace(
            '    llm.wake_up(tags=["kv_cache"])\n',
            '    llm.collective_rpc("refresh")\n    llm.wake_up(tags=["kv_cache"])\n',
        ),
        {"vllm-version": "0.18.1"},
    ),
    Example("awake.py", _ADAPTER.replace(", enable_sleep_mode=True", ""), _FACTS),
    Example(
        "judges.py",
        _ADAPTER.replace("    llm", "    judge")
        .replace("= llm", "= judge")
        .replace("\nllm", "\njudge"),
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.2.0", ">=0.7.0", check, BAD, GOOD, __doc__)
