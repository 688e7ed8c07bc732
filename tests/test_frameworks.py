"""One real-shaped case a framework: what absence means there, and what switches its trainer."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

from rlconfig_lint.frameworks import NAMES, frameworks, holds
from rlconfig_lint.frameworks.words import (
    Ahead,
    Bound,
    Dropped,
    Head,
    Inert,
    Precision,
    Supplied,
    Switch,
    SyncSwitch,
)
from rlconfig_lint.model import (
    UNKNOWN,
    CacheFate,
    Profile,
    Rollout,
    Severity,
    TrainerKind,
    Value,
)
from rlconfig_lint.registry import rule
from rlconfig_lint.releases.known import version
from rlconfig_lint.resolve.heads import MODEL_DTYPE, rollout_head
from tests.projects import fix_all, run, write_files

RELEASE = version("0.24.0")
PIN = {"rlconfig-lint.toml": 'vllm-version = "0.24.0"\n'}
OLD_VERL = {"requirements.txt": "verl==0.9.0\n"}

VERL = "python -m verl.trainer.main_ppo actor_rollout_ref.rollout.name=vllm"
SKYRL = "python -m skyrl.train.entrypoints.main_base generator.inference_engine.backend=vllm"
NEMO = "policy: {generation: {backend: vllm, vllm_cfg: {precision: bfloat16}}}\n"
OPEN_INSTRUCT = "python mason.py --gpus 8 -- python open_instruct/grpo_fast.py --vllm_num_engines 2"
OAT = "python -m oat.experiment.run_math_rl --critic_type drgrpo --vllm_gpu_ratio 0.35 --bf16"
TORCHFORGE = """\
policy:
  engine_args: {model: Qwen/Qwen3-1.7B, tensor_parallel_size: 1}
  sampling_params: {n: 8, temperature: 1.0}
trainer: {training: {steps: 100}}
"""
CORRECTED_SKYRL = f"{SKYRL} trainer.algorithm.off_policy_correction.tis_ratio_type=token"
COOL_SKYRL = f"{CORRECTED_SKYRL} generator.sampling_params.temperature=0.6"
IN_FLIGHT_SKYRL = f"{CORRECTED_SKYRL} trainer.fully_async.enabled=true"
OPENRLHF = "ray job submit -- python3 -m openrlhf.cli.train_ppo_ray --vllm.num_engines 4"
AXOLOTL = "base_model: m\nrl: grpo\ntrl: {{use_vllm: true{}}}\n"
MS_SWIFT = "NPROC_PER_NODE=4 swift rlhf --rlhf_type grpo --use_vllm true --vllm_mode colocate"
UNSLOTH = """\
from unsloth import FastLanguageModel
from trl import GRPOConfig
FastLanguageModel.from_pretrained("m", fast_inference=True)
GRPOConfig({})
"""
VIME = (
    "ray job submit -- python3 train_async.py --hf-checkpoint M --vllm-gpu-memory-utilization 0.7"
    " --rollout-temperature 0.6"
)
FULLY_ASYNC = (
    " --rollout-function-path vime.rollout.fully_async_rollout.generate_rollout_fully_async"
)
ART = """\
import art
model = art.TrainableModel(
    name="m",
    project="p",
    base_model="b",
    _internal_config=art.dev.InternalModelConfig(engine_args=art.dev.EngineArgs(max_num_seqs=8{})),
)
"""
TRL = "from trl import GRPOConfig\nGRPOConfig(use_vllm=True{})\n"
PRIME = "[orchestrator]\nbatch_size = 64\n[inference]\n"
RAW_PRIME = f'{PRIME}[inference.vllm]\nlogprobs_mode = "raw_logprobs"\n'
COOL_PRIME = "[orchestrator.train.sampling]\ntemperature = 0.6\n"
AREAL = "rollout: {{backend: 'vllm:d4p1t1'}}\ngconfig: {{temperature: {}}}\nactor: {{{}}}\n"
SAME_T = "temperature: '${gconfig.temperature}'"
DECOUPLED_AREAL = "use_decoupled_loss: true, rejection_sampling: {upper: 5.0}"
ROLL = """\
actor_infer:
  generating_args: {{temperature: {}, top_p: 1.0, top_k: -1}}
  strategy_args: {{strategy_name: vllm, strategy_config: {{max_model_len: 4096}}}}
