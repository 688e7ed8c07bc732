"""SkyRL: Hydra-like overrides under `generator.inference_engine`, free keys in
`engine_init_kwargs`."""

from rlconfig_lint.frameworks.words import (
    Backend,
    Framework,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_ENGINE = "generator.inference_engine"
_CORRECTION = "trainer.algorithm.off_policy_correction"
_CONFIG = "skyrl/train/config/config.py"

FRAMEWORK = Framework(
    name="skyrl",
    read_at="NovaSky-AI/SkyRL@a956457",
    newest="0.3.0",
    distribution="skyrl",
    package="skyrl",
    marks=(
        Mark(keys=(_ENGINE,)),
        Mark(keys=(_CORRECTION,)),
        Mark(keys=("generator.sampling_params",)),
    ),
    engine=(
        Where(_ENGINE, only=frozenset(("enable_prefix_caching", "enable_return_routed_experts"))),
        Where(f"{_ENGINE}.engine_init_kwargs", passes=True),
    ),
    sampling=(Where("generator.sampling_params"),),
    not_training=(When(word="main_generate"),),
    backend=Backend(f"{_ENGINE}.backend", ("vllm",), "vllm"),
    defaults=(
        Supplied("enable_prefix_caching", True, f"{_CONFIG}:1134"),
        Supplied(
            "generation_config",
            "vllm",
            "skyrl/backends/skyrl_train/inference_servers/utils.py:109",
        ),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CONFIG}:1004"),
        Supplied("top_p", 1.0, f"{_CONFIG}:1007"),
        Supplied("top_k", -1, f"{_CONFIG}:1011"),
        Supplied("min_p", 0.0, f"{_CONFIG}:1009"),
        Supplied("repetition_penalty", 1.0, f"{_CONFIG}:1001"),
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"off_policy_correction is off by default: {_CONFIG}:917"),
        Switch(TrainerKind.DECOUPLED, f"{_CONFIG}:794", (When(f"{_CORRECTION}.tis_ratio_type"),)),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_CONFIG}:801",
            (When(f"{_CORRECTION}.sequence_mask_metric"),),
        ),
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            "skyrl/backends/skyrl_train/utils/ppo_utils.py:824",
            (When("trainer.algorithm.policy_loss_type", ("rollout_is",)),),
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_CONFIG}:913",
            (When("trainer.algorithm.use_tis", (True,)),),
        ),
    ),
    divides_by_temperature=True,
    temperature_source="skyrl/backends/skyrl_train/workers/model_wrapper.py",
    sync=(
        SyncSwitch(
            SyncStyle.UNKNOWN,
            CacheFate.CLEARED,
            "reset_running_requests=True after each sync: workers/fsdp/fsdp_worker.py:285",
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SALTED,
            "use_cache_salt is true unless set: remote_inference_client.py:433",
            (When("trainer.fully_async"),),
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SALTED,
            "use_cache_salt is true unless set: remote_inference_client.py:433",
            (When(word="fully_async"),),
        ),
    ),
)
