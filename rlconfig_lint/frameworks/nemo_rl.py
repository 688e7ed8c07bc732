"""NeMo-RL: YAML laid over others by `defaults: <path>`, typed keys at `policy.generation.vllm_cfg`,
free ones at `policy.generation.vllm_kwargs`.

Its releases are git tags and its source does not say which one it is: the data describe the commit
that was read, older tags where `framework-version` is declared.
"""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Backend,
    Framework,
    Inert,
    Mark,
    Precision,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_GENERATION = "policy.generation"
_WORKER = "nemo_rl/models/generation/vllm/vllm_worker.py"
_LOSS = "nemo_rl/algorithms/loss/loss_functions.py"
_GRPO = "nemo_rl/algorithms/grpo.py"
_SINGLE = "nemo_rl/algorithms/single_controller_utils/config.py:411"
_COLLECTOR = "nemo_rl/algorithms/async_utils/trajectory_collector.py"
_DRAINED = f"the refit resets nothing ({_GRPO}:4947), requests are drained ({_COLLECTOR}:650)"
_RESET = f"recompute_kv_cache_after_weight_updates ({_COLLECTOR}:672)"
_KEPT = f"the refit resets nothing ({_GRPO}:4947) and requests go on"
# reset_prefix_cache without reset_running_requests is refused while a request runs (vllm#28827).
_REFUSED = "reset_prefix_cache() while requests run: vllm_worker_async.py:1567"
_ENABLED = (
    ("grpo.async_grpo", When("grpo.async_grpo.enabled", (True,), absent=False)),
    ("ppo.async_ppo", When("ppo.async_ppo.enabled", (True,), absent=False)),
)


def _asynchronous(keys: str, enabled: When) -> tuple[SyncSwitch, ...]:
    in_flight = When(f"{keys}.in_flight_weight_updates", (True,), absent=False)
    reset = When(f"{keys}.recompute_kv_cache_after_weight_updates", (True,), absent=False)
    between, flight = SyncStyle.BETWEEN_BATCHES, SyncStyle.IN_FLIGHT
    survives, cleared = CacheFate.SURVIVES, CacheFate.CLEARED
    return (
        SyncSwitch(between, survives, _DRAINED, (enabled,)),
        SyncSwitch(between, cleared, _RESET, (enabled, reset)),
        SyncSwitch(flight, survives, _KEPT, (enabled, in_flight)),
        SyncSwitch(flight, survives, _REFUSED, (enabled, in_flight, reset)),
    )


FRAMEWORK = Framework(
    name="nemo-rl",
    read_at="NVIDIA-NeMo/RL@7ea279a",
    newest="0.8.0.dev0",
    distribution="nemo-rl",
    package="nemo_rl",
    marks=(Mark(keys=(f"{_GENERATION}.vllm_cfg",)), Mark(keys=(f"{_GENERATION}.backend",))),
    engine=(
        Where(
            f"{_GENERATION}.vllm_cfg",
            spelled={"precision": "dtype"},
            only=frozenset(
                (
                    "dtype",
                    "enable_prefix_caching",
                    "enforce_eager",
                    "gpu_memory_utilization",
                    "logprobs_mode",
                    "max_model_len",
                    "pipeline_parallel_size",
                    "skip_tokenizer_init",
                    "tensor_parallel_size",
                )
            ),
        ),
        Where(f"{_GENERATION}.vllm_kwargs", passes=True, override="++"),
    ),
    sampling=(Where(_GENERATION),),
    not_training=(When(word="run_eval"),),
    backend=Backend(f"{_GENERATION}.backend", ("vllm",), "vllm", f"{_GRPO}"),
    forced=(
        Supplied("logprobs_mode", "raw_logprobs", "v0.4.0:vllm_worker.py:403", "==0.4.0"),
        Supplied("logprobs_mode", "processed_logprobs", "v0.7.0:vllm_worker.py:455", "<=0.7,>=0.5"),
    ),
    defaults=(
        Supplied("enable_prefix_caching", True, f"{_WORKER}:84 (compute capability 8.0 and newer)"),
        Supplied(
            "enable_return_routed_experts",
            True,
            "nemo_rl/models/megatron/router_replay.py:50",
            when=(When("policy.router_replay.enabled", (True,), absent=False),),
        ),
    ),
    sampling_defaults=(
        *(
            Supplied(name, neutral, f"never sent: {_WORKER}:642")
            for name, neutral in (
                ("min_p", 0.0),
                ("presence_penalty", 0.0),
                ("frequency_penalty", 0.0),
                ("repetition_penalty", 1.0),
            )
        ),
    ),
    response_length=(f"{_GENERATION}.max_new_tokens",),  # vllm_worker.py:654
    processors=("bad_words",),  # nemo_rl/models/generation/vllm/vllm_worker.py:666
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"the correction is off by default: {_LOSS}:140"),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_LOSS}:673",
            (When("loss_fn.use_importance_sampling_correction", (True,), absent=False),),
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_GRPO}:2513 (masks sequences by the distance)",
            (When("grpo.seq_logprob_error_threshold"),),
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_LOSS}:483",
            (
                When("loss_fn.use_on_policy_kl_approximation", (True,), absent=False),
                When("loss_fn.reference_policy_kl_penalty"),
            ),
        ),
    ),
    precisions=(
        *(
            Precision(dtype, "policy.precision", (When("policy.precision", (dtype,)),))
            for dtype in ("bfloat16", "float16", "float32")
        ),
        Precision(
            "quantized",
            "nemo_rl/models/policy/__init__.py:483",
            (When("policy.megatron_cfg.fp8_cfg.enabled", (True,), absent=False),),
        ),
        Precision(
            "quantized", "nemo_rl/models/policy/__init__.py:599", (When("policy.quant_cfg"),)
        ),
    ),
    inert=(
        Inert(
            When("loss_fn.truncated_importance_sampling_type"),
            When("loss_fn.use_importance_sampling_correction", (False,), absent=False),
            True,
            f"{_LOSS}:293",
            refused=True,
        ),
    ),
    ahead=(
        Ahead(
            f"{_GRPO}:4127",
            (_ENABLED[0][1],),
            "grpo.async_grpo.max_trajectory_age_steps",
            1,
            refused=True,
        ),
        Ahead(
            "nemo_rl/algorithms/ppo.py:122",
            (_ENABLED[1][1],),
            "ppo.async_ppo.max_trajectory_age_steps",
            1,
        ),
    ),
    correction="loss_fn.use_importance_sampling_correction: true",
    divides_by_temperature=True,
    temperature_source="nemo_rl/models/automodel/train.py:193",
    replays=("top_k", "top_p"),  # nemo_rl/models/automodel/train.py:198
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"finish_generation sleeps or resets after each step: {_WORKER}:1298",
        ),
        *(row for keys, enabled in _ENABLED for row in _asynchronous(keys, enabled)),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SURVIVES,
            f"single controller: {_SINGLE}",
            (When("async_rl"),),
        ),
        SyncSwitch(  # whether a request runs at the reset depends on the sampler's lookahead
            SyncStyle.IN_FLIGHT,
            CacheFate.UNKNOWN,
            "nemo_rl/algorithms/single_controller.py:1662",
            (
                When("async_rl"),
                When("async_rl.recompute_kv_cache_after_weight_updates", (True,), absent=False),
            ),
        ),
    ),
)
