"""verl-tool: tool-using agents over a vendored verl from between 0.6.0 and 0.6.1.

verl's keys, its own agent under `actor_rollout_ref.agent` (verl's is at `rollout.agent`).
"""

from dataclasses import replace

from rlconfig_lint.frameworks.verl import FRAMEWORK as VERL
from rlconfig_lint.frameworks.verl import ROLLOUT
from rlconfig_lint.frameworks.words import Inert, Mark, Supplied, Switch, When
from rlconfig_lint.model import TrainerKind

_AGENT = "actor_rollout_ref.agent"
_YAML = "verl_tool/trainer/config/rollout/rollout.yaml"
_LOOP = "verl_tool/agent_loop/verltool_agent_loop.py"
_SYNC = When(f"{ROLLOUT}.mode", ("sync",), absent="sync")  # async: no flag for false

FRAMEWORK = replace(
    VERL,
    name="verl-tool",
    read_at="TIGER-AI-Lab/verl-tool@980962b",
    newest="0.6.0",
    made_from="verl",
    distribution="",  # the tree that it brings along runs, whatever is installed
    package="verl_tool",
    version_file="",
    marks=(
        Mark(keys=(ROLLOUT,), word="verl_tool.trainer"),
        Mark(keys=(ROLLOUT, f"{_AGENT}.tool_server_url")),
        Mark(keys=(ROLLOUT, f"{_AGENT}.enable_agent")),
        Mark(keys=(ROLLOUT, f"{_AGENT}.action_stop_tokens")),
    ),
    defaults=(
        *(row for row in VERL.defaults if row.name != "enable_prefix_caching"),
        Supplied("enable_prefix_caching", False, f"{_YAML}:74", when=(_SYNC,)),
    ),
    inert=(
        Inert(
            When("algorithm.rollout_is", (True,), absent=False),
            When(f"{_AGENT}.logprobs", (False,), absent=False),
            True,
            f"{_LOOP}:531 (zeros stand in for them)",
            (When("algorithm.rollout_is_threshold"),),
            harmless=True,
        ),
    ),
    ahead=(),
    trainer=(
        Switch(TrainerKind.RECOMPUTE, "verl_tool/trainer/config/ppo_trainer.yaml:139 (off)"),
        Switch(
            TrainerKind.DECOUPLED,
            f"verl/verl/trainer/ppo/ray_trainer.py:991, {_LOOP}:497",
            (
                When("algorithm.rollout_is", (True,), absent=False),
                When("algorithm.rollout_is_threshold"),
                # Without it the weights are made of zeros: nothing of the engine is in them.
                When(f"{_AGENT}.logprobs", (True,), absent=False),
            ),
        ),
    ),
)
