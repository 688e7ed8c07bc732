"""Write docs/rules.md: every rule in one table, made from the rules' files.

Severities and fixes are not stated by anybody: each rule's bad examples are judged once for each
kind of trainer, and the table says what came of it.

    python -m tools.rules_table
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rlconfig_lint.model import Example, Finding, Rule, TrainerKind
from rlconfig_lint.registry import rules
from tests.projects import findings_in, write_project

PAGE = Path(__file__).parents[1] / "docs" / "rules.md"
_KINDS = (TrainerKind.ROLLOUT_LOGPROBS, TrainerKind.RECOMPUTE, TrainerKind.DECOUPLED)
_READERS = {
    ".json": "JSON",
    ".py": "Python",
    ".sh": "shell",
    ".toml": "TOML",
    ".yaml": "YAML",
    ".yml": "YAML",
    ".ipynb": "notebooks",
}
_LINK = re.compile(r"https://\S+")
_MEASURED = re.compile(r"\b(?:H200|measured)\b", re.IGNORECASE)
_HEAD = """\
# Every rule

Made from the rules' files by `python -m tools.rules_table`; a test holds the two together. Some
hazards [do not show in files](./not-decided.md).

- **Severity** is what a rule's bad examples come to when the trainer is declared to learn from the
  rollout's logprobs (K1, `rollout-logprobs`), to recompute them all (K2, `recompute`) or to weigh
  by them (K3, `decoupled`). With a fact that nobody could see it is one level lower. `info` is
  shown with `--show info`.
- **Fix**: *safe* fixes are written by `--fix`, *unsafe* ones by `--unsafe-fixes` too; without one,
  the finding says what to do.
- **Life**: a rule in *preview* takes `--preview`, `preview = true` or its own code in `select`.
- **Proof**: the first of the links on its page; *measured* where the page has an engine's numbers.

| rule | what it finds | reads | vLLM | K1 | K2 | K3 | fix | life | proof |
|---|---|---|---|---|---|---|---|---|---|
"""


def page() -> str:
    return _HEAD + "".join(f"| {' | '.join(_cells(rule))} |\n" for rule in rules())


def _cells(rule: Rule) -> Iterator[str]:
    said = {kind: list(_said(rule, kind)) for kind in (*_KINDS, None)}
    module = rule.check.__module__.rpartition(".")[2]
    yield f"[{rule.code}](../rules/{module}.py) {rule.name}"
    yield rule.summary.rstrip(".").replace("|", "\\|")
    yield ", ".join(sorted({_READERS[Path(example.file).suffix] for example in rule.bad}))
    yield f"`{rule.releases}`" if rule.releases else "all"
    for kind in _KINDS:
        yield _worst(said[kind])
    yield _fixes(said[None])
    yield rule.life.value
    yield _proof(rule)


def _said(rule: Rule, kind: TrainerKind | None) -> Iterator[Finding]:
    """What a rule says of its bad examples, as they are or with another trainer declared."""
    for example in rule.bad:
        facts = {**example.facts, "trainer": kind.value} if kind else example.facts
        with TemporaryDirectory() as folder:
            yield from _judged(rule, replace(example, facts=facts), Path(folder))


def _judged(rule: Rule, example: Example, folder: Path) -> Iterator[Finding]:
    found = findings_in(write_project(folder, example), example)
    return (finding for finding in found if finding.code == rule.code)


def _worst(found: list[Finding]) -> str:
    return max(finding.severity for finding in found).word if found else "-"


def _fixes(found: list[Finding]) -> str:
    kinds = {"safe" if f.fix.safe else "unsafe" for f in found if f.fix is not None}
    return ", ".join(sorted(kinds)) or "none"


def _proof(rule: Rule) -> str:
    evidence = rule.doc.partition("## Evidence")[2]
    link = _LINK.search(evidence)
    shown = f"[{_short(link.group())}]({link.group()})" if link else "-"
    return f"{shown}, measured" if _MEASURED.search(rule.doc) else shown


def _short(link: str) -> str:
    """`vllm#9744` for a thread, else the last part of the address."""
    parts = link.rstrip("/").split("/")
    threads = ("issues", "pull", "discussions")
    return f"{parts[-3]}#{parts[-1]}" if len(parts) > 4 and parts[-2] in threads else parts[-1]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
