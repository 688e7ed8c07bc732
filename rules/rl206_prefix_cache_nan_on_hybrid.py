"""Prefix caching is on for a hybrid model whose cached prefixes give NaN logprobs on this release.

## What it does

Flags `enable_prefix_caching: true` with a Nemotron-3-Nano policy on vLLM 0.14.0 to 0.15.1. Its
relatives of the same architecture (Nemotron-H, Nemotron Nano v2) get advice only.

## Why it breaks RL

A second request over a cached prefix returns token 0 (`<unk>`) with a NaN logprob for every token
after the first. Multi-turn rollouts and groups that share a prompt are such requests. One NaN in
a batch makes the loss NaN, and then the weights.

## What to watch

NaN in the rollout logprobs or in the policy ratio on a few steps, from the first multi-turn or
grouped rollouts on; completions that end in a run of `<unk>`; a reward that falls to its floor for
some samples of a group while the first of them is fine.

## When it is right

On vLLM 0.13.0 the same reproduction passes. With prefix caching off, or not set: on these releases
it is off by default for hybrid models.

## Bad

`enable_prefix_caching: true` with `nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16` on vLLM 0.14.0.

## Good

`enable_prefix_caching: false`.

## Fix

`enable_prefix_caching: false` (safe; prompts that rollouts share are then computed once each).

## Versions

NeMo-RL's reproduction (tensor parallelism 2) passes on 0.13.0 and fails on 0.14.0; it is reported
for 0.14 and newer, and the releases it names end at 0.15.1. Later ones are not judged.

## Evidence

- https://github.com/NVIDIA-NeMo/RL/blob/main/tools/model_diagnostics/5.prefix_caching_nan.py
- https://github.com/NVIDIA-NeMo/RL/blob/main/docs/adding-new-models.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rlconfig_lint.judging import about, judged, releases_where
from rlconfig_lint.model import (
    Evidence,
    Example,
    Finding,
    Form,
    Profile,
    Rollout,
    Rule,
    Severity,
)
from rlconfig_lint.remedies import put

ID = ("RL206", "prefix-cache-nan-on-hybrid")

# Read in NVIDIA-NeMo/RL, tools/model_diagnostics/5.prefix_caching_nan.py:34 (`MODEL`).
_SEEN = re.compile(r"nemotron-3-nano", re.IGNORECASE)
# The same `NemotronHForCausalLM` in their config.json; nobody reported them.
_RELATED = re.compile(r"nemotron-h-|nemotron-nano-(?:9b|12b)-v2", re.IGNORECASE)


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    model = _model(rollout)
    seen = _SEEN.search(model) is not None
    chosen = rollout.engine.get("enable_prefix_caching")
    if chosen is None or not chosen.explicit or not (seen or _RELATED.search(model)):
        return
    on = releases_where(rollout, "enable_prefix_caching", lambda value, _: value is True)
    if on:
        title = "set enable_prefix_caching to false (costs throughput: shared prompts recomputed)"
        yield judged(
            ID,
            rollout,
            Severity.ERROR if seen else Severity.INFO,
            f"{model} returns NaN logprobs and token 0 behind a cached prefix in this release"
            if seen
            else f"{model} is of an architecture that returned NaN logprobs behind a cached prefix",
            span=on,
            subject=about(rollout, "enable_prefix_caching", on),
            help_="turn prefix caching off for this model, or leave vLLM 0.14.0 to 0.15.1",
            evidence=(Evidence(f"the model is {model}"),),
            fix=put(rollout, "enable_prefix_caching", False, title, safe=True) if seen else None,
        )


def _model(rollout: Rollout) -> str:
    """The model that is named beside the engine's settings; "" where none is."""
    named = rollout.engine.get("model")
    if named is not None and isinstance(named.value, str):
        return named.value
    block = rollout.home.block if rollout.home else None
    if block is None or block.form is not Form.COMMAND:
        return ""
    after = block.words[block.words.index("serve") + 1 :] if "serve" in block.words else ()
    return after[0] if after and not after[0].startswith("-") else ""


_NANO = "nvidia/NVIDIA-Nemotron-3-Nano-30B-A3B-BF16"
_YAML = f"""\
engine:
  model: {_NANO}
  tensor_parallel_size: 2
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  enable_prefix_caching: true
"""
_PYTHON = f"""\
from vllm import LLM

llm = LLM(model="{_NANO}", tensor_parallel_size=2, enable_prefix_caching=True)


def update(path):
    llm.collective_rpc("update_weights", args=(path,))
    assert llm.reset_prefix_cache()
"""
_SHELL = f"""\
vllm serve {_NANO} --enable-prefix-caching --max-num-seqs 64
"""
_SYNC = """\
async def update(engine, path):
    await engine.pause_generation(wait_for_inflight_requests=True)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
"""
_FACTS = {"vllm-version": "0.14.0", "trainer": "rollout-logprobs"}
_LATER = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}
_BESIDE = {"sync.py": _SYNC}

BAD = (
    Example("engine.yaml", _YAML, _FACTS, fixed=_YAML.replace(": true", ": false"), beside=_BESIDE),
    Example("rollout.py", _PYTHON, _FACTS, fixed=_PYTHON.replace("ing=True", "ing=False")),
    Example(
        "serve.sh", _SHELL, _FACTS, fixed=_SHELL.replace("--enable", "--no-enable"), beside=_BESIDE
    ),
)

GOOD = (
    Example("engine.yaml", _YAML.replace(": true", ": false"), _FACTS, beside=_BESIDE),
    Example("later.yaml", _YAML, _LATER, beside=_BESIDE),
    Example("serve.sh", _SHELL.replace(_NANO, "Qwen/Qwen2.5-7B"), _FACTS, beside=_BESIDE),
    Example(  # hybrid models have it off by default here
        "default.sh", _SHELL.replace(" --enable-prefix-caching", ""), _FACTS, beside=_BESIDE
    ),
    Example(  # the same architecture, and nobody saw it there
        "related.py", _PYTHON.replace(_NANO, "nvidia/NVIDIA-Nemotron-Nano-9B-v2"), _FACTS
    ),
)

RULE = Rule(*ID, "0.2.0", ">=0.14.0,<=0.15.1", check, BAD, GOOD, __doc__)
