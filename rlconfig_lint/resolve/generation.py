"""V0 or V1: which engine of vLLM a rollout asks for, on the releases that have both."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from rlconfig_lint.model import Assigned, Entry, Evidence, Generation, Value, show
from rlconfig_lint.resolve.code import Code

NAME = "VLLM_USE_V1"


def generation(code: Code, path: str, env: Mapping[str, Entry]) -> Generation:
    """As the command's own environment says, else what the project's code sets, else what stands in
    the same document or in one for Ray's runtime."""
    if NAME in env:
        return _asked([Assigned(NAME, env[NAME].value, env[NAME].place)])
    found = [a for a in code.facts(path).environment if a.name == NAME]
    return _asked(found or [a for a in code.documented if a.name == NAME and _for_run(a, path)])


def _for_run(found: Assigned, path: str) -> bool:
    return found.place.path == path or "runtime_env" in posixpath.basename(found.place.path)


def _asked(found: list[Assigned]) -> Generation:
    evidence = tuple(Evidence(f"{NAME}={show(a.value)}", a.place) for a in found)
    answers = {_asks_for_v0(a.value) for a in found}
    if not answers or answers == {False}:
        return Generation(False, evidence)
    certain = answers == {True} and not all(a.conditional for a in found)
    return Generation(True if certain else None, evidence)


def _asks_for_v0(value: Value) -> bool | None:
    """vLLM reads a number: `bool(int(value))`."""
    if value in ("0", 0, False):
        return True
    return False if value in ("1", 1, True) else None
