"""A fix changes its own bytes and no others, whatever the file looks like."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rlconfig_lint.model import Profile
from rlconfig_lint.readers import documents
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writing import NotWrittenError, write
from tests.projects import fix_all, repository_of, run, write_files

FACTS = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'


def fixed(folder: Path, name: str, text: str, profile: Profile = Profile.PARITY) -> str:
    write_files(folder, {"rlconfig-lint.toml": FACTS, name: text})
    fix_all(folder, profile=profile)
    return (folder / name).read_bytes().decode()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "engine: {max_num_seqs: 8, enforce_eager: true, dtype: auto}\n",
            "engine: {max_num_seqs: 8, enforce_eager: true, dtype: auto,"
            " logprobs_mode: processed_logprobs, enable_prefix_caching: false,"
            " async_scheduling: false, generation_config: vllm}\n",
            id="flow style on one line",
        ),
        pytest.param(
            "engine: {\n  max_num_seqs: 8,\n  enforce_eager: true,\n  dtype: auto\n}\n",
            "engine: {\n  max_num_seqs: 8,\n  enforce_eager: true,\n  dtype: auto,\n"
            "  logprobs_mode: processed_logprobs,\n  enable_prefix_caching: false,\n"
            "  async_scheduling: false,\n  generation_config: vllm\n}\n",
            id="flow style on many lines",
        ),
        pytest.param(
            "max_num_seqs: 8  # a\n# b\nenforce_eager: True # c\ndtype: auto # d\n# e\n",
            "max_num_seqs: 8  # a\n# b\nenforce_eager: True # c\ndtype: auto # d\n"
            "logprobs_mode: processed_logprobs\nenable_prefix_caching: False\n"
            "async_scheduling: False\ngeneration_config: vllm\n# e\n",
            id="comments stay, booleans as the file writes them",
        ),
        pytest.param(
            "- max-num-seqs: 8\n  enforce-eager: ''\n  kv-cache-dtype: auto\n- other: 1\n",
            "- max-num-seqs: 8\n  enforce-eager: ''\n  kv-cache-dtype: auto\n"
            "  logprobs-mode: processed_logprobs\n  enable-prefix-caching: false\n"
            "  async-scheduling: false\n  generation-config: vllm\n- other: 1\n",
            id="an item of a list, kebab-case",
        ),
    ],
)
def test_yaml(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(tmp_path, "engine.yaml", before) == after


def test_a_null_value_is_written_where_it_stands(tmp_path: Path) -> None:
    before = "max_num_seqs: 8\nenforce_eager: true\nlogprobs_mode: null # x\nasync_scheduling:\n"
    after = fixed(tmp_path, "engine.yaml", before)
    assert "logprobs_mode: processed_logprobs # x\nasync_scheduling: false\n" in after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            'vllm serve M --max-num-seqs 8 "$@"  # c\n',
            "vllm serve M --max-num-seqs 8 --logprobs-mode processed_logprobs"
            " --no-enable-prefix-caching --no-async-scheduling --generation-config vllm"
            ' "$@"  # c\n',
            id="in front of the caller's arguments",
        ),
        pytest.param(
            'ARGS=(\n  --max-num-seqs 8\n  --port 1 # c\n)\nvllm serve M "${ARGS[@]}"\n',
            "ARGS=(\n  --max-num-seqs 8\n  --port 1\n  --logprobs-mode processed_logprobs\n"
            "  --no-enable-prefix-caching\n  --no-async-scheduling\n"
            "  --generation-config vllm # c\n)\n"
            'vllm serve M "${ARGS[@]}"\n',
            id="in the array that holds the others",
        ),
    ],
)
def test_shell(before: str, after: str, tmp_path: Path) -> None:
    assert fixed(tmp_path, "serve.sh", before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("A()", "A(logprobs_mode=L)", id="no argument"),
        pytest.param("A(seed=1)", "A(seed=1, logprobs_mode=L)", id="one line"),
        pytest.param("A(\n    seed=1\n)", "A(\n    seed=1,\n    logprobs_mode=L\n)", id="no comma"),
        pytest.param(
            "A(\n    seed=1,  # c\n)", "A(\n    seed=1,  # c\n    logprobs_mode=L,\n)", id="comment"
        ),
        pytest.param(
            "A(seed=1,\n  dtype='auto')",
            "A(seed=1,\n  dtype='auto',\n  logprobs_mode=L)",
            id="aligned by hand",
        ),
        pytest.param(
            "A(**dict(seed=1))", "A(**dict(seed=1, logprobs_mode=L))", id="where the dict is built"
        ),
        pytest.param(
            'A(**{"seed": 1})', 'A(**{"seed": 1, "logprobs_mode": L})', id="a dict display"
        ),
        pytest.param(
            'A(**{\n  "seed": 1,  # c\n})',
            'A(**{\n  "seed": 1,  # c\n  "logprobs_mode": L,\n})',
            id="a dict display on many lines",
        ),
    ],
)
def test_python(before: str, after: str, tmp_path: Path) -> None:
    head = "from vllm import AsyncEngineArgs as A\n\n"
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, "a.py": head + before + "\n"})
    fix_all(tmp_path)
    expected = after.replace("L", '"processed_logprobs"').replace('A("p', "A(p")
    assert (tmp_path / "a.py").read_text() == head + expected + "\n"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "base: &b {logprobs_mode: raw_logprobs}\n"
            "engine:\n  <<: *b\n  max_num_seqs: 8\n  enforce_eager: true\n",
            id="behind an anchor",
        ),
    ],
)
def test_a_shared_value_is_left_alone_and_said(text: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, "engine.yaml": text})
    changes = fix_all(tmp_path)
    assert (tmp_path / "engine.yaml").read_text() == text
    assert [refused.reason for refused in changes.refused] == [
        "the value is shared through a variable or anchor"
    ]


REFUSED = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        pytest.param(
            "engine.yaml",
            "policy: &e {max_num_seqs: 8, enforce_eager: true, dtype: auto}\njudge: {<<: *e}\n",
            "shared through an anchor",
            id="a mapping that a judge merges",
        ),
        pytest.param(
            "serve.sh",
            'A=(--max-num-seqs 8)\nvllm serve m "${A[@]}"\npython eval.py "${A[@]}"\n',
            "used by another command",
            id="an array that another command takes",
        ),
    ],
)
def test_what_others_use_too_is_left_alone(name: str, text: str, says: str, tmp_path: Path) -> None:
    write_files(tmp_path, {"rlconfig-lint.toml": REFUSED, name: text})
    changes = fix_all(tmp_path)
    assert (tmp_path / name).read_text() == text
    assert says in changes.refused[0].reason


def test_a_dict_with_other_uses_is_left_alone_and_the_call_gets_the_key(tmp_path: Path) -> None:
    head = "from vllm import LLM, SamplingParams\nkw = dict(seed=1)\n"
    files = {"a.py": f"{head}llm = LLM(**kw)\nparams = SamplingParams(temperature=0.7, **kw)\n"}
    write_files(tmp_path, {"rlconfig-lint.toml": REFUSED, **files})
    fix_all(tmp_path)
    expected = 'LLM(logprobs_mode="processed_logprobs", **kw)'
    assert (tmp_path / "a.py").read_text() == files["a.py"].replace("LLM(**kw)", expected)


@pytest.mark.parametrize(
    "update",
    [
        "for e in [llm]: e.collective_rpc('update_weights')",
        "[e.collective_rpc('update_weights') for e in [llm]]",
        "wait(llm.collective_rpc('update_weights'))",
        "pool.pop().collective_rpc('update_weights')",
        "x = llm.collective_rpc('update_weights')",
    ],
)
def test_a_statement_follows_only_a_statement(update: str, tmp_path: Path) -> None:
    text = f"from vllm import LLM\nllm = LLM(model='m')\n{update}\n"
    write_files(tmp_path, {"rlconfig-lint.toml": 'vllm-version = "0.18.1"\n', "a.py": text})
    fix_all(tmp_path)
    assert ".reset_prefix_cache" not in (tmp_path / "a.py").read_text()


def test_upper_case_json_is_json(tmp_path: Path) -> None:
    body = '{"engine": {"max_num_seqs": 8, "enforce_eager": true, "dtype": "auto"}}'
    assert json.loads(fixed(tmp_path, "engine.JSON", body))["engine"]["async_scheduling"] is False


def test_a_line_separator_in_a_string_moves_nothing(tmp_path: Path) -> None:
    body = 'a: "\u2028\u0085"\nengine:\n  max_num_seqs: 8\n  enforce_eager: true\n  dtype: auto\n'
    after = fixed(tmp_path, "engine.yaml", body)
    assert after.startswith(f"{body}  logprobs_mode: processed_logprobs\n")


def test_a_toml_key_lands_beside_its_siblings(tmp_path: Path) -> None:
    table = "[inference.vllm]\nmax_num_seqs = 8\nenforce_eager = true # c\ndtype = 'auto'\n"
    after = fixed(tmp_path, "a.toml", f"{table}\n# about x\n[x]\ny = 1\r\n")
    assert after.startswith(f'{table}logprobs_mode = "processed_logprobs"\n')
    assert after.endswith("\n\n# about x\n[x]\ny = 1\r\n")


KEYS = ("max_num_seqs", "gpu_memory_utilization", "enforce_eager", "max_model_len", "dtype")
comments = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), max_size=12)


@st.composite
def engine_files(draw: st.DrawFn) -> str:
    """A block mapping of vLLM's keys in any order, with comments, blank lines and odd spacing."""
    keys = draw(st.permutations(KEYS))
    indentation = " " * draw(st.integers(1, 6))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = ["trainer: {x: 1}", "engine:"]
    for key in keys:
        if draw(st.booleans()):
            lines.append(f"{indentation}# {draw(comments)}")
        if draw(st.booleans()):
            lines.append("")
        spelled = key.replace("_", "-") if draw(st.booleans()) else key
        value = draw(st.sampled_from(["8", "'8'", '"x # y"', "true", "[1, 2]", "{a: 1}"]))
        gap = " " * draw(st.integers(1, 4))
        lines.append(f"{indentation}{spelled}:{gap}{value}{draw(st.sampled_from(['', ' # c']))}")
    lines.append(draw(st.sampled_from(["tail: 1", "# the end", ""])))
    body = newline.join(lines)
    return body + newline if draw(st.booleans()) else body


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(engine_files())
def test_any_block_mapping_keeps_every_other_byte(tmp_path: Path, body: str) -> None:
    after = fixed(tmp_path, "engine.yaml", body)
    old, new = body.splitlines(keepends=True), after.splitlines(keepends=True)
    added = [line for line in new if line.strip().startswith(ADDED)]
    assert len(added) == len(WANTED)
    kept = "".join(line for line in new if line not in added)
    assert kept.rstrip("\r\n") == "".join(old).rstrip("\r\n")
    assert yaml.safe_load(after)["trainer"] == {"x": 1}
    assert _second_opinion(after) == {**_second_opinion(body), **WANTED}
    assert fixed(tmp_path, "engine.yaml", after) == after


