"""verl by version, and the frameworks made from it: who is taken for whom, and what differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlconfig_lint.model import UNKNOWN, CacheFate, Profile, Rollout, SyncStyle, TrainerKind, Value
from rlconfig_lint.registry import rule
from rlconfig_lint.releases.known import version
from tests.projects import fix_all, run, write_files
from tests.test_frameworks import PIN, VERL, loud, only

NEWEST = version("0.24.0")
CORRECTED = f"{VERL} algorithm.rollout_correction.rollout_is=token"
CALCULATES = "actor_rollout_ref.rollout.calculate_log_probs=True"
FULLY_ASYNC = VERL.replace("trainer.main_ppo", "experimental.fully_async_policy.fully_async_main")

BYPASS = "algorithm.rollout_correction.bypass_mode=true"
HOT = "actor_rollout_ref.rollout.temperature=0.6"
NOT_CACHED = "actor_rollout_ref.rollout.enable_prefix_caching=False"
TIS = "rllm.algorithm.rollout_correction.tis_mode=token"
WEIGHTED = "algorithm.rollout_is=true algorithm.rollout_is_threshold=2"

VERL_TOOL = VERL.replace("verl.trainer", "verl_tool.trainer")
RLLM = "python -u train.py rllm/backend=verl actor_rollout_ref.rollout.name=vllm"
LIGHTNING = "python -m agentlightning.verl actor_rollout_ref.rollout.name=vllm"
EASYR1 = "python -m verl.trainer.main config=c.yaml worker.actor.clip_ratio_low=0.2 worker.rollout"
SIMPLERL = f"{VERL} actor_rollout_ref.rollout.micro_rollout_batch_size=1024"
REASONING360 = "python -m recipe.dapo.main_dapo --config-name=dapo_fsdp_config.yaml"
REASONING360 = f"{REASONING360} actor_rollout_ref.rollout.name=vllm"

LIGHTNING_YAML = """\
agentlightning: {async_rollout: {enabled: true}}
algorithm: {rollout_correction: {rollout_is: token}}
actor_rollout_ref: {rollout: {name: vllm}}
"""
EASYR1_YAML = """\
data: {rollout_batch_size: 512}
worker: {rollout: {gpu_memory_utilization: 0.6}, actor: {clip_ratio_low: 0.2}}
"""


def under(folder: Path, verl: str, text: str) -> Rollout:
    """The one rollout of a script in a project that pins a version of verl."""
    write_files(folder, {"requirements.txt": f"verl=={verl}\n" if verl else ""})
    return only(folder, "a.sh", text)


@pytest.mark.parametrize(
    ("verl", "text", "kind"),
    [
        ("0.5.0", f"{CORRECTED} {CALCULATES}", TrainerKind.RECOMPUTE),
        (
            "0.6.0",
            f"{VERL} algorithm.rollout_is_threshold=2.0 algorithm.rollout_is=true {CALCULATES}",
            TrainerKind.DECOUPLED,
        ),
        (
            "0.6.0",
            f"{VERL} algorithm.rollout_is_threshold=2.0 algorithm.rollout_is=true",
            TrainerKind.RECOMPUTE,
        ),
        (
            "0.6.0",
            f"{VERL} algorithm.rollout_is_threshold=2.0 algorithm.rollout_is=false {CALCULATES}",
            TrainerKind.RECOMPUTE,
        ),
        ("0.6.1", CORRECTED, TrainerKind.RECOMPUTE),
        ("0.6.1", f"{CORRECTED} {CALCULATES}", TrainerKind.DECOUPLED),
        (
            "0.6.1",
            f"{VERL} {CALCULATES} algorithm.rollout_correction.rollout_is=false",
            TrainerKind.RECOMPUTE,
        ),
        ("0.8.0", CORRECTED, TrainerKind.RECOMPUTE),
        (
            "0.8.0",
            f"{VERL} {CALCULATES} algorithm.rollout_correction.rollout_rs=token_k1",
            TrainerKind.DECOUPLED,
        ),
        ("0.8.0", f"{CORRECTED} {CALCULATES.replace('True', '$X')}", TrainerKind.UNKNOWN),
        ("0.9.0", CORRECTED, TrainerKind.DECOUPLED),
        ("0.9.0", f"{CORRECTED} {CALCULATES.replace('True', 'False')}", TrainerKind.RECOMPUTE),
        ("", CORRECTED, TrainerKind.DECOUPLED),
    ],
)
def test_a_correction_needs_the_logprobs_that_the_engine_returns(
    tmp_path: Path, verl: str, text: str, kind: TrainerKind
) -> None:
    """Without them verl skips it silently, and until 0.8.0 they are off by default."""
    assert under(tmp_path, verl, text).trainer.kind is kind


@pytest.mark.parametrize(
    ("verl", "rest", "kind"),
    [
        ("0.8.0", "", TrainerKind.ROLLOUT_LOGPROBS),
        ("0.9.1", "", TrainerKind.ROLLOUT_LOGPROBS),
        ("0.8.0", "algorithm.rollout_correction.bypass_mode=False", TrainerKind.RECOMPUTE),
        (
            "0.8.0",
            f"{CORRECTED[len(VERL) :]} algorithm.rollout_correction.bypass_mode=False",
            TrainerKind.DECOUPLED,
        ),
        ("0.7.0", "", TrainerKind.ROLLOUT_LOGPROBS),
        ("0.7.0", "async_training.use_rollout_log_probs=False", TrainerKind.RECOMPUTE),
        ("0.7.0", "async_training.compute_prox_log_prob=True", TrainerKind.RECOMPUTE),
    ],
)
def test_fully_asynchronous_training_keeps_the_rollouts_logprobs(
    tmp_path: Path, verl: str, rest: str, kind: TrainerKind
) -> None:
    rollout = under(tmp_path, verl, f"{FULLY_ASYNC} {rest}")
    assert rollout.trainer.kind is kind
    assert rollout.sync.style is SyncStyle.IN_FLIGHT


@pytest.mark.parametrize(("verl", "found"), [("0.5.0", 1), ("0.6.0", 0), ("0.9.1", 0), ("", 0)])
def test_from_0_6_on_the_engine_has_to_be_named(tmp_path: Path, verl: str, found: int) -> None:
    script = "python -m verl.trainer.main_ppo actor_rollout_ref.rollout.temperature=1.0\n"
    pin = f"verl=={verl}\n" if verl else ""
    write_files(tmp_path, {**PIN, "requirements.txt": pin, "a.sh": script})
    assert len(run(tmp_path).rollouts) == found


@pytest.mark.parametrize(
    ("verl", "name", "value"),
    [
        ("0.5.0", "enforce_eager", True),
        ("0.6.0", "enforce_eager", False),
        ("0.9.1", "enable_chunked_prefill", True),
        ("0.3.0.post1", "seed", 0),
        ("0.6.0", "seed", 0),
        ("0.9.1", "seed", UNKNOWN),
        ("0.6.1", "logprobs_mode", "raw_logprobs"),
        ("0.7.0.dev0", "logprobs_mode", UNKNOWN),
        ("0.7.0", "logprobs_mode", "processed_logprobs"),
        ("0.2", "enable_prefix_caching", True),
        ("0.5.0", "enable_prefix_caching", True),
        ("0.6.0", "enable_prefix_caching", True),
    ],
)
def test_defaults_by_version(tmp_path: Path, verl: str, name: str, value: Value) -> None:
    assert under(tmp_path, verl, VERL).setting(name, NEWEST).value == value


@pytest.mark.parametrize(("verl", "value"), [("0.5.0", True), ("0.6.1", False), ("0.9.1", False)])
def test_prefix_caching_is_not_the_users_to_choose_before_0_6(
    tmp_path: Path, verl: str, value: bool
) -> None:
    text = f"{VERL} +actor_rollout_ref.rollout.enable_prefix_caching=False"
    assert under(tmp_path, verl, text).setting("enable_prefix_caching", NEWEST).value is value


@pytest.mark.parametrize(
    ("verl", "mode", "top_k", "min_p"),
    [
        ("0.6.1", "sync", 20, 0.1),  # LLM.generate took every key of SamplingParams
        ("0.6.1", "async", -1, 0),
        ("0.6.1", "$MODE", UNKNOWN, UNKNOWN),
        ("0.7.0", "async", -1, 0),
        ("0.7.1", "async", 20, 0),
    ],
)
def test_what_a_request_takes_from_the_configuration(
    tmp_path: Path, verl: str, mode: str, top_k: Value, min_p: Value
) -> None:
    text = f"{VERL} actor_rollout_ref.rollout.mode={mode} actor_rollout_ref.rollout.top_k=20"
    rollout = under(tmp_path, verl, f"{text} +actor_rollout_ref.rollout.min_p=0.1")
    assert rollout.sampled("top_k").value == top_k
    assert rollout.sampled("min_p").value == min_p


@pytest.mark.parametrize(
    ("verl", "rest", "fate"),
    [
        ("0.4.1", "", CacheFate.CLEARED),
        ("0.5.0", "", CacheFate.SURVIVES),
        ("0.6.1", "", CacheFate.SURVIVES),
        ("0.6.1", "actor_rollout_ref.model.lora_rank=32", CacheFate.SALTED),
        ("0.6.1", "actor_rollout_ref.rollout.mode=async", CacheFate.UNKNOWN),
        ("0.7.0", "", CacheFate.CLEARED),
    ],
)
def test_a_cache_that_is_kept_is_only_cleared_from_0_7_on(
    tmp_path: Path, verl: str, rest: str, fate: CacheFate
) -> None:
    text = f"{VERL} actor_rollout_ref.rollout.free_cache_engine=False {rest}"
    assert under(tmp_path, verl, text).sync.fate is fate


def test_one_step_off_policy_clears_the_cache_itself(tmp_path: Path) -> None:
    text = VERL.replace("verl.trainer", "recipe.one_step_off_policy")
    text = f"{text} actor_rollout_ref.rollout.free_cache_engine=False"
    assert under(tmp_path, "0.6.1", text).sync.fate is CacheFate.CLEARED


def test_what_cannot_be_written_gets_no_fix(tmp_path: Path) -> None:
    """Prefix caching is hard-coded in 0.5.0: a second one among the free keys raises TypeError."""
    script = f"{VERL} actor_rollout_ref.rollout.free_cache_engine=False\n"
    pins = "verl==0.5.0\nvllm==0.8.5\n"
    write_files(tmp_path, {"requirements.txt": pins, "a.sh": script})
    (finding,) = (f for f in run(tmp_path).findings if f.code == "RL201")
    assert finding.fix is None


@pytest.mark.parametrize(
    ("verl", "code", "added"),
    [
        ("0.6.1", "RL101", "++actor_rollout_ref.rollout.engine_kwargs.vllm.logprobs_mode"),
        ("0.6.1", "RL201", "actor_rollout_ref.rollout.enable_prefix_caching"),
        ("0.9.1", "RL201", "actor_rollout_ref.rollout.enable_prefix_caching"),
    ],
)
def test_a_key_is_written_where_the_version_has_it(
    tmp_path: Path, verl: str, code: str, added: str
) -> None:
    script = f"{VERL} \\\n    actor_rollout_ref.rollout.n=8 \\\n    trainer.nnodes=1\n"
    write_files(tmp_path, {**PIN, "requirements.txt": f"verl=={verl}\n", "a.sh": script})
    fix_all(tmp_path, (rule(code),), Profile.PARITY)
    assert f" {added}=" in (tmp_path / "a.sh").read_text()


def test_a_null_takes_verls_default_away(tmp_path: Path) -> None:
    """It is not passed, and vLLM's own default stands; among the free keys it is not even read."""
    typed = only(tmp_path, "a.sh", f"{VERL} actor_rollout_ref.rollout.logprobs_mode=null")
    assert typed.setting("logprobs_mode", NEWEST).value == "raw_logprobs"
    free = "+actor_rollout_ref.rollout.engine_kwargs.vllm.logprobs_mode=null"
    passed = only(tmp_path, "a.sh", f"{VERL} {free}")
    assert passed.setting("logprobs_mode", NEWEST).value == "processed_logprobs"


