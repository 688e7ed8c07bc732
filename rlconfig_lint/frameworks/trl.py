"""TRL: GRPOConfig and RLOOConfig, in Python or as a flat YAML of the same names."""

from rlconfig_lint.frameworks.words import (
    Backend,
    Framework,
    Head,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_GENERATION = "trl/generation/vllm_generation.py"
_CONFIG = "trl/trainer/grpo_config.py"

FRAMEWORK = Framework(
    name="trl",
    read_at="huggingface/trl@f2cd577",
    newest="1.0.0",
    distribution="trl",
    package="trl",
    marks=(Mark(keys=("use_vllm",)),),
    engine=(Where(""),),
    sampling=(Where(""), Where("generation_kwargs")),
    calls=("trl.GRPOConfig", "trl.RLOOConfig"),
    backend=Backend("use_vllm", (True,), False),
    forced=(
        Supplied("logprobs_mode", "processed_logprobs", f"{_GENERATION}:365"),
        # Neither the colocated LLM(...) nor `trl vllm-serve` passes overrides to the engine.
        Supplied("hf_overrides", None, f"{_GENERATION}:351"),
        Supplied("async_scheduling", None, f"{_GENERATION}:351"),
        Supplied("enable_prefix_caching", None, f"{_GENERATION}:351"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CONFIG}:522"),
        Supplied("top_p", 1.0, f"{_CONFIG}:526"),
        Supplied("top_k", 0, f"{_CONFIG}:533"),
        Supplied("min_p", None, f"{_CONFIG}:540"),
        Supplied("repetition_penalty", 1.0, _CONFIG),
    ),
    trainer=(
        Switch(
            TrainerKind.DECOUPLED,
            f"vllm_importance_sampling_correction is true unless set: {_CONFIG}",
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            _CONFIG,
            (When("vllm_importance_sampling_correction", (False,), absent=True),),
        ),
    ),
    divides_by_temperature=True,
    temperature_source="trl/trainer/grpo_trainer.py",
    heads=(
        Head("float32", f"{_CONFIG}:454", (When("cast_lm_head_to_fp32", (True,), absent=False),)),
    ),
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"sync_weights ends with reset_prefix_cache: {_GENERATION}:499",
        ),
    ),
)
