"""SkyRL: Hydra-like overrides under `generator.inference_engine`, free keys in
`engine_init_kwargs`."""

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

_ENGINE = "generator.inference_engine"
_CORRECTION = "trainer.algorithm.off_policy_correction"
_LOSS = "trainer.algorithm.policy_loss_type"
_CONFIG = "skyrl/train/config/config.py"
_OPTIONS = "skyrl/backends/skyrl_train/inference_servers/utils.py"
_SAMPLING = "skyrl/backends/skyrl_train/inference_servers/engine_utils.py"
_OFF_POLICY = "skyrl/backends/skyrl_train/utils/off_policy_correction_utils.py"
_LOSSES = "skyrl/backends/skyrl_train/utils/ppo_utils.py"
_WORKER = "skyrl/backends/skyrl_train/workers/fsdp/fsdp_worker.py"
# The layout before skyrl 0.1.0 has the engine's keys at `generator` itself.
_BEFORE = (
    "generator.backend",
    "generator.engine_init_kwargs",
    "generator.inference_engine_tensor_parallel_size",
    "generator.num_inference_engines",
)
_TYPED = frozenset(
    (
        "data_parallel_size",
        "distributed_executor_backend",
        "dtype",
        "enable_prefix_caching",
        "enable_return_routed_experts",
        "enforce_eager",
        "fully_sharded_loras",
        "gpu_memory_utilization",
        "language_model_only",
        "max_num_batched_tokens",
        "max_num_seqs",
        "pipeline_parallel_size",
        "served_model_name",
        "speculative_config",
        "tensor_parallel_size",
    )
)
_FULLY_ASYNC = When("trainer.fully_async.enabled", (True,), absent=False)
# Entry points whose generators ask for the salt; one of the user's own may not.
_SALTING = (
    "skyrl.train.entrypoints",
    "examples.train.fully_async.",
    "examples.train.algorithms.dapo.",
    "main_harbor_fully_async",
)

