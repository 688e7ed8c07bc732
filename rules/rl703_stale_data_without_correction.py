"""Rollouts are older than the policy that learns from them, and nothing corrects for it.

## What it does

Flags asynchronous training, partial rollouts and updates in flight where the trainer recomputes the
old logprobs and drops the rollout's: no importance weight stands between the policy that sampled
and the one that learns. It reads the framework's own switches and bounds, and in a project's own
code the calls that pause an engine for an update.

## Why it breaks RL

PPO's ratio is then exp(new - recomputed), which is 1 at the first step of every batch however old
the data is: the clip never sees the distance that the rollouts have already come. NeMo-RL's guide
says it plainly: without importance sampling correction the GRPO objective becomes fundamentally
incorrect in asynchronous training, and the code refuses to start. With updates in flight a sequence
comes from several policies, and no recomputed pass gives the logprobs of them all.

## What to watch

The lag in updates beside the effective sample size, and a clip rate that stays near 0 while the KL
between the rollout's policy and the trainer's grows. But a backend error looks the same, so look at
the mean ratio of rollout and trainer at lag 0 first: NeMo-RL calls a `token_mult_prob_error` above
1.05 worth a look.

## When it is right

Where the rollout's own logprobs stand in the ratio (PipelineRL, prime-rl, verl's bypass mode): the
PPO clip is the correction then, and nothing is said. A lag of one update with a small learning rate
is a price that some pay with open eyes: declare `trainer = "decoupled"` where the project corrects
in a way that cannot be seen here, or ignore it with a reason.

## Bad

`async_grpo.enabled: true` with `use_importance_sampling_correction: false`.

## Good

The same with the correction on.

## Fix

None is written: it changes the objective. First let the backend be right (RL101, RL201, RL401,
RL501): a correction over a broken backend hides it. Then turn on the one that the help names.

## Versions

All of vLLM; those of the framework that the evidence names.

## Evidence

- https://github.com/NVIDIA-NeMo/RL/blob/main/docs/guides/async-grpo.md
- https://fengyao.notion.site/off-policy-rl
- https://richardli.xyz/rl-collapse
- https://huggingface.co/blog/ServiceNow-AI/correctness-before-corrections
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import Subject, judged
from rlconfig_lint.model import (
    Ahead,
    Evidence,
    Example,
    Finding,
    Place,
    Profile,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
    TrainerKind,
    Value,
    show,
)

ID = ("RL703", "stale-data-without-correction")
_FIRST = "let the backend be right first (RL101, RL201, RL401, RL501), or this hides its errors"
_OWN = "weight by exp(old - rollout) with a cap, or let the rollout's logprobs be the old ones"


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if rollout.trainer.kind is not TrainerKind.RECOMPUTE:
        return
    if rollout.trainer.ahead is not None:
        yield _behind(rollout, rollout.trainer.ahead)
    elif _in_flight(rollout):
        yield _mixed(rollout)


def _in_flight(rollout: Rollout) -> bool:
    """Whether a project's own code recomputes, and updates an engine that generates."""
    own = not rollout.framework and bool(rollout.trainer.recomputes)
    return own and rollout.sync.style is SyncStyle.IN_FLIGHT


def _behind(rollout: Rollout, ahead: Ahead) -> Finding:
    refused = ": the run ends with an error" if ahead.refused else ""
    remedy = f"; then {ahead.remedy}" if ahead.remedy else ""
    place = ahead.evidence.place or rollout.named_at or rollout.place
    return _uncorrected(
        rollout,
        Severity.ERROR if ahead.refused or _is_far(ahead.steps) else Severity.WARNING,
        f"rollouts are {_how_old(ahead.steps)} the policy that learns from them, and no importance"
        f" correction is on{refused}",
        place,
        f"{_FIRST}{remedy}",
        (ahead.evidence, *rollout.trainer.evidence),
    )


def _mixed(rollout: Rollout) -> Finding:
    pauses = rollout.sync.pauses
    return _uncorrected(
        rollout,
        Severity.WARNING,
        "weights change while requests run, and the trainer recomputes one old policy for sequences"
        " that several have sampled",
        pauses[0].place if pauses else rollout.place,
        f"{_FIRST}; then {_OWN}",
        (*rollout.sync.evidence, *rollout.trainer.recomputes[:1]),
    )


def _uncorrected(
    rollout: Rollout,
    severity: Severity,
    message: str,
    place: Place,
    help_: str,
    evidence: tuple[Evidence, ...],
) -> Finding:
    return judged(
        ID,
        rollout,
        severity,
        message,
        span=rollout.release.where(lambda _: True),
        subject=Subject(place, "correction", "no correction of old data"),
        help_=help_,
        evidence=evidence,
        on_any_release=True,
    )


def _is_far(steps: Value) -> bool:
    return isinstance(steps, int | float) and not isinstance(steps, bool) and steps > 1


def _how_old(steps: Value) -> str:
    if isinstance(steps, bool) or not isinstance(steps, int | float) or steps < 1:
        return "older than"
    return f"up to {show(steps)} update{'s' if steps > 1 else ''} older than"


_NEMO = """\
grpo:
  async_grpo:
    enabled: true
    max_trajectory_age_steps: 2
loss_fn:
  use_importance_sampling_correction: {}
policy:
  generation:
    backend: vllm
    vllm_cfg:
      precision: bfloat16
"""
_OPENRLHF = """\
python3 -m openrlhf.cli.train_ppo_ray --vllm.num_engines 4 --train.async_enable
"""
_LOSS = """\
import torch


def loss(logprobs, old_logprobs, advantages):
    return -(torch.exp(logprobs - old_logprobs) * advantages).mean()
"""
_CALLS = """\
from vllm import AsyncEngineArgs, SamplingParams

args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B", enable_prefix_caching=False)
params = SamplingParams(temperature=1.0, max_tokens=2048{})


async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
"""
BAD = (
    Example("grpo.yaml", _NEMO.format("false")),
    Example("train.sh", _OPENRLHF),
    Example(
        "engine.py",
        _CALLS.format(""),
        {"vllm-version": "0.18.1"},
        beside={"loss.py": _LOSS},
    ),
)

GOOD = (
    Example("grpo.yaml", _NEMO.format("true")),
    Example(
        "train.sh",
        """\
python3 -m openrlhf.cli.train_ppo_ray --vllm.num_engines 4 --train.async_enable \\
    --algo.advantage.is_correction_enable
""",
        {"framework-version": "0.11.1"},
    ),
    Example("between.sh", "python3 -m openrlhf.cli.train_ppo_ray --vllm.num_engines 4\n"),
    Example(  # the rollout's logprobs are the old ones: the clip sees the whole distance
        "engine.py",
        _CALLS.format(", logprobs=0"),
        {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"},
    ),
    Example("rollouts_alone.py", _CALLS.format(""), {"vllm-version": "0.18.1"}),
    Example(
        "areal.yaml",
        """\
rollout:
  backend: "vllm:d4p1t1"
  max_head_offpolicyness: 4
gconfig:
  temperature: 1.0
actor:
  use_decoupled_loss: false
""",
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
