"""What a trainer would see: importance ratios between its own logprobs and the rollout's."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean

from rlconfig_lint.confirm.model import Completion

CLIP = 0.2


@dataclass(frozen=True)
class Mismatch:
    """Over all tokens; the ratio is exp(trainer - rollout), as in PPO's first step."""

    mean_ratio: float
    mean_difference: float  # |trainer - rollout|, nats
    outside_clip: float  # share of tokens whose ratio leaves 1 - CLIP to 1 + CLIP
    effective_samples: float  # share: (sum of ratios)^2 / (n * sum of squares)
    first_token: float  # mean |trainer - rollout| of each rollout's first token, nats
    tokens: int


def mismatch(completions: Iterable[Completion]) -> Mismatch:
    """How far a trainer's logprobs are from the rollout's.

    Raises:
        ValueError: there is no token.
    """
    rollouts = list(completions)
    differences = [d for rollout in rollouts for d in differences_of(rollout)]
    if not differences:
        raise ValueError("no token to compare")
    ratios = [math.exp(min(d, 50.0)) for d in differences]
    firsts = [abs(next(differences_of(rollout))) for rollout in rollouts if rollout.tokens]
    return Mismatch(
        fmean(ratios),
        fmean(map(abs, differences)),
        fmean(abs(ratio - 1) > CLIP for ratio in ratios),
        sum(ratios) ** 2 / (len(ratios) * sum(ratio**2 for ratio in ratios)),
        fmean(firsts),
        len(ratios),
    )


def differences_of(rollout: Completion) -> Iterator[float]:
    """trainer - rollout, nats, token by token."""
    return (mine - theirs for mine, theirs in zip(rollout.trainer, rollout.logprobs, strict=True))
