"""PipelineRL: Hydra YAML, kebab-case vLLM flags under `vllm_config.vllm_kwargs`."""

from rlconfig_lint.frameworks.words import (
    Framework,
    Head,
    Mark,
    Supplied,
    Switch,
    SyncSwitch,
    Where,
)
from rlconfig_lint.model import CacheFate, KeyStyle, SyncStyle, TrainerKind

_KWARGS = "vllm_config.vllm_kwargs"

FRAMEWORK = Framework(
    name="pipelinerl",
    read_at="ServiceNow/PipelineRL@58d3934",
    newest="0.1.0",
    distribution="pipelinerl",
    package="pipelinerl",
    marks=(Mark(keys=(_KWARGS,)),),
    engine=(Where(_KWARGS, passes=True),),
    sampling=(Where("llm.parameters"),),
    style=KeyStyle.KEBAB,  # launch.py:149: True becomes --k, False --no-k, "" a bare --k
    swallows=(
        Supplied("disable_log_requests", None, "pipelinerl/launch.py:131"),
        Supplied("disable_frontend_multiprocessing", None, "pipelinerl/launch.py:131"),
    ),
    forced=(Supplied("quantization", "bf16_last_layer_fp32", "pipelinerl/launch.py:105"),),
    sampling_defaults=(
        Supplied("top_p", 1.0, "request field left out: pipelinerl/async_llm.py:100"),
        Supplied("top_k", 0, "request field left out: pipelinerl/async_llm.py:100"),
    ),
    trainer=(
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            "pipelinerl/async_llm.py:327 (the logprobs returned with the tokens are kept)",
        ),
    ),
    divides_by_temperature=True,
    temperature_source="pipelinerl/finetune/rl/__init__.py",
    trainer_temperature="finetune.rl.temperature",
    heads=(Head("float32", "pipelinerl/finetune/checkpoints.py:212"),),
    # pause_generation(mode="keep", clear_cache=False): nothing clears the prefix cache.
    sync=(SyncSwitch(SyncStyle.IN_FLIGHT, CacheFate.SURVIVES, "pipelinerl/vllm1.py:160"),),
)
