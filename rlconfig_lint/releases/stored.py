"""The files that hold what each vLLM release accepts, and how they are read.

    data/index.json                 release -> the object that describes it
    data/objects/RELEASE-HASH.json  one object; HASH is of its own bytes, so it never changes

Releases differ little, so an object holds the definitions that its release is the first to have
and the names that it drops; the rest is its base's, the object of the release before. A definition
that comes back names the object that has it (`uses`), so that equal definitions stand in one file
once. Every 16th object has no base and names all its definitions that way: reading a release opens
at most 16 small files however many releases follow, and a definition's own file only when it is
asked for. A new release adds its object and a line of the index; nothing else changes.
Plain deltas would need every file for the newest release; full snapshots of definitions would
store the unchanged ones again; one file of definitions would change with every release.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

Json = Any
Names = dict[str, dict[str, str]]
"""Section -> name -> the object that holds its definition."""

SECTIONS = (
    "arguments",
    "environment",
    "flags",
    "llm",
    "methods",
    "nested",
    "routes",
    "sampling",
)
DATA = Path(__file__).parent / "data"


class Stored:
    """One folder of this layout; each file is read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._objects: dict[str, Mapping[str, Json]] = {}
        self._names: dict[str, Names] = {}

    @cached_property
    def index(self) -> dict[str, str]:
        """Release -> object. Several releases share one where nothing changed between them."""
        path = self.root / "index.json"
        if not path.exists():
            return {}
        releases: dict[str, str] = json.loads(path.read_bytes())["releases"]
        return releases

    def object(self, name: str) -> Mapping[str, Json]:
        if name not in self._objects:
            path = self.root / "objects" / f"{name}.json"
            self._objects[name] = json.loads(path.read_bytes())
        return self._objects[name]

    def names(self, name: str) -> Names:
        """What an object describes: all of its release's names, and where each is defined."""
        if name not in self._names:
            self._names[name] = self._resolve(name)
        return self._names[name]

    def _resolve(self, name: str) -> Names:
        described = self.object(name)
        base = described.get("base")
        inherited = self.names(base) if base else {}
        names = {section: dict(inherited.get(section, {})) for section in SECTIONS}
        for section, dropped in described.get("drops", {}).items():
            for each in dropped:
                del names[section][each]
        for holder, sections in described.get("uses", {}).items():
            for section, used in sections.items():
                names[section].update(dict.fromkeys(used, holder))
        for section, defined in described.get("definitions", {}).items():
            names[section].update(dict.fromkeys(defined, name))
        return names

    def definition(self, section: str, name: str, holder: str) -> Mapping[str, Json]:
        """A definition; its `source` names the release that was the first to have it."""
        held = self.object(holder)
        definition: dict[str, Json] = held["definitions"][section][name]
        return {**definition, "source": f"{held['release']}:{definition['source']}"}
