"""A `false` that never reaches vLLM.

## What it does

Flags a boolean that is switched off where the way to the engine loses it: a framework whose
launcher writes no flag for a false value, and a flag with `false` behind it on a command line.

## Why it breaks RL

`enable_prefix_caching: false` then means vLLM's default, which is on. The file says one thing and
the engine does another; the AReaL project found it in its own launcher and renamed its keys.

## What to watch

Whatever the setting was to prevent: for the prefix cache a mismatch that grows with each update.
The engine logs its effective arguments at the start: compare them with what is written.

## When it is right

Where the default is off too: the finding is a warning, since the value that arrives may be the one
that was meant.

## Bad

`actor_rollout_ref.rollout.enable_prefix_caching=False` in verl.

## Good

`+actor_rollout_ref.rollout.engine_kwargs.vllm.no-enable-prefix-caching=True`

## Fix

Unsafe: the negated flag is added where the framework passes keys on, which changes what the engine
does. On a command line `--enable-x false` becomes `--no-enable-x` (safe: it is what was written).

## Versions

verl 0.7.0 to 0.9.0 (verl/workers/rollout/vllm_rollout/utils.py:458), and 0.6 in async mode; 0.9.1
writes the negative flag. vLLM has `--no-...` flags for booleans from 0.6.5 (prefix caching) and
0.8.5 (others) on.

## Evidence

- https://github.com/inclusionAI/AReaL/pull/827
- https://github.com/pytorch/rl/pull/4016 (the flag never reached the engine)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about_written, judged
from rlconfig_lint.model import (
    Example,
    Finding,
    Fix,
    Form,
    Life,
    Profile,
    Put,
    Rollout,
    Rule,
    Setting,
    Severity,
    show,
)
from rlconfig_lint.releases.lifetimes import argument
from rlconfig_lint.remedies import put
from rlconfig_lint.resolve.settings import BOOLEANS

ID = ("RL806", "false-flag-dropped")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    for setting in rollout.dropped:
        yield from _dropped(rollout, setting)
    if rollout.home is not None and rollout.home.block.form is Form.COMMAND:
        for setting in rollout.passed.values():
            yield from _with_a_word_behind_it(rollout, setting)


def _dropped(rollout: Rollout, setting: Setting) -> Iterator[Finding]:
    """A launcher's: only what the engine would then have on."""
    name = setting.name
    span = rollout.release.where(
        lambda release: (
            rollout.setting(name, release).value is True and argument(name, release) is not None
        )
    )
    if not span or name not in BOOLEANS:
        return
    arrives = rollout.setting(name, span.releases[-1])
    yield judged(
        ID,
        rollout,
        Severity.WARNING,
        f"{name}: false never reaches vLLM: {rollout.framework}'s launcher writes no flag for it,"
        f" and the engine runs with {show(arrives.value)}",
        span=span,
        subject=about_written(setting, rollout.place),
        help_="write the negated flag where the framework passes keys on, or leave the line out if"
        " the default is what you want",
        fix=put(rollout, name, False, f"pass no-{name.replace('_', '-')}", safe=False),
    )


def _with_a_word_behind_it(rollout: Rollout, setting: Setting) -> Iterator[Finding]:
    """`--enable-x false`: the flag takes no value, and the word becomes an argument of its own."""
    entry = setting.entry
    if entry is None or entry.value_place is None or not isinstance(entry.value, bool):
        return
    if setting.name not in BOOLEANS or rollout.home is None or not entry.key.startswith("-"):
        return
    span = rollout.release.where(lambda release: argument(setting.name, release) is not None)
    if span:
        flag = f"--{setting.name.replace('_', '-')}"
        right = flag if entry.value else f"--no-{flag[2:]}"
        edit = Put(rollout.home, setting.name, entry.value, entry)
        yield judged(
            ID,
            rollout,
            Severity.ERROR,
            f"{flag} takes no value: {show(entry.value)} is not what the engine will see",
            span=span,
            subject=about_written(setting, rollout.place),
            help_=f"write {right}",
            fix=Fix(f"write {right}", (edit,), safe=True),
        )


_FACTS = {"vllm-version": "0.24.0", "trainer": "recompute"}
_VERL = {**_FACTS, "framework": "verl", "framework-version": "0.9.0"}

BAD = (
    Example(
        "grpo.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.enable_prefix_caching=False \\
    trainer.nnodes=1
""",
        _VERL,
        fixed="""\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.enable_prefix_caching=False \\
    ++actor_rollout_ref.rollout.engine_kwargs.vllm.no-enable-prefix-caching=True \\
    trainer.nnodes=1
""",
    ),
    Example(
        "conf.yaml",
        """\
actor_rollout_ref:
  rollout:
    name: vllm
    engine_kwargs:
      vllm:
        max_logprobs: 50
        async_scheduling: False
""",
        _VERL,
        fixed="""\
actor_rollout_ref:
  rollout:
    name: vllm
    engine_kwargs:
      vllm:
        max_logprobs: 50
        async_scheduling: False
        no-async-scheduling: True
""",
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --enable-prefix-caching false --max-num-seqs 64
""",
        _FACTS,
        fixed="""\
vllm serve Qwen/Qwen2.5-7B --no-enable-prefix-caching --max-num-seqs 64
""",
    ),
)

GOOD = (
    Example(
        "grpo.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    ++actor_rollout_ref.rollout.engine_kwargs.vllm.no-enable-prefix-caching=True
""",
        _VERL,
    ),
    Example(  # verl 0.9.1 writes --no-enable-prefix-caching
        "fixed.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.enable_prefix_caching=False
""",
        {**_VERL, "framework-version": "0.9.1"},
    ),
    Example(
        "off_anyway.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.enforce_eager=False
""",
        _VERL,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --no-enable-prefix-caching --max-num-seqs 64
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, every_engine=True, life=Life.STABLE)
