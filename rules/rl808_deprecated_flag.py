"""A flag that the pinned vLLM release takes only for old command lines.

## What it does

Flags a flag that the release itself declares deprecated.

## Why it breaks RL

Not yet: a later release will refuse it, in the middle of an upgrade that changes other things too.

## What to watch

Nothing until the next upgrade: a deprecation warning in the server's log.

## When it is right

Until the upgrade.

## Bad

`--disable-log-requests` with vLLM 0.11.0.

## Good

Nothing: the default is quiet.

## Fix

None is written.

## Versions

Decided from each release's own argument parser.

## Evidence

- https://docs.vllm.ai/en/latest/configuration/engine_args/
- https://github.com/vllm-project/vllm/releases
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from rlconfig_lint.judging import about_written, callee, judged
from rlconfig_lint.model import Example, Finding, Life, Profile, Rollout, Rule, Severity
from rlconfig_lint.releases.lifetimes import is_deprecated

ID = ("RL808", "deprecated-flag")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if not rollout.release.known or callee(rollout):
        return
    for name, setting in rollout.passed.items():
        span = rollout.release.where(partial(is_deprecated, name))
        if span:
            yield judged(
                ID,
                rollout,
                Severity.WARNING,
                f"{name} is deprecated in this release",
                span=span,
                subject=about_written(setting, rollout.place),
                by_name=True,
                help_="leave it out before the next upgrade",
            )


_FACTS = {"vllm-version": "0.11.0", "trainer": "recompute"}

BAD = (
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --disable-log-requests --max-num-seqs 64
""",
        _FACTS,
    ),
    Example(
        "conf.yaml",
        """\
engine:
  disable-log-requests: ""
  enable-prefix-caching: false
  max-num-seqs: 64
  max-model-len: 4096
""",
        _FACTS,
    ),
)

GOOD = (
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, every_engine=True, life=Life.STABLE)
