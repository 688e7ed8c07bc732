"""`rlconfig-lint inspect`: what the tool sees, so that nobody has to take a finding on trust."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from rlconfig_lint.commands.setup import prepare
from rlconfig_lint.judging import where_from
from rlconfig_lint.lint import check
from rlconfig_lint.model import UNKNOWN, Evidence, Rollout, Setting, show
from rlconfig_lint.reports.text import printable
from rlconfig_lint.resolve.heads import rollout_head
from rlconfig_lint.resolve.sampling import NEUTRAL
from rlconfig_lint.resolve.sync import fate

ENGINE = (
    "logprobs_mode",
    "enable_prefix_caching",
    "async_scheduling",
    "generation_config",
    "hf_overrides",
    "quantization",
    "dtype",
)


def inspect(
    paths: Sequence[Path], vllm_version: str | None, config: Path | None, output_format: str
) -> int:
    repository, configs = prepare(paths, config, vllm_version)
    result = check(repository, (), configs.profile)
    if output_format == "json":
        click.echo(
            json.dumps([_row(rollout) for rollout in result.rollouts], indent=2, default=_unknown)
        )
        return 0
    for rollout in result.rollouts:
        click.echo("\n".join(printable(line) for line in _lines(rollout)) + "\n")
    count = len(result.rollouts)
    click.echo(f"{count} rollout{'' if count == 1 else 's'} in {result.read} files.", err=True)
    return 0


def effective(rollout: Rollout) -> list[Setting]:
    """Every RL-relevant engine setting on the newest release the project may run."""
    newest = rollout.release.candidates[-1]
    others = sorted(set(rollout.engine) - set(ENGINE))
    return [
        *(rollout.setting(name, newest) for name in ENGINE),
        *(rollout.engine[name] for name in others),
    ]


def _lines(rollout: Rollout) -> Iterator[str]:
    yield f"{rollout.path}  {rollout.framework or 'vLLM'} rollout, engine at {rollout.place}"
    release = rollout.release
    versions = f"{release.candidates[0]} to {release.candidates[-1]}"
    yield _fact(
        "vLLM",
        versions if len(release.candidates) > 1 else str(release.candidates[0]),
        (*release.evidence, *((Evidence(release.note),) if release.note else ())),
    )
    yield "  engine"
    yield from (f"    {where_from(setting)}" for setting in effective(rollout))
    yield "  sampling for training"
    yield from (f"    {where_from(rollout.sampled(name))}" for name in NEUTRAL)
    trainer, sync = rollout.trainer, rollout.sync
    yield _fact("trainer", trainer.kind.value, trainer.evidence)
    divides = {True: "yes", False: "no", None: "unknown"}[trainer.divides_by_temperature]
    yield _fact("divides logits by temperature", divides, ())
    yield _fact("trainer lm_head", trainer.lm_head or "unknown", trainer.lm_head_evidence)
    yield _fact("engine lm_head", show(rollout_head(rollout, release.candidates[-1])), ())
    yield _fact("weight sync", sync.style.value, sync.evidence)
    yield _fact("prefix cache at an update", fate(sync, release.candidates[-1]).value, ())
    for call in (*sync.updates, *sync.pauses, *sync.resets, *sync.sleeps):
        yield f"    {call.name} at {call.place}"
    yield from (f"  because: {evidence}" for evidence in rollout.evidence)


def _fact(name: str, value: str, evidence: Sequence[Evidence]) -> str:
    why = "; ".join(str(item) for item in evidence)
    return f"  {name}: {value}" + (f" ({why})" if why else "")


def _row(rollout: Rollout) -> dict[str, object]:
    release = rollout.release
    return {
        "filename": rollout.path,
        "engine_at": {"filename": rollout.place.path, "row": rollout.place.line},
        "framework": rollout.framework or None,
        "vllm": {
            "releases": [str(version) for version in release.candidates],
            "known": release.known,
            "evidence": [str(evidence) for evidence in release.evidence],
        },
        "engine": {s.name: _setting(s) for s in effective(rollout)},
        "sampling": {name: _setting(rollout.sampled(name)) for name in NEUTRAL},
        "trainer": {
            "kind": rollout.trainer.kind.value,
            "divides_by_temperature": rollout.trainer.divides_by_temperature,
            "lm_head": rollout.trainer.lm_head,
            "evidence": [str(evidence) for evidence in rollout.trainer.evidence],
        },
        "sync": {
            "style": rollout.sync.style.value,
            "prefix_cache": fate(rollout.sync, release.candidates[-1]).value,
            "evidence": [str(evidence) for evidence in rollout.sync.evidence],
        },
    }


def _setting(setting: Setting) -> dict[str, object]:
    return {
        "value": None if setting.value is UNKNOWN else setting.value,
        "origin": setting.origin.value,
        "from": str(setting.place) if setting.place else setting.source,
        "overridable": setting.overridable,
    }


def _unknown(_: object) -> None:
    """UNKNOWN inside a list or mapping."""
    return