WANTED = {
    "logprobs_mode": "processed_logprobs",
    "enable_prefix_caching": False,
    "async_scheduling": False,
    "generation_config": "vllm",
}
ADDED = tuple(name for key in WANTED for name in (f"{key}:", f"{key.replace('_', '-')}:"))


def _second_opinion(body: str) -> dict[str, object]:
    """The engine's keys as ruamel.yaml, another parser, sees them."""
    engine = YAML(typ="safe", pure=True).load(body)["engine"]
    return {key.replace("-", "_"): value for key, value in engine.items()}


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(st.sampled_from(KEYS), st.integers(1, 9), min_size=5),
    st.sampled_from([None, 2, "\t"]),
)
def test_json_stays_json(tmp_path: Path, engine: dict[str, int], indent: int | str | None) -> None:
    body = json.dumps({"engine": engine, "other": {"a": [1, {"b": None}]}}, indent=indent)
    after = json.loads(fixed(tmp_path, "engine.json", body))
    assert after == {"engine": {**engine, **WANTED}, "other": {"a": [1, {"b": None}]}}


# --- files ---


def test_the_mode_is_kept_and_no_other_file_is_left(tmp_path: Path) -> None:
    script = tmp_path / "serve.sh"
    write_files(tmp_path, {"serve.sh": "old"})
    script.chmod(0o754)
    write(script, b"old", b"new", [tmp_path])
    assert (script.read_bytes(), script.stat().st_mode & 0o777) == (b"new", 0o754)
    assert [path.name for path in tmp_path.iterdir()] == ["serve.sh"]


