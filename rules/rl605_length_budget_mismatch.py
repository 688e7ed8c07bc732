"""Requests may ask for more tokens than the engine's whole context has.

## What it does

Flags training rollouts whose `max_tokens` (`max_new_tokens`, or a framework's key for it) is larger
than the engine's `max_model_len`, both written as numbers.

## Why it breaks RL

The prompt and the answer share `max_model_len`, so the cap that the configuration names is never
reached: an offline engine ends each long answer earlier, with the finish_reason "length", and a
server refuses the request. What counts from the configured length then means nothing: a penalty for
overlong answers never applies, a mask of truncated ones waits for a length that never comes, and
answers that were cut are rewarded as if they were whole.

## What to watch

The share of answers that end with "length", and the largest answer: it stays at `max_model_len`
less the prompt. In runs of many turns, the last ones shrink to nothing.

## When it is right

Equal numbers are common and mean "to the end of the context": they are not flagged.

## Bad

`max_model_len: 4096` and `max_tokens: 8192`.

## Good

`max_model_len` of at least the longest prompt and the longest answer together.

## Fix

None: which of the two is meant, memory decides. Raise `max_model_len` to prompt and answer
together, or lower the answer's length.

## Versions

All.

## Evidence

- https://github.com/agentscope-ai/Trinity-RFT/issues/608 (13 turns cut to one word, all trained on)
- https://github.com/verl-project/verl/blob/1dda039/verl/workers/rollout/vllm_rollout/\
vllm_async_server.py#L597 (an answer is clamped to what the context leaves)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import about_written, judged, releases_where
from rlconfig_lint.model import (
    Evidence,
    Example,
    Finding,
    Profile,
    Rollout,
    Rule,
    Setting,
    Severity,
    Value,
)
from rlconfig_lint.readers.scalars import plain

ID = ("RL605", "length-budget-mismatch")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    asked = _longest_answer(rollout)
    length = _number(asked.value) if asked else None
    context = rollout.engine.get("max_model_len")
    if asked is None or length is None or context is None:
        return
    too_long = releases_where(rollout, "max_model_len", lambda room, _: _smaller(room, length))
    if not too_long:
        return
    yield judged(
        ID,
        rollout,
        Severity.WARNING,
        f"requests may ask for {length} tokens, and the whole context has {context.value}: answers"
        " end earlier than configured",
        span=rollout.release.where(lambda _: True),
        subject=about_written(context, rollout.place),
        help_="raise max_model_len to the longest prompt and answer together, or ask for fewer"
        " tokens",
        beside=(asked,),
        evidence=(Evidence(str(asked), asked.place),),
        on_any_release=True,
    )


def _longest_answer(rollout: Rollout) -> Setting | None:
    return rollout.sampling.get("max_tokens") or rollout.sampling.get("max_new_tokens")


def _smaller(room: Value, length: int) -> bool:
    tokens = _number(room)
    return tokens is not None and 0 < tokens < length


def _number(value: Value) -> int | None:
    value = plain(value) if isinstance(value, str) else value
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_FACTS = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs", "trainer-temperature": "1.0"}
_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: {}
  logprobs_mode: processed_logprobs
sampling:
  temperature: 1.0
  max_tokens: 8192
"""
_VERL = """\
python -m verl.trainer.main_ppo \\
    data.max_prompt_length=1024 \\
    data.max_response_length=8192 \\
    actor_rollout_ref.rollout.name=vllm \\
    actor_rollout_ref.rollout.max_model_len={}
"""
_CALL = """\
from vllm import LLM, SamplingParams

llm = LLM(model="Qwen/Qwen2.5-7B", logprobs_mode="processed_logprobs", max_model_len={})
params = SamplingParams(temperature=1.0, logprobs=0, max_tokens=2048)
"""

BAD = (
    Example("engine.yaml", _ENGINE.format(4096), _FACTS),
    Example("grpo.sh", _VERL.format(4096), {"vllm-version": "0.18.1"}),
    Example("rollout.py", _CALL.format(1024), _FACTS),
)

GOOD = (
    Example("engine.yaml", _ENGINE.format(8192), _FACTS),
    Example("grpo.sh", _VERL.format(9216), {"vllm-version": "0.18.1"}),
    Example("rollout.py", _CALL.format('int(os.environ["LENGTH"])'), _FACTS),
)

RULE = Rule(*ID, "0.2.0", "", check, BAD, GOOD, __doc__)
