"""An engine argument that no vLLM release knows.

## What it does

Flags a name that is no engine argument in any known release: a keyword of `LLM`, `EngineArgs` or
`AsyncEngineArgs`, or, in YAML, TOML and on a command line, a name that is almost one.

## Why it breaks RL

In Python it is a TypeError. A launcher that passes a mapping on may drop it instead, and the run
then uses the default of the setting that was meant.

## What to watch

Nothing: the engine does not start, or a framework drops the name without a word.

## When it is right

A name that a wrapper takes for itself. In documents and commands only near misses are reported, for
that reason, and nothing is said of a subclass or Ray actor, which may have arguments of its own.

## Bad

`LLM(model="m", enable_prefix_cache=False)`

## Good

`LLM(model="m", enable_prefix_caching=False)`

## Fix

None is written: the message names the nearest argument of the pinned release.

## Versions

Every release that the data describes (`rlconfig-lint releases`).

## Evidence

- https://docs.vllm.ai/en/latest/configuration/engine_args/
- https://github.com/unslothai/unsloth/pull/10452 (silently ignored keys cost GPU hours)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about_written, callee, judged, takes_vllms_arguments
from rlconfig_lint.model import Example, Finding, Life, Profile, Rollout, Rule, Severity
from rlconfig_lint.releases.lifetimes import abbreviates, lifetime, nearest, refusing

ID = ("RL801", "unknown-engine-argument")
_NEAR_MISS = 0.88
_SHORTEST = 6  # `mode` is near `model`, and is some launcher's own
_ANY_HINT = 0.6


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if not takes_vllms_arguments(rollout):
        return
    by = callee(rollout)
    for name, setting in rollout.passed.items():
        if any(lifetime(*known) is not None for known in _spellings(by, name)):
            continue
        span = rollout.release.where(refusing(by, name))
        if not span:
            continue
        close = nearest(name, span.releases[-1], _ANY_HINT if by else _NEAR_MISS)
        if not by and (len(name) < _SHORTEST or not close or abbreviates(name, span.releases[-1])):
            continue
        yield judged(
            ID,
            rollout,
            Severity.ERROR if by else Severity.WARNING,
            f"{name} is no engine argument" + (": TypeError" if by else ""),
            span=span,
            subject=about_written(setting, rollout.place),
            by_name=True,
            help_=f"did you mean {close}?" if close else "leave it out",
        )


def _spellings(by: str, name: str) -> Iterator[tuple[str, str]]:
    """What an argument may be known as: outside of calls a boolean's negation is a name as well."""
    yield by, name
    yield "", name
    if not by:
        yield "", name.removeprefix("no_")


_FACTS = {"vllm-version": "0.18.1", "trainer": "recompute"}

BAD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", enable_prefix_cache=False)
""",
        _FACTS,
    ),
    Example(
        "engine.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  logprob_mode: processed_logprobs
""",
        _FACTS,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64 --async-schedulling
""",
        _FACTS,
    ),
)

GOOD = (
    Example("negated.sh", "vllm serve Qwen/Qwen2.5-7B --no-enable-log-requests\n", _FACTS),
    Example(
        "conf.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  mode: async
""",
        _FACTS,
    ),
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", enable_prefix_caching=False)
""",
        _FACTS,
    ),
    Example(
        "wrapper.py",
        """\
from vllm import LLM


class Policy(LLM):
    def __init__(self, bundle_indices, **kwargs):
        super().__init__(**kwargs)


policy = Policy(model="Qwen/Qwen2.5-7B", bundle_indices=[0])
""",
        _FACTS,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64 --port 8000 --chat-template x.jinja
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, every_engine=True, life=Life.STABLE)