"""
CORRECTED_ROLL = "train_infer_correction: {is_weight: {enabled: true}}\n"


def only(folder: Path, name: str, text: str) -> Rollout:
    (rollout,) = run(write_files(folder, {**PIN, name: text})).rollouts
    return rollout


def loud(folder: Path, name: str, text: str) -> list[str]:
    findings = run(write_files(folder, {**PIN, name: text})).findings
    return [f"{f.code} {f.severity.word}" for f in findings if f.severity > Severity.INFO]


def test_every_module_is_named_and_every_fact_has_its_source() -> None:
    for framework in frameworks():
        assert framework.name in NAMES
        assert "@" in framework.read_at
        rows: tuple[
            Supplied | Switch | SyncSwitch | Head | Precision | Bound | Dropped | Inert | Ahead, ...
        ] = (
            *framework.defaults,
            *framework.forced,
            *framework.sampling_defaults,
            *framework.sampling_forced,
            *framework.swallows,
            *framework.variables,
            *framework.drops_false,
            *framework.trainer,
            *framework.inert,
            *framework.ahead,
            *framework.heads,
            *framework.precisions,
            *framework.bounds,
            *framework.engine_heads,
            *framework.sync,
        )
        assert all(row.source for row in rows)
        assert framework.divides_by_temperature is None or framework.temperature_source
        assert all(holds(row.versions, Version(framework.newest)) in (True, False) for row in rows)


@pytest.mark.parametrize(
    ("name", "text", "framework", "kind"),
    [
        ("a.sh", VERL, "verl", TrainerKind.RECOMPUTE),
        (
            "a.sh",
            f"{VERL} algorithm.rollout_correction.rollout_is=token",
            "verl",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.sh",
            (
                f"{VERL} algorithm.rollout_correction.bypass_mode=true"
                " algorithm.rollout_correction.rollout_is=token"
            ),
            "verl",
            TrainerKind.ROLLOUT_LOGPROBS,
        ),
        ("a.sh", SKYRL, "skyrl", TrainerKind.RECOMPUTE),
        (
            "a.sh",
            f"{SKYRL} trainer.algorithm.off_policy_correction.tis_ratio_type=token",
            "skyrl",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.sh",
            f"{SKYRL} trainer.algorithm.off_policy_correction.token_mask_is_threshold_low=0.5",
            "skyrl",
            TrainerKind.RECOMPUTE,
        ),
        (
            "a.sh",
            f"{SKYRL} trainer.algorithm.off_policy_correction.outlier_token_is_threshold_low=0.1",
            "skyrl",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.sh",
            f"{SKYRL} trainer.algorithm.policy_loss_type=dppo",
            "skyrl",
            TrainerKind.ROLLOUT_LOGPROBS,
        ),
        (
            "a.sh",
            f"{SKYRL} trainer.algorithm.policy_loss_type=cispo",
            "skyrl",
            TrainerKind.RECOMPUTE,
        ),
        ("a.py", TRL.format(""), "trl", TrainerKind.DECOUPLED),
        (
            "a.py",
            TRL.format(", vllm_importance_sampling_correction=False"),
            "trl",
            TrainerKind.RECOMPUTE,
        ),
        (
            "a.py",
            TRL.format(", vllm_importance_sampling_correction=False, off_policy_mask_threshold=2"),
            "trl",
            TrainerKind.DECOUPLED,
        ),
        ("a.py", TRL.replace("GRPO", "RLOO").format(""), "trl", TrainerKind.RECOMPUTE),
        (
            "a.py",
            "from trl.trainer.grpo_config import GRPOConfig\nGRPOConfig(use_vllm=True)\n",
            "trl",
            TrainerKind.DECOUPLED,
        ),
        # OnlineDPO's, RLOO's and GRPO's files look the same.
        ("a.yaml", "use_vllm: true\nvllm_mode: colocate\n", "trl", TrainerKind.UNKNOWN),
        (
            "a.yaml",
            "use_vllm: true\nvllm_importance_sampling_mode: token_truncate\n",
            "trl",
            TrainerKind.DECOUPLED,
        ),
        ("a.sh", "trl grpo --use_vllm --vllm_mode colocate", "trl", TrainerKind.DECOUPLED),
        ("a.sh", "accelerate launch rloo.py --use-vllm true", "trl", TrainerKind.RECOMPUTE),
        (
            "a.yaml",
            "vllm_config: {vllm_kwargs: {logprobs-mode: processed_logprobs}}\n",
            "pipelinerl",
            TrainerKind.ROLLOUT_LOGPROBS,
        ),
        ("a.yaml", NEMO, "nemo-rl", TrainerKind.RECOMPUTE),
        (
            "a.yaml",
            NEMO + "loss_fn: {use_importance_sampling_correction: true}\n",
            "nemo-rl",
            TrainerKind.DECOUPLED,
        ),
        ("a.yaml", TORCHFORGE, "torchforge", TrainerKind.RECOMPUTE),
        (
            "a.sh",
            "python -m apps.grpo.main --config a.yaml policy.engine_args.enforce_eager=true",
            "torchforge",
            TrainerKind.RECOMPUTE,
        ),
        ("a.sh", OAT, "oat", TrainerKind.DECOUPLED),
        ("a.sh", f"{OAT} --tis_c None", "oat", TrainerKind.RECOMPUTE),
        ("a.sh", f"{OAT} --reinforce-update", "oat", TrainerKind.RECOMPUTE),
        (
            "a.sh",
            "python train_zero.py --critic-type ppo --vllm-gpu-ratio 0.3",
            "oat",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.yaml",
            "use_vllm: true\nhub_model_revision: v1\n",
            "open-r1",
            TrainerKind.RECOMPUTE,
        ),
        ("a.sh", MS_SWIFT, "ms-swift", TrainerKind.RECOMPUTE),
        (
            "a.sh",
            f"{MS_SWIFT} --rollout_importance_sampling_mode token_mask",
            "ms-swift",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.sh",
            f"{MS_SWIFT} --log_rollout_offpolicy_metrics true",
            "ms-swift",
            TrainerKind.RECOMPUTE,
        ),
        (
            "a.yaml",
            "rlhf_type: grpo\nuse_vllm: true\noff_policy_sequence_mask_delta: 0.1\n",
            "ms-swift",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.yaml",
            "rlhf_type: gkd\nuse_vllm: true\nrollout_importance_sampling_mode: token_mask\n",
            "ms-swift",
            TrainerKind.RECOMPUTE,
        ),
        ("a.yaml", AXOLOTL.format(""), "axolotl", TrainerKind.DECOUPLED),
        (
            "a.yaml",
            AXOLOTL.format(", vllm_importance_sampling_correction: false"),
            "axolotl",
            TrainerKind.RECOMPUTE,
        ),
        ("a.py", UNSLOTH.format(""), "unsloth", TrainerKind.RECOMPUTE),
        (
            "a.py",
            UNSLOTH.format("use_vllm=True, vllm_importance_sampling_correction=True"),
            "unsloth",
            TrainerKind.DECOUPLED,
        ),
        ("a.py", UNSLOTH.replace("GRPO", "RLOO").format(""), "unsloth", TrainerKind.RECOMPUTE),
        ("a.sh", OPENRLHF, "openrlhf", TrainerKind.RECOMPUTE),
        *(
            ("a.sh", f"{OPENRLHF} {flags}", "openrlhf", TrainerKind.DECOUPLED)
            for flags in (
                "--algo.advantage.is_correction_enable",
                "--algo.advantage.is_correction_level token",
                "--enable_vllm_is_correction --policy_loss_type ppo",
            )
        ),
        ("a.sh", f"{OPENRLHF} --actor.policy_loss_type gspo", "openrlhf", TrainerKind.RECOMPUTE),
        (
            "a.sh",
            f"{OPENRLHF} --algo.advantage.is_correction_enable --actor.policy_loss_type gspo",
            "openrlhf",
            TrainerKind.ROLLOUT_LOGPROBS,
        ),
        ("a.sh", VIME, "vime", TrainerKind.RECOMPUTE),
        ("a.sh", f"{VIME} --use-tis", "vime", TrainerKind.DECOUPLED),
        ("a.sh", f"{VIME} --use-rollout-logprobs", "vime", TrainerKind.ROLLOUT_LOGPROBS),
        ("a.sh", f"{VIME} --get-mismatch-metrics", "vime", TrainerKind.UNKNOWN),
        (
            "a.sh",
            (
                f"{VIME} --get-mismatch-metrics"
                " --custom-tis-function-path examples.train_infer_mismatch_helper.mis.compute"
            ),
            "vime",
            TrainerKind.RECOMPUTE,
        ),
        ("a.sh", f"{VIME} --use-tis --custom-config-path a.yaml", "vime", TrainerKind.UNKNOWN),
        ("a.py", ART.format(""), "art", TrainerKind.ROLLOUT_LOGPROBS),
        ("a.sh", OPEN_INSTRUCT, "open-instruct", TrainerKind.DECOUPLED),
        (
            "a.sh",
            f"{OPEN_INSTRUCT} --use_rho_correction false",
            "open-instruct",
            TrainerKind.RECOMPUTE,
        ),
        (
            "a.sh",
            f"{OPEN_INSTRUCT} --use_rho_correction false --use_vllm_logprobs true",
            "open-instruct",
            TrainerKind.ROLLOUT_LOGPROBS,
        ),
        ("rl.toml", PRIME, "prime-rl", TrainerKind.ROLLOUT_LOGPROBS),
        (
            "rl.toml",
            f'{PRIME}[trainer.loss]\ntype = "custom"\n',
            "prime-rl",
            TrainerKind.UNKNOWN,
        ),
        ("a.yaml", AREAL.format(1.0, ""), "areal", TrainerKind.ROLLOUT_LOGPROBS),
        ("a.yaml", AREAL.format(1.0, "recompute_logprob: true"), "areal", TrainerKind.RECOMPUTE),
        ("a.yaml", AREAL.format(1.0, "use_decoupled_loss: true"), "areal", TrainerKind.RECOMPUTE),
        ("a.yaml", AREAL.format(1.0, DECOUPLED_AREAL), "areal", TrainerKind.DECOUPLED),
        (
            "a.yaml",
            AREAL.format(1.0, "use_decoupled_loss: true, prox_logp_method: loglinear"),
            "areal",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.yaml",
            "allocation_mode: vllm:d4p1t1+fsdp:d4\ngconfig: {n_samples: 4}\n",
            "areal",
            TrainerKind.ROLLOUT_LOGPROBS,
        ),
        ("a.yaml", ROLL.format(1.0), "roll", TrainerKind.RECOMPUTE),
        ("a.yaml", ROLL.format(1.0) + CORRECTED_ROLL, "roll", TrainerKind.DECOUPLED),
        (
            "a.yaml",
            (
                f"{ROLL.format(1.0)}train_infer_correction: {{filters: [{{agg_type: token}},"
                " {agg_type: sequence, enabled: true}]}\n"
            ),
            "roll",
            TrainerKind.DECOUPLED,
        ),
    ],
)
def test_recognised(
    tmp_path: Path, name: str, text: str, framework: str, kind: TrainerKind
) -> None:
    rollout = only(tmp_path, name, text)
    assert (rollout.framework, rollout.trainer.kind) == (framework, kind)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.sh", "python -m verl.trainer.main_ppo actor_rollout_ref.rollout.name=sglang"),
        ("a.sh", "python -m verl.trainer.main_generation actor_rollout_ref.rollout.name=vllm"),
        ("a.sh", SKYRL.replace("=vllm", "=${BACKEND}")),
        ("a.sh", SKYRL.replace("main_base", "main_generate")),
        ("a.sh", f"{SKYRL} trainer.fully_async.simulate_training=true"),
        pytest.param(
            "a.sh",
            "python -m skyrl_train.entrypoints.main_base generator.backend=vllm"
            " generator.sampling_params.temperature=0.6 trainer.algorithm.use_tis=true",
            id="skyrl's older layout",
        ),
        ("a.py", "from trl import GRPOConfig\nGRPOConfig()\n"),
        ("a.sh", "python -m openrlhf.cli.batch_inference --eval_task generate_vllm --top_p 0.9"),
        # open-r1 filters data with files that look like its recipes
        ("a.yaml", "hub_model_revision: v1\nnum_generations: 4\ntemperature: 0.7\n"),
        ("a.sh", MS_SWIFT.replace("true", "false")),
        ("a.sh", MS_SWIFT.replace("grpo", "dpo")),
        ("a.sh", "swift deploy --model m --infer_backend vllm --vllm_max_model_len 8192"),
        ("a.yaml", AXOLOTL.replace("true", "false").format("")),
        ("a.yaml", AXOLOTL.replace("grpo", "dpo").format("")),
        ("a.yaml", AXOLOTL.format("") + "ebft: {mode: strided}\n"),  # generates without vLLM
        ("a.py", UNSLOTH.replace("True", "False").format("")),
        ("a.py", UNSLOTH.replace(", fast_inference=True", "").format("use_vllm=True")),
        ("a.sh", "python evaluate.py --use_vllm --temperature 0.6"),
        ("a.sh", "trl grpo --use_vllm false --vllm_mode colocate"),
        ("tests/a.sh", VERL),
        ("a.py", "import art\nart.Model(name='m', inference_base_url='http://judge')\n"),
        ("a.sh", VIME.replace("--vllm-gpu", "--sglang-gpu")),
        ("a.sh", f"{VIME} --debug-train-only"),
        ("a.sh", f"{VIME} --rollout-external-engine-addrs 10.0.0.1:8000"),
        ("a.yaml", TORCHFORGE.partition("trainer")[0]),
        ("a.sh", "python -m oat.experiment.main --algo SimPO --vllm_gpu_ratio 0.35"),
        ("a.sh", OAT.replace("run_math_rl", "run_offline_ppo")),
        ("a.yaml", NEMO.replace("backend: vllm", "backend: megatron")),
        pytest.param(
            "sft.toml",
            "[data]\nseq_len = 64\n[inference.vllm]\nmax_num_seqs = 8\n",
            id="prime-rl SFT",
        ),
        pytest.param(
            "rl.toml", "[orchestrator]\nx = 1\n[trainer]\nx = 1\n", id="prime-rl, own server"
        ),
        pytest.param(
            "rl.toml", f'{PRIME}[orchestrator.algo]\ntype = "sft"\n', id="a frozen model's rollouts"
        ),
        pytest.param(
            "a.yaml", AREAL.format(1.0, "").replace("vllm:", "sglang:"), id="areal sglang"
        ),
        pytest.param("a.yaml", AREAL.format(1.0, "").replace("vllm:", "${B}:"), id="areal unknown"),
        pytest.param(
            "a.sh",
            "python3 train.py --config a.yaml rollout.backend=vllm:d4 gconfig.temperature=0.6",
            id="areal, overrides of a file",
        ),
        pytest.param("a.yaml", ROLL.format(1.0).replace("vllm", "hf_infer"), id="roll hf_infer"),
        pytest.param(
            "a.yaml", ROLL.format(1.0).replace("strategy_name: vllm, ", ""), id="roll trains there"
        ),
    ],
)
def test_no_vllm_rollout(tmp_path: Path, name: str, text: str) -> None:
    assert run(write_files(tmp_path, {**PIN, name: text})).rollouts == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        pytest.param("a.sh", f"{VERL} actor_rollout_ref.rollout.temperature=0.6", id="recomputes"),
        pytest.param(
            "a.sh",
            f"{VERL} algorithm.rollout_correction.bypass_mode=true"
            " actor_rollout_ref.rollout.temperature=0.6",
            id="verl supplies processed logprobs",
        ),
        pytest.param(
            "a.sh",
            f"{SKYRL} trainer.algorithm.off_policy_correction.tis_ratio_type=token",
            id="temperature 1 by default",
        ),
        pytest.param(
            "a.sh",
            f"{SKYRL} trainer.algorithm.off_policy_correction.tis_ratio_type=token"
            " generator.sampling_params.temperature=0.6"
            """ generator.inference_engine.engine_init_kwargs='{"logprobs_mode":"""
            """ "processed_logprobs"}'""",
            id="set in a dict",
        ),
        pytest.param(
            "a.yaml",
            TORCHFORGE.replace("temperature: 1.0", "temperature: 0.7"),
            id="torchforge has no old logprobs",
        ),
        pytest.param("a.sh", f"{OAT} --enable_prefix_caching --asynchronous", id="oat resets"),
        pytest.param("a.sh", f"{OAT} --eval_temperature 0.6 --eval_top_p 0.95", id="evaluation"),
        pytest.param("a.sh", f"{OAT} --temperature 0.6 --tis_c None", id="oat recomputes"),
        pytest.param("a.sh", f"{VIME} --use-tis", id="vime asks for processed logprobs"),
        pytest.param("a.sh", VIME, id="vime's train_async.py drains"),
        pytest.param(
            "a.sh", f"{VIME}{FULLY_ASYNC} --no-vllm-enable-prefix-caching", id="negated in vime"
        ),
        pytest.param(
            "a.sh", f"{VIME}{FULLY_ASYNC} --vllm-config engines.yaml", id="another file may say it"
        ),
        pytest.param(
            "a.sh", f"{VIME} --rollout-function-path my.rollout", id="the user's own rollouts"
        ),
        pytest.param("a.py", ART.format(", enable_prefix_caching=True"), id="no requests in sight"),
        pytest.param("a.py", TRL.format(", temperature=0.7"), id="TRL sets processed logprobs"),
        pytest.param("a.sh", IN_FLIGHT_SKYRL, id="salted"),
        pytest.param("a.sh", f"{OPENRLHF} --rollout.temperature 0.7", id="asks for no logprobs"),
        pytest.param(
            "a.sh",
            f"{MS_SWIFT} --rollout_importance_sampling_mode token_mask --temperature 0.7",
            id="ms-swift asks for processed logprobs",
        ),
        pytest.param(
            "a.sh",
            f"{OPENRLHF} --rollout.temperature 0.7 --algo.advantage.is_correction_enable"
            " --vllm.enable_prefix_caching --train.async_enable --train.partial_rollout_enable",
            id="the correction asks for processed logprobs, an update clears the cache",
        ),
        pytest.param(
            "a.sh",
            f"{IN_FLIGHT_SKYRL} trainer.fully_async.clear_kv_cache_on_weight_sync=true"
            " generator.use_cache_salt=false",
            id="cleared",
        ),
        pytest.param(
            "a.sh",
            IN_FLIGHT_SKYRL.replace("skyrl.train.entrypoints.main_base", "mine.main_agents"),
            id="a generator that may not salt: not known",
        ),
        pytest.param(
            "a.sh",
            f"{COOL_SKYRL} generator.inference_engine.run_engines_locally=false",
            id="engines that are configured elsewhere",
        ),
        pytest.param(
            "a.sh",
            f"{CORRECTED_SKYRL} generator.sampling_params.repetition_penalty=1.2",
            id="skyrl does not send it",
        ),
        pytest.param("rl.toml", PRIME + COOL_PRIME, id="prime-rl supplies processed logprobs"),
        pytest.param(
            "a.yaml",
            AREAL.format(0.6, f"use_decoupled_loss: true, {SAME_T}"),
            id="areal without rejection sampling has the recomputed ones alone in its ratio",
        ),
        pytest.param(
            "a.yaml",
            AREAL.format("1.0, top_k: 100000000, frequency_penalty: 0.5", DECOUPLED_AREAL),
            id="areal sends no penalty, and a top_k beyond any vocabulary is off",
        ),
        pytest.param("a.yaml", ROLL.format(0.6), id="roll recomputes"),
    ],
)
def test_silent_where_nothing_is_wrong(tmp_path: Path, name: str, text: str) -> None:
    assert loud(tmp_path, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "a.sh",
            COOL_SKYRL,
            ["RL101 error"],
        ),
        (
            "a.sh",
            (
                f"{VERL} algorithm.rollout_correction.bypass_mode=true"
                " actor_rollout_ref.rollout.temperature=0.6"
                " +actor_rollout_ref.rollout.engine_kwargs.vllm.logprobs_mode=raw_logprobs"
            ),
            ["RL101 error"],
        ),
        ("a.sh", f"{OAT} --temperature 0.6", ["RL101 error"]),
        ("a.sh", f"{OAT} --top-p 0.95", ["RL101 warning"]),
        (
            "a.sh",
            f"{CORRECTED_SKYRL} generator.sampling_params.additional_kwargs.repetition_penalty=1.2",
            ["RL101 warning"],
        ),
        ("a.sh", f"{IN_FLIGHT_SKYRL} generator.use_cache_salt=false", ["RL201 warning"]),
        ("a.sh", f"{SKYRL} trainer.fully_async.enabled=true", ["RL703 error"]),
        ("a.sh", VIME + FULLY_ASYNC, ["RL201 error"]),
        ("a.sh", f"{VIME}{FULLY_ASYNC} --use-tis", ["RL201 warning"]),
        ("a.sh", f"{VIME} --use-tis --vllm-logprobs-mode raw_logprobs", ["RL101 error"]),
        ("a.py", TRL.format(", cast_lm_head_to_fp32=True"), ["RL501 error"]),
        (
            "a.yaml",
            "vllm_config: {vllm_kwargs: {logprobs-mode: processed_logprobs}}\n",
            ["RL201 error"],
        ),
        ("rl.toml", RAW_PRIME + COOL_PRIME, ["RL101 error"]),
        ("a.yaml", AREAL.format(0.6, f"{DECOUPLED_AREAL}, {SAME_T}"), ["RL101 error"]),
        pytest.param(
            "a.yaml",
            AREAL.format(0.6, DECOUPLED_AREAL),
            ["RL101 warning"],
            id="areal's trainer has a temperature of its own, 1 where nobody writes it",
        ),
        ("a.yaml", ROLL.format(0.6) + CORRECTED_ROLL, ["RL101 warning"]),
    ],
)
def test_loud_where_something_is(tmp_path: Path, name: str, text: str, says: list[str]) -> None:
    assert loud(tmp_path, name, text) == says


