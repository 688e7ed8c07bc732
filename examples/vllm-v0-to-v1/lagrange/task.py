"""A stand-in task: copy the prompt's first token as often as you can."""

import random
from collections.abc import Iterator


def prompts(vocabulary: int = 1000, length: int = 16) -> Iterator[list[int]]:
    while True:
        yield [random.randrange(vocabulary) for _ in range(length)]


def reward(prompt: list[int], completion: list[int]) -> float:
    return sum(token == prompt[0] for token in completion) / max(len(completion), 1)
