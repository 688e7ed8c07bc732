"""agent-lightning: agents behind a gateway over an installed verl; `agentlightning.*` beside verl's
keys.

The gateway's file says at which temperature is sampled, verl's key what the trainer divides by.
"""

from dataclasses import replace

from rlconfig_lint.frameworks.verl import CORRECTION, ROLLOUT
from rlconfig_lint.frameworks.verl import FRAMEWORK as VERL
from rlconfig_lint.frameworks.words import Mark, Supplied, Switch, SyncSwitch, When
from rlconfig_lint.model import UNKNOWN, CacheFate, SyncStyle, TrainerKind

_TRAINER = "agentlightning/verl/trainer.py"

FRAMEWORK = replace(
    VERL,
    name="agent-lightning",
    read_at="microsoft/agent-lightning@c632d8d",
    newest="0.8.0",
    made_from="verl",
    package="agentlightning",
    version_file="",
    marks=(
        Mark(keys=("agentlightning", ROLLOUT)),
        Mark(keys=(ROLLOUT,), word="agentlightning.verl"),
    ),
    sampling_forced=(  # the gateway's, and what the agent's own requests say
        Supplied("temperature", UNKNOWN, "agentlightning/server/proxy.py:62"),
        Supplied("min_p", UNKNOWN, "the agent's requests"),
        Supplied("presence_penalty", UNKNOWN, "the agent's requests"),
        Supplied("frequency_penalty", UNKNOWN, "the agent's requests"),
    ),
    inert=(),
    ahead=(),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, f"{_TRAINER}:558"),
        *(
            Switch(TrainerKind.DECOUPLED, f"{_TRAINER}:586", (When(f"{CORRECTION}.{key}"),))
            for key in ("rollout_is", "rollout_rs")
        ),
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            f"{_TRAINER}:545",
            (When(f"{CORRECTION}.bypass_mode", (True,), absent=False),),
        ),
        Switch(  # until 0.3.0, which has this key, nothing corrects
            TrainerKind.RECOMPUTE,
            "agentlightning 0.3.0:agentlightning/verl/trainer.py",
            (When("agentlightning.port"),),
        ),
    ),
    trainer_temperature=f"{ROLLOUT}.temperature",
    sync=(SyncSwitch(SyncStyle.BETWEEN_BATCHES, CacheFate.CLEARED, f"{_TRAINER}:155"),),
)
