"""An upgrade, read before it is made."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.projects import write_files
from tests.test_command_line import rlconfig_lint
from tests.test_example import EXAMPLE

PIN = '[project]\ndependencies = ["vllm==0.8.5"]\n'
OLD = """\
vllm_config:
  vllm_kwargs:
    dtype: bfloat16
    num-scheduler-steps: 1
    swap-space: 4
llm: {parameters: {temperature: 1.0}}
"""


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLE, tmp_path / "example")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write_files(tmp_path, {"pyproject.toml": PIN, "conf/base.yaml": OLD})


def test_the_founding_reports_fixes(example: Path) -> None:
    arguments = ("migrate", "--from", "0.8.5", "--to", "0.18.1", "--output-format", "json")
    done = rlconfig_lint(example, *arguments)
    found = json.loads(done.stdout)
    assert {row["code"]: row["fix"] is not None for row in found["reference"]} == {
        "RL101": True,
        "RL201": True,
        "RL301": True,
        "RL401": True,
        "RL601": True,
    }
    assert [row["code"] for row in found["decisions"]] == ["RL501"]
    silent = [(row["setting"], row["old"], row["new"], row["fix"]) for row in found["silent"]]
    assert silent == [
        ("async_scheduling", False, True, "keep async_scheduling = false"),
        ("disable_cascade_attn", False, True, None),  # the old default was the worse one
    ]


def test_what_crashes_is_named_with_its_replacement(old: Path) -> None:
    """`--from` is the project's own pin."""
    done = rlconfig_lint(old, "migrate", "--to", "0.18.1")
    assert done.returncode == 0
    assert "vLLM 0.8.5 to 0.18.1" in done.stdout
    assert "conf/base.yaml:4: RL803 num_scheduler_steps went after vLLM 0.10.0" in done.stdout
    assert "conf/base.yaml:5: RL803 swap_space went after vLLM 0.17.1" in done.stdout
    markdown = rlconfig_lint(old, "migrate", "--to", "0.18.1", "--output-format", "markdown")
    assert markdown.stdout.startswith("## vLLM 0.8.5 to 0.18.1\n\n### Crashes")


def test_the_patch_keeps_behaviour_and_writes_nothing_that_is_refused(old: Path) -> None:
    shown = rlconfig_lint(old, "migrate", "--to", "0.18.1", "--diff")
    assert shown.returncode == 1
    assert (old / "conf/base.yaml").read_text() == OLD
    assert rlconfig_lint(old, "migrate", "--to", "0.18.1", "--fix").returncode == 0
    lines = (old / "conf/base.yaml").read_text().splitlines()
    assert [line for line in lines if line not in OLD.splitlines()] == [
        "    logprobs-mode: processed_logprobs",
        "    enable-prefix-caching: false",
        "    async-scheduling: false",
        "    generation-config: vllm",
    ]


def test_a_small_step_changes_only_what_it_changes(tmp_path: Path) -> None:
    engine = "engine: {max_num_seqs: 8, enforce_eager: true, dtype: auto}\n"
    facts = 'vllm-version = "0.13.0"\ntrainer = "recompute"\n'
    write_files(tmp_path, {"rlconfig-lint.toml": facts, "a.yaml": engine})
    step = ("migrate", "--from", "0.13.0", "--to", "0.14.0")
    found = json.loads(rlconfig_lint(tmp_path, *step, "--output-format", "json").stdout)
    assert [row["setting"] for row in found["silent"]] == ["async_scheduling"]
    assert not found["reference"]
    rlconfig_lint(tmp_path, *step, "--fix")
    assert (tmp_path / "a.yaml").read_text() == engine.replace("}", ", async_scheduling: false}")


def test_what_the_new_release_refuses_in_code(tmp_path: Path) -> None:
    code = (
        "from vllm import AsyncEngineArgs\nargs = AsyncEngineArgs(model='m')\n"
        "async def update(e):\n    await e.pause_generation(wait_for_inflight_requests=True)\n"
    )
    write_files(tmp_path, {"pyproject.toml": PIN.replace("0.8.5", "0.31.0"), "a.py": code})
    done = rlconfig_lint(tmp_path, "migrate", "--to", "0.32.0")
    assert "a.py:4: RL401 wait_for_inflight_requests was removed" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--to", "9.9.9"], "--to: no data for vLLM 9.9.9; the newest known release is"),
        (["--to", "new"], "--to: 'new' is not a version"),
        (["--from", "0.18.1", "--to", "0.8.5"], "--from 0.18.1 is above --to 0.8.5"),
        (["--to", "0.18.1"], "no vLLM pin was found here: say --from RELEASE"),
        ([], "Missing option '--to'"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: list[str], says: str) -> None:
    write_files(tmp_path, {"a.yaml": OLD})
    done = rlconfig_lint(tmp_path, "migrate", *arguments)
    assert done.returncode == 2
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
