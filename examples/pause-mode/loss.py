import torch


def loss(logprobs, rollout_logprobs, advantages):
    return -(torch.exp(logprobs - rollout_logprobs) * advantages).mean()
