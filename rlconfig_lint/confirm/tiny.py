"""A tiny model built on the spot: random weights from a seed, no download.

A default initialisation gives logits so flat that temperature hardly changes them and every bug
hides. The output head is scaled until the logits have a standard deviation of 2.8.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

LOGIT_STD = 2.8
VOCABULARY = 4096
GENERATION = {"temperature": 0.6, "top_k": 20, "top_p": 0.95, "repetition_penalty": 1.1}
_SEEDS = {"first": 1, "second": 2}
_SHAPE = {
    "vocab_size": VOCABULARY,
    "hidden_size": 256,
    "intermediate_size": 512,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 64,
    "max_position_embeddings": 2048,
    "tie_word_embeddings": False,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
_EXPERTS = {"num_experts": 8, "num_experts_per_tok": 2, "moe_intermediate_size": 128}


def build(folder: Path, kind: str) -> None:
    """Write two sets of weights of one architecture, below `first` and `second`."""
    for name, seed in _SEEDS.items():
        model = _model(kind, seed)
        _scale_head(model)
        model.to(_bfloat16()).save_pretrained(folder / name)
    leaky = folder / "leaky"
    leaky.mkdir()
    for file in (folder / "first").iterdir():
        if file.name != "generation_config.json":
            (leaky / file.name).symlink_to(file)
    (leaky / "generation_config.json").write_text(json.dumps(GENERATION))
    (folder / "first" / "generation_config.json").unlink(missing_ok=True)


def _model(kind: str, seed: int) -> PreTrainedModel:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

    torch.manual_seed(seed)
    if kind == "moe":
        shape: Mapping[str, Any] = {**_SHAPE, **_EXPERTS}
        return Qwen3MoeForCausalLM(Qwen3MoeConfig(**shape))
    return LlamaForCausalLM(LlamaConfig(**_SHAPE))


def _scale_head(model: PreTrainedModel) -> None:
    import torch

    tokens = torch.arange(512).reshape(4, 128) % VOCABULARY
    with torch.no_grad():
        spread = model(tokens).logits.float().std()
        model.lm_head.weight.mul_(LOGIT_STD / spread)


def _bfloat16() -> torch.dtype:
    import torch

    return torch.bfloat16
