"""Which releases accept an engine argument, where a user writes it."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.version import Version

from rlconfig_lint.releases.known import releases

if TYPE_CHECKING:
    from rlconfig_lint.releases.schema import Argument, Schema

LLM = "vllm.LLM"
ENGINE_ARGS = "vllm.EngineArgs"


def _schema(release: Version) -> Schema | None:
    """A release's data, read when the first setting asks for it."""
    from rlconfig_lint.releases.schema import schema

    try:
        return schema(release)
    except LookupError:
        return None


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def accepts(callee: str, name: str, release: Version) -> bool | None:
    """Whether a release takes an argument: by a constructor, else as a flag's name. None where
    the release is newer than the data."""
    found = _schema(release)
    if found is None:
        return None
    if callee == LLM:
        return found.llm_accepts(name)
    argument = found.arguments.get(name)
    if not callee and _flag(name) in found.flags:
        return True  # a flag may outlive its argument: --disable-log-requests did until 0.16.0
    return argument is not None and not (callee == ENGINE_ARGS and argument.async_only)


@lru_cache(maxsize=512)
def lifetime(callee: str, name: str) -> tuple[Version, Version] | None:
    """The first and the last known release that take an argument; None where none does."""
    taking = [release for release in releases() if accepts(callee, name, release)]
    return (taking[0], taking[-1]) if taking else None


def refusing(
    callee: str, name: str, *, before: Version | None = None, after: Version | None = None
) -> Callable[[Version], bool]:
    """Whether a release refuses an argument, among those before or after another release."""

    def refuses(release: Version) -> bool:
        in_question = (before is None or release < before) and (after is None or release > after)
        return in_question and accepts(callee, name, release) is False

    return refuses


def argument(name: str, release: Version) -> Argument | None:
    """An argument's definition in a release, where there is data and it exists."""
    found = _schema(release)
    return found.arguments.get(name) if found else None


def nearest(name: str, release: Version, cutoff: float) -> str | None:
    """The argument of a release that a misspelled name probably means."""
    found = _schema(release)
    close = difflib.get_close_matches(name, list(found.arguments) if found else [], 1, cutoff)
    return close[0] if close else None


def reads_variable(name: str, release: Version) -> bool | None:
    """Whether a release reads an environment variable; None without data."""
    found = _schema(release)
    return name in found.environment if found else None


def abbreviates(name: str, release: Version) -> bool:
    """Whether argparse takes a name for the one flag that begins like it."""
    found = _schema(release)
    return found is not None and sum(flag.startswith(_flag(name)) for flag in found.flags) == 1


def is_deprecated(name: str, release: Version) -> bool:
    """Whether a release takes a flag only for old command lines."""
    found = _schema(release)
    flag = found.flags.get(_flag(name)) if found else None
    return flag is not None and flag.is_deprecated


@lru_cache(maxsize=128)
def last_reader(name: str) -> Version | None:
    """The newest known release that reads an environment variable."""
    reading = [release for release in releases() if reads_variable(name, release)]
    return reading[-1] if reading else None
