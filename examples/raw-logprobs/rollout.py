"""Completions of the policy, each with the logprobs that it was sampled with."""

from vllm import LLM, SamplingParams

TEMPERATURE = 0.6

llm = LLM(model="Qwen/Qwen2.5-1.5B-Instruct", gpu_memory_utilization=0.4)
params = SamplingParams(temperature=TEMPERATURE, max_tokens=1024, n=8, logprobs=0)


def rollout(prompts):
    for output in llm.generate(prompts, params):
        for choice in output.outputs:
            steps = zip(choice.logprobs, choice.token_ids, strict=True)
            yield choice.token_ids, [step[token].logprob for step, token in steps]


def update(path):
    llm.collective_rpc("reload_weights", kwargs={"weights_path": path})
    assert llm.reset_prefix_cache()
