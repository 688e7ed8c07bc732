"""What a project's own files say: the release, the trainer, the weight sync, RL at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlconfig_lint.model import CacheFate, Rollout, SyncStyle, TrainerKind
from rlconfig_lint.releases.known import matching, version, within
from rlconfig_lint.resolve.fate import fate
from tests.projects import run, write_files

ENGINE = "from vllm import LLM, SamplingParams\n\nllm = LLM(model='m')\n"
VERL = "python -m verl.trainer.main_ppo actor_rollout_ref.rollout.name=vllm\n"
UPDATE = "llm.collective_rpc('update_weights')\n"


def rollouts(folder: Path, **files: str) -> list[Rollout]:
    named = {name.replace("__", "/").replace("_dot_", "."): text for name, text in files.items()}
    return run(write_files(folder, named)).rollouts


def only(folder: Path, files: dict[str, str]) -> Rollout:
    (rollout,) = run(write_files(folder, files)).rollouts
    return rollout


# --- the release ---


@pytest.mark.parametrize(
    ("files", "releases"),
    [
        pytest.param(
            {"pyproject.toml": '[project]\ndependencies = ["vllm==0.18.1"]\n'},
            ["0.18.1"],
            id="pinned",
        ),
        pytest.param(
            {"pyproject.toml": '[project]\ndependencies = ["vllm[flashinfer]>=0.17,<0.18.1"]\n'},
            ["0.17.0", "0.17.1", "0.18.0"],
            id="a range, with an extra",
        ),
        pytest.param(
            {"requirements.txt": "# vllm==0.6.0\nvllm == 0.10.2 ; sys_platform == 'linux'\n"},
            ["0.10.2"],
            id="requirements with a marker and a comment",
        ),
        pytest.param(
            {
                "pyproject.toml": '[project]\ndependencies = ["vllm>=0.24"]\n',
                "uv.lock": '[[package]]\nname = "vllm"\nversion = "0.26.0+cu129"\n',
            },
            ["0.26.0"],
            id="the lock file within the range",
        ),
        pytest.param(
            {
                "pyproject.toml": "x = 'https://a.b/vllm-0.25.1-cp38-abi3-linux_x86_64.whl'\n",
                "uv.lock": '[[package]]\nname = "vllm"\nversion = "0.24.0"\n\n'
                '[[package]]\nname = "vllm"\nversion = "0.25.1"\n',
            },
            ["0.25.1"],
            id="a wheel's address picks one of two locked ones",
        ),
        pytest.param(
            {"pyproject.toml": '[tool.poetry.dependencies]\nvllm = "^0.17"\n'},
            ["0.17.0", "0.17.1"],
            id="Poetry's caret",
        ),
        pytest.param(
            {"pyproject.toml": '[tool.poetry.dependencies]\nvllm = {version = "0.10.2"}\n'},
            ["0.10.2"],
            id="Poetry's table",
        ),
        pytest.param(
            {"poetry.lock": '[[package]]\nname = "vllm"\nversion = "0.10.2"\n'},
            ["0.10.2"],
            id="poetry.lock",
        ),
        pytest.param({"setup.py": "X = {'gpu': ['vllm==0.12.0']}\n"}, ["0.12.0"], id="setup.py"),
        pytest.param(
            {"setup.cfg": "install_requires =\n  vllm ~= 0.17.0\n"},
            ["0.17.0", "0.17.1"],
            id="setup.cfg",
        ),
        pytest.param(
            {"requirements.txt": "-r more/gpu.txt\n", "more/gpu.txt": "vllm==0.12.0\n"},
            ["0.12.0"],
            id="an included file",
        ),
        pytest.param(
            {"requirements/gpu.txt": "vllm==0.12.0\n"}, ["0.12.0"], id="a requirements folder"
        ),
        pytest.param(
            {"environment.yml": "dependencies:\n  - vllm=0.12.0\n"}, ["0.12.0"], id="conda"
        ),
        pytest.param({"Dockerfile": "FROM vllm/vllm-openai:v0.18.1\n"}, ["0.18.1"], id="an image"),
        pytest.param(
            {"docker/Dockerfile.cuda": "RUN pip install 'vllm==0.12.0' x\n"},
            ["0.12.0"],
            id="installed in an image",
        ),
        pytest.param(
            {"assets/versions.sh": 'VLLM_VERSION="v0.10.0"\n'}, ["0.10.0"], id="a variable"
        ),
        pytest.param(
            {"scripts/setup_env.sh": "uv pip install 'vllm==0.12.0'\n"},
            ["0.12.0"],
            id="a script that sets up",
        ),
        pytest.param(
            {".github/workflows/ci.yml": "- run: pip install vllm==0.12.0\n"},
            ["0.12.0"],
            id="a workflow",
        ),
        pytest.param(
            {"requirements.txt": "vllm==0.18.1\n", "Dockerfile": "RUN pip install vllm==0.8.5\n"},
            ["0.18.1"],
            id="a manifest before an image",
        ),
        pytest.param(
            {"pyproject.toml": '[project]\ndependencies = ["vllm-router==1.0"]\n'},
            None,
            id="another package",
        ),
        pytest.param({"uv.lock": 'name = "vllm"\nversion = "garbage'}, None, id="a broken lock"),
        pytest.param({"requirements.txt": "torch\nvllm\n"}, None, id="named without a version"),
        pytest.param(
            {"requirements.txt": "vllm\n", "requirements-lock.txt": "vllm==0.18.1\n"},
            ["0.18.1"],
            id="a version beside a bare name",
        ),
        pytest.param(
            {"requirements_a.txt": "vllm==0.8.4\n", "requirements_b.txt": "vllm==0.10.2\n"},
            ["0.8.4", "0.10.2"],
            id="alternatives",
        ),
        pytest.param(
            {
                "requirements_a.txt": "vllm==0.8.4\n",
                "requirements_b.txt": "vllm==0.10.2\n",
                "requirements_c.txt": "vllm  # the nightly one\n",
            },
            None,
            id="alternatives, one of them unpinned",
        ),
    ],
)
def test_release(tmp_path: Path, files: dict[str, str], releases: list[str] | None) -> None:
    rollout = only(tmp_path, {**files, "a.py": ENGINE + UPDATE})
    assert rollout.release.known is (releases is not None)
    if releases is not None:
        assert [str(release) for release in rollout.release.candidates] == releases
        assert rollout.release.evidence[0].place is not None


def test_what_a_script_installs_for_itself_is_nearest(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\ndependencies = ["vllm==0.18.1"]\n',
        "run.sh": "pip install -q vllm==0.24.0\n" + VERL,
    }
    release = only(tmp_path, files).release
    assert [str(candidate) for candidate in release.candidates] == ["0.24.0"]
    assert "run.sh:1" in str(release.evidence[0])
    assert "pyproject.toml:2" in release.note


def test_a_lock_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    files = {"uv.lock": 'name = "vllm"\nversion = "garbage', "a.py": ENGINE + UPDATE}
    assert "uv.lock:1" in only(tmp_path, files).release.note


def test_only_what_holds_for_every_release_is_said_without_a_pin(tmp_path: Path) -> None:
    facts = 'trainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'
    engine = ENGINE.replace(")", ", swap_space=4)")
    files = {"rlconfig-lint.toml": facts, "a.py": engine}
    assert {f.code for f in run(write_files(tmp_path, files)).findings} == {"RL101"}


def test_a_candidate_counts_as_its_release() -> None:
    assert within(version("0.10.2rc1"), ">=0.10.2")
    assert not within(version("0.10.2rc1"), "<0.10.2")


def test_the_nearest_manifest_wins(tmp_path: Path) -> None:
    pin = '[project]\ndependencies = ["vllm=={}"]\n'
    files = {
        "pyproject.toml": pin.format("0.18.1"),
        "old/pyproject.toml": pin.format("0.8.5"),
        "old/a.py": ENGINE + UPDATE,
        "part/pyproject.toml": "[project]\n",
        "part/a.py": ENGINE + UPDATE,
    }
    found = {
        r.path: str(r.release.candidates[0]) for r in run(write_files(tmp_path, files)).rollouts
    }
    assert found == {"old/a.py": "0.8.5", "part/a.py": "0.18.1"}


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("0.18.1", "0.18.1", "0.18.1"),
        ("==0.26.0+cu129", "0.26.0", "0.26.0"),
        (">=0.32", "0.32.0", "0.33.0"),
        (">=0.99", "0.33.0", "0.33.0"),
        ("<0.6", "0.6.0", "0.6.0"),
        ("0.99.0", "0.99.0", "0.99.0"),
    ],
)
def test_ranges(text: str, first: str, last: str) -> None:
    found = matching(text)
    assert (found[0], found[-1]) == (version(first), version(last))


def test_an_unknown_release_lowers_a_finding_and_says_how_to_declare_it(tmp_path: Path) -> None:
    files = {
        "rlconfig-lint.toml": 'trainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n',
        "a.py": ENGINE,
    }
    (finding,) = run(write_files(tmp_path, files)).findings
    assert finding.severity.word == "warning"
    assert "declare vllm-version" in finding.help


# --- RL at all ---


def test_a_plain_inference_script_is_no_rollout(tmp_path: Path) -> None:
    assert rollouts(tmp_path, a_dot_py=ENGINE + "llm.generate(['x'])\n") == []


@pytest.mark.parametrize("name", ["eval.py", "tests/a.py", "judge_server.py", "filter/a.py"])
def test_an_evaluation_is_no_rollout(tmp_path: Path, name: str) -> None:
    assert run(write_files(tmp_path, {name: ENGINE + UPDATE})).rollouts == []


def test_an_engine_beside_the_code_that_updates_it_is_one(tmp_path: Path) -> None:
    files = {"src/engine.py": ENGINE, "src/sync.py": UPDATE}
    assert only(tmp_path, files).path == "src/engine.py"


def test_an_engine_that_the_updating_code_imports_is_one(tmp_path: Path) -> None:
    files = {
        "app/rollout/engine.py": ENGINE,
        "app/train/sync.py": f"from app.rollout.engine import llm\n{UPDATE}",
        "scripts/generate.py": ENGINE,
    }
    assert only(tmp_path, files).path == "app/rollout/engine.py"


@pytest.mark.parametrize("holder", ["judge", "reward_model", "ref", "teacher", "sglang", "eval"])
def test_a_mapping_of_another_model_is_no_rollout(tmp_path: Path, holder: str) -> None:
    engine = "  gpu_memory_utilization: 0.9\n  max_num_seqs: 8\n  enforce_eager: true\n"
    files = {"a.yaml": f"policy:\n{engine}{holder}:\n{engine}", "sync.py": UPDATE}
    assert only(tmp_path, files).place.line == 1


@pytest.mark.parametrize(
    "update",
    [
        "optimizer.update_weights()",
        "keras_model.load_weights('x')",
        "llm.collective_rpc('get_weight_norm')",
        "llm.collective_rpc('init_update_group')",
    ],
)
def test_what_only_sounds_like_an_update_is_none(tmp_path: Path, update: str) -> None:
    assert rollouts(tmp_path, a_dot_py=f"{ENGINE}{update}\n") == []


def test_a_command_in_quotes_is_another_programs(tmp_path: Path) -> None:
    files = {"a.sh": "bash -c 'vllm serve m --max-num-seqs 8'\n", "sync.py": UPDATE}
    assert run(write_files(tmp_path, files)).rollouts == []


def test_a_file_named_alone_belongs_to_its_whole_project(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": '[project]\ndependencies = ["vllm==0.18.1"]\n',
        "conf/engine.yaml": "max_num_seqs: 8\nenforce_eager: true\ndtype: auto\n",
        "sync.py": UPDATE,
    }
    write_files(tmp_path, files)
    found = {f.code: f for f in run(tmp_path, "conf/engine.yaml").findings}
    assert found["RL201"].place.path == "conf/engine.yaml"
    assert found["RL201"].releases == "vLLM 0.18.1"


def test_thousands_of_mappings_are_read_once_each(tmp_path: Path) -> None:
    body = "".join(f"m{n}: {{vllm: 1, seed: 2, dtype: auto}}\n" for n in range(8000))
    assert rollouts(tmp_path, a_dot_yaml=body) == []


def test_a_judges_server_is_no_rollout(tmp_path: Path) -> None:
    files = {"serve.sh": "vllm serve m --max-num-seqs 8\n", "train.py": ENGINE + UPDATE}
    assert only(tmp_path, files).path == "train.py"


def test_a_server_that_gets_weights_over_http_is_one(tmp_path: Path) -> None:
    files = {
        "serve.sh": "vllm serve m --max-num-seqs 8\n",
        "sync.py": "requests.post(f'{url}/update_weights')\n",
    }
    assert only(tmp_path, files).path == "serve.sh"


def test_of_several_servers_the_one_beside_the_update_is(tmp_path: Path) -> None:
    serve = "vllm serve m --max-num-seqs 8\n"
    update = "import requests\nrequests.post(f'{url}/update_weights', json={})\n"
    files = {"rl/serve.sh": serve, "rl/update.py": update, "chat/serve.sh": serve}
    assert only(tmp_path, files).path == "rl/serve.sh"


# --- the trainer ---


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ratio = torch.exp(new - rollout_logprobs)", TrainerKind.ROLLOUT_LOGPROBS),
        ("w = torch.exp(old_logps - rollout_logps)", TrainerKind.DECOUPLED),
        (
            "ratio = torch.exp(new - old_logprobs)\nw = torch.exp(x - vllm_logprobs)",
            TrainerKind.DECOUPLED,
        ),
        ("p = SamplingParams(temperature=0.7)", TrainerKind.RECOMPUTE),
        ("p = SamplingParams(temperature=0.7, logprobs=1)", TrainerKind.UNKNOWN),
        ("p = SamplingParams(**elsewhere)", TrainerKind.UNKNOWN),
    ],
)
def test_trainer_kind(tmp_path: Path, code: str, kind: TrainerKind) -> None:
    assert only(tmp_path, {"a.py": f"{ENGINE}{UPDATE}{code}\n"}).trainer.kind is kind


def test_a_declared_fact_wins(tmp_path: Path) -> None:
    rollout = only(
        tmp_path,
        {
            "rlconfig-lint.toml": 'trainer = "recompute"\nweight-sync = "between-batches"\n',
            "a.py": f"{ENGINE}{UPDATE}ratio = torch.exp(new - rollout_logprobs)\n",
        },
    )
    assert rollout.trainer.kind is TrainerKind.RECOMPUTE
    assert rollout.sync.style is SyncStyle.BETWEEN_BATCHES
    assert "rlconfig-lint.toml" in str(rollout.trainer.evidence[0])


# --- what an update does to the prefix cache ---


@pytest.mark.parametrize(
    ("code", "release", "expected"),
    [
        ("", "0.18.1", CacheFate.SURVIVES),
        ("llm.reset_prefix_cache()", "0.18.1", CacheFate.CLEARED),
        ("def reset_prefix_cache(): pass", "0.18.1", CacheFate.SURVIVES),
        ("llm.sleep()", "0.18.1", CacheFate.CLEARED),
        ("llm.sleep(level=1)", "0.18.1", CacheFate.CLEARED),
        ("llm.sleep(level=0)", "0.18.1", CacheFate.SURVIVES),
        ("requests.post(f'{u}/sleep?level=0')", "0.18.1", CacheFate.SURVIVES),
        ("requests.post(f'{u}/sleep')", "0.10.0", CacheFate.SURVIVES),
        ("self.clock.sleep(5)", "0.18.1", CacheFate.SURVIVES),
        ("r = {'cache_salt': ''}", "0.18.1", CacheFate.SURVIVES),
        ("if x:\n    llm.sleep()", "0.18.1", CacheFate.UNKNOWN),
        ("llm.sleep(level=n)", "0.18.1", CacheFate.UNKNOWN),
        ("time.sleep(1)", "0.18.1", CacheFate.SURVIVES),
        ("r = {'cache_salt': str(step)}", "0.18.1", CacheFate.SALTED),
        ("e.pause_generation()", "0.18.1", CacheFate.CLEARED),
        ("e.pause_generation(mode='keep')", "0.18.1", CacheFate.CLEARED),
        ("e.pause_generation(mode='keep')", "0.16.0", CacheFate.SURVIVES),
        ("e.pause_generation(mode='keep', clear_cache=False)", "0.18.1", CacheFate.SURVIVES),
        ("e.pause_generation(mode='keep', clear_cache=c)", "0.18.1", CacheFate.UNKNOWN),
        (
            "e.pause_generation(mode='keep', clear_cache=False)\ne.reset_prefix_cache()",
            "0.18.1",
            CacheFate.SURVIVES,
        ),
        (
            (
                "e.pause_generation(mode='keep', clear_cache=False)\n"
                "e.reset_prefix_cache(reset_running_requests=True)"
            ),
            "0.18.1",
            CacheFate.CLEARED,
        ),
    ],
)
def test_cache_fate(tmp_path: Path, code: str, release: str, expected: CacheFate) -> None:
    rollout = only(tmp_path, {"a.py": f"{ENGINE}{UPDATE}{code}\n"})
    assert fate(rollout.sync, version(release)) is expected


# --- inheritance ---


def test_a_childs_missing_key_is_its_parents(tmp_path: Path) -> None:
    """Hydra's `defaults:`: one cause is one finding, at the file where it would be mended."""
    files = {
        "rlconfig-lint.toml": 'vllm-version = "0.18.1"\n',
        "conf/base.yaml": "defaults:\n  - finetune: base\n  - _self_\n"
        "llm: {parameters: {temperature: 1.0}}\n"
        "vllm_config:\n  vllm_kwargs:\n    enable-prefix-caching: false\n",
        "conf/finetune/base.yaml": "rl: {kl_coef: 0.1}\n",
        "conf/child.yaml": "defaults: [base, _self_]\nllm: {parameters: {temperature: 0.7}}\n",
        "conf/other.yaml": "defaults: [base]\nvllm_config: {vllm_kwargs: {max_model_len: 9}}\n",
    }
    result = run(write_files(tmp_path, files))
    (finding,) = (f for f in result.findings if f.severity.word == "error")
    assert (finding.code, str(finding.place)) == ("RL101", "conf/base.yaml:6")
    assert "conf/child.yaml:2" in str(finding.evidence[-1])
    assert {rollout.path for rollout in result.rollouts} == {"conf/child.yaml", "conf/other.yaml"}


def test_an_unresolved_parent_silences_what_it_may_supply(tmp_path: Path) -> None:
    files = {
        "rlconfig-lint.toml": 'vllm-version = "0.18.1"\n',
        "conf/child.yaml": "defaults: [elsewhere]\nllm: {parameters: {temperature: 0.7}}\n"
        "vllm_config: {vllm_kwargs: {max_model_len: 9}}\n",
    }
    assert run(write_files(tmp_path, files)).findings == []


def test_interpolations_are_followed(tmp_path: Path) -> None:
    body = (
        "t: 0.7\nllm: {parameters: {temperature: '${t}'}}\n"
        "vllm_config: {vllm_kwargs: {seed: '${..x.y}', max_model_len: 9}, x: {y: 3}}\n"
    )
    rollout = only(tmp_path, {"a.yaml": body})
    assert rollout.sampled("temperature").value == 0.7
    assert rollout.engine["seed"].value == 3
