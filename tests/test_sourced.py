"""Scripts that source others of the same repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlconfig_lint.model import Rollout
from rlconfig_lint.readers import read
from tests.projects import fix_all, only, repository_of, run, write_files

PIN = {"rlconfig-lint.toml": 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\n'}
TRAIN = "python3 -m verl.trainer.main_ppo actor_rollout_ref.rollout.name=vllm"
TEMPERATURE = "actor_rollout_ref.rollout.temperature"


def temperature(rollout: Rollout) -> object:
    return rollout.sampled("temperature").value


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("source env.sh", id="beside it"),
        pytest.param(". ./env.sh", id="a dot"),
        pytest.param('source "$(dirname "$0")/env.sh"', id="its own folder"),
        pytest.param('. "${BASH_SOURCE%/*}/env.sh"', id="its own folder, cut"),
        pytest.param(
            'HERE="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"\nsource "$HERE/env.sh"',
            id="its own folder, asked for",
        ),
        pytest.param("source scripts/env.sh", id="from a folder above"),
    ],
)
def test_what_a_sourced_script_assigns_is_known(source: str, tmp_path: Path) -> None:
    script = f"{source}\n{TRAIN} {TEMPERATURE}=$T\n"
    files = {"scripts/train.sh": script, "scripts/env.sh": "T=0.7\n"}
    assert temperature(only(tmp_path, {**PIN, **files})) == 0.7


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("[ -f $X/env.sh ] && source $X/env.sh", id="a folder nobody knows"),
        pytest.param("source /etc/env.sh", id="outside of the tree"),
        pytest.param("source ../../env.sh", id="above the tree"),
        pytest.param("source env.sh", id="one of two"),
    ],
)
def test_a_script_that_is_not_certain_is_not_taken(source: str, tmp_path: Path) -> None:
    (tmp_path / "env.sh").write_text("T=0.7\n")
    script = f"{source}\n{TRAIN} {TEMPERATURE}=$T\n"
    files = {"a/scripts/train.sh": script, "a/scripts/env.sh": "T=0.7\n", "a/env.sh": "T=0.6\n"}
    folder = write_files(tmp_path / "tree", {**PIN, **files})
    (rollout,) = run(folder).rollouts
    assert temperature(rollout) != 0.7


def test_a_file_that_is_checked_alone_still_sources_the_others(tmp_path: Path) -> None:
    script = f"source env.sh\n{TRAIN} {TEMPERATURE}=$T\n"
    write_files(tmp_path, {**PIN, "train.sh": script, "env.sh": "T=0.7\n"})
    (rollout,) = run(tmp_path, "train.sh").rollouts
    assert temperature(rollout) == 0.7


def test_scripts_that_source_one_another_come_to_an_end(tmp_path: Path) -> None:
    files = {
        "a.sh": f"source b.sh\n{TRAIN} {TEMPERATURE}=$T\n",
        "b.sh": "source a.sh\nsource b.sh\nT=0.7\n",
    }
    assert temperature(only(tmp_path, {**PIN, **files})) == 0.7


SERVE = "serve() { vllm serve M --max-num-seqs 8 --logprobs-mode raw_logprobs; }\n"
FACTS = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'


def test_a_sourced_function_is_one_command_and_is_mended_where_it_stands(tmp_path: Path) -> None:
    files = {"lib.sh": SERVE, "a.sh": "source lib.sh\nserve\n", "b.sh": "source lib.sh\nserve\n"}
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, **files})
    (finding,) = (f for f in run(tmp_path).findings if f.code == "RL101")
    assert finding.place.path == "lib.sh"
    fix_all(tmp_path)
    assert "--logprobs-mode processed_logprobs" in (tmp_path / "lib.sh").read_text()
    assert (tmp_path / "a.sh").read_text() == files["a.sh"]
    assert not [f for f in run(tmp_path).findings if f.code == "RL101"]


LIB = "ARGS=(--max-num-seqs 8 --logprobs-mode raw_logprobs)\n"
SHARED = {"lib.sh": LIB, "a.sh": 'source lib.sh\nvllm serve M "${ARGS[@]}"\n'}


def test_what_several_scripts_may_source_is_not_rewritten_for_one(tmp_path: Path) -> None:
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, **SHARED})
    assert "RL101" in {finding.code for finding in run(tmp_path).findings}
    fix_all(tmp_path)
    assert (tmp_path / "lib.sh").read_text() == LIB


def test_behind_a_fix_what_sources_the_file_is_read_again(tmp_path: Path) -> None:
    library = repository_of(write_files(tmp_path, SHARED))[0].library
    library.keep(read("lib.sh", LIB.replace("raw", "processed").encode()))
    (block,) = library.held("a.sh").blocks
    assert [entry.value for entry in block.entries] == [8, "processed_logprobs"]
