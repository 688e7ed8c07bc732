"""Rollouts are trained on as text that was tokenized a second time.

## What it does

Follows the text of a completion (`outputs[0].text`, `choices[0].message.content`) inside one
function to a tokenizer whose result gets the name of training data, in a project that uses rollout
logprobs. A function that has the completion's own token ids as well is left alone.

## Why it breaks RL

Several token sequences have the same text, and the tokenizer gives back one of them: not always the
one that was sampled. From the first token that differs on, each rollout logprob stands beside
another token, and the ratio compares two different actions. A length that differs shifts the rest.
rllm saw significant spikes of KL divergence from it; the longer the completion, the more often.

## What to watch

Ratios far outside the clip range on single tokens and from there to the end of a rollout, more
often in long ones; `len(logprobs) != len(ids)` for some rollouts, or zeros that pad them.

## When it is right

For lengths, rewards and judges the text is enough. So it is where the trainer computes every
logprob anew and rollout logprobs are not used (then the policy is a little off, and that is all).

## Bad

`response_ids = tokenizer.encode(output.outputs[0].text)`

## Good

`response_ids = output.outputs[0].token_ids`; over HTTP `"return_token_ids": true` in the request
and `choice.token_ids` of its answer.

## Fix

None is written: the request and the code behind it change together.

## Versions

`return_token_ids` exists from 0.10.2 on; `token_ids` of `LLM` and `AsyncLLM` in every release.

## Evidence

- https://vllm.ai/blog/2025-10-22-agent-lightning
- https://github.com/rllm-org/rllm/pull/272
- https://github.com/rllm-org/rllm/issues/816 (logprobs beside other tokens)
- https://github.com/huggingface/trl/issues/5224
- https://github.com/stanford-cs336/assignment5-alignment/issues/15
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import (
    DECLARE_TRAINER,
    USES_ROLLOUT_LOGPROBS,
    Doubt,
    Subject,
    judged,
)
from rlconfig_lint.model import (
    Example,
    Finding,
    Profile,
    Retokenized,
    Rollout,
    Rule,
    Severity,
    TrainerKind,
)
from rlconfig_lint.resolve.engines import no_rollout, other_model

ID = ("RL704", "retokenized-rollouts")
_KIND = Doubt("whether the trainer uses rollout logprobs", DECLARE_TRAINER)


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    trainer = rollout.trainer
    if trainer.kind is TrainerKind.RECOMPUTE:
        return
    for again in trainer.retokenized:
        if _is_of_another(again):
            continue
        yield judged(
            ID,
            rollout,
            Severity.ERROR if again.paired else Severity.WARNING,
            f"{again.written} is tokenized again for training: not always into the tokens that were"
            " sampled" + (", to which the logprobs beside it belong" if again.paired else ""),
            span=rollout.release.where(lambda _: True),
            subject=Subject(again.place, "token_ids", f"tokenizer({again.written})"),
            help_="train on the completion's own tokens: outputs[0].token_ids, or over HTTP"
            ' "return_token_ids": true (vLLM >=0.10.2) and choices[0].token_ids',
            doubts=() if trainer.kind in USES_ROLLOUT_LOGPROBS else (_KIND,),
            evidence=trainer.evidence[:1],
        )


def _is_of_another(again: Retokenized) -> bool:
    """Whether a judge, a reward or an evaluation reads the text."""
    parts = tuple(again.inside.split("."))
    return no_rollout(again.place.path, again.inside) or other_model(parts)


_PAIRED = """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0)


def rollouts(tokenizer, prompts):
    samples = []
    for output in llm.generate(prompts, params):
        text = output.outputs[0].text
        response_ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        samples.append((response_ids, output.outputs[0].logprobs))
    return samples
"""
_HTTP = """\
import requests
import torch


async def rollout(client, tokenizer, messages):
    answer = await client.chat.completions.create(messages=messages, logprobs=True)
    text = answer.choices[0].message.content
    return {"completion_ids": tokenizer.encode(text), "logprobs": answer.choices[0].logprobs}


def loss(logprobs, rollout_logprobs, advantages):
    return -(torch.exp(logprobs - rollout_logprobs) * advantages).mean()


def update(server, payload):
    requests.post(f"{server}/pause?mode=keep&clear_cache=false")
    requests.post(f"{server}/update_weights", json=payload)
    requests.post(f"{server}/resume")
"""
_FACTS = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}

BAD = (
    Example("paired.py", _PAIRED, _FACTS),
    Example("http.py", _HTTP, {"vllm-version": "0.18.1"}),
    Example(
        "batch.py",
        """\
from vllm import LLM

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs")


def rollouts(tokenizer, prompts):
    texts = [output.outputs[0].text for output in llm.generate(prompts)]
    response_ids = [tokenizer.encode(text) for text in texts]
    return response_ids
""",
        _FACTS,
    ),
)

GOOD = (
    Example(
        "sampled.py",
        _PAIRED.replace(
            'tokenizer(text, add_special_tokens=False)["input_ids"]', "output.outputs[0].token_ids"
        ),
        _FACTS,
    ),
    Example("recomputed.py", _PAIRED, {**_FACTS, "trainer": "recompute"}),
    Example(
        "counted.py",
        _PAIRED.replace(
            'response_ids = tokenizer(text, add_special_tokens=False)["input_ids"]',
            "response_ids = len(tokenizer.encode(text))",
        ),
        _FACTS,
    ),
    Example("judge.py", _PAIRED.replace("def rollouts", "def judge_rewards"), _FACTS),
    Example(
        "asked.py",
        _HTTP.replace(
            "logprobs=True)", 'logprobs=True, extra_body={"return_token_ids": True})'
        ).replace("tokenizer.encode(text)", "answer.choices[0].token_ids"),
        {"vllm-version": "0.18.1"},
    ),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
