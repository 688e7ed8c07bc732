"""Weights are updated without the start that the pinned vLLM release demands.

## What it does

Flags `update_weights` of vLLM's weight-transfer API, by method or as `POST /update_weights`, in a
project that never calls `start_weight_update`.

## Why it breaks RL

From 0.21.0 on an update is start, update, finish. Without the start the worker raises; where the
client drops the answer, the engine keeps generating with the old policy.

## What to watch

Nothing: the first update fails.

## When it is right

Up to 0.20.2, where neither exists; and for a method of your own with that name, of which nothing is
said.

## Bad

`requests.post(f"{server}/update_weights", json=payload)` alone, with vLLM 0.21.0.

## Good

`/start_weight_update`, `/update_weights`, `/finish_weight_update`.

## Fix

None is written: the start takes the update's own arguments.

## Versions

0.21.0 on (0.21.0:v1/worker/gpu_worker.py:1041).

## Evidence

- https://docs.vllm.ai/en/latest/training/weight_transfer/
- https://docs.vllm.ai/en/latest/training/async_rl/
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import Subject, judged
from rlconfig_lint.model import ApiCall, Example, Finding, Life, Profile, Rollout, Rule, Severity

ID = ("RL807", "update-without-start")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    calls = rollout.sync.updates
    if any(call.name == "start_weight_update" for call in calls):
        return
    for call in calls:
        if call.name == "update_weights" and _is_vllms(call):
            yield judged(
                ID,
                rollout,
                Severity.ERROR,
                "update_weights raises without start_weight_update in this release",
                span=rollout.release.where(lambda _: True),
                subject=Subject(call.place, "update_weights", call.name),
                help_="call start_weight_update before it and finish_weight_update behind it",
            )


def _is_vllms(call: ApiCall) -> bool:
    """The route; a method only on what is called an engine or llm."""
    return call.http or call.receiver.rpartition(".")[2] in ("engine", "llm", "async_llm")


_FACTS = {"vllm-version": "0.24.0"}
_UPDATE = """\
import requests


def update(server, payload):
    requests.post(f"{server}/pause", params={"mode": "keep"})
    requests.post(f"{server}/update_weights", json=payload)
    requests.post(f"{server}/resume")
"""

BAD = (
    Example("http.py", _UPDATE, _FACTS),
    Example(
        "engine.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B")


def update(info):
    llm.update_weights(info)
    llm.reset_prefix_cache()
""",
        _FACTS,
    ),
)

GOOD = (
    Example("http.py", _UPDATE, {"vllm-version": "0.20.2"}),
    Example(
        "started.py",
        _UPDATE.replace(
            '    requests.post(f"{server}/update_weights"',
            '    requests.post(f"{server}/start_weight_update")\n'
            '    requests.post(f"{server}/update_weights"',
        ),
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", ">=0.21.0", check, BAD, GOOD, __doc__, life=Life.STABLE)
