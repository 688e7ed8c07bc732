"""verl: Hydra overrides under `actor_rollout_ref.rollout`, free keys under `engine_kwargs.vllm`.

`0.5.0:path:line` is a line of that release, a path alone one of `read_at`. A tree that says
0.7.0.dev may hold anything between 0.6.0 and 0.7.0: where those differ, it is unknown.
"""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Backend,
    Bound,
    Dropped,
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
from rlconfig_lint.model import UNKNOWN, CacheFate, SyncStyle, TrainerKind

ROLLOUT = "actor_rollout_ref.rollout"
KWARGS = f"{ROLLOUT}.engine_kwargs.vllm"
CORRECTION = "algorithm.rollout_correction"
_CONFIG = "verl/trainer/config"
_YAML = f"{_CONFIG}/rollout/rollout.yaml"
_CORRECTION_YAML = f"{_CONFIG}/algorithm/rollout_correction.yaml"
_LOOP = "verl/experimental/agent_loop/agent_loop.py"
_SERVER = "verl/workers/rollout/vllm_rollout/vllm_async_server.py"
_SPMD = "verl/workers/rollout/vllm_rollout/vllm_rollout_spmd.py"
_FULLY_ASYNC = "verl/experimental/fully_async_policy"
_RECIPE = "TIGER-AI-Lab/verl-tool@980962b:verl/recipe"  # verl's own, between 0.6.0 and 0.6.1

TYPED = frozenset(
    (
        "disable_log_stats",
        "dtype",
        "enable_chunked_prefill",
        "enforce_eager",
        "gpu_memory_utilization",
        "load_format",
        "max_model_len",
        "max_num_batched_tokens",
        "max_num_seqs",
        "tensor_parallel_size",
    )
)
_RENAMED = {"tensor_model_parallel_size": "tensor_parallel_size"}
_ASYNC = When(f"{ROLLOUT}.mode", ("async",), absent="sync")  # the default until 0.6.1
_SYNC = When(f"{ROLLOUT}.mode", ("sync",), absent="sync")
_PARAMETERS = "fsdp_config.mixed_precision.param_dtype"
_CACHE_KEPT = When(f"{ROLLOUT}.free_cache_engine", (False,), absent=True)
_LORA = When("actor_rollout_ref.model.lora_rank")
_IN_FLIGHT = (When(word="fully_async_main"), When(word="fully_async_ppo"))
_BYPASSED_BY_DEFAULT = (
    *_IN_FLIGHT,
    When(word="one_step_off_policy"),
    When(word="one_step_off_ppo"),
)


def _calculated(absent: bool) -> When:
    """Whether the engine returns logprobs at all; a correction without them is skipped silently."""
    return When(f"{ROLLOUT}.calculate_log_probs", (True,), absent=absent)


# When the batch has rollout logprobs: the words and the default that go with some versions.
_RETURNED: tuple[tuple[str, tuple[When, ...]], ...] = (
    (">=0.6.1,<0.9.0", (_calculated(False),)),
    (">=0.9.0", (_calculated(True),)),
    *((">=0.7.1,<0.9.0", (word, _calculated(True))) for word in _BYPASSED_BY_DEFAULT),
)


def _dropped(on: When, source: str, versions: str, *, absent: bool) -> Inert:
    """A correction whose batch has no rollout logprobs: it is left out, and nothing says so."""
    off = When(f"{ROLLOUT}.calculate_log_probs", (False,), absent=absent)
    collecting = () if absent else _BYPASSED_BY_DEFAULT
    return Inert(on, off, True, source, unless=collecting, harmless=True, versions=versions)


