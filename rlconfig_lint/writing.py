"""Writes a changed file: whole or not at all, mode kept, never outside the checked folders."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path


class NotWrittenError(Exception):
    """The file was left as it was; the message says why."""


def write(path: Path, old: bytes, new: bytes, roots: Sequence[Path]) -> None:
    """Replace a file's bytes atomically.

    Raises:
        NotWrittenError: it lies outside `roots` behind a link, changed since it was read, or the
            system refuses.
    """
    real = path.resolve()
    if not any(real.is_relative_to(root) for root in roots):
        raise NotWrittenError(f"it is a link to {real}, outside the checked folders")
    try:
        if real.read_bytes() != old:
            raise NotWrittenError("it changed while it was being checked: run again")
        _replace(real, new)
    except OSError as error:
        raise NotWrittenError(f"it cannot be written: {error.strerror}") from None


def _replace(path: Path, data: bytes) -> None:
    """A new file beside the old one, then a rename over it."""
    if not os.access(path, os.W_OK):
        raise PermissionError(13, "read-only file")
    mode = path.stat().st_mode
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".rlconfig-lint-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode & 0o7777)  # noqa: PTH101 - a descriptor's name, not a path of ours
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
