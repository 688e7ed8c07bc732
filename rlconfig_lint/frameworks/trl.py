"""TRL: GRPOConfig and RLOOConfig, in Python or as a flat YAML of the same names."""

from rlconfig_lint.frameworks import Framework, Supplied, Switch
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

FRAMEWORK = Framework(
    name="trl",
    read_at="huggingface/trl@f2cd577",
    marks=("use_vllm",),
    engine=("",),
    sampling=("", "generation_kwargs"),
    calls=("trl.GRPOConfig", "trl.RLOOConfig"),
    package="trl",
    backend=("use_vllm", (True,), False),
    forced={
        "logprobs_mode": Supplied(
            "processed_logprobs", "trl/generation/vllm_generation.py:365, scripts/vllm_serve.py:361"
        ),
        # Neither the colocated LLM(...) nor `trl vllm-serve` passes overrides to the engine.
        "hf_overrides": Supplied(None, "trl/generation/vllm_generation.py:351"),
        "async_scheduling": Supplied(None, "trl/generation/vllm_generation.py:351"),
        "enable_prefix_caching": Supplied(None, "trl/generation/vllm_generation.py:351"),
    },
    sampling_defaults={
        "temperature": Supplied(1.0, "trl/trainer/grpo_config.py:522"),
        "top_p": Supplied(1.0, "trl/trainer/grpo_config.py:526"),
        "top_k": Supplied(0, "trl/trainer/grpo_config.py:533"),
        "min_p": Supplied(None, "trl/trainer/grpo_config.py:540"),
        "repetition_penalty": Supplied(1.0, "trl/trainer/grpo_config.py"),
    },
    trainer=TrainerKind.DECOUPLED,
    trainer_source="vllm_importance_sampling_correction is true unless set: trainer/grpo_config.py",
    switches=(
        Switch(
            "vllm_importance_sampling_correction",
            TrainerKind.RECOMPUTE,
            "trl/trainer/grpo_config.py",
            (False,),
        ),
    ),
    divides_by_temperature=True,
    lm_head_switch=Switch(
        "cast_lm_head_to_fp32", TrainerKind.UNKNOWN, "trl/trainer/grpo_config.py:454", (True,)
    ),
    sync=SyncStyle.BETWEEN_BATCHES,
    fate=CacheFate.CLEARED,
    sync_source="sync_weights ends with reset_prefix_cache: trl/generation/vllm_generation.py:499",
)