@pytest.mark.parametrize(
    ("verl", "key", "says"),
    [
        ("0.8.0", "swap_space=null", []),
        ("0.8.0", "disable_mm_preprocessor_cache=False", []),
        ("0.8.0", "disable_mm_preprocessor_cache=True", ["RL803 error"]),
        ("0.9.1", "disable_mm_preprocessor_cache=False", []),
    ],
)
def test_a_removed_argument_matters_where_it_arrives(
    tmp_path: Path, verl: str, key: str, says: list[str]
) -> None:
    """verl leaves a null among the free keys out, and a false of an argument that vLLM has not."""
    write_files(tmp_path, {"requirements.txt": f"verl=={verl}\n"})
    text = f"{VERL} +actor_rollout_ref.rollout.engine_kwargs.vllm.{key}"
    assert loud(tmp_path, "a.sh", text) == says


@pytest.mark.parametrize(
    ("name", "text", "framework", "kind"),
    [
        ("a.sh", VERL, "verl", TrainerKind.RECOMPUTE),
        ("a.sh", f"{VERL} actor_rollout_ref.rollout.agent.num_workers=8", "verl", None),
        ("a.sh", VERL.replace("main_ppo", "main_ppo_sync"), "verl", TrainerKind.RECOMPUTE),
        ("a.sh", VERL_TOOL, "verl-tool", TrainerKind.RECOMPUTE),
        ("a.sh", f"{VERL} actor_rollout_ref.agent.tool_server_url=$URL", "verl-tool", None),
        (
            "a.sh",
            f"{VERL_TOOL} {WEIGHTED}",
            "verl-tool",
            TrainerKind.RECOMPUTE,  # its agents return zeros for logprobs
        ),
        (
            "a.sh",
            f"{VERL_TOOL} {WEIGHTED} +actor_rollout_ref.agent.logprobs=True",
            "verl-tool",
            TrainerKind.DECOUPLED,
        ),
        ("a.sh", RLLM, "rllm", TrainerKind.RECOMPUTE),
        ("a.sh", f"{VERL} rllm.workflow.n_parallel_tasks=64", "rllm", TrainerKind.RECOMPUTE),
        (
            "a.sh",
            f"{RLLM} {TIS}",
            "rllm",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.sh",
            f"{RLLM} {BYPASS}",
            "rllm",
            TrainerKind.ROLLOUT_LOGPROBS,
        ),
        (
            "a.sh",
            f"{RLLM} {BYPASS} rllm.{BYPASS.replace('true', 'false')}",
            "rllm",
            TrainerKind.RECOMPUTE,  # its own name wins
        ),
        (
            "a.sh",
            f"{RLLM} algorithm.rollout_correction.rollout_rs=token_k1",
            "rllm",
            TrainerKind.RECOMPUTE,  # never read there
        ),
        ("a.sh", LIGHTNING, "agent-lightning", TrainerKind.RECOMPUTE),
        (
            "a.yaml",
            LIGHTNING_YAML,
            "agent-lightning",
            TrainerKind.DECOUPLED,
        ),
        (
            "a.sh",
            f"{LIGHTNING} agentlightning.port=9999 algorithm.rollout_correction.rollout_is=token",
            "agent-lightning",
            TrainerKind.RECOMPUTE,
        ),
        ("a.sh", f"{EASYR1}.temperature=0.9", "easyr1", TrainerKind.RECOMPUTE),
        (
            "a.yaml",
            EASYR1_YAML,
            "easyr1",
            TrainerKind.RECOMPUTE,
        ),
        ("a.sh", SIMPLERL, "simplerl", TrainerKind.RECOMPUTE),
        ("a.sh", REASONING360, "reasoning360", TrainerKind.RECOMPUTE),
    ],
)
def test_who_is_taken_for_whom(
    tmp_path: Path, name: str, text: str, framework: str, kind: TrainerKind | None
) -> None:
    rollout = only(tmp_path, name, text)
    assert rollout.framework == framework
    assert kind in (None, rollout.trainer.kind)


