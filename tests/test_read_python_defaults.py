"""What an argument is worth, and defaults that a launch may override."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rlconfig_lint.commands.inspect import inspect
from rlconfig_lint.model import UNKNOWN, Entry
from rlconfig_lint.readers.python import reader as python
from rlconfig_lint.readers.text import Text
from tests.projects import fix_all, run, write_files

HEAD = "from vllm import LLM\n"


def seed(body: str) -> Entry:
    (block,) = python.read(Text("a.py", HEAD + body))[0]
    (entry,) = (entry for entry in block.entries if entry.path == ("seed",))
    return entry


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 if x else 1", 1),
        ("1 if x else 2", UNKNOWN),
        ("1 if x else True", UNKNOWN),
        ("1 if True else x", 1),
        ("1 if DEBUG else x", UNKNOWN),
        ("x if DEBUG else 1", 1),
        ("0 or 1", 1),
        ("None or LEVEL", 3),
        ("x or 1", UNKNOWN),
        ("1 or x", 1),
        ("not DEBUG", True),
        ("bool(1)", True),
        ("int('3')", 3),
        ("str(3)", "3"),
        ("int('three')", UNKNOWN),
        ("LEVEL", 3),
        ("Fixed.LEVEL", 4),
        ("os.environ.get('X', '1')", UNKNOWN),
        ("os.getenv('X', 1)", UNKNOWN),
        ("config.get('seed', 1)", UNKNOWN),
    ],
)
def test_expressions(expression: str, value: object) -> None:
    body = f"DEBUG = False\nLEVEL = 3\nclass Fixed:\n    LEVEL = 4\nLLM(seed={expression})"
    found = seed(body)
    assert (type(found.value), found.value) == (type(value), value)
    assert not found.overridable


@pytest.mark.parametrize("expression", ["LEVEL", "1 if x else 1", "int('3')"])
def test_a_value_that_stands_elsewhere_is_not_rewritten_here(expression: str) -> None:
    assert seed(f"LEVEL = 3\nLLM(seed={expression})").shared


FIELDS = "@dataclass\nclass Args:\n    seed: int = 1\n"


@pytest.mark.parametrize(
    ("body", "name", "at"),
    [
        pytest.param(
            f"{FIELDS}def f(args: Args):\n    LLM(seed=args.seed)",
            "seed",
            "seed: int = 1",
            id="annotated",
        ),
        pytest.param(
            f"{FIELDS}def f(args: 'Args | None'):\n    LLM(seed=args.seed)",
            "seed",
            "seed: int = 1",
            id="annotated in quotes",
        ),
        pytest.param(
            f"{FIELDS}args = Args()\nLLM(seed=args.seed)", "seed", "seed: int = 1", id="constructed"
        ),
        pytest.param(
            f"{FIELDS}args = tyro.cli(Args)\nLLM(seed=args.seed)",
            "seed",
            "seed: int = 1",
            id="tyro",
        ),
        pytest.param(
            f"{FIELDS}parser = HfArgumentParser((Other, Args))\n"
            "other, args = parser.parse_args_into_dataclasses()\nLLM(seed=args.seed)",
            "seed",
            "seed: int = 1",
            id="HfArgumentParser",
        ),
        pytest.param(
            f"{FIELDS}def f(args):\n    LLM(seed=args.seed)\ndef main():\n    f(Args())",
            "seed",
            "seed: int = 1",
            id="handed over",
        ),
        pytest.param(
            f"{FIELDS}class Worker:\n    def __init__(self, args: Args):\n"
            "        self.args = args\n    def go(self):\n        LLM(seed=self.args.seed)",
            "seed",
            "seed: int = 1",
            id="kept in an attribute",
        ),
        pytest.param(
            f"{FIELDS}    def go(self):\n        LLM(seed=self.seed)",
            "seed",
            "seed: int = 1",
            id="of its own",
        ),
        pytest.param(
            f"{FIELDS}class Mine(Args):\n    other: int = 2\n"
            "def f(args: Mine):\n    LLM(seed=args.seed)",
            "seed",
            "seed: int = 1",
            id="of a base class",
        ),
        pytest.param(
            f"{FIELDS}@dataclass\nclass Outer:\n    engine: Args = field(default_factory=Args)\n"
            "def f(cfg: Outer):\n    LLM(seed=cfg.engine.seed)",
            "seed",
            "seed: int = 1",
            id="of a nested one",
        ),
        pytest.param(
            "class Args(BaseModel):\n    seed: int = Field(1, ge=0)\n"
            "def f(args: Args):\n    LLM(seed=args.seed)",
            "seed",
            "seed: int = Field(1, ge=0)",
            id="pydantic",
        ),
        pytest.param(
            "@dataclass\nclass Args:\n    seed: int = field(default=1, metadata={})\n"
            "def f(args: Args):\n    LLM(seed=args.seed)",
            "seed",
            "seed: int = field(default=1, metadata={})",
            id="field()",
        ),
        pytest.param(
            "p = argparse.ArgumentParser()\np.add_argument('--my-seed', type=int, default='1')\n"
            "args = p.parse_args()\nLLM(seed=args.my_seed)",
            "--my-seed",
            "default='1'",
            id="argparse",
        ),
        pytest.param(
            "def main(argv=None):\n    p = argparse.ArgumentParser()\n"
            "    p.add_argument('-s', '--number', dest='seed', default=1)\n"
            "    args, rest = p.parse_known_args(argv)\n    LLM(seed=args.seed)",
            "--number",
            "default=1",
            id="argparse with dest",
        ),
        pytest.param(
            "p.add_argument('--seed', default=0)\np.set_defaults(seed=1)\n"
            "args = p.parse_args()\nLLM(seed=args.seed)",
            "seed",
            "seed=1",
            id="set_defaults",
        ),
        pytest.param(
            "def make(seed=1):\n    LLM(seed=seed)\nmake()", "seed", "1", id="a parameter's default"
        ),
    ],
)
def test_a_default_is_known_and_may_be_overridden(body: str, name: str, at: str) -> None:
    found = seed(body)
    assert (found.value, found.overridable, found.shared) == (1, True, True)
    place = found.stated.place
    assert place is not None
    assert (found.stated.text, (HEAD + body)[place.start : place.end]) == (name, at)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("action='store_true'", False),
        ("action='store_false'", True),
        ("type=int", None),
        ("type=int, default='x'", UNKNOWN),
        ("type=json.loads, default='1'", UNKNOWN),
        ("required=True", UNKNOWN),
        ("default=argparse.SUPPRESS", UNKNOWN),
    ],
)
def test_what_argparse_makes_of_it(option: str, value: object) -> None:
    body = f"p.add_argument('--seed', {option})\nargs = p.parse_args()\nLLM(seed=args.seed)"
    assert seed(body).value is value


def test_what_the_code_gives_is_no_default() -> None:
    found = seed(f"{FIELDS}args = Args(seed=2)\nLLM(seed=args.seed)")
    assert (found.value, found.overridable) == (2, False)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"{FIELDS}args = Args()\nargs.seed = 2\nLLM(seed=args.seed)", id="set later"),
        pytest.param(
            f"{FIELDS}args = Args(**given)\nLLM(seed=args.seed)", id="from who knows what"
        ),
        pytest.param(
            f"{FIELDS}    def __post_init__(self):\n        self.seed = 2\n"
            "def f(args: Args):\n    LLM(seed=args.seed)",
            id="set by the class itself",
        ),
        pytest.param(
            "class Args:\n    seed: int\ndef f(args: Args):\n    LLM(seed=args.seed)", id="required"
        ),
        pytest.param(
            "from other import Args\ndef f(args: Args):\n    LLM(seed=args.seed)", id="not here"
        ),
        pytest.param(
            "p.add_argument('--seed', default=1)\nq.add_argument('--seed', default=2)\n"
            "args = p.parse_args()\nLLM(seed=args.seed)",
            id="declared twice",
        ),
        pytest.param(
            "p.add_argument('--seed', default=1)\nargs = p.parse_args(['--seed', '2'])\n"
            "LLM(seed=args.seed)",
            id="a command line of its own",
        ),
    ],
)
def test_what_is_not_certain_is_unknown(body: str) -> None:
    assert seed(body).value is UNKNOWN


# --- what findings make of it ---

SCRIPT = """\
from dataclasses import dataclass
from vllm import LLM, SamplingParams


