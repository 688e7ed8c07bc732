"""EasyR1: a fork of verl whose package is called verl too, with keys of its own: `worker.rollout`.

A dotlist over `config=FILE` over dataclasses. No free keys: what is not a field raises.
"""

from rlconfig_lint.frameworks.words import (
    Backend,
    Framework,
    Mark,
    Precision,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import UNKNOWN, CacheFate, SyncStyle, TrainerKind

_ROLLOUT = "worker.rollout"
_CONFIG = "verl/workers/rollout/config.py"
_SPMD = "verl/workers/rollout/vllm_rollout_spmd.py"

FRAMEWORK = Framework(
    name="easyr1",
    read_at="hiyouga/EasyR1@b44b311",
    newest="0.3.3",
    distribution="",  # "verl" in setup.py, as verl itself
    package="verl",
    version_file="verl/__init__.py",
    marks=(
        Mark(keys=(_ROLLOUT, "worker.actor")),
        Mark(keys=(_ROLLOUT, "data.rollout_batch_size")),
        Mark(keys=(_ROLLOUT, "config")),
    ),
    engine=(
        Where(
            _ROLLOUT,
            only=frozenset(
                (
                    "disable_log_stats",
                    "dtype",
                    "enable_chunked_prefill",
                    "enforce_eager",
                    "gpu_memory_utilization",
                    "max_model_len",
                    "max_num_batched_tokens",
                    "seed",
                    "tensor_parallel_size",
                )
            ),
        ),
    ),
    sampling=(Where(_ROLLOUT),),
    not_training=(When("trainer.val_only", (True,), absent=False),),
    backend=Backend(f"{_ROLLOUT}.name", ("vllm",), "vllm", f"{_CONFIG}:24"),
    forced=(
        Supplied("logprobs_mode", UNKNOWN, f"no request asks for logprobs: {_SPMD}:151"),
        # LLM(...) gets a fixed list of arguments, and vLLM's own values for all others.
        *(
            Supplied(name, None, f"not passed: {_SPMD}:127")
            for name in (
                "async_scheduling",
                "enable_prefix_caching",
                "generation_config",
                "hf_overrides",
                "kv_cache_dtype",
                "quantization",
            )
        ),
    ),
    defaults=(
        Supplied("dtype", "bfloat16", f"{_CONFIG}:31"),
        Supplied("seed", 1, f"{_CONFIG}:29"),
        Supplied("enforce_eager", False, f"{_CONFIG}:34"),
        Supplied("enable_chunked_prefill", False, f"{_CONFIG}:35"),
        Supplied("enable_sleep_mode", True, f"{_SPMD}:143"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CONFIG}:26"),
        Supplied("top_p", 1.0, f"{_CONFIG}:27"),
        Supplied("top_k", -1, f"{_CONFIG}:28"),
    ),
    sampling_forced=(  # LLM.generate with SamplingParams: what is no field of the config is neutral
        Supplied("min_p", 0, f"{_SPMD}:151 (no field)"),
        Supplied("repetition_penalty", 1.0, f"{_SPMD}:151 (no field)"),
        Supplied("presence_penalty", 0, f"{_SPMD}:151 (no field)"),
        Supplied("frequency_penalty", 0, f"{_SPMD}:151 (no field)"),
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, "verl/trainer/ray_trainer.py:609 (no key switches it)"),
    ),
    precisions=tuple(
        Precision(
            dtype,
            "verl/workers/actor/config.py:85",
            (When("worker.actor.fsdp.mp_param_dtype", spellings, absent="bf16"),),
        )
        for dtype, spellings in (
            ("bfloat16", ("bf16", "bfloat16")),
            ("float16", ("fp16", "float16")),
        )
    ),
    divides_by_temperature=True,
    temperature_source="verl/workers/actor/dp_actor.py:128",
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            "sleep(level=1) behind each batch: verl/workers/sharding_manager/fsdp_vllm.py:204",
        ),
    ),
)
