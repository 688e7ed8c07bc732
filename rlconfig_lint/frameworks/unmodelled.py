"""Frameworks that are recognised and whose own defaults are not written down yet.

What their files leave out is supplied by the framework, not by vLLM: it is unknown, and the rules
say nothing about it. A framework moves from here to a module of its own.
"""

from __future__ import annotations

# Key paths that only such a framework's files have, with one file that has them.
MARKS = {
    "areal": ("allocation_mode", "gconfig"),  # AReaL@4aef98d examples/math/gsm8k_grpo.yaml
    # prime-rl@559b447 examples: one file, or one each for the trainer and for inference
    "prime-rl": ("orchestrator", "inference.deployment", "inference.model", "kv_cache_offload"),
    "roll": ("actor_infer",),  # ROLL@8eb27cc examples/qwen2.5-7B-rlvr_megatron
    "torchforge": ("policy.engine_args",),  # torchforge@6e77f0b apps/grpo/qwen3_1_7b.yaml
}