@dataclass
class Args:
    enable_prefix_caching: bool{default}


def worker(args: Args):
    llm = LLM(model="m", enable_prefix_caching=args.enable_prefix_caching)
    llm.collective_rpc("update_weights")
"""
PIN = {"rlconfig-lint.toml": 'vllm-version = "0.18.1"\n'}


@pytest.mark.parametrize("default", [" = True", " | None = None"])
def test_a_finding_on_a_default_is_one_level_lower(tmp_path: Path, default: str) -> None:
    write_files(tmp_path, {**PIN, "a.py": SCRIPT.format(default=default)})
    (finding,) = (f for f in run(tmp_path).findings if f.code == "RL201")
    assert finding.severity.word == "warning"
    says = "default of enable_prefix_caching at a.py:7; a launch may override it"
    assert says in finding.help
    assert says in finding.effective
    assert finding.fix is None or not finding.fix.safe


def test_a_default_is_not_rewritten(tmp_path: Path) -> None:
    text = SCRIPT.format(default=" = True")
    facts = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\nweight-sync = "in-flight"\n'
    write_files(tmp_path, {"rlconfig-lint.toml": facts, "a.py": text})
    changes = fix_all(tmp_path)
    assert "enable_prefix_caching=args.enable_prefix_caching" in (tmp_path / "a.py").read_text()
    assert any("shared" in refused.reason for refused in changes.refused)


def test_a_sampling_default_lowers_what_rests_on_it(tmp_path: Path) -> None:
    body = (
        "import argparse\nfrom vllm import LLM, SamplingParams\n"
        "p = argparse.ArgumentParser()\np.add_argument('--temperature', default=0.7)\n"
        "args = p.parse_args()\nllm = LLM(model='m')\n"
        "params = SamplingParams(temperature={}, logprobs=0)\n"
        "llm.collective_rpc('update_weights')\nllm.reset_prefix_cache()\n"
        "logits = logits / temperature\nratio = torch.exp(new - rollout_logprobs)\n"
    )
    found = {}
    for name, temperature in (("certain", "0.7"), ("default", "args.temperature")):
        folder = write_files(tmp_path / name, {**PIN, "a.py": body.format(temperature)})
        (finding,) = (f for f in run(folder).findings if f.code == "RL101")
        found[name] = finding.severity.word
    assert found == {"certain": "error", "default": "warning"}


def test_inspect_shows_whose_default_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path, {**PIN, "a.py": SCRIPT.format(default=" = False")})
    inspect([tmp_path], None, None, "text")
    shown = capsys.readouterr().out
    (row,) = (line for line in shown.splitlines() if "enable_prefix_caching" in line)
    assert row.split() == [
        "enable_prefix_caching",
        "false",
        "default",
        "of",
        "enable_prefix_caching",
        "at",
        "a.py:7;",
        "a",
        "launch",
        "may",
        "override",
        "it",
    ]
    inspect([tmp_path], None, None, "json")
    (row,) = json.loads(capsys.readouterr().out)
    assert row["engine"]["enable_prefix_caching"]["overridable"] is True
