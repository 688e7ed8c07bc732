"""ms-swift: flags of `swift rlhf` and `megatron rlhf`, or a YAML of the same names.

Under Ray the engine's keys stand in a group `rollout`; `teacher` beside it is another model's.
"""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Backend,
    Framework,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import UNKNOWN, CacheFate, SyncStyle, TrainerKind

_MIXIN = "swift/rlhf_trainers/rollout_mixin.py"
_ARGUMENTS = "swift/rlhf_trainers/args_mixin.py"
_GRPO = "swift/rlhf_trainers/grpo_trainer.py"
_RLHF = "swift/arguments/rlhf_args.py"

_PASSED = frozenset(
    (
        "disable_cascade_attn",
        "enable_expert_parallel",
        "enable_prefix_caching",
        "enforce_eager",
        "gpu_memory_utilization",
        "max_model_len",
        "max_num_seqs",
        "pipeline_parallel_size",
        "speculative_config",
        "tensor_parallel_size",
    )
)
_SAMPLED = frozenset(("min_p", "repetition_penalty", "temperature", "top_k", "top_p"))
_WITHOUT_ROLLOUT = ("cpo", "dpo", "kto", "orpo", "ppo", "rm", "simpo")
_WEIGHTS = ("token_truncate", "token_mask", "sequence_truncate", "sequence_mask")

FRAMEWORK = Framework(
    name="ms-swift",
    read_at="modelscope/ms-swift@3602360",
    newest="4.6.0",
    distribution="ms-swift",
    package="swift",
    version_file="swift/version.py",
    marks=(Mark(keys=("rlhf_type", "use_vllm")),),
    flags=True,
    backend=Backend("use_vllm", (True,), False, f"{_ARGUMENTS}:169"),
    not_training=(When("rlhf_type", _WITHOUT_ROLLOUT),),
    engine=(
        # Free keys, but those that swift passes itself win over them:
        # swift/infer_engine/vllm_engine.py:333.
        Where("vllm_engine_kwargs", passes=True),
        Where("rollout.vllm_engine_kwargs", passes=True),
        Where("", spelled={"torch_dtype": "dtype"}, reads=frozenset(("dtype",))),
        Where("", prefix="vllm_", reads=_PASSED),
        Where("rollout", prefix="vllm_", reads=_PASSED),
    ),
    sampling=(Where("", reads=_SAMPLED),),
    forced=(
        Supplied("logprobs_mode", "processed_logprobs", f"{_MIXIN}:499", ">=3.11.0"),
        Supplied("logprobs_mode", None, "3.10.3: not passed", "<3.11.0"),
        Supplied("quantization", UNKNOWN, f"{_MIXIN}:494 (by the model)"),
    ),
    defaults=(
        Supplied("enable_prefix_caching", True, f"{_ARGUMENTS}:173"),
        Supplied(
            "enable_return_routed_experts",
            True,
            "swift/megatron/trainers/rollout_mixin.py:465",
            when=(When("router_replay_mode", ("R3",)),),
        ),
        Supplied(
            "enable_prefix_caching",
            UNKNOWN,
            "of `swift rollout`",
            when=(When("vllm_mode", ("server",)),),
        ),
    ),
    sampling_defaults=(
        Supplied("temperature", 0.9, f"{_RLHF}:257"),
        Supplied("top_k", -1, f"{_ARGUMENTS}:162"),
        Supplied("top_p", 1.0, f"{_ARGUMENTS}:163"),
        Supplied("min_p", 0.0, f"{_ARGUMENTS}:164"),
        Supplied("repetition_penalty", 1.0, f"{_ARGUMENTS}:165"),
        *(
            Supplied(name, UNKNOWN, "not read before 4.0.4", "<4.0.4")
            for name in ("top_k", "top_p")
        ),
        Supplied("top_k", 50, "4.0.0: its arguments", ">=3.2.0,<=4.0.0"),
        Supplied("top_p", 0.9, "4.0.0: its arguments", ">=3.2.0,<=4.0.0"),
    ),
    sampling_forced=tuple(
        Supplied(name, 0.0, f"never sent: {_MIXIN}:356")
        for name in ("presence_penalty", "frequency_penalty")
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"{_GRPO}:778"),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_GRPO}:1004",
            (When("rollout_importance_sampling_mode", _WEIGHTS),),
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"rollout logprobs mask the loss: {_GRPO}:1083",
            (When("off_policy_sequence_mask_delta"),),
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            "distillation has no importance ratio",
            (When("rlhf_type", ("gkd",)),),
        ),
    ),
    ahead=(
        Ahead(
            f"{_ARGUMENTS}:137 (by the model of the step before)",
            (When("async_generate", (True,), absent=False),),
            absent=1,
        ),
    ),
    correction="rollout_importance_sampling_mode: token_truncate",
    divides_by_temperature=True,
    temperature_source=f"{_GRPO}:1478",
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"reset after each sync: {_MIXIN}:656",
            versions=">=3.3.0",
        ),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SURVIVES,
            "3.2.0: no reset",
            versions=">=3.2.0,<3.3.0",
        ),
    ),
)
