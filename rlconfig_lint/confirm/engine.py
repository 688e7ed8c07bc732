"""A vLLM engine in this process, in the few words that the experiments need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rlconfig_lint.confirm.model import Arguments, Completion, Json

Prompt = Sequence[int]


class MissingError(Exception):
    """The release or the device has no such thing; the message says what."""


class Engine(Protocol):
    """What an experiment asks of an engine."""

    def generate(
        self, prompts: Sequence[Prompt], *, weights: str = "first", **sampling: Json
    ) -> list[Completion]: ...

    def logits(self, prompts: Sequence[Prompt], count: int) -> list[float]:
        """The largest values that the engine returns for each first token."""
        ...

    def prompt_logprobs(self, prompts: Sequence[Prompt], temperature: float) -> list[float]: ...

    def load(self, weights: str) -> None:
        """Put other weights in place of the engine's, as a trainer does."""
        ...

    def reset(self, **arguments: Json) -> Json: ...

    def while_running(self, prompt: Prompt, **reset: Json) -> Json:
        """What a reset answers while a request runs."""
        ...

    def defaults(self) -> Mapping[str, Json]:
        """The sampling parameters of a request that says nothing."""
        ...

    def sleep(self, level: int) -> None: ...

    def wake(self) -> None: ...

    def effective(self) -> Mapping[str, Json]:
        """The engine's own view of the settings that matter here."""
        ...


@dataclass
class VllmEngine:
    model: Path  # with the weights by name below it
    arguments: Arguments
    start: str = "first"
    _llm: Any = field(init=False)

    def __post_init__(self) -> None:
        from vllm import LLM

        self._llm = LLM(model=str(self.model / self.start), **self.arguments)

    def generate(
        self, prompts: Sequence[Prompt], *, weights: str = "first", **sampling: Json
    ) -> list[Completion]:
        from vllm import SamplingParams

        salt = sampling.pop("salt", None)
        params = SamplingParams(logprobs=0, detokenize=False, **sampling)
        found = self._llm.generate(_asked(prompts, salt), params, use_tqdm=False)
        temperature = sampling.get("temperature", 1.0) or 1.0
        return [completion(output, temperature, weights) for output in found]

    def logits(self, prompts: Sequence[Prompt], count: int) -> list[float]:
        from vllm import SamplingParams

        params = SamplingParams(logprobs=count, detokenize=False, max_tokens=1, temperature=1.0)
        found = self._llm.generate(_asked(prompts), params, use_tqdm=False)
        steps = (step for output in found for step in output.outputs[0].logprobs)
        return [float(value.logprob) for step in steps for value in step.values()]

    def prompt_logprobs(self, prompts: Sequence[Prompt], temperature: float) -> list[float]:
        from vllm import SamplingParams

        params = SamplingParams(
            prompt_logprobs=0, detokenize=False, max_tokens=1, temperature=temperature
        )
        found = self._llm.generate(_asked(prompts), params, use_tqdm=False)
        places = (
            (token, place)
            for output in found
            for token, place in zip(output.prompt_token_ids, output.prompt_logprobs, strict=True)
        )
        return [float(place[token].logprob) for token, place in places if place is not None]

    def load(self, weights: str) -> None:
        path = str(self.model / weights)
        self._llm.collective_rpc("reload_weights", kwargs={"weights_path": path})

    def reset(self, **arguments: Json) -> Json:
        return self._llm.reset_prefix_cache(**arguments)

    def while_running(self, prompt: Prompt, **reset: Json) -> Json:
        from vllm import SamplingParams

        params = SamplingParams(detokenize=False, max_tokens=64, ignore_eos=True)
        engine = self._llm.llm_engine
        engine.add_request("running", {"prompt_token_ids": list(prompt)}, params)
        for _ in range(4):
            engine.step()
        answer = self._llm.reset_prefix_cache(**reset)
        while engine.has_unfinished_requests():
            engine.step()
        return answer

    def defaults(self) -> Mapping[str, Json]:
        params = self._llm.get_default_sampling_params()
        names = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
        return {name: getattr(params, name) for name in names}

    def sleep(self, level: int) -> None:
        self._llm.sleep(level=level)

    def wake(self) -> None:
        self._llm.wake_up()

    def effective(self) -> Mapping[str, Json]:
        config = self._llm.llm_engine.vllm_config
        return resolved(config)


def resolved(config: Any) -> Mapping[str, Json]:
    """From vLLM's own resolved configuration."""
    found = {
        "logprobs_mode": config.model_config.logprobs_mode,
        "enable_prefix_caching": config.cache_config.enable_prefix_caching,
        "async_scheduling": config.scheduler_config.async_scheduling,
        "dtype": str(config.model_config.dtype).removeprefix("torch."),
        "head_dtype": str(config.model_config.head_dtype).removeprefix("torch."),
        "enforce_eager": config.model_config.enforce_eager,
    }
    return {name: getattr(value, "value", value) for name, value in found.items()}


def completion(output: Any, temperature: float, weights: str) -> Completion:
    """vLLM's RequestOutput in our words."""
    first = output.outputs[0]
    tokens = tuple(first.token_ids)
    steps = first.logprobs or ()
    logprobs = tuple(float(step[token].logprob) for step, token in zip(steps, tokens, strict=False))
    return Completion(
        tuple(output.prompt_token_ids),
        tokens,
        logprobs,
        float(temperature),
        weights,
        output.num_cached_tokens or 0,
        first.finish_reason or "",
    )


def _asked(prompts: Sequence[Prompt], salt: str | None = None) -> list[dict[str, Json]]:
    more = {"cache_salt": salt} if salt else {}
    return [{"prompt_token_ids": list(prompt), **more} for prompt in prompts]


def prompts(count: int, length: int, *, salt: int = 0) -> Iterator[list[int]]:
    """Prompts of token ids that differ from the first token on."""
    for number in range(count):
        state = (number + 1) * 7919 + salt * 104729
        yield [(state + place * 31 + place * place * 17) % 4000 + 1 for place in range(length)]
