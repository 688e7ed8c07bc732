"""An actor that takes new weights while completions are being written."""

from vllm import AsyncEngineArgs, SamplingParams
from vllm.v1.engine.async_llm import AsyncLLM

engine = AsyncLLM.from_engine_args(
    AsyncEngineArgs(
        model="Qwen/Qwen2.5-7B",
        logprobs_mode="processed_logprobs",
        enable_prefix_caching=False,
        worker_extension_cls="receiver.WeightReceiver",
    )
)
params = SamplingParams(temperature=1.0, max_tokens=8192, logprobs=0)


async def new_weights(path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("receive_weights", args=(path,))
    await engine.resume_generation()
