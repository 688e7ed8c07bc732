"""What is read for facts alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import GitIgnoreSpec

from rlconfig_lint.excluding import DEFAULT, excluder
from tests.projects import run, write_files
from tests.test_command_line import rlconfig_lint

FACTS = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\n'
BAD = """\
engine: {max_num_seqs: 8, enforce_eager: true, max_model_len: 8}
sampling: {temperature: 0.7, max_tokens: 8}
"""
FOLDERS = ("conf", "doc", "docs", "mydocs", "test", "tests", "third_party", "_vendor", "vendor")
FILES = ("a.yaml", "_generated_a.yaml", "a_generated_.yaml", "docs", "vendored")


@given(st.lists(st.sampled_from(FOLDERS), max_size=3), st.sampled_from(FILES))
def test_the_default_means_what_its_gitignore_lines_say(folders: list[str], file: str) -> None:
    path = "/".join((*folders, file))
    by_git = GitIgnoreSpec.from_lines(DEFAULT).match_file(path)
    assert excluder(Path("/root"), None)(Path("/root") / path) is by_git


@pytest.mark.parametrize(
    ("config", "judged"),
    [
        ("", ["conf/a.yaml"]),
        ('exclude = ["/conf/"]\n', ["_generated_a.yaml", "tests/a.yaml"]),
        ('extend-exclude = ["/conf/"]\n', []),
        ("exclude = []\n", ["_generated_a.yaml", "conf/a.yaml", "tests/a.yaml"]),
    ],
)
def test_what_is_judged(tmp_path: Path, config: str, judged: list[str]) -> None:
    files = dict.fromkeys(("conf/a.yaml", "tests/a.yaml", "_generated_a.yaml"), BAD)
    write_files(tmp_path, {**files, "rlconfig-lint.toml": config + FACTS})
    found = {f.place.path for f in run(tmp_path).findings if f.code == "RL101"}
    assert sorted(found) == judged


def test_excluded_code_still_gives_facts(tmp_path: Path) -> None:
    code = "llm.collective_rpc('update_weights')\n"
    files = {"third_party/update.py": f"import vllm\n{code}", "a.yaml": BAD}
    (rollout,) = run(write_files(tmp_path, files)).rollouts
    assert rollout.sync.updates[0].place.path == "third_party/update.py"


def test_a_named_file_is_judged_unless_exclusion_is_forced(tmp_path: Path) -> None:
    write_files(tmp_path, {"docs/a.yaml": BAD, "rlconfig-lint.toml": FACTS})
    assert "RL101" in rlconfig_lint(tmp_path, "docs/a.yaml").stdout
    assert "RL101" in rlconfig_lint(tmp_path, "docs").stdout
    assert rlconfig_lint(tmp_path, "--force-exclude", "docs/a.yaml").stdout == ""
