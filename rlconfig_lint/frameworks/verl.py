"""verl: Hydra overrides under `actor_rollout_ref.rollout`, free keys under `engine_kwargs.vllm`."""

from rlconfig_lint.frameworks.words import (
    Backend,
    Dropped,
    Framework,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

ROLLOUT = "actor_rollout_ref.rollout"
KWARGS = f"{ROLLOUT}.engine_kwargs.vllm"
_CORRECTION = "algorithm.rollout_correction"
_CONFIG = "verl/trainer/config"
_YAML = f"{_CONFIG}/rollout/rollout.yaml"
_SERVER = "verl/workers/rollout/vllm_rollout/vllm_async_server.py"
_BYPASSED_BY_DEFAULT = (
    When(word="fully_async_main"),
    When(word="fully_async_ppo"),
    When(word="one_step_off_policy"),
    When(word="one_step_off_ppo"),
)

FRAMEWORK = Framework(
    name="verl",
    read_at="verl-project/verl@1dda039",
    newest="0.9.1",
    distribution="verl",
    package="verl",
    version_file="verl/version/version",
    marks=(Mark(keys=(ROLLOUT,)),),
    engine=(
        Where(
            ROLLOUT,
            spelled={"tensor_model_parallel_size": "tensor_parallel_size"},
            only=frozenset(("logprobs_mode", "enable_prefix_caching", "dtype", "quantization")),
        ),
        Where(KWARGS, passes=True, override="++"),
    ),
    sampling=(Where(ROLLOUT),),
    not_training=(
        When(word="main_generation"),
        When(word="main_eval"),
        When("trainer.val_only", (True,), absent=False),
    ),
    drops_false=(
        # build_cli_args_from_config writes no flag for a false value.
        Dropped(
            (ROLLOUT, KWARGS),
            "0.6.0:verl/workers/rollout/vllm_rollout/vllm_async_server.py:249",
            (When(f"{ROLLOUT}.mode", ("async",), absent="sync"),),
            versions=">=0.6.0,<0.7.0",
        ),
        Dropped(
            (ROLLOUT, KWARGS),
            "verl/workers/rollout/vllm_rollout/utils.py:458; 0.9.1 writes --no-<key>",
            versions=">=0.7.0,<0.9.1|==0.10.0.dev0",
        ),
    ),
    backend=Backend(f"{ROLLOUT}.name", ("vllm",), "vllm"),
    defaults=(
        Supplied(
            "logprobs_mode", "processed_logprobs", f"{_YAML}:93; 0.7.0 has it first", ">=0.7.0"
        ),
        Supplied(
            "enable_prefix_caching",
            True,
            "0.5.0:verl/workers/rollout/vllm_rollout/vllm_rollout_spmd.py:180 (not a key)",
            ">=0.3.0,<0.6.0",
        ),
        Supplied("enable_prefix_caching", True, f"{_YAML}:90", ">=0.6.0"),
        Supplied("dtype", "bfloat16", f"{_YAML}:43"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_YAML}:17"),
        Supplied("top_k", -1, f"{_YAML}:20"),
        Supplied("top_p", 1, f"{_YAML}:23"),
        Supplied("repetition_penalty", 1.0, f"{_SERVER}:1032"),
    ),
    sampling_forced=(
        Supplied(
            "repetition_penalty",
            1.0,
            "verl/experimental/agent_loop/agent_loop.py:564 (whatever the config says)",
            ">=0.7.0",
        ),
    ),
    trainer=(
        Switch(
            TrainerKind.RECOMPUTE, f"{_CONFIG}/algorithm/rollout_correction.yaml (off by default)"
        ),
        Switch(
            TrainerKind.DECOUPLED,
            "0.6.0:verl/trainer/ppo/ray_trainer.py:939",
            (
                When("algorithm.rollout_is", (True,), absent=False),
                When("algorithm.rollout_is_threshold"),
            ),
            ">=0.6.0,<0.6.1",
        ),
        *(
            Switch(
                TrainerKind.DECOUPLED,
                f"{_CONFIG}/algorithm/rollout_correction.yaml",
                (When(f"{_CORRECTION}.{key}"),),
                ">=0.6.1",
            )
            for key in ("rollout_is", "rollout_rs")
        ),
        *(
            Switch(
                TrainerKind.ROLLOUT_LOGPROBS,
                "verl/experimental/fully_async_policy/config/fully_async_ppo_trainer.yaml:98",
                (when, When(f"{_CORRECTION}.bypass_mode", (True,), absent=True)),
                ">=0.7.1",
            )
            for when in _BYPASSED_BY_DEFAULT
        ),
        Switch(  # last: with it on, nothing is recomputed whatever the others say
            TrainerKind.ROLLOUT_LOGPROBS,
            f"{_CONFIG}/algorithm/rollout_correction.yaml",
            (When(f"{_CORRECTION}.bypass_mode", (True,), absent=False),),
            ">=0.6.1",
        ),
    ),
    divides_by_temperature=True,
    temperature_source="verl/workers/engine/fsdp/transformer_impl.py:1357",
    sync=(
        # wake_up, clear_kv_cache and pause each reset it: vllm_async_server.py:802, :832, :922.
        SyncSwitch(SyncStyle.BETWEEN_BATCHES, CacheFate.CLEARED, f"{_SERVER}:802"),
        *(
            SyncSwitch(
                SyncStyle.IN_FLIGHT,
                CacheFate.CLEARED,
                f"{_SERVER}:922 (abort, clear, send again)",
                (when,),
            )
            for when in (
                When(word="fully_async_main"),
                When(word="fully_async_ppo"),
                When("trainer.v1.trainer_mode", ("colocate_async", "separate_async")),
            )
        ),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SURVIVES,
            "0.5.0:verl/workers/sharding_manager/fsdp_vllm.py:239 (only sleep clears it)",
            (When(f"{ROLLOUT}.free_cache_engine", (False,), absent=True),),
            ">=0.3.0,<0.6.0",
        ),
    ),
)
