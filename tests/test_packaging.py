"""Installed as an editable, from a wheel and from an sdist, in fresh virtual environments."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PROBE = """\
import importlib.util, pathlib, sysconfig
import rlconfig_lint.rules, rlconfig_lint.rules.rl101_raw_rollout_logprobs as rule
assert rule.RULE.code == "RL101"
assert importlib.util.find_spec("rules") is None, "rules landed at the top of site-packages"
site = pathlib.Path(sysconfig.get_paths()["purelib"])
assert not (site / "rules").exists()
assert (pathlib.Path(__import__("rlconfig_lint").__file__).parent / "py.typed").exists()
"""


def call(*command: object, cwd: Path) -> str:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources, so that a build leaves nothing behind in the checkout."""
    copy = tmp_path_factory.mktemp("source") / "rlconfig-lint"
    left_out = shutil.ignore_patterns(".git", ".venv", "*.egg-info", "build", "dist", ".*_cache")
    shutil.copytree(ROOT, copy, ignore=left_out)
    return copy


@pytest.fixture(scope="module")
def packages(source: Path) -> Path:
    """An sdist, and the wheel that is built from that sdist."""
    builder = source.parent / "builder"
    venv.create(builder, with_pip=True)
    call(builder / "bin/python", "-m", "pip", "install", "-q", "build", cwd=source)
    call(builder / "bin/python", "-m", "build", "--outdir", source.parent / "dist", cwd=source)
    return source.parent / "dist"


@pytest.mark.parametrize("kind", ["editable", "wheel", "sdist"])
def test_it_works_from_a_fresh_environment(
    kind: str, source: Path, packages: Path, tmp_path: Path
) -> None:
    target = {
        "editable": ("--editable", source),
        "wheel": (next(packages.glob("*.whl")),),
        "sdist": (next(packages.glob("*.tar.gz")),),
    }[kind]
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    call(environment / "bin/python", "-m", "pip", "install", "-q", *target, cwd=tmp_path)
    call(environment / "bin/python", "-c", PROBE, cwd=tmp_path)
    command = environment / "bin/rlconfig-lint"
    assert "RL101" in call(command, "rules", cwd=tmp_path)
    shown = call(command, "--exit-zero", "--profile", "parity", source / "examples", cwd=tmp_path)
    assert "RL501" in shown
    assert sys.version_info >= (3, 10)