@pytest.mark.parametrize(
    "other",
    [
        "allocation_mode: vllm:d4+d4\n",
        "actor_infer: {x: 1}\n",
        "policy: {generation: {backend: vllm}}\n",
        "orchestrator: {x: 1}\n",
    ],
)
def test_what_an_unmodelled_framework_leaves_out_is_unknown(tmp_path: Path, other: str) -> None:
    """Their launchers supply defaults of their own: absence says nothing about vLLM's."""
    engine = "vllm: {gpu_memory_utilization: 0.9, max_num_seqs: 8, enforce_eager: true}\n"
    code = "from vllm import LLM\nllm = LLM()\nllm.collective_rpc('update_weights')\n"
    files = {**PIN, "a.yaml": other + engine, "engine.py": code.replace("LLM()", "LLM(**x)")}
    findings = run(write_files(tmp_path, files)).findings
    assert [f for f in findings if f.severity > Severity.INFO] == []


ASYNC = "grpo: {async_grpo: {enabled: true, "


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ("", []),
        (f"{ASYNC}}}}}\n", ["RL201 error", "RL703 error"]),
        (f"{ASYNC}in_flight_weight_updates: true}}}}\n", ["RL201 error", "RL703 error"]),
        (f"{ASYNC}recompute_kv_cache_after_weight_updates: true}}}}\n", ["RL703 error"]),
        ("async_rl: {max_inflight_prompts: 8}\n", ["RL201 error"]),
        ("async_rl: {recompute_kv_cache_after_weight_updates: true}\n", []),
    ],
)
def test_nemos_cache_survives_where_two_switches_say_so(
    tmp_path: Path, keys: str, says: list[str]
) -> None:
    assert loud(tmp_path, "a.yaml", NEMO + keys) == says


