"""Reasoning360 (GURU): a vendored verl from shortly before 0.5.0 that says it is 0.4.1.dev.

Keys and commands are verl's: its own recipe's configs tell it.
"""

from dataclasses import replace

from rlconfig_lint.frameworks.verl import FRAMEWORK as VERL
from rlconfig_lint.frameworks.verl import ROLLOUT
from rlconfig_lint.frameworks.words import Mark, Supplied
from rlconfig_lint.model import UNKNOWN

_SPMD = "verl/workers/rollout/vllm_rollout/vllm_rollout_spmd.py"

FRAMEWORK = replace(
    VERL,
    name="reasoning360",
    read_at="LLM360/Reasoning360@1315834",
    newest="0.5.0",
    made_from="verl",
    distribution="",
    package="",  # the tree is verl's: the rows say what it does
    version_file="",
    marks=(
        Mark(keys=(ROLLOUT,), file="recipe/dapo/config/dapo_fsdp_config.yaml"),
        Mark(keys=(ROLLOUT,), word="dapo_fsdp_config"),
        Mark(keys=(ROLLOUT,), word="dapo_megatron_config"),
    ),
    defaults=(
        *(row for row in VERL.defaults if row.name != "seed"),
        Supplied("seed", UNKNOWN, f"the replica's rank: {_SPMD}:181"),
    ),
)
