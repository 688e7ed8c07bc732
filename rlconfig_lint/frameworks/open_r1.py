"""open-r1: recipes of TRL 0.18.0, flat YAML files of GRPOConfig's names and its own.

What holds is what TRL's version says: 0.18.0 asks vLLM for no logprobs at all.
"""

from dataclasses import replace

from rlconfig_lint.frameworks import trl
from rlconfig_lint.frameworks.words import Mark
from rlconfig_lint.model import Form

_PACKAGE = "src/open_r1"
# GRPOConfig's and the script's own keys: src/open_r1/configs.py:75 to 166.
_OWN = (
    "benchmarks",
    "dataset_prompt_column",
    "hub_model_revision",
    "num_completions_to_print",
    "push_to_hub_revision",
    "wandb_log_unique_prompts",
)

FRAMEWORK = replace(
    trl.FRAMEWORK,
    name="open-r1",
    read_at="huggingface/open-r1@1416fa0",
    made_from="trl",
    newest="0.18.0",  # setup.py:72
    package=_PACKAGE,
    version_file="",
    calls=(),
    marks=(
        Mark(keys=("use_vllm",), form=Form.DOCUMENT, package=_PACKAGE),
        *(Mark(keys=("use_vllm", key), form=Form.DOCUMENT) for key in _OWN),
        Mark(keys=("use_vllm",), word="open_r1/grpo.py"),
    ),
)