@pytest.mark.parametrize(
    "text",
    [
        f"{VERL_TOOL} trainer.val_only=True",
        f"{RLLM} rllm.trainer.val_only=true",
        RLLM.replace("=verl", "=tinker"),
        f"{RLLM} actor_rollout_ref.rollout.name=sglang",
        f"{EASYR1}.n=8 trainer.val_only=true",
        "agl-server default_proxy.train.temperature=0.7 default_proxy.model_name=$M",
        "python -m verl_tool.servers.serve --tool_type search --port 5000",
    ],
)
def test_no_vllm_rollout(tmp_path: Path, text: str) -> None:
    assert run(write_files(tmp_path, {**PIN, "a.sh": text})).rollouts == []


@pytest.mark.parametrize(
    "text",
    [
        f"{RLLM} {HOT}",
        f"{RLLM} {TIS} rllm.rollout.train.temperature=0.6",
        f"{LIGHTNING} {BYPASS}",
        f"{EASYR1}.temperature=0.9 worker.rollout.top_p=0.99",
        f"{SIMPLERL} {HOT}",
        f"{REASONING360} {HOT}",
    ],
)
def test_silent_where_nothing_is_wrong(tmp_path: Path, text: str) -> None:
    assert loud(tmp_path, "a.sh", text) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"{VERL_TOOL} {WEIGHTED} {HOT}", ["RL702 error"]),
        (
            f"{VERL_TOOL} {WEIGHTED} {HOT} +actor_rollout_ref.agent.logprobs=True",
            ["RL101 error"],
        ),
        (
            f"{VERL_TOOL} {NOT_CACHED} actor_rollout_ref.rollout.mode=async",
            ["RL806 warning"],
        ),
        (
            f"{RLLM} {TIS} {HOT} actor_rollout_ref.rollout.logprobs_mode=raw_logprobs",
            ["RL101 error"],
        ),
        (
            f"{LIGHTNING} {NOT_CACHED}",
            ["RL806 warning"],
        ),
        (f"{REASONING360} actor_rollout_ref.rollout.free_cache_engine=False", ["RL201 error"]),
    ],
)
def test_loud_where_something_is(tmp_path: Path, text: str, says: list[str]) -> None:
    assert loud(tmp_path, "a.sh", text) == says


