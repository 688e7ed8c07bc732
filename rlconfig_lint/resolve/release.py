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
    r"|\w*versions?\.(?:sh|env)|[\w.-]*(?:install|setup)[\w.-]*\.sh)|\.gitlab-ci\.yml"
    r"|\.github/workflows/[\w.-]+\.ya?ml"
)
# Without a pin the newest release is installed, and 0.11.0 was the first without the V0 engine:
# what holds for all of these holds for whoever installs today.
UNPINNED = ">=0.11.0"
_VARIANT = re.compile(r"requirements[^/]*\.txt$|requirements/")
_FOLDERS = ("", "requirements/", "docker/", "assets/", "scripts/", ".github/workflows/")
_INCLUDED = re.compile(rb"^\s*(?:-r|-c|--requirement|--constraint)[ =]\s*(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Manifests:
    """How the resolver looks at folders: the names in one, and a file's bytes."""

    names: Callable[[str], Iterable[str]]
    read: Callable[[str], bytes | None]


def release_fact(
    folders: Sequence[str], files: Manifests, declared: Declared, own: Pin | None = None
) -> ReleaseFact:
    """The candidates for files below `folders`: what a file says of itself (`own`), else the
    nearest folder that says anything.

    Within one folder the answers are intersected: a lock file inside its own pin. A file that
    disagrees with those before it is named and not believed.
    """
    if declared.vllm_version:
        evidence = Evidence(f"vllm-version = {declared.vllm_version!r} in {declared.source}")
        return ReleaseFact(matching(declared.vllm_version), True, (evidence,))
    unread: list[str] = []
    for folder in folders:
        found = list(_pins(folder, files, _MANIFESTS)) or list(_pins(folder, files, _ENVIRONMENTS))
        pins = [pin for pin in found if pin.specifiers]
        unread.extend(str(pin.evidence) for pin in found if not pin.specifiers)
        if own is not None:
            return _nearest_first(own, pins)
        if pins:
            return _intersected(pins)
    return _unknown("; ".join(unread) or "no vLLM pin was found")


def _unknown(why: str) -> ReleaseFact:
    return ReleaseFact(matching(UNPINNED), False, (), why)


def _nearest_first(own: Pin, pins: Sequence[Pin]) -> ReleaseFact:
    """What a script installs for itself, the manifests' answers beside it."""
    admitted = _admitted(own)
    others = [str(pin.evidence) for pin in pins if not admitted & _admitted(pin)]
    return ReleaseFact(tuple(sorted(admitted)), True, (own.evidence,), _not_believed(others))


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


@dataclass(frozen=True)
class _Answer:
    admitted: set[Version]
    said: tuple[Evidence, ...]


def _answers(pins: Sequence[Pin]) -> Iterator[_Answer]:
    """One answer a file; requirements files that exclude each other are alternatives, and one
    answer together."""
    each = {pin: _Answer(_admitted(pin), (pin.evidence,)) for pin in pins}
    variants = [answer for pin, answer in each.items() if _VARIANT.search(pin.path)]
    if len(variants) < 2 or set.intersection(*(answer.admitted for answer in variants)):
        yield from each.values()
        return
    yield from (answer for answer in each.values() if answer not in variants)
    yield _Answer(
        set.union(*(answer.admitted for answer in variants)),
        tuple(evidence for answer in variants for evidence in answer.said),
    )


def _intersected(pins: Sequence[Pin]) -> ReleaseFact:
    candidates: set[Version] = set()
    believed: list[Evidence] = []
    against: list[str] = []
    for answer in _answers(pins):
        narrowed = candidates & answer.admitted if candidates else answer.admitted
        if narrowed:
            candidates = narrowed
            believed.extend(answer.said)
        else:
            against.extend(map(str, answer.said))
    if candidates.issuperset(releases()):
        said = " and ".join(map(str, believed))
        return _unknown(f"no release is pinned: {said}")
    return ReleaseFact(tuple(sorted(candidates)), True, tuple(believed), _not_believed(against))


def _not_believed(others: Sequence[str]) -> str:
    return f"not believed: {'; '.join(others)}" if others else ""
