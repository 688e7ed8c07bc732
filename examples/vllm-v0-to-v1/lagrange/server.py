"""An actor: a vLLM engine that writes completions and takes new weights while it does."""

import argparse
import uuid

import uvicorn
from fastapi import FastAPI
from vllm import AsyncEngineArgs, SamplingParams
from vllm.v1.engine.async_llm import AsyncLLM

from lagrange.settings import Settings


def build(settings: Settings) -> FastAPI:
    arguments = AsyncEngineArgs(
        **settings.engine_arguments(),
        worker_extension_cls="lagrange.worker.WeightReceiver",
    )
    engine = AsyncLLM.from_engine_args(arguments)
    app = FastAPI()

    @app.post("/complete")
    async def complete(prompt_token_ids: list[int]) -> dict:
        """A completion with the logprob of each token under the policy that wrote it."""
        params = SamplingParams(**settings.sampling, logprobs=0)
        prompt = {"prompt_token_ids": prompt_token_ids}
        async for output in engine.generate(prompt, params, request_id=uuid.uuid4().hex):
            last = output
        return {
            "completions": [
                {
                    "token_ids": list(choice.token_ids),
                    "rollout_logprobs": [
                        step[token].logprob
                        for step, token in zip(choice.logprobs, choice.token_ids, strict=True)
                    ],
                }
                for choice in last.outputs
            ]
        }

    @app.post("/new_weights")
    async def new_weights(path: str) -> dict:
        await engine.pause_generation()
        await engine.collective_rpc("receive_weights", args=(path,))
        await engine.resume_generation()
        return {"status": "ok"}

    return app


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(build(Settings.load(options.config)), port=options.port)
