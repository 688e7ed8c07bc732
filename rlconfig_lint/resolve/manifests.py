"""The vLLM pins that stand in one file: lock files, requirements, images, install commands.

Everything is read as text. A requirement is recognised by its own form (`vllm>=0.17,<0.20`), which
is the same in pyproject.toml, setup.py, requirements files and install commands; only what is
written in another form has a reader of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rlconfig_lint.model import Evidence, Place
from rlconfig_lint.readers import language
from rlconfig_lint.readers.text import Text, UnreadableError
from rlconfig_lint.releases.known import matching

_LOCKED = re.compile(r'^name = "vllm"\r?\nversion = "(?P<version>[^"\n]+)"', re.MULTILINE)
_REQUIREMENT = re.compile(
    r"""(?<![\w./-])vllm(?:\[[^\]\n]*\])?[ \t]*
        (?P<wanted>(?:(?:===?|>=|<=|~=|!=|>|<)[ \t]*[\w.*+!-]+[ \t]*,?[ \t]*)+)""",
    re.VERBOSE,
)
_WHEEL = re.compile(r"/vllm-(?P<version>\d+(?:\.\d+)+(?:\.?(?:post|rc)\d+)?)[^/\s\"']*\.whl")
_POETRY = re.compile(
    r"""^vllm[ \t]*=[ \t]*(?:\{[^}\n]*?version[ \t]*=[ \t]*)?"(?P<wanted>[^"\n]+)\"""", re.MULTILINE
)
_CONDA = re.compile(r"^\s*-\s*vllm\s*=\s*(?P<version>\d[\w.]*)\s*(?:=\S+)?\s*$", re.MULTILINE)
_IMAGE = re.compile(r"\bvllm/vllm-[\w-]+:v?(?P<version>\d+(?:\.\d+)+(?:\.?post\d+)?)")
_VARIABLE = re.compile(
    r"""^\s*(?:export[ \t]+|ARG[ \t]+|ENV[ \t]+)?VLLM_(?:VERSION|REF|TAG)[ \t]*[=:][ \t]*
        ["']?(?:\$\{VLLM_VERSION:-)?v?(?P<version>\d+(?:\.\d+)+(?:\.?post\d+)?)""",
    re.MULTILINE | re.VERBOSE,
)
_UNPINNED = re.compile(r"^[ \t]*vllm(?:\[[^\]\n]*\])?[ \t]*(?:[;#].*)?$", re.MULTILINE)
_INSTALLS = re.compile(r"\b(?:pip3?|uv|conda|mamba|poetry)\b[^\n]*\b(?:install|add)\b|vllm/vllm-")
_ANY = ">=0"
_COMMENT = re.compile(r"^\s*(?:#|//)|\s#\s")


@dataclass(frozen=True, slots=True)
class Pin:
    """What one file says. Extras and markers may each pin their own: those are alternatives. With
    no specifier, the file names vLLM and cannot be read."""

    specifiers: tuple[str, ...]
    evidence: Evidence
    path: str


def installed_by(path: str, body: str) -> Pin | None:
    """The release that a script, workflow or compose file installs, or starts, for itself."""
    if language(path) not in ("shell", "documents") or not _INSTALLS.search(body):
        return None
    return pin_in(path, body.encode())


def pin_in(path: str, data: bytes) -> Pin | None:
    """The pin in one file, if there is one; a file that does not read says nothing."""
    try:
        text = Text.decode(path, data)
    except UnreadableError:
        return None
    found: dict[str, Place] = {}
    for pattern, specifiers in _patterns(path):
        for match in pattern.finditer(text.body):
            wanted = specifiers(match)
            if _understood(wanted) and not _commented(text, match):
                found.setdefault(wanted, text.place(match.start(), match.end()))
    if not found:
        return _unread(path, text)
    said = " or ".join(f"vllm{'' if wanted == _ANY else wanted}" for wanted in found)
    return Pin(tuple(found), Evidence(said, next(iter(found.values()))), path)


def _unread(path: str, text: Text) -> Pin | None:
    """A lock file that has vLLM and no version that can be read: a pin that admits nothing."""
    if not path.endswith(".lock") or (at := text.body.find('name = "vllm"')) < 0:
        return None
    evidence = Evidence("vLLM is locked to no version that can be read", text.place(at, at))
    return Pin((), evidence, path)


Reading = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _patterns(path: str) -> Iterator[Reading]:
    name = path.rpartition("/")[2]
    if name.endswith(".lock"):
        yield _LOCKED, _exactly
        return
    yield _REQUIREMENT, _as_written
    yield _WHEEL, _exactly
    if name.endswith(".txt"):
        yield _UNPINNED, _anything
    elif name.endswith(".toml"):
        yield _POETRY, _poetrys
    elif name.startswith("environment"):
        yield _CONDA, _exactly
    else:
        yield _IMAGE, _exactly
        yield _VARIABLE, _exactly


def _anything(_: re.Match[str]) -> str:
    return _ANY


def _exactly(match: re.Match[str]) -> str:
    return f"=={match['version']}"


def _as_written(match: re.Match[str]) -> str:
    return match["wanted"].strip().rstrip(",").strip()


def _poetrys(match: re.Match[str]) -> str:
    """Poetry's caret, tilde and bare forms as PEP 440."""
    text = match["wanted"].strip()
    if text[:1] in "^~" and text[:2] != "~=":
        bare = text[1:].strip()
        parts = [int(part) for part in re.findall(r"\d+", bare)][:3]
        kept = 1 if text[0] == "^" and parts and parts[0] else 2
        upper = [*parts[: kept - 1], parts[kept - 1] + 1] if len(parts) >= kept else [parts[0] + 1]
        return f">={bare},<{'.'.join(map(str, upper))}"
    return f"=={text}" if text[:1].isdigit() else text


def _commented(text: Text, match: re.Match[str]) -> bool:
    row, column = text.position(match.start())
    return bool(_COMMENT.search(text.line(row)[:column]))


def _understood(wanted: str) -> bool:
    try:
        matching(wanted)
    except ValueError:
        return False
    return True
