"""A setting that the pinned vLLM release no longer reads.

## What it does

Flags a `VLLM_*` variable that a script sets and this release does not read, and arguments that it
accepts and ignores.

## Why it breaks RL

`VLLM_USE_V1=0` was the way back to the V0 engine's logprobs and caches; from 0.11.1 on it is not
read, and the run goes on with V1. A pinned attention backend becomes whatever is chosen. At most a
line in the engine's log says so.

## What to watch

Nothing at the setting itself; whatever it was to prevent. vLLM 0.17.0 and later log "Unknown vLLM
environment variable detected" at the start.

## When it is right

On the releases that read it. A variable that no known release reads may belong to a plugin: nothing
is said of it.

## Bad

`VLLM_USE_V1=0 vllm serve ...` with vLLM 0.18.1.

## Good

The same with vLLM 0.8.5.

## Fix

None is written: deleting the line keeps the behaviour, but whoever set it wanted another one.

## Versions

Decided from each release's own source; `disable_cascade_attn` does nothing from 0.32.0 on.

## Evidence

- https://github.com/vllm-project/vllm/releases
- https://github.com/vllm-project/vllm/issues/9453 (V0 and V1 logprobs differ)
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from packaging.version import Version

from rlconfig_lint.judging import Subject, about_written, judged
from rlconfig_lint.model import (
    Entry,
    Example,
    Finding,
    Life,
    Profile,
    Rollout,
    Rule,
    Severity,
    show,
)
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.releases.known import within
from rlconfig_lint.releases.lifetimes import last_reader, reads_variable

ID = ("RL805", "ignored-setting")

_IGNORED_ARGUMENTS = {
    # Cascade attention was removed; the argument is kept for old command lines.
    "disable_cascade_attn": (">=0.32.0", "cascade attention is gone: leave it out"),
}
_INSTEAD = {
    "VLLM_ATTENTION_BACKEND": "pass --attention-backend (from 0.13.0 on)",
    "VLLM_FLASH_ATTN_VERSION": "pass --attention-config (from 0.13.0 on)",
    "VLLM_USE_V1": "the V0 engine is gone: delete it, and ask for V0's values one by one"
    " (profile parity)",
}


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if not rollout.release.known:
        return
    for name, entry in rollout.env.items():
        if name.startswith("VLLM_") and not _asks_for_what_is(name, entry):
            yield from _variable(rollout, name, entry)
    for name, (releases, instead) in _IGNORED_ARGUMENTS.items():
        setting = rollout.passed.get(name)
        span = rollout.release.where(partial(_in, releases))
        if setting is not None and span:
            yield judged(
                ID,
                rollout,
                Severity.WARNING,
                f"{name} is accepted and does nothing in this release",
                span=span,
                subject=about_written(setting, rollout.place),
                by_name=True,
                help_=instead,
            )


def _asks_for_what_is(name: str, entry: Entry) -> bool:
    """`VLLM_USE_V1=1` outlives its reader without harm: V1 is what runs."""
    return name == "VLLM_USE_V1" and truth(entry.value) is not False


def _in(releases: str, release: Version) -> bool:
    return within(release, releases)


def _variable(rollout: Rollout, name: str, entry: Entry) -> Iterator[Finding]:
    last = last_reader(name)
    span = rollout.release.where(partial(_stopped_reading, name, last))
    if last is not None and span:
        yield judged(
            ID,
            rollout,
            Severity.WARNING,
            f"{name} is not read after vLLM {last}",
            span=span,
            subject=Subject(entry.place, name, f"{name} = {show(entry.value)}"),
            help_=_INSTEAD.get(name, "delete it, or keep to a release that reads it"),
        )


def _stopped_reading(name: str, last: Version | None, release: Version) -> bool:
    return last is not None and release > last and reads_variable(name, release) is False


_FACTS = {"vllm-version": "0.18.1", "trainer": "recompute"}

BAD = (
    Example(
        "serve.sh",
        """\
VLLM_USE_V1=0 vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64
""",
        _FACTS,
    ),
    Example(
        "exported.sh",
        """\
export VLLM_ATTENTION_BACKEND=FLASH_ATTN
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64
""",
        _FACTS,
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", disable_cascade_attn=True)
""",
        {"vllm-version": "0.33.0", "trainer": "recompute"},
    ),
)

GOOD = (
    Example(
        "serve.sh",
        """\
VLLM_USE_V1=0 vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64
""",
        {"vllm-version": "0.8.5", "trainer": "recompute"},
    ),
    Example(
        "plugin.sh",
        """\
VLLM_USE_V1=1 VLLM_OF_OUR_OWN=1 vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64
""",
        _FACTS,
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", disable_cascade_attn=True)
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, every_engine=True, life=Life.STABLE)
