"""The laws that hold for every rule, proved on the examples that stand in its file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rlconfig_lint.model import Example, Finding, Form, Rule, Severity
from rlconfig_lint.readers.text import BOM
from rlconfig_lint.registry import rules
from rlconfig_lint.releases.known import matching, releases
from tests.projects import findings_in, fixed_by, write_project

HEADINGS = (
    "What it does",
    "Why it breaks RL",
    "What to watch",
    "When it is right",
    "Bad",
    "Good",
    "Fix",
    "Versions",
    "Evidence",
)


def _cases(kind: str) -> Iterator[object]:
    for rule in rules():
        for number, example in enumerate(getattr(rule, kind)):
            yield pytest.param(rule, example, id=f"{rule.code}-{kind}-{number}-{example.file}")


bad = pytest.mark.parametrize(("rule", "example"), list(_cases("bad")))
good = pytest.mark.parametrize(("rule", "example"), list(_cases("good")))


def of(rule: Rule, found: list[Finding]) -> list[Finding]:
    """What a rule says aloud: advice (info) is not shown unless it is asked for."""
    return [f for f in found if f.code == rule.code and f.severity > Severity.INFO]


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_the_page_has_every_heading_in_order(rule: Rule) -> None:
    headings = [line[3:] for line in rule.doc.splitlines() if line.startswith("## ")]
    assert headings == list(HEADINGS)
    assert rule.summary.endswith(".")
    assert "https://" in rule.doc.split("## Evidence")[1]


@bad
def test_a_bad_example_is_reported_once(rule: Rule, example: Example, tmp_path: Path) -> None:
    (finding,) = of(rule, findings_in(write_project(tmp_path, example), example))
    assert finding.place.path == example.file
    assert finding.releases
    assert finding.effective
    assert finding.help


@good
def test_a_good_example_is_silent(rule: Rule, example: Example, tmp_path: Path) -> None:
    assert of(rule, findings_in(write_project(tmp_path, example), example)) == []


@bad
def test_the_fix_writes_the_expected_text(rule: Rule, example: Example, tmp_path: Path) -> None:
    folder = write_project(tmp_path, example)
    text = fixed_by(rule, folder, example)
    assert text == (example.text if example.fixed is None else example.fixed)
    if example.fixed is not None:
        assert of(rule, findings_in(folder, example)) == []


@bad
def test_fixing_twice_is_fixing_once(rule: Rule, example: Example, tmp_path: Path) -> None:
    folder = write_project(tmp_path, example)
    once = fixed_by(rule, folder, example)
    assert fixed_by(rule, folder, example) == once


@bad
@pytest.mark.parametrize("bom", [False, True], ids=["plain", "bom"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_newlines_and_byte_order_mark_survive_a_fix(
    rule: Rule, example: Example, tmp_path: Path, newline: str, bom: bool
) -> None:
    if bom and example.file.endswith((".sh", ".json")):
        pytest.skip("neither bash nor JSON has a byte-order mark")
    start = BOM if bom else ""
    written = replace(example, text=start + example.text.replace("\n", newline))
    text = fixed_by(rule, write_project(tmp_path, written), written)
    expected = example.text if example.fixed is None else example.fixed
    assert text == start + expected.replace("\n", newline)


@bad
def test_a_missing_final_newline_stays_missing(
    rule: Rule, example: Example, tmp_path: Path
) -> None:
    if example.fixed is None:
        pytest.skip("no fix")
    written = replace(example, text=example.text.rstrip("\n"))
    text = fixed_by(rule, write_project(tmp_path, written), written)
    assert text == example.fixed.rstrip("\n")


@bad
@pytest.mark.parametrize("order", ["good first", "bad first"])
def test_a_good_sibling_does_not_hide_a_bad_one(
    rule: Rule, example: Example, tmp_path: Path, order: str
) -> None:
    """zizmor 1.32.0 returned at the first good entry of a file and missed every later one."""
    suffix = Path(example.file).suffix
    sibling = next((g for g in rule.good if Path(g.file).suffix == suffix), None)
    if sibling is None or suffix in (".json", ".toml") or example.fixed is None:
        pytest.skip("no two of these in one file")
    # A call in the fixed text would be one for the whole project, and rightly end the finding.
    apart = any(call in example.fixed for call in (".reset_prefix_cache(", '"reload_weights"'))
    texts = [rule.good[-1].text if apart else example.fixed, example.text]
    joint = {".yaml": "---\n"}.get(suffix, "\n")
    body = joint.join(texts if order == "good first" else reversed(texts))
    both = replace(example, text=body)
    assert of(rule, findings_in(write_project(tmp_path, both), both))


@bad
def test_a_comment_suppresses_it(rule: Rule, example: Example, tmp_path: Path) -> None:
    if example.file.endswith(".json"):
        pytest.skip("JSON has no comments")
    folder = write_project(tmp_path, example)
    (finding,) = of(rule, findings_in(folder, example))
    lines = example.text.splitlines(keepends=True)
    at = finding.place.line - 1
    indentation = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    comment = f"{indentation}# rlconfig-lint: ignore[{rule.code}] known and accepted\n"
    (folder / example.file).write_text("".join([*lines[:at], comment, *lines[at:]]))
    assert of(rule, findings_in(folder, example)) == []


@bad
def test_outside_its_releases_it_is_silent(rule: Rule, example: Example, tmp_path: Path) -> None:
    inside = matching(rule.releases) if rule.releases else releases()
    outside = [release for release in releases() if release not in inside]
    for release in outside[:: max(1, len(outside) // 5)]:
        elsewhere = replace(example, facts={**example.facts, "vllm-version": str(release)})
        folder = write_project(tmp_path / str(release), elsewhere)
        assert of(rule, findings_in(folder, elsewhere)) == [], release


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.code)
def test_its_examples_cover_more_than_one_language(rule: Rule) -> None:
    if all(example.file.endswith(".py") for example in (*rule.bad, *rule.good)):
        return  # about calls, which no other language has
    assert len({Path(example.file).suffix for example in rule.bad}) > 1


def test_codes_and_names_are_unique() -> None:
    assert len({rule.code for rule in rules()}) == len(rules())
    assert len({rule.name for rule in rules()}) == len(rules())


def test_forms_are_what_the_readers_make() -> None:
    assert {form.value for form in Form} == {"document", "call", "command"}
