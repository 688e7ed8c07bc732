"""Cascade attention is on, in a release whose kernels may compute it wrong.

## What it does

Flags a V1 engine of vLLM 0.8.2 to 0.17.1 that shares prompts through the prefix cache and leaves
cascade attention on. In production it is advice, because the GPU decides and no file says which one
it is, and a warning where the launch is named after one of those that the reports come from (A100,
A800, A10, A40, L20, L40, RTX). It is always a warning under the profile `parity`.

## Why it breaks RL

When eight or more requests share a prefix of 256 tokens or more, attention over the prefix and over
the rest is computed apart and merged by the logsumexp of each. FlashAttention 2 returned a wrong
logsumexp when it split the keys: on an A100 10 of 18 answers were right, all 18 with the option
off. The completions of a GRPO group are exactly such a batch. The logprobs then belong to another
distribution than the weights', and verl saw gradient norms explode.

## What to watch

Gradient norm and mismatch that jump on steps with long shared prompts and large batches, and are
normal on short ones. verl's `rollout_probs_diff_mean` is normal below 0.005 and suspect above 0.01.

## When it is right

On Hopper nobody has shown a wrong value, and one group saw no change with it off. Without prefix
caching no two requests share a block, so nothing cascades; nor does anything under
`VLLM_BATCH_INVARIANT=1`.

## Bad

The profile `parity`, vLLM 0.8.5, and an engine that says nothing.

## Good

`disable_cascade_attn: true`, which is the default from 0.18.0 on.

## Fix

Safe: `disable_cascade_attn: true`; long shared prompts cost some throughput.

## Versions

The option exists from 0.8.2 on; cascade attention is off by default from 0.18.0 on and gone from
0.32.0 on (see RL805).

## Evidence

- https://github.com/vllm-project/vllm/issues/17652
- https://github.com/vllm-project/vllm/issues/22103
- https://github.com/verl-project/verl/pull/3595
- https://github.com/sail-sg/Precision-RL/issues/1 (no change with it off)
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.judging import Doubt, about, judged, releases_where
from rlconfig_lint.model import (
    Evidence,
    Example,
    Finding,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
)
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.releases import behaviour
from rlconfig_lint.remedies import put

ID = ("RL506", "cascade-attention-on")
_BEFORE_HOPPER = re.compile(
    r"(?<![a-z0-9])(a100|a800|a10g?|a40|a6000|l20|l40s?|(rtx)?[34]090)(?![a-z0-9])", re.IGNORECASE
)
_WHICH_GPU = Doubt("which GPU runs it (reports come from A100 and L20, none from Hopper)")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    cascading = releases_where(
        rollout,
        "disable_cascade_attn",
        lambda off, release: off is False and _shares_prefixes(rollout, release),
    )
    if cascading and not _batch_invariant(rollout):
        yield _cascades(rollout, profile, cascading)


def _shares_prefixes(rollout: Rollout, release: Version) -> bool:
    """Common blocks are those that every running request holds
    (0.17.0:v1/core/single_type_kv_cache_manager.py:458): none without the cache. V0 has none."""
    v1 = rollout.generation.v0 is False or not behaviour.v0_can_run(release)
    return v1 and rollout.setting("enable_prefix_caching", release).value is True


def _batch_invariant(rollout: Rollout) -> bool:
    """It turns cascade attention off (0.17.1:config/vllm.py:1119)."""
    entry = rollout.env.get("VLLM_BATCH_INVARIANT")
    return entry is not None and truth(entry.value) is not False


def _cascades(rollout: Rollout, profile: Profile, span: ReleaseSpan) -> Finding:
    shown = _BEFORE_HOPPER.search(rollout.path)
    evidence = (Evidence(f"{rollout.path} is named after a {shown.group()}"),) if shown else ()
    certain = shown or profile is Profile.PARITY
    return judged(
        ID,
        rollout,
        Severity.WARNING,
        "cascade attention is on: with long shared prompts this release can merge it with a wrong"
        " logsumexp, and the logprobs are not the policy's",
        span=span,
        subject=about(rollout, "disable_cascade_attn", span),
        help_="set disable_cascade_attn to true, the default from vLLM 0.18.0 on",
        doubts=() if certain else (_WHICH_GPU,),
        evidence=evidence,
        fix=put(
            rollout,
            "disable_cascade_attn",
            True,
            "set disable_cascade_attn to true (long shared prompts cost some throughput)",
            safe=True,
        ),
    )


_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
"""
_FACTS = {"vllm-version": "0.8.5", "trainer": "rollout-logprobs"}

BAD = (
    Example(
        "engine.yaml",
        _ENGINE,
        _FACTS,
        fixed=f"{_ENGINE}  disable_cascade_attn: true\n",
        profile=Profile.PARITY,
    ),
    Example(
        "run_qwen_a100.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64
""",
        _FACTS,
        fixed="""\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64 --disable-cascade-attn
""",
    ),
    Example(
        "rollout_l20.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", disable_cascade_attn=False)
""",
        {"vllm-version": "0.17.1", "trainer": "recompute"},
        fixed="""\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", disable_cascade_attn=True)
""",
    ),
)

GOOD = (
    Example(
        "engine.yaml",
        f"{_ENGINE}  disable_cascade_attn: true\n",
        _FACTS,
        profile=Profile.PARITY,
    ),
    Example("engine.yaml", _ENGINE, _FACTS),
    Example(
        "no_cache_a100.yaml",
        f"{_ENGINE}  enable_prefix_caching: false\n",
        _FACTS,
    ),
    Example(
        "v0_a100.sh",
        """\
VLLM_USE_V1=0 vllm serve Qwen/Qwen2.5-7B --enable-prefix-caching --max-num-seqs 64
""",
        _FACTS,
    ),
    Example("serve_a100.sh", "vllm serve Qwen/Qwen2.5-7B\n", _FACTS | {"vllm-version": "0.18.1"}),
)

RULE = Rule(*ID, "0.2.0", ">=0.8.2,<=0.17.1", check, BAD, GOOD, __doc__)
