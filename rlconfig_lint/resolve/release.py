"""Which vLLM releases a project may run, from its own pins and lock files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from rlconfig_lint.model import Declared, Evidence, Place, ReleaseFact
from rlconfig_lint.readers.text import Text, UnreadableError
from rlconfig_lint.releases.known import matching, releases

ReadFile = Callable[[str], bytes | None]

MANIFESTS = ("uv.lock", "pyproject.toml", "requirements.txt", "requirements-vllm.txt")
_LARGEST = 20_000_000
_LOCKED = re.compile(rb'^name = "vllm"\r?\nversion = "([^"]+)"', re.MULTILINE)
_REQUIREMENT = re.compile(
    r"""(?P<quote>["']?)\bvllm(?:\[[^\]]*\])?\s*
        (?P<specifiers>(?:(?:===?|>=|<=|~=|!=|>|<)\s*[\w.*+!-]+\s*,?\s*)+)""",
    re.VERBOSE,
)
_WHEEL = re.compile(r"/vllm-(?P<version>\d+(?:\.\d+)+(?:\.?(?:post|rc)\d+)?)[^/\s\"']*\.whl")


@dataclass(frozen=True)
class _Pin:
    specifiers: tuple[str, ...]  # alternatives: extras and markers may each pin their own
    evidence: Evidence


def release_fact(folders: Sequence[str], read: ReadFile, declared: Declared) -> ReleaseFact:
    """The candidates for files below `folders`, nearest folder first.

    Within one folder the answers are intersected (a lock file inside its own pin); the nearest
    folder that says anything wins.
    """
    if declared.vllm_version:
        evidence = Evidence(f"vllm-version = {declared.vllm_version!r} in {declared.source}")
        return ReleaseFact(matching(declared.vllm_version), True, (evidence,))
    for folder in folders:
        pins = list(_pins(folder, read))
        if pins:
            return _intersected(pins)
    return ReleaseFact(releases(), False, (), "no vLLM pin was found")


def _pins(folder: str, read: ReadFile) -> Iterator[_Pin]:
    for name in MANIFESTS:
        path = f"{folder}/{name}" if folder else name
        data = read(path)
        if data is None or b"vllm" not in data or len(data) > _LARGEST:
            continue
        found = _locked(path, data) if name.endswith(".lock") else _required(path, data)
        if found:
            yield found


def _locked(path: str, data: bytes) -> _Pin | None:
    versions = [match for match in _LOCKED.finditer(data) if _valid(match.group(1).decode())]
    if not versions:
        return None
    texts = tuple(dict.fromkeys(match.group(1).decode() for match in versions))
    line = data.count(b"\n", 0, versions[0].start(1)) + 1
    place = Place(path, 0, 0, line, 1, line, 1)
    return _Pin(tuple(f"=={text}" for text in texts), Evidence(f"locked to {_or(texts)}", place))


def _required(path: str, data: bytes) -> _Pin | None:
    try:
        text = Text.decode(path, data)
    except UnreadableError:
        return None
    found: dict[str, Place] = {}
    comment = re.compile(r"^\s*#")
    for match in (*_REQUIREMENT.finditer(text.body), *_WHEEL.finditer(text.body)):
        line = text.line(text.position(match.start())[0])
        groups = match.groupdict()
        wanted = groups.get("specifiers") or f"=={groups['version']}"
        if not comment.match(line):
            found.setdefault(wanted.strip().rstrip(","), text.place(match.start(), match.end()))
    usable = {wanted: place for wanted, place in found.items() if _understood(wanted)}
    if not usable:
        return None
    evidence = Evidence(f"vllm{_or(tuple(usable))}", next(iter(usable.values())))
    return _Pin(tuple(usable), evidence)


def _intersected(pins: list[_Pin]) -> ReleaseFact:
    candidates: tuple[Version, ...] = ()
    believed: list[Evidence] = []
    note = ""
    for pin in pins:
        admitted = {version for wanted in pin.specifiers for version in matching(wanted)}
        narrowed = admitted if not candidates else admitted & set(candidates)
        if narrowed:
            candidates = tuple(sorted(narrowed))
            believed.append(pin.evidence)
        else:
            note = f"{pin.evidence} disagrees"
    return ReleaseFact(candidates, True, tuple(believed), note)


def _understood(wanted: str) -> bool:
    try:
        matching(wanted)
    except ValueError:
        return False
    return True


def _valid(text: str) -> bool:
    try:
        Version(text)
    except InvalidVersion:
        return False
    return True


def _or(texts: tuple[str, ...]) -> str:
    return " or ".join(texts)