FRAMEWORK = Framework(
    name="skyrl",
    read_at="NovaSky-AI/SkyRL@a956457",
    newest="0.3.0",
    distribution="skyrl",
    package="skyrl",
    marks=(
        Mark(keys=(_ENGINE,)),
        Mark(keys=(_CORRECTION,), without=_BEFORE),
        Mark(keys=("generator.sampling_params",), without=_BEFORE),
    ),
    engine=(
        Where(_ENGINE, spelled={"model_dtype": "dtype"}, only=_TYPED, reads=_TYPED),
        Where(f"{_ENGINE}.engine_init_kwargs", passes=True),
    ),
    sampling=(
        Where(
            "generator.sampling_params",
            # Its repetition_penalty goes nowhere: config.py:1003.
            reads=frozenset(("temperature", "top_p", "top_k", "min_p")),
        ),
        Where("generator.sampling_params.additional_kwargs"),
    ),
    not_training=(
        When(word="main_generate"),
        When(word="main_harbor_generate"),
        When(word="main_fully_async_sim"),
        When(word="entrypoints.serve"),
        When(word="main_sft"),
        When("trainer.fully_async.simulate_training", (True,), absent=False),
    ),
    elsewhere=(
        When(f"{_ENGINE}.run_engines_locally", (False,), absent=True),
        When("trainer.arctic_rl"),
        When("trainer.override_entrypoint"),
    ),
    backend=Backend(f"{_ENGINE}.backend", ("vllm",), "vllm"),
    defaults=(
        Supplied("enable_prefix_caching", True, f"{_CONFIG}:1134"),
        Supplied("generation_config", "vllm", f"{_OPTIONS}:109"),
        Supplied("dtype", "bfloat16", f"{_CONFIG}:1099 (model_dtype)"),
        Supplied("distributed_executor_backend", "ray", f"{_CONFIG}:1177", ">=0.3.0"),
    ),
    # skyrl/backends/skyrl_train/inference_servers/engine_utils.py:61
    response_length=("generator.sampling_params.max_generate_length",),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CONFIG}:1004"),
        Supplied("top_p", 1.0, f"{_CONFIG}:1007"),
        Supplied("top_k", -1, f"{_CONFIG}:1011"),
        Supplied("min_p", 0.0, f"{_CONFIG}:1009"),
        Supplied("repetition_penalty", 1.0, f"{_SAMPLING}:56 (not sent)"),
        Supplied("presence_penalty", 0.0, f"{_SAMPLING}:56 (not sent)"),
        Supplied("frequency_penalty", 0.0, f"{_SAMPLING}:56 (not sent)"),
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"off_policy_correction is off by default: {_CONFIG}:917"),
        *(
            Switch(TrainerKind.DECOUPLED, source, tuple(When(key) for key in keys))
            for source, *keys in (
                (f"{_CONFIG}:794", f"{_CORRECTION}.tis_ratio_type"),
                (f"{_CONFIG}:801", f"{_CORRECTION}.sequence_mask_metric"),
                (f"{_OFF_POLICY}:13", f"{_CORRECTION}.outlier_token_is_threshold_low"),
                (f"{_OFF_POLICY}:13", f"{_CORRECTION}.outlier_token_is_threshold_high"),
                (
                    f"{_OFF_POLICY}:17",
                    f"{_CORRECTION}.token_mask_is_threshold_low",
                    f"{_CORRECTION}.token_mask_is_threshold_high",
                ),
            )
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_CONFIG}:913",
            (When("trainer.algorithm.use_tis", (True,), absent=False),),
        ),
        Switch(TrainerKind.ROLLOUT_LOGPROBS, f"{_LOSSES}:848", (When(_LOSS, ("rollout_is",)),)),
        Switch(TrainerKind.ROLLOUT_LOGPROBS, f"{_LOSSES}:889", (When(_LOSS, ("dppo",)),)),
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            f"{_LOSSES}:769",
            (When(_LOSS, ("cispo",)), When("trainer.algorithm.cispo.cispo_anchor", ("rollout",))),
        ),
    ),
    precisions=(
        Precision("bfloat16", f"{_CONFIG}:1381", (When("trainer.bf16", (True,), absent=True),)),
        Precision(
            "float16",
            f"{_CONFIG}:213",
            (When("trainer.policy.fsdp_config.mixed_precision.param_dtype", ("fp16", "float16")),),
        ),
        Precision(
            "quantized",
            "megatron's own fp8",
            (When("trainer.policy.megatron_config.transformer_config_kwargs.fp8"),),
        ),
        Precision(
            "quantized",
            f"{_CONFIG}:170 (trains through a quantised forward)",
            (When("trainer.policy.model.fake_int4_qat.enabled", (True,), absent=False),),
        ),
    ),
    inert=(
        Inert(
            When(_LOSS, ("rollout_is",)),
            When("generator.sampling_params.logprobs", (None,), absent=1),
            1,
            f"{_LOSSES}:846",
            refused=True,
            harmless=True,
            versions=">=0.3.0",
        ),
    ),
    ahead=(
        Ahead(
            f"{_CONFIG}:952",
            (_FULLY_ASYNC,),
            "trainer.fully_async.max_staleness_steps",
            4,
            versions=">=0.3.0",
        ),
    ),
    correction=f"{_CORRECTION}.tis_ratio_type: token",
    divides_by_temperature=True,
    temperature_source="skyrl/backends/skyrl_train/workers/model_wrapper.py:334",
    trainer_temperature="trainer.algorithm.temperature",  # else the rollout's: config.py:1737
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"reset_running_requests=True with each sync: {_WORKER}:285",
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SURVIVES,
            f"0.2.0:{_WORKER}:286 (a plain reset, which kept requests make vLLM refuse)",
            (When(word="main_fully_async"),),
            ">=0.2.0,<0.3.0",
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.UNKNOWN,
            f"{_CONFIG}:949 (whether its generator salts its requests is not known)",
            (_FULLY_ASYNC,),
            ">=0.3.0",
        ),
        *(
            SyncSwitch(
                SyncStyle.IN_FLIGHT,
                CacheFate.SALTED,
                "skyrl/train/generators/skyrl_gym_generator.py:262 (use_cache_salt is the default)",
                (_FULLY_ASYNC, When(word=word)),
                ">=0.3.0",
            )
            for word in _SALTING
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SURVIVES,
            "skyrl/backends/skyrl_train/inference_servers/remote_inference_client.py:985 (keep, no"
            " clear)",
            (_FULLY_ASYNC, When("generator.use_cache_salt", (False,), absent=True)),
            ">=0.3.0",
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.CLEARED,
            f"{_CONFIG}:963",
            (
                _FULLY_ASYNC,
                When("trainer.fully_async.clear_kv_cache_on_weight_sync", (True,), absent=False),
            ),
            ">=0.3.0",
        ),
    ),
)
