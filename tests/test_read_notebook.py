"""Notebooks: code cells as Python, `!commands` and `%%bash` cells as shell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlconfig_lint.model import UNKNOWN, Block
from rlconfig_lint.readers import read
from tests.projects import fix_all, only, run, write_files

FACTS = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'
ENGINE = "from vllm import LLM\nllm = LLM(model='m', logprobs_mode='raw_logprobs')\n"
UPDATE = "llm.collective_rpc('update_weights')\nllm.reset_prefix_cache()\n"


def notebook(*cells: str, kind: str = "code", indent: int | None = 1) -> str:
    """As Jupyter writes it: every source a list of its lines."""
    found = [
        {"cell_type": kind, "metadata": {}, "outputs": [], "source": cell.splitlines(True)}
        for cell in cells
    ]
    return json.dumps({"cells": found, "metadata": {}, "nbformat": 4}, indent=indent)


def blocks(*cells: str) -> tuple[Block, ...]:
    source = read("a.ipynb", notebook(*cells).encode())
    assert source.problem is None
    return source.blocks


def values(*cells: str) -> dict[str, object]:
    return {entry.key: entry.value for block in blocks(*cells) for entry in block.entries}


@pytest.mark.parametrize(
    ("cells", "key"),
    [
        pytest.param(["from vllm import LLM\n", "LLM(seed=1)"], "seed", id="in two cells"),
        pytest.param(["s = 1\nfrom vllm import LLM", "LLM(seed=s)"], "seed", id="a name's value"),
        pytest.param(["%%time\nfrom vllm import LLM\nLLM(seed=1)"], "seed", id="a timed cell"),
        pytest.param(
            ["%pip install vllm\nfrom vllm import LLM\nLLM(seed=1)\nLLM?"], "seed", id="magics"
        ),
        pytest.param(["for a in b:\n", "from vllm import LLM\nLLM(seed=1)"], "seed", id="a draft"),
        pytest.param(["!vllm serve M --seed 1"], "--seed", id="a command"),
        pytest.param(["out = !vllm serve M --seed 1"], "--seed", id="a command's output"),
        pytest.param(
            ["!vllm serve M \\\n  --seed 1\nx = 1"], "--seed", id="a command that goes on"
        ),
        pytest.param(["%%bash\nS=1\nvllm serve M --seed $S"], "--seed", id="a shell's cell"),
    ],
)
def test_cells_are_one_program(cells: list[str], key: str) -> None:
    assert values(*cells)[key] == 1


def test_what_python_puts_into_a_command_is_unknown() -> None:
    assert values("seed = 1", "!vllm serve M --seed {seed}")["--seed"] is UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(notebook(ENGINE, kind="markdown"), id="prose"),
        pytest.param(notebook(f"%%writefile a.py\n{ENGINE}"), id="a file's text"),
        pytest.param("[]", id="a list"),
        pytest.param('{"cells": 1}', id="no cells"),
        pytest.param('{"cells": [{"cell_type": "code", "source": {"a": "b"}}]}', id="no source"),
        pytest.param('{"cells": [1, {"source": "x"}], "cell_type": "code"}', id="no kind"),
    ],
)
def test_what_is_no_code(body: str) -> None:
    source = read("a.ipynb", body.encode())
    assert (source.blocks, source.problem) == ((), None)


@pytest.mark.parametrize(
    ("body", "says"),
    [('{"cells": [', "does not parse"), ("[" * 100_000, "nested too deep"), ("", "does not parse")],
)
def test_what_cannot_be_read_says_so(body: str, says: str) -> None:
    assert says in (read("a.ipynb", body.encode()).problem or "")


def test_a_finding_stands_on_its_line_and_nothing_is_rewritten(tmp_path: Path) -> None:
    body = notebook("# é\n", ENGINE, UPDATE)
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, "a.ipynb": body})
    (finding,) = (f for f in run(tmp_path).findings if f.code == "RL101")
    row = body.splitlines()[finding.place.line - 1]
    assert "logprobs_mode='raw_logprobs'" in row
    assert finding.fix is None
    assert not fix_all(tmp_path).changed()
    assert (tmp_path / "a.ipynb").read_text() == body


def test_a_comment_in_a_cell_accepts_a_finding(tmp_path: Path) -> None:
    accepted = ENGINE.replace("')\n", "')  # rlconfig-lint: ignore[RL101] shown on purpose\n")
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, "a.ipynb": notebook(accepted, UPDATE)})
    result = run(tmp_path)
    assert "RL101" not in {finding.code for finding in result.findings}
    assert result.suppressed == 1


def test_a_notebook_speaks_for_itself_alone(tmp_path: Path) -> None:
    write_files(tmp_path, {"rlconfig-lint.toml": 'vllm-version = "0.18.1"\n'})
    rollout = only(
        tmp_path, {"a.ipynb": notebook(ENGINE, UPDATE), "b.ipynb": notebook(ENGINE), "c.py": ENGINE}
    )
    assert rollout.path == "a.ipynb"


# --- places ---

_LINES = st.sampled_from(
    [
        "x = '\\n é \\u20ac \\\\ \" 😀'",
        "# \\ud83d \t tabs",
        "!ls",
        "%matplotlib inline",
        "",
        "if x:\n    pass",
    ]
)


@given(
    st.lists(_LINES, max_size=4),
    st.lists(_LINES, max_size=4),
    st.booleans(),
    st.booleans(),
    st.sampled_from([None, 1, 4]),
)
def test_every_place_is_where_the_notebook_has_it(
    before: list[str], between: list[str], ascii_only: bool, whole: bool, indent: int | None
) -> None:
    cells = [*before, "from vllm import LLM\n" + "\n".join(between) + "\nLLM(seed=4_711)"]
    found = [
        {"source": cell if whole else cell.splitlines(True), "cell_type": "code"} for cell in cells
    ]
    body = json.dumps({"cells": found}, ensure_ascii=ascii_only, indent=indent)
    source = read("a.ipynb", body.encode())
    entry = next(entry for block in source.blocks for entry in block.entries)
    assert body[entry.place.start : entry.place.end] == "seed=4_711"
    assert entry.value_place is not None
    assert body[entry.value_place.start : entry.value_place.end] == "4_711"


@given(
    st.recursive(
        st.none() | st.text(max_size=9) | st.sampled_from(["cells", "source", "code"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["cells", "source", "cell_type", "x"]), inner, max_size=3
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read(value: object) -> None:
    assert read("a.ipynb", json.dumps(value).encode()).problem is None
