"""The logic of the experiments against an engine of a few lines; what goes wrong is said."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest

from rlconfig_lint.commands.confirm_rollout import of_project
from rlconfig_lint.confirm import deeds
from rlconfig_lint.confirm.experiments import EXPERIMENTS, WITHOUT
from rlconfig_lint.confirm.measures import mismatch
from rlconfig_lint.confirm.model import Arm, Completion, Experiment, Outcome, Proof, Record, Verdict
from rlconfig_lint.confirm.worker import STREAMED
from rlconfig_lint.errors import UserError
from rlconfig_lint.registry import rules
from rlconfig_lint.reports.confirmation import Confirmation, as_json
from rlconfig_lint.reports.confirmation_html import page
from tests.fake_engine import FakeEngine, scored
from tests.projects import write_files
from tests.test_command_line import rlconfig_lint

NAMES = {experiment.name: experiment for experiment in EXPERIMENTS}
VERSIONS = {
    "vllm": "0.26.0",
    "torch": "2",
    "transformers": "5",
    "device": "cuda",
    "device_name": "a <GPU>",
}


def outcome(experiment: Experiment, mended: frozenset[str] = frozenset()) -> Proof:
    records = {arm.name: _record(arm, mended) for arm in experiment.arms}
    return Proof(experiment, experiment.judge(records), records, 1.0)


def _record(arm: Arm, mended: frozenset[str]) -> Record:
    deed = getattr(deeds, arm.does)
    found: Record = deed(FakeEngine(arm.engine, mended), **arm.given)
    return Record(tuple(map(scored, found.completions)), found.seen)


@pytest.mark.parametrize(
    ("name", "mend"),
    [
        ("raw-logprobs-at-0.6", "raw logprobs"),
        ("raw-logprobs-at-1.2", "raw logprobs"),
        ("prompt-logprobs", "prompt logprobs"),
        ("prefix-cache-and-reset", "prefix cache"),
        ("prefix-cache-and-salt", "prefix cache"),
        ("prefix-cache-off", "prefix cache"),
        ("reset-while-running", "reset"),
        ("sleep-level-2", "sleep"),
        ("lm-head", "head"),
        ("lm-head-ignored", "head"),
        ("generation-config", "defaults"),
        ("top-k", "truncation"),
    ],
)
def test_an_engine_with_the_fault_confirms_and_one_without_refutes(name: str, mend: str) -> None:
    assert outcome(NAMES[name]).outcome.verdict is (
        Verdict.REFUTED if name == "lm-head-ignored" else Verdict.CONFIRMED
    )
    assert outcome(NAMES[name], frozenset((mend,))).outcome.verdict is Verdict.REFUTED


@pytest.mark.parametrize("name", ["raw-logprobs-at-1.0", "async-scheduling"])
def test_that_nothing_changes_is_a_claim_too(name: str) -> None:
    assert outcome(NAMES[name]).outcome.verdict is Verdict.CONFIRMED


def test_the_measures_of_a_known_ratio() -> None:
    half = Completion((1,), (2, 3), (0.0, 0.0), trainer=(math.log(0.5), 0.0))
    found = mismatch([half])
    assert found.mean_ratio == pytest.approx(0.75)
    assert found.outside_clip == 0.5
    assert found.first_token == pytest.approx(math.log(2))
    assert found.effective_samples == pytest.approx(1.5**2 / (2 * 1.25))
    with pytest.raises(ValueError, match="no token"):
        mismatch([])


def test_every_deed_and_code_is_known() -> None:
    known = {rule.code for rule in rules()}
    assert len(NAMES) == len(EXPERIMENTS)
    for experiment in EXPERIMENTS:
        assert set(experiment.codes) <= known
        assert all(a.does in STREAMED or hasattr(deeds, a.does) for a in experiment.arms)
        assert experiment.why_not or experiment.devices == {"cpu", "cuda"}


def test_every_rule_has_an_experiment_or_a_reason() -> None:
    """Rules about names that a release takes or refuses need no engine to show it."""
    shown = {code for experiment in EXPERIMENTS for code in experiment.codes}
    rest = {rule.code for rule in rules()} - shown - WITHOUT.keys()
    assert {code for code in rest if not code.startswith("RL8")} == set()
    assert not shown & WITHOUT.keys()


def test_the_report_in_three_forms() -> None:
    proofs = [
        outcome(NAMES["raw-logprobs-at-0.6"]),
        outcome(NAMES["prefix-cache-off"]),
        Proof(NAMES["lm-head"], Outcome(Verdict.NOT_RUN, reason="it is about <others>")),
    ]
    found = Confirmation(VERSIONS, tuple(proofs), 12.3, ("confirm",))
    assert found.text().endswith("2 confirmed, 1 not-run in 12 s")
    rows = json.loads(as_json(found))
    assert [row["verdict"] for row in rows["experiments"]] == ["confirmed", "confirmed", "not-run"]
    assert len(rows["experiments"][0]["differences"]["flagged"]) == 32 * 32
    html = page(found)
    assert html.count("<svg") == 5
    assert "&lt;others&gt;" in html
    assert "<GPU>" not in html


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["RL999"], "no rule 'RL999'"),
        (["RL605"], "RL605 has no experiment: it is arithmetic"),
        (["RL801"], "RL801 has no experiment: nothing about it shows on an engine"),
        (["--model", "nowhere"], "--model: nowhere has no config.json"),
        (["--timeout", "0"], "--timeout"),
        (["--python", "/no/such/python"], "--python: /no/such/python cannot be started"),
    ],
)
def test_what_cannot_be_run_is_one_line_and_exit_2(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    done = rlconfig_lint(tmp_path, "confirm", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


def test_without_vllm_it_says_what_to_install(tmp_path: Path) -> None:
    if _has("vllm"):
        pytest.skip("this interpreter has vLLM")
    done = rlconfig_lint(tmp_path, "confirm", "RL101")
    assert done.returncode == 2
    assert "install the extra rlconfig-lint[confirm]" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert sys.executable in done.stderr


def _has(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is not None


# --- a project's own rollout ---

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.parametrize(
    ("project", "path", "codes", "changes"),
    [
        ("raw-logprobs", "rollout.py", ("RL101",), {"logprobs_mode"}),
        ("stale-prefix-cache", "grpo-math-async.yaml", ("RL201",), {"enable_prefix_caching"}),
    ],
)
def test_a_rollout_as_it_is_and_as_fixes_leave_it(
    project: str,
    path: str,
    codes: tuple[str, ...],
    changes: set[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(EXAMPLES / project)
    text = Path(path).read_text()
    found, _ = of_project(path, "cpu")
    flagged, fixed, _ = found.arms
    assert {n for n in flagged.engine if flagged.engine[n] != fixed.engine.get(n)} == changes
    assert found.codes == codes
    assert outcome(found).outcome.verdict is Verdict.CONFIRMED
    assert Path(path).read_text() == text


def test_a_rollout_that_nothing_is_said_about_has_the_floors_mismatch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "from vllm import LLM, SamplingParams\nllm = LLM('m', logprobs_mode='{}')\n"
    text += "p = SamplingParams(temperature=0.7, logprobs=0)\n"
    config = 'vllm-version = "0.26.0"\ntrainer = "rollout-logprobs"\nweight-sync = "frozen"\n'
    write_files(tmp_path, {"rlconfig-lint.toml": config + "trainer-temperature = 0.7\n"})
    write_files(tmp_path, {"a.py": text.format("processed_logprobs")})
    monkeypatch.chdir(tmp_path)
    found, _ = of_project("a.py:2", "cpu")
    assert outcome(found).outcome.verdict is Verdict.CONFIRMED
    assert found.claim.endswith("temperature 0.7, nothing that a fix would change")


@pytest.mark.parametrize(
    ("wanted", "says"),
    [("none.py", "no such file"), ("loss.py", "no rollout is found there")],
)
def test_a_place_without_a_rollout_is_said(
    wanted: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(EXAMPLES / "raw-logprobs")
    with pytest.raises(UserError, match=says):
        of_project(wanted, "cpu")
