"""What took the place of an engine argument that is gone. A hand-kept table: a signature shows that
an argument went, not why. Source: the release in which each went, in vLLM's own release notes."""

from __future__ import annotations

from rlconfig_lint.model import Value
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


# The old name, the new one, and whether its booleans mean the opposite.
_RENAMED = {"disable_log_requests": ("enable_log_requests", True)}


def renamed(name: str, value: Value) -> tuple[str, Value] | None:
    """The new name and value that mean the same, where there are such."""
    if name not in _RENAMED:
        return None
    new, opposite = _RENAMED[name]
    if not opposite:
        return new, value
    stated = True if value in ("", None) else truth(value)
    return None if stated is None else (new, not stated)


def replacement(name: str) -> str:
    return _REPLACEMENTS.get(name, "leave it out, or keep to a release that has it")
