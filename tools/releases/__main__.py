"""python -m tools.releases --out rlconfig_lint/releases/data [--cache DIR] [VERSION ...]"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from packaging.version import Version
from pypi_simple import DistributionPackage

from tools.releases import packages
from tools.releases.extract import Definitions, definitions
from tools.releases.store import Store

Job = tuple[str, DistributionPackage | None, Path | None]


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    if options.rebuild:
        shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True, exist_ok=True)
    store = Store(options.out)
    is_offline = options.versions and all(
        packages.in_cache(version, options.cache) for version in options.versions
    )
    released = {} if is_offline else packages.released()
    wanted = sorted(options.versions or released, key=Version)
    jobs: list[Job] = [
        (version, released.get(version), options.cache)
        for version in wanted
        if version not in store.releases
    ]
    for (version, *_), found in zip(jobs, _extracted(jobs, options.jobs), strict=True):
        store.add(version, found)
        counts = ", ".join(f"{len(names)} {section}" for section, names in found.items())
        print(f"{version}: {counts}")
    return 0


def _extracted(jobs: list[Job], processes: int | None) -> Iterator[Definitions]:
    """In the order of the jobs, whichever is done first."""
    if processes == 1:
        yield from map(_extract, jobs)
    else:
        with ProcessPoolExecutor(processes) as pool:
            yield from pool.map(_extract, jobs)


def _extract(job: Job) -> Definitions:
    version, package, cache = job
    return definitions(packages.sources(version, package, cache))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.releases", description=__doc__)
    parser.add_argument("versions", nargs="*", metavar="VERSION", help="default: all it lacks")
    parser.add_argument("--out", type=Path, required=True, help="the folder of the data")
    parser.add_argument("--cache", type=Path, help="where packages are kept and looked for")
    parser.add_argument("--jobs", type=int, help="processes; default: one a core")
    parser.add_argument(
        "--rebuild", action="store_true", help="forget the data first: after the generator changed"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
