"""`rlconfig-lint confirm`: the experiments of some rules on a real engine."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from rlconfig_lint.confirm.experiments import EXPERIMENTS, WITHOUT
from rlconfig_lint.confirm.lab import Lab
from rlconfig_lint.confirm.model import Experiment, Json, Verdict
from rlconfig_lint.confirm.process import Worker
from rlconfig_lint.errors import UserError
from rlconfig_lint.registry import rule
from rlconfig_lint.reports import confirmation


def confirm(
    codes: Sequence[str],
    rollout: str | None,
    model: Path | None,
    device: str,
    python: str | None,
    timeout: float,
    output_format: str,
    report: Path | None,
) -> int:
    """The exit status: 0 where all is confirmed or not run, 1 where something is not, 2 where
    nothing could be run.

    Raises:
        UserError: a code is unknown, the model is none, or no engine can be started.
    """
    if codes and rollout is not None:
        raise UserError("--rollout: a rollout is confirmed as a whole, without codes")
    chosen = _chosen(codes)
    if model is not None and not (model / "config.json").is_file():
        raise UserError(f"--model: {model} has no config.json")
    started = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="rlconfig-lint-") as folder,
        Worker(python or sys.executable, Path(folder)) as worker,
    ):
        _say(confirmation.engine(worker.versions))
        if device not in ("auto", worker.versions["device"]):
            raise UserError(f"--device {device}: this vLLM runs on {worker.versions['device']}")
        if rollout is not None:
            chosen = (_rollout(rollout, worker.versions),)
        proofs = Lab(worker, Path(folder), model, timeout, _say).prove(chosen)
        versions = dict(worker.versions)
    seconds = time.monotonic() - started
    found = confirmation.Confirmation(versions, tuple(proofs), seconds, ("confirm", *codes))
    click.echo(confirmation.as_json(found) if output_format == "json" else found.text())
    if report is not None:
        from rlconfig_lint.reports.confirmation_html import page

        _write(report, page(found))
    wrong = (Verdict.REFUTED, Verdict.INCONCLUSIVE)
    return int(any(proof.outcome.verdict in wrong for proof in proofs))


def _rollout(wanted: str, versions: Mapping[str, Json]) -> Experiment:
    from rlconfig_lint.commands.confirm_rollout import of_project

    found, unseen = of_project(wanted, str(versions["device"]))
    if unseen:
        _say(f"not known, and left neutral: {', '.join(unseen)}")
    return found


def _chosen(codes: Sequence[str]) -> tuple[Experiment, ...]:
    wanted = [rule(code).code for code in codes]
    for code in wanted:
        if not any(code in experiment.codes for experiment in EXPERIMENTS):
            reason = WITHOUT.get(code, "nothing about it shows on an engine")
            raise UserError(f"{code} has no experiment: {reason}")
    return tuple(e for e in EXPERIMENTS if not wanted or set(e.codes) & set(wanted))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--report: {path}: {error.strerror}") from None
