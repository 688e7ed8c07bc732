"""PipelineRL: Hydra YAML, kebab-case vLLM flags under `vllm_config.vllm_kwargs`."""

from rlconfig_lint.frameworks import Framework, Supplied
from rlconfig_lint.model import CacheFate, KeyStyle, SyncStyle, TrainerKind

FRAMEWORK = Framework(
    name="pipelinerl",
    read_at="ServiceNow/PipelineRL@58d3934",
    marks=("vllm_config.vllm_kwargs",),
    engine=("vllm_config.vllm_kwargs",),
    passed="vllm_config.vllm_kwargs",
    # pipelinerl/launch.py:131
    swallows=frozenset(("disable_log_requests", "disable_frontend_multiprocessing")),
    sampling=("llm.parameters",),
    style=KeyStyle.KEBAB,  # launch.py:149: True becomes --k, False --no-k, "" a bare --k
    package="pipelinerl",
    forced={
        "quantization": Supplied("bf16_last_layer_fp32", "pipelinerl/launch.py:105"),
    },
    sampling_defaults={
        "top_p": Supplied(1.0, "request field left out: pipelinerl/async_llm.py:100"),
        "top_k": Supplied(0, "request field left out: pipelinerl/async_llm.py:100"),
    },
    trainer=TrainerKind.ROLLOUT_LOGPROBS,
    trainer_source="pipelinerl/async_llm.py:327 (the logprobs returned with the tokens are kept)",
    divides_by_temperature=True,
    trainer_temperature="finetune.rl.temperature",
    lm_head=Supplied("float32", "pipelinerl/finetune/checkpoints.py:212"),
    sync=SyncStyle.IN_FLIGHT,
    # pause_generation(mode="keep", clear_cache=False): nothing clears the prefix cache.
    fate=CacheFate.SURVIVES,
    sync_source="pipelinerl/vllm1.py:160",
)
