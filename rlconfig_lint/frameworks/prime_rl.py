"""prime-rl: TOML with vLLM's own keys under `[inference.vllm]`, sampling under `[orchestrator]`."""

from rlconfig_lint.frameworks.words import (
    Bound,
    Framework,
    Head,
    Mark,
    Precision,
    Supplied,
    Switch,
    SyncSwitch,
    When,
    Where,
)
from rlconfig_lint.model import CacheFate, SyncStyle, TrainerKind

_CONFIGS = "packages/prime-rl-configs/src/prime_rl/configs"
_INFERENCE = f"{_CONFIGS}/inference.py"
_SERVER = "src/prime_rl/inference/vllm/server.py"

FRAMEWORK = Framework(
    name="prime-rl",
    read_at="PrimeIntellect-ai/prime-rl@559b447",
    newest="0.8.0",
    distribution="prime-rl",
    package="src/prime_rl",
    # Without [inference] the user starts the server: another file configures it.
    marks=(Mark(keys=("orchestrator", "inference")),),
    in_files=True,
    engine=(
        Where("inference.vllm", passes=True),
        # Up to 0.8.0 the same keys stood here, and free ones in vllm_extra.
        Where("inference", reads=frozenset(("enable_prefix_caching", "quantization"))),
        Where("inference.model", reads=frozenset(("dtype",))),
        Where("inference.vllm_extra", passes=True),
    ),
    sampling=(
        Where("orchestrator.sampling"),  # up to 0.5.0
        Where("orchestrator.train.sampling"),
        Where("orchestrator.train.sampling.extra_body"),
    ),
    not_training=(
        # Rollouts come from a frozen model that is served elsewhere.
        When("orchestrator.algo.type", ("sft",)),
    ),
    defaults=(
        Supplied(
            "logprobs_mode", "processed_logprobs", f"{_INFERENCE}:612 (where nothing is written)"
        ),
        Supplied("dtype", "auto", f"{_INFERENCE}:60"),
    ),
    sampling_defaults=(
        Supplied("temperature", 1.0, f"{_CONFIGS}/orchestrator.py:47"),
        # Rollouts are asked for by token ids, with a SamplingParams that takes no model defaults.
        Supplied("top_p", 1.0, f"{_CONFIGS}/orchestrator.py:62"),
        *(
            Supplied(name, neutral, "src/prime_rl/inference/vllm/serving_tokens.py:237", ">=0.6.0")
            for name, neutral in (
                ("top_k", 0),
                ("min_p", 0.0),
                ("repetition_penalty", 1.0),
                ("presence_penalty", 0.0),
                ("frequency_penalty", 0.0),
            )
        ),
    ),
    complete_requests=True,
    trainer=(
        Switch(
            TrainerKind.ROLLOUT_LOGPROBS,
            "src/prime_rl/trainer/rl/loss.py:104 (exp(trainer - inference))",
        ),
        Switch(
            TrainerKind.UNKNOWN,
            f"{_CONFIGS}/trainer.py:522 (a loss of the user's own)",
            (When("trainer.loss.type", ("custom",)),),
        ),
    ),
    precisions=(
        Precision("bfloat16", "src/prime_rl/trainer/model.py:824"),
        Precision("quantized", f"{_CONFIGS}/trainer.py:248", (When("trainer.model.quantization"),)),
    ),
    bounds=(
        Bound(
            "src/prime_rl/trainer/rl/loss.py:131 (masks tokens by the distance)",
            (When("trainer.loss.type", ("default",), absent="default"),),
        ),
    ),
    divides_by_temperature=True,
    temperature_source="src/prime_rl/trainer/rl/train.py:441 (each token by its own)",
    engine_heads=(
        Head(
            "float32",
            f"{_INFERENCE}:466, src/prime_rl/inference/patches.py:658",
            (When("inference.enable_fp32_lm_head", (True,), absent=True),),
            ">=0.6.0",
        ),
    ),
    sync=(
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SALTED,
            f"each policy version salts its requests: src/prime_rl/orchestrator/dispatcher.py:519,"
            f" paused with keep: {_SERVER}:73",
            versions=">=0.6.0",
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SURVIVES,
            f"0.5.0:{_SERVER}:208 (a plain reset, which kept requests make vLLM refuse)",
            versions=">=0.4.0,<0.6.0",
        ),
        SyncSwitch(
            SyncStyle.IN_FLIGHT,
            CacheFate.SURVIVES,
            f"0.3.0:{_SERVER}:69 (no reset)",
            versions="<0.4.0",
        ),
    ),
)
