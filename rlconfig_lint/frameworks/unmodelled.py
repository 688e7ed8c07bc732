"""Frameworks that are recognised and whose own defaults are not written down yet, and files of
others that are no rollout by their own module's marks.

What such files leave out is supplied by the framework, not by vLLM: it is unknown, and the rules
say nothing about it. A framework moves from here to a module of its own.
"""

from __future__ import annotations

# Key paths that only such a framework's files have, with one file that has them.
MARKS = {
    "areal": ("allocation_mode", "gconfig"),  # AReaL@4aef98d examples/math/gsm8k_grpo.yaml
    # A server or a trainer alone: prime-rl@559b447 examples/advanced/glm-5.2, configs/basic
    "prime-rl": (
        "orchestrator",
        "inference.deployment",
        "inference.model",
        "kv_cache_offload",
        "deployment.num_infer_gpus",
        "deployment.prefill_nodes_per_replica",
    ),
    # On-policy distillation, and parts of files: ROLL@8eb27cc roll/configs/base_config.py:724
    "roll": ("student_infer", "actor_infer"),
}
