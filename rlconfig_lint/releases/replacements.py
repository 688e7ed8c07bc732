"""What took the place of an engine argument that is gone. A hand-kept table: a signature shows that
an argument went, not why. Source: the release in which each went, in vLLM's own release notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rlconfig_lint.model import UNKNOWN, Value
from rlconfig_lint.readers.scalars import truth

_REPLACEMENTS = {
    "calculate_kv_scales": "leave it out: scales come with the checkpoint or with the refit",
    "cuda_graph_sizes": "write compilation_config.cudagraph_capture_sizes",
    "disable_async_output_proc": "leave it out: V1 has no such step",
    "disable_log_requests": "leave it out, or write enable_log_requests with the opposite value",
    "disable_mm_preprocessor_cache": "write mm_processor_cache_gb=0",
    "enable_reasoning": "leave it out: reasoning_parser alone turns it on",
    "guided_decoding_backend": "write structured_outputs_config",
    "max_seq_len_to_capture": "write compilation_config.cudagraph_capture_sizes",
    "multi_step_stream_outputs": "leave it out: async scheduling took its place",
    "num_scheduler_steps": "leave it out: async scheduling took its place",
    "override_attention_dtype": "leave it out",
    "preemption_mode": "leave it out: V1 always recomputes",
    "rope_scaling": "write it into hf_overrides",
    "rope_theta": "write it into hf_overrides",
    "scheduler_delay_factor": "leave it out",
    "speculative_model": "write speculative_config",
    "swap_space": "leave it out, or configure a KV offloading connector",
    "task": "write runner and convert",
    "use_v2_block_manager": "leave it out: there is only one block manager",
}


@dataclass(frozen=True, slots=True)
class _Renaming:
    """The new name, and the new value for the old ones that have a one-to-one meaning under it."""

    name: str
    value: Callable[[Value], Value]
    source: str


def renamed(name: str, value: Value) -> tuple[str, Value] | None:
    """The new name and value that mean the same, where there are such."""
    found = _RENAMED.get(name)
    if found is None:
        return None
    new = found.value(value)
    return None if new is UNKNOWN else (found.name, new)


def _switched_on(value: Value) -> bool | None:
    """A flag's boolean: bare ones are true."""
    return True if value in ("", None) else truth(value)


def _opposite(value: Value) -> Value:
    stated = _switched_on(value)
    return UNKNOWN if stated is None else not stated


def _none_if_on(value: Value) -> Value:
    return 0 if _switched_on(value) else UNKNOWN


def _several_sizes(value: Value) -> Value:
    """One size was the largest of a series; several were the series itself."""
    return value if isinstance(value, list) and len(value) > 1 else UNKNOWN


def _generate(value: Value) -> Value:
    return value if value == "generate" else UNKNOWN


_RENAMED = {
    "cuda_graph_sizes": _Renaming(
        "cudagraph_capture_sizes", _several_sizes, "0.11.2:engine/arg_utils.py:1754"
    ),
    "disable_log_requests": _Renaming(
        "enable_log_requests", _opposite, "0.10.1:engine/arg_utils.py"
    ),
    "disable_mm_preprocessor_cache": _Renaming(
        "mm_processor_cache_gb", _none_if_on, "0.10.2:engine/arg_utils.py:938"
    ),
    "task": _Renaming("runner", _generate, "0.12.0:config/model.py:553"),
}


def replacement(name: str) -> str:
    return _REPLACEMENTS.get(name, "leave it out, or keep to a release that has it")
