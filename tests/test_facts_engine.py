"""Which engine a rollout runs in, V0 or V1, and what is sampled for training."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlconfig_lint.model import UNKNOWN, Rollout
from rlconfig_lint.releases.known import version
from tests.projects import ENGINE, UPDATE, only

# --- V0 or V1 ---


@pytest.mark.parametrize(
    ("code", "v0"),
    [
        pytest.param("", False, id="nothing"),
        pytest.param("os.environ['VLLM_USE_V1'] = '0'", True, id="assigned"),
        pytest.param("os.environ['VLLM_USE_V1'] = '1'", False, id="V1"),
        pytest.param("os.environ.setdefault('VLLM_USE_V1', '0')", True, id="a default"),
        pytest.param("ray.init(runtime_env={'env_vars': {'VLLM_USE_V1': '0'}})", True, id="Ray"),
        pytest.param("env_vars['VLLM_USE_V1'] = '0'", True, id="another mapping"),
        pytest.param("os.environ['VLLM_USE_V1'] = flag", None, id="a run decides"),
        pytest.param("if x:\n    os.environ['VLLM_USE_V1'] = '0'", None, id="in a branch"),
        pytest.param("if x:\n    os.environ['VLLM_USE_V1'] = '1'", False, id="V1 in a branch"),
        pytest.param(
            "os.environ['VLLM_USE_V1'] = '0'\nos.environ['VLLM_USE_V1'] = '1'", None, id="both"
        ),
        pytest.param("os.environ['NRL_VLLM_USE_V1'] = '0'", False, id="another variable"),
        pytest.param("x = os.environ['VLLM_USE_V1'] == '0'", False, id="asked for"),
    ],
)
def test_the_code_asks_for_v0(tmp_path: Path, code: str, v0: bool | None) -> None:
    found = only(tmp_path, {"a.py": f"{ENGINE}{UPDATE}{code}\n"})
    assert found.generation.v0 is v0
    assert all(str(evidence.place).startswith("a.py:") for evidence in found.generation.evidence)
    effective = [
        found.setting("enable_prefix_caching", version(r)).value for r in ("0.8.5", "0.11.0")
    ]
    assert effective == [{True: False, False: True, None: UNKNOWN}[v0], True]


_COMMAND = "vllm serve m --logprobs-mode raw_logprobs\n"


@pytest.mark.parametrize(
    ("files", "v0"),
    [
        ({"serve.sh": f"export VLLM_USE_V1=0\n{_COMMAND}"}, True),
        ({"serve.sh": f"VLLM_USE_V1=1 {_COMMAND}"}, False),
        ({"serve.sh": _COMMAND, "conf/runtime_env.yaml": "env_vars: {VLLM_USE_V1: '0'}\n"}, None),
        ({"serve.sh": _COMMAND, "conf/runtime_env.yaml": "env_vars: {VLLM_USE_V1: '1'}\n"}, False),
        ({"serve.sh": _COMMAND, "other.yaml": "vllm: {env: {VLLM_USE_V1: '0'}}\n"}, False),
    ],
)
def test_a_scripts_own_environment_comes_first(
    tmp_path: Path, files: dict[str, str], v0: bool | None
) -> None:
    assert only(tmp_path, {"sync.py": UPDATE, **files}).generation.v0 is v0


def test_the_scripts_environment_beats_the_codes(tmp_path: Path) -> None:
    files = {
        "serve.sh": f"export VLLM_USE_V1=1\n{_COMMAND}",
        "sync.py": f"{UPDATE}os.environ['VLLM_USE_V1'] = '0'\n",
    }
    assert only(tmp_path, files).generation.v0 is False


# --- training and evaluation ---


def sampled(rollout: Rollout) -> tuple[object, object]:
    evaluation = rollout.evaluation.get("temperature")
    return rollout.sampled("temperature").value, evaluation.value if evaluation else None


_TRAINING = "params = SamplingParams(temperature=0.7)\n"


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("eval_params = SamplingParams(temperature=0)\n", id="a name"),
        pytest.param("self.val_sampling = SamplingParams(temperature=0)\n", id="an attribute"),
        pytest.param("greedy = SamplingParams(temperature=0)\n", id="greedy"),
        pytest.param("def evaluate():\n    p = SamplingParams(temperature=0)\n", id="a function"),
        pytest.param(
            "class Validation:\n    def f(self):\n        p = SamplingParams(temperature=0)\n",
            id="a class",
        ),
        pytest.param(
            "def f(is_eval):\n    if is_eval:\n        p = SamplingParams(temperature=0)\n",
            id="a branch",
        ),
        pytest.param(
            "def f(train):\n    if not train:\n        p = SamplingParams(temperature=0)\n",
            id="a branch that does not train",
        ),
        pytest.param(
            "def f(t):\n    p = g(t) if t == 'train' else SamplingParams(temperature=0)\n",
            id="an expression",
        ),
    ],
)
def test_evaluation_does_not_count(tmp_path: Path, code: str) -> None:
    found = only(tmp_path, {"a.py": f"{ENGINE}{UPDATE}{_TRAINING}{code}"})
    assert sampled(found) == (0.7, 0)


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(
            "def f(is_eval):\n    if is_eval:\n        x = 1\n    else:\n"
            "        p = SamplingParams(temperature=0.7)\n",
            id="the other branch",
        ),
        pytest.param(
            "def f(long):\n    if long:\n        p = SamplingParams(temperature=0.7)\n",
            id="a branch about something else",
        ),
        pytest.param(
            "def f(validate):\n    if validate or long:\n"
            "        p = SamplingParams(temperature=0.7)\n",
            id="one of two reasons",
        ),
        pytest.param("latest = SamplingParams(temperature=0.7)\n", id="a word that holds test"),
        pytest.param("interval = SamplingParams(temperature=0.7)\n", id="a word that holds val"),
    ],
)
def test_training_does(tmp_path: Path, code: str) -> None:
    assert sampled(only(tmp_path, {"a.py": f"{ENGINE}{UPDATE}{code}"})) == (0.7, None)


def test_settings_of_evaluation_are_evaluation(tmp_path: Path) -> None:
    code = "p = SamplingParams(temperature=args.eval_temperature, top_p=0.9)\n"
    found = only(tmp_path, {"a.py": f"{ENGINE}{UPDATE}{_TRAINING}{code}"})
    assert found.sampled("temperature").value == 0.7
    assert found.sampled("top_p").value == 1
    assert found.evaluation["top_p"].value == 0.9


def test_a_documents_mapping_for_evaluation_is_shown_apart(tmp_path: Path) -> None:
    body = (
        "engine: {max_num_seqs: 8, enforce_eager: true, dtype: auto}\n"
        "sampling: {temperature: 1.0, max_tokens: 9}\n"
        "val_sampling: {temperature: 0.2, top_p: 0.9, max_tokens: 9}\n"
    )
    found = only(tmp_path, {"a.yaml": body, "sync.py": UPDATE})
    assert sampled(found) == (1.0, 0.2)
    assert found.sampled("top_p").value == 1
