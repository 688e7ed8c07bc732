"""A clipped loss whose old policy is the one that the rollout engine sampled from."""

import torch
from rollout import TEMPERATURE


def loss(logits, token_ids, rollout_logprobs, advantages, clip=0.2):
    scaled = (logits / TEMPERATURE).log_softmax(dim=-1)
    logprobs = scaled.gather(-1, token_ids.unsqueeze(-1)).squeeze(-1)
    ratio = torch.exp(logprobs - rollout_logprobs)
    clipped = ratio.clamp(1 - clip, 1 + clip)
    return -torch.minimum(ratio * advantages, clipped * advantages).mean()
