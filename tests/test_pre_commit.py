"""The hooks, run by the real pre-commit in a real repository that uses this one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.projects import write_files

ROOT = Path(__file__).parent.parent
ENGINE = "engine:\n  max_num_seqs: 8\n  enforce_eager: true\n  dtype: bfloat16\n"
SAMPLING = "sampling: {temperature: 0.7, max_tokens: 9}\n"
TRAINER = """\
def loss(logits, temperature, batch):
    logits = logits / temperature
    new_logprobs = logits.log_softmax(-1)
    return (new_logprobs - batch["rollout_logprobs"]).exp()
"""
PYPROJECT = '[project]\nname = "user"\nversion = "1"\ndependencies = ["vllm==0.18.1"]\n'


def git(folder: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@t", "-c", "commit.gpgsign=false")
    command = ["git", *identity, *arguments]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This working tree as a repository that others can name in their configuration."""
    copy = tmp_path_factory.mktemp("hooks") / "rlconfig-lint"
    left_out = shutil.ignore_patterns(".git", ".venv", "*.egg-info", "build", "dist", ".*_cache")
    shutil.copytree(ROOT, copy, ignore=left_out)
    git(copy, "init", "-q", "-b", "main")
    git(copy, "add", "-A")
    git(copy, "commit", "-qm", "as it is")
    git(copy, "tag", "v0")
    return copy


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pre-commit")


@pytest.fixture
def user(tmp_path: Path, hooks: Path) -> Path:
    ids = "  - id: rlconfig-lint\n  - id: rlconfig-lint-fix\n"
    config = f"repos:\n- repo: {hooks}\n  rev: v0\n  hooks:\n{ids}"
    write_files(
        tmp_path,
        {
            ".pre-commit-config.yaml": config,
            "pyproject.toml": PYPROJECT,
            "trainer.py": TRAINER,
            "a.yaml": ENGINE + SAMPLING,
            "b.yaml": ENGINE + SAMPLING,
            "c.yaml": "unrelated: true\n",
        },
    )
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    return tmp_path


def pre_commit(folder: Path, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PRE_COMMIT"))}
    return subprocess.run(
        ["pre-commit", "run", *arguments],
        cwd=folder,
        env={**kept, "PRE_COMMIT_HOME": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


def test_only_the_named_files_are_judged_by_the_whole_projects_facts(
    user: Path, cache: Path
) -> None:
    done = pre_commit(user, cache, "rlconfig-lint", "--files", "a.yaml")
    assert done.returncode == 1
    assert "error[RL101]" in done.stdout
    assert "trainer.py:" in done.stdout
    assert "a.yaml:1:1" in done.stdout
    assert "b.yaml" not in done.stdout


def test_the_fixing_hook_rewrites_and_fails_once(user: Path, cache: Path) -> None:
    first = pre_commit(user, cache, "rlconfig-lint-fix", "--files", "a.yaml")
    assert first.returncode == 1
    assert (user / "a.yaml").read_text() == (
        f"{ENGINE}  logprobs_mode: processed_logprobs\n{SAMPLING}"
    )
    assert (user / "b.yaml").read_text() == ENGINE + SAMPLING
    assert pre_commit(user, cache, "rlconfig-lint-fix", "--files", "a.yaml").returncode == 0


def test_irrelevant_files_pass(user: Path, cache: Path) -> None:
    assert pre_commit(user, cache, "rlconfig-lint", "--files", "c.yaml").returncode == 0
