"""Finds vLLM's released packages, downloads them and reads the Python sources in them."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from packaging.version import InvalidVersion, Version
from pypi_simple import DistributionPackage, PyPISimple

from tools.releases.remote import buffered

FIRST = Version("0.6.0")


def released() -> dict[str, DistributionPackage]:
    """Every final release from 0.6.0 on, with its sdist, or a wheel where it has no sdist."""
    with PyPISimple() as client:
        packages = client.get_project_page("vllm").packages
    chosen: dict[str, DistributionPackage] = {}
    for package in sorted(packages, key=_preference):
        version = _version(package)
        if version is not None and package.package_type in {"sdist", "wheel"}:
            chosen.setdefault(str(version), package)
    return dict(sorted(chosen.items(), key=lambda item: Version(item[0])))


def sources(
    version: str, package: DistributionPackage | None, cache: Path | None
) -> Mapping[str, str]:
    """{"vllm/config.py": text} of a release, from the cache where it is there.

    Raises:
        LookupError: it is neither in the cache nor released.
    """
    kept = in_cache(version, cache)
    if kept:
        return dict(_read(kept))
    if package is None:
        raise LookupError(f"there is no vLLM {version}")
    with PyPISimple() as client:
        if package.package_type == "sdist":
            return _from_sdist(client, package, cache)
        return _from_wheel(client, version, package, cache)


def _from_sdist(
    client: PyPISimple, package: DistributionPackage, cache: Path | None
) -> dict[str, str]:
    answer = client.s.get(package.url, timeout=600)
    answer.raise_for_status()
    content = bytes(answer.content)
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
        (cache / package.filename).write_bytes(content)
    return dict(_from_tar(io.BytesIO(content)))


def _from_wheel(
    client: PyPISimple, version: str, package: DistributionPackage, cache: Path | None
) -> dict[str, str]:
    """Only the modules of a wheel, which is mostly binaries."""
    head = client.s.head(package.url, timeout=60, allow_redirects=True)
    head.raise_for_status()
    size = int(head.headers["Content-Length"])
    found = dict(_from_zip(buffered(client.s.get, package.url, size)))
    if cache:
        cache.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(_kept_wheel(version, cache), "w", zipfile.ZIP_DEFLATED) as kept:
            for path, text in sorted(found.items()):
                kept.writestr(path, text)
    return found


def in_cache(version: str, cache: Path | None) -> Path | None:
    if cache is None:
        return None
    kept = (cache / f"vllm-{version}.tar.gz", _kept_wheel(version, cache))
    return next((path for path in kept if path.exists()), None)


def _kept_wheel(version: str, cache: Path) -> Path:
    return cache / f"vllm-{version}-modules.zip"


def _read(path: Path) -> Iterator[tuple[str, str]]:
    with path.open("rb") as file:
        yield from _from_zip(file) if path.suffix == ".zip" else _from_tar(file)


def _from_tar(file: io.BufferedIOBase) -> Iterator[tuple[str, str]]:
    with tarfile.open(fileobj=file, mode="r:gz") as archive:
        for member in archive:
            _, _, path = member.name.partition("/")
            if member.isfile() and _is_module(path):
                content = archive.extractfile(member)
                assert content is not None
                yield path, content.read().decode("utf-8", "replace")


def _from_zip(file: io.BufferedIOBase) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(file) as archive:
        for member in sorted(archive.infolist(), key=lambda each: each.header_offset):
            if _is_module(member.filename):
                yield member.filename, archive.read(member).decode("utf-8", "replace")


def _is_module(path: str) -> bool:
    return path.startswith("vllm/") and path.endswith(".py")


def _version(package: DistributionPackage) -> Version | None:
    """The release of a package; None for what is older, provisional or a local build."""
    try:
        version = Version(package.version or "")
    except InvalidVersion:
        return None
    is_wanted = version >= FIRST and not version.is_prerelease and not version.local
    return version if is_wanted else None


def _preference(package: DistributionPackage) -> tuple[bool, bool, str]:
    is_wheel = package.package_type != "sdist"
    return is_wheel, "x86_64" not in package.filename, package.filename
