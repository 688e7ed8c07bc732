"""axolotl: YAML with blocks `trl` and `vllm` beside `base_model`, trained by TRL's GRPOTrainer.

Its own versions say which TRL it has; what it does not replace, TRL's data have in full.
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
from rlconfig_lint.model import UNKNOWN, CacheFate, Form, SyncStyle, TrainerKind

_SCHEMA = "src/axolotl/utils/schemas/vllm.py"
_LORA_SERVER = "src/axolotl/scripts/vllm_serve_lora.py"
_GRPO = "src/axolotl/core/trainers/grpo/__init__.py"
_ASYNC = "src/axolotl/core/trainers/grpo/async_trainer.py"
_SYNC = "src/axolotl/monkeypatch/trainer/trl_vllm.py"

_TAKEN = frozenset(
    (
        "data_parallel_size",
        "dtype",
        "enable_prefix_caching",
        "enforce_eager",
        "gpu_memory_utilization",
        "max_model_len",
        "reasoning_parser",
        "tensor_parallel_size",
        "worker_extension_cls",
    )
)
# `vllm_mode` is "server" where nobody says it:
# src/axolotl/utils/schemas/validation.py:1907.
_COLOCATED = When("trl.vllm_mode", ("colocate",), absent="server")
_SERVED = When("trl.vllm_mode", ("server",), absent="server")

FRAMEWORK = Framework(
    name="axolotl",
    read_at="axolotl-ai-cloud/axolotl@067b021",
    newest="0.19.0",
    distribution="axolotl",
    package="src/axolotl",
    version_file="VERSION",
    marks=(Mark(keys=("base_model", "trl.use_vllm"), form=Form.DOCUMENT),),
    backend=Backend("trl.use_vllm", (True,), False),
    not_training=(
        When("rl", ("dpo", "ipo", "kto", "orpo", "simpo")),
        When("ebft.mode", ("strided",)),
    ),
    engine=(Where("vllm", only=_TAKEN, reads=_TAKEN),),
    sampling=(Where("trl"),),
    forced=(
        Supplied("logprobs_mode", "processed_logprobs", f"{_LORA_SERVER}:116", ">=0.14.0"),
        Supplied("logprobs_mode", "processed_logprobs", "0.13.2: TRL 0.27.0", ">=0.13.2,<0.14.0"),
        Supplied(
            "logprobs_mode",
            None,
            "0.13.2: the server of TRL 0.27.0",
            ">=0.13.2,<0.14.0",
            (_SERVED,),
        ),
        Supplied("logprobs_mode", UNKNOWN, "not read", ">0.12.2,<0.13.2"),
        Supplied("logprobs_mode", None, "0.12.2: TRL 0.21.0", "<=0.12.2"),
        *(
            Supplied(name, None, f"{_GRPO}:71 (not passed)", when=(_COLOCATED,))
            for name in ("dtype", "enable_prefix_caching", "enforce_eager")
        ),
        *(
            Supplied(name, None, f"{_SCHEMA}:8 (no key)")
            for name in ("async_scheduling", "generation_config", "hf_overrides", "quantization")
        ),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_GRPO}:128, TRL's default"),
        Supplied("top_p", 1.0, f"{_GRPO}:130, TRL's default"),
        Supplied("top_k", 0, f"{_GRPO}:132, TRL's default"),
        Supplied("min_p", None, f"{_GRPO}:134, TRL's default"),
        Supplied("repetition_penalty", 1.0, f"{_GRPO}:136, TRL's default"),
        Supplied("temperature", UNKNOWN, "TRL's version was not read", "<0.12.2"),
        Supplied("top_k", UNKNOWN, "TRL's version was not read", "<0.12.2"),
    ),
    trainer=(
        Switch(
            TrainerKind.DECOUPLED,
            f"vllm_importance_sampling_correction is on by default: {_ASYNC}:158",
            versions=">=0.13.2",
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            f"{_GRPO}:167",
            (When("trl.vllm_importance_sampling_correction", (False,), absent=True),),
            ">=0.16.0",
        ),
        Switch(
            TrainerKind.DECOUPLED,
            "rollout logprobs mask the loss: trl/trainer/grpo_trainer.py:3038",
            (When("trl.off_policy_mask_threshold"),),
            ">=0.16.0",
        ),
        Switch(TrainerKind.RECOMPUTE, "0.12.2: TRL 0.21.0", versions="<=0.12.2"),
    ),
    ahead=(
        Ahead(
            f"{_ASYNC}:116",
            (When("trl.async_prefetch", (True,), absent=False),),
            "trl.prefetch_depth",
            1,
        ),
    ),
    correction="trl.vllm_importance_sampling_correction: true",
    divides_by_temperature=True,
    temperature_source=f"{_ASYNC}:2727",
    sync=(
        SyncSwitch(SyncStyle.BETWEEN_BATCHES, CacheFate.CLEARED, f"{_SYNC}:262"),
        SyncSwitch(
            SyncStyle.UNKNOWN,
            CacheFate.UNKNOWN,
            "agents may send requests at any time: src/axolotl/integrations/nemo_gym/plugin.py:661",
            (When("nemo_gym_enabled", (True,), absent=False),),
        ),
    ),
)
