"""The colocated actor of the small model; `serve.sh` starts the large one's."""

import torch
from vllm import LLM, SamplingParams

llm = LLM(
    model="Qwen/Qwen2.5-0.5B",
    task="generate",
    guided_decoding_backend="xgrammar",
    gpu_memory_utilization=0.4,
)
params = SamplingParams(temperature=1.0, max_tokens=2048, logprobs=0)


def update(path):
    llm.collective_rpc("reload_weights", kwargs={"weights_path": path})
    assert llm.reset_prefix_cache()


def loss(logprobs, rollout_logprobs, advantages):
    return -(torch.exp(logprobs - rollout_logprobs) * advantages).mean()
