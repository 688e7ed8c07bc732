"""An importance correction is switched on, and another setting leaves it without effect.

## What it does

Flags a correction by importance weights (TIS, IcePop, a decoupled objective, rejection of what is
too far off) that is switched on while the rollout's logprobs are not collected, or while another
switch takes its effect away: verl's `rollout_correction` with `calculate_log_probs: false`, AReaL's
`rejection_sampling` without `use_decoupled_loss`, own code that weights by `exp(old - rollout)`
while no request asks for logprobs.

## Why it breaks RL

The configuration says that the distance between the two policies is weighted away, and nothing is.
verl leaves the correction out without a word when the batch has no rollout logprobs; ROLL puts the
recomputed ones in their place, so that each ratio is exactly 1; verl-tool fills them with zeros,
so that each weight is wrong. Some refuse to run instead, at the start or after the first rollouts.

## What to watch

The metrics of the correction. They are missing, or its mean weight is 1.000 and its ESS ratio 1
from the first step to the last, while the policy moves. A correction that works never gives exactly
1: two engines differ by rounding alone. Behind the fix look at the mean weight first, then at the
clip rate; verl's `rollout_probs_diff_mean` is normal below 0.005 and suspect above 0.01.

## When it is right

Never on purpose: to train without a correction, take its switch out. Rollouts may also be corrected
in another way, by logprobs of the rollout that stand in the ratio themselves: then this is a
warning, because only the switch is without effect.

## Bad

`rollout_correction.rollout_is=token` with `calculate_log_probs=false`.

## Good

The same with `calculate_log_probs=true`.

## Fix

Collecting the logprobs is safe, where one key turns it on. What changes the objective as well is
unsafe.

## Versions

All of vLLM; those of the framework that the evidence names. verl collects by default from 0.9.0 on.

## Evidence

- https://github.com/verl-project/verl/pull/2953 (the first TIS there asserts that they are)
- https://fengyao.notion.site/off-policy-rl
- https://huggingface.co/blog/ServiceNow-AI/correctness-before-corrections
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rlconfig_lint.judging import Subject, judged
from rlconfig_lint.model import (
    Evidence,
    Example,
    Finding,
    Fix,
    Form,
    Inert,
    Place,
    Profile,
    Put,
    Rollout,
    Rule,
    Severity,
    TrainerKind,
    show,
)

ID = ("RL702", "is-correction-without-rollout-logprobs")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    seen = set()
    for inert in sorted(rollout.trainer.inert, key=lambda found: not found.refused):
        corrected = rollout.trainer.kind is TrainerKind.DECOUPLED and not inert.refused
        if inert.key not in seen and not corrected:
            seen.add(inert.key)
            yield _without_effect(rollout, inert)
    if rollout.trainer.unasked:
        yield _never_asked(rollout, rollout.trainer.unasked)


def _without_effect(rollout: Rollout, inert: Inert) -> Finding:
    needed = rollout.trainer.kind is not TrainerKind.ROLLOUT_LOGPROBS or inert.refused
    key, value = ".".join(inert.key), show(inert.value)
    outcome = "so the run ends with an error" if inert.refused else "so that it has no effect"
    return judged(
        ID,
        rollout,
        Severity.ERROR if needed else Severity.WARNING,
        f"{inert.correction.text} switches an importance correction on, and {inert.key[-1]} is"
        f" {value}, {outcome}",
        span=rollout.release.where(lambda _: True),
        subject=Subject(_where(rollout, inert), inert.key[-1], f"{key} = {value} ({_from(inert)})"),
        help_=f"set {key} to {show(inert.wanted)}, or take {inert.correction.text} out",
        evidence=(inert.correction, Evidence(inert.source)),
        fix=_fix(rollout, inert),
        on_any_release=True,
    )


def _where(rollout: Rollout, inert: Inert) -> Place:
    if inert.entry is not None:
        return inert.entry.place
    return inert.correction.place or rollout.place


def _from(inert: Inert) -> str:
    return f"set at {inert.entry.place}" if inert.entry else f"default; {inert.source}"


def _fix(rollout: Rollout, inert: Inert) -> Fix | None:
    """The other key where it stands, or beside the correction in the same file."""
    home = rollout.home
    if home is None or (inert.entry is None and not _one_file(rollout, inert)):
        return None
    own = replace(
        home,
        keys=inert.key[:-1],
        typed=frozenset(),
        free_keys=(),
        free_prefix="",
        negated_false=False,
        spelled={},
    )
    name = inert.key[-1]
    title = f"set {'.'.join(inert.key)} to {show(inert.wanted)}"
    return Fix(title, (Put(own, name, inert.wanted, inert.entry),), safe=inert.harmless)


def _one_file(rollout: Rollout, inert: Inert) -> bool:
    """Whether a missing key belongs where the engine's own settings and the correction stand."""
    assert rollout.home is not None
    block, place = rollout.home.block, inert.correction.place
    beside = place is not None and place.path == block.place.path
    return beside and (block.form is Form.COMMAND or not rollout.parents)