@pytest.mark.parametrize(
    ("mode", "value"), [("sync", False), ("async", True), ("$MODE", UNKNOWN), ("", False)]
)
def test_verl_tools_prefix_caching_is_off_only_where_that_reaches_vllm(
    tmp_path: Path, mode: str, value: Value
) -> None:
    rest = f"actor_rollout_ref.rollout.mode={mode}" if mode else ""
    rollout = only(tmp_path, "a.sh", f"{VERL_TOOL} {rest}")
    assert rollout.setting("enable_prefix_caching", NEWEST).value == value


def test_rllms_own_name_wins_over_verls(tmp_path: Path) -> None:
    text = f"{RLLM} rllm.rollout.train.temperature=0.7 actor_rollout_ref.rollout.temperature=0.6"
    assert only(tmp_path, "a.sh", text).sampled("temperature").value == 0.7


def test_rllm_is_in_flight_with_partial_rollouts_alone(tmp_path: Path) -> None:
    text = f"{RLLM} rllm.async_training.enable=true rllm.async_training.partial_rollout="
    assert only(tmp_path, "a.sh", f"{text}false").sync.style is SyncStyle.BETWEEN_BATCHES
    assert only(tmp_path, "a.sh", f"{text}true").sync.style is SyncStyle.IN_FLIGHT


