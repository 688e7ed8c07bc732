"""The items of a Hydra `defaults:` list, and where in the configuration each of them goes.

The rules are those of hydra-core 1.3 (core/default_element.py), under Hydra's own names: a group is
a folder of alternatives, a package the path that a file's keys are put at.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rlconfig_lint.model import Block, Entry, Form, Source
from rlconfig_lint.resolve.interpolations import interpolates
from rlconfig_lint.resolve.lookup import above_and

SELF = "_self_"
_GLOBAL = "_global_"
# Of these words in a header Hydra 1.1 and later ones make different packages.
_BY_VERSION = ("_group_", "_name_")
_HEADER = re.compile(r"\s*#\s*@package\s+(\S+)\s*")
_HEADER_LENGTH = 512  # characters that Hydra looks at


@dataclass(frozen=True, slots=True)
class Default:
    """One item, as it is written and as the command or another file changes it."""

    group: str  # "" for a plain configuration
    names: tuple[str, ...]  # the alternatives that are chosen: none for `null`
    package: str | None = None
    listed: bool = False  # the alternatives are written as a list
    optional: bool = False
    override: bool = False
    readable: bool = True  # False: what it names only a run would tell

    @property
    def is_self(self) -> bool:
        return self.names == (SELF,)

    @property
    def interpolated(self) -> bool:
        return not self.listed and any(interpolates(name) for name in self.names)

    def each(self) -> Iterator[Default]:
        """A list of alternatives as plain configurations, as Hydra takes them."""
        for name in self.names:
            yield Default(
                "",
                (f"{self.group}/{name}",),
                self.package,
                optional=self.optional,
            )


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an item stands: the group and the package of the file whose list it is in."""

    group: str = ""
    package: str = ""

    def group_of(self, item: Default) -> str:
        """The folder that an item's file is in, from the search path's root."""
        group = _group(item)
        if (item.group or _only(item)).startswith("/"):
            return group.lstrip("/")
        return "/".join(part for part in (self.group, group) if part)

    def path_of(self, item: Default) -> str:
        """The item's file, from the search path's root."""
        name = _only(item) if item.group else posixpath.basename(_only(item))
        return "/".join(part for part in (self.group_of(item), name) if part)

    def package_of(self, item: Default, header: str | None = None) -> str:
        """Where the item's keys go; a package in the list counts before the file's header."""
        package = self._written(item)
        if package is None:
            package = header
        if package is None:
            package = _dotted(_group(item).lstrip("/"))
        joined = ".".join(part for part in (self.package, package) if part)
        _, found, below = joined.rpartition(_GLOBAL)
        return below[1:] if found else joined

    def key_of(self, item: Default) -> str:
        """The name under which an item can be overridden: `group` or `group@package`."""
        group, package = self.group_of(item), self.package_of(item)
        return group if package == _dotted(group) else f"{group}@{package or _GLOBAL}"

    def _written(self, item: Default) -> str | None:
        if item.package is None or item.package == "_here_":
            return None if item.package is None else ""
        if "_group_" in item.package:
            return f"{_GLOBAL}.{item.package.replace('_group_', _dotted(self.group_of(item)))}"
        return item.package


def _only(item: Default) -> str:
    return item.names[0] if item.names else ""


def _group(item: Default) -> str:
    return item.group or posixpath.dirname(_only(item))


def _dotted(group: str) -> str:
    return group.replace("/", ".")


def header_package(source: Source) -> str | None:
    """The package in a file's first comments: `# @package a.b`; None where there is none."""
    for line in source.text[:_HEADER_LENGTH].splitlines():
        if not line.strip():
            continue
        found = _HEADER.fullmatch(line)
        if found:
            package = found.group(1)
            return package if package.startswith(_GLOBAL) else f"{_GLOBAL}.{package}"
        if not re.match(r"\s*#\s*@", line):
            return None
    return None


def depends_on_version(package: str | None) -> bool:
    return package is not None and any(word in package for word in _BY_VERSION)


def first_document(source: Source) -> Block | None:
    """The document that a loader of configurations reads."""
    return next((block for block in source.blocks if block.form is Form.DOCUMENT), None)


def is_list(block: Block) -> bool:
    """Whether a document has a defaults list."""
    return any(e.path == ("defaults",) and isinstance(e.value, list) for e in block.entries)


def defaults(block: Block) -> tuple[Default, ...]:
    """The items of a document's defaults list, in its order."""
    inside = [entry for entry in block.entries if entry.path[:1] == ("defaults",)]
    by_number: dict[str, list[Entry]] = {}
    for entry in inside:
        if len(entry.path) > 1:
            by_number.setdefault(entry.path[1], []).append(entry)
    return tuple(_default(entries) for entries in by_number.values())


def _default(entries: list[Entry]) -> Default:
    """One item from its own entries: a string, or a mapping of one group."""
    first = entries[0]
    if isinstance(first.value, str) and first.value:
        path, package = _split(first.value)
        return Default("", (path,), package)
    groups = [e for e in entries if len(e.path) == 3 and e.path[2] != "optional"]
    if len(groups) != 1:
        return Default("", (), readable=False)
    return _of_group(groups[0], old_optional=len(groups) < sum(len(e.path) == 3 for e in entries))


def _of_group(entry: Entry, *, old_optional: bool) -> Default:
    """`[optional] [override] group[@package]: name`"""
    *keywords, key = entry.path[2].split(" ")
    group, package = _split(key)
    item = Default(
        group,
        (),
        package,
        optional="optional" in keywords or old_optional,
        override="override" in keywords,
        readable=bool(group),
    )
    return chosen(item, entry.value)


def chosen(item: Default, value: object) -> Default:
    """An item with another alternative of its group."""
    if value is None:
        return replace(item, names=(), listed=False)
    if isinstance(value, str) and value:
        return replace(item, names=(value,), listed=False)
    if isinstance(value, list | tuple):
        names = tuple(name for name in value if isinstance(name, str))
        if len(names) == len(value):
            return replace(item, names=names, listed=True)
    return replace(item, readable=False)


def _split(key: str) -> tuple[str, str | None]:
    group, at, package = key.partition("@")
    return group, package.partition(":")[0] if at else None


def group_folders(source: Source, block: Block) -> Iterator[str]:
    """The folders that a document's defaults list chooses files from; of a group that is named
    from the root, every folder that the root may be."""
    here = posixpath.dirname(source.path)
    for item in defaults(block) if is_list(block) else ():
        if item.group.startswith("/"):
            for root in above_and(here):
                yield posixpath.normpath(posixpath.join(root, item.group.lstrip("/")))
        elif item.group:
            yield posixpath.normpath(posixpath.join(here, item.group))
