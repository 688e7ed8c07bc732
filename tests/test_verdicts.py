"""Cells of the rules' tables that their examples do not show."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlconfig_lint.model import Life
from rlconfig_lint.registry import rule
from tests.projects import run, write_files

K1 = 'vllm-version = "{}"\ntrainer = "rollout-logprobs"\n'
PARAMS = "from vllm import LLM, SamplingParams\nllm = LLM(model='m'{})\np = SamplingParams({})\n"


def verdict(
    folder: Path, engine: str, sampling: str, *, release: str = "0.18.1", facts: str = ""
) -> list[tuple[str, str, bool | None]]:
    """(code, severity, whether its fix is safe; None without one) of each stable rule's finding."""
    write_files(
        folder,
        {"rlconfig-lint.toml": K1.format(release) + facts, "a.py": PARAMS.format(engine, sampling)},
    )
    found = (f for f in run(folder).findings if rule(f.code).life is Life.STABLE)
    return [(f.code, f.severity.word, f.fix.safe if f.fix else None) for f in found]


@pytest.mark.parametrize(
    ("engine", "sampling", "facts", "expected"),
    [
        pytest.param(
            "", "temperature=0.7", "trainer-temperature = 0.7\n", [("RL101", "error", True)], id="T"
        ),
        pytest.param(
            "", "temperature=0.7", "", [("RL101", "warning", False)], id="T, trainer's not known"
        ),
        pytest.param(
            "",
            "temperature=0.7",
            "trainer-temperature = 1.0\n",
            [("RL101", "warning", None)],
            id="a trainer without temperature: raw agrees with it",
        ),
        pytest.param(
            "",
            "temperature=0.7",
            "trainer-temperature = 0.9\n",
            [("RL101", "error", None)],
            id="two temperatures: no logprobs mode mends that",
        ),
        pytest.param(
            "",
            "repetition_penalty=1.1",
            "",
            [("RL101", "warning", None)],
            id="penalties, which no trainer has",
        ),
        pytest.param("", "top_p=0.9", "", [("RL101", "warning", None)], id="truncation"),
        pytest.param(
            "",
            "temperature=0.7, top_p=0.9",
            "trainer-temperature = 0.7\n",
            [("RL101", "error", False)],
            id="both",
        ),
        pytest.param("", "temperature=1.0", "", [("RL101", "info", False)], id="nothing"),
        pytest.param(
            ", logprobs_mode='raw_logits'", "", "", [("RL101", "error", False)], id="logits"
        ),
        pytest.param(
            ", logprobs_mode='raw_logprobs'",
            "bad_words=['x']",
            "",
            [],
            id="raw on purpose",
        ),
    ],
)
def test_raw_logprobs(
    tmp_path: Path,
    engine: str,
    sampling: str,
    facts: str,
    expected: list[tuple[str, str, bool | None]],
) -> None:
    assert verdict(tmp_path, engine, sampling, facts=facts) == expected


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("0.7.3", []),
        ("0.9.2", [("RL101", "error", None)]),
        ("0.10.1", [("RL101", "error", None)]),
        ("0.10.2", [("RL101", "error", True)]),
        (">=0.10.2", [("RL101", "error", True)]),
        (">=0.7.3,<0.11", [("RL101", "warning", None)]),
    ],
)
def test_raw_logprobs_by_release(
    tmp_path: Path, release: str, expected: list[tuple[str, str, bool | None]]
) -> None:
    facts = "trainer-temperature = 0.7\n"
    assert verdict(tmp_path, "", "temperature=0.7", release=release, facts=facts) == expected


def test_processed_logprobs_had_penalties_all_along(tmp_path: Path) -> None:
    engine = ", logprobs_mode='processed_logprobs'"
    found = verdict(tmp_path, engine, "repetition_penalty=1.1", release="0.10.1")
    assert found == []


def test_what_processed_logprobs_left_out_a_trainer_at_one_leaves_out_too(tmp_path: Path) -> None:
    engine = ", logprobs_mode='processed_logprobs'"
    for facts, expected in (
        ("", [("RL102", "error", None)]),
        ("trainer-temperature = 1.0\n", []),
    ):
        said = verdict(tmp_path, engine, "temperature=0.7", release="0.10.1", facts=facts)
        assert said == expected


