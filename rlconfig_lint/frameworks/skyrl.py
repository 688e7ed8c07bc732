"""SkyRL: Hydra-like overrides under `generator.inference_engine`, free keys in
`engine_init_kwargs`."""

from rlconfig_lint.frameworks import Framework, Supplied, Switch, SyncSwitch
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_ENGINE = "generator.inference_engine"
_CORRECTION = "trainer.algorithm.off_policy_correction"
_CONFIG = "skyrl/train/config/config.py"

FRAMEWORK = Framework(
    name="skyrl",
    read_at="NovaSky-AI/SkyRL@a956457",
    marks=(_ENGINE, _CORRECTION, "generator.sampling_params"),
    engine=(_ENGINE, f"{_ENGINE}.engine_init_kwargs"),
    passed=f"{_ENGINE}.engine_init_kwargs",
    sampling=("generator.sampling_params",),
    typed=frozenset(("enable_prefix_caching", "enable_return_routed_experts")),
    package="skyrl",
    not_training=("main_generate",),
    backend=(f"{_ENGINE}.backend", ("vllm",), "vllm"),
    defaults={
        "enable_prefix_caching": Supplied(True, f"{_CONFIG}:1134"),
        "generation_config": Supplied(
            "vllm", "skyrl/backends/skyrl_train/inference_servers/utils.py:109"
        ),
    },
    sampling_defaults={
        "temperature": Supplied(1.0, f"{_CONFIG}:1004"),
        "top_p": Supplied(1.0, f"{_CONFIG}:1007"),
        "top_k": Supplied(-1, f"{_CONFIG}:1011"),
        "min_p": Supplied(0.0, f"{_CONFIG}:1009"),
        "repetition_penalty": Supplied(1.0, f"{_CONFIG}:1001"),
    },
    trainer=TrainerKind.RECOMPUTE,
    trainer_source=f"off_policy_correction is off by default: {_CONFIG}:917",
    switches=(
        Switch(f"{_CORRECTION}.tis_ratio_type", TrainerKind.DECOUPLED, f"{_CONFIG}:794"),
        Switch(f"{_CORRECTION}.sequence_mask_metric", TrainerKind.DECOUPLED, f"{_CONFIG}:801"),
        Switch(
            "trainer.algorithm.policy_loss_type",
            TrainerKind.ROLLOUT_LOGPROBS,
            "skyrl/backends/skyrl_train/utils/ppo_utils.py:824",
            ("rollout_is",),
        ),
        Switch("trainer.algorithm.use_tis", TrainerKind.DECOUPLED, f"{_CONFIG}:913", (True,)),
    ),
    divides_by_temperature=True,
    fate=CacheFate.CLEARED,
    sync_source="reset_running_requests=True after each sync: workers/fsdp/fsdp_worker.py:285",
    sync_switches=(
        SyncSwitch(
            "trainer.fully_async",
            SyncStyle.IN_FLIGHT,
            CacheFate.SALTED,
            "use_cache_salt is true unless set: remote_inference_client.py:433",
        ),
    ),
)
