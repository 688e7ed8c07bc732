"""Writes what rlconfig_lint/releases/stored.py reads; its docstring explains the layout."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from packaging.version import Version

from rlconfig_lint.releases.stored import Names, Stored
from tools.releases.extract import Definitions
from tools.releases.fields import Entry
from tools.releases.values import Json

# Names of a whole release cost 10 to 30 KB, a step back 0.1 ms.
_LONGEST_CHAIN = 16
_HASH_LENGTH = 10
# How deep a document's members each get a line of their own.
_LINES = 3


class Store:
    """A folder of data that releases are added to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._stored = Stored(root)
        self._holders: dict[str, str] = {}
        for name in sorted(set(self._stored.index.values())):
            self._remember(name)

    @property
    def releases(self) -> list[str]:
        return sorted(self._stored.index, key=Version)

    def add(self, release: str, definitions: Definitions) -> list[Path]:
        """Adds a release and returns the files this wrote; none where it is there already."""
        if release in self._stored.index:
            return []
        base = self._before(release)
        known, new = self._split(definitions)
        if base and not any(new.values()) and known == self._stored.names(base):
            return [self._write_index({**self._stored.index, release: base})]
        described = self._describe(release, base, known, new)
        text = encode(described)
        name = f"{release}-{sha256(text.encode()).hexdigest()[:_HASH_LENGTH]}"
        path = self.root / "objects" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        self._remember(name)
        return [path, self._write_index({**self._stored.index, release: name})]

    def _before(self, release: str) -> str | None:
        """The object of the newest release that is older."""
        older = [each for each in self.releases if Version(each) < Version(release)]
        return self._stored.index[older[-1]] if older else None

    def _split(self, definitions: Definitions) -> tuple[Names, Definitions]:
        """The definitions that some object holds already, by holder, and the others."""
        known: Names = {section: {} for section in definitions}
        new: Definitions = {section: {} for section in definitions}
        for section, name, entry in _each(definitions):
            holder = self._holders.get(_identity(section, name, entry))
            if holder is None:
                new[section][name] = entry
            else:
                known[section][name] = holder
        return known, new

    def _describe(
        self, release: str, base: str | None, known: Names, new: Definitions
    ) -> dict[str, Json]:
        if base is not None and self._chain(base) >= _LONGEST_CHAIN:
            base = None
        inherited = self._stored.names(base) if base else {}
        uses: dict[str, dict[str, list[str]]] = {}
        drops: dict[str, list[str]] = {}
        for section, names in known.items():
            before = inherited.get(section, {})
            for name, holder in names.items():
                if before.get(name) != holder:
                    uses.setdefault(holder, {}).setdefault(section, []).append(name)
            if dropped := before.keys() - names.keys() - new[section].keys():
                drops[section] = sorted(dropped)
        described = {
            "release": release,
            "base": base,
            "definitions": {section: names for section, names in new.items() if names},
            "uses": {
                holder: {section: sorted(names) for section, names in sections.items()}
                for holder, sections in uses.items()
            },
            "drops": drops,
        }
        return {key: value for key, value in described.items() if value}

    def _chain(self, name: str) -> int:
        """How many objects reading this one opens."""
        base = self._stored.object(name).get("base")
        return 1 + (self._chain(base) if base else 0)

    def _remember(self, name: str) -> None:
        definitions = self._stored.object(name).get("definitions", {})
        for section, each, entry in _each(definitions):
            self._holders.setdefault(_identity(section, each, entry), name)

    def _write_index(self, releases: dict[str, str]) -> Path:
        path = self.root / "index.json"
        path.write_text(encode({"releases": releases}), encoding="utf-8", newline="\n")
        self._stored.index.update(releases)
        return path


def encode(document: Json, depth: int = 0) -> str:
    """JSON with sorted keys and one definition a line, so that a change is a change of lines."""
    if depth < _LINES and isinstance(document, dict) and document:
        members = (
            f"{json.dumps(key)}: {encode(value, depth + 1)}"
            for key, value in sorted(document.items())
        )
        text = "{\n" + ",\n".join(members) + "\n}"
    else:
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return text + "\n" if depth == 0 else text


def _each(definitions: Definitions) -> Iterator[tuple[str, str, Entry]]:
    for section in sorted(definitions):
        for name, entry in sorted(definitions[section].items()):
            yield section, name, entry


def _identity(section: str, name: str, entry: Entry) -> str:
    """What makes two definitions equal: all but the place they were read from."""
    content = {key: value for key, value in entry.items() if key != "source"}
    text = json.dumps([section, name, content], sort_keys=True)
    return sha256(text.encode()).hexdigest()
