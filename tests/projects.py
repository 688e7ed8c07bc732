"""Small projects on disk, and what the tool says and does there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from rlconfig_lint.commands.setup import Configs
from rlconfig_lint.discovery import discover
from rlconfig_lint.fixing import Changes, fix
from rlconfig_lint.lint import Result, check
from rlconfig_lint.model import Example, Finding, Profile, ReleaseFact, Rollout, Rule
from rlconfig_lint.profiles import Asked
from rlconfig_lint.registry import rules
from rlconfig_lint.repository import Repository
from rlconfig_lint.resolve.code import Code
from rlconfig_lint.resolve.project import Project

PROJECT = Project(Code("", {}), ReleaseFact((), known=False))  # one that nothing is known of

# A module with an engine, and what makes it a policy's.
ENGINE = "from vllm import LLM, SamplingParams\n\nllm = LLM(model='m')\n"
UPDATE = "llm.collective_rpc('update_weights')\n"


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return folder


def write_project(folder: Path, example: Example) -> Path:
    """The example's file, those beside it, and its declared facts."""
    config = "".join(
        f"{key} = {value if key == 'trainer-temperature' else json.dumps(value)}\n"
        for key, value in example.facts.items()
    )
    files = {"rlconfig-lint.toml": config, **example.beside, example.file: example.text}
    return write_files(folder, files)


def repository_of(folder: Path, *names: str) -> tuple[Repository, Configs]:
    configs = Configs(folder)
    named = [folder / name for name in names]
    files = discover(named or [folder], folder, configs.excluder)
    return Repository.of(files, configs.declared), configs


def run(
    folder: Path, *names: str, profile: Profile = Profile.PRODUCTION, weighing: bool = False
) -> Result:
    """What the rules say; `weighing`, also those that speak because others have spoken."""
    repository, _ = repository_of(folder, *names)
    chosen = tuple(rule for rule in rules() if weighing or rule.weigh is None)
    result = check(repository, chosen, lambda _: Asked(profile))
    assert not result.broken
    return result


def only(folder: Path, files: Mapping[str, str]) -> Rollout:
    """The only rollout of a small project."""
    (rollout,) = run(write_files(folder, files)).rollouts
    return rollout


def findings_in(folder: Path, example: Example) -> list[Finding]:
    return run(folder, profile=example.profile, weighing=True).findings


def fix_all(
    folder: Path, chosen: tuple[Rule, ...] = (), profile: Profile = Profile.PRODUCTION
) -> Changes:
    """Every fix, unsafe ones too, written to disk."""
    repository, _ = repository_of(folder)
    judged = partial(check, repository, chosen or rules(), lambda _: Asked(profile))
    changes = fix(repository, judged, unsafe=True)
    for path in changes.changed():
        (folder / path).write_bytes(changes.after[path].encode())
    return changes


def fixed_by(rule: Rule, folder: Path, example: Example) -> str:
    """The example's text after one rule's fixes."""
    fix_all(folder, (rule,), example.profile)
    return (folder / example.file).read_bytes().decode()
