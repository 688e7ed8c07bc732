"""What vLLM does that no signature shows, by release: one function a fact, with its source."""

from __future__ import annotations

from packaging.version import Version

from rlconfig_lint.releases.known import within

PAUSE_MODE = "abort"  # what a bare pause_generation() means, in every release
PAUSE_CLEARS = True


def has_logprobs_mode(release: Version) -> bool:
    """0.10.0:config.py:321 (vllm#21398)."""
    return within(release, ">=0.10.0")


def processed_has_temperature(release: Version) -> bool:
    """In 0.10.0 to 0.10.1.1 `processed_logprobs` is taken before temperature, min-p, top-k and
    top-p (0.10.0:v1/sample/sampler.py:48); from 0.10.2 on it is the final distribution
    (0.10.2:v1/sample/sampler.py:165, vllm#22387)."""
    return within(release, ">=0.10.2")


def v0_can_run(release: Version) -> bool:
    """VLLM_USE_V1=0 selects the V0 engine (0.8.0 to 0.10.2; removed in 0.11.0)."""
    return within(release, "<0.11.0")


def head_dtype_works(release: Version) -> bool:
    """`hf_overrides.head_dtype` reaches generation models from 0.26.0 on
    (0.26.0:model_executor/layers/logits_processor.py:59, vllm#48390); earlier releases ignore it,
    from 0.11.0 to 0.25.1 with a warning (0.11.0:config/model.py:1477)."""
    return within(release, ">=0.26.0")


def has_pause(release: Version) -> bool:
    """0.12.0:v1/engine/async_llm.py:563."""
    return within(release, ">=0.12.0")


def has_pause_mode(release: Version) -> bool:
    """`mode=` from 0.16.0 on (0.16.0:v1/engine/async_llm.py:729); before, a TypeError."""
    return within(release, ">=0.16.0")


def has_wait_for_inflight(release: Version) -> bool:
    """`wait_for_inflight_requests=` was removed in 0.32.0 (0.31.0:v1/engine/async_llm.py:916)."""
    return within(release, ">=0.12.0,<0.32.0")


def keep_can_clear(release: Version) -> bool:
    """keep + clear_cache=True preempts and recomputes from 0.17.0 on
    (0.17.0:v1/engine/core.py:1463); on 0.16.0 the reset is refused while the frozen requests hold
    blocks and nothing says so (0.16.0:v1/engine/async_llm.py:765)."""
    return within(release, ">=0.17.0")


def keep_and_clear_drops_a_token(release: Version) -> bool:
    """Under async scheduling, keep + clear_cache=True loses the next token of each running request:
    the preemption has one output discarded (0.17.0:v1/core/sched/scheduler.py:1810), and the pause
    already waited for the last one (0.17.0:v1/engine/core.py:1482; vllm#42043). From 0.22.0 on only
    outputs that are still to come are discarded (0.22.0:v1/core/sched/scheduler.py:1923)."""
    return within(release, ">=0.17.0,<0.22.0")


def has_reset_running(release: Version) -> bool:
    """reset_prefix_cache(reset_running_requests=True): 0.12.0:v1/engine/async_llm.py:752."""
    return within(release, ">=0.12.0")


def has_reload_weights(release: Version) -> bool:
    """The worker's RPC that reads the checkpoint again: 0.10.0:v1/worker/gpu_worker.py; the V0
    engine, which is gone from 0.11.0 on, has none."""
    return within(release, ">=0.11.0")


def ray_updates_beside_a_forward_pass(release: Version) -> bool:
    """With pipeline stages the Ray executor computes in a compiled graph and takes RPCs beside it
    (0.20.0:v1/executor/ray_executor.py:458 and :502, NeMo-RL#2180); from 0.21.0 on Ray runs the
    executor of processes (0.21.0:envs.py:787, VLLM_USE_RAY_V2_EXECUTOR_BACKEND)."""
    return within(release, "<0.21.0")


def sleep_clears(release: Version) -> bool:
    """AsyncLLM.sleep resets the prefix cache from 0.10.1 on (0.10.1:v1/engine/async_llm.py:581);
    LLM.sleep always did."""
    return within(release, ">=0.10.1")


def reset_answers(release: Version) -> bool:
    """reset_prefix_cache() returns whether it cleared anything from 0.12.0 on
    (0.12.0:v1/engine/async_llm.py:752); V1 before returns None (0.11.2:v1/engine/async_llm.py:675,
    0.10.2:v1/engine/llm_engine.py:284)."""
    return within(release, ">=0.12.0")


def reset_route_answers(release: Version) -> bool:
    """POST /reset_prefix_cache says whether it cleared anything from 0.26.0 on; before, it answers
    200 whatever happened (0.25.1:entrypoints/serve/dev/cache/api_router.py:40)."""
    return within(release, ">=0.26.0")


# The KV connectors that keep blocks for later requests, and the first release whose `reset_cache`
# empties each of them (distributed/kv_transfer/kv_connector/v1/: offloading_connector.py,
# simple_cpu_offload_connector.py, mooncake/store/connector.py). "" where none up to 0.33.0 does:
# they inherit the one of base.py, which does nothing and counts as success. Connectors that only
# hand blocks from prefill to decode (Nixl, P2pNccl, Mooncake, MoRIIO) keep none.
KEEPING_CONNECTORS = {
    "OffloadingConnector": "0.22.0",
    "SimpleCPUOffloadConnector": "0.24.0",
    "MooncakeStoreConnector": "0.23.0",
    "LMCacheConnectorV1": "",
    "LMCacheMPConnector": "",
}


def connector_empties(connector: str, release: Version) -> bool:
    """Whether a reset that reaches a connector which keeps blocks empties it."""
    since = KEEPING_CONNECTORS[connector]
    return bool(since) and within(release, f">={since}")


def has_reset_connector(release: Version) -> bool:
    """reset_prefix_cache(reset_connector=True): 0.13.0:v1/engine/async_llm.py:741."""
    return within(release, ">=0.13.0")


def pause_reaches_connector(release: Version) -> bool:
    """A pause or sleep that clears, clears connectors too: 0.23.0:v1/engine/core.py:673."""
    return within(release, ">=0.23.0")


def adapter_name_in_key(release: Version) -> bool:
    """A cached block is found by its adapter's name from 0.11.1 on
    (0.11.1:v1/core/kv_cache_utils.py:450); before, by its `lora_int_id`
    (0.11.0:v1/core/kv_cache_utils.py:502)."""
    return within(release, ">=0.11.1")


def adapter_path_in_key(release: Version) -> bool:
    """... and by the path of its weights from 0.31.0 on (0.31.0:v1/core/kv_cache_utils.py)."""
    return within(release, ">=0.31.0")
