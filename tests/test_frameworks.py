"""One real-shaped case a framework: what absence means there, and what switches its trainer."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.version import Version

from rlconfig_lint.frameworks import NAMES, frameworks, holds
from rlconfig_lint.frameworks.words import Dropped, Head, Supplied, Switch, SyncSwitch
from rlconfig_lint.model import UNKNOWN, CacheFate, Profile, Rollout, Severity, TrainerKind
from rlconfig_lint.registry import rule
from rlconfig_lint.releases.known import version
from rlconfig_lint.resolve.heads import rollout_head
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
        rows: tuple[Supplied | Switch | SyncSwitch | Head | Dropped, ...] = (
            *framework.defaults,
            *framework.forced,
            *framework.sampling_defaults,
            *framework.sampling_forced,
            *framework.swallows,
            *framework.variables,
            *framework.drops_false,
            *framework.trainer,
            *framework.heads,
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
        ("a.py", TRL.format(""), "trl", TrainerKind.DECOUPLED),
        (
            "a.py",
            TRL.format(", vllm_importance_sampling_correction=False"),
            "trl",
            TrainerKind.RECOMPUTE,
        ),
        ("a.yaml", "use_vllm: true\nvllm_mode: colocate\n", "trl", TrainerKind.DECOUPLED),
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
        ("a.py", "from trl import GRPOConfig\nGRPOConfig()\n"),
        ("tests/a.sh", VERL),
        ("a.py", "import art\nart.Model(name='m', inference_base_url='http://judge')\n"),
        ("a.sh", VIME.replace("--vllm-gpu", "--sglang-gpu")),
        ("a.sh", f"{VIME} --debug-train-only"),
        ("a.sh", f"{VIME} --rollout-external-engine-addrs 10.0.0.1:8000"),
        ("a.yaml", TORCHFORGE.partition("trainer")[0]),
        ("a.sh", "python -m oat.experiment.main --algo SimPO --vllm_gpu_ratio 0.35"),
        ("a.sh", OAT.replace("run_math_rl", "run_offline_ppo")),
        ("a.yaml", NEMO.replace("backend: vllm", "backend: megatron")),
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
        pytest.param(
            "a.sh",
            f"python -m skyrl.train.fully_async trainer.fully_async.max_staleness=4 {SKYRL}",
            id="salted",
        ),
    ],
)
def test_silent_where_nothing_is_wrong(tmp_path: Path, name: str, text: str) -> None:
    assert loud(tmp_path, name, text) == []


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        (
            "a.sh",
            (
                f"{SKYRL} trainer.algorithm.off_policy_correction.tis_ratio_type=token"
                " generator.sampling_params.temperature=0.6"
            ),
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
        ("a.sh", VIME + FULLY_ASYNC, ["RL201 error"]),
        ("a.sh", f"{VIME}{FULLY_ASYNC} --use-tis", ["RL201 warning"]),
        ("a.sh", f"{VIME} --use-tis --vllm-logprobs-mode raw_logprobs", ["RL101 error"]),
        ("a.py", TRL.format(", cast_lm_head_to_fp32=True"), ["RL501 error"]),
        (
            "a.yaml",
            "vllm_config: {vllm_kwargs: {logprobs-mode: processed_logprobs}}\n",
            ["RL201 error"],
        ),
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
        (f"{ASYNC}}}}}\n", ["RL201 error"]),
        (f"{ASYNC}in_flight_weight_updates: true}}}}\n", ["RL201 error"]),
        (f"{ASYNC}recompute_kv_cache_after_weight_updates: true}}}}\n", []),
        ("async_rl: {max_inflight_prompts: 8}\n", ["RL201 error"]),
        ("async_rl: {recompute_kv_cache_after_weight_updates: true}\n", []),
    ],
)
def test_nemos_cache_survives_where_two_switches_say_so(
    tmp_path: Path, keys: str, says: list[str]
) -> None:
    assert loud(tmp_path, "a.yaml", NEMO + keys) == says


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
    assert [(str(f.place), f.fix is not None) for f in found if f.severity > Severity.INFO] == [
        ("elsewhere.yaml:2", False),
        ("in_place.yaml:3", True),
    ]
    fix_all(tmp_path, (rule("RL201"),), Profile.PRODUCTION)
    assert (tmp_path / "base.yaml").read_text() == NEMO
    assert (
        "max_model_len: 8, enable_prefix_caching: false}"
        in (tmp_path / "in_place.yaml").read_text()
    )


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
