"""ROLL: vLLM's own keys under `actor_infer.strategy_args.strategy_config`, sampling beside it."""

from rlconfig_lint.frameworks.words import (
    Ahead,
    Backend,
    Framework,
    Inert,
    Mark,
    Precision,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_INFER = "actor_infer"
_STRATEGY = f"{_INFER}.strategy_args"
_CONFIG = f"{_STRATEGY}.strategy_config"
_SOURCE = "roll/distributed/strategy/vllm_strategy.py"
_SAMPLING = "roll/configs/generating_args.py"
_CORRECTION = "train_infer_correction"
_FILTERS = 4  # a list without a bound; nobody has more
_NOT_ASKED = When(f"{_INFER}.generating_args.logprobs", (None,), absent=0)
_STAND_IN = "roll/pipeline/rlvr/actor_worker.py:32 (recomputed ones stand in: each ratio is 1)"

FRAMEWORK = Framework(
    name="roll",
    read_at="alibaba/ROLL@8eb27cc",
    newest="0.3.0",  # no row has versions: 0.2.0 and 0.2.1 call themselves 0.1.0
    distribution="",  # `roll` on the package index is something else
    package="roll",
    marks=(Mark(keys=(_STRATEGY,)),),
    in_files=True,
    engine=(
        Where(_CONFIG, passes=True),
        Where(  # overwrites strategy_config.dtype
            f"{_INFER}.model_args",
            meant={"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"},
            reads=frozenset(("dtype",)),
        ),
    ),
    sampling=(Where(f"{_INFER}.generating_args"),),
    backend=Backend(f"{_STRATEGY}.strategy_name", ("vllm",), source="worker_config.py:23"),
    exports=frozenset(("VLLM_USE_V1",)),
    swallows=(
        Supplied("VLLM_USE_V1", None, f"{_SOURCE}:80 (set as a variable, over an exported one)"),
        Supplied("sleep_level", None, f"{_SOURCE}:81"),
    ),
    defaults=(
        Supplied("enable_prefix_caching", True, f"{_SOURCE}:116"),
        Supplied("dtype", "bfloat16", "roll/configs/model_args.py:92"),
    ),
    sampling_defaults=(
        Supplied("temperature", 0.95, f"{_SAMPLING}:16"),
        Supplied("top_p", 0.7, f"{_SAMPLING}:20"),
        Supplied("top_k", 50, f"{_SAMPLING}:26"),
        Supplied("repetition_penalty", 1.0, f"{_SAMPLING}:46"),
    ),
    response_length=(f"{_INFER}.generating_args.max_new_tokens",),  # vllm_strategy.py:467
    sampling_forced=(
        # SamplingParams(...) is built from the four above alone.
        Supplied("min_p", 0.0, f"{_SOURCE}:463"),
        Supplied("presence_penalty", 0.0, f"{_SOURCE}:463"),
        Supplied("frequency_penalty", 0.0, f"{_SOURCE}:463"),
    ),
    complete_requests=True,
    trainer=(
        Switch(
            TrainerKind.RECOMPUTE,
            "roll/pipeline/base_worker.py:173 (the rollout's logprobs enter metrics alone)",
        ),
        Switch(
            TrainerKind.DECOUPLED,
            "roll/pipeline/rlvr/actor_worker.py:89",
            (When(f"{_CORRECTION}.is_weight.enabled", (True,), absent=False),),
        ),
        *(
            Switch(
                TrainerKind.DECOUPLED,
                "roll/utils/train_infer_corrections.py:134",
                (When(f"{_CORRECTION}.filters.{number}.enabled", (True,), absent=False),),
            )
            for number in range(_FILTERS)
        ),
        Switch(TrainerKind.RECOMPUTE, _STAND_IN, (_NOT_ASKED,)),
    ),
    precisions=(
        *(
            Precision(
                dtype,
                "roll/configs/model_args.py:92",
                (When("actor_train.model_args.dtype", (short,), absent="bf16"),),
            )
            for short, dtype in (("bf16", "bfloat16"), ("fp16", "float16"), ("fp32", "float32"))
        ),
        Precision(
            None,
            "roll/distributed/strategy/fsdp2_strategy.py:828",
            (When("actor_train.strategy_args.strategy_config.param_dtype"),),
        ),
        Precision(
            "quantized",
            "megatron's own fp8",
            (When("actor_train.strategy_args.strategy_config.fp8"),),
        ),
    ),
    inert=tuple(
        Inert(
            When(f"{_CORRECTION}.{key}.enabled", (True,), absent=False),
            _NOT_ASKED,
            0,
            _STAND_IN,
            harmless=True,
        )
        for key in ("is_weight", *(f"filters.{number}" for number in range(_FILTERS)))
    ),
    ahead=(
        Ahead(
            "roll/configs/base_config.py:502",
            tuple(  # the others are made for old data
                When(path, (None, "vanilla", "ppo"))
                for path in ("pg_variant", "actor_train.pg_variant")
            ),
            steps="async_generation_ratio",
            absent=0,
        ),
    ),
    correction=f"{_CORRECTION}.is_weight.enabled: true",
    divides_by_temperature=False,  # so raw logprobs are the ones that match, at any temperature
    temperature_source="roll/utils/functionals.py:214",
    # Nothing runs at an update: a step is over, or all requests are aborted first
    # (generate_scheduler.py:552), and the cache is reset on both sides of it.
    sync=(SyncSwitch(SyncStyle.BETWEEN_BATCHES, CacheFate.CLEARED, f"{_SOURCE}:363"),),
)
