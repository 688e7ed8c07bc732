"""TRL: GRPOConfig and RLOOConfig, in Python, as a flat YAML of the same names, or as flags."""

from collections.abc import Iterator

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
from rlconfig_lint.model import UNKNOWN, CacheFate, Form, SyncStyle, TrainerKind

_ENGINE = "trl/generation/vllm_generation.py"
_SERVER = "trl/scripts/vllm_serve.py"
_CONFIG = "trl/trainer/grpo_config.py"
_TRAINER = "trl/trainer/grpo_trainer.py"
_RLOO = "trl/trainer/rloo_trainer.py"

# A flat file with `use_vllm` may be RLOO's, OnlineDPO's, GOLD's, ...: only GRPO has these keys.
_ONLY_GRPOS = (
    "cast_lm_head_to_fp32",
    "delta",
    "max_tool_calling_iterations",
    "multi_objective_aggregation",
    "top_entropy_quantile",
    "vllm_importance_sampling_cap",
    "vllm_importance_sampling_clip_max",
    "vllm_importance_sampling_clip_min",
    "vllm_importance_sampling_correction",
    "vllm_importance_sampling_mode",
)
_SHOWS_GRPO = (
    *(When(key) for key in _ONLY_GRPOS),
    *(When(word=word) for word in ("GRPOConfig", "grpo")),
)
_SERVES = When("vllm_mode", ("server",), absent="colocate")
_SERVED = When("vllm_mode", ("server",), absent="server")  # before 1.0.0


def _of_the_server() -> Iterator[Supplied]:
    """What a GRPOConfig says nothing of: the colocated engine has vLLM's own defaults, a server
    has flags of its own."""
    for name in ("dtype", "enable_prefix_caching"):
        yield Supplied(name, None, f"{_ENGINE}:351 (not passed)")
        yield Supplied(name, UNKNOWN, f"{_SERVER}:353", ">=1.0.0", (_SERVES,))
        yield Supplied(name, UNKNOWN, "v0.18.0:trl/scripts/vllm_serve.py", "<1.0.0", (_SERVED,))
    for name in ("async_scheduling", "hf_overrides"):
        yield Supplied(name, None, f"{_ENGINE}:351 (not passed)")
        yield Supplied(name, UNKNOWN, "1.11.0: `vllm serve` with any flags", ">=1.11.0", (_SERVES,))


FRAMEWORK = Framework(
    name="trl",
    read_at="huggingface/trl@f2cd577",
    newest="1.16.0",
    distribution="trl",
    package="trl",
    version_file="VERSION",
    marks=(
        Mark(keys=("use_vllm",), form=Form.DOCUMENT),
        Mark(keys=("use_vllm", "vllm_mode"), form=Form.COMMAND),
        Mark(keys=("use_vllm",), word="grpo"),
        Mark(keys=("use_vllm",), word="rloo"),
    ),
    flags=True,
    engine=(
        Where(
            "",
            prefix="vllm_",
            spelled={"max_model_length": "max_model_len"},
            reads=frozenset(
                (
                    "enable_sleep_mode",
                    "gpu_memory_utilization",
                    "max_model_len",
                    "model_impl",
                    "tensor_parallel_size",
                )
            ),
        ),
    ),
    sampling=(Where(""), Where("generation_kwargs")),
    calls=("trl.GRPOConfig", "trl.RLOOConfig"),
    backend=Backend("use_vllm", (True,), False),
    forced=(
        Supplied("logprobs_mode", None, "v0.23.0: not passed", "<0.24.0"),
        Supplied("logprobs_mode", "processed_logprobs", f"{_ENGINE}:365", ">=0.24.0"),
        Supplied(
            "logprobs_mode",
            None,
            "v0.27.0:trl/scripts/vllm_serve.py:347 (not passed)",
            ">=0.24.0,<0.27.1",
            (_SERVED,),
        ),
        *_of_the_server(),
        Supplied(
            "enable_prefix_caching",
            True,
            "v0.15.0:trl/trainer/grpo_trainer.py:404",
            ">=0.15.0,<0.16.0",
        ),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CONFIG}:522"),
        Supplied("temperature", 0.9, "v0.14.0:trl/trainer/grpo_config.py", "<0.18.0"),
        Supplied("top_p", 1.0, f"{_CONFIG}:526"),
        Supplied("top_k", 0, f"{_CONFIG}:533"),
        Supplied("top_k", None, "v0.18.0:trl/trainer/grpo_config.py", "<0.27.0"),
        Supplied("top_k", 50, "v0.16.0:trl/trainer/grpo_config.py", ">=0.16.0,<0.18.0"),
        Supplied("min_p", None, f"{_CONFIG}:540"),
        Supplied("repetition_penalty", 1.0, f"{_CONFIG}:563"),
    ),
    trainer=(
        *(
            Switch(
                TrainerKind.DECOUPLED,
                f"vllm_importance_sampling_correction is true unless set: {_TRAINER}:2579",
                (when,),
            )
            for when in _SHOWS_GRPO
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            f"{_TRAINER}:2579",
            (When("vllm_importance_sampling_correction", (False,), absent=True),),
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"rollout logprobs mask the loss: {_TRAINER}:3038",
            (When("off_policy_mask_threshold"),),
            ">=0.28.0",
        ),
        *(
            Switch(TrainerKind.RECOMPUTE, f"asks for no logprobs: {_RLOO}:675", (When(word=word),))
            for word in ("RLOOConfig", "rloo")
        ),
        Switch(TrainerKind.RECOMPUTE, "v0.22.0: asks for no logprobs", versions="<0.23.0"),
    ),
    divides_by_temperature=True,
    temperature_source=f"{_TRAINER}:1519",
    trainer_temperature="temperature",  # `generation_kwargs` wins in the engine alone
    trainer_temperature_absent=1.0,
    heads=(
        Head(
            "float32",
            f"{_CONFIG}:454",
            (When("cast_lm_head_to_fp32", (True,), absent=False),),
            ">=0.25.0",
        ),
    ),
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"sync_weights ends with reset_prefix_cache: {_ENGINE}:499",
            versions=">=0.16.0",
        ),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SURVIVES,
            "no reset: v0.15.0:trl/trainer/grpo_trainer.py:514",
            versions=">=0.15.0,<0.16.0",
        ),
    ),
)
