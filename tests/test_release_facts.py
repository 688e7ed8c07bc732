"""The hand-kept table of what no signature shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rlconfig_lint.releases import behaviour
from rlconfig_lint.releases.facts import FACTS, Fact, beginning, holding
from rlconfig_lint.releases.known import releases, version, within
from tests.projects import write_files
from tests.test_command_line import rlconfig_lint

_SOURCE = re.compile(r"\d+\.\d+\.\d+:[\w/]+\.py(?::\d+)?|https://github\.com/vllm-project/\S+")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.setting} {fact.releases}")
def test_every_fact_has_a_source_and_holds_somewhere(fact: Fact) -> None:
    assert _SOURCE.fullmatch(fact.source)
    assert any(within(release, fact.releases) for release in releases())


def test_the_table_and_what_rules_decide_by_agree() -> None:
    for release in releases():
        texts = " ".join(fact.text for fact in holding(release) if fact.setting == "hf_overrides")
        assert ("head_dtype works" in texts) is behaviour.head_dtype_works(release)
        pauses = [fact.text for fact in holding(release) if fact.setting == "pause_generation"]
        assert any("recomputes" in text for text in pauses) is behaviour.keep_can_clear(release)


def test_what_begins_between_two_releases() -> None:
    texts = [fact.text for fact in beginning(version("0.10.1"), version("0.10.2"))]
    assert any("sampled distribution" in text for text in texts)
    assert beginning(version("0.18.0"), version("0.18.1")) == []


def test_a_set_key_that_means_something_else(tmp_path: Path) -> None:
    engine = "engine: {max_num_seqs: 8, enforce_eager: true, logprobs_mode: processed_logprobs}\n"
    facts = 'vllm-version = "0.10.1"\ntrainer = "rollout-logprobs"\n'
    write_files(tmp_path, {"rlconfig-lint.toml": facts, "a.yaml": engine})
    done = rlconfig_lint(tmp_path, "migrate", "--from", "0.10.1", "--to", "0.10.2")
    assert "a.yaml:1: logprobs_mode: processed_logprobs are those of the sampled" in done.stdout
