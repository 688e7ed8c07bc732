"""What the documentation shows works."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import TrainerKind
from tests.projects import run, write_files
from tools import evidence_page, rules_table

DOCS = Path(__file__).parents[1] / "docs"


def python_in(page: str) -> str:
    (code,) = re.findall(r"^```python\n(.*?)^```", (DOCS / page).read_text("utf-8"), re.M | re.S)
    return str(code)


def test_the_framework_of_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("rlconfig_lint.frameworks.mytrainer")
    exec(python_in("frameworks.md"), module.__dict__)
    found = module.FRAMEWORK
    assert isinstance(found, Framework)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr("rlconfig_lint.resolve.of_framework.frameworks", lambda: (found,))
    text = "rollout: {vllm: {max_num_seqs: 8}}\nloss: {importance_weights: true}\n"
    files = {"requirements.txt": "mytrainer==1.1.3\nvllm==0.18.1\n", "train.yaml": text}
    (rollout,) = run(write_files(tmp_path, files)).rollouts
    assert (rollout.framework, rollout.trainer.kind) == ("mytrainer", TrainerKind.DECOUPLED)
    assert rollout.engine["logprobs_mode"].value == "processed_logprobs"


def test_the_table_of_rules_is_what_their_files_come_to() -> None:
    assert rules_table.PAGE.read_text("utf-8") == rules_table.page(), (
        "write it again: python -m tools.rules_table"
    )


def test_the_page_of_evidence_is_what_the_runs_say() -> None:
    assert evidence_page.PAGE.read_text("utf-8") == evidence_page.page(), (
        "write it again: python -m tools.evidence_page"
    )


def test_no_run_that_is_kept_refutes_a_claim() -> None:
    for path in evidence_page.FOLDER.glob("*.json"):
        for row in json.loads(path.read_text("utf-8"))["experiments"]:
            assert row["verdict"] in ("confirmed", "not-run"), f"{path.name}: {row['name']}"


def test_its_links_lead_to_files() -> None:
    for page in DOCS.glob("*.md"):
        for link in re.findall(r"\]\((\.[^)#]+)", page.read_text("utf-8")):
            assert (DOCS / link).exists(), f"{page.name}: {link}"
