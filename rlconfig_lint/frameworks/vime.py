"""vime: flags of train.py or train_async.py, all of vLLM's among them as `--vllm-*`.

It has no releases, and single files were read: each source names the commit of its file.
"""

from rlconfig_lint.frameworks.words import (
    Framework,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import UNKNOWN, CacheFate, SyncStyle, TrainerKind

_ENGINE = "vime/backends/vllm_utils/vllm_engine.py@039ae4d"
_ROLLOUT = "vime/rollout/vllm_rollout.py@052693a"
_FULLY_ASYNC = "vime/rollout/fully_async_rollout.py@2b83ea2"
_LOSS = "vime/backends/megatron_utils/loss.py@0696c9b"
_UPDATE = "vime/backends/megatron_utils/update_weight/update_weight_from_distributed.py@12b0c95"
_ARGUMENTS = "vime/utils/arguments.py@035f983"

_ENGINES_FILE = When("vllm_config")  # settings for each group of engines, over the flags
_ARGUMENTS_FILE = When("custom_config_path")  # any argument at all, over the flags
_OWN_GENERATION = When("custom_generate_function_path")

FRAMEWORK = Framework(
    name="vime",
    read_at="vllm-project/vime@039ae4d",
    newest="0",
    distribution="",
    package="vime",
    # slime and miles have these flags as well, and none of vLLM's.
    marks=tuple(
        Mark(keys=(flag,), word=word)
        for flag in ("hf_checkpoint", "rollout_num_gpus_per_engine")
        for word in ("--vllm-", "--no-vllm-", "vime.rollout.", "/vime/")
    ),
    flags=True,
    settings_files=("vllm_config", "custom_config_path"),
    not_training=(
        When("debug_train_only", (True,), absent=False),
        When("loss_type", ("sft_loss",)),
        # Servers that someone else starts, with settings of their own.
        When("rollout_external_engine_addrs"),
    ),
    engine=(Where("", prefix="vllm_"),),
    sampling=(Where("", prefix="rollout_", reads=frozenset(("temperature", "top_p", "top_k"))),),
    defaults=(
        Supplied("logprobs_mode", "processed_logprobs", f"{_ENGINE}: build_vllm_cmd_and_env"),
        Supplied("logprobs_mode", UNKNOWN, "--vllm-config may say another", when=(_ENGINES_FILE,)),
        Supplied(
            "logprobs_mode",
            UNKNOWN,
            "--custom-config-path may say another",
            when=(_ARGUMENTS_FILE,),
        ),
        *(
            Supplied(
                "enable_sleep_mode",
                True,
                f"{_ENGINE}: build_vllm_cmd_and_env",
                when=(When(flag, (True,), absent=False),),
            )
            for flag in ("colocate", "offload_rollout")
        ),
    ),
    forced=(
        Supplied(
            "dtype",
            "float16",
            f"{_ENGINE}: build_vllm_cmd_and_env",
            when=(When("fp16", (True,), absent=False),),
        ),
        Supplied("trust_remote_code", True, f"{_ENGINE}: build_vllm_cmd_and_env"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, _ARGUMENTS),
        Supplied("top_p", 1.0, _ARGUMENTS),
        Supplied("top_k", -1, _ARGUMENTS),
    ),
    sampling_forced=tuple(
        Supplied(name, UNKNOWN, why, when=(when,))
        for name in ("temperature", "top_p", "top_k")
        for when, why in (
            (_ARGUMENTS_FILE, "--custom-config-path may say another"),
            (_OWN_GENERATION, "a generate function of the user's own"),
        )
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"{_LOSS}: policy_loss_function"),
        Switch(
            TrainerKind.UNKNOWN,
            "--custom-tis-function-path may change the loss",
            (When("get_mismatch_metrics", (True,), absent=False),),
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            "without --use-tis it measures: examples/train_infer_mismatch_helper/mis.py@96e0e22",
            (When(word="train_infer_mismatch_helper.mis"),),
        ),
        Switch(TrainerKind.DECOUPLED, _LOSS, (When("use_tis", (True,), absent=False),)),
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            _LOSS,
            (When("use_rollout_logprobs", (True,), absent=False),),
        ),
        Switch(TrainerKind.UNKNOWN, _ARGUMENTS, (_ARGUMENTS_FILE,)),
    ),
    divides_by_temperature=True,
    temperature_source=f"{_LOSS}: get_responses",
    sync=(
        # train_async.py, too, waits for the running generation before it updates.
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"{_UPDATE}: reset_prefix_cache; {_ROLLOUT}: abort_inflight_requests",
        ),
        SyncSwitch(
            SyncStyle.UNKNOWN,
            CacheFate.UNKNOWN,
            "a rollout function of the user's own",
            (When("rollout_function_path"),),
        ),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            _ROLLOUT,
            (When(word="vime.rollout.vllm_rollout.generate_rollout"),),
        ),
        # The reset leaves blocks of running requests alone, and the answer is not looked at.
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SURVIVES,
            f"{_FULLY_ASYNC}; {_UPDATE}: reset_running_requests=False",
            (When(word="fully_async_rollout.generate_rollout_fully_async"),),
        ),
        SyncSwitch(SyncStyle.UNKNOWN, CacheFate.UNKNOWN, _ARGUMENTS, (_ARGUMENTS_FILE,)),
    ),
)
