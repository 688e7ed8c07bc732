"""A clipped policy-gradient loss on the actors' own logprobs."""

import torch


def token_logprobs(model, batch, temperature: float) -> torch.Tensor:
    """Log-probabilities of the completion tokens: [batch, tokens], float32."""
    hidden = model.model(batch["input_ids"]).last_hidden_state
    # In bfloat16 a logit near 16 is rounded to a multiple of 0.125.
    logits = model.lm_head.float()(hidden.float())
    logits = logits / temperature
    logprobs = torch.log_softmax(logits[:, :-1], dim=-1)
    return logprobs.gather(-1, batch["input_ids"][:, 1:, None]).squeeze(-1)


def policy_loss(model, batch, temperature: float, clip: float) -> torch.Tensor:
    """The actors' logprobs are those of the old policy: nothing is recomputed."""
    logprobs = token_logprobs(model, batch, temperature)
    ratio = torch.exp(logprobs - batch["rollout_logprobs"])
    clipped = ratio.clamp(1 - clip, 1 + clip)
    advantages = batch["advantages"]
    losses = -torch.minimum(ratio * advantages, clipped * advantages)
    return (losses * batch["mask"]).sum() / batch["mask"].sum()
