"""Servers that Python starts from a list of words, and namespaces that an engine is made from."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rlconfig_lint.model import UNKNOWN, Block, Form
from rlconfig_lint.readers.python import reader as python
from rlconfig_lint.readers.scalars import plain
from rlconfig_lint.readers.text import Text
from tests.projects import fix_all, run, write_files


def commands(body: str) -> list[Block]:
    blocks, _ = python.read(Text("a.py", body))
    return [block for block in blocks if block.form is Form.COMMAND]


def flags(body: str) -> dict[str, object]:
    (block,) = commands(body)
    return {entry.key: entry.value for entry in block.entries}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("subprocess.Popen(['vllm', 'serve', 'm', '--seed', '1'])", id="Popen"),
        pytest.param("run(['/usr/bin/vllm', 'serve', 'm', '--seed=1'], check=True)", id="run"),
        pytest.param(
            "os.execvp('vllm', ['vllm', 'serve', 'm', '--seed', '1'])", id="exec with its program"
        ),
        pytest.param(
            "await asyncio.create_subprocess_exec('vllm', 'serve', 'm', '--seed', '1')",
            id="asyncio",
        ),
        pytest.param(
            "subprocess.check_call([sys.executable, '-m', 'vllm.entrypoints.openai.api_server',"
            " '--model', m, '--seed', str(1)])",
            id="a module",
        ),
        pytest.param(
            "cmd = ['vllm', 'serve', 'm']\ncmd.append('--seed')\ncmd.append('1')\n_popen(cmd)",
            id="append",
        ),
        pytest.param(
            "cmd = ['vllm', 'serve', 'm']\ncmd.extend(['--seed', '1'])\nrun(cmd)", id="extend"
        ),
        pytest.param("cmd = ['vllm', 'serve']\ncmd += ['m', '--seed', '1']\nrun(cmd)", id="+="),
        pytest.param("run(['vllm', 'serve'] + ['m', '--seed', '1'])", id="+"),
        pytest.param("rest = ['--seed', '1']\nrun(['vllm', 'serve', 'm', *rest])", id="*"),
        pytest.param("run(['vllm', 'serve', 'm', '--enable-x', '--seed', '1'])", id="a bare flag"),
    ],
)
def test_a_started_server_and_its_flags(body: str) -> None:
    assert flags(f"async def f():\n    {body}" if "await" in body else body)["--seed"] == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("run(['sglang', 'serve', '--seed', '1'])\n# vllm serve", id="another server"),
        pytest.param("cmd = ['vllm', 'serve', 'm']", id="a list that starts nothing"),
        pytest.param("run(['bash', '-c', 'vllm serve m --seed 1'])", id="inside a script"),
    ],
)
def test_no_server_is_started(body: str) -> None:
    assert commands(body) == []


def test_a_flag_in_a_branch_has_no_value() -> None:
    body = "cmd = ['vllm', 'serve', 'm']\nif x:\n    cmd += ['--seed=1']\nrun(cmd)"
    assert flags(body) == {"--seed": UNKNOWN}


@pytest.mark.parametrize(
    ("body", "is_open"),
    [
        ("run(['vllm', 'serve', model, '--port', str(port)])", False),
        ("run(['vllm', 'serve', 'm', *rest])", True),
        ("run(['vllm', 'serve', 'm'] + rest)", True),
        ("cmd = ['vllm', 'serve', 'm']\ncmd.append(flag)\nrun(cmd)", True),
        ("cmd = ['vllm', 'serve', 'm']\ncmd.insert(3, '--x')\nrun(cmd)", True),
    ],
)
def test_words_that_may_be_flags_leave_it_open(body: str, is_open: bool) -> None:
    (block,) = commands(f"# vllm serve\n{body}")
    assert block.open is is_open


def test_its_environment() -> None:
    (block,) = commands("run(['vllm', 'serve'], env={**os.environ, 'VLLM_USE_V1': '0'})")
    assert block.env["VLLM_USE_V1"].value == "0"


def test_a_server_in_python_is_judged_and_never_rewritten(tmp_path: Path) -> None:
    text = (
        "import subprocess\n"
        "subprocess.Popen(['vllm', 'serve', 'm', '--worker-extension-cls', 'x'])\n"
        "requests.post(f'{url}/update_weights')\n"
    )
    facts = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\nweight-sync = "in-flight"\n'
    write_files(tmp_path, {"rlconfig-lint.toml": facts, "a.py": text})
    (finding,) = (f for f in run(tmp_path).findings if f.code == "RL201")
    assert (finding.place.line, finding.fix) == (2, None)
    fix_all(tmp_path)
    assert (tmp_path / "a.py").read_text() == text


words = st.sampled_from(["--seed=1", "--dtype", "auto", "--enable-prefix-caching", "--x", "7"])


@st.composite
def lists(draw: st.DrawFn) -> str:
    """A list of words, built in one of the ways that occur."""
    lines = [f"cmd = ['vllm', 'serve', 'm', *{draw(st.lists(words, max_size=3))}]"]
    for _ in range(draw(st.integers(0, 3))):
        more, one = draw(st.lists(words, min_size=1, max_size=3)), draw(words)
        change = draw(
            st.sampled_from([f"cmd += {more}", f"cmd.extend({more})", f"cmd.append('{one}')"])
        )
        lines += draw(st.sampled_from([[change], ["if flag():", f"    {change}"]]))
    return "\n".join([*lines, "run(cmd)", ""])


@settings(max_examples=200, deadline=None)
@given(lists(), st.integers(0, 7))
def test_the_words_that_are_claimed_are_started(body: str, decisions: int) -> None:
    started: list[str] = []
    flip = iter([bool(decisions >> n & 1) for n in range(3)])
    exec(compile(body, "generated", "exec"), {"run": started.extend, "flag": lambda: next(flip)})
    (block,) = commands(f"# vllm serve\n{body}")
    for entry in block.entries:
        if entry.value is UNKNOWN:
            continue
        at = [n for n, word in enumerate(started) if word.partition("=")[0] == entry.key]
        values = [plain(started[n].partition("=")[2] or (started[n + 1 :] or [""])[0]) for n in at]
        assert entry.value in values or (at and entry.value is True)
    said = {entry.key for entry in block.entries}
    assert block.open or {w.partition("=")[0] for w in started if w[:2] == "--"} <= said


@settings(max_examples=100, deadline=None)
@given(lists())
def test_the_spans_of_words_hold_them(body: str) -> None:
    text = f"# vllm serve\n{body}"
    (block,) = commands(text)
    for entry in block.entries:
        place = entry.value_place
        if place is not None and not entry.shared and entry.value is not UNKNOWN:
            assert plain(ast.literal_eval(text[place.start : place.end])) == entry.value


# --- namespaces ---

SERVER = "from vllm import AsyncEngineArgs\n"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        pytest.param(
            "def f(args):\n    args.seed = 1\n    return AsyncEngineArgs.from_cli_args(args)",
            1,
            id="an attribute",
        ),
        pytest.param(
            "def f(args):\n    setattr(args, 'seed', 1)\n    AsyncEngineArgs.from_cli_args(args)",
            1,
            id="setattr",
        ),
        pytest.param(
            "def f(args):\n    made = AsyncEngineArgs.from_cli_args(args)\n    made.seed = 1",
            1,
            id="on the result",
        ),
        pytest.param(
            "args = parser.parse_args(args=['--seed', '1'])\nAsyncEngineArgs.from_cli_args(args)",
            1,
            id="words",
        ),
        pytest.param(
            "ns = Namespace(seed=0)\nns.seed = 1\nargs = parser.parse_args(args=[], namespace=ns)\n"
            "AsyncEngineArgs.from_cli_args(args)",
            1,
            id="a namespace to begin with",
        ),
        pytest.param(
            "def run(args):\n    AsyncEngineArgs.from_cli_args(args)\n"
            "args = parser.parse_args()\nargs.seed = 1\nrun(args)",
            1,
            id="handed over by the one caller",
        ),
        pytest.param(
            "def f(args):\n    if x:\n        args.seed = 1\n"
            "    AsyncEngineArgs.from_cli_args(args)",
            UNKNOWN,
            id="in a branch",
        ),
        pytest.param(
            "def f(args):\n    args.seed = 1\n    for k, v in user.items():\n"
            "        setattr(args, k, v)\n    AsyncEngineArgs.from_cli_args(args)",
            UNKNOWN,
            id="perhaps set again",
        ),
    ],
)
def test_attributes_of_a_namespace_are_the_engines(body: str, value: object) -> None:
    (block,) = python.read(Text("a.py", SERVER + body))[0]
    assert block.open
    assert {entry.path[0]: entry.value for entry in block.entries} == {"seed": value}


def test_a_parsers_default_is_one_that_a_launch_may_override() -> None:
    body = "parser.set_defaults(seed=1)\nAsyncEngineArgs.from_cli_args(parser.parse_args())"
    (block,) = python.read(Text("a.py", SERVER + body))[0]
    (entry,) = block.entries
    assert (entry.value, entry.overridable) == (1, True)


def test_what_is_set_after_the_namespace_was_read_is_not_in_it() -> None:
    body = "def f(args):\n    AsyncEngineArgs.from_cli_args(args)\n    args.seed = 1"
    (block,) = python.read(Text("a.py", SERVER + body))[0]
    assert block.entries == ()