LOSS = "loss_fn: {use_importance_sampling_correction: "
AGE = "max_trajectory_age_steps: 3}}\n"


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.yaml", f"{NEMO}{LOSS}false, truncated_importance_sampling_type: tis}}\n", ["RL702"]),
        ("a.yaml", f"{NEMO}{LOSS}true, truncated_importance_sampling_type: tis}}\n", []),
        ("a.yaml", f"{NEMO}{ASYNC}recompute_kv_cache_after_weight_updates: true, {AGE}", ["RL703"]),
        (
            "a.yaml",
            f"{NEMO}{LOSS}true}}\n{ASYNC}recompute_kv_cache_after_weight_updates: true, {AGE}",
            [],
        ),
        ("a.yaml", f"{AREAL.format(1.0, 'rejection_sampling: {upper: 5.0}')}", ["RL702"]),
        ("a.yaml", f"{AREAL.format(1.0, DECOUPLED_AREAL)}", []),
        ("a.yaml", ROLL.format(1.0) + "async_generation_ratio: 2\n", ["RL703"]),
        ("a.yaml", ROLL.format(1.0) + "async_generation_ratio: 0\n", []),
        ("a.yaml", ROLL.format(1.0) + "async_generation_ratio: ${ratio}\n", []),
        ("a.yaml", ROLL.format("1.0, logprobs: null") + CORRECTED_ROLL, ["RL702"]),
        (
            "a.yaml",
            ROLL.format(1.0) + "async_generation_ratio: 2\nactor_train: {pg_variant: tis}\n",
            [],
        ),
        ("a.sh", f"{MS_SWIFT} --async_generate true", ["RL703"]),
        (
            "a.sh",
            f"{MS_SWIFT} --async_generate true --rollout_importance_sampling_mode token_mask",
            [],
        ),
        ("a.sh", f"{OPENRLHF} --train.async_enable", ["RL703"]),
        ("a.sh", f"{OPEN_INSTRUCT} --use_vllm_logprobs", ["RL702"]),
        ("a.sh", f"{OPEN_INSTRUCT} --use_vllm_logprobs --use_rho_correction false", []),
        ("a.sh", f"{OPEN_INSTRUCT} --use_rho_correction false", ["RL703"]),
        ("a.yaml", f"{TORCHFORGE}replay_buffer: {{max_policy_age: 1}}\n", ["RL703"]),
    ],
)
def test_a_correction_that_is_missing_or_without_effect(
    tmp_path: Path, name: str, text: str, says: list[str]
) -> None:
    findings = run(write_files(tmp_path, {**PIN, name: text})).findings
    loud = [f.code for f in findings if f.severity > Severity.INFO]
    assert [code for code in loud if code.startswith("RL7")] == says


