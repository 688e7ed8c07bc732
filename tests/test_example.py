"""The example project and the README: what they promise is what happens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from rlconfig_lint.model import Profile
from rlconfig_lint.registry import rule, rules
from tests.projects import fix_all, run
from tests.test_command_line import rlconfig_lint

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "vllm-v0-to-v1"
README = (ROOT / "README.md").read_text()

FAMILIES = sorted(path.parent for path in (ROOT / "examples").glob("*/expected.txt"))


@pytest.fixture
def example(tmp_path: Path) -> Path:
    return shutil.copytree(EXAMPLE, tmp_path / "example")


def found(folder: Path, profile: Profile) -> dict[str, str]:
    return {f.code: f.severity.word for f in run(folder, profile=profile).findings}


def test_parity_finds_the_five_settings_of_the_founding_report(example: Path) -> None:
    assert found(example, Profile.PARITY) == {
        "RL101": "error",
        "RL201": "warning",
        "RL301": "warning",
        "RL401": "warning",
        "RL501": "error",
        "RL601": "warning",
    }


def test_production_leaves_the_throughput_defaults_alone(example: Path) -> None:
    assert found(example, Profile.PRODUCTION) == {
        "RL101": "error",
        "RL401": "warning",
        "RL501": "error",
    }


def test_fixing_leaves_only_what_needs_a_person_and_says_what(example: Path) -> None:
    fix_all(example, profile=Profile.PARITY)
    (left,) = run(example, profile=Profile.PARITY).findings
    assert left.code == "RL501"
    assert "upgrade to >=0.26.0" in left.help
    assert "register a plugin" in left.help
    engine = yaml.safe_load((example / "conf/rollout.yaml").read_text())["engine"]
    assert engine["logprobs-mode"] == "processed_logprobs"
    assert engine["enable-prefix-caching"] is False
    assert engine["async-scheduling"] is False
    assert engine["generation-config"] == "vllm"
    server = (example / "lagrange/server.py").read_text()
    assert 'engine.pause_generation(mode="keep", clear_cache=False)' in server


def test_its_code_is_python(example: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(example)], check=False, timeout=60
    )
    assert done.returncode == 0


def test_the_readmes_before_becomes_its_after(tmp_path: Path) -> None:
    before, after = (block.split("```")[0] for block in README.split("```yaml\n")[1:3])
    facts = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'
    (tmp_path / "rlconfig-lint.toml").write_text(facts)
    (tmp_path / "rollout.yaml").write_text(before)
    fix_all(tmp_path)
    assert (tmp_path / "rollout.yaml").read_text() == after


def test_the_readmes_settings_are_known(tmp_path: Path) -> None:
    from rlconfig_lint.config import load

    blocks = [block.split("```")[0] for block in README.split("```toml\n")[1:]]
    config = tmp_path / "pyproject.toml"
    config.write_text("".join(blocks))
    assert load(config).trainer == "rollout-logprobs"
    assert load(config).declared(tmp_path / "recipes/old/a.yaml").vllm_version == "0.8.5"
    assert load(config).profile_named("nightly").base is Profile.PARITY


def test_the_readme_names_every_family_by_a_rule() -> None:
    named = re.findall(r"^\| (RL\d) \|.*\| (RL\d+) ([\w-]+) \|$", README, re.M)
    assert [family for family, _, _ in named] == sorted({rule.code[:3] for rule in rules()})
    for family, code, name in named:
        assert code.startswith(family)
        assert rule(code).name == name


def test_every_family_has_an_example() -> None:
    families = {(path / "README.md").read_text().partition(":")[0] for path in FAMILIES}
    assert families == {f"# RL{number}" for number in range(1, 9)}


@pytest.mark.parametrize("family", FAMILIES, ids=lambda path: path.name)
def test_what_an_example_of_a_family_says(family: Path, tmp_path: Path) -> None:
    """Before and after the command of its README that fixes it."""
    project = shutil.copytree(family, tmp_path / family.name)
    readme = (family / "README.md").read_text()
    unsafe = ["--unsafe-fixes"] if "--fix --unsafe-fixes" in readme else []
    seen = {"expected.txt": _said(project), "fixed.txt": _said(project, "--fix", *unsafe)}
    for name, text in seen.items():
        if os.environ.get("UPDATE_GOLDENS"):
            (family / name).write_text(text, encoding="utf-8")
        assert text == (family / name).read_text(encoding="utf-8")
    assert ("nothing is left" in readme) == (seen["fixed.txt"] == "")
    assert "https://github.com/" in readme


def _said(project: Path, *arguments: str) -> str:
    concise = ("--output-format", "concise", "--exit-zero")
    return rlconfig_lint(project, "check", *concise, *arguments, ".").stdout
