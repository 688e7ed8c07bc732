"""The prefix cache survives a weight update.

## What it does

Flags a rollout engine with prefix caching on whose weights are updated without anything that
clears the cache or keeps old blocks apart: no `reset_prefix_cache`, no `sleep` of level 1 or more,
no pause that clears, no `cache_salt` that changes with the policy. A reset that stands in a method
which nothing in the project calls does not count, nor does a salt that is the same all along.

## Why it breaks RL

A cached block is found by its tokens, never by the weights that computed it. After an update, new
rollouts continue from keys and values of an older policy, and the age of a block has no bound:
NeMo-RL measured hits on blocks 17 updates old. On one H200, after new weights were loaded in place,
0 of 32 first tokens equalled a fresh engine's; after `reset_prefix_cache()`, all 32 did.

## What to watch

A mismatch that grows step by step and is gone after the engine is restarted. Count the log line
"Successfully reset prefix cache": there is one for each weight update. Watch for "Failed to reset
prefix cache because some blocks". Right behind an update the hit rate of the cache starts at 0.

## When it is right

Prefix caching itself is right: the completions of one group share their prompt. It is right with a
reset behind every update, with a salt that changes with the policy, or with frozen weights. With
`pause_generation(mode="keep", clear_cache=False)` it must be off or salted.

## Bad

An engine with default prefix caching, and an update that calls only `load_weights`.

## Good

The same with `reset_prefix_cache()` behind the update, or `enable_prefix_caching: false`.

## Fix

Between batches: a `reset_prefix_cache()` behind the update (unsafe: it edits code). In flight, or
under the profile `parity`: `enable_prefix_caching: false` (safe; prompts of a group are then
computed once each, which costs throughput).

## Versions

On by default in V1 since 0.8.0. Hybrid (Mamba) models had it off by default until 0.25.1.

## Evidence

- https://github.com/NVIDIA-NeMo/RL/pull/4018
- https://github.com/PrimeIntellect-ai/prime-rl/pull/1650
- https://github.com/vllm-project/vllm/pull/46125 (vLLM leaves the reset to its user)
- https://github.com/vllm-project/vllm/issues/9744
- https://github.com/pytorch/rl/pull/4016
- measured by `rlconfig-lint confirm RL201` (docs/evidence): behind an update 48 of 64 prompt
  tokens come from the cache and 0 of 32 first tokens are a fresh engine's; with a reset, a new
  salt or no cache 0 and 32 (H200)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlconfig_lint.judging import DECLARE_TRAINER, Doubt, about, judged, releases_where
from rlconfig_lint.model import (
    AddStatementAfter,
    ApiCall,
    CacheFate,
    Evidence,
    Example,
    Finding,
    Fix,
    Life,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
    TrainerKind,
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.remedies import put
from rlconfig_lint.resolve.fate import fate, why

ID = ("RL201", "prefix-cache-survives-weight-update")
_RECEIVES_RESET = ("collective_rpc", "update_weights", "reload_weights")
_NAME = re.compile(r"[A-Za-z_][\w.]*")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    stale = releases_where(
        rollout,
        "enable_prefix_caching",
        lambda on, release: on is True and fate(rollout.sync, release) is CacheFate.SURVIVES,
    )
    if stale:
        yield _survives(rollout, profile, stale)
        return
    on = releases_where(rollout, "enable_prefix_caching", lambda value, _: value is True)
    if on and profile is Profile.PARITY:
        yield _on_for_parity(rollout, on)


def _survives(rollout: Rollout, profile: Profile, stale: ReleaseSpan) -> Finding:
    sync = rollout.sync
    in_flight = sync.style is SyncStyle.IN_FLIGHT
    absorbed = in_flight and rollout.trainer.kind is TrainerKind.DECOUPLED
    unsure = in_flight and rollout.trainer.kind is TrainerKind.UNKNOWN
    fact = "whether importance weights of the trainer absorb some of it"
    doubts = (Doubt(fact, DECLARE_TRAINER),) if unsure else ()
    return judged(
        ID,
        rollout,
        Severity.WARNING if absorbed else Severity.ERROR,
        "the prefix cache survives a weight update here: new rollouts continue from keys and values"
        " that older policies computed",
        span=stale,
        subject=about(rollout, "enable_prefix_caching", stale),
        help_=_help(in_flight),
        doubts=doubts,
        evidence=(*sync.evidence, *why(sync, stale.releases[-1])[:3], *_updates(sync.updates)),
        decided_by=sync.evidence,
        fix=_fix(rollout, profile, stale),
    )


def _on_for_parity(rollout: Rollout, on: ReleaseSpan) -> Finding:
    return judged(
        ID,
        rollout,
        Severity.WARNING,
        "prefix caching is on: one more thing that the V0 reference did not have",
        span=on,
        subject=about(rollout, "enable_prefix_caching", on),
        help_="turn it off while comparing; afterwards it is right again with a reset behind every"
        " weight update",
        fix=_off(rollout),
    )


def _help(in_flight: bool) -> str:
    if in_flight:
        return (
            "turn prefix caching off, or give each request a cache_salt that changes with the"
            " policy; a plain reset is refused while requests run"
        )
    return "call reset_prefix_cache() behind every weight update and check that it returns True"


def _updates(calls: tuple[ApiCall, ...]) -> tuple[Evidence, ...]:
    return tuple(Evidence(f"{call.name} clears nothing", call.place) for call in calls[:1])


def _fix(rollout: Rollout, profile: Profile, stale: ReleaseSpan) -> Fix | None:
    in_flight = rollout.sync.style is SyncStyle.IN_FLIGHT
    if profile is Profile.PARITY or in_flight or rollout.framework:
        return _off(rollout)
    update = next((c for c in rollout.sync.updates if c.name in _RECEIVES_RESET), None)
    if update is None or update.http or update.remote or not _NAME.fullmatch(update.receiver):
        return _off(rollout)
    running = all(behaviour.has_reset_running(release) for release in stale.releases)
    arguments = "reset_running_requests=True" if running and update.awaited else ""
    statement = f"{update.receiver}.reset_prefix_cache({arguments})"
    statement = f"await {statement}" if update.awaited else statement
    return Fix(
        f"call {statement} behind the update",
        (AddStatementAfter(update.place, statement),),
        safe=False,
    )


def _off(rollout: Rollout) -> Fix | None:
    title = "set enable_prefix_caching to false (costs throughput: shared prompts are recomputed)"
    return put(rollout, "enable_prefix_caching", False, title, safe=True)


_IN_FLIGHT = """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
"""

_WORKER = """\
from vllm import AsyncEngineArgs, AsyncLLMEngine


