"""Weights are swapped under running requests, step by step and without a pause.

## What it does

With weights that are updated in flight (declared) and no pause, sleep or drain in the project, it
flags the two updates that a running engine sees half of: one call for each parameter, and one on an
engine with pipeline stages under the Ray executor.

## Why it breaks RL

A call reaches an asynchronous engine between two of its steps. Where an update is hundreds of
calls, hundreds of steps run on weights of which some are new and some are old: tokens of a policy
that never existed, with logprobs to match. With pipeline stages under Ray the update even overlaps
a forward pass: NeMo-RL read NaN logprobs at 2 % of its steps (NeMo-RL#2180).

## What to watch

NaN or lonely spikes of the mismatch on a few steps, each at an update; the gradient norm with them.
It is gone with the requests drained before each update, and that is the test.

## When it is right

One call for the whole update on an engine without pipeline stages is one step's boundary: it is
what PipelineRL did on V0, and nothing is said of it. Between batches no pause is needed.

## Bad

`for name, p in model.named_parameters(): await engine.collective_rpc("update_named_param", ...)`
while requests run.

## Good

`await engine.pause_generation(mode="keep", clear_cache=False)`, all parameters, then
`await engine.resume_generation()`.

## Fix

None is written: a pause chooses what happens to the requests and their cache (RL401, RL201).

## Versions

`pause_generation` exists from 0.12.0 on and keeps requests from 0.16.0 on; before, drain them. From
0.21.0 on Ray runs its stages on another executor, of which this is not said.

## Evidence

- https://github.com/NVIDIA-NeMo/RL/issues/2180 (pipeline stages under Ray)
- https://github.com/NVIDIA-NeMo/RL/pull/3839 (a pause around the update)
- https://github.com/allenai/open-instruct/pull/1535 (each parameter's call waits for its own step)
- https://docs.vllm.ai/en/latest/training/async_rl/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.judging import Subject, callee, judged, releases_where
from rlconfig_lint.model import (
    ApiCall,
    Example,
    Finding,
    Profile,
    Reach,
    ReleaseSpan,
    Rollout,
    Rule,
    Setting,
    Severity,
    SyncStyle,
)
from rlconfig_lint.releases import behaviour

ID = ("RL403", "weights-swapped-without-pause")
_ONE_PARAMETER = re.compile(
    r"(?:update|load|receive|set|sync|broadcast)_(?:named_)?(?:param|parameter|weight|tensor)"
)
_SETTINGS = ("pipeline_parallel_size", "distributed_executor_backend")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if not _swaps_under_requests(rollout):
        return
    updates = [call for call in rollout.sync.updates if _reaches_a_running_engine(rollout, call)]
    split = next(filter(_of_one_parameter, updates), None)
    staged = _stages_under_ray(rollout)
    if split is not None:
        yield _found(
            rollout,
            split,
            rollout.release.where(lambda _: True),
            "each parameter is its own call, and running requests go on between them with weights"
            " that are half old and half new",
        )
    elif updates and staged:
        yield _found(
            rollout,
            updates[0],
            staged,
            "weights are updated without a pause while pipeline stages compute under Ray: a forward"
            " pass reads weights that are half old and half new",
            tuple(s for name in _SETTINGS if (s := rollout.engine.get(name))),
        )


def _swaps_under_requests(rollout: Rollout) -> bool:
    sync = rollout.sync
    if sync.style is not SyncStyle.IN_FLIGHT or not sync.stated:
        return False
    sleeps = [sleep for sleep in sync.sleeps if sleep.reach is not Reach.NEVER]
    return not (sync.pauses or sync.own_pauses or sleeps)


def _reaches_a_running_engine(rollout: Rollout, call: ApiCall) -> bool:
    """A loop that steps its engine by itself runs no step during an update."""
    asynchronous = callee(rollout).rpartition(".")[2].startswith("Async")
    return call.awaited or call.http or asynchronous


def _of_one_parameter(call: ApiCall) -> bool:
    name = call.arguments.get("method") if call.name.startswith("collective_rpc") else call.name
    return isinstance(name, str) and _ONE_PARAMETER.fullmatch(name) is not None


def _stages_under_ray(rollout: Rollout) -> ReleaseSpan:
    """The releases whose Ray executor has pipeline stages, where no step is scheduled ahead: the
    others are RL301's matter."""

    def staged(ahead: object, release: Version) -> bool:
        stages = rollout.setting("pipeline_parallel_size", release).value
        executor = rollout.setting("distributed_executor_backend", release).value
        overlaps = executor == "ray" and behaviour.ray_updates_beside_a_forward_pass(release)
        return ahead is False and overlaps and isinstance(stages, int) and stages > 1

    return releases_where(rollout, "async_scheduling", staged)


def _found(
    rollout: Rollout,
    call: ApiCall,
    span: ReleaseSpan,
    message: str,
    beside: tuple[Setting, ...] = (),
) -> Finding:
    method = call.arguments.get("method", call.name)
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        message,
        span=span,
        subject=Subject(call.place, call.name, f"{method} in flight"),
        help_="pause around the whole update: pause_generation(mode='keep', clear_cache=False) from"
        " vLLM 0.16.0 on, with prefix caching off or salted; or let the requests end first",
        evidence=rollout.sync.evidence,
        beside=beside,
    )


_ENGINE = """\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B", enable_prefix_caching=False)


"""
_SPLIT = """\
async def update(engine, model):
    for name, parameter in model.named_parameters():
        await engine.collective_rpc("update_named_param", args=(name, parameter.shape))
"""
_WHOLE = """\
async def update(engine, path):
    await engine.collective_rpc("update_weights", args=(path,))
"""
_PAUSED = """\
async def update(engine, model):
    await engine.pause_generation(mode="keep", clear_cache=False)
    for name, parameter in model.named_parameters():
        await engine.collective_rpc("update_named_param", args=(name, parameter.shape))
    await engine.resume_generation()
"""
_STAGES = _ENGINE.replace(
    "caching=False", 'caching=False, pipeline_parallel_size=2, distributed_executor_backend="ray"'
)
_FACTS = {"vllm-version": "0.18.1", "weight-sync": "in-flight"}

BAD = (
    Example("split.py", _ENGINE + _SPLIT, _FACTS),
    Example("stages.py", _STAGES + _WHOLE, _FACTS),
)

GOOD = (
    Example("paused.py", _ENGINE + _PAUSED, _FACTS),
    Example("whole.py", _ENGINE + _WHOLE, _FACTS),
    Example("between.py", _ENGINE + _SPLIT, {"vllm-version": "0.18.1"}),
    Example(
        "processes.py",
        _STAGES.replace('"ray"', '"mp"').replace(
            "caching=False", "caching=False, async_scheduling=False"
        )
        + _WHOLE,
        _FACTS,
    ),
    Example(  # a pause of the project's own: what it does, nobody can see
        "held.py",
        _ENGINE
        + """\
class Client:
    async def pause_generation(self):
        await self.drained.wait()


"""
        + _PAUSED.replace('(mode="keep", clear_cache=False)', "()"),
        _FACTS,
    ),
    Example(
        "steps.py",
        _ENGINE.replace("AsyncEngineArgs", "EngineArgs")
        + _SPLIT.replace("async def", "def").replace("await ", ""),
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
