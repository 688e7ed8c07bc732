"""What vLLM does on some releases and no signature shows: one row a fact, kept by hand.

`setting` is what the fact is about: an engine argument, a sampling field, or a method of the update
path; `unset` says that it is about the argument when nobody wrote it. Sources are version:path
below `vllm/`:line in released packages, or an issue or pull request of vLLM. Rules decide by
`behaviour` and `defaults`; this table is what people read: `rlconfig-lint releases VERSION` and
`rlconfig-lint migrate` show it.
"""

from __future__ import annotations

from dataclasses import dataclass

from packaging.version import Version

from rlconfig_lint.releases.known import within


@dataclass(frozen=True, slots=True)
class Fact:
    setting: str
    releases: str
    text: str
    source: str
    unset: bool = False


FACTS = (
    Fact(
        "logprobs_mode",
        "<0.8.0",
        "the V0 engine returns processed logprobs: penalties, temperature and truncation included",
        "0.7.3:model_executor/layers/sampler.py:271",
    ),
    Fact(
        "logprobs_mode",
        ">=0.8.0,<0.10.0",
        "V1 returns raw logprobs and has no setting for it",
        "0.8.0:v1/sample/sampler.py:36",
    ),
    Fact(
        "logprobs_mode",
        ">=0.10.0,<0.10.2",
        "processed_* stop before temperature, min-p, top-k and top-p",
        "0.10.0:v1/sample/sampler.py:48",
    ),
    Fact(
        "logprobs_mode",
        ">=0.10.2",
        "processed_logprobs are those of the sampled distribution, renormalised after truncation",
        "0.10.2:v1/sample/sampler.py:165",
    ),
    Fact(
        "logprobs_mode",
        "==0.10.2",
        "in a batch with temperature 0 and others, greedy rows get logprobs of negated logits",
        "0.10.2:v1/worker/gpu_input_batch.py:335",
    ),
    Fact(
        "logprobs_mode",
        ">=0.22.0,<0.26.0",
        "*_logits fall back to the V1 model runner; the V2 runner has them from 0.26.0 on",
        "0.12.0:v1/worker/gpu/sample/sampler.py",
    ),
    Fact(
        "enable_prefix_caching",
        ">=0.8.0",
        "on when unset, for models that support it",
        "0.8.0:engine/arg_utils.py:1669",
        unset=True,
    ),
    Fact(
        "enable_prefix_caching",
        "<0.26.0",
        "off when unset for hybrid (Mamba) models",
        "0.25.1:config/model.py:1883",
        unset=True,
    ),
    Fact(
        "enable_prefix_caching",
        ">=0.26.0",
        "on when unset for hybrid (Mamba) models too",
        "0.26.0:config/model.py:1897",
        unset=True,
    ),
    Fact(
        "async_scheduling",
        ">=0.14.0",
        "None resolves to on, unless the executor or another setting forbids it",
        "0.14.0:config/vllm.py:588",
        unset=True,
    ),
    Fact(
        "async_scheduling",
        ">=0.14.0,<0.15.0",
        "None resolves to off with pipeline stages",
        "0.14.0:config/vllm.py:588",
        unset=True,
    ),
    Fact(
        "async_scheduling",
        ">=0.21.0",
        "None resolves to on under Ray too",
        "0.20.0:v1/executor/ray_executor_v2.py:205",
        unset=True,
    ),
    Fact(
        "async_scheduling",
        "<=0.11.0",
        "with it on, penalties read placeholders instead of tokens",
        "https://github.com/vllm-project/vllm/issues/27878",
    ),
    Fact(
        "seed",
        ">=0.9.0",
        "an unset seed is 0: replicas draw the same random numbers",
        "https://github.com/vllm-project/vllm/pull/17929",
        unset=True,
    ),
    Fact(
        "generation_config",
        ">=0.8.0",
        "unset request fields come from the model's generation_config.json",
        "0.8.0:config.py:994",
    ),
    Fact(
        "generation_config",
        ">=0.31.0",
        "presence and frequency penalties are taken from that file too",
        "0.31.0:config/model.py",
    ),
    Fact(
        "hf_overrides",
        "<0.11.0",
        "head_dtype is ignored for generation models without a word",
        "0.10.2:config/__init__.py:1772",
    ),
    Fact(
        "hf_overrides",
        ">=0.11.0,<0.26.0",
        "head_dtype is ignored for generation models, with one warning",
        "0.11.0:config/model.py:1477",
    ),
    Fact(
        "hf_overrides",
        ">=0.26.0",
        "head_dtype works for generation models with an unquantised head",
        "0.26.0:model_executor/layers/logits_processor.py:59",
    ),
    Fact(
        "pause_generation",
        ">=0.12.0,<0.16.0",
        "aborts or drains; there is no keep",
        "0.12.0:v1/engine/async_llm.py:563",
    ),
    Fact(
        "pause_generation",
        "==0.16.0",
        "keep with clear_cache=True clears nothing: the reset is refused and nothing says so",
        "0.16.0:v1/engine/async_llm.py:765",
    ),
    Fact(
        "pause_generation",
        ">=0.17.0",
        "keep with clear_cache=True preempts every request and recomputes its KV",
        "0.17.0:v1/engine/core.py:1463",
    ),
    Fact(
        "pause_generation",
        ">=0.16.0,<0.22.0",
        "keep with clear_cache=True under async scheduling drops the first token after the resume",
        "https://github.com/vllm-project/vllm/issues/42043",
    ),
    Fact(
        "pause_generation",
        ">=0.33.0",
        "abort and wait reject new requests with 503 while paused",
        "0.33.0:v1/engine/core.py:2225",
    ),
    Fact(
        "pause",
        ">=0.16.0",
        "the RL routes exist only with VLLM_SERVER_DEV_MODE=1",
        "0.16.0:entrypoints/serve/rlhf/api_router.py:170",
    ),
    Fact(
        "reset_prefix_cache",
        "",
        "returns False and does nothing while a request holds a block",
        "0.16.0:v1/core/block_pool.py:433",
    ),
    Fact(
        "update_weights",
        "",
        "resets no cache: that is left to the user",
        "https://github.com/vllm-project/vllm/pull/46125",
    ),
    Fact(
        "update_weights",
        ">=0.21.0",
        "raises without start_weight_update",
        "0.21.0:v1/worker/gpu_worker.py:1041",
    ),
    Fact(
        "sleep",
        ">=0.7.3,<0.10.1",
        "AsyncLLM.sleep leaves the prefix cache as it is",
        "0.10.0:v1/engine/async_llm.py:565",
    ),
    Fact(
        "sleep",
        ">=0.10.1",
        "AsyncLLM.sleep resets the prefix cache",
        "0.10.1:v1/engine/async_llm.py:581",
    ),
    Fact(
        "sleep",
        "<0.8.5",
        "level 2 loses the model's buffers",
        "https://github.com/vllm-project/vllm/issues/16564",
    ),
    Fact(
        "disable_cascade_attn",
        ">=0.32.0",
        "accepted and does nothing: cascade attention is gone",
        "0.33.0:config/model.py",
    ),
    Fact(
        "speculative_config",
        ">=0.8.0,<0.11.1",
        "EAGLE, Medusa and MTP return one row of logprobs for several tokens",
        "0.11.0:v1/worker/gpu_model_runner.py:2072",
    ),
    Fact(
        "speculative_config",
        ">=0.11.1,<0.14.0",
        "raw logprobs are processed ones: the sampler edits the buffer they share",
        "0.14.0:v1/sample/rejection_sampler.py:121",
    ),
    Fact(
        "prompt_logprobs",
        ">=0.8.0",
        "never scaled by the temperature, whatever logprobs_mode says",
        "https://github.com/vllm-project/vllm/pull/37082",
    ),
    Fact(
        "enable_return_routed_experts",
        "==0.21.0",
        "rejects async scheduling and pipeline stages",
        "0.21.0:config/vllm.py:1898",
    ),
    Fact(
        "enable_return_routed_experts",
        ">=0.31.0",
        "needs prefix caching and the V2 model runner",
        "0.33.0:config/vllm.py:1187",
    ),
    Fact(
        "VLLM_USE_V1",
        ">=0.8.0,<0.11.0",
        "0 selects the V0 engine: other logprobs, no prefix caching by default",
        "0.10.2:engine/arg_utils.py:1431",
    ),
    Fact(
        "VLLM_USE_V1",
        ">=0.11.1",
        "not read: there is only V1",
        "0.11.1:envs.py",
    ),
)


def holding(release: Version) -> list[Fact]:
    """The facts of one release."""
    return [fact for fact in FACTS if within(release, fact.releases)]


def beginning(old: Version, new: Version) -> list[Fact]:
    """The facts that hold on the newer release and not on the older one."""
    return [fact for fact in holding(new) if not within(old, fact.releases)]