def test_a_finding_stands_in_the_file_that_makes_it_wrong(tmp_path: Path) -> None:
    """The base is right for its other children."""
    files = {
        **PIN,
        "base.yaml": NEMO,
        "sync.yaml": "defaults: base.yaml\ngrpo: {epochs: 1}\n",
        "in_place.yaml": f"defaults: base.yaml\n{ASYNC}}}}}\npolicy: {{generation: {{vllm_cfg: "
        "{max_model_len: 8}}}\n",
        "elsewhere.yaml": f"defaults: base.yaml\n{ASYNC}}}}}\n",
    }
    found = run(write_files(tmp_path, files)).findings
    assert [(str(f.place), f.fix is not None) for f in found if f.code == "RL201"] == [
        ("elsewhere.yaml:2", False),
        ("in_place.yaml:3", True),
    ]
    fix_all(tmp_path, (rule("RL201"),), Profile.PRODUCTION)
    assert (tmp_path / "base.yaml").read_text() == NEMO
    assert (
        "max_model_len: 8, enable_prefix_caching: false}"
        in (tmp_path / "in_place.yaml").read_text()
    )


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("text", [ROLL.format(0.6), ROLL.format(1.0)])
@pytest.mark.parametrize("trainer", ["", CORRECTED_ROLL])
def test_processed_logprobs_are_never_suggested_to_roll(
    tmp_path: Path, text: str, trainer: str, profile: Profile
) -> None:
    """Its trainer divides nothing: raw logprobs are the ones that match, at any temperature."""
    write_files(tmp_path, {**PIN, "a.yaml": text + trainer})
    findings = run(tmp_path, profile=profile).findings
    assert [f.fix for f in findings if f.code == "RL101"] in ([], [None])
    fix_all(tmp_path, profile=profile)
    assert "logprobs_mode" not in (tmp_path / "a.yaml").read_text()


