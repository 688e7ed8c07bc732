"""A reset of the prefix cache that may have been refused, and nobody looks.

## What it does

Flags `reset_prefix_cache()` without `reset_running_requests=True` whose result nobody looks at,
where requests run while weights are updated and whether prefix caching is on comes from elsewhere.
Where it is known to be on, RL201 says that the cache survives; where no request is known to run,
this is advice only. On an HTTP server before vLLM 0.26.0 there is no result to look at.

## Why it breaks RL

While one running request holds a block, a plain reset returns False, writes a line to the log and
clears nothing: on one H200 it returned False with a request running, and True with
`reset_running_requests=True`. The code reads as if the cache were new, and the next rollouts
continue from keys and values of the policy before.

## What to watch

Count the log lines "Successfully reset prefix cache": there is one for each weight update. One
"Failed to reset prefix cache because some blocks" is one update that kept its old blocks. The
mismatch grows step by step, and is gone after the engine is restarted.

## When it is right

With no request running the reset succeeds: aborted or drained before, or between two batches. With
`reset_running_requests=True` running requests are preempted and computed again, and a failure
raises. Where the result is asserted or tested, a refusal cannot pass.

## Bad

`await engine.reset_prefix_cache()` behind `pause_generation(mode="keep", clear_cache=False)`.

## Good

`await engine.reset_prefix_cache(reset_running_requests=True)`.

## Fix

`reset_running_requests=True` (unsafe: running requests are preempted and recomputed), from 0.12.0
on. Before that: drain the requests first.

## Versions

`reset_running_requests` exists from 0.12.0 on; V1 engines before return None whatever happened. The
route `/reset_prefix_cache` answers 200 whatever happened until 0.25.1, and
`{"success": false}` from 0.26.0 on.

## Evidence

- https://github.com/vllm-project/vllm/pull/28827
- https://github.com/vllm-project/vllm/pull/12284
- https://github.com/NovaSky-AI/SkyRL/pull/1824
- https://github.com/llm-d/llm-d-benchmark/pull/1918
- measured by `rlconfig-lint confirm RL202` (docs/evidence): the reset answers False while a
  request runs, and True with reset_running_requests (H200, and the CPU build of 0.32.0)
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.judging import Doubt, Subject, judged
from rlconfig_lint.model import (
    UNKNOWN,
    ApiCall,
    CacheFate,
    Evidence,
    Example,
    Finding,
    Fix,
    Profile,
    PutArguments,
    Reach,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.resolve.fate import fate

ID = ("RL202", "cache-reset-result-ignored")
RUNNING = "reset_running_requests"


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    resets = [clearing for clearing in rollout.sync.resets if clearing.reach is not Reach.NEVER]
    calls = [clearing.call for clearing in resets]
    if not calls or not all(map(_plain, calls)):
        return
    if rollout.sync.style is SyncStyle.IN_FLIGHT:
        yield from _refused(rollout, calls[0])
    elif rollout.sync.style is not SyncStyle.FROZEN:
        yield from _unasked(rollout, calls[0])


def _plain(call: ApiCall) -> bool:
    return call.ignored and not call.open and RUNNING not in call.arguments


def _refused(rollout: Rollout, call: ApiCall) -> Iterator[Finding]:
    """Where caching is known to be on, RL201 speaks about the same blocks."""
    span = rollout.release.where(
        lambda release: (
            fate(rollout.sync, release) is CacheFate.SURVIVES
            and rollout.setting("enable_prefix_caching", release).value is UNKNOWN
        )
    )
    if span:
        yield judged(
            ID,
            rollout,
            Severity.ERROR,
            "this reset is refused while requests run, clears nothing, and nobody looks at its"
            " result",
            span=span,
            subject=Subject(call.place, call.name, _written(call)),
            help_=_help(call, span.releases),
            doubts=(Doubt("whether prefix caching is on"),),
            evidence=rollout.sync.evidence,
            fix=_fix(call, span.releases),
        )


def _unasked(rollout: Rollout, call: ApiCall) -> Iterator[Finding]:
    span = rollout.release.where(
        lambda release: (
            fate(rollout.sync, release) is CacheFate.CLEARED
            and rollout.setting("enable_prefix_caching", release).value is True
        )
    )
    wrapped = "client" in call.receiver  # whose result is not vLLM's
    if span and not (wrapped or rollout.sync.sleeps or rollout.sync.pauses):
        yield judged(
            ID,
            rollout,
            Severity.INFO,
            "nobody looks whether this reset cleared anything: one running request is enough for it"
            " to clear nothing",
            span=span,
            subject=Subject(call.place, call.name, _written(call)),
            help_=_advice(call, span.releases),
            evidence=(Evidence("it is what clears the cache", call.place),),
        )


def _written(call: ApiCall) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in call.arguments.items())
    return f"{call.name}({given})"


def _help(call: ApiCall, releases: tuple[Version, ...]) -> str:
    if not all(map(behaviour.has_reset_running, releases)):
        return "let the running requests end first; upgrade to vLLM >=0.12.0 for a result"
    if call.http:
        return f"ask for /{call.name}?{RUNNING}=true, or let the running requests end first"
    return f"pass {RUNNING}=True, or let the running requests end first and assert the result"


def _advice(call: ApiCall, releases: tuple[Version, ...]) -> str:
    if call.http and not all(map(behaviour.reset_route_answers, releases)):
        return (
            "the route answers 200 whatever happened before vLLM 0.26.0: count the log lines"
            ' "Successfully reset prefix cache"'
        )
    if not all(map(behaviour.reset_answers, releases)):
        return "it returns nothing before vLLM 0.12.0: make sure that no request is running"
    return "check that it returns True"


def _fix(call: ApiCall, releases: tuple[Version, ...]) -> Fix | None:
    if call.http or call.remote or not all(map(behaviour.has_reset_running, releases)):
        return None
    edit = PutArguments(call.place, {RUNNING: True})
    title = f"pass {RUNNING}=True (running requests are preempted and computed again)"
    return Fix(title, (edit,), safe=False)


_ENGINE = """\
from vllm import AsyncEngineArgs, AsyncLLMEngine


