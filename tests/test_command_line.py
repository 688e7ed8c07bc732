"""The command as people run it: exit statuses, streams, formats, bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.projects import write_files

BAD = """\
engine:
  max_num_seqs: 8
  enforce_eager: true
  dtype: bfloat16
sampling: {temperature: 0.7, max_tokens: 9}
"""
FACTS = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'


def rlconfig_lint(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rlconfig_lint", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_files(tmp_path, {"rlconfig-lint.toml": FACTS, "engine.yaml": BAD})


def test_findings_exit_1_and_stand_on_stdout(project: Path) -> None:
    done = rlconfig_lint(project)
    assert done.returncode == 1
    assert "error[RL101]" in done.stdout
    assert "engine.yaml:1:1" in done.stdout
    assert "+  logprobs_mode: processed_logprobs" in done.stdout
    assert done.stderr == "Found 1 error in 1 rollout. 1 fixable with --fix.\n"


def test_check_is_the_default_command(project: Path) -> None:
    assert rlconfig_lint(project).stdout == rlconfig_lint(project, "check", ".").stdout


def test_fix_rewrites_and_then_all_is_well(project: Path) -> None:
    assert rlconfig_lint(project, "--fix").returncode == 0
    assert "  logprobs_mode: processed_logprobs\n" in (project / "engine.yaml").read_text()
    assert rlconfig_lint(project).returncode == 0


def test_diff_writes_nothing(project: Path) -> None:
    done = rlconfig_lint(project, "--diff")
    assert done.returncode == 1
    assert "+  logprobs_mode: processed_logprobs\n" in done.stdout
    assert (project / "engine.yaml").read_text() == BAD


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--exit-zero"], 0),
        (["--fail-on", "error"], 1),
        (["--ignore", "RL101"], 0),
        (["--ignore", "RL1"], 0),
        (["--select", "RL2,RL3"], 0),
        (["--select", "raw-rollout-logprobs"], 1),
        (["--fix", "--exit-non-zero-on-fix"], 1),
        (["--vllm-version", "0.7.3"], 0),
        (["--profile", "parity", "--fail-on", "error"], 1),
    ],
)
def test_exit_statuses(project: Path, arguments: list[str], status: int) -> None:
    assert rlconfig_lint(project, *arguments).returncode == status


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["missing.yaml"], "missing.yaml: no such file or directory"),
        (["--fxi"], "No such option '--fxi'"),
        (["--select", "RL999"], "no rule 'RL999'"),
        (["--ignore", "raw-rollout-logprob"], "did you mean raw-rollout-logprobs?"),
        (["--profile", "prod"], "no profile 'prod': production, parity, strict-on-policy"),
        (["--vllm-version", "latest"], "is not a version like 0.18.1"),
        (["--config", "no.toml"], "no.toml: no such file"),
        (["explain", "RL999"], "no rule 'RL999'"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(project: Path, arguments: list[str], says: str) -> None:
    done = rlconfig_lint(project, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert (project / "engine.yaml").read_text() == BAD


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ('vllm-verison = "0.18.1"', "unknown key 'vllm-verison'; did you mean 'vllm-version'?"),
        ('vllm_version = "0.18.1"', "unknown key 'vllm_version'; did you mean 'vllm-version'?"),
        ('vllm-version = "newest"', "is not a version like"),
        ('trainer = "ppo"', "trainer:"),
        ("trainer-temperature = 0", "trainer-temperature:"),
        ('framework = "verll"', "is not a known framework"),
        ("[paths.x]\nprofil = 1", "unknown key 'paths.x.profil'"),
        ("a = [", "does not parse"),
        ('select = ["RL999"]', "no rule 'RL999'"),
    ],
)
def test_a_wrong_configuration_is_one_line_and_exit_2(
    tmp_path: Path, config: str, says: str
) -> None:
    write_files(tmp_path, {"rlconfig-lint.toml": config, "engine.yaml": BAD})
    done = rlconfig_lint(tmp_path)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_table_in_pyproject_and_facts_per_path(tmp_path: Path) -> None:
    pyproject = (
        '[project]\ndependencies = ["vllm==0.18.1"]\n'
        '[tool.rlconfig-lint]\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'
        '[tool.rlconfig-lint.paths."old/*"]\nvllm-version = "0.7.3"\n'
    )
    write_files(tmp_path, {"pyproject.toml": pyproject, "new/a.yaml": BAD, "old/a.yaml": BAD})
    done = rlconfig_lint(tmp_path, "--output-format", "json")
    assert [row["filename"] for row in json.loads(done.stdout)] == ["new/a.yaml"]


def test_what_is_not_known_of_the_release_is_said(tmp_path: Path) -> None:
    facts = 'trainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'
    write_files(tmp_path, {"rlconfig-lint.toml": facts, "engine.yaml": BAD})
    assert "no vLLM release is known for 1 of 1 rollouts" in rlconfig_lint(tmp_path).stderr
    ahead = rlconfig_lint(tmp_path, "--vllm-version", "99.0.0")
    assert "vLLM 99.0.0 is newer than the newest known release" in ahead.stderr
    assert "error[RL101]" in ahead.stdout


def test_what_cannot_be_read_is_said_and_the_rest_is_checked(project: Path) -> None:
    write_files(
        project,
        {
            "broken.yaml": "vllm: [",
            "brackets.py": "import vllm\nx = " + "(" * 3000,
            "deep.json": '{"vllm": ' + "[" * 3000,
            "empty.yaml": "",
            "conf/broken.toml": "vllm = ",
        },
    )
    (project / "latin.yaml").write_bytes(b"vllm: caf\xe9\n")
    (project / "binary.sh").write_bytes(b"vllm\0serve")
    (project / "dangling.yaml").symlink_to("nowhere.yaml")
    (project / "outward.py").symlink_to(json.__file__)
    (project / "circle.yaml").symlink_to("circle.yaml")
    os.mkfifo(project / "pipe.yaml")
    done = rlconfig_lint(project, "--output-format", "concise")
    assert done.returncode == 1
    found = {line.split(":")[0]: line for line in done.stdout.splitlines()}
    unreadable = {name for name, line in found.items() if "RL001" in line}
    assert unreadable == {
        "broken.yaml",
        "brackets.py",
        "deep.json",
        "conf/broken.toml",
        "latin.yaml",
        "binary.sh",
    }
    assert "RL101" in found["engine.yaml"]
    for name in ("dangling.yaml", "outward.py", "circle.yaml", "pipe.yaml"):
        assert f"skipped: {name}: " in done.stderr


def test_json_has_ruffs_shape_and_more(project: Path) -> None:
    (row,) = json.loads(rlconfig_lint(project, "--output-format", "json").stdout)
    assert row["code"] == "RL101"
    assert row["filename"] == "engine.yaml"
    assert row["location"] == {"row": 1, "column": 1}
    assert row["severity"] == "error"
    assert row["setting"] == "logprobs_mode"
    assert row["releases"] == "vLLM 0.18.1"
    (edit,) = row["fix"]["edits"]
    assert row["fix"]["applicability"] == "safe"
    assert edit["content"] == "\n  logprobs_mode: processed_logprobs"


def test_github_annotations_cannot_be_forged(tmp_path: Path) -> None:
    name = "a,line=9::b%0A.yaml"
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, name: BAD})
    (line,) = rlconfig_lint(tmp_path, "--output-format", "github").stdout.splitlines()
    assert line.startswith("::error file=a%2Cline=9%3A%3Ab%250A.yaml,line=1,title=RL101")


def test_terminal_escapes_are_shown_not_sent(tmp_path: Path) -> None:
    body = BAD.replace("engine:", 'engine: # \x1b[31m"')
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, "engine.yaml": body})
    assert "\x1b" not in rlconfig_lint(tmp_path).stdout


def test_a_closed_pipe_is_no_traceback(project: Path) -> None:
    command = f"{sys.executable} -m rlconfig_lint --show info | head -1"
    done = subprocess.run(
        ["bash", "-c", command], cwd=project, capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr


def test_explain_and_rules(tmp_path: Path) -> None:
    page = rlconfig_lint(tmp_path, "explain", "raw-rollout-logprobs").stdout
    assert page == rlconfig_lint(tmp_path, "explain", "RL101").stdout
    assert "## Why it breaks RL" in page
    assert "RL502" in rlconfig_lint(tmp_path, "rules").stdout


@pytest.mark.parametrize("arguments", [["--version"], ["rules"], ["releases", "0.18.1"], ["."]])
def test_nothing_heavy_is_imported_for_it(tmp_path: Path, arguments: list[str]) -> None:
    """Start-up is a budget: what a command does not need is not imported."""
    probe = (
        "import sys; sys.argv[0] = 'rlconfig-lint'\n"
        "from rlconfig_lint.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'libcst', 'ruamel', 'pydantic', 'tomlkit', 'pathspec', 'torch', 'vllm'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe, *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = "['pathspec']" if arguments == ["."] else "[]"  # no git repository: .gitignore files
    assert done.stderr.splitlines()[-1] == expected
