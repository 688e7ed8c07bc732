"""Commands inside YAML: SkyPilot, workflows, compose, Kubernetes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form
from rlconfig_lint.readers import read
from rlconfig_lint.readers.shell import reader as shell
from rlconfig_lint.readers.text import Text
from tests.projects import fix_all, only, run, write_files

PIN = {"rlconfig-lint.toml": 'vllm-version = "0.18.1"\n'}
TRAIN = "python3 -m verl.trainer.main_ppo"


def commands(body: str) -> list[Block]:
    source = read("a.yaml", body.encode())
    assert source.problem is None
    return [block for block in source.blocks if block.form is Form.COMMAND]


def values(body: str) -> dict[str, object]:
    return {entry.key: entry.value for block in commands(body) for entry in block.entries}


SKYPILOT = """\
resources: {accelerators: H200:8}
envs:
  SEED: 7
setup: |
  pip install vllm==0.18.1
run: |
  set -e
  vllm serve M \\
    --seed $SEED
"""
WORKFLOW = """\
env: {SEED: 6}
jobs:
  rollout:
    env: {SEED: 7}
    steps:
      - uses: actions/checkout@v4
      - run: vllm serve M --seed $SEED
"""
COMPOSE = """\
services:
  rollout:
    image: vllm/vllm-openai:v0.18.1
    environment: [VLLM_USE_V1=1]
    command: ["--model", "M", "--seed", "7"]
"""
KUBERNETES = """\
apiVersion: apps/v1
spec:
  template:
    spec:
      containers:
        - name: rollout
          env:
            - {name: SEED, value: "7"}
            - {name: TOKEN, valueFrom: {secretKeyRef: {name: t, key: t}}}
          command: [/bin/bash, -c]
          args:
            - |
              vllm serve M --seed "$SEED" --api-key "$TOKEN"