def build(options):
    return AsyncLLMEngine.from_engine_args(AsyncEngineArgs(model="Qwen/Qwen2.5-7B", **options))


"""
_UPDATE = """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.reset_prefix_cache()
    await engine.resume_generation()
"""
_ASKED = _UPDATE.replace(
    "await engine.reset_prefix_cache()", "assert await engine.reset_prefix_cache()"
)
_RUNNING = _UPDATE.replace(
    "reset_prefix_cache()", "reset_prefix_cache(reset_running_requests=True)"
)
_BY_HTTP = """\
import requests
from vllm import AsyncEngineArgs


def build(options):
    return AsyncEngineArgs(model="Qwen/Qwen2.5-7B", **options)


def update(url, path):
    requests.post(f"{url}/pause?mode=keep&clear_cache=false")
    requests.post(f"{url}/collective_rpc", json={"method": "update_weights", "args": [path]})
    requests.post(f"{url}/reset_prefix_cache")
    requests.post(f"{url}/resume")
"""
_DRAINED = _UPDATE.replace('mode="keep", clear_cache=False', 'mode="wait"')
_FACTS = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}

BAD = (
    Example("engine.py", _ENGINE + _UPDATE, _FACTS, fixed=_ENGINE + _RUNNING),
    Example("server.py", _BY_HTTP, _FACTS),
)

GOOD = (
    Example("running.py", _ENGINE + _RUNNING, _FACTS),
    Example("asked.py", _ENGINE + _ASKED, _FACTS),
    Example("drained.py", _ENGINE + _DRAINED, _FACTS),
    Example(  # RL201 says it: one hazard, one finding
        "known.py", _ENGINE.replace("**options", "enable_prefix_caching=True") + _UPDATE, _FACTS
    ),
    Example(
        "between.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B")


def update(path):
    llm.collective_rpc("update_weights", args=(path,))
    llm.reset_prefix_cache()
""",
        {"vllm-version": "0.18.1"},
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
