"""What a server takes from a generation_config.json in the checked tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import only, write_files

CONFIG = 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\n'
FILE = '{"top_p": 0.95, "top_k": 20, "nested": {"min_p": 0.1}, "repetition_penalty": 1.0}'


def left_out(folder: Path, command: str, **beside: str) -> list[str]:
    files = {"rlconfig-lint.toml": CONFIG, "m/generation_config.json": FILE, "run.sh": command}
    write_files(folder, {**files, **beside})
    return sorted(setting.name for setting in only(folder, {}).of_model.settings)


@pytest.mark.parametrize(
    "command",
    [
        "vllm serve m --port 8000\n",
        "vllm serve ./m/ --port 8000\n",
        "python -m vllm.entrypoints.openai.api_server --model m\n",
        "MODEL=m\nvllm serve $MODEL --port 8000\n",
        "vllm serve Qwen/Qwen3-4B --generation-config ./m\n",
    ],
)
def test_the_folder_that_is_served(tmp_path: Path, command: str) -> None:
    assert left_out(tmp_path, command) == ["top_k", "top_p"]


@pytest.mark.parametrize(
    "command",
    [
        "vllm serve Qwen/Qwen3-4B --port 8000\n",
        "vllm serve $MODEL --port 8000\n",
        "vllm serve m --generation-config vllm\n",
        "vllm serve m --generation-config elsewhere\n",
        "vllm serve m --override-generation-config $OVER\n",
    ],
)
def test_nothing_is_known_of_the_model(tmp_path: Path, command: str) -> None:
    assert left_out(tmp_path, command) == []


def test_what_is_replaced_or_sent_is_not_the_models(tmp_path: Path) -> None:
    command = """vllm serve m --override-generation-config '{"top_p": 1.0}'\n"""
    assert left_out(tmp_path, command) == ["top_k"]
    client = {"client.py": "body = {'prompt': 'x', 'top_k': -1}\n"}
    assert left_out(tmp_path, command, **client) == []
    (tmp_path / "client.py").rename(tmp_path / "evaluate.py")
    assert left_out(tmp_path, command) == ["top_k"]
