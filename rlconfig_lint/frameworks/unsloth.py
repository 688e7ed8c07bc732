"""Unsloth: TRL's constructors in a module that imports it, beside a model with its own engine.

`from_pretrained(fast_inference=True)` builds the engine; GRPOConfig's engine keys do nothing then.
Without it the engine is TRL's or none, and nobody corrects unless asked: nothing is said.
"""

from rlconfig_lint.frameworks.words import (
    Backend,
    Framework,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import UNKNOWN, CacheFate, SyncStyle, TrainerKind

_ENGINE = "unsloth_zoo/vllm_utils.py"  # of unsloth-zoo 2026.8.17
_PATCHES = "unsloth/models/rl.py"
_CONFIG = "TRL's GRPOConfig"

FRAMEWORK = Framework(
    name="unsloth",
    read_at="unslothai/unsloth@015bdef",
    newest="2026.10.9",
    distribution="unsloth",
    package="unsloth",
    marks=(),
    calls=("trl.GRPOConfig", "trl.RLOOConfig"),
    imports="unsloth",
    beside=("unsloth.from_pretrained",),
    backend=Backend("from_pretrained.fast_inference", (True,), False),
    engine=(
        Where(
            "from_pretrained",
            spelled={"max_seq_length": "max_model_len"},
            reads=frozenset(
                (
                    "enable_prefix_caching",
                    "enforce_eager",
                    "gpu_memory_utilization",
                    "max_model_len",
                    "max_num_seqs",
                )
            ),
        ),
    ),
    sampling=(Where(""), Where("generation_kwargs")),
    forced=(
        Supplied("logprobs_mode", None, f"{_ENGINE}:2911 (not passed)", "<=2026.8.19"),
        Supplied("logprobs_mode", UNKNOWN, "not read", ">2026.8.19,<2026.10.9"),
        Supplied(
            "logprobs_mode",
            "processed_logprobs",
            "unsloth-zoo 2026.10.9:unsloth_zoo/vllm_utils.py:5024",
            ">=2026.10.9",
        ),
        # Who reads them depends on TRL's version there.
        Supplied("logprobs_mode", UNKNOWN, "not read", "<2025.11.1"),
        Supplied("async_scheduling", None, f"{_ENGINE}:2911 (not passed)"),
        Supplied("generation_config", None, f"{_ENGINE}:2911 (not passed)"),
        Supplied("hf_overrides", UNKNOWN, f"{_ENGINE}:2951 (for some models)"),
        Supplied("quantization", UNKNOWN, f"{_ENGINE}:2911 (by the model)"),
    ),
    defaults=(Supplied("enable_prefix_caching", True, f"{_ENGINE}:2415"),),
    sampling_defaults=(
        Supplied("temperature", 1.0, _CONFIG),
        Supplied("top_p", 1.0, _CONFIG),
        Supplied("top_k", None, f"{_PATCHES}:3286"),
        Supplied("min_p", None, _CONFIG),
        Supplied("repetition_penalty", 1.0, _CONFIG),
    ),
    sampling_forced=tuple(
        Supplied(name, UNKNOWN, f"{_PATCHES}:4062", when=(When("vllm_sampling_params"),))
        for name in ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"{_PATCHES}:3324", versions=">=2025.11.1"),
        Switch(
            TrainerKind.DECOUPLED,
            "unsloth/models/rl_replacements.py:1240",
            (When("vllm_importance_sampling_correction", (True,), absent=False),),
            ">=2025.11.1",
        ),
        Switch(TrainerKind.RECOMPUTE, "asks for no logprobs", (When(word="RLOOConfig"),)),
    ),
    divides_by_temperature=True,
    temperature_source="unsloth_zoo/rl_replacements.py:61",
    trainer_temperature="temperature",
    trainer_temperature_absent=1.0,
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SALTED,
            f"weights are shared; each step's LoRA has a name of its own: {_ENGINE}:3333",
        ),
    ),
)
