"""One small project a framework, as people write them, and what `inspect` sees in it.

`UPDATE_GOLDENS=1 pytest tests/test_framework_cases.py` writes the expected texts anew: read the
difference before it is committed.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from rlconfig_lint.frameworks import NAMES
from tests.test_command_line import rlconfig_lint

CASES = Path(__file__).parent / "cases"


@pytest.mark.parametrize("name", NAMES)
def test_inspect(name: str, tmp_path: Path) -> None:
    project = shutil.copytree(CASES / name, tmp_path / name)
    golden = CASES / name / "inspect.golden"
    seen = rlconfig_lint(project, "inspect").stdout
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_text(seen, encoding="utf-8")
    assert seen == golden.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_check(name: str, tmp_path: Path) -> None:
    project = shutil.copytree(CASES / name, tmp_path / name)
    golden = CASES / name / "check.golden"
    seen = rlconfig_lint(project, "check", "--output-format", "concise", "--show", "info").stdout
    if os.environ.get("UPDATE_GOLDENS"):
        golden.write_text(seen, encoding="utf-8")
    assert seen == golden.read_text(encoding="utf-8")
