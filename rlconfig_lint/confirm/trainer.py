"""The trainer's side: transformers on the same weights, one full forward over each rollout."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlconfig_lint.confirm.model import Completion

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def scored(completions: Sequence[Completion], model: Path) -> list[Completion]:
    """The rollouts with the trainer's logprobs, in the precision of the weights that it loads."""
    loaded = {name: _load(model / name) for name in {c.weights for c in completions}}
    return [replace(c, trainer=tuple(_logprobs(loaded[c.weights], c))) for c in completions]


def _load(folder: Path) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForCausalLM

    # In float32: a trainer of infinite care, so that what is left is the engine's.
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()


def _logprobs(model: PreTrainedModel, rollout: Completion) -> Iterable[float]:
    import torch

    if not rollout.tokens:
        return []
    with torch.no_grad():
        logits = model(torch.tensor([[*rollout.prompt, *rollout.tokens]])).logits[0]
    # The logits at one place speak about the next token.
    own = logits[len(rollout.prompt) - 1 : -1].double() / rollout.temperature
    chosen = torch.tensor(rollout.tokens).unsqueeze(1)
    found = own.log_softmax(-1).gather(1, chosen).squeeze(1)
    return [float(value) for value in found]
