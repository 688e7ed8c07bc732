"""Which vLLM releases a project may run, from its own manifests, nearest folder first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from rlconfig_lint.model import Declared, Evidence, ReleaseFact
from rlconfig_lint.releases.known import matching, releases
from rlconfig_lint.resolve.manifests import Pin, pin_in

# Most telling first. What an image or a script installs counts only where no manifest says
# anything: a repository holds scripts for releases that it does not run.
_MANIFESTS = re.compile(
    r"(?:uv|poetry|pdm)\.lock|pyproject(?:\.\w+)?\.toml|setup\.(?:py|cfg)|requirements[\w.-]*\.txt"
    r"|requirements/[\w.-]+\.txt"
)
_ENVIRONMENTS = re.compile(
    r"(?:docker/|assets/|scripts/)?(?:environment[\w.-]*\.ya?ml|(?:[\w-]*\.)?Dockerfile[\w.-]*"
    r"|\w*versions?\.(?:sh|env)|install\w*\.sh)|\.gitlab-ci\.yml|\.github/workflows/[\w.-]+\.ya?ml"
)
_FOLDERS = ("", "requirements/", "docker/", "assets/", "scripts/", ".github/workflows/")
_INCLUDED = re.compile(rb"^\s*(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Manifests:
    """How the resolver looks at folders: the names in one, and a file's bytes."""

    names: Callable[[str], Iterable[str]]
    read: Callable[[str], bytes | None]


def release_fact(folders: Sequence[str], files: Manifests, declared: Declared) -> ReleaseFact:
    """The candidates for files below `folders`, the nearest folder that says anything first.

    Within one folder the answers are intersected: a lock file inside its own pin. A file that
    disagrees with those before it is named and not believed.
    """
    if declared.vllm_version:
        evidence = Evidence(f"vllm-version = {declared.vllm_version!r} in {declared.source}")
        return ReleaseFact(matching(declared.vllm_version), True, (evidence,))
    for folder in folders:
        pins = list(_pins(folder, files, _MANIFESTS)) or list(_pins(folder, files, _ENVIRONMENTS))
        if pins:
            return _intersected(pins)
    return ReleaseFact(releases(), False, (), "no vLLM pin was found")


def _pins(folder: str, files: Manifests, wanted: re.Pattern[str]) -> Iterator[Pin]:
    """The pins of a folder's manifests, lock files first, files they include behind them."""
    todo = sorted(
        _named(folder, files, wanted), key=lambda path: (not path.endswith(".lock"), path)
    )
    seen: set[str] = set()
    while todo:
        path = todo.pop(0)
        data = files.read(path) if path not in seen else None
        seen.add(path)
        if data is None:
            continue
        if b"vllm" in data or b"VLLM" in data:
            pin = pin_in(path, data)
            if pin is not None:
                yield pin
        if path.endswith(".txt"):
            todo.extend(_beside(path, name.decode("utf-8", "replace")) for name in _included(data))


def _named(folder: str, files: Manifests, wanted: re.Pattern[str]) -> Iterator[str]:
    top = f"{folder}/" if folder else ""
    for inner in _FOLDERS:
        for name in files.names(top + inner):
            if wanted.fullmatch(inner + name):
                yield top + inner + name


def _included(data: bytes) -> list[bytes]:
    return _INCLUDED.findall(data)[:20]


def _beside(path: str, name: str) -> str:
    folder = path.rpartition("/")[0]
    return f"{folder}/{name}" if folder else name


def _admitted(pin: Pin) -> set[Version]:
    """What one file admits: all of its lines where they agree, else any (extras, markers)."""
    each = [set(matching(wanted)) for wanted in pin.specifiers]
    return set.intersection(*each) or set.union(*each)


def _intersected(pins: Sequence[Pin]) -> ReleaseFact:
    candidates: tuple[Version, ...] = ()
    believed: list[Evidence] = []
    against: list[str] = []
    for pin in pins:
        admitted = _admitted(pin)
        narrowed = admitted if not candidates else admitted & set(candidates)
        if narrowed:
            candidates = tuple(sorted(narrowed))
            believed.append(pin.evidence)
        else:
            against.append(str(pin.evidence))
    note = f"not believed: {'; '.join(against)}" if against else ""
    return ReleaseFact(candidates, True, tuple(believed), note)
