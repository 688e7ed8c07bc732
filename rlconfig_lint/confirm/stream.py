"""Weight updates while a request runs: pause, load, resume, on vLLM's asynchronous engine."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlconfig_lint.confirm.engine import prompts, resolved
from rlconfig_lint.confirm.model import Arguments, Completion, Json, Record

_TOKENS = 160
_BEFORE = 40  # tokens that a request has when the pause comes


@dataclass
class Stream:
    """An engine that answers while it is being paused."""

    model: Path
    engine: Any

    @classmethod
    def start(cls, model: Path, arguments: Arguments) -> Stream:
        from vllm import AsyncEngineArgs
        from vllm.v1.engine.async_llm import AsyncLLM

        options = AsyncEngineArgs(model=str(model / "first"), **arguments)
        return cls(model, AsyncLLM.from_engine_args(options))

    async def load(self, weights: str) -> None:
        path = str(self.model / weights)
        await self.engine.collective_rpc("reload_weights", kwargs={"weights_path": path})


@dataclass
class _Running:
    """A request under way: its tokens so far."""

    prompt: list[int]
    tokens: list[int]
    logprobs: list[float]
    finish: str = ""


async def pause(stream: Stream, mode: str, clear_cache: bool) -> Record:
    """A request of many tokens, paused after some of them for new weights."""
    (asked,) = prompts(1, 64, salt=3)
    running = _Running(list(asked), [], [])
    task = asyncio.create_task(_follow(stream, running))
    while len(running.tokens) < _BEFORE and not task.done():
        await asyncio.sleep(0.005)
    started = time.perf_counter()
    await stream.engine.pause_generation(mode=mode, clear_cache=clear_cache)
    seconds = time.perf_counter() - started
    await asyncio.sleep(0.3)
    before = len(running.tokens)
    await stream.load("second")
    await stream.engine.resume_generation()
    await task
    await stream.load("first")
    await stream.engine.reset_prefix_cache()
    after = Completion(
        (*running.prompt, *running.tokens[:before]),
        tuple(running.tokens[before:]),
        tuple(running.logprobs[before:]),
        weights="second",
        finish=running.finish,
    )
    seen: dict[str, Json] = {
        "tokens": len(running.tokens),
        "asked": _TOKENS,
        "at_the_pause": before,
        "finish_reason": running.finish,
        "pause_seconds": round(seconds, 3),
    }
    return Record((after,), {**resolved(stream.engine.vllm_config), **seen})


async def _follow(stream: Stream, running: _Running) -> None:
    from vllm import SamplingParams

    params = SamplingParams(
        max_tokens=_TOKENS, ignore_eos=True, temperature=1.0, logprobs=0, detokenize=False, seed=5
    )
    asked = {"prompt_token_ids": running.prompt}
    name = f"running-{time.perf_counter_ns()}"
    async for output in stream.engine.generate(asked, params, request_id=name):
        first = output.outputs[0]
        running.tokens = list(first.token_ids)
        steps = first.logprobs or ()
        pairs = zip(running.tokens, steps, strict=False)
        running.logprobs = [float(step[token].logprob) for token, step in pairs]
        running.finish = first.finish_reason or ""
