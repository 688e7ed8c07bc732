"""Profiles choose rules and severities; a rule's life decides whether it speaks unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rlconfig_lint import registry
from rlconfig_lint.model import Life, Rule
from tests.projects import write_files

FACTS = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'
ENGINE = "engine:\n  max_num_seqs: 8\n  enforce_eager: true\n  dtype: auto\n"


def said(folder: Path, config: str, *arguments: str) -> dict[str, str]:
    """The severity of each rule that speaks."""
    write_files(folder, {"rlconfig-lint.toml": FACTS + config, "engine.yaml": ENGINE})
    found = json.loads(check(folder, *arguments).stdout)
    return {finding["code"]: finding["severity"] for finding in found}


def check(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rlconfig_lint", "--output-format", "json", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


MINE = '[profiles.mine]\nbase = "parity"\n'


@pytest.mark.parametrize(
    ("config", "arguments", "expected"),
    [
        pytest.param("", [], {"RL101": "error"}, id="production"),
        pytest.param(
            "",
            ["--profile", "parity", "--select", "RL1,RL3"],
            {"RL101": "error", "RL301": "warning"},
            id="parity",
        ),
        pytest.param(
            f'{MINE}select = ["RL301", "raw-rollout-logprobs"]\n',
            ["--profile", "mine"],
            {"RL101": "error", "RL301": "warning"},
            id="its rules",
        ),
        pytest.param(
            f'{MINE}ignore = ["RL2", "RL5", "RL6"]\n',
            ["--profile", "mine"],
            {"RL101": "error", "RL301": "warning"},
            id="all but some",
        ),
        pytest.param(
            f'{MINE}select = ["RL1", "RL3"]\nseverity = {{RL301 = "error", RL101 = "warning"}}\n',
            ["--profile", "mine"],
            {"RL101": "warning", "RL301": "error"},
            id="its severities",
        ),
        pytest.param(
            f'profile = "mine"\n{MINE}select = ["RL3"]\n',
            [],
            {"RL301": "warning"},
            id="the default",
        ),
        pytest.param(
            f'{MINE}select = ["RL3"]\n[paths."engine.yaml"]\nprofile = "mine"\n',
            [],
            {"RL301": "warning"},
            id="for a path",
        ),
    ],
)
def test_what_is_asked_for(
    config: str, arguments: list[str], expected: dict[str, str], tmp_path: Path
) -> None:
    assert said(tmp_path, config, *arguments) == expected


@pytest.mark.parametrize(
    ("config", "arguments", "says"),
    [
        ("", ["--profile", "mine"], "no profile 'mine': production, parity, strict-on-policy"),
        (MINE, ["--profile", "nine"], "no profile 'nine'"),
        ('profile = "mine"\n', [], "no profile 'mine'"),
        ('[paths."*"]\nprofile = "mine"\n', [], "no profile 'mine'"),
        ("[profiles.parity]\n", [], "profiles.parity: a profile of the tool's own has this name"),
        ('[profiles.mine]\nbase = "mine"\n', [], "profiles.mine.base"),
        ('[profiles.mine]\nselect = ["RL999"]\n', [], "no rule 'RL999'"),
        ('[profiles.mine.severity]\nRL101 = "fatal"\n', [], "profiles.mine.severity.RL101"),
        ("[profiles.mine]\nbase-profile = 1\n", [], "unknown key 'profiles.mine.base-profile'"),
    ],
)
def test_a_profile_that_cannot_be_used_is_one_line_and_exit_2(
    config: str, arguments: list[str], says: str, tmp_path: Path
) -> None:
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS + config, "engine.yaml": ENGINE})
    done = check(tmp_path, *arguments)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert says in done.stderr


@pytest.fixture
def preview(monkeypatch: pytest.MonkeyPatch) -> Rule:
    """The rules, with RL301 in preview."""
    found = {rule.code: rule for rule in registry.rules()}
    found["RL301"] = replace(found["RL301"], life=Life.PREVIEW)
    monkeypatch.setattr(registry, "rules", lambda: tuple(found.values()))
    return found["RL301"]


@pytest.mark.parametrize(
    ("select", "asked", "speaks"),
    [
        pytest.param((), False, False, id="unasked"),
        pytest.param((), True, True, id="with --preview"),
        pytest.param(("RL3",), False, False, id="its family"),
        pytest.param(("ALL",), False, False, id="all"),
        pytest.param(("RL3",), True, True, id="its family with --preview"),
        pytest.param(("RL301",), False, True, id="its code"),
        pytest.param(("async-scheduling",), False, True, id="its name"),
    ],
)
def test_a_rule_in_preview_speaks_when_it_is_asked(
    select: tuple[str, ...], asked: bool, speaks: bool, preview: Rule
) -> None:
    assert (preview in registry.selected(select, (), preview=asked)) is speaks


def test_the_core_and_the_release_rules_are_stable() -> None:
    stable = {rule.code for rule in registry.rules() if rule.life is Life.STABLE}
    assert {"RL101", "RL201", "RL301", "RL401", "RL501"} <= stable
    assert {rule.code for rule in registry.rules() if rule.code.startswith("RL8")} <= stable
