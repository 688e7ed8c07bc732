"""Async scheduling is on where a comparison, or another setting, needs it off.

## What it does

Under the profile `parity`, flags async scheduling that is on, by default or by hand. In production
it speaks only of combinations that are wrong: routed-experts capture on 0.21.0, custom logits
processors, penalties on 0.11.0 and older, and weights that are swapped without a pause on a
pipeline-parallel engine.

## Why it breaks RL

On its own it does not: 32 of 32 token sequences were equal with it on and off on an H200 under
vLLM 0.26.0. It schedules a step before the previous token is known, so whatever reads generated
tokens (a stateful logits processor, penalties on old releases) sees placeholders of -1, and a
weight update meets batches that are already launched.

## What to watch

Where a combination loses or mixes tokens: NaN or sudden spikes of the mismatch on a few steps. On
its own the setting moves nothing.

## When it is right

Nearly always: it is a throughput default, and this rule is silent outside those combinations. The
founding report turned it off for the comparison run, to change one thing at a time.

## Bad

The profile `parity` and a vLLM >=0.14 engine that leaves it unset.

## Good

`async_scheduling: false` while comparing.

## Fix

Safe: `async_scheduling: false` (costs throughput), under `parity` or for a listed combination.

## Versions

The argument exists from 0.10.0 on; it is on by default from 0.14.0 on.

## Evidence

- https://huggingface.co/blog/ServiceNow-AI/correctness-before-corrections
- https://github.com/vllm-project/vllm/issues/27878 (penalties)
- https://github.com/vllm-project/vllm/issues/52461 (logits processors)
- https://github.com/vllm-project/vllm/pull/39917 (routed experts)
- https://github.com/NVIDIA-NeMo/RL/issues/2180 (NaN logprobs with pipeline parallelism)
- measured by `rlconfig-lint confirm RL301` (docs/evidence): on and off give the same 32 rollouts,
  token by token (H200, vLLM 0.20.2 and 0.26.0)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.version import Version

from rlconfig_lint.judging import about, judged, releases_where, sampling_of
from rlconfig_lint.model import (
    UNKNOWN,
    Example,
    Finding,
    Life,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Setting,
    Severity,
    SyncStyle,
)
from rlconfig_lint.releases.known import within
from rlconfig_lint.remedies import put

ID = ("RL301", "async-scheduling")


@dataclass(frozen=True)
class _Combination:
    span: ReleaseSpan
    severity: Severity
    message: str
    beside: tuple[Setting, ...] = ()  # the settings that it takes besides async_scheduling


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    found = next(_combinations(rollout), None)
    if found is None and profile is Profile.PARITY:
        on = releases_where(rollout, "async_scheduling", lambda value, _: value is True)
        message = "async scheduling is on: one more thing that the V0 reference did not have"
        found = _Combination(on, Severity.WARNING, message)
    if found is None or not found.span:
        return
    yield judged(
        ID,
        rollout,
        found.severity,
        found.message,
        span=found.span,
        subject=about(rollout, "async_scheduling", found.span),
        beside=found.beside,
        help_="set async_scheduling to false",
        fix=put(
            rollout,
            "async_scheduling",
            False,
            "set async_scheduling to false (costs throughput)",
            safe=True,
        ),
    )


def _combinations(rollout: Rollout) -> Iterator[_Combination]:
    """The combinations that are wrong in production, worst first."""
    for combination in (
        _routed_experts(rollout),
        _penalties(rollout),
        _unpaused_pipeline(rollout),
        _logits_processors(rollout),
    ):
        if combination.span:
            yield combination


def _on(rollout: Rollout, releases: str, name: str = "", value: object = True) -> ReleaseSpan:
    """The releases in a range on which async scheduling is on, and another setting has a value."""

    def both(on: object, release: Version) -> bool:
        other = rollout.setting(name, release).value if name else value
        return on is True and within(release, releases) and other == value

    return releases_where(rollout, "async_scheduling", both)


def _routed_experts(rollout: Rollout) -> _Combination:
    return _Combination(
        _on(rollout, "==0.21.0", "enable_return_routed_experts"),
        Severity.ERROR,
        "routed experts cannot be captured under async scheduling in this release",
        _written(rollout, "enable_return_routed_experts"),
    )


def _penalties(rollout: Rollout) -> _Combination:
    penalised = [s for s in sampling_of(rollout).bent if s.name.endswith("penalty")]
    span = (
        _on(rollout, ">=0.10.0,<=0.11.0") if penalised else rollout.release.where(lambda _: False)
    )
    return _Combination(
        span,
        Severity.ERROR,
        "penalties read placeholders instead of tokens under async scheduling in this release",
        tuple(penalised),
    )


def _unpaused_pipeline(rollout: Rollout) -> _Combination:
    sync = rollout.sync
    unpaused = sync.style is SyncStyle.IN_FLIGHT and sync.updates and not sync.pauses

    def pipelined(on: object, release: Version) -> bool:
        size = rollout.setting("pipeline_parallel_size", release).value
        return on is True and isinstance(size, int) and size > 1

    span = releases_where(rollout, "async_scheduling", pipelined)
    return _Combination(
        span if unpaused else rollout.release.where(lambda _: False),
        Severity.ERROR,
        "weights are swapped without a pause while pipeline stages hold launched batches",
        _written(rollout, "pipeline_parallel_size"),
    )


def _logits_processors(rollout: Rollout) -> _Combination:
    def custom(on: object, release: Version) -> bool:
        processors = rollout.setting("logits_processors", release).value
        return on is True and processors not in (None, UNKNOWN, [], "")

    return _Combination(
        releases_where(rollout, "async_scheduling", custom),
        Severity.WARNING,
        "a logits processor that reads output_token_ids sees -1 for the newest token",
        _written(rollout, "logits_processors"),
    )


def _written(rollout: Rollout, name: str) -> tuple[Setting, ...]:
    return (rollout.engine[name],) if name in rollout.engine else ()


_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
"""
_DECLARED = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}

BAD = (
    Example(
        "engine.yaml",
        _ENGINE,
        _DECLARED,
        fixed=f"{_ENGINE}  async_scheduling: false\n",
        profile=Profile.PARITY,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --async-scheduling --max-num-seqs 64
""",
        _DECLARED,
        fixed="""\
vllm serve Qwen/Qwen2.5-7B --no-async-scheduling --max-num-seqs 64
""",
        profile=Profile.PARITY,
    ),
    Example(
        "penalties.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(
    model="Qwen/Qwen2.5-7B",
    async_scheduling=True,
)
params = SamplingParams(temperature=1.0, repetition_penalty=1.1)
""",
        {"vllm-version": "0.11.0", "trainer": "recompute"},
        fixed="""\
from vllm import LLM, SamplingParams

llm = LLM(
    model="Qwen/Qwen2.5-7B",
    async_scheduling=False,
)
params = SamplingParams(temperature=1.0, repetition_penalty=1.1)
""",
    ),
)

GOOD = (
    Example("engine.yaml", _ENGINE, _DECLARED),
    Example(
        "engine.yaml",
        f"{_ENGINE}  async_scheduling: false\n",
        _DECLARED,
        profile=Profile.PARITY,
    ),
    Example(
        "old.yaml",
        _ENGINE,
        {"vllm-version": "0.13.0", "trainer": "rollout-logprobs"},
        profile=Profile.PARITY,
    ),
)

RULE = Rule(*ID, "0.1.0", ">=0.10.0", check, BAD, GOOD, __doc__, life=Life.STABLE)
