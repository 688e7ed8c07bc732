"""Routed experts are asked for beside a setting that this release refuses or that spoils them.

## What it does

Flags `enable_return_routed_experts` together with pipeline or context parallelism, a KV connector,
prefix caching that is off, or a choice of model runner, on the releases where the two do not go
together. Async scheduling on 0.21.0 is RL301's.

## Why it breaks RL

Router replay trains each token through the experts that sampled it. Most of these pairs stop the
engine at its start, after the job has waited for its machines. Below 0.22.0 a KV connector is worse
than that: the experts are kept by the slot of the engine's own cache, so that a block which comes
from elsewhere brings none, and the trainer replays what stood in that slot before.

## What to watch

The engine's first lines. For a connector below 0.22.0: the number of rows of routed experts against
prompt + completion - 1, and a mismatch that replay does not lower.

## When it is right

On releases that take the pair: context parallelism from 0.22.0 to 0.27.1, other connectors than
those for disaggregated prefill from 0.31.0 on.

## Bad

vLLM 0.24.0, `enable_return_routed_experts: true`, `pipeline_parallel_size: 2`.

## Good

The same with tensor or expert parallelism.

## Fix

None is written: the message names what to leave out. Where prefix caching has to be on, a reset has
to stand behind each weight update (see RL201).

## Versions

The argument exists from 0.14.0 on (RL802 says so below). Pipeline stages are refused from 0.21.0
on, connectors from 0.22.0 on (three families of them from 0.31.0 on), context parallelism up to
0.21.0 and from 0.28.0 on. From 0.31.0 on prefix caching and the V2 model runner are required, from
0.20.2 to 0.27.1 the V2 runner is refused.

## Evidence

- https://github.com/vllm-project/vllm/pull/39917
- https://github.com/vllm-project/vime/pull/34
- https://github.com/NVIDIA-NeMo/RL/pull/2590
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from packaging.version import Version

from rlconfig_lint.judging import Subject, about, judged
from rlconfig_lint.model import (
    UNKNOWN,
    Example,
    Finding,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    Value,
    show,
)
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.releases.known import within

ID = ("RL508", "router-replay-incompatible")
_ASKS = "enable_return_routed_experts"
_RUNNER = "VLLM_USE_V2_MODEL_RUNNER"
# 0.33.0:config/vllm.py:1228.
_DISAGGREGATED = (
    "NixlConnector",
    "NixlPullConnector",
    "NixlPushConnector",
    "MoRIIOConnector",
    "MooncakeConnector",
)


@dataclass(frozen=True)
class _Pair:
    setting: str
    releases: str
    clashes: Callable[[Value], bool]
    message: str
    help: str


def _several(value: Value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 1


def _connector(value: Value) -> str:
    """The connector that `kv_transfer_config` names; "" where it names none that can be read."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return ""
    named = value.get("kv_connector") if isinstance(value, dict) else None
    return named if isinstance(named, str) else ""


_REFUSED = "this release refuses to return routed experts"
_PAIRS = (
    # 0.21.0:config/vllm.py:1898, 0.22.0:config/vllm.py:846, 0.33.0:config/vllm.py:1213.
    _Pair(
        "pipeline_parallel_size",
        ">=0.21.0",
        _several,
        f"{_REFUSED} with pipeline stages",
        "set pipeline_parallel_size to 1 and spread the model with tensor or expert parallelism",
    ),
    # 0.20.2:v1/core/sched/scheduler.py:264, 0.28.0:config/vllm.py:1079.
    *(
        _Pair(
            name,
            "<=0.21.0|>=0.28.0",
            _several,
            f"{_REFUSED} with context parallelism",
            f"set {name} to 1",
        )
        for name in ("decode_context_parallel_size", "prefill_context_parallel_size")
    ),
    # 0.20.2:v1/core/sched/scheduler.py:295: the buffer has a row for each slot of the cache.
    _Pair(
        "kv_transfer_config",
        "<0.22.0",
        lambda value: _connector(value) != "",
        "a KV connector brings blocks without their routed experts: the trainer replays what stood"
        " in their slots before",
        "leave the connector out, or do without router replay",
    ),
    _Pair(  # 0.22.0:config/vllm.py:858
        "kv_transfer_config",
        ">=0.22.0,<0.31.0",
        lambda value: _connector(value) != "",
        f"{_REFUSED} with a KV connector",
        "leave the connector out, or do without router replay",
    ),
    _Pair(
        "kv_transfer_config",
        ">=0.31.0",
        lambda value: _connector(value) in _DISAGGREGATED,
        f"{_REFUSED} with this connector",
        "leave the connector out, or do without router replay",
    ),
    _Pair(  # 0.31.0:config/vllm.py:1180
        "enable_prefix_caching",
        ">=0.31.0",
        lambda value: value is False,
        f"{_REFUSED} without prefix caching",
        "turn prefix caching on, with a reset behind each weight update",
    ),
)


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    asks = rollout.release.where(lambda release: rollout.setting(_ASKS, release).value is True)
    for pair in _PAIRS if asks else ():
        span = rollout.release.where(_meets(rollout, pair, asks))
        if span:
            yield _clash(rollout, pair, span)
    if asks:
        yield from _wrong_runner(rollout, asks)


