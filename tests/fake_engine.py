"""An engine of a few lines with the properties that experiments look for, each of which can be
mended: a policy over 256 tokens that depends on the last token alone."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rlconfig_lint.confirm.engine import Prompt
from rlconfig_lint.confirm.model import Completion, Json

VOCABULARY = 256
Logits = list[float]


def logits(weights: str, last: int) -> Logits:
    found = random.Random(f"{weights} {last}")
    return [found.gauss(0, 2.8) for _ in range(VOCABULARY)]


def log_softmax(values: Sequence[float]) -> Logits:
    top = max(values)
    total = top + math.log(sum(math.exp(value - top) for value in values))
    return [value - total for value in values]


@dataclass
class FakeEngine:
    arguments: Mapping[str, Json]
    mended: frozenset[str] = frozenset()  # what this engine does right by itself
    weights: str = "first"
    cache: dict[tuple[int, ...], str] = field(default_factory=dict)

    def generate(
        self, prompts: Sequence[Prompt], *, weights: str = "first", **sampling: Json
    ) -> list[Completion]:
        return [
            self._one(tuple(prompt), weights, number, sampling)
            for number, prompt in enumerate(prompts)
        ]

    def _one(
        self, prompt: tuple[int, ...], weights: str, number: int, sampling: Mapping[str, Json]
    ) -> Completion:
        salt = hash(sampling.get("salt"))
        computed_by = self.cache.get((salt, *prompt), "")
        if self.arguments.get("enable_prefix_caching", True):
            self.cache.setdefault((salt, *prompt), self.weights)
        else:
            computed_by = ""
        policy, last = computed_by or self.weights, prompt[-1] % VOCABULARY
        draw = random.Random(number)
        tokens, logprobs = list[int](), list[float]()
        temperature = sampling.get("temperature", 1.0)
        for _ in range(sampling.get("max_tokens", 8)):
            token, logprob = self._sample(logits(policy, last), temperature, sampling, draw)
            tokens.append(token)
            logprobs.append(logprob)
            last = token
        return Completion(
            prompt,
            tuple(tokens),
            tuple(logprobs),
            temperature or 1.0,
            weights,
            48 if computed_by else 0,
            "length",
        )

    def _sample(
        self, raw: Logits, temperature: float, sampling: Mapping[str, Json], draw: random.Random
    ) -> tuple[int, float]:
        if not temperature:
            token = max(range(VOCABULARY), key=raw.__getitem__)
            return token, log_softmax(raw)[token]
        scaled = log_softmax([value / temperature for value in raw])
        count = sampling.get("top_k", VOCABULARY)
        kept = sorted(range(VOCABULARY), key=scaled.__getitem__)[-count:]
        mass = math.log(sum(math.exp(scaled[token]) for token in kept))
        token = draw.choices(kept, [math.exp(scaled[token]) for token in kept])[0]
        processed = self.arguments.get("logprobs_mode") == "processed_logprobs"
        if processed or "raw logprobs" in self.mended:
            return token, scaled[token] - (0.0 if "truncation" in self.mended else mass)
        return token, log_softmax(raw)[token]

    def load(self, weights: str) -> None:
        self.weights = weights
        if "prefix cache" in self.mended:
            self.cache.clear()

    def reset(self, **arguments: Json) -> Json:
        self.cache.clear()
        return True

    def while_running(self, prompt: Prompt, **reset: Json) -> Json:
        return "reset" in self.mended or bool(reset.get("reset_running_requests"))

    def logits(self, prompts: Sequence[Prompt], count: int) -> list[float]:
        exact = "head_dtype" in (self.arguments.get("hf_overrides") or {})
        return [0.1 if exact or "head" in self.mended else 0.5] * count

    def prompt_logprobs(self, prompts: Sequence[Prompt], temperature: float) -> list[float]:
        return [-1.0 / (temperature if "prompt logprobs" in self.mended else 1.0)] * 4

    def defaults(self) -> Mapping[str, Json]:
        leaks = self.arguments.get("generation_config") == "auto" and "defaults" not in self.mended
        neutral = {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0}
        found: dict[str, Json] = {**neutral, "repetition_penalty": 1.1 if leaks else 1.0}
        return found

    def sleep(self, level: int) -> None:
        if level == 2 and "sleep" not in self.mended:
            self.weights = "lost"

    def wake(self) -> None:
        self.cache.clear()

    def effective(self) -> Mapping[str, Json]:
        return {"async_scheduling": self.arguments.get("async_scheduling", True)}


def scored(rollout: Completion) -> Completion:
    """With the logprobs of a trainer that knows the same policy."""
    before = [rollout.prompt[-1] % VOCABULARY, *rollout.tokens]
    own = (
        log_softmax([value / rollout.temperature for value in logits(rollout.weights, last)])[token]
        for last, token in zip(before, rollout.tokens, strict=False)
    )
    return replace(rollout, trainer=tuple(own))
