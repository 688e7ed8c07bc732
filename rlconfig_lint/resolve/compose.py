"""Hydra's composition: a primary configuration and its defaults list to the files it is laid
together from, in the order in which they are merged.

The walk is that of hydra-core 1.3 (_internal/defaults_list.py), which visits the items of a list
from the last to the first: what is overridden twice depends on it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import Block, Entry, Place, Source
from rlconfig_lint.resolve.defaults_list import (
    SELF,
    Default,
    Spot,
    chosen,
    defaults,
    depends_on_version,
    first_document,
    header_package,
)
from rlconfig_lint.resolve.interpolations import interpolates
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.tree import Keys, Tree, keys_of

_DEEPEST = 20
_MOST_FILES = 200
_MOST_ENTRIES = 40_000
_HYDRAS_OWN = "hydra/"


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a configuration, and the path that its keys are put at."""

    source: Source
    block: Block
    package: Keys = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What a command says about a group: `group=name`, `+group=name`, `~group`."""

    key: str
    value: object = None  # a name, several in a tuple, or None
    package: str | None = None
    added: bool = False
    deleted: bool = False


@dataclass(frozen=True)
class Primary:
    """The configuration that is asked for, and where its parents are looked for."""

    source: Source
    block: Block
    name: str  # from the search path's root: "a", "experiments/b"
    roots: tuple[str | None, ...]  # None: a place outside the checked tree
    choices: tuple[Choice, ...] = ()

    @property
    def key(self) -> tuple[object, ...]:
        """What its composition depends on, within one run."""
        return (self.source.path, self.name, self.roots, self.choices)


@dataclass(frozen=True)
class Composition:
    parts: tuple[Part, ...]  # in the order in which they are merged
    unseen: frozenset[Keys]  # below these, keys come from files that are not here


def compose(primary: Primary, lookup: Lookup) -> Composition:
    """The files of a Hydra configuration, and what was not found."""
    composer = _Composer(primary, lookup)
    item = Default("", (primary.name,))
    parts = composer.file(item, Spot(), primary.source, primary.block, 0)
    return Composition(tuple(parts), frozenset((*composer.unseen, *composer.unused())))


@dataclass
class _Overrides:
    """The choices that replace those of a list: the command's first, then the outermost file's."""

    chosen: dict[str, object] = field(default_factory=dict)
    deleted: dict[str, object] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


class _Composer:
    def __init__(self, primary: Primary, lookup: Lookup) -> None:
        self.primary = primary
        self.lookup = lookup
        self.unseen: set[Keys] = set()
        self.known: dict[str, str | None] = {}  # the alternative that each group has, by its key
        self.overrides = _Overrides()
        self.added: list[Default] = []
        self.files = 0
        self.entries = 0
        for choice in primary.choices:
            self._take(choice)

    def _take(self, choice: Choice) -> None:
        key = choice.key if choice.package is None else f"{choice.key}@{choice.package}"
        if choice.deleted:
            self.overrides.deleted[key] = choice.value
        elif choice.added:
            self.added.append(chosen(Default(choice.key, (), choice.package), choice.value))
        else:
            self.overrides.chosen[key] = choice.value

    def unused(self) -> list[Keys]:
        """Choices that no list has a group for: Hydra refuses them, or a file is not here."""
        overrides = self.overrides
        asked = {*overrides.chosen, *overrides.deleted} - overrides.used
        return [()] if any(not key.startswith(_HYDRAS_OWN) for key in asked) else []

    def file(
        self, item: Default, spot: Spot, source: Source, block: Block | None, depth: int
    ) -> list[Part]:
        """A file's own keys among those of the items of its list."""
        header = header_package(source)
        if item.package is None and depends_on_version(header):
            self.unseen.add(())
            return []
        package = spot.package_of(item, header)
        own = [Part(source, block, keys_of(package))] if block is not None else []
        items = list(defaults(block)) if block is not None else []
        if not items and not (depth == 0 and self.added):
            return own
        if not any(i.is_self for i in items) and (not items or any(not i.override for i in items)):
            items.append(Default("", (SELF,)))
        items += self.added if depth == 0 else []
        here = Spot(spot.group_of(item), package)
        for override in (i for i in items if i.override):
            self._override(override, here)
        if all(i.override for i in items):
            return own
        return self._laid_together(items, here, own, depth)

    def _override(self, item: Default, here: Spot) -> None:
        if not item.readable or len(item.names) > 1 or item.interpolated:
            self.unseen.add(())
            return
        value: object = item.names if item.listed else (item.names or (None,))[0]
        self.overrides.chosen.setdefault(here.key_of(item), value)

    def _laid_together(
        self, items: Sequence[Default], here: Spot, own: list[Part], depth: int
    ) -> list[Part]:
        found: list[list[Part]] = []
        waiting: list[tuple[int, Default]] = []  # what names another choice, until all are made
        for item in reversed(items):
            if item.is_self:
                found.append(own)
                continue
            if item.override:
                continue
            item = self._as_chosen(item, here)
            if item.interpolated:
                waiting.append((len(found), item))
                found.append([])
            elif item.listed:
                found.extend(self._item(each, here, depth) for each in reversed(list(item.each())))
            else:
                found.append(self._item(item, here, depth))
        known = dict(self.known)
        for number, item in waiting:
            found[number] = self._item(_with_choices(item, known, here), here, depth)
        return [part for parts in reversed(found) for part in parts]

    def _as_chosen(self, item: Default, here: Spot) -> Default:
        """The item with the choice that overrides it, where there is one."""
        key = here.key_of(item) if item.group else ""
        if key not in self.overrides.chosen:
            return item
        self.overrides.used.add(key)
        return chosen(item, self.overrides.chosen[key])

    def _item(self, item: Default, here: Spot, depth: int) -> list[Part]:
        package = keys_of(here.package_of(item))
        self.files += 1
        too_much = self.files > _MOST_FILES or depth > _DEEPEST
        if not item.readable or too_much or "" in package:
            self.unseen.add(() if "" in package else package)
            return []
        if item.group and self._is_deleted(item, here):
            return []
        if item.group:
            self.known[here.key_of(item)] = item.names[0] if item.names else None
        if not item.names:
            return []
        found, certain = self._find(here.path_of(item))
        block = first_document(found) if found is not None else None
        self.entries += len(block.entries) if block is not None else 0
        too_large = self.entries > _MOST_ENTRIES
        if not certain or too_large or (found is None and not item.optional):
            self.unseen.add(package)
        if found is None or too_large:
            return []
        return self.file(item, here, found, block, depth + 1)

    def _is_deleted(self, item: Default, here: Spot) -> bool:
        key = here.key_of(item)
        if key not in self.overrides.deleted:
            return False
        name = self.overrides.deleted[key]
        if name is not None and (name,) != item.names:
            return False
        self.overrides.used.add(key)
        return True

    def _find(self, path: str) -> tuple[Source | None, bool]:
        """A file of the search path, and whether it is certain that Hydra takes this one."""
        if path.endswith("???") or interpolates(path):
            return None, False
        certain = True
        for root in self.primary.roots:
            if root is None:
                certain = False
                continue
            found = self.lookup.config(posixpath.join(root, path))
            if found is not None:
                return found, certain and found.problem is None
        return None, certain