@pytest.mark.parametrize(("name", "text"), [("a.yaml", ROLL.format(1.0)), ("rl.toml", PRIME)])
def test_no_model_supplies_what_complete_requests_leave_out(
    tmp_path: Path, name: str, text: str
) -> None:
    findings = run(write_files(tmp_path, {**PIN, name: text}), profile=Profile.PARITY).findings
    assert findings
    assert "RL601" not in [f.code for f in findings]


def test_rolls_v0_switch_stands_among_its_engine_keys(tmp_path: Path) -> None:
    text = ROLL.format(0.6).replace("max_model_len: 4096", "VLLM_USE_V1: 0, sleep_level: 2")
    rollout = only(tmp_path, "a.yaml", text)
    setting = rollout.setting("logprobs_mode", version("0.8.4"))
    assert setting.source == "V0 engine of vLLM 0.8.4"
    assert not rollout.passed


@pytest.mark.parametrize(
    ("text", "head"),
    [
        (PRIME, "float32"),
        (f"{PRIME}enable_fp32_lm_head = true\n", "float32"),
        (f"{PRIME}enable_fp32_lm_head = false\n", MODEL_DTYPE),
    ],
)
def test_prime_rl_patches_the_head_itself(tmp_path: Path, text: str, head: str) -> None:
    assert rollout_head(only(tmp_path, "rl.toml", text), RELEASE) == head
    findings = run(tmp_path, profile=Profile.PARITY).findings
    assert ("RL501" in [f.code for f in findings]) is (head != "float32")


def test_prime_rl_before_its_salt(tmp_path: Path) -> None:
    """0.5.0 kept its requests and asked for a plain reset, which vLLM then refuses."""
    write_files(tmp_path, {"requirements.txt": "prime-rl==0.5.0\n"})
    assert loud(tmp_path, "rl.toml", PRIME) == ["RL201 error"]
    off = f"{PRIME}enable_prefix_caching = false\n"
    assert loud(tmp_path, "rl.toml", off) == []


def test_areals_negated_key(tmp_path: Path) -> None:
    text = AREAL.format(1.0, "") + "vllm: {no_enable_prefix_caching: false}  # shared prompts\n"
    assert only(tmp_path, "a.yaml", text).setting("enable_prefix_caching", RELEASE).value is True
    fix_all(tmp_path, (rule("RL201"),), Profile.PARITY)
    assert (tmp_path / "a.yaml").read_text() == text.replace("caching: false", "caching: true")


@pytest.mark.parametrize("written", ["true", "false"])
def test_a_false_that_areal_drops_is_not_written_by_a_fix(tmp_path: Path, written: str) -> None:
    write_files(tmp_path, {"requirements.txt": "areal==0.5.1\n"})
    text = f"{AREAL.format(1.0, '')}vllm: {{enable_prefix_caching: {written}}}\n"
    assert only(tmp_path, "a.yaml", text).setting("enable_prefix_caching", RELEASE).value is True
    fix_all(tmp_path, (rule("RL201"), rule("RL806")), Profile.PARITY)
    assert (tmp_path / "a.yaml").read_text() == text


PIPELINERL = """\
llm: {parameters: {temperature: 0.7}}
finetune: {rl: {temperature: "${llm.parameters.temperature}"}}
"""


@pytest.mark.parametrize(
    ("pin", "keys", "says"),
    [
        pytest.param("0.18.1", "{dtype: bfloat16}", ["RL101 error", "RL201 error"], id="V1"),
        pytest.param("0.8.5", "{dtype: bfloat16}", [], id="V0 by default"),
        pytest.param("0.8.5", "{dtype: bfloat16}, use_v1: false", [], id="V0"),
        pytest.param(
            "0.8.5", "{dtype: bfloat16}, use_v1: true", ["RL101 error", "RL201 error"], id="old V1"
        ),
    ],
)
def test_pipelinerls_pin_says_which_engine_runs(
    tmp_path: Path, pin: str, keys: str, says: list[str]
) -> None:
    text = f"{PIPELINERL}vllm_config: {{vllm_kwargs: {keys}}}\n"
    files = {"requirements.txt": f"vllm=={pin}\n", "a.yaml": text}
    findings = run(write_files(tmp_path, files)).findings
    assert [f"{f.code} {f.severity.word}" for f in findings if f.severity > Severity.INFO] == says


@pytest.mark.parametrize(
    ("keys", "head"),
    [
        ("{dtype: bfloat16}", "float32"),
        ("{quantization: fp8}", "the model's dtype"),
        ("{dtype: bfloat16}, use_v1: true", "the model's dtype"),
        ("{dtype: bfloat16}, use_v1: true, quantization: bf16_last_layer_fp32", "float32"),
    ],
)
def test_pipelinerls_users_can_quantize_the_head_otherwise(
    tmp_path: Path, keys: str, head: str
) -> None:
    rollout = only(tmp_path, "a.yaml", f"vllm_config: {{vllm_kwargs: {keys}}}\n")
    assert rollout_head(rollout, RELEASE) == head


def test_pipelinerl_drops_old_flags_in_one_spelling(tmp_path: Path) -> None:
    keys = '{disable-log-requests: "", disable_log_stats: ""}'
    rollout = only(tmp_path, "a.yaml", f"vllm_config: {{vllm_kwargs: {keys}}}\n")
    assert list(rollout.passed) == ["disable_log_stats"]


