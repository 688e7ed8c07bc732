"""simpleRL-reason: a vendored verl 0.1 over verl's own forks of vLLM 0.3.1 to 0.6.3.

Its command is verl's; the keys that it added tell it.
"""

from dataclasses import replace

from rlconfig_lint.frameworks.verl import FRAMEWORK as VERL
from rlconfig_lint.frameworks.verl import ROLLOUT
from rlconfig_lint.frameworks.words import Mark, Switch, SyncSwitch
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

FRAMEWORK = replace(
    VERL,
    name="simplerl",
    read_at="hkust-nlp/simpleRL-reason@cf1c785",
    newest="0.1",
    made_from="verl",
    distribution="",
    package="",  # the tree is verl's: the rows say what it does
    version_file="",
    marks=(
        Mark(keys=(f"{ROLLOUT}.micro_rollout_batch_size",)),
        Mark(keys=(ROLLOUT, "trainer.remove_clip")),
    ),
    inert=(),
    ahead=(),
    trainer=(Switch(TrainerKind.RECOMPUTE, "verl/workers/fsdp_workers.py:529 (no key switches)"),),
    temperature_source="verl/workers/actor/dp_actor.py:100",
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            "verl/workers/rollout/vllm_rollout/vllm_rollout.py:173 (the cache is rebuilt)",
        ),
    ),
)
