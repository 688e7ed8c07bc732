"""A pause aborts the rollouts in flight, and nothing tells them from finished ones.

## What it does

Flags `pause_generation(mode="abort")`, `POST /pause?mode=abort` and, where they exist,
`wait_for_inflight_requests=False`, for weights that are updated in flight, in a project that never
looks for the finish reason "abort". A pause without a mode aborts as well: RL401 speaks of it.

## Why it breaks RL

Each request that runs ends at the pause with what it has: half an answer or none at all, and
finish_reason "abort" (measured on an H200 with vLLM 0.20.2). Stored as a sample it gets the reward
of an answer without an end. Long answers are hit most, so the policy learns to be short; and one
truncated member shifts the advantage of its whole group.

## What to watch

The share of rollouts whose finish_reason is "abort": it must be 0 among those that are trained on.
Mean length of the rollouts that end right behind an update, against all others.

## When it is right

Where the client sends prompt and partial answer again and joins the two, as fully asynchronous
trainers do; where aborted samples are dropped; and between batches, when no request runs.

## Bad

`await engine.pause_generation(mode="abort")` and a loop that stores every output.

## Good

`if output.finish_reason == "abort":` send it again. Or `mode="keep"`, or `mode="wait"`.

## Fix

None is written: either the client learns to go on with a partial answer, or another mode is chosen,
which says what happens to the cache as well (RL401).

## Versions

`wait_for_inflight_requests=False` from 0.12.0 to 0.31.0, `mode="abort"` from 0.16.0 on.

## Evidence

- https://docs.vllm.ai/en/latest/training/async_rl/
- https://github.com/radixark/miles/pull/2372 (16 of 16 requests aborted by one update)
- https://github.com/THUDM/slime/pull/2092
- measured by `rlconfig-lint confirm RL404` (docs/evidence): 42 of 160 tokens and finish_reason
  "abort", against all 160 with keep (H200)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import DECLARE_SYNC, Doubt, Subject, judged
from rlconfig_lint.model import (
    ApiCall,
    Example,
    Finding,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
    show,
)
from rlconfig_lint.releases import behaviour

ID = ("RL404", "aborted-rollouts-trained")
_IN_FLIGHT = Doubt("whether requests run when it pauses", DECLARE_SYNC)


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    sync = rollout.sync
    if sync.style is not SyncStyle.IN_FLIGHT or sync.abort_handled:
        return
    for pause in sync.pauses:
        span = _aborts_by_choice(rollout, pause)
        if span:
            yield judged(
                ID,
                rollout,
                Severity.WARNING,
                'every rollout in flight ends here with finish_reason "abort", and nothing tells it'
                " from a finished one",
                span=span,
                subject=Subject(pause.place, "pause_generation", _written(pause)),
                help_="send aborted rollouts again or drop them; or pause with mode='wait', or with"
                " mode='keep', under which they go on",
                doubts=() if sync.stated else (_IN_FLIGHT,),
                evidence=sync.evidence,
            )


def _aborts_by_choice(rollout: Rollout, pause: ApiCall) -> ReleaseSpan:
    """The releases that take the argument; what others make of it is RL401's matter."""
    given = pause.arguments
    if given.get("mode") == "abort":
        return rollout.release.where(behaviour.has_pause_mode)
    aborts = "mode" not in given and given.get("wait_for_inflight_requests") is False
    return rollout.release.where(lambda r: aborts and behaviour.has_wait_for_inflight(r))


def _written(pause: ApiCall) -> str:
    given = ", ".join(f"{name}={show(value)}" for name, value in pause.arguments.items())
    return f"{'/' if pause.http else ''}{pause.name}({given})"


_ENGINE = """\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B", enable_prefix_caching=False)


async def update(engine, path):
    await engine.pause_generation(mode="abort", clear_cache=True)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()


"""
_STORES = """\
async def rollout(engine, prompt, samples):
    async for output in engine.generate(prompt):
        last = output
    samples.append(last)
"""
_HTTP = """\
import requests


def update(server, payload):
    requests.post(f"{server}/pause?mode=abort")
    requests.post(f"{server}/update_weights", json=payload)
    requests.post(f"{server}/resume")
"""
_FACTS = {"vllm-version": "0.18.1", "weight-sync": "in-flight"}

BAD = (
    Example("stores.py", _ENGINE + _STORES, _FACTS),
    Example("http.py", _HTTP, _FACTS),
    Example(
        "early.py",
        (_ENGINE + _STORES).replace('mode="abort"', "wait_for_inflight_requests=False"),
        {**_FACTS, "vllm-version": "0.13.0"},
    ),
)

GOOD = (
    Example(  # nobody knows that requests run: advice
        "between.py", _ENGINE + _STORES, {"vllm-version": "0.18.1"}
    ),
    Example("keeps.py", (_ENGINE + _STORES).replace("abort", "keep"), _FACTS),
    Example(
        "drops.py",
        _ENGINE + _STORES.replace("samples.app", 'if last.stop not in ("abort",): samples.app'),
        _FACTS,
    ),
    Example(
        "resubmits.py",
        _HTTP,
        _FACTS,
        beside={
            "client.py": """\
def completed(send, request):
    output = send(request)
    while output["finish_reason"] == "abort":
        request["prompt"] += output["text"]
        output = send(request)
    return request["prompt"] + output["text"]
""",
        },
    ),
)

RULE = Rule(*ID, "0.2.0", ">=0.12.0", check, BAD, GOOD, __doc__)
