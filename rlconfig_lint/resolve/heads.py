"""In which dtype the rollout engine computes its output head."""

from __future__ import annotations

from packaging.version import Version

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import UNKNOWN, Rollout, Unknown
from rlconfig_lint.releases import behaviour
from rlconfig_lint.resolve.conditions import Configuration, answer

# Quantization methods that projects register for an fp32 head, with the place that does so.
FP32_HEAD_METHODS = {
    "bf16_last_layer_fp32": "ServiceNow/PipelineRL@58d3934 pipelinerl/vllm_quantization.py:128",
}
FLOAT32 = ("float32", "float", "torch.float32")
MODEL_DTYPE = "the model's dtype"


def rollout_head(rollout: Rollout, release: Version) -> str | Unknown:
    """ "float32", `MODEL_DTYPE`, or UNKNOWN where the settings or the code leave it open."""
    if rollout.head is not None:
        return rollout.head
    quantization = rollout.setting("quantization", release).value
    if isinstance(quantization, str) and quantization in FP32_HEAD_METHODS:
        return "float32"
    if rollout.setting("dtype", release).value in FLOAT32:
        return "float32"
    asked = head_dtype_asked(rollout, release)
    if asked is UNKNOWN or quantization is UNKNOWN or rollout.patches_head:
        return UNKNOWN
    if asked in FLOAT32 and behaviour.head_dtype_works(release):
        return "float32"
    return MODEL_DTYPE


def patched_head(framework: Framework, asked: Configuration) -> str | Unknown | None:
    """The dtype that a framework's own patch gives the engine's head; None without one."""
    dtype: str | Unknown | None = None
    for head in framework.engine_heads:
        state = answer(head.when, asked).state
        if state:
            dtype = head.dtype
        elif state is None:
            dtype = UNKNOWN
    return dtype


def head_dtype_asked(rollout: Rollout, release: Version) -> object:
    """`hf_overrides.head_dtype` as written; None where it is not."""
    overrides = rollout.setting("hf_overrides", release).value
    if overrides is UNKNOWN:
        return UNKNOWN
    return overrides.get("head_dtype") if isinstance(overrides, dict) else None
