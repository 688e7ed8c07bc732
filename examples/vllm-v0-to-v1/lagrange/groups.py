"""Groups of completions with their group-relative advantages, as the actors finish them."""

from collections.abc import Iterator

import httpx
import torch

from lagrange.settings import Settings
from lagrange.task import prompts, reward


def finished_groups(actors: list[str], settings: Settings) -> Iterator[dict[str, torch.Tensor]]:
    for number, prompt in enumerate(prompts()):
        actor = actors[number % len(actors)]
        answer = httpx.post(f"{actor}/complete", json=prompt, timeout=None).json()
        completions = answer["completions"]
        rewards = torch.tensor([reward(prompt, c["token_ids"]) for c in completions])
        advantages = (rewards - rewards.mean()) / (rewards.std() + 1e-4)
        yield collate(prompt, completions, advantages)


def collate(prompt: list[int], completions: list[dict], advantages: torch.Tensor) -> dict:
    """Right-padded [group, prompt + completion] tensors; the mask is 1 on completion tokens."""
    length = len(prompt) + max(len(c["token_ids"]) for c in completions)
    batch = {
        "input_ids": torch.zeros(len(completions), length, dtype=torch.long),
        "rollout_logprobs": torch.zeros(len(completions), length - 1),
        "mask": torch.zeros(len(completions), length - 1),
        "advantages": advantages[:, None],
    }
    for row, completion in enumerate(completions):
        tokens = prompt + completion["token_ids"]
        written = slice(len(prompt) - 1, len(tokens) - 1)
        batch["input_ids"][row, : len(tokens)] = torch.tensor(tokens)
        batch["rollout_logprobs"][row, written] = torch.tensor(completion["rollout_logprobs"])
        batch["mask"][row, written] = 1
    return {name: value.cuda() for name, value in batch.items()}