def test_agent_lightnings_gateway_samples_and_verls_key_divides(tmp_path: Path) -> None:
    rollout = only(tmp_path, "a.sh", f"{LIGHTNING} actor_rollout_ref.rollout.temperature=0.7")
    assert rollout.sampled("temperature").value is UNKNOWN
    assert rollout.trainer.temperature == 0.7


@pytest.mark.parametrize(("verl", "mode"), [("0.6.1", "raw_logprobs"), ("0.8.0", None)])
def test_a_wrapper_follows_the_verl_that_is_installed(
    tmp_path: Path, verl: str, mode: str | None
) -> None:
    """Its own version, declared say, is not verl's."""
    config = PIN["rlconfig-lint.toml"] + 'framework-version = "0.3.0"\n'
    files = {"rlconfig-lint.toml": config, "requirements.txt": f"verl=={verl}\n", "a.sh": RLLM}
    (rollout,) = run(write_files(tmp_path, files)).rollouts
    assert rollout.setting("logprobs_mode", NEWEST).value == (mode or "processed_logprobs")
    assert f"rllm on verl {verl}" in str(rollout.evidence[0])


def test_a_fork_is_told_by_a_file_of_its_tree(tmp_path: Path) -> None:
    recipe = "recipe/dapo/config/dapo_fsdp_config.yaml"
    write_files(tmp_path, {"verl/version/version": "0.4.1.dev\n", recipe: "defaults: [_self_]\n"})
    assert only(tmp_path, "a.sh", VERL).framework == "reasoning360"


@pytest.mark.parametrize("name", ["async_scheduling", "enable_prefix_caching", "logprobs_mode"])
def test_easyr1_takes_no_further_engine_arguments(tmp_path: Path, name: str) -> None:
    """Its configuration is structured: another key under `worker.rollout` raises."""
    script = f"{EASYR1}.n=8\n"
    write_files(tmp_path, {**PIN, "a.sh": script})
    for code in ("RL101", "RL201", "RL301"):
        fix_all(tmp_path, (rule(code),), Profile.PARITY)
    assert name not in (tmp_path / "a.sh").read_text()
