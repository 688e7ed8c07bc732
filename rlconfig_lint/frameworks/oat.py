"""oat: flags of its experiment modules, or of a user's own script with PPOArgs."""

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

_ARGS = "oat/args.py"
_PPO = "oat/algorithms/ppo.py"

FRAMEWORK = Framework(
    name="oat",
    read_at="sail-sg/oat@c1a074c",
    newest="0.2.3",
    distribution="oat-llm",
    package="oat",
    version_file="oat/__about__.py",
    # Not main, run_apl and run_xpo: a preference loss asks its engine for no logprobs.
    marks=(
        Mark(word="oat.experiment.run_math_rl"),
        Mark(word="oat.experiment.run_ppo"),
        Mark(keys=("vllm_gpu_ratio", "critic_type")),
    ),
    flags=True,
    not_training=(When(word="run_offline"),),
    engine=(
        Where(
            "",
            spelled={
                "vllm_sleep": "enable_sleep_mode",
                "vllm_gpu_ratio": "gpu_memory_utilization",
                "num_gpus_per_actor": "tensor_parallel_size",
            },
            reads=frozenset(
                (
                    "enable_prefix_caching",
                    "enable_sleep_mode",
                    "gpu_memory_utilization",
                    "max_model_len",
                    "tensor_parallel_size",
                )
            ),
        ),
    ),
    sampling=(Where("", reads=frozenset(("temperature", "top_p", "top_k"))),),
    forced=(
        Supplied("dtype", UNKNOWN, "as --bf16, --fp16 or neither say: oat/interface.py:83"),
        Supplied("trust_remote_code", True, "oat/interface.py:80"),
        # LLM.generate with SamplingParams never reads the model's generation_config.
        Supplied("generation_config", "vllm", "oat/actors/base.py:58"),
    ),
    defaults=(
        Supplied("enable_prefix_caching", False, f"{_ARGS}:48", ">=0.0.9"),
        Supplied("enable_sleep_mode", False, f"{_ARGS}:52"),
        Supplied("gpu_memory_utilization", 0.25, f"{_ARGS}:44"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_ARGS}:162"),
        Supplied("top_p", 1.0, f"{_ARGS}:163"),
        Supplied("top_k", -1, f"{_ARGS}:164"),
        *(
            Supplied(name, neutral, "never passed: oat/actors/base.py:58")
            for name, neutral in (
                ("min_p", 0.0),
                ("presence_penalty", 0.0),
                ("frequency_penalty", 0.0),
                ("repetition_penalty", 1.0),
            )
        ),
    ),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"{_PPO}:394", versions="<0.2.1"),
        Switch(TrainerKind.DECOUPLED, f"tis_c is 2.0 unless set: {_PPO}:537", versions=">=0.2.1"),
        Switch(
            TrainerKind.RECOMPUTE,
            f"{_PPO}:537",
            (When("tis_c", (None,), absent=2.0),),
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            f"{_PPO}:526",
            (When("reinforce_update", (True,), absent=False),),
        ),
    ),
    divides_by_temperature=True,
    temperature_source=f"{_PPO}:522",
    sync=(
        # With --asynchronous it waits until no actor generates any more (learners/base.py:705).
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            "reset_prefix_cache before each broadcast: oat/learners/base.py:713",
        ),
    ),
)
