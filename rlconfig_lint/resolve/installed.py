"""Which version of a framework a project has: exact pins and locks, or its own source."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import Evidence
from rlconfig_lint.readers.text import Text, UnreadableError
from rlconfig_lint.resolve.release import Manifests

_FILES = re.compile(
    r"(?:uv|poetry|pdm)\.lock|pyproject(?:\.\w+)?\.toml|setup\.(?:py|cfg)|requirements[\w.-]*\.txt"
)
_NUMBER = r"(?P<version>\d+(?:\.\d+)*(?:\.?(?:post|dev|a|b|rc)\d*)*)"
_OWN = re.compile(rf"(?:^|[\"'=\s]){_NUMBER}\s*[\"']?\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Installed:
    version: Version
    evidence: Evidence


def installed(framework: Framework, folders: Sequence[str], files: Manifests) -> Installed | None:
    """The nearest folder's answer; None where nothing pins one version."""
    for folder in folders:
        for path, pattern in _places(framework, folder, files):
            data = files.read(path)
            found = _found(path, data, pattern) if data else None
            if found is not None:
                return found
    return None


def _places(
    framework: Framework, folder: str, files: Manifests
) -> Iterator[tuple[str, re.Pattern[str]]]:
    """The files that can say it, the framework's own source first."""
    top = f"{folder}/" if folder else ""
    if framework.version_file:
        yield top + framework.version_file, _OWN
    if not framework.distribution:
        return
    name = re.escape(framework.distribution)
    own = re.compile(rf'^name = "{name}"\r?\nversion = "{_NUMBER}"', re.MULTILINE)
    pinned = re.compile(rf"(?<![\w./-]){name}(?:\[[^\]\n]*\])?[ \t]*===?[ \t]*{_NUMBER}")
    for file in sorted(files.names(top), key=lambda name: (not name.endswith(".lock"), name)):
        if _FILES.fullmatch(file):
            yield top + file, own
            if not file.endswith(".lock"):
                yield top + file, pinned


def _found(path: str, data: bytes, pattern: re.Pattern[str]) -> Installed | None:
    try:
        text = Text.decode(path, data)
    except UnreadableError:
        return None
    match = pattern.search(text.body)
    if match is None:
        return None
    try:
        version = Version(match["version"])
    except InvalidVersion:
        return None
    return Installed(version, Evidence(f"version {version}", text.place(*match.span("version"))))
