"""AReaL: typed keys under a top-level `vllm:`, sampling in `gconfig:`, the trainer in `actor:`."""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Backend,
    Dropped,
    Framework,
    Inert,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_CONFIG = "areal/api/cli_args.py"
_LOSS = "areal/utils/functional/functional.py"
_ACTOR = "areal/trainer/ppo/actor.py"
_SERVER = "areal/engine/vllm_ext/areal_vllm_server.py"
_DECOUPLED_LOSS = When("actor.use_decoupled_loss", (True,), absent=False)

FRAMEWORK = Framework(
    name="areal",
    read_at="inclusionAI/AReaL@4aef98d",
    newest="1.0.4",
    distribution="areal",
    package="areal",
    # `vllm:` and `sglang:` mostly stand side by side; which one runs is the backend's to say.
    marks=(Mark(keys=("gconfig",)),),
    in_files=True,
    engine=(
        # A structured config: a key that vLLMConfig does not declare is refused.
        Where(
            "vllm",
            only=frozenset(
                ("distributed_executor_backend", "dtype", "enable_sleep_mode", "enforce_eager")
            ),
        ),
    ),
    sampling=(Where("gconfig"),),
    backend=Backend(
        "rollout.backend",
        source=f"{_CONFIG}:2097; {_CONFIG}:2689 for the older key",
        begins="vllm",
        older="allocation_mode",
    ),
    drops_false=(
        Dropped(
            ("vllm",),
            f"0.5.1:{_CONFIG} (get_py_cmd; 0.5.2 has no_enable_prefix_caching in its place)",
            versions="<0.5.2",
        ),
    ),
    defaults=(
        Supplied(
            "enable_prefix_caching",
            False,
            f"{_CONFIG}:1656 (no_enable_prefix_caching: true)",
            ">=0.5.2",
        ),
        Supplied("dtype", "bfloat16", f"{_CONFIG}:1634"),
        Supplied("distributed_executor_backend", "mp", f"{_CONFIG}:1635"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CONFIG}:193"),
        Supplied("top_p", 1.0, f"{_CONFIG}:185"),
        Supplied("top_k", 100_000_000, f"{_CONFIG}:189 (more than any vocabulary has)"),
    ),
    sampling_forced=(
        # Neither is sent, and no generation_config.json supplies them.
        Supplied("frequency_penalty", 0.0, "areal/engine/vllm_remote.py:52"),
        Supplied("presence_penalty", 0.0, "areal/engine/vllm_remote.py:52"),
    ),
    trainer=(
        Switch(TrainerKind.ROLLOUT_LOGPROBS, f"{_ACTOR}:188"),
        Switch(
            TrainerKind.RECOMPUTE,
            f"{_ACTOR}:178",
            (When("actor.recompute_logprob", (True,), absent=False),),
        ),
        Switch(
            TrainerKind.DECOUPLED,
            "1.0.3:areal/utils/functional/functional.py (behave_imp_weight)",
            (_DECOUPLED_LOSS,),
            "<1.0.4",
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            f"1.0.3:{_CONFIG}:1306",
            (_DECOUPLED_LOSS, When("actor.behave_imp_weight_mode", ("disabled",))),
            "<1.0.4",
        ),
        Switch(
            TrainerKind.RECOMPUTE,
            f"{_LOSS}:509 (without rejection_sampling only the recomputed ones are in the ratio)",
            (_DECOUPLED_LOSS,),
            ">=1.0.4",
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_LOSS}:487",
            (_DECOUPLED_LOSS, When("actor.rejection_sampling")),
            ">=1.0.4",
        ),
        Switch(
            TrainerKind.DECOUPLED,
            f"{_ACTOR}:664 (interpolated from the rollout's)",
            (_DECOUPLED_LOSS, When("actor.prox_logp_method", ("loglinear",))),
            ">=0.5.0",
        ),
    ),
    inert=(
        Inert(
            When("actor.rejection_sampling"),
            When("actor.use_decoupled_loss", (False,), absent=False),
            True,
            f"{_CONFIG}:1550 (a warning, and it is ignored)",
            versions=">=1.0.4",
        ),
    ),
    ahead=(
        Ahead(
            f"{_CONFIG}:2039",
            steps="rollout.max_head_offpolicyness",
            absent=0,
        ),
    ),
    correction="actor.use_decoupled_loss: true with a block actor.rejection_sampling",
    divides_by_temperature=True,
    temperature_source="areal/utils/functional/vocab_parallel.py:18",
    trainer_temperature="actor.temperature",
    trainer_temperature_absent=1.0,  # cli_args.py:1076; it does not follow gconfig
    sync=(
        # Requests are aborted, the cache is cleared, and what was left is asked for again.
        SyncSwitch(SyncStyle.IN_FLIGHT, CacheFate.CLEARED, f"{_SERVER}:168"),
    ),
)
