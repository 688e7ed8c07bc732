"""rLLM: agents over an installed verl; `rllm.*` beside verl's keys, some settings under both.

On the command line its own name wins over verl's (rllm/trainer/verl/utils.py:22).
"""

from dataclasses import replace

from rlconfig_lint.frameworks.verl import CORRECTION, ROLLOUT
from rlconfig_lint.frameworks.verl import FRAMEWORK as VERL
from rlconfig_lint.frameworks.words import Ahead, Mark, Supplied, Switch, SyncSwitch, When, Where
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_CORRECTION = "rllm.algorithm.rollout_correction"
_BACKEND = "rllm/trainer/verl/verl_backend.py"
_BASE = "rllm/trainer/config/rllm/base.yaml"

FRAMEWORK = replace(
    VERL,
    name="rllm",
    read_at="rllm-org/rllm@9beb6e0",
    newest="0.8.0",
    made_from="verl",
    package="rllm",
    version_file="",
    marks=(Mark(keys=("rllm", ROLLOUT)), Mark(keys=("rllm/backend", ROLLOUT))),
    sampling=(Where(ROLLOUT), Where("rllm.rollout.train")),
    not_training=(
        *VERL.not_training,
        When("rllm.trainer.val_only", (True,), absent=False),
        When("rllm/backend", ("tinker", "fireworks"), absent="verl"),  # services: no engine here
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, _BASE),
        Supplied("top_p", 1.0, _BASE),
        Supplied("top_k", -1, "verl/trainer/config/rollout/rollout.yaml:20"),
        Supplied("repetition_penalty", 1.0, "verl's server: override_generation_config"),
    ),
    sampling_forced=(),  # the gateway passes any key of rllm.rollout.train on
    inert=(),
    ahead=(
        Ahead(
            f"{_BASE}:174",
            (When("rllm.async_training.enable", (True,), absent=False),),
            "rllm.async_training.staleness_threshold",
            0,
        ),
    ),
    trainer=(
        Switch(
            TrainerKind.RECOMPUTE, "rllm/trainer/config/rllm/backend/verl.yaml (off by default)"
        ),
        *(
            Switch(TrainerKind.DECOUPLED, f"{_BACKEND}:663", (When(key),))
            for key in (f"{CORRECTION}.rollout_is", f"{_CORRECTION}.tis_mode")
        ),
        *(
            Switch(TrainerKind.ROLLOUT_LOGPROBS, f"{_BACKEND}:632", when)
            for when in (
                (
                    When(f"{CORRECTION}.bypass_mode", (True,), absent=False),
                    When(f"{_CORRECTION}.bypass_mode", (True,), absent=True),
                ),
                (When(f"{_CORRECTION}.bypass_mode", (True,), absent=False),),
            )
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            "rllm/trainer/verl/agent_workflow_trainer.py:339",
            (When(word="train_agent_ppo"),),
        ),
    ),
    sync=(
        SyncSwitch(SyncStyle.BETWEEN_BATCHES, CacheFate.CLEARED, f"{_BACKEND}:423"),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.CLEARED,
            f"{_BACKEND}:895 (abort, clear, send again)",
            (
                When("rllm.async_training.enable", (True,), absent=False),
                When("rllm.async_training.partial_rollout", (True,), absent=False),
            ),
        ),
    ),
)