def test_never_through_a_link_out_of_the_checked_folders(tmp_path: Path) -> None:
    outside = write_files(tmp_path, {"outside.yaml": "old", "inside/.keep": ""}) / "outside.yaml"
    link = tmp_path / "inside" / "link.yaml"
    link.symlink_to(outside)
    with pytest.raises(NotWrittenError, match="outside the checked folders"):
        write(link, b"old", b"new", [tmp_path / "inside"])
    assert outside.read_bytes() == b"old"


def test_a_file_that_changed_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    file = write_files(tmp_path, {"a.yaml": "newer"}) / "a.yaml"
    with pytest.raises(NotWrittenError, match="changed"):
        write(file, b"old", b"new", [tmp_path])
    assert file.read_bytes() == b"newer"


def test_fixing_a_set_of_files_needs_no_order(tmp_path: Path) -> None:
    engine = "engine:\n  max_num_seqs: 8\n  enforce_eager: true\n  dtype: auto\n"
    names = [f"{letter}.yaml" for letter in "abc"]
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, **dict.fromkeys(names, engine)})
    forwards = [str(f) for f in run(tmp_path, *names).findings]
    assert forwards == [str(f) for f in run(tmp_path, *reversed(names)).findings]
    repository, _ = repository_of(tmp_path)
    assert set(names) <= set(repository.library.sources)


def test_text_round_trip() -> None:
    text = Text.decode("a.yaml", b"\xef\xbb\xbfa: 1\r\n")
    assert (text.bom, text.newline, text.encode()) == (True, "\r\n", b"\xef\xbb\xbfa: 1\r\n")
    assert documents.read(text)[0].entries[0].place.column == 1
