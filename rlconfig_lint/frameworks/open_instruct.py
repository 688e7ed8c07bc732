"""open-instruct: flags of `open_instruct/grpo_fast.py`, mostly at the end of a launcher's line."""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Framework,
    Inert,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_ENGINE = "open_instruct/vllm_utils.py"
_GRPO = "open_instruct/grpo_utils.py"
_DATA = "open_instruct/data_loader.py"

FRAMEWORK = Framework(
    name="open-instruct",
    read_at="allenai/open-instruct@e6c3044",
    newest="0.3.0",
    distribution="open-instruct",
    package="open_instruct",
    marks=(Mark(word="open_instruct/grpo_fast.py"), Mark(word="open_instruct/grpo.py")),
    flags=True,
    engine=(
        Where(
            "",
            prefix="vllm_",
            only=frozenset(
                (
                    "attention_backend",
                    "enable_prefix_caching",
                    "enforce_eager",
                    "gpu_memory_utilization",
                    "tensor_parallel_size",
                )
            ),
        ),
    ),
    sampling=(Where("", spelled={"vllm_top_p": "top_p"}),),
    forced=(
        Supplied("logprobs_mode", "processed_logprobs", f"{_ENGINE}:1284", ">=0.3.0"),
        Supplied("logprobs_mode", None, "v0.2.0:vllm_utils.py (not passed)", "<0.3.0"),
        Supplied("generation_config", "vllm", f"{_ENGINE}:686"),
        Supplied("disable_cascade_attn", True, f"{_ENGINE}:689"),
        Supplied("dtype", "bfloat16", f"{_ENGINE}:1257"),
        Supplied("async_scheduling", None, f"{_ENGINE}:1257 (not passed)"),
        Supplied("hf_overrides", None, f"{_ENGINE}:1257 (not passed)"),
        Supplied("quantization", None, f"{_ENGINE}:1257 (not passed)"),
    ),
    defaults=(Supplied("enable_prefix_caching", False, f"{_DATA}:401"),),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_DATA}:439"),
        Supplied("top_p", 1.0, f"{_DATA}:402"),
        *(
            Supplied(name, neutral, f"never sent: {_ENGINE}:1008")
            for name, neutral in (
                ("top_k", 0),
                ("min_p", 0.0),
                ("presence_penalty", 0.0),
                ("frequency_penalty", 0.0),
                ("repetition_penalty", 1.0),
            )
        ),
    ),
    trainer=(
        Switch(TrainerKind.DECOUPLED, f"use_rho_correction is on by default: {_GRPO}:110"),
        Switch(
            TrainerKind.RECOMPUTE,
            f"{_GRPO}:110",
            (When("use_rho_correction", (False,), absent=True),),
        ),
        Switch(TrainerKind.RECOMPUTE, "v0.2.0:open_instruct/grpo_utils.py:64", versions="<0.3.0"),
        Switch(
            TrainerKind.DECOUPLED,
            "v0.2.0:open_instruct/grpo_utils.py:64",
            (When("truncated_importance_sampling_ratio_cap"),),
            "<0.3.0",
        ),
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            f"{_GRPO}:154",
            (When("use_vllm_logprobs", (True,), absent=False),),
        ),
    ),
    inert=(
        Inert(
            When("use_rho_correction", (True,), absent=True),
            When("use_vllm_logprobs", (True,), absent=False),
            False,
            f"{_GRPO}:246",
            refused=True,
            versions=">=0.3.0",
        ),
    ),
    ahead=(Ahead(f"{_DATA}:413", steps="async_steps", absent=8),),
    correction="--use_rho_correction true",
    divides_by_temperature=True,
    temperature_source=f"{_GRPO}:560",
    sync=(
        # sleep(level=0, mode="keep") clears nothing (vllm_utils.py:789), and reset_prefix_cache
        # has no caller: each request carries its prompt's id of this epoch as its salt instead.
        SyncSwitch(SyncStyle.IN_FLIGHT, CacheFate.SALTED, f"{_ENGINE}:1014 (cache_salt)"),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SALTED,
            f"{_ENGINE}:797 (drained)",
            (When("inflight_updates", (False,), absent=True),),
        ),
    ),
)
