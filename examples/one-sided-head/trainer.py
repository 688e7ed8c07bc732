"""The side that learns, with its output head in float32."""

import torch
from transformers import AutoModelForCausalLM


def load(name):
    model = AutoModelForCausalLM.from_pretrained(name, dtype=torch.bfloat16)
    model.lm_head.float()
    return model


def loss(logprobs, rollout_logprobs, advantages):
    return -(torch.exp(logprobs - rollout_logprobs) * advantages).mean()


def update(llm, path):
    llm.collective_rpc("reload_weights", kwargs={"weights_path": path})
