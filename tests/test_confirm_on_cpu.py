"""`confirm` on a real vLLM: its CPU build, unpatched.

    pytest tests/test_confirm_on_cpu.py

does the same for anybody without a GPU: the first run installs the build (two minutes).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests import vllm_cpu

pytestmark = vllm_cpu.needed
CODES = ("RL101", "RL201", "RL202", "RL401", "RL501", "RL502", "RL601", "RL602")


@pytest.fixture(scope="session")
def python(request: pytest.FixtureRequest) -> str:
    return str(vllm_cpu.python(request.config.rootpath))


def start(python: str, *arguments: str, **more: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "rlconfig_lint", "confirm", "--python", python, *arguments]
    return subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more
    )


@pytest.fixture(scope="session")
def rows(python: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What every experiment came to, by its name."""
    folder = tmp_path_factory.mktemp("confirm")
    page = folder / "page.html"
    env = {**os.environ, "TMPDIR": str(folder)}
    running = start(python, *CODES, "--output-format", "json", "--report", str(page), env=env)
    out, err = running.communicate(timeout=400)
    assert running.returncode == 0, err
    assert processes_in(folder) == []
    assert page.read_text("utf-8").count("<svg") > 10
    found = json.loads(out)
    assert (found["schema"], found["device"]) == (1, "cpu")
    return {row["name"]: row for row in found["experiments"]}


@pytest.mark.parametrize(
    "name",
    [
        "raw-logprobs-at-0.6",
        "raw-logprobs-at-1.0",
        "raw-logprobs-at-1.2",
        "prefix-cache-and-reset",
        "prefix-cache-and-salt",
        "prefix-cache-off",
        "reset-while-running",
        "pause-keeps-the-cache",
        "pause-aborts",
        "lm-head",
        "generation-config",
        "top-p",
        "top-k",
    ],
)
def test_it_is_confirmed(name: str, rows: dict[str, Any]) -> None:
    assert rows[name]["verdict"] == "confirmed", rows[name]


@pytest.mark.parametrize("name", ["lm-head-ignored", "pause-loses-a-token"])
def test_what_this_release_cannot_show_says_why(name: str, rows: dict[str, Any]) -> None:
    assert rows[name]["verdict"] == "not-run"
    assert "it is about vLLM" in rows[name]["reason"]


def test_the_numbers_are_those_of_the_arithmetic(rows: dict[str, Any]) -> None:
    """In float32 nothing is left but the setting: top_p 0.8 keeps a mass of just above 0.8."""
    kept = {row["what"]: row for row in rows["top-p"]["rows"]}
    assert 0.8 <= kept["mean ratio"]["flagged"] < 0.81
    fixed = rows["raw-logprobs-at-0.6"]["differences"]["fixed"]
    assert max(map(abs, fixed)) < 1e-3


def processes_in(folder: Path) -> list[str]:
    """The processes whose working folder is below one."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(process.name)
        except OSError:
            continue
    return found


def test_an_engine_that_takes_too_long_is_ended_and_said(python: str, tmp_path: Path) -> None:
    env = {**os.environ, "TMPDIR": str(tmp_path)}
    running = start(python, "RL601", "--timeout", "1.5", "--output-format", "json", env=env)
    out, err = running.communicate(timeout=120)
    assert running.returncode == 1 or "the tiny model was not built: killed" in err
    if out:
        (row,) = json.loads(out)["experiments"]
        assert row["verdict"] == "inconclusive"
        assert "killed after" in row["reason"]
    assert processes_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_of_a_run_that_is_broken_off(
    python: str, tmp_path: Path, how: signal.Signals
) -> None:
    running = start(python, "RL601", env={**os.environ, "TMPDIR": str(tmp_path)})
    assert running.stderr is not None
    assert running.stderr.readline().startswith("vLLM ")
    time.sleep(1)
    running.send_signal(how)
    running.communicate(timeout=30)
    assert running.returncode == (130 if how is signal.SIGINT else -how)
    for _ in range(50):
        if not processes_in(tmp_path):
            return
        time.sleep(0.1)
    pytest.fail(f"left: {processes_in(tmp_path)}")


def test_a_model_that_is_none_is_said(python: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["NoSuchModel"]}')
    running = start(python, "RL601", "--model", str(tmp_path), "--output-format", "json")
    out, _ = running.communicate(timeout=120)
    (row,) = json.loads(out)["experiments"]
    assert running.returncode == 1
    assert row["verdict"] == "inconclusive"
    assert "the engine failed" in row["reason"]


def test_the_number_of_a_projects_own_rollout(python: str, tmp_path: Path) -> None:
    examples = Path(__file__).parents[1] / "examples"
    project = shutil.copytree(examples / "raw-logprobs", tmp_path / "project")
    running = start(python, "--rollout", "rollout.py", "--output-format", "json", cwd=project)
    out, err = running.communicate(timeout=200)
    (row,) = json.loads(out)["experiments"]
    assert row["verdict"] == "confirmed", err
    ratio = next(line for line in row["rows"] if line["what"] == "mean ratio")
    assert ratio["flagged"] > 1.5
    assert abs(ratio["fixed"] - 1) < 0.001