"""


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(SKYPILOT, id="SkyPilot"),
        pytest.param(WORKFLOW, id="a workflow"),
        pytest.param(COMPOSE, id="compose"),
        pytest.param(KUBERNETES, id="Kubernetes"),
        pytest.param("command: vllm serve M --seed 7\n", id="one line"),
        pytest.param("command: >\n  vllm serve M\n  --seed 7\n", id="folded"),
        pytest.param('command: "vllm serve M \\\n  --seed 7"\n', id="a string that goes on"),
        pytest.param("entrypoint: [vllm, serve]\ncommand: [M, --seed=7]\n", id="in two keys"),
        pytest.param("command: [sh, -c, vllm serve M --seed 7]\n", id="a shell's argument"),
        pytest.param("a: &s |\n  vllm serve M --seed 7\nrun: *s\n", id="an alias"),
    ],
)
def test_a_command_is_read_as_the_program_gets_it(body: str) -> None:
    assert values(body)["--seed"] == 7


def test_the_server_of_an_image_is_started_by_it() -> None:
    (block,) = commands(COMPOSE)
    assert block.words[:2] == ("vllm", "serve")
    assert block.env["VLLM_USE_V1"].value == 1


def test_a_secret_is_unknown() -> None:
    assert values(KUBERNETES)["--api-key"] is UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("run: |\n  vllm serve M --seed ${{ inputs.seed }}\n", id="a workflow's"),
        pytest.param("run: |\n  vllm serve M --seed {{ seed }}\n", id="Jinja's"),
        pytest.param("command: [vllm, serve, M, --seed, $(SEED)]\n", id="Kubernetes'"),
        pytest.param("env: {S: '${{ x }}'}\nrun: vllm serve M --seed $S\n", id="a variable's"),
    ],
)
def test_what_is_filled_in_is_unknown(body: str) -> None:
    assert values(body)["--seed"] is UNKNOWN


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("shell: python\nrun: |\n  vllm(seed=1)\n", id="another shell"),
        pytest.param("run: make train\n", id="nothing of ours"),
        pytest.param("run: {vllm: {seed: 1}}\n", id="no command"),
        pytest.param(
            "run: |\n  {% if vllm %}\n  vllm serve M --seed 1\n  {% endif %}\n", id="Jinja"
        ),
    ],
)
def test_what_is_no_command(body: str) -> None:
    assert commands(body) == []


def test_a_launch_in_a_task_file_is_a_rollout(tmp_path: Path) -> None:
    task = f"run: |\n  {TRAIN} \\\n    actor_rollout_ref.rollout.name=vllm \\\n"
    task += "    actor_rollout_ref.rollout.temperature=0.7\n"
    rollout = only(tmp_path, {**PIN, "task.yaml": task})
    assert (rollout.framework, rollout.place.line) == ("verl", 2)
    assert rollout.sampled("temperature").value == 0.7


FACTS = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\ntrainer-temperature = 0.7\n'
SERVER = "vllm serve M --seed 7 --logprobs-mode raw_logprobs"
UPDATES = "requests.post('/pause')\nllm.collective_rpc('update_weights')\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            f"run: |\n  # start\n  {SERVER} \\\n    --port 8\n",
            "run: |\n  # start\n"
            "  vllm serve M --seed 7 --logprobs-mode processed_logprobs \\\n    --port 8\n",
            id="a block",
        ),
        pytest.param(
            f"a: 1 # x\nrun:   {SERVER}   # start\n",
            "a: 1 # x\nrun:   vllm serve M --seed 7 --logprobs-mode processed_logprobs   # start\n",
            id="one line",
        ),
        pytest.param(
            f"command: {SERVER.split()}\n", f"command: {SERVER.split()}\n", id="a list stays"
        ),
        pytest.param(
            f'run: "{SERVER}\\t"\n', f'run: "{SERVER}\\t"\n', id="an escaped string stays"
        ),
    ],
)
def test_a_fix_is_written_where_the_shell_would_read_it(
    before: str, after: str, tmp_path: Path
) -> None:
    write_files(tmp_path, {"rlconfig-lint.toml": FACTS, "task.yaml": before, "t.py": UPDATES})
    assert "RL101" in {finding.code for finding in run(tmp_path).findings}
    fix_all(tmp_path)
    written = (tmp_path / "task.yaml").read_text()
    assert (
        written.replace(" --no-enable-prefix-caching", "").replace(" --generation-config vllm", "")
        == after
    )
    assert yaml.safe_load(written).keys() == yaml.safe_load(before).keys()


# --- the same command, wherever it stands ---

_WORDS = st.sampled_from(
    ["--seed 1", "--seed=é", "--port '8 9'", '--x "$A"', "--flag", "a.b=[1,2]", "c.d='{e: f}'"]
)
_GAPS = st.sampled_from([" ", "  ", " \\\n", " \\\n    "])
scripts = st.builds(
    lambda gap, words, tail: "A=1\n" + gap.join(["vllm serve M", *words]) + tail,
    _GAPS,
    st.lists(_WORDS, min_size=1, max_size=4),
    st.sampled_from(["", "\n", "\n# end\n", "\necho done\n\n"]),
)


def _indented(script: str, by: int) -> str:
    return "".join(f"{' ' * by if line.strip() else ''}{line}" for line in script.splitlines(True))


@given(scripts, st.integers(1, 6), st.sampled_from(["|", "|-", "|+"]))
def test_a_block_scalar_is_the_script_that_stands_in_it(script: str, by: int, head: str) -> None:
    body = f"a:\n - b: 1\n   run: {head}\n{_indented(script, by + 3)}\n   c: 2\n"
    assert yaml.safe_load(body)["a"][0]["run"].strip() == script.strip()
    assert _same_as_alone(body, script).writable


@given(scripts, st.sampled_from(["'", '"', None]), st.integers(10, 200))
def test_a_scalar_of_any_style_means_what_yaml_makes_of_it(
    script: str, style: str | None, width: int
) -> None:
    body = yaml.safe_dump({"run": script}, default_style=style, width=width, allow_unicode=True)
    _same_as_alone(body, script)


def _same_as_alone(body: str, script: str) -> Block:
    (inside,) = commands(body)
    (alone,) = shell.read(Text("a.sh", script))
    assert [(e.key, e.value) for e in inside.entries] == [(e.key, e.value) for e in alone.entries]
    if inside.writable:
        found = [_written(body, entry) for entry in inside.entries]
        assert found == [_written(script, entry) for entry in alone.entries]
    return inside


def _written(text: str, entry: Entry) -> tuple[list[str], str]:
    """What stands at an entry's places; a block scalar indents the lines that go on."""
    value = entry.value_place
    return (
        text[entry.place.start : entry.place.end].split(),
        text[value.start : value.end] if value else "",
    )
