"""`confirm --rollout PATH[:LINE]`: which rollout is meant, and what fixes make of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from rlconfig_lint.commands.setup import prepare
from rlconfig_lint.confirm.model import Experiment
from rlconfig_lint.confirm.rollout import experiment, not_read
from rlconfig_lint.errors import UserError
from rlconfig_lint.fixing import fix
from rlconfig_lint.lint import check
from rlconfig_lint.model import Rollout, Severity
from rlconfig_lint.registry import selected


def of_project(wanted: str, device: str) -> tuple[Experiment, list[str]]:
    """The experiment of one rollout, and what of it nobody could see. Nothing is written.

    Raises:
        UserError: no rollout stands there.
    """
    path, line = _place(wanted)
    repository, configs = prepare([path])
    judge = partial(check, repository, selected((), ()), configs.profile)
    result = judge()
    before = _nearest(result.rollouts, line, wanted)
    said = [f for f in result.findings if f.severity > Severity.INFO]
    codes = sorted({f.code for f in said if f.place.path in {before.path, before.place.path}})
    fixed = fix(repository, judge, unsafe=True).result.rollouts
    after = _nearest(fixed, before.place.line, wanted)
    return experiment(before, after, codes, device), not_read(before)


def _place(wanted: str) -> tuple[Path, int | None]:
    path, colon, line = wanted.rpartition(":")
    if colon and line.isdigit():
        return Path(path), int(line)
    return Path(wanted), None


def _nearest(rollouts: list[Rollout], line: int | None, wanted: str) -> Rollout:
    if not rollouts:
        raise UserError(
            f"--rollout: {wanted}: no rollout is found there; see rlconfig-lint inspect"
        )
    names = list(dict.fromkeys(map(_name, rollouts)))
    if line is None and len(names) > 1:
        raise UserError(f"--rollout: {wanted} has several, name one: {', '.join(names[:5])}")
    return min(rollouts, key=lambda rollout: abs(rollout.place.line - (line or 0)))


def _name(rollout: Rollout) -> str:
    """How a user names a rollout: by its line, or by the file that is laid over its engine's."""
    return str(rollout.place) if rollout.path == rollout.place.path else rollout.path