FRAMEWORK = Framework(
    name="verl",
    read_at="verl-project/verl@1dda039",
    newest="0.9.1",
    distribution="verl",
    package="verl",
    version_file="verl/version/version",
    marks=(Mark(keys=(ROLLOUT,)),),
    engine=(
        # What `rollout` takes and nothing else reaches vLLM; the rest goes to engine_kwargs.
        Where(ROLLOUT, spelled=_RENAMED, only=TYPED, versions="<=0.6.0.dev0"),
        Where(
            ROLLOUT,
            spelled=_RENAMED,
            only=TYPED | {"enable_prefix_caching"},
            versions=">0.6.0.dev0,<=0.7.0.dev0",
        ),
        Where(
            ROLLOUT,
            spelled=_RENAMED,
            only=TYPED | {"enable_prefix_caching", "logprobs_mode", "quantization"},
            versions=">0.7.0.dev0",
        ),
        Where(KWARGS, passes=True, drops_null=True, override="++", versions=">=0.4.0,<0.9.1"),
        Where(
            KWARGS,
            passes=True,
            drops_null=True,
            drops_unknown_false=True,  # 0.9.1:verl/workers/rollout/vllm_rollout/utils.py:458
            override="++",
            versions=">=0.9.1",
        ),
    ),
    sampling=(Where(ROLLOUT),),
    not_training=(
        When(word="main_generation"),
        When(word="main_eval"),
        When("trainer.val_only", (True,), absent=False),
    ),
    drops_false=(
        # build_cli_args_from_config writes no flag for a false value.
        Dropped((ROLLOUT, KWARGS), f"0.6.0:{_SERVER}:249", (_ASYNC,), ">=0.6.0,<=0.7.0.dev0"),
        Dropped(
            (ROLLOUT, KWARGS),
            "verl/workers/rollout/vllm_rollout/utils.py:458; 0.9.1 writes --no-<key>",
            versions=">=0.7.0,<0.9.1|==0.10.0.dev0",
        ),
    ),
    # rollout.yaml has `name: ???` from 0.6.0 on.
    backend=Backend(f"{ROLLOUT}.name", ("vllm",), "vllm", f"0.5.0:{_YAML}:2", versions="<0.6.0"),
    forced=(
        Supplied(
            "enable_prefix_caching",
            True,
            f"0.5.0:{_SPMD}:180 (not a key; engine_kwargs cannot repeat it)",
            ">=0.3.0,<0.6.0",
        ),
    ),
    defaults=(
        Supplied(
            "logprobs_mode", "processed_logprobs", f"{_YAML}:93; 0.7.0 has it first", ">=0.7.0"
        ),
        Supplied("logprobs_mode", UNKNOWN, f"raw in 0.6.1, {_YAML}:77 in 0.7.0", "==0.7.0.dev0"),
        Supplied("enable_prefix_caching", True, f"{_YAML}:90", ">=0.6.0"),
        Supplied(
            "enable_return_routed_experts",
            True,
            f"{_SERVER}:428",
            when=(When(f"{ROLLOUT}.enable_rollout_routing_replay", (True,), absent=False),),
        ),
        Supplied("dtype", "bfloat16", f"{_YAML}:43"),
        Supplied("enforce_eager", True, f"0.5.0:{_YAML}:35", "<0.6.0"),
        Supplied("enforce_eager", False, f"{_YAML}:52", ">=0.6.0"),
        Supplied("enable_chunked_prefill", True, f"{_YAML}:87"),
        Supplied("seed", 0, f"0.7.0:{_SERVER}:311", ">=0.4.0,<0.7.1"),
        Supplied("seed", UNKNOWN, f"the replica's rank and rollout.seed: {_SERVER}:320", ">=0.7.1"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_YAML}:17"),
        Supplied("top_k", -1, f"{_YAML}:20"),
        Supplied("top_p", 1, f"{_YAML}:23"),
        Supplied("repetition_penalty", 1.0, f"{_SERVER}:1032"),
        Supplied("min_p", 0, "no key of rollout.yaml: SamplingParams' own"),
        Supplied("presence_penalty", 0, "no key of rollout.yaml: SamplingParams' own"),
        Supplied("frequency_penalty", 0, "no key of rollout.yaml: SamplingParams' own"),
    ),
    response_length=(f"{ROLLOUT}.response_length", "data.max_response_length"),  # rollout.yaml:39
    sampling_forced=(
        # The agent loop names what a request has; LLM.generate took every key of SamplingParams.
        *(
            Supplied(name, neutral, f"{_LOOP}:564 (whatever the config says)", versions, when)
            for versions, when in ((">=0.5.0,<0.7.0", (_ASYNC,)), (">=0.7.0", ()))
            for name, neutral in (
                ("repetition_penalty", 1.0),
                ("min_p", 0),
                ("presence_penalty", 0),
                ("frequency_penalty", 0),
            )
        ),
        Supplied("top_k", -1, f"0.6.1:{_LOOP}:333 (not passed)", ">=0.5.0,<0.7.0", (_ASYNC,)),
        Supplied("top_k", -1, f"0.7.0:{_LOOP}:427 (not passed)", "==0.7.0"),
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"{_CORRECTION_YAML} (off by default)"),
        Switch(
            TrainerKind.DECOUPLED,
            "0.6.0:verl/trainer/ppo/ray_trainer.py:939",
            (
                When("algorithm.rollout_is", (True,), absent=False),
                When("algorithm.rollout_is_threshold"),
                _calculated(False),
            ),
            ">=0.6.0,<0.6.1|==0.7.0.dev0",
        ),
        *(
            Switch(
                TrainerKind.DECOUPLED,
                f"{_CORRECTION_YAML}, verl/trainer/ppo/ray_trainer.py:1650",
                (When(f"{CORRECTION}.{key}"), *returned),
                versions,
            )
            for key in ("rollout_is", "rollout_rs")
            for versions, returned in _RETURNED
        ),
        *(
            Switch(
                TrainerKind.ROLLOUT_LOGPROBS,
                f"{_RECIPE}/fully_async_policy/ray_trainer.py:371 (not in a wheel before 0.7.1)",
                (
                    when,
                    When("async_training.use_rollout_log_probs", (True,), absent=True),
                    When("async_training.compute_prox_log_prob", (False,), absent=False),
                ),
                ">=0.6.0,<0.7.1",
            )
            for when in _IN_FLIGHT
        ),
        *(
            Switch(
                TrainerKind.ROLLOUT_LOGPROBS,
                f"{_FULLY_ASYNC}/config/fully_async_ppo_trainer.yaml:98",
                (when, When(f"{CORRECTION}.bypass_mode", (True,), absent=True)),
                ">=0.7.1",
            )
            for when in _BYPASSED_BY_DEFAULT
        ),
        Switch(  # last: with it on, nothing is recomputed whatever the others say
            TrainerKind.ROLLOUT_LOGPROBS,
            _CORRECTION_YAML,
            (When(f"{CORRECTION}.bypass_mode", (True,), absent=False),),
            ">=0.6.1",
        ),
    ),
    precisions=(
        Precision("bfloat16", "verl/workers/engine/fsdp/transformer_impl.py:378"),
        *(
            Precision(
                dtype,
                f"verl/workers/engine/{source}",
                (When(f"actor_rollout_ref.actor.{key}", ("float16", "fp16")),),
                versions,
            )
            for key, source, dtype, versions in (
                # Only some releases read it; with others autocast to bfloat16 stands.
                ("fsdp_config.dtype", "fsdp/transformer_impl.py:372", None, ""),
                (_PARAMETERS, "fsdp/transformer_impl.py:374", None, "<0.9.1"),
                (_PARAMETERS, "fsdp/transformer_impl.py:374", "float16", ">=0.9.1"),
                ("megatron.dtype", "megatron/transformer_impl.py:293", None, "<0.9.1"),
                ("megatron.dtype", "megatron/transformer_impl.py:293", "float16", ">=0.9.1"),
            )
        ),
        *(
            Precision("quantized", source, (When(f"actor_rollout_ref.actor.{key}"),))
            for source, key in (
                ("megatron's own fp8", "megatron.override_transformer_config.fp8"),
                (f"{_CONFIG}/actor/actor.yaml:346", "qat.enable"),
                (f"{_CONFIG}/actor/actor.yaml:346", "fsdp_config.qat.enable"),
                (f"{_CONFIG}/actor/actor.yaml:346", "megatron.qat.enable"),
            )
        ),
    ),
    bounds=tuple(
        Bound(_CORRECTION_YAML, (When(f"{CORRECTION}.{key}"),))
        for key in ("rollout_is", "rollout_rs")
    ),
    inert=(
        _dropped(
            When("algorithm.rollout_is_threshold"),
            "0.6.0:verl/trainer/ppo/ray_trainer.py:939",
            "==0.6.0",
            absent=False,
        ),
        *(
            _dropped(When(f"{CORRECTION}.{key}"), source, versions, absent=absent)
            for key in ("rollout_is", "rollout_rs")
            for versions, absent, source in (
                (">=0.6.1,<0.9.0", False, "0.6.1:verl/trainer/ppo/ray_trainer.py:1178"),
                (">=0.9.0", True, "verl/trainer/ppo/ray_trainer.py:1652"),
            )
        ),
        Inert(
            When(f"{CORRECTION}.bypass_mode", (True,), absent=False),
            When(f"{ROLLOUT}.calculate_log_probs", (False,), absent=True),
            True,
            "verl/trainer/ppo/rollout_corr_helper.py:1134",
            refused=True,
            harmless=True,
            versions=">=0.6.1",
        ),
        Inert(
            When(f"{CORRECTION}.bypass_mode", (True,), absent=False),
            When(f"{ROLLOUT}.calculate_log_probs", (False,), absent=False),
            True,
            "0.6.1:verl/trainer/ppo/rollout_corr_helper.py:933",
            (When(word="verl.trainer.main_ppo"),),
            refused=True,
            harmless=True,
            versions=">=0.6.1,<0.9.0",
        ),
    ),
    ahead=(
        *(
            Ahead(
                f"{_FULLY_ASYNC}/config/fully_async_ppo_trainer.yaml:11",
                (word,),
                "async_training.staleness_threshold",
                0.1,
            )
            for word in _IN_FLIGHT
        ),
        *(
            Ahead("verl/experimental/one_step_off_policy: one step behind", (word,), absent=1)
            for word in _BYPASSED_BY_DEFAULT[len(_IN_FLIGHT) :]
        ),
        Ahead(
            f"{_CONFIG}/ppo_trainer.yaml:232",
            (When("trainer.v1.trainer_mode", ("colocate_async", "separate_async")),),
            versions=">=0.9.0",
        ),
    ),
    correction=f"{CORRECTION}.rollout_is: token, with {ROLLOUT}.calculate_log_probs: true",
    divides_by_temperature=True,
    temperature_source="verl/workers/engine/fsdp/transformer_impl.py:1357",
    sync=(
        # wake_up, clear_kv_cache and pause each reset it: vllm_async_server.py:802, :832, :922.
        SyncSwitch(SyncStyle.BETWEEN_BATCHES, CacheFate.CLEARED, f"{_SERVER}:802"),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SURVIVES,
            "0.5.0:verl/workers/sharding_manager/fsdp_vllm.py:239 (only sleep clears it)",
            (_CACHE_KEPT, _SYNC),
            ">=0.5.0,<0.7.0",
        ),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SALTED,
            "0.5.0:verl/workers/sharding_manager/fsdp_vllm.py:286 (a new LoRA id each time)",
            (_CACHE_KEPT, _SYNC, _LORA),
            ">=0.5.0,<0.7.0",
        ),
        SyncSwitch(
            SyncStyle.UNKNOWN,
            CacheFate.UNKNOWN,
            f"0.6.1:{_LOOP}:759 (weights are not loaded either)",
            (_CACHE_KEPT, _ASYNC),
            ">=0.5.0,<0.7.0",
        ),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"{_RECIPE}/one_step_off_policy/vllm_sharding_manager.py:55",
            (When(word="one_step_off_policy"),),
            "<0.7.1",
        ),
        *(
            SyncSwitch(
                SyncStyle.IN_FLIGHT,
                CacheFate.CLEARED,
                f"{_SERVER}:922 (abort, clear, send again)",
                (when,),
                versions,
            )
            for versions, when in (
                *(("", word) for word in _IN_FLIGHT),
                (
                    ">=0.9.0",
                    When("trainer.v1.trainer_mode", ("colocate_async", "separate_async")),
                ),
            )
        ),
    ),
)
