"""All rules at once: two of them on one setting, their fixes in one mapping, every profile."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from rlconfig_lint.model import Example, Finding, Profile, Put, Rename, Rule, show
from rlconfig_lint.registry import rules
from rlconfig_lint.writers import path_of
from tests.projects import fix_all, run, write_project

EXAMPLES = Path(__file__).parents[1] / "examples"
every_profile = pytest.mark.parametrize("profile", list(Profile), ids=lambda p: p.value)
every_rule = pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)


def contradictions(findings: list[Finding]) -> list[str]:
    """Settings that two fixes would give two values."""
    wanted: dict[tuple[str, int, str], set[str]] = defaultdict(set)
    for finding in findings:
        for edit in finding.fix.edits if finding.fix else ():
            if isinstance(edit, Put):
                at = (path_of(edit), edit.home.block.place.start, edit.name)
                wanted[at].add(show(edit.value))
    return [f"{at}: {values}" for at, values in wanted.items() if len(values) > 1]


def twice(finding: Finding) -> tuple[str, str, int]:
    return (finding.code, finding.place.path, finding.place.start)


@every_profile
@every_rule
def test_fixes_agree_and_come_to_an_end(rule: Rule, profile: Profile, tmp_path: Path) -> None:
    for number, example in enumerate((*rule.bad, *rule.good)):
        folder = write_project(tmp_path / str(number), replace(example, profile=profile))
        found = run(folder, profile=profile).findings
        assert contradictions(found) == []
        assert len({*map(twice, found)}) == len(found)
        changes = fix_all(folder, profile=profile)
        assert bool(changes.fixed) is bool(changes.changed())
        assert fix_all(folder, profile=profile).changed() == []


# --- two rules, one mapping ---


def mapping(example: Example) -> dict[str, object]:
    """The settings of an example that is one engine's mapping and nothing else."""
    if not example.file.endswith(".yaml"):
        return {}
    document = yaml.safe_load(example.text)
    engine = document.get("engine") if isinstance(document, dict) and len(document) == 1 else None
    return engine if isinstance(engine, dict) else {}


def written(finding: Finding) -> Iterator[str]:
    """The settings that a fix writes or takes away."""
    for edit in finding.fix.edits if finding.fix else ():
        if isinstance(edit, Put | Rename):
            yield edit.name
        if isinstance(edit, Rename):
            yield edit.entry.path[-1].replace("-", "_")


def agree(first: Mapping[str, object], second: Mapping[str, object]) -> bool:
    return all(second.get(key, value) == value for key, value in first.items())


def pairs() -> Iterator[object]:
    """Bad examples of two rules that fit into one mapping, under the facts of both."""
    single = [(r, e) for r in rules() for e in r.bad if mapping(e)]
    for (one, first), (other, second) in combinations(single, 2):
        same = first.profile is second.profile and one is not other
        fit = agree(mapping(first), mapping(second)) and agree(first.facts, second.facts)
        if same and fit and agree(first.beside, second.beside):
            yield pytest.param(one, first, other, second, id=f"{one.code}-{other.code}")


@pytest.mark.parametrize(("one", "first", "other", "second"), list(pairs()))
def test_two_rules_on_one_mapping(
    one: Rule, first: Example, other: Rule, second: Example, tmp_path: Path
) -> None:
    both = {**mapping(first), **mapping(second)}
    joined = replace(
        first,
        text=yaml.safe_dump({"engine": both}, sort_keys=False),
        facts={**first.facts, **second.facts},
        beside={**first.beside, **second.beside},
    )
    folder = write_project(tmp_path, joined)
    found = run(folder, profile=first.profile).findings
    assert {one.code, other.code} <= {finding.code for finding in found}
    meant = {name for finding in found for name in written(finding)}
    fix_all(folder, profile=first.profile)
    engine = yaml.safe_load((folder / first.file).read_text())["engine"]
    changed = {key for key in (*both, *engine) if both.get(key, ...) != engine.get(key, ...)}
    assert {key.replace("-", "_") for key in changed} <= meant
    assert not [f for f in run(folder, profile=first.profile).findings if f.fix]


@every_profile
@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.iterdir()))
def test_the_example_projects(name: str, profile: Profile, tmp_path: Path) -> None:
    folder = shutil.copytree(EXAMPLES / name, tmp_path / name)
    before = run(folder, profile=profile).findings
    assert contradictions(before) == []
    refused = {twice(one.finding) for one in fix_all(folder, profile=profile).refused}
    after = run(folder, profile=profile).findings
    assert {f.code for f in after} <= {f.code for f in before}
    assert {twice(f) for f in after if f.fix} <= refused
