"""The experiments: which engines show a rule's claim, and who judges what they gave.

Arms with the same engine arguments share one engine; what differs is asked of it at run time.
"""

from __future__ import annotations

from collections.abc import Mapping

from rlconfig_lint.confirm import verdicts
from rlconfig_lint.confirm.model import Arm, Experiment, Json

_RAW: Mapping[str, Json] = {"logprobs_mode": "raw_logprobs"}
_PROCESSED: Mapping[str, Json] = {"logprobs_mode": "processed_logprobs"}
_FLOOR = Arm("floor", "sample", _PROCESSED)
_LOGITS: Mapping[str, Json] = {"logprobs_mode": "raw_logits", "dtype": "bfloat16"}
_FP32_HEAD: Mapping[str, Json] = {**_LOGITS, "hf_overrides": {"head_dtype": "float32"}}
_CACHING: Mapping[str, Json] = {**_PROCESSED, "enable_prefix_caching": True}
_UNCACHED: Mapping[str, Json] = {**_PROCESSED, "enable_prefix_caching": False}
_GPU = frozenset(("cuda",))


def _at(temperature: float) -> Experiment:
    given = {"temperature": temperature}
    return Experiment(
        f"raw-logprobs-at-{temperature}",
        ("RL101",),
        f"raw logprobs are not the trainer's at temperature {temperature}, processed ones are",
        (Arm("flagged", "sample", _RAW, given), Arm("fixed", "sample", _PROCESSED, given), _FLOOR),
        verdicts.ratios("flagged", "fixed", "floor"),
        releases=">=0.10.2",
    )


def _cut(name: str, codes: tuple[str, ...], claim: str, **sampling: Json) -> Experiment:
    return Experiment(
        name,
        codes,
        claim,
        (
            Arm("flagged", "sample", _PROCESSED, sampling),
            Arm("fixed", "sample", _PROCESSED),
            _FLOOR,
        ),
        verdicts.ratios("flagged", "fixed", "floor"),
        releases=">=0.10.2",
    )


def _survives(name: str, claim: str, fixed: Arm) -> Experiment:
    return Experiment(
        name,
        ("RL201",),
        claim,
        (Arm("flagged", "update", _CACHING), fixed, Arm("fresh", "fresh", _CACHING)),
        verdicts.stale("flagged", fixed.name),
        releases=">=0.16.0",
    )


def _paused(mode: str, clear_cache: bool) -> Arm:
    name = f"{mode}, clear" if mode == "keep" and clear_cache else mode
    return Arm(name, "pause", _UNCACHED, {"mode": mode, "clear_cache": clear_cache})