def _in(release: Version, releases: str) -> bool:
    return any(within(release, one) for one in releases.split("|"))


def _meets(rollout: Rollout, pair: _Pair, asks: ReleaseSpan) -> Callable[[Version], bool]:
    def meets(release: Version) -> bool:
        if release not in asks.releases or not _in(release, pair.releases):
            return False
        value = rollout.setting(pair.setting, release).value
        return value is not UNKNOWN and pair.clashes(value)

    return meets


def _clash(rollout: Rollout, pair: _Pair, span: ReleaseSpan) -> Finding:
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        pair.message,
        span=span,
        subject=about(rollout, pair.setting, span),
        help_=pair.help,
        beside=(rollout.engine[_ASKS],),
    )


def _wrong_runner(rollout: Rollout, asks: ReleaseSpan) -> Iterator[Finding]:
    """0.20.2:config/vllm.py:1818 to 0.27.1:config/vllm.py:2229 refuse the V2 runner,
    0.31.0:config/vllm.py:1169 the V1 runner."""
    entry = rollout.env.get(_RUNNER)
    chosen = truth(entry.value) if entry else None
    if entry is None or chosen is None:
        return
    releases = ">=0.20.2,<=0.27.1" if chosen else ">=0.31.0"
    span = rollout.release.where(lambda r: r in asks.releases and within(r, releases))
    if span:
        yield judged(
            ID,
            rollout,
            Severity.ERROR,
            f"{_REFUSED} on the {'V2' if chosen else 'V1'} model runner",
            span=span,
            subject=Subject(entry.place, _RUNNER, f"{_RUNNER} = {show(entry.value)}"),
            help_=f"leave {_RUNNER} unset: the release chooses the runner that can",
            beside=(rollout.engine[_ASKS],),
        )


_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  enable_return_routed_experts: true
"""
_FACTS = {"vllm-version": "0.33.0", "trainer": "rollout-logprobs"}

BAD = (
    Example(
        "engine.yaml",
        f"{_ENGINE}  enable_prefix_caching: false\n",
        _FACTS,
    ),
    Example("stages.yaml", f"{_ENGINE}  pipeline_parallel_size: 2\n", _FACTS),
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(
    model="Qwen/Qwen3-30B-A3B",
    enable_return_routed_experts=True,
    kv_transfer_config={"kv_connector": "OffloadingConnector", "kv_role": "kv_both"},
)
""",
        {"vllm-version": "0.18.1", "trainer": "recompute"},
    ),
    Example(
        "serve.sh",
        """\
VLLM_USE_V2_MODEL_RUNNER=1 vllm serve Qwen/Qwen3-30B-A3B --enable-return-routed-experts
""",
        _FACTS | {"vllm-version": "0.24.0"},
    ),
)

GOOD = (
    Example("engine.yaml", _ENGINE, _FACTS),
    Example(
        "tensor_parallel.yaml",
        f"{_ENGINE}  tensor_parallel_size: 2\n  enable_prefix_caching: false\n",
        _FACTS | {"vllm-version": "0.24.0"},
    ),
    Example(
        "stages.yaml",
        f"{_ENGINE}  pipeline_parallel_size: 2\n".replace(": true", ": false"),
        _FACTS,
    ),
    Example(
        "serve.sh",
        """\
VLLM_USE_V2_MODEL_RUNNER=1 vllm serve Qwen/Qwen3-30B-A3B --enable-return-routed-experts
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.2.0", ">=0.14.0", check, BAD, GOOD, __doc__)
