"""torchforge: YAML with vLLM's EngineArgs and SamplingParams below `policy`, as they are."""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Framework,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_GENERATOR = "src/forge/actors/generator.py"
_ENGINE = "policy.engine_args"

FRAMEWORK = Framework(
    name="torchforge",
    read_at="meta-pytorch/torchforge@6e77f0b",
    newest="0.0.1",
    distribution="torchforge",
    package="forge",
    marks=(
        Mark(keys=(_ENGINE, "trainer")),
        Mark(keys=(_ENGINE, "replay_buffer")),
        Mark(keys=(_ENGINE,), word="apps.grpo"),
    ),
    engine=(Where(_ENGINE, passes=True),),
    sampling=(Where("policy.sampling_params"),),
    forced=(
        # It builds vLLM's plain Scheduler itself and runs its own loop around it.
        Supplied("async_scheduling", False, f"{_GENERATOR}:226"),
        # The model's generation_config is never asked for sampling defaults.
        Supplied("generation_config", "vllm", f"SamplingParams.from_optional: {_GENERATOR}:116"),
    ),
    sampling_defaults=tuple(
        Supplied(name, neutral, f"SamplingParams.from_optional: {_GENERATOR}:116")
        for name, neutral in (
            ("temperature", 1.0),
            ("top_p", 1.0),
            ("top_k", 0),
            ("min_p", 0.0),
            ("repetition_penalty", 1.0),
            ("presence_penalty", 0.0),
            ("frequency_penalty", 0.0),
        )
    ),
    trainer=(Switch(TrainerKind.RECOMPUTE, "exp(lp - lp.detach()): apps/grpo/main.py:132"),),
    ahead=(Ahead("src/forge/actors/replay_buffer.py:57", steps="replay_buffer.max_policy_age"),),
    divides_by_temperature=False,
    temperature_source="compute_logprobs without a temperature: apps/grpo/main.py:130",
    sync=(
        SyncSwitch(
            SyncStyle.BETWEEN_BATCHES,
            CacheFate.CLEARED,
            f"drained, then scheduler.reset_prefix_cache(): {_GENERATOR}:509",
        ),
    ),
)
