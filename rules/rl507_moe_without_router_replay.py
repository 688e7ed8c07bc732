"""A mixture of experts is trained without the experts that sampled its tokens.

## What it does

Under the profile `strict-on-policy`, flags an engine with `enable_expert_parallel` that does not
return its routed experts, where the trainer uses rollout logprobs. Elsewhere it is advice.

## Why it breaks RL

The router takes the top few of many close scores, so rounding alone changes its choice. About 10 %
of the routers disagree between engine and trainer, and 94 % of the tokens meet another expert in
one layer or more. In one report all three GRPO baselines collapsed and the runs with router replay
were completed, at half the KL.

## What to watch

A mismatch that is constant in the mean and heavy in the tail, on mixtures of experts alone:
prime-rl's `mismatch_kl` is healthy at 3e-4 to 5e-4.

## When it is right

In short runs, and where an importance correction with masks absorbs the tail. A trainer that cannot
replay gains nothing from an engine that returns the experts. Replay by itself leaves an error too:
miles saw it fall from 0.369 to 0.139.

## Bad

`enable_expert_parallel: true` under the profile `strict-on-policy`, and no router replay.

## Good

`enable_return_routed_experts: true`, and a trainer that replays them.

## Fix

None is written, because it takes the trainer as well: verl's `enable_rollout_routing_replay`,
NeMo-RL's `policy.router_replay.enabled`, prime-rl's `trainer.enable_router_replay`.

## Versions

The engine returns routed experts from 0.14.0 on; RL508 says beside what it cannot.

## Evidence

- https://github.com/NVIDIA/Megatron-LM/issues/4168
- https://github.com/NVIDIA-NeMo/RL/pull/2590
- https://arxiv.org/abs/2510.11370
- https://github.com/radixark/miles/pull/2722
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.judging import USES_ROLLOUT_LOGPROBS, about, judged
from rlconfig_lint.model import Evidence, Example, Finding, Profile, Rollout, Rule, Severity

ID = ("RL507", "moe-without-router-replay")
_RETURNS = "enable_return_routed_experts"


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if rollout.trainer.kind not in USES_ROLLOUT_LOGPROBS:
        return

    def unreplayed(release: Version) -> bool:
        experts = rollout.setting("enable_expert_parallel", release).value
        return experts is True and rollout.setting(_RETURNS, release).value is False

    span = rollout.release.where(unreplayed)
    if span:
        experts = rollout.engine["enable_expert_parallel"]
        yield judged(
            ID,
            rollout,
            Severity.WARNING if profile is Profile.STRICT_ON_POLICY else Severity.INFO,
            "the trainer's routers choose experts anew: for many tokens others than those that"
            " sampled them",
            span=span,
            subject=about(rollout, _RETURNS, span),
            beside=(experts,),
            decided_by=(Evidence(str(experts), experts.place),),
            help_=f"set {_RETURNS} and replay them in the trainer, both together",
            evidence=rollout.trainer.evidence,
        )


_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  enable_expert_parallel: true
"""
_SERVE = "vllm serve Qwen/Qwen3-30B-A3B --enable-expert-parallel --max-num-seqs 64\n"
_FACTS = {"vllm-version": "0.24.0", "trainer": "rollout-logprobs"}
_STRICT = Profile.STRICT_ON_POLICY

BAD = (
    Example("engine.yaml", _ENGINE, _FACTS, profile=_STRICT),
    Example("serve.sh", _SERVE, _FACTS, profile=_STRICT),
)

GOOD = (
    Example(
        "engine.yaml", f"{_ENGINE}  enable_return_routed_experts: true\n", _FACTS, profile=_STRICT
    ),
    Example("engine.yaml", _ENGINE, _FACTS),
    Example("serve.sh", _SERVE, _FACTS | {"trainer": "recompute"}, profile=_STRICT),
    Example(
        "grpo.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.enable_rollout_routing_replay=True \\
    ++actor_rollout_ref.rollout.engine_kwargs.vllm.enable_expert_parallel=true \\
    algorithm.rollout_correction.bypass_mode=true
""",
        {"vllm-version": "0.24.0"},
        profile=_STRICT,
    ),
)

RULE = Rule(*ID, "0.2.0", ">=0.14.0", check, BAD, GOOD, __doc__)