class Worker:
    def __init__(self, model):
        args = AsyncEngineArgs(model=model, enable_prefix_caching=True)
        self.engine = AsyncLLMEngine.from_engine_args(args)

    async def receive(self, path):
        await self.engine.collective_rpc("load_weights", args=(path,))

    async def reset_prefix_cache(self):
        await self.engine.reset_prefix_cache()
"""
_RECEIVED = """\
        await self.engine.collective_rpc("load_weights", args=(path,))
"""
_RESET = """\
        await self.engine.reset_prefix_cache(reset_running_requests=True)
"""
_TRAIN = """\
def main(workers, path):
    for worker in workers:
        worker.receive.remote(path)
"""
_SALTED = """\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B", enable_prefix_caching=True)


async def generate(engine, prompt):
    return await engine.generate({"prompt": prompt, "cache_salt": "rollouts"})


async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
"""
BAD = (
    Example(
        "engine.yaml",
        """\
engine:
  gpu-memory-utilization: 0.9
  max-num-seqs: 64
  tensor-parallel-size: 2
""",
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
        fixed="""\
engine:
  gpu-memory-utilization: 0.9
  max-num-seqs: 64
  tensor-parallel-size: 2
  enable-prefix-caching: false
""",
        beside={"sync.py": _IN_FLIGHT},
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", enable_prefix_caching=True)


def update(path):
    llm.collective_rpc("update_weights", args=(path,))
    return path
""",
        {"vllm-version": "0.18.1"},
        fixed="""\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", enable_prefix_caching=True)


def update(path):
    llm.collective_rpc("update_weights", args=(path,))
    llm.reset_prefix_cache()
    return path
""",
    ),
    Example(  # a search for reset_prefix_cache finds one, and nothing calls it
        "workers.py",
        _WORKER,
        {"vllm-version": "0.18.1", "weight-sync": "between-batches"},
        fixed=_WORKER.replace(_RECEIVED, _RECEIVED + _RESET),
        beside={
            "train.py": _TRAIN,
        },
    ),
    Example(  # a salt that is the same for every policy keeps none of them apart
        "salted.py",
        _SALTED,
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
        fixed=_SALTED.replace("caching=True", "caching=False"),
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --enable-prefix-caching --max-num-seqs 64
""",
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
        fixed="""\
vllm serve Qwen/Qwen2.5-7B --no-enable-prefix-caching --max-num-seqs 64
""",
        beside={"sync.py": _IN_FLIGHT},
    ),
)

GOOD = (
    Example(
        "engine.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  enable_prefix_caching: false
""",
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
        beside={"sync.py": _IN_FLIGHT},
    ),
    Example(
        "reset.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B")


def update(path):
    llm.collective_rpc("update_weights", args=(path,))
    assert llm.reset_prefix_cache()
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(
        "salted.py",
        """\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B")


async def generate(engine, prompt, version):
    return await engine.generate({"prompt": prompt, "cache_salt": str(version)})


async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(  # the same wrapper as among the bad ones, and somebody calls it
        "workers.py",
        _WORKER,
        {"vllm-version": "0.18.1", "weight-sync": "between-batches"},
        beside={
            "train.py": _TRAIN + "        worker.reset_prefix_cache.remote()\n",
        },
    ),
    Example(  # each request has a salt of its own: only its own later turns find its blocks
        "salted_requests.py",
        """\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B")


async def generate(client, prompt, request_id):
    extra = {"cache_salt": request_id}
    return await client.completions.create(prompt=prompt, extra_body=extra)


async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(
        "offline.py",
        """\
from vllm import LLM

print(LLM(model="Qwen/Qwen2.5-7B").generate(["hello"]))
""",
        {"vllm-version": "0.18.1"},
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, life=Life.STABLE)
