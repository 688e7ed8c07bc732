"""Rules that weigh what the others said: what they hear, and what they do not."""

from __future__ import annotations

from pathlib import Path

from rlconfig_lint.lint import check
from rlconfig_lint.profiles import Asked
from rlconfig_lint.registry import rule, rules
from tests.projects import repository_of, write_project


def _codes(folder: Path, text: str, select: tuple[str, ...] = ()) -> set[str]:
    example = rule("RL701").bad[0]
    write_project(folder, example)
    (folder / example.file).write_text(text)
    repository, _ = repository_of(folder)
    result = check(repository, rules(), lambda _: Asked(select=select))
    assert not result.broken
    return {f.code for f in result.findings if f.code in ("RL101", "RL701")}


def test_what_another_rule_says_is_heard(tmp_path: Path) -> None:
    assert _codes(tmp_path, rule("RL701").bad[0].text) == {"RL101", "RL701"}


def test_what_a_comment_accepts_is_not_heard(tmp_path: Path) -> None:
    accepted = "raw_logprobs  # rlconfig-lint: ignore[RL101] compared on purpose"
    text = rule("RL701").bad[0].text.replace("raw_logprobs", accepted)
    assert _codes(tmp_path, text) == set()


def test_alone_it_has_nothing_to_weigh(tmp_path: Path) -> None:
    assert _codes(tmp_path, rule("RL701").bad[0].text, ("RL701",)) == set()
