"""Write docs/evidence/README.md from the runs that are kept beside it.

python -m tools.evidence_page
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rlconfig_lint.confirm.experiments import EXPERIMENTS

FOLDER = Path(__file__).parents[1] / "docs" / "evidence"
PAGE = FOLDER / "README.md"
_HEAD = """\
# What was seen on real engines

Made by `python -m tools.evidence_page` from the runs beside it; a test holds them together. Each is
the output of `rlconfig-lint confirm --output-format json`, with every difference that was measured.
*Flagged* and *fixed* are two engines that differ in nothing else. The model is tiny and random: the
verdicts carry over to real ones, the sizes do not.

"""


def page() -> str:
    runs = [(path.name, json.loads(path.read_text("utf-8"))) for path in _files()]
    return _HEAD + "\n".join((*_runs(runs), "", *_claims(runs))) + "\n"


def _files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


def _runs(runs: list[tuple[str, Any]]) -> Iterator[str]:
    yield "| run | engine | torch | transformers | date | seconds | verdicts |"
    yield "|---|---|---|---|---|---|---|"
    for name, run in runs:
        verdicts = [row["verdict"] for row in run["experiments"]]
        counts = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
        engine = f"vLLM {run['vllm']}, {run['device_name']}"
        seen = (run["torch"], run["transformers"], run["date"], f"{run['seconds']:.0f}", counts)
        yield f"| [{name}](./{name}) | {engine} | {' | '.join(seen)} |"


def _claims(runs: list[tuple[str, Any]]) -> Iterator[str]:
    for experiment in EXPERIMENTS:
        yield f"## {', '.join(experiment.codes)}: {experiment.claim}\n"
        yield "| engine | verdict | what | flagged | fixed |"
        yield "|---|---|---|---|---|"
        for _, run in runs:
            rows = [row for row in run["experiments"] if row["name"] == experiment.name]
            yield from (line for row in rows for line in _lines(run, row))
        yield ""


def _lines(run: Any, row: Any) -> Iterator[str]:
    engine = f"{run['vllm']}, {run['device_name']} | {row['verdict']}"
    if not row["rows"]:
        yield f"| {engine} | {row['reason']} | | |"
    for number, seen in enumerate(row["rows"]):
        cells = (seen["what"].replace("|", "\\|"), _shown(seen["flagged"]), _shown(seen["fixed"]))
        yield f"| {' | ' if number else engine} | {' | '.join(cells)} |"


def _shown(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