@pytest.mark.parametrize(
    ("kwargs", "top_p"), [("generation-config: vllm", 1.0), ("dtype: bfloat16", UNKNOWN)]
)
def test_what_a_pipelinerl_request_leaves_out_is_the_servers(
    tmp_path: Path, kwargs: str, top_p: object
) -> None:
    text = f"{PIPELINERL}vllm_config: {{vllm_kwargs: {{{kwargs}}}}}\n"
    assert only(tmp_path, "a.yaml", text).sampled("top_p").value == top_p


@pytest.mark.parametrize(
    ("pin", "mode"),
    [
        ("openpipe-art==0.4.0\nvllm==0.9.1\n", "processed_logprobs"),
        ("openpipe-art==0.5.4\nvllm==0.10.0\n", UNKNOWN),
        ("openpipe-art==0.5.9\nvllm==0.13.0\n", "raw_logprobs"),
    ],
)
def test_art_ran_the_v0_engine(tmp_path: Path, pin: str, mode: object) -> None:
    files = {"requirements.txt": pin, "a.py": ART.format("")}
    (rollout,) = run(write_files(tmp_path, files)).rollouts
    (release,) = rollout.release.candidates
    assert rollout.setting("logprobs_mode", release).value == mode


def test_verls_false_never_reaches_vllm(tmp_path: Path) -> None:
    write_files(tmp_path, OLD_VERL)
    rollout = only(
        tmp_path, "a.sh", f"{VERL} actor_rollout_ref.rollout.enable_prefix_caching=False"
    )
    setting = rollout.setting("enable_prefix_caching", RELEASE)
    assert (setting.value, setting.explicit) == (True, False)
    assert rollout.sync.fate is CacheFate.CLEARED


def test_a_true_that_stands_in_verls_own_key_is_turned_off_behind_it(tmp_path: Path) -> None:
    text = f"{VERL} \\\n    actor_rollout_ref.rollout.enable_prefix_caching=True \\\n    x.y=1\n"
    write_files(tmp_path, {**PIN, **OLD_VERL, "a.sh": text})
    fix_all(tmp_path, (rule("RL201"),), Profile.PARITY)
    (rollout,) = run(tmp_path).rollouts
    assert rollout.setting("enable_prefix_caching", RELEASE).value is False
    assert "actor_rollout_ref.rollout.enable_prefix_caching=True" in (tmp_path / "a.sh").read_text()


@pytest.mark.parametrize(
    ("text", "added"),
    [
        (
            f"{VERL} \\\n    actor_rollout_ref.rollout.n=8 \\\n    trainer.nnodes=1\n",
            "    ++actor_rollout_ref.rollout.engine_kwargs.vllm.no-async-scheduling=True \\\n",
        ),
        (
            f"{SKYRL} \\\n    generator.inference_engine.num_engines=2 \\\n    trainer.epochs=1\n",
            "    generator.inference_engine.engine_init_kwargs.async_scheduling=False \\\n",
        ),
    ],
)
def test_fixes_are_spelled_as_the_framework_wants_them(
    tmp_path: Path, text: str, added: str
) -> None:
    write_files(tmp_path, {**PIN, **OLD_VERL, "a.sh": text})
    fix_all(tmp_path, (rule("RL301"),), Profile.PARITY)
    lines = (tmp_path / "a.sh").read_text().splitlines(keepends=True)
    assert lines.count(added) == 1
    assert "".join(line for line in lines if line != added) == text


@pytest.mark.parametrize(
    ("pin", "more", "says"),
    [
        ("0.22.2", "", []),  # asks for no logprobs
        ("0.23.1", "", ["RL101 error"]),  # corrects with raw ones
        ("0.24.0", ", vllm_mode='colocate'", []),
        ("0.24.0", "", ["RL101 error"]),  # its server, then the default, is still raw
        ("0.24.0", ", vllm_mode=mode", []),
        ("0.27.1", "", []),
        ("1.16.0", ", vllm_mode='server'", []),
    ],
)
def test_trls_versions(tmp_path: Path, pin: str, more: str, says: list[str]) -> None:
    write_files(tmp_path, {"requirements.txt": f"trl[vllm]=={pin}\n"})
    assert loud(tmp_path, "a.py", TRL.format(f", temperature=0.7{more}")) == says


def test_trls_first_versions_cut_and_keep_their_cache(tmp_path: Path) -> None:
    write_files(tmp_path, {"requirements.txt": "trl==0.16.0\n"})
    rollout = only(tmp_path, "a.py", TRL.format(""))
    assert [rollout.sampled(name).value for name in ("temperature", "top_k")] == [0.9, 50]
    write_files(tmp_path, {"requirements.txt": "trl==0.15.2\n"})
    assert only(tmp_path, "a.py", TRL.format("")).sync.fate is CacheFate.SURVIVES


def test_trls_generation_kwargs_win_in_the_engine_alone(tmp_path: Path) -> None:
    more = ", temperature=1.0, generation_kwargs={'temperature': 0.6}"
    rollout = only(tmp_path, "a.py", TRL.format(more))
    assert (rollout.sampled("temperature").value, rollout.trainer.temperature) == (0.6, 1.0)


@pytest.mark.parametrize(
    ("pin", "caching", "fate"),
    [
        ("0.5.6", "--enable_prefix_caching", CacheFate.SURVIVES),
        ("0.9.7", "--enable_prefix_caching", CacheFate.CLEARED),
        ("0.11.0", "--vllm.enable_prefix_caching", CacheFate.CLEARED),
    ],
)
def test_openrlhfs_prefix_cache(tmp_path: Path, pin: str, caching: str, fate: CacheFate) -> None:
    """Off unless its flag is given, under the name that it has in that version."""
    write_files(tmp_path, {"requirements.txt": f"openrlhf=={pin}\n"})
    assert only(tmp_path, "a.sh", OPENRLHF).setting("enable_prefix_caching", RELEASE).value is False
    rollout = only(tmp_path, "a.sh", f"{OPENRLHF} {caching}")
    assert rollout.setting("enable_prefix_caching", RELEASE).value is True
    assert rollout.sync.fate is fate


def test_openrlhfs_correction_on_a_vllm_whose_processed_logprobs_lack_the_temperature(
    tmp_path: Path,
) -> None:
    text = f"{OPENRLHF} --temperature 0.7 --enable_vllm_is_correction"
    pins = {"requirements.txt": "openrlhf==0.8.10\nvllm==0.10.1.1\n"}
    findings = run(write_files(tmp_path, {**pins, "a.sh": text})).findings
    assert [(f.code, f.fix) for f in findings if f.severity is Severity.ERROR] == [("RL102", None)]


