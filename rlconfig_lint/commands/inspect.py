"""`rlconfig-lint inspect`: what the tool sees, so that nobody has to take a finding on trust."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from rlconfig_lint.commands.setup import prepare
from rlconfig_lint.inspection import Section, about_code, about_engine, about_learning
from rlconfig_lint.lint import Result, check
from rlconfig_lint.model import Rollout
from rlconfig_lint.reports.inspection_json import row
from rlconfig_lint.reports.text import count_of, printable
from rlconfig_lint.resolve.generation import generation
from rlconfig_lint.resolve.project import Project

_WIDEST = 34  # of a name or value beside which others are aligned


def inspect(
    paths: Sequence[Path], vllm_version: str | None, config: Path | None, output_format: str
) -> int:
    repository, configs = prepare(paths, config, vllm_version)
    result = check(repository, (), configs.profile)
    if output_format == "json":
        click.echo(json.dumps([row(rollout) for rollout in result.rollouts], indent=2))
        return 0
    for line in _lines(result):
        click.echo(printable(line))
    count = len(result.rollouts)
    click.echo(f"{count_of(count, 'rollout')} in {count_of(result.read, 'file')}.", err=True)
    return 0


def _lines(result: Result) -> Iterator[str]:
    """Every rollout, then the projects whose code says something that no rollout tells."""
    told: dict[tuple[Section, ...], str] = {}
    for rollout in result.rollouts:
        yield from _rollout(rollout, told)
        yield ""
    seen = {rollout.path for rollout in result.rollouts if rollout.sync.calls}
    for project in result.projects:
        if not seen.intersection(project.sources):
            yield from _code(project)


def _rollout(rollout: Rollout, told: dict[tuple[Section, ...], str]) -> Iterator[str]:
    """One rollout. What is known of its trainer is told once for all that share it."""
    yield f"{rollout.path}: a {rollout.framework or 'vLLM'} rollout, engine at {rollout.place}"
    for evidence in rollout.evidence:
        yield f"  because {evidence}"
    learning = tuple(about_learning(rollout))
    sections = [*about_engine(rollout)]
    first = told.setdefault(learning, rollout.path)
    yield from _aligned(sections if first != rollout.path else [*sections, *learning])
    if first != rollout.path:
        yield f"  trainer and weight updates: as for {first}"


def _code(project: Project) -> Iterator[str]:
    facts = project.code.facts()
    if facts.learns is None and not facts.sync.resets:
        return
    yield f"{project.root or '.'}: no engine found that this code trains with"
    if facts.learns:
        yield f"  because {facts.learns}"
    asked = generation(project.code, "", {})
    yield from _aligned([*about_code(facts.trainer, facts.sync, project.release, asked)])
    yield ""


def _aligned(sections: Sequence[Section]) -> Iterator[str]:
    """Rows under their sections' titles, in three columns."""
    rows = [row for section in sections for row in section.rows]
    names = _width(row.name for row in rows)
    values = _width(row.value for row in rows)
    for section in sections:
        yield f"  {section.title}"
        for found in section.rows:
            yield f"    {found.name:{names}}  {found.value:{values}}  {found.why}".rstrip()


def _width(texts: Iterator[str]) -> int:
    return max((len(text) for text in texts if len(text) <= _WIDEST), default=0)
