"""verl: Hydra overrides under `actor_rollout_ref.rollout`, free keys under `engine_kwargs.vllm`."""

from rlconfig_lint.frameworks import Framework, Supplied, Switch
from rlconfig_lint.model import CacheFate, TrainerKind

_ROLLOUT = "actor_rollout_ref.rollout"
_CORRECTION = "algorithm.rollout_correction"
_CONFIG = "verl/trainer/config"

FRAMEWORK = Framework(
    name="verl",
    read_at="verl-project/verl@1dda039",
    marks=(_ROLLOUT,),
    engine=(_ROLLOUT, f"{_ROLLOUT}.engine_kwargs.vllm"),
    passed=f"{_ROLLOUT}.engine_kwargs.vllm",
    sampling=(_ROLLOUT,),
    typed=frozenset(("logprobs_mode", "enable_prefix_caching", "dtype", "quantization")),
    free_prefix="++",
    package="verl",
    not_training=("main_generation", "main_eval"),
    # build_cli_args_from_config (verl/workers/rollout/vllm_rollout/utils.py:458) emits no flag for
    # a false value, so vLLM's own default stands.
    drops_false=(_ROLLOUT, f"{_ROLLOUT}.engine_kwargs.vllm"),
    backend=(f"{_ROLLOUT}.name", ("vllm",), "vllm"),
    defaults={
        "logprobs_mode": Supplied("processed_logprobs", f"{_CONFIG}/rollout/rollout.yaml:93"),
        "enable_prefix_caching": Supplied(True, f"{_CONFIG}/rollout/rollout.yaml:90"),
        "dtype": Supplied("bfloat16", f"{_CONFIG}/rollout/rollout.yaml:43"),
    },
    sampling_defaults={
        "temperature": Supplied(1.0, f"{_CONFIG}/rollout/rollout.yaml:17"),
        "top_k": Supplied(-1, f"{_CONFIG}/rollout/rollout.yaml:20"),
        "top_p": Supplied(1, f"{_CONFIG}/rollout/rollout.yaml:23"),
        "repetition_penalty": Supplied(
            1.0, "verl/workers/rollout/vllm_rollout/vllm_async_server.py:1032"
        ),
    },
    trainer=TrainerKind.RECOMPUTE,
    trainer_source=f"{_CONFIG}/algorithm/rollout_correction.yaml (off by default)",
    switches=(
        Switch(
            f"{_CORRECTION}.rollout_is",
            TrainerKind.DECOUPLED,
            f"{_CONFIG}/algorithm/rollout_correction.yaml",
        ),
        Switch(
            f"{_CORRECTION}.rollout_rs",
            TrainerKind.DECOUPLED,
            f"{_CONFIG}/algorithm/rollout_correction.yaml",
        ),
        Switch(  # last: with it on, nothing is recomputed whatever the others say
            f"{_CORRECTION}.bypass_mode",
            TrainerKind.ROLLOUT_LOGPROBS,
            f"{_CONFIG}/algorithm/rollout_correction.yaml",
            (True,),
        ),
    ),
    divides_by_temperature=True,
    # wake_up, clear_kv_cache and pause each reset it: vllm_async_server.py:802, :832, :922.
    fate=CacheFate.CLEARED,
    sync_source="verl/workers/rollout/vllm_rollout/vllm_async_server.py:802",
)