@pytest.mark.parametrize(
    ("pin", "kind"),
    [
        ("", TrainerKind.RECOMPUTE),  # its own pin, 0.18.0
        ("trl==0.18.0\n", TrainerKind.RECOMPUTE),
        ("trl==1.10.0\n", TrainerKind.UNKNOWN),  # somebody took it further: whose file is it?
    ],
)
def test_open_r1s_recipes_are_told_by_its_package(
    tmp_path: Path, pin: str, kind: TrainerKind
) -> None:
    write_files(tmp_path, {"requirements.txt": pin, "src/open_r1/grpo.py": "import vllm\n"})
    rollout = only(tmp_path, "recipes/demo.yaml", "use_vllm: true\ntemperature: 0.7\n")
    assert (rollout.framework, rollout.trainer.kind) == ("open-r1", kind)


@pytest.mark.parametrize(
    ("pin", "arguments", "says"),
    [
        ("2026.8.19", "temperature=0.7", []),  # corrects nothing unless asked
        ("2026.8.19", "vllm_importance_sampling_correction=True", []),  # at temperature 1
        ("2026.8.19", "temperature=0.7, vllm_importance_sampling_correction=True", ["RL101 error"]),
        ("2025.9.1", "temperature=0.7, vllm_importance_sampling_correction=True", []),  # not read
        ("2026.10.9", "temperature=0.7, vllm_importance_sampling_correction=True", []),
    ],
)
def test_unsloths_engine_is_raw_until_it_is_asked_for_training(
    tmp_path: Path, pin: str, arguments: str, says: list[str]
) -> None:
    write_files(tmp_path, {"requirements.txt": f"unsloth=={pin}\n"})
    assert loud(tmp_path, "a.py", UNSLOTH.format(arguments)) == says


def test_unsloths_engine_settings_stand_at_its_model(tmp_path: Path) -> None:
    model = 'FastLanguageModel.from_pretrained("lora", enable_prefix_caching=True)\n'
    text = UNSLOTH.replace("=True", "=True, enable_prefix_caching=False").format("") + model
    rollout = only(tmp_path, "a.py", text)
    assert rollout.setting("enable_prefix_caching", RELEASE).value is False
    assert rollout.sync.fate is CacheFate.SALTED


def test_what_vllm_sampling_params_say_of_unsloths_rollouts_is_not_read(tmp_path: Path) -> None:
    rollout = only(tmp_path, "a.py", UNSLOTH.format("top_p=0.9, vllm_sampling_params=params"))
    assert rollout.sampled("top_p").value is UNKNOWN


@pytest.mark.parametrize(
    ("pin", "mode", "says"),
    [
        ("0.12.2", "", []),  # TRL 0.21 asks for no logprobs
        ("0.13.2", "", ["RL101 error"]),  # TRL 0.27.0 corrects; its server is raw
        ("0.13.2", ", vllm_mode: colocate", []),
        ("0.19.0", "", []),
    ],
)
def test_axolotls_versions(tmp_path: Path, pin: str, mode: str, says: list[str]) -> None:
    write_files(tmp_path, {"requirements.txt": f"axolotl[vllm]=={pin}\n"})
    assert loud(tmp_path, "a.yaml", AXOLOTL.format(f", temperature: 0.7{mode}")) == says


def test_axolotl_drops_what_its_schema_lacks(tmp_path: Path) -> None:
    vllm = "vllm: {enable_prefix_caching: false, logprobs_mode: raw_logprobs, max_num_seqs: 8}\n"
    served = only(tmp_path, "a.yaml", AXOLOTL.format("") + vllm)
    assert served.setting("logprobs_mode", RELEASE).value == "processed_logprobs"
    assert served.setting("enable_prefix_caching", RELEASE).value is False
    colocated = only(tmp_path, "a.yaml", AXOLOTL.format(", vllm_mode: colocate") + vllm)
    assert colocated.setting("enable_prefix_caching", RELEASE).value is True


@pytest.mark.parametrize(
    ("name", "written", "value"),
    [
        ("a.sh", """--vllm_engine_kwargs '{"async_scheduling": false}'""", False),
        ("a.sh", "--vllm_engine_kwargs $KWARGS", UNKNOWN),
        ("a.sh", "", True),
        ("a.yaml", "vllm_engine_kwargs: {async_scheduling: false}\n", False),
        ("a.yaml", """vllm_engine_kwargs: '{"async_scheduling": false}'\n""", UNKNOWN),
    ],
)
def test_ms_swifts_engine_kwargs(tmp_path: Path, name: str, written: str, value: Value) -> None:
    base = MS_SWIFT + " " if name == "a.sh" else "rlhf_type: grpo\nuse_vllm: true\n"
    assert only(tmp_path, name, base + written).setting("async_scheduling", RELEASE).value is value


def test_ms_swifts_ray_groups_have_an_engine_each(tmp_path: Path) -> None:
    """The teacher's is frozen."""
    base = "rlhf_type: grpo\nuse_vllm: true\ntemperature: 0.7\n"
    rollout = "rollout: {gpus: 4, vllm_tensor_parallel_size: 2}\n"
    teacher = "teacher: {gpus: 4, vllm_tensor_parallel_size: 4, vllm_enable_prefix_caching: false}"
    found = only(tmp_path, "a.yaml", base + rollout + teacher)
    assert found.setting("tensor_parallel_size", RELEASE).value == 2
    assert found.setting("enable_prefix_caching", RELEASE).value is True


@pytest.mark.parametrize(
    ("pin", "top_k", "fate"),
    [
        ("3.2.0", 50, CacheFate.SURVIVES),
        ("4.0.0", 50, CacheFate.CLEARED),
        ("4.0.2", UNKNOWN, CacheFate.CLEARED),
        ("4.1.0", -1, CacheFate.CLEARED),
    ],
)
def test_ms_swifts_versions(tmp_path: Path, pin: str, top_k: Value, fate: CacheFate) -> None:
    write_files(tmp_path, {"requirements.txt": f"ms-swift=={pin}\n"})
    rollout = only(tmp_path, "a.sh", MS_SWIFT)
    assert (rollout.sampled("top_k").value, rollout.sync.fate) == (top_k, fate)
