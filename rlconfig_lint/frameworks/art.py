"""ART: Python; vLLM's arguments in `art.dev.EngineArgs(...)`, which win over unsloth's.

`art.dev.InitArgs(...)` beside it goes through unsloth, and a model without either has an engine as
well: neither is read, and what they decide is unknown.
"""

from rlconfig_lint.frameworks.words import Framework, Supplied, Switch, Where
from rlconfig_lint.model import UNKNOWN, TrainerKind

_MODEL = "src/art/dev/model.py"
_READ = "<=0.4.0"  # what the commit that was read says; later ones were looked at in their wheels
_LATER = ">0.4.0"

FRAMEWORK = Framework(
    name="art",
    read_at="OpenPipe/ART@779559f",
    newest="0.5.18",
    distribution="openpipe-art",
    package="art",
    marks=(),
    calls=("art.dev.EngineArgs",),
    engine=(Where(""),),
    variables=(Supplied("VLLM_USE_V1", 0, "src/art/local/state.py:51", "<=0.5.0"),),
    defaults=(
        Supplied("generation_config", "vllm", f"{_MODEL}:46", _READ),
        Supplied("enable_sleep_mode", True, f"{_MODEL}:45", _READ),
        Supplied("enable_prefix_caching", UNKNOWN, f"true unless InitArgs says it: {_MODEL}:33"),
        Supplied("quantization", UNKNOWN, f"InitArgs.load_in_4bit: {_MODEL}:29"),
        Supplied("dtype", UNKNOWN, f"unsloth chooses it: {_MODEL}:26"),
        Supplied("logprobs_mode", UNKNOWN, "V0 in 0.5.0, V1 in 0.5.9", ">0.5.0,<0.5.9"),
        Supplied("generation_config", UNKNOWN, "not read", _LATER),
        Supplied("async_scheduling", UNKNOWN, "not read", _LATER),
    ),
    # The user's own requests say how training is sampled, and whether any runs over an update.
    trainer=(
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            "the trajectory's logprobs are the old ones: src/art/local/train.py:103",
        ),
    ),
    divides_by_temperature=False,
    temperature_source="src/art/local/train.py:245",
)
