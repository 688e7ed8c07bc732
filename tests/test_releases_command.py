"""`rlconfig-lint releases`, as people run it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rlconfig_lint.commands.releases import show_changes, show_release
from rlconfig_lint.releases.known import releases
from tests.test_command_line import rlconfig_lint

NEWEST = str(releases()[-1])


def read(folder: Path, *arguments: str) -> Any:
    done = rlconfig_lint(folder, "releases", *arguments, "--output-format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def text(folder: Path, *arguments: str) -> str:
    done = rlconfig_lint(folder, "releases", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def section(page: str, title: str) -> str:
    (found,) = (part for part in page.split("\n\n") if part.startswith(title))
    return found


def test_the_known_releases_newest_last_and_how_to_ask_for_more(tmp_path: Path) -> None:
    page = text(tmp_path)
    words = page.partition("\n\n")[0].split()
    assert words[:2] == ["0.6", "0.6.0"]
    assert words[-1] == NEWEST
    assert "releases diff A B" in page
    listed = read(tmp_path)
    assert listed == {"releases": [str(each) for each in releases()], "newest": NEWEST}


def test_one_release(tmp_path: Path) -> None:
    page = text(tmp_path, "0.18.1")
    assert "  async_scheduling = true\n" in section(page, "Effective defaults")
    settings = section(page, "Settings that matter to RL")
    assert "  logprobs_mode: LogprobsMode = raw_logprobs\n    choices: raw_logits, " in settings
    assert "flags: --enable-prefix-caching, --no-enable-prefix-caching\n" in settings
    assert "not in this release: return_sampling_mask, swap_space" in settings
    methods = section(page, "Methods")
    assert "async AsyncLLM.pause_generation(*, mode: 'abort' | 'wait' | 'keep' = 'abort'" in methods
    assert "  POST /pause  query: mode: " in section(page, "Routes")


def test_one_release_as_json(tmp_path: Path) -> None:
    row = read(tmp_path, "0.18.1")
    settings = {each["name"]: each for each in row["settings"]}
    assert list(settings) == sorted(settings)
    assert settings["kv_cache_dtype"]["default"] == "auto"
    assert settings["async_scheduling"]["flags"] == ["--async-scheduling", "--no-async-scheduling"]
    assert settings["logprobs_mode"]["source"].startswith("0.1")
    assert row["effective_defaults"]["generation_config"] == "auto"
    assert {each["path"] for each in row["routes"]} >= {"/pause", "/resume", "/sleep"}


def test_what_changes_between_two_releases(tmp_path: Path) -> None:
    page = text(tmp_path, "diff", "0.8.5", "0.18.1")
    assert "  * async_scheduling: false -> true" in section(page, "Effective defaults")
    assert "  * logprobs_mode: LogprobsMode = raw_logprobs\n" in section(page, "Arguments added")
    assert "  * swap_space: float = 4\n" in section(page, "Arguments removed")
    assert "  * seed\n      default: null -> 0\n" in section(page, "Arguments changed")
    assert "    block_size\n      choices: no longer a fixed list\n" in page
    assert "  - async AsyncLLM.sleep(level: int = 1) -> None\n" in section(page, "Methods")
    assert "AsyncLLM.wake_up" not in section(page, "Methods")  # only its types are spelled anew
    assert "  + POST /pause  query: mode: " in section(page, "Routes")
    assert "  VLLM_USE_V1" in section(page, "Environment variables gone")


@pytest.mark.parametrize("part", ["added", "removed", "changed"])
def test_what_matters_to_rl_stands_first(tmp_path: Path, part: str) -> None:
    rows = read(tmp_path, "diff", "0.8.5", "0.18.1")["arguments"][part]
    marks = [row["matters_to_rl"] for row in rows]
    assert marks[0]
    assert marks == sorted(marks, reverse=True)
    assert [row["name"] for row in rows] == [
        row["name"] for row in sorted(rows, key=lambda row: (not row["matters_to_rl"], row["name"]))
    ]


def test_changes_as_json(tmp_path: Path) -> None:
    row = read(tmp_path, "diff", "0.8.5", "0.18.1")
    assert (row["from"], row["to"]) == ("0.8.5", "0.18.1")
    assert {"name": "async_scheduling", "old": False, "new": True} in row["effective_defaults"]
    assert "logprobs_mode" in [each["name"] for each in row["arguments"]["added"]]
    assert "swap_space" in [each["name"] for each in row["arguments"]["removed"]]
    assert "--enable-sleep-mode" in row["flags_negatable_now"]
    pause = {each["name"]: each for each in row["methods"]}["AsyncLLM.pause_generation"]
    assert pause["old"] is None
    assert "VLLM_USE_V1" in row["environment_gone"]


def test_a_release_has_no_changes_to_itself(tmp_path: Path) -> None:
    assert text(tmp_path, "diff", "0.18.1", "v0.18.1").endswith("Nothing that is known changes.\n")


@pytest.mark.parametrize("version", [str(each) for each in releases()])
def test_every_release_can_be_shown_beside_the_newest(version: str) -> None:
    for output_format in ("text", "json"):
        show_release(version, output_format)
        show_changes(version, NEWEST, output_format)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["0.99"], f"'0.99' is no known vLLM release (the newest known is {NEWEST})"),
        (["newest"], f"'newest' is no known vLLM release (the newest known is {NEWEST})"),
        (["diff", "0.8.5", "0.99"], "'0.99' is no known vLLM release"),
        (
            ["diff", "0.18.1", "0.8.5"],
            "0.18.1 is newer than 0.8.5: the older release comes first",
        ),
        (["diff", "0.18.1"], "Missing argument 'B'"),
        (["0.8.5", "0.18.1"], "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    tmp_path: Path, arguments: list[str], says: str
) -> None:
    done = rlconfig_lint(tmp_path, "releases", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
