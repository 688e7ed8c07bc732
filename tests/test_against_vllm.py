"""The generated data against the vLLM release itself, as its CPU build runs it.

See vllm_cpu.py for where that build comes from.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rlconfig_lint.releases.schema import REQUIRED, Argument, Expression, Schema, schema
from tests import vllm_cpu

Json = Any
HERE = Path(__file__).parent
pytestmark = vllm_cpu.needed

# Argument -> the real default, and why the data has another one.
DEFAULTS_THAT_DIFFER: dict[str, tuple[Json, str]] = {
    "limit_mm_per_prompt": ({}, "MultiModalDummyOptions is a dict; the data names the class"),
}
# Argument -> choices of the data that the parser does not have, and why.
CHOICES_THAT_DIFFER = {
    "all2all_backend": ({"passthrough"}, "add_cli_args removes it: only LLM() takes it"),
}
# Arguments whose parser takes any text; their config refuses all but the choices.
CHECKED_BY_THE_CONFIG = {
    "attention_backend": "an enum, by name",
    "data_parallel_backend": "declared with type=str",
    "mamba_backend": "an enum, by name",
    "optimization_level": "an enum of integers",
}


@pytest.fixture(scope="session")
def vllm(request: pytest.FixtureRequest) -> Json:
    """What the release says about itself."""
    done = subprocess.run(
        [vllm_cpu.python(request.config.rootpath), HERE / "vllm_probe.py"],
        env={**os.environ, "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="session")
def ours(vllm: Json) -> Schema:
    return schema(vllm["version"])


def test_it_is_the_pinned_release(vllm: Json) -> None:
    assert f"vllm-cpu=={vllm['version']}\n" in vllm_cpu.REQUIREMENTS.read_text(encoding="utf-8")


def test_arguments(vllm: Json, ours: Schema) -> None:
    assert sorted(ours.arguments) == sorted(vllm["async_fields"])
    only_async = [name for name, each in ours.arguments.items() if each.async_only]
    assert only_async == sorted(vllm["async_fields"].keys() - vllm["fields"].keys())


def test_defaults(vllm: Json, ours: Schema) -> None:
    """Text and type: `0` is not `False`."""
    differ = {
        name: real
        for name, real in vllm["async_fields"].items()
        if json.dumps(real) != json.dumps(_default(ours.arguments[name]))
    }
    assert differ == {name: real for name, (real, _) in DEFAULTS_THAT_DIFFER.items()}


def _default(argument: Argument) -> Json:
    """As the probe writes it: `EPLBConfig()` is an object of that class."""
    if argument.default is REQUIRED:
        return {"required": True}
    if isinstance(argument.default, Expression):
        return {"class": argument.default.text.removesuffix("()")}
    return argument.default


def test_flags_aliases_and_negated_flags(vllm: Json, ours: Schema) -> None:
    real = {frozenset(each["flags"]) for each in vllm["actions"]} - {frozenset({"-h", "--help"})}
    assert real == {
        frozenset({each.name, *each.aliases, *([each.negation] if each.negation else [])})
        for each in ours.flags.values()
    }


def test_what_a_flag_sets_and_whether_it_takes_a_value(vllm: Json, ours: Schema) -> None:
    real = _actions(vllm)
    assert {name: each.field for name, each in ours.flags.items()} == {
        name: real[name]["dest"] for name in ours.flags
    }
    assert {name for name, each in ours.flags.items() if each.is_boolean} == {
        name for name in ours.flags if not real[name]["takes_value"]
    }


def test_choices(vllm: Json, ours: Schema) -> None:
    differ: dict[str, set[Json]] = {}
    unchecked: set[str] = set()
    for name, action in _actions(vllm).items():
        argument = ours.arguments.get(action["dest"])
        if name not in ours.flags or argument is None or not _is_closed(argument):
            continue
        if action["choices"] is None:
            unchecked.add(argument.name)
        # argparse is also given the None of `Literal["fp8"] | None`, which nobody can type.
        elif different := set(argument.choices) ^ (set(action["choices"]) - {None}):
            differ[argument.name] = different
    assert differ == {name: values for name, (values, _) in CHOICES_THAT_DIFFER.items()}
    assert unchecked == set(CHECKED_BY_THE_CONFIG)


def _is_closed(argument: Argument) -> bool:
    return bool(argument.choices) and not argument.choices_are_open


def _actions(vllm: Json) -> dict[str, Json]:
    return {flag: action for action in vllm["actions"] for flag in action["flags"]}
