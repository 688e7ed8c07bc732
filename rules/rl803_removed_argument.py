"""An engine argument that the pinned vLLM release no longer has.

## What it does

Flags an argument or flag that an earlier release had, and says what took its place.

## Why it breaks RL

The engine does not start: a TypeError in Python, an unrecognised argument on a command line. A
launcher that filters unknown keys starts it without the setting.

## What to watch

Nothing: the engine does not start on this release.

## When it is right

On the releases that still have it.

## Bad

`swap_space` with vLLM 0.18.1.

## Good

The same with vLLM 0.17.1, or without it.

## Fix

Safe where another name means the same: `disable_log_requests` is `enable_log_requests` with the
opposite value, `disable_mm_preprocessor_cache` is `mm_processor_cache_gb=0`, `task="generate"` is
`runner="generate"`, several `cuda_graph_sizes` are `cudagraph_capture_sizes`. Else the message
names what took its place.

## Versions

Decided from each release's own argument list.

## Evidence

- https://github.com/vllm-project/vllm/releases
- https://docs.vllm.ai/en/latest/configuration/engine_args/
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about_written, arguments_with_lifetimes, callee, judged
from rlconfig_lint.model import (
    Example,
    Finding,
    Fix,
    Life,
    Profile,
    ReleaseSpan,
    Rename,
    Rollout,
    Rule,
    Setting,
    Severity,
    show,
)
from rlconfig_lint.releases.lifetimes import accepts, refusing
from rlconfig_lint.releases.replacements import renamed, replacement

ID = ("RL803", "removed-argument")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    for setting, _, last in arguments_with_lifetimes(rollout):
        name = setting.name
        span = rollout.release.where(refusing(callee(rollout), name, after=last))
        if span:
            yield judged(
                ID,
                rollout,
                Severity.ERROR,
                f"{name} went after vLLM {last}: this release refuses it",
                span=span,
                subject=about_written(setting, rollout.place),
                by_name=True,
                help_=replacement(name),
                fix=_renamed(rollout, setting, span),
            )


def _renamed(rollout: Rollout, setting: Setting, span: ReleaseSpan) -> Fix | None:
    """The new name, where it means the same and every release in question takes it."""
    found = renamed(setting.name, setting.value)
    if found is None or setting.entry is None or rollout.home is None:
        return None
    name, value = found
    if not all(accepts(callee(rollout), name, release) for release in span.releases):
        return None
    title = f"write {name} = {show(value)}, which means the same"
    return Fix(title, (Rename(rollout.home, setting.entry, name, value),), safe=True)


_FACTS = {"vllm-version": "0.18.1", "trainer": "recompute"}

BAD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", swap_space=4)
""",
        _FACTS,
    ),
    Example(
        "server.py",
        """\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(
    model="Qwen/Qwen2.5-7B",
    disable_log_requests=True,  # quiet
)
""",
        _FACTS,
        fixed="""\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(
    model="Qwen/Qwen2.5-7B",
    enable_log_requests=False,  # quiet
)
""",
    ),
    Example(
        "quiet.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --disable-log-requests --max-num-seqs 64
""",
        _FACTS,
        fixed="""\
vllm serve Qwen/Qwen2.5-7B --no-enable-log-requests --max-num-seqs 64
""",
    ),
    Example(
        "quiet.yaml",
        """\
engine:
  enable-prefix-caching: false
  max-num-seqs: 64
  max-model-len: 4096
  disable-log-requests: ""  # quiet
""",
        _FACTS,
        fixed="""\
engine:
  enable-prefix-caching: false
  max-num-seqs: 64
  max-model-len: 4096
  enable-log-requests: false  # quiet
""",
    ),
    Example(
        "quiet.toml",
        """\
[engine]
gpu_memory_utilization = 0.9
max_num_seqs = 64
max_model_len = 4096
disable_log_requests = true  # quiet
""",
        _FACTS,
        fixed="""\
[engine]
gpu_memory_utilization = 0.9
max_num_seqs = 64
max_model_len = 4096
enable_log_requests = false  # quiet
""",
    ),
    Example(
        "graphs.yaml",
        """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  cuda_graph_sizes: [1, 2, 64]
""",
        _FACTS,
        fixed="""\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
  cudagraph_capture_sizes: [1, 2, 64]
""",
    ),
    Example(
        "task.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", task="generate")
""",
        _FACTS,
        fixed="""\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", runner="generate")
""",
    ),
    Example(
        "images.sh",
        """\
vllm serve Qwen/Qwen2.5-VL-7B --disable-mm-preprocessor-cache --max-num-seqs 64
""",
        _FACTS,
        fixed="""\
vllm serve Qwen/Qwen2.5-VL-7B --mm-processor-cache-gb 0 --max-num-seqs 64
""",
    ),
    Example(
        "images_grpo.sh",
        """\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    +actor_rollout_ref.rollout.engine_kwargs.vllm.disable_mm_preprocessor_cache=True \\
    trainer.nnodes=1
""",
        _FACTS,
        fixed="""\
python -m verl.trainer.main_ppo \\
    actor_rollout_ref.rollout.name=vllm \\
    +actor_rollout_ref.rollout.engine_kwargs.vllm.mm_processor_cache_gb=0 \\
    trainer.nnodes=1
""",
    ),
    Example(
        "conf.yaml",
        """\
vllm_config:
  vllm_kwargs:
    gpu-memory-utilization: 0.9
    enable-prefix-caching: false
    num-scheduler-steps: 1
""",
        _FACTS,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --max-num-seqs 64 --max-seq-len-to-capture 8192
""",
        _FACTS,
    ),
)

GOOD = (
    Example(
        "rollout.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", swap_space=4)
""",
        {"vllm-version": "0.17.1", "trainer": "recompute"},
    ),
    Example(  # PipelineRL's launcher takes this one out
        "quiet.yaml",
        """\
vllm_config:
  vllm_kwargs:
    enable-prefix-caching: false
    disable-log-requests: ""
""",
        _FACTS,
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, every_engine=True, life=Life.STABLE)
