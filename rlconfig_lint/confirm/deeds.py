"""What an experiment does with an engine. Each deed gives a record that JSON can hold."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

from rlconfig_lint.confirm.engine import Engine, prompts
from rlconfig_lint.confirm.model import Completion, Json, Record

_COUNT = 32
_LENGTH = 64  # four blocks of 16: less than two cannot be found in a prefix cache
_NEW = 32


def sample(
    engine: Engine, temperature: float = 1.0, trained_at: float | None = None, **more: Json
) -> Record:
    """Rollouts as a trainer asks for them, and the temperature that the trainer divides by."""
    asked = list(prompts(_COUNT, _LENGTH))
    found = _sampled(engine, asked, temperature=temperature, **more)
    divisor = (temperature or 1.0) if trained_at is None else trained_at  # greedy: no divisor
    return Record(tuple(replace(c, temperature=divisor) for c in found), engine.effective())


def update(engine: Engine, reset: bool = False, salted: bool = False) -> Record:
    """New weights in place of the old, and the same prompts again."""
    asked = list(prompts(_COUNT, _LENGTH))
    engine.reset()
    engine.generate(asked, temperature=0.0, max_tokens=1, salt="first" if salted else None)
    engine.load("second")
    answer = engine.reset() if reset else None
    after = _again(engine, asked, salt="second" if salted else None)
    return Record(tuple(after), {**engine.effective(), "reset": answer, **_cached(after)})


def behind_update(
    engine: Engine, trained_at: float | None = None, reset: bool = False, **sampling: Json
) -> Record:
    """Rollouts of a policy that has just been updated, from prompts that were asked before."""
    asked = list(prompts(_COUNT, _LENGTH))
    engine.reset()
    engine.generate(asked, temperature=0.0, max_tokens=1)
    engine.load("second")
    if reset:
        engine.reset()
    found = _sampled(engine, asked, weights="second", **sampling)
    engine.load("first")
    engine.reset()
    divisor = sampling.get("temperature", 1.0) if trained_at is None else trained_at
    after = tuple(replace(rollout, temperature=divisor) for rollout in found)
    return Record(after, {**engine.effective(), **_cached(found)})


def fresh(engine: Engine) -> Record:
    """The same prompts on an engine that has seen the new weights only."""
    engine.load("second")
    engine.reset()
    after = _again(engine, list(prompts(_COUNT, _LENGTH)))
    return Record(tuple(after), _cached(after))


def _again(engine: Engine, asked: Sequence[list[int]], **more: Json) -> list[Completion]:
    """The prompts once more, under the second weights; then the engine is as it was."""
    found = engine.generate(
        asked, weights="second", temperature=0.0, max_tokens=8, ignore_eos=True, **more
    )
    engine.load("first")
    engine.reset()
    return found


def reset_while_running(engine: Engine, **arguments: Json) -> Record:
    """A reset of the cache while a request runs, and what the next identical prompt finds."""
    (asked,) = prompts(1, _LENGTH, salt=7)
    engine.reset()
    engine.generate([asked], temperature=0.0, max_tokens=1)
    (other,) = prompts(1, _LENGTH, salt=8)
    answer = engine.while_running(other, **arguments)
    (again,) = engine.generate([asked], temperature=0.0, max_tokens=1)
    return Record((), {"reset": answer, "cached": again.cached})


def head(engine: Engine) -> Record:
    """The share of returned logits that bfloat16 can hold exactly: all of a bfloat16 head's."""
    values = engine.logits(list(prompts(8, _LENGTH)), 20)
    share = sum(map(_is_bfloat16, values)) / len(values)
    return Record((), {**engine.effective(), "bfloat16": share, "logits": len(values)})


def defaults(engine: Engine) -> Record:
    return Record((), engine.defaults())


def sleep(engine: Engine, level: int, reload: bool = False) -> Record:
    """Rollouts behind a sleep; `reload` brings the weights back."""
    asked = list(prompts(4, _LENGTH))
    engine.load("first")  # another sleep may have lost them
    engine.reset()
    before = engine.generate(asked, temperature=0.0, max_tokens=8)
    engine.sleep(level)
    engine.wake()
    if reload:
        engine.load("first")
    after = engine.generate(asked, temperature=0.0, max_tokens=8)
    same = sum(a.tokens == b.tokens for a, b in zip(before, after, strict=True))
    return Record((), {"same": same, "of": len(asked)})


def prompt_logprobs(engine: Engine) -> Record:
    """Logprobs of the same prompts, asked for at two temperatures."""
    asked = list(prompts(4, _LENGTH))
    cold, warm = (engine.prompt_logprobs(asked, temperature) for temperature in (0.5, 1.0))
    largest = max(abs(a - b) for a, b in zip(cold, warm, strict=True))
    return Record((), {**engine.effective(), "largest_difference": largest, "tokens": len(cold)})


def _sampled(engine: Engine, asked: Sequence[list[int]], **sampling: Json) -> list[Completion]:
    return engine.generate(asked, max_tokens=_NEW, ignore_eos=True, seed=17, **sampling)


def _cached(found: Sequence[Completion]) -> dict[str, Json]:
    """How much of the prompts was found in the cache: the least and the most."""
    counts = [completion.cached for completion in found]
    return {"cached": max(counts), "of": len(found[0].prompt), "first_tokens": _firsts(found)}


def _firsts(found: Sequence[Completion]) -> list[int]:
    return list(chain.from_iterable(completion.tokens[:1] for completion in found))


def _is_bfloat16(value: float) -> bool:
    """Whether a float32's lower half is zero, as that of every bfloat16 is."""
    return struct.pack("<f", value)[:2] == b"\0\0"
