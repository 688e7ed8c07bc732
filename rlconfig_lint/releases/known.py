"""The vLLM releases this version of the tool knows, and specifier ranges over them."""

from __future__ import annotations

from functools import lru_cache

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

# Every release on the package index from 0.6.0 on, in order.
_RELEASES = """
0.6.0 0.6.1 0.6.1.post1 0.6.1.post2 0.6.2 0.6.3 0.6.3.post1 0.6.4 0.6.4.post1 0.6.5 0.6.6
0.6.6.post1 0.7.0 0.7.1 0.7.2 0.7.3 0.8.0 0.8.1 0.8.2 0.8.3 0.8.4 0.8.5 0.8.5.post1 0.9.0 0.9.0.1
0.9.1 0.9.2 0.10.0 0.10.1 0.10.1.1 0.10.2 0.11.0 0.11.1 0.11.2 0.12.0 0.13.0 0.14.0 0.14.1 0.15.0
0.15.1 0.16.0 0.17.0 0.17.1 0.18.0 0.18.1 0.19.0 0.19.1 0.20.0 0.20.1 0.20.2 0.21.0 0.22.0 0.22.1
0.23.0 0.24.0 0.25.0 0.25.1 0.26.0 0.27.0 0.27.1 0.28.0 0.29.0 0.30.0 0.31.0 0.32.0 0.33.0
"""


_FAR_AHEAD = Version("999")


@lru_cache(maxsize=1)
def releases() -> tuple[Version, ...]:
    return tuple(Version(text) for text in _RELEASES.split())


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