def _never_asked(rollout: Rollout, unasked: tuple[Place, ...]) -> Finding:
    correction = rollout.trainer.corrections[0]
    place = next((p for p in unasked if p.path == rollout.path), unasked[0])
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        "the trainer weights by the rollout's logprobs, and no request asks for them",
        span=rollout.release.where(lambda _: True),
        subject=Subject(place, "logprobs", "logprobs = null (default of SamplingParams)"),
        help_="pass logprobs=0 to SamplingParams: the sampled token's logprob comes back",
        evidence=(correction,),
        on_any_release=True,
    )


_LOSS = """\
import torch


def loss(logprobs, old_logprobs, rollout_logprobs, advantages):
    weight = torch.exp(old_logprobs - rollout_logprobs).clamp(max=2.0)
    ratio = torch.exp(logprobs - old_logprobs)
    return -(weight * ratio * advantages).mean()
"""
_VERL = {"framework-version": "0.8.0"}
BAD = (
    Example(
        "train.sh",
        """\
python3 -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.calculate_log_probs=false \\
    algorithm.rollout_correction.rollout_is=token
""",
        _VERL,
        fixed="""\
python3 -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.calculate_log_probs=True \\
    algorithm.rollout_correction.rollout_is=token
""",
    ),
    Example(  # refused, and only once the first rollouts are there
        "bypass.sh",
        """\
python3 -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    algorithm.rollout_correction.bypass_mode=true
""",
        _VERL,
        fixed="""\
python3 -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.calculate_log_probs=True \\
    algorithm.rollout_correction.bypass_mode=true
""",
    ),
    Example(
        "areal.yaml",
        """\
rollout:
  backend: "vllm:d4p1t1"
gconfig:
  temperature: 1.0
actor:
  recompute_logprob: true
  use_decoupled_loss: false  # the default
  rejection_sampling:
    upper: 5.0
""",
        {},
        fixed="""\
rollout:
  backend: "vllm:d4p1t1"
gconfig:
  temperature: 1.0
actor:
  recompute_logprob: true
  use_decoupled_loss: true  # the default
  rejection_sampling:
    upper: 5.0
""",
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B")
params = SamplingParams(temperature=1.0, max_tokens=2048)
""",
        beside={"loss.py": _LOSS},
    ),
)

GOOD = (
    Example(
        "train.sh",
        """\
python3 -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.calculate_log_probs=True \\
    algorithm.rollout_correction.rollout_is=token
""",
        _VERL,
    ),
    Example(  # collected by default from this release on
        "newer.sh",
        """\
python3 -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    algorithm.rollout_correction.rollout_is=token
""",
        {"framework-version": "0.9.0"},
    ),
    Example(  # whose own configuration collects them
        "fully_async.sh",
        """\
python3 -m verl.experimental.fully_async_policy.fully_async_main \\
    actor_rollout_ref.rollout.name=vllm \\
    algorithm.rollout_correction.rollout_is=token
""",
        _VERL,
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B")
params = SamplingParams(temperature=1.0, max_tokens=2048, logprobs=0)
""",
        beside={"loss.py": _LOSS},
    ),
    Example(  # asked for over HTTP, and these are another's
        "served.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B")
params = SamplingParams(temperature=1.0, max_tokens=2048)


async def rollout(client, prompt):
    return await client.post("/v1/completions", json={"prompt": prompt, "logprobs": 1})
""",
        beside={"loss.py": _LOSS},
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