EXPERIMENTS = (
    _at(0.6),
    _at(1.2),
    Experiment(
        "raw-logprobs-at-1.0",
        ("RL101",),
        "at temperature 1 without truncation raw and processed logprobs are both the trainer's",
        (Arm("raw", "sample", _RAW), Arm("processed", "sample", _PROCESSED)),
        verdicts.both_right("raw", "processed"),
        releases=">=0.10.2",
    ),
    Experiment(
        "temperature-mismatch",
        ("RL103",),
        "a trainer that divides by another temperature than the rollout's sees another policy",
        (
            *(
                Arm(name, "sample", _PROCESSED, {"temperature": 0.7, "trained_at": divisor})
                for name, divisor in (("flagged", 1.0), ("fixed", 0.7))
            ),
            _FLOOR,
        ),
        verdicts.ratios("flagged", "fixed", "floor"),
        releases=">=0.10.2",
    ),
    Experiment(
        "prompt-logprobs",
        ("RL104",),
        "prompt logprobs are never divided by the temperature, processed ones neither",
        (Arm("flagged", "prompt_logprobs", _PROCESSED),),
        verdicts.unscaled,
        releases=">=0.11.0",
    ),
    _survives(
        "prefix-cache-and-reset",
        "cached blocks of old weights are found after an update, unless the cache is reset",
        Arm("reset", "update", _CACHING, {"reset": True}),
    ),
    _survives(
        "prefix-cache-and-salt",
        "a salt that changes with the policy keeps old blocks apart",
        Arm("salted", "update", _CACHING, {"salted": True}),
    ),
    _survives(
        "prefix-cache-off",
        "without prefix caching nothing of the old weights is found",
        Arm("off", "update", _UNCACHED),
    ),
    Experiment(
        "reset-while-running",
        ("RL202",),
        "a reset is refused while a request runs, unless running requests are reset too",
        (
            Arm("flagged", "reset_while_running", _CACHING),
            Arm("fixed", "reset_while_running", _CACHING, {"reset_running_requests": True}),
        ),
        verdicts.differ("flagged", "fixed", reset=(False, True)),
        releases=">=0.12.0",
    ),
    Experiment(
        "async-scheduling",
        ("RL301",),
        "async scheduling on its own changes no token",
        tuple(
            Arm(name, "sample", {**_PROCESSED, "async_scheduling": on}, {"temperature": 0.0})
            for name, on in (("flagged", True), ("fixed", False))
        ),
        verdicts.no_difference("flagged", "fixed"),
        releases=">=0.14.0",
        devices=_GPU,
        why_not="vLLM's CPU build turns it off",
    ),
    Experiment(
        "pause-keeps-the-cache",
        ("RL401",),
        "a paused request goes on from old keys and values, unless the pause clears them",
        (_paused("keep", False), _paused("keep", True)),
        verdicts.kept_cache,
        releases=">=0.17.0",
    ),
    Experiment(
        "pause-loses-a-token",
        ("RL401",),
        "keep and clear drops the first token behind the pause under async scheduling",
        tuple(
            Arm(
                name,
                "pause",
                {**_UNCACHED, "async_scheduling": on},
                {"mode": "keep", "clear_cache": True},
            )
            for name, on in (("flagged", True), ("fixed", False))
        ),
        verdicts.lost_token,
        releases=">=0.17.0,<0.22.0",
        devices=_GPU,
        why_not="vLLM's CPU build turns async scheduling off",
    ),
    Experiment(
        "pause-aborts",
        ("RL401", "RL404"),
        "a pause that aborts ends every request in flight; one that keeps lets it finish",
        (_paused("abort", True), _paused("wait", True), _paused("keep", False)),
        verdicts.aborted,
        releases=">=0.16.0",
    ),
    Experiment(
        "sleep-level-2",
        ("RL402",),
        "an engine that slept at level 2 has lost its weights until they are loaded again",
        tuple(
            Arm(name, "sleep", {**_PROCESSED, "enable_sleep_mode": True}, given)
            for name, given in (
                ("flagged", {"level": 2}),
                ("fixed", {"level": 2, "reload": True}),
            )
        ),
        verdicts.slept,
        releases=">=0.16.0",
        devices=_GPU,
        why_not="vLLM's CPU build has no sleep mode",
    ),
    Experiment(
        "lm-head",
        ("RL501",),
        "a head in bfloat16 rounds every logit, one in float32 does not",
        (Arm("flagged", "head", _LOGITS), Arm("fixed", "head", _FP32_HEAD)),
        verdicts.bfloat16_head,
        releases=">=0.26.0",
    ),
    Experiment(
        "lm-head-ignored",
        ("RL502",),
        "head_dtype is taken and changes nothing before 0.26.0",
        (Arm("flagged", "head", _FP32_HEAD), Arm("fixed", "head", _LOGITS)),
        verdicts.ignored_head,
        releases=">=0.11.0,<0.26.0",
    ),
    Experiment(
        "fp8-kv-cache",
        ("RL504",),
        "keys and values in fp8 move every logprob",
        (
            Arm("flagged", "sample", {**_PROCESSED, "kv_cache_dtype": "fp8"}),
            Arm("fixed", "sample", _PROCESSED),
            _FLOOR,
        ),
        verdicts.coarser("flagged", "fixed"),
        devices=_GPU,
        why_not="vLLM's CPU build has no fp8 cache",
        releases=">=0.10.2",
    ),
    Experiment(
        "generation-config",
        ("RL601",),
        "a request that says nothing gets the model's generation_config.json",
        (
            Arm("flagged", "defaults", {"generation_config": "auto"}, start="leaky"),
            Arm("fixed", "defaults", {"generation_config": "vllm"}, start="leaky"),
        ),
        verdicts.neutral_defaults,
        releases=">=0.8.5",
    ),
    _cut("top-p", ("RL602",), "with top_p 0.8 each ratio loses the mass that was cut", top_p=0.8),
    _cut("top-k", ("RL602",), "with top_k 50 each ratio loses the mass that was cut", top_k=50),
    _cut(
        "penalties",
        ("RL603",),
        "a repetition penalty changes the distribution as no trainer does",
        repetition_penalty=1.3,
    ),
)

# Why a rule that some reader may doubt has no experiment here.
WITHOUT = {
    "RL102": "vLLM 0.10.0 to 0.10.1.1 would have to be installed",
    "RL105": "it needs a draft model, and old releases",
    "RL203": "it needs adapters; the key of a block is read from vLLM's source",
    "RL204": "it needs a KV connector",
    "RL206": "it needs the hybrid model itself",
    "RL403": "it needs pipeline stages on several GPUs",
    "RL503": "it needs weights whose shapes the fp8 kernels take",
    "RL506": "it needs an A100 and a release before 0.18.0",
    "RL507": "what it prevents shows in long runs of large models",
    "RL508": "it is about what a release refuses",
    "RL510": "the difference is that of two dtypes, as in the floor",
    "RL511": "it is about what a release reads",
    "RL605": "it is arithmetic",
    "RL701": "it weighs what other rules found",
    "RL702": "it is about what a trainer reads",
    "RL703": "it shows in training, not in an engine",
    "RL704": "it needs a real tokenizer",
}
