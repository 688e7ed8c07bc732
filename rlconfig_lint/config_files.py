"""Finds the configuration of a folder. Validating it is dear and left until there is one."""

from __future__ import annotations

import re
from pathlib import Path

FILE_NAME = "rlconfig-lint.toml"
_TABLE = re.compile(rb"^\s*\[\s*tool\s*\.\s*[\"']?rlconfig-lint[\"']?\s*[\].]", re.MULTILINE)


def closest(folder: Path) -> Path | None:
    """The file of the nearest folder, at or above this one, that has a configuration."""
    for above in (folder, *folder.parents):
        own = above / FILE_NAME
        if own.is_file():
            return own
        project = above / "pyproject.toml"
        if project.is_file() and _TABLE.search(project.read_bytes()):
            return project
    return None