def _with_choices(item: Default, known: Mapping[str, str | None], here: Spot) -> Default:
    """An item whose name is made of other groups' choices: `${model_engine}_actor`."""
    entries: dict[Keys, Entry] = {
        (group,): Entry((group,), name, _NOWHERE) for group, name in known.items()
    }
    entries[("",)] = Entry(("",), item.names[0], _NOWHERE)
    named = Tree(entries).get(("",))
    certain = named is not None and not named.overridable and bool(item.group or not here.group)
    if named is None or not isinstance(named.value, str) or not certain:
        return replace(item, readable=False)
    return replace(item, names=(named.value,))


_NOWHERE = Place("", 0, 0, 1, 1, 1, 1)


def search_path(
    block: Block, folder: str, lookup: Lookup, instead: object = None
) -> list[str | None]:
    """Further places where a primary configuration has its parents looked for, as far as they are
    in the checked tree: its `hydra.searchpath`, or what the command gives instead of it."""
    given = instead
    if given is None:
        given = next((e.value for e in block.entries if e.path == ("hydra", "searchpath")), None)
    if given is None:
        return []
    return [_place(value, folder, lookup) for value in given] if isinstance(given, list) else [None]


def _place(value: object, folder: str, lookup: Lookup) -> str | None:
    if not isinstance(value, str) or interpolates(value):
        return None
    if value.startswith("pkg://"):
        return lookup.folder_from(value.removeprefix("pkg://").replace(".", "/"), folder)
    return lookup.folder_from(value, folder)
