"""PipelineRL: Hydra YAML, kebab-case vLLM flags under `vllm_config.vllm_kwargs`.

Its own version has been 0.1.0 all along: what a project runs shows in its vLLM pin, 0.18.1 since
the move to V1 (fa330da, pull request 137) and lower before, and in `vllm_config.use_v1`, a key that
is gone since then. The rows speak of the pin.
"""

from rlconfig_lint.frameworks.words import (
    Framework,
    Head,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import UNKNOWN, CacheFate, KeyStyle, SyncStyle, TrainerKind

_KWARGS = "vllm_config.vllm_kwargs"
_FP32 = "bf16_last_layer_fp32"
_USE_V1 = "vllm_config.use_v1"
_RAN_V0 = When(_USE_V1, (False,))
_NEW = When(_USE_V1, (None,))
_BEFORE = "fa330da^:pipelinerl"

FRAMEWORK = Framework(
    name="pipelinerl",
    read_at="ServiceNow/PipelineRL@58d3934",
    newest="0.18.1",
    distribution="vllm",
    made_from="vLLM",
    package="pipelinerl",
    marks=(Mark(keys=(_KWARGS,)),),
    # The servers are started elsewhere: nothing in this file reaches them (launch.py:583).
    not_training=(When("debug.use_existing_llms", (True,), absent=False),),
    engine=(Where(_KWARGS, passes=True),),
    sampling=(Where("llm.parameters"),),
    style=KeyStyle.KEBAB,  # launch.py:149: True becomes --k, False --no-k, "" a bare --k
    swallows=(
        Supplied("disable-log-requests", None, "pipelinerl/launch.py:133", ">=0.18"),
        Supplied("disable-frontend-multiprocessing", None, "pipelinerl/launch.py:133", ">=0.18"),
    ),
    variables=(
        Supplied(
            "VLLM_USE_V1",
            0,
            f"{_BEFORE}/entrypoints/run_vllm0.py:2",
            "<0.18",
            (When(_USE_V1, (False,), absent=False),),
        ),
    ),
    defaults=(
        # Written in front of vllm_kwargs: of two flags the later one wins.
        Supplied("quantization", _FP32, "pipelinerl/launch.py:218", ">=0.18", (_NEW,)),
        Supplied(
            "quantization",
            UNKNOWN,
            f"{_BEFORE}/launch.py",
            when=(When("vllm_config.quantization"),),
        ),
        Supplied(
            "quantization",
            _FP32,
            "vllm_config.quantization: pipelinerl/launch.py:105",
            when=(When("vllm_config.quantization", (_FP32,)),),
        ),
        # Which of the two states runs is not known where nothing is pinned.
        *(
            Supplied(name, UNKNOWN, "use_v1 is not read any more", ">=0.18", (_RAN_V0,))
            for name in ("logprobs_mode", "enable_prefix_caching")
        ),
    ),
    sampling_defaults=tuple(
        # What a request leaves out, the server fills in; with its generation_config, the model.
        Supplied(
            name,
            neutral,
            "request field left out: pipelinerl/async_llm.py:109",
            when=(When(f"{_KWARGS}.generation-config", ("vllm",)),),
        )
        for name, neutral in (
            ("top_p", 1.0),
            ("top_k", 0),
            ("min_p", 0.0),
            ("repetition_penalty", 1.0),
            ("presence_penalty", 0.0),
            ("frequency_penalty", 0.0),
        )
    ),
    trainer=(
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            "pipelinerl/async_llm.py:327 (the logprobs returned with the tokens are kept)",
        ),
    ),
    divides_by_temperature=True,
    temperature_source="pipelinerl/finetune/rl/__init__.py:208",
    trainer_temperature="finetune.rl.temperature",
    heads=(
        Head("float32", "pipelinerl/finetune/checkpoints.py:212", (_NEW,), ">=0.18"),
        Head(
            "float32",
            f"{_BEFORE}/finetune/checkpoints.py",
            (When("fp32_lm_head", (True,), absent=False),),
        ),
    ),
    sync=(
        # pause_generation(mode="keep", clear_cache=False); before, no pause and no reset either.
        SyncSwitch(SyncStyle.IN_FLIGHT, CacheFate.SURVIVES, "pipelinerl/vllm1.py:160"),
        SyncSwitch(
            SyncStyle.FROZEN,
            CacheFate.CLEARED,
            "--disable-weight-updates: pipelinerl/launch.py:224",
            (When("debug.mode"),),
        ),
    ),
)
