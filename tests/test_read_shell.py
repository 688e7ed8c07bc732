"""Shell: the words of a command, with what the same script assigns."""

from __future__ import annotations

import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlconfig_lint.model import UNKNOWN, Block
from rlconfig_lint.readers import shell
from rlconfig_lint.readers.text import Text


def command(body: str) -> Block:
    return shell.read(Text("a.sh", body))[-1]


def values(body: str) -> dict[str, object]:
    return {entry.key: entry.value for entry in command(body).entries}


@pytest.mark.parametrize(
    ("body", "key", "value"),
    [
        ("vllm serve M --seed 1", "--seed", 1),
        ("vllm serve M --seed=1", "--seed", 1),
        ("vllm serve M \\\n  --seed 1 \\\n  --port 8", "--seed", 1),
        ("vllm serve M --no-enable-prefix-caching", "--no-enable-prefix-caching", True),
        ("vllm serve M --enable-prefix-caching --port 8", "--enable-prefix-caching", True),
        ("vllm serve M --enable-prefix-caching false", "--enable-prefix-caching", False),
        ("s=1\nvllm serve M --seed $s", "--seed", 1),
        ("vllm serve M --seed ${S:-1}", "--seed", 1),
        ("export S=1\nvllm serve M --seed=${S}", "--seed", 1),
        ('A=(--seed 1)\nvllm serve M "${A[@]}"', "--seed", 1),
        ('A=(--port 8)\nA+=(--seed 1)\nvllm serve M "${A[@]}"', "--seed", 1),
        ("E='--seed 1 --port 8'\nvllm serve M $E", "--seed", 1),
        ("t=1.0\npython -m x a.b=${t}", "a.b", 1.0),
        ("python -m x +a.b=1", "+a.b", 1),
        ("python -m x ++a.b=c", "++a.b", "c"),
        ("python -m x a.b='c d'", "a.b", "c d"),
        ("python -m x 'a.b=[1,2]'", "a.b", [1, 2]),
        ("python -m x --flag a.b=1", "a.b", 1),
        ("""vllm serve M --hf-overrides '{"a": 1}'""", "--hf-overrides", {"a": 1}),
    ],
)
def test_flags_and_overrides(body: str, key: str, value: object) -> None:
    assert values(body)[key] == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("vllm serve M --seed $S", id="never assigned"),
        pytest.param("vllm serve M --seed $(cat seed)", id="a command's output"),
        pytest.param("vllm serve M --seed $((1 + 1))", id="arithmetic"),
        pytest.param("s=1\nif [ $x ]; then s=2; fi\nvllm serve M --seed $s", id="a branch"),
    ],
)
def test_what_only_a_run_would_tell_is_unknown(body: str) -> None:
    assert values(body)["--seed"] is UNKNOWN


def test_variables_set_for_the_command_and_exported_before_it() -> None:
    block = command("export VLLM_USE_V1=0\nB=2 vllm serve M --seed 1")
    assert {name: entry.value for name, entry in block.env.items()} == {"VLLM_USE_V1": 0, "B": 2}


def test_a_value_that_grows_without_end_is_cut() -> None:
    body = "a=xxxxxxxxxx\n" + 'a="$a$a"\n' * 60 + "vllm serve M --served-model-name $a"
    assert values(body)["--served-model-name"] is UNKNOWN


def test_spans_count_characters_not_bytes() -> None:
    body = "# Ω\nvllm serve M --seed 17\n"
    (entry,) = command(body).entries
    assert entry.value_place is not None
    assert body[entry.value_place.start : entry.value_place.end] == "17"


words = st.lists(
    st.text(st.characters(codec="ascii", exclude_categories=["C"]), min_size=1, max_size=10),
    min_size=1,
    max_size=5,
)


@given(words)
def test_words_are_bashs_words(given_words: list[str]) -> None:
    """Whatever `shlex.quote` writes is read as bash itself reads it."""
    line = "printf '%s\\n' --x " + " ".join(map(shlex.quote, given_words))
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    assert "\n".join(command(line).words[2:]) + "\n" == done.stdout
