"""OpenRLHF: flags of `openrlhf.cli.train_ppo_ray`, in dotted sections from 0.10.2 on."""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Framework,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_CLI = "openrlhf/cli/train_ppo_ray.py"
_ENGINE = "openrlhf/trainer/ray/vllm_engine.py"
_SAMPLES = "openrlhf/trainer/ppo_utils/samples_generator.py"
_LOSS = "openrlhf/models/loss.py"
_ACTOR = "openrlhf/trainer/ray/ppo_actor.py"

_PASSED = (
    "enable_prefix_caching",
    "enforce_eager",
    "gpu_memory_utilization",
    "tensor_parallel_size",
)
# One correction under the names that it has had: until 0.11.1, from 0.11.2 on, until 0.10.1.
_CORRECTS = (
    When("algo.advantage.is_correction_enable", (True,), absent=False),
    When("algo.advantage.is_correction_level", ("token", "seq")),
    When("enable_vllm_is_correction", (True,), absent=False),
)
_GSPO = (
    When("actor.policy_loss_type", ("gspo",)),
    When("actor.policy_loss_type", ("gspo",)),
    When("policy_loss_type", ("gspo",)),
)

FRAMEWORK = Framework(
    name="openrlhf",
    read_at="OpenRLHF/OpenRLHF@3c3be62",
    newest="0.11.2",
    distribution="openrlhf",
    package="openrlhf",
    version_file="version.txt",
    marks=(Mark(word="openrlhf.cli.train_ppo_ray"),),
    flags=True,
    engine=(
        Where(
            "vllm",
            spelled={"enable_sleep": "enable_sleep_mode"},
            reads=frozenset((*_PASSED, "enable_sleep_mode")),
        ),
        Where("", reads=frozenset(("enable_prefix_caching", "enforce_eager"))),
        Where(
            "",
            prefix="vllm_",
            spelled={"enable_sleep": "enable_sleep_mode"},
            reads=frozenset(
                ("enable_sleep_mode", "gpu_memory_utilization", "tensor_parallel_size")
            ),
        ),
    ),
    sampling=(
        Where("rollout", reads=frozenset(("temperature", "top_p"))),
        Where("", reads=frozenset(("temperature", "top_p"))),
    ),
    forced=(
        Supplied("logprobs_mode", None, f"{_ENGINE}:292 (not passed)"),
        *(
            Supplied("logprobs_mode", "processed_logprobs", f"{_ENGINE}:292", ">=0.8.9", (when,))
            for when in _CORRECTS
        ),
        Supplied("dtype", "bfloat16", f"{_ENGINE}:275"),
        Supplied("async_scheduling", None, f"{_ENGINE}:264 (not passed)"),
        Supplied("generation_config", None, f"{_ENGINE}:264 (not passed)"),
        Supplied("hf_overrides", None, f"{_ENGINE}:264 (not passed)"),
        Supplied("quantization", None, f"{_ENGINE}:264 (not passed)"),
    ),
    defaults=(Supplied("enable_prefix_caching", False, f"{_ENGINE}:274"),),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CLI}:399"),
        Supplied("top_p", 1.0, f"{_CLI}:398"),
    ),
    sampling_forced=(
        Supplied("top_k", -1, f"{_SAMPLES}:206"),
        *(
            Supplied(name, neutral, f"never set: {_SAMPLES}:203")
            for name, neutral in (
                ("min_p", 0.0),
                ("presence_penalty", 0.0),
                ("frequency_penalty", 0.0),
                ("repetition_penalty", 1.0),
            )
        ),
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"{_ACTOR}:270"),
        *(Switch(TrainerKind.DECOUPLED, f"{_LOSS}:197", (when,), ">=0.8.9") for when in _CORRECTS),
        *(
            Switch(TrainerKind.ROLLOUT_LOGPROBS, f"{_LOSS}:172", both, ">=0.8.11")
            for both in zip(_CORRECTS, _GSPO, strict=True)
        ),
    ),
    ahead=tuple(
        Ahead(
            f"{_CLI}:274",
            (When(enabled, (True,), absent=False),),
            size,
            1,
            versions=">=0.8.9",
        )
        for enabled, size in (
            ("train.async_enable", "train.async_queue_size"),
            ("async_train", "async_queue_size"),
        )
    ),
    correction="--algo.advantage.is_correction_enable (its older name:"
    " --enable_vllm_is_correction)",
    divides_by_temperature=True,
    temperature_source="openrlhf/models/utils.py:140",
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"a lock, and reset_prefix_cache before the broadcast: {_ACTOR}:409",
            versions=">=0.5.7",
        ),
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.SURVIVES,
            "v0.5.6: no reset_prefix_cache",
            versions="<0.5.7",
        ),
        *(
            SyncSwitch(
                SyncStyle.IN_FLIGHT,
                CacheFate.CLEARED,
                f"paused with `keep`, and its caches cleared: {_ENGINE}:133",
                (When(key, (True,), absent=False),),
                ">=0.9.7",
            )
            for key in ("train.partial_rollout_enable", "partial_rollout")
        ),
    ),
)