@pytest.mark.parametrize(
    ("head", "release", "expected"),
    [
        ("", "0.26.0", [("RL501", "error", False)]),
        ("", "0.18.1", [("RL501", "error", None)]),
        (", hf_overrides={'head_dtype': 'bfloat16'}", "0.26.0", [("RL501", "error", None)]),
        (", hf_overrides={'head_dtype': 'bfloat16'}", "0.18.1", [("RL501", "error", None)]),
        (", hf_overrides={'head_dtype': 'float32'}", "0.26.0", []),
        (", hf_overrides={'head_dtype': 'float32'}", "0.18.1", [("RL502", "error", None)]),
        (", hf_overrides=overrides", "0.26.0", []),
        (", dtype='float32'", "0.18.1", []),
        (", quantization='bf16_last_layer_fp32'", "0.18.1", []),
        (", quantization='fp8'", "0.26.0", [("RL501", "error", None)]),
    ],
)
def test_heads(
    tmp_path: Path, head: str, release: str, expected: list[tuple[str, str, bool | None]]
) -> None:
    facts = 'trainer-lm-head = "float32"\n'
    engine = f", logprobs_mode='processed_logprobs'{head}"
    assert verdict(tmp_path, engine, "", release=release, facts=facts) == expected


@pytest.mark.parametrize(
    ("pause", "release", "expected"),
    [
        ("mode='keep', wait_for_inflight_requests=False", "0.32.0", [("RL401", "error", None)]),
        ("wait_for_inflight_requests=False", "0.32.0", [("RL401", "error", True)]),
        ("wait_for_inflight_requests=False", "0.31.0", []),
        ("", "0.16.0", [("RL401", "warning", None)]),
        ("", "0.17.0", [("RL401", "warning", None)]),  # keep + clear would drop tokens
        ("", "0.22.0", [("RL401", "warning", False)]),
        ("mode='keep'", "0.16.0", [("RL401", "error", None)]),
        ("mode='keep'", "0.17.0", [("RL401", "error", True)]),
        ("mode='keep'", "0.21.0", [("RL401", "error", True)]),
        ("mode='keep'", "0.22.0", []),
        ("mode='keep', clear_cache=False", "0.21.0", []),
        ("", "0.13.0", [("RL401", "warning", None)]),
        ("", "0.11.0", [("RL401", "error", None)]),
        ("mode='abort'", "0.18.1", []),
        ("mode='wait', clear_cache=True", "0.18.1", []),
        ("**options", "0.18.1", []),
    ],
)
def test_pauses(
    tmp_path: Path, pause: str, release: str, expected: list[tuple[str, str, bool | None]]
) -> None:
    body = (
        "from vllm import AsyncEngineArgs\n"
        "args = AsyncEngineArgs(model='m', logprobs_mode='processed_logprobs')\n"
        f"async def update(engine):\n    await engine.pause_generation({pause})\n"
    )
    write_files(tmp_path, {"rlconfig-lint.toml": K1.format(release), "a.py": body})
    found = [f for f in run(tmp_path).findings if f.code == "RL401"]
    assert [(f.code, f.severity.word, f.fix.safe if f.fix else None) for f in found] == expected


@pytest.mark.parametrize(
    ("release", "engine", "on"),
    [
        ("0.13.0", "", False),
        ("0.14.0", "", True),
        ("0.14.0", ", pipeline_parallel_size=2", False),
        ("0.18.1", ", pipeline_parallel_size=2", True),
        ("0.18.1", ", distributed_executor_backend='ray'", False),
        ("0.21.0", ", distributed_executor_backend='ray'", True),
    ],
)
def test_async_scheduling_by_default(tmp_path: Path, release: str, engine: str, on: bool) -> None:
    body = PARAMS.format(engine, "temperature=1.0")
    write_files(tmp_path, {"rlconfig-lint.toml": K1.format(release), "a.py": body})
    (rollout,) = run(tmp_path).rollouts
    assert rollout.setting("async_scheduling", rollout.release.candidates[0]).value is on


def test_frozen_weights_end_the_matter(tmp_path: Path) -> None:
    config = K1.format("0.18.1") + 'weight-sync = "frozen"\n'
    body = "vllm_config: {vllm_kwargs: {logprobs-mode: processed_logprobs}}\n"
    write_files(tmp_path, {"rlconfig-lint.toml": config, "a.yaml": body})
    assert run(tmp_path).findings == []
