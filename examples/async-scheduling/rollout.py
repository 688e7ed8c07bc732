"""Rollouts with a mild repetition penalty, on an engine that schedules ahead for throughput."""

from vllm import LLM, SamplingParams

llm = LLM(
    model="Qwen/Qwen2.5-7B-Instruct",
    max_num_seqs=256,
    async_scheduling=True,
    enable_prefix_caching=False,
)
params = SamplingParams(temperature=1.0, repetition_penalty=1.05, max_tokens=2048)


def rollout(prompts):
    return [
        choice.token_ids for output in llm.generate(prompts, params) for choice in output.outputs
    ]


def update(path):
    llm.collective_rpc("reload_weights", kwargs={"weights_path": path})
