"""The vLLM releases this version of the tool knows, and specifier ranges over them."""

from __future__ import annotations

from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from rlconfig_lint.releases.stored import DATA, Stored

_FAR_AHEAD = Version("999")


@lru_cache(maxsize=1)
def releases() -> tuple[Version, ...]:
    """Every release that the data describes, in order: all on the package index from 0.6.0 on."""
    return tuple(sorted(Version(text) for text in Stored(DATA).index))


@lru_cache(maxsize=256)
def version(text: str) -> Version:
    return Version(text)


@lru_cache(maxsize=256)
def matching(specifiers: str) -> tuple[Version, ...]:
    """The known releases that a PEP 440 specifier set, or a bare version, admits.

    A version that is not a known release stands for itself; a range above every known release
    for the newest one, a range below them for the oldest.

    Raises:
        ValueError: `specifiers` is neither.
    """
    text = specifiers.strip()
    try:
        exact = Version(text.removeprefix("==").strip())
        public = Version(exact.public)
        return (public,)
    except InvalidVersion:
        pass
    try:
        wanted = SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError(
            f"{specifiers!r} is not a version like 0.18.1 or a range like >=0.17,<0.20"
        ) from None
    found = tuple(release for release in releases() if release in wanted)
    pinned = [clause.version for clause in wanted if clause.operator == "=="]
    if not found and pinned and "*" not in pinned[0]:
        return (Version(pinned[0]),)
    if found:
        return found
    return releases()[-1:] if wanted.contains(_FAR_AHEAD) else releases()[:1]


@lru_cache(maxsize=1024)
def within(release: Version, specifiers: str) -> bool:
    """Whether a release is in a range; "" is every release. A candidate counts as its release."""
    final = Version(release.base_version) if release.is_prerelease else release
    return not specifiers or final in SpecifierSet(specifiers)
