"""The keys of a configuration, whatever it was written in, with interpolations followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, Place, Value
from rlconfig_lint.readers.scalars import json_value
from rlconfig_lint.resolve.interpolations import interpolates
from rlconfig_lint.resolve.references import MISSING, Found, Keys, References

__all__ = ["Keys", "Tree", "keys_of", "names_at", "snake", "words_of"]

_DEEPEST = 50


def keys_of(path: str) -> Keys:
    """`"a.b"` as keys; `""` is the root."""
    return tuple(path.split(".")) if path else ()


@dataclass(frozen=True, slots=True)
class Inherited:
    """The paths of a tree whose entries stand in other files than its own."""

    entries: Mapping[Keys, Entry]
    file: str

    def __contains__(self, path: object) -> bool:
        entry = self.entries.get(path) if self.file else None  # type: ignore[call-overload]
        return entry is not None and entry.place.path != self.file


@dataclass(frozen=True)
class Tree:
    """Entries by their path, from one file or from several that are laid over one another."""

    entries: Mapping[Keys, Entry] = field(default_factory=dict)
    file: str = ""  # whose entries are its own, where there are others
    unseen: frozenset[Keys] = frozenset()  # below these, keys may come from where nobody can see
    env: Mapping[str, Entry] = field(default_factory=dict)  # what `${oc.env:X}` is known to find

    @classmethod
    def of(cls, block: Block) -> Tree:
        """A block's own keys; of a command, its `a.b=c` overrides."""
        entries: Iterable[Entry] = block.entries
        if block.form is Form.COMMAND:
            entries = (entry for entry in entries if not entry.key.startswith("-"))
        elif block.form is Form.CALL:
            entries = _with_inner(entries)
        return cls({entry.path: entry for entry in entries}, unseen=_unseen(block), env=block.env)

    @classmethod
    def of_flags(cls, block: Block) -> Tree:
        """A command's flags: `--a.b-c` is `a.b_c`."""
        flags = (entry for entry in block.entries if entry.key.startswith("-"))
        renamed = (replace(flag, path=tuple(map(snake, flag.path))) for flag in flags)
        entries = {flag.path: flag for flag in _with_inner(renamed)}
        return cls(entries, unseen=_unseen(block), env=block.env)

    def with_below(self, call: Block) -> Tree:
        """This tree with another call's keys below the last part of that call's name."""
        at = call.name.rpartition(".")[2]
        below = (replace(entry, path=(at, *entry.path)) for entry in _with_inner(call.entries))
        entries = {**self.entries, **{entry.path: entry for entry in below}}
        return replace(self, entries=entries, unseen=self.unseen | _unseen(call))

    @property
    def open(self) -> bool:
        """Whether keys may come from elsewhere anywhere in it."""
        return () in self.unseen

    def hides(self, keys: Keys) -> bool:
        """Whether keys below a path may come from where nobody can see."""
        return self._references.hides(keys)

    @property
    def inherited(self) -> Inherited:
        """The paths that a parent configuration supplied."""
        return Inherited(self.entries, self.file)

    @cached_property
    def children(self) -> dict[Keys, list[Entry]]:
        """The entries directly below each path that has any at or below it, the root first."""
        found: dict[Keys, list[Entry]] = {}
        for path, entry in self.entries.items():
            parent = path[:-1]
            if parent not in found:
                found.update(
                    (parent[:n], []) for n in range(len(parent)) if parent[:n] not in found
                )
                found[parent] = []
            found[parent].append(entry)
        return found

    @cached_property
    def _references(self) -> References:
        return References(self.entries, self.children, self.unseen, self.env)

    @cached_property
    def _read(self) -> dict[Keys, tuple[Entry, ...]]:
        """What `below` has given already: frameworks ask for one path several times."""
        return {}

    def has(self, keys: Keys) -> bool:
        """Whether anything is written at or below a path."""
        if keys in self.entries or keys in self.children:
            return True
        here = self._where(keys)
        return here in self.entries or here in self.children

    def get(self, keys: Keys) -> Entry | None:
        here = self._where(keys)
        found = self.entries.get(here)
        if found is None:
            return None
        return self._as_read(found if here == keys else _moved(found, keys))

    def below(self, keys: Keys) -> Iterator[Entry]:
        """The entries directly below a path, mappings opened into values."""
        if keys not in self._read:
            self._read[keys] = tuple(self._below(keys, 0))
        yield from self._read[keys]

    def names_at(self, keys: Keys) -> frozenset[str]:
        """The keys directly below a path, in vLLM's spelling."""
        return frozenset(snake(e.path[-1]) for e in self.children.get(self._container(keys), ()))

    def _where(self, keys: Keys) -> Keys:
        """Where a path leads when a mapping above it is a reference to another one."""
        if keys in self.entries or keys in self.children:
            return keys
        for n in range(1, len(keys)):
            entry = self.entries.get(keys[:n])
            if entry is not None and interpolates(entry.value):
                return self._references.canonical(keys) or keys
        return keys

    def _container(self, keys: Keys) -> Keys:
        """The path whose entries stand at `keys`: its own, or those of the mapping it refers to."""
        here = self._where(keys)
        if here in self.entries and interpolates(self.entries[here].value):
            return self._references.of(here).node or here
        return here

    def _below(self, keys: Keys, depth: int) -> Iterator[Entry]:
        here = self._container(keys)
        for entry in self.children.get(here, ()):
            if here != keys:
                entry = _moved(entry, (*keys, entry.path[-1]))
            if isinstance(entry.value, str | dict | list):
                entry = self._read_value(entry, (*here, entry.path[-1]), depth)
            yield entry

    def _read_value(self, entry: Entry, here: Keys, depth: int) -> Entry:
        """An entry with its interpolations followed and its mapping opened."""
        found = self._references.of(here)
        value, node = found.value, found.node
        if node is not None and isinstance(value, list):
            value = self._items(node, value)
        elif node is not None and (value == {} or node in self.children):
            value = self._opened(node, depth + 1)
        if value is entry.value and not found.overridable:
            return entry
        return replace(entry, value=value, overridable=found.overridable)

    def _opened(self, keys: Keys, depth: int) -> Value:
        if depth > _DEEPEST:
            return UNKNOWN
        if keys not in self._mappings:
            self._mappings[keys] = UNKNOWN  # what a mapping inside itself comes to
            below = self._below(keys, depth)
            self._mappings[keys] = {entry.path[-1]: entry.value for entry in below}
        return self._mappings[keys]

    @cached_property
    def _mappings(self) -> dict[Keys, Value]:
        """The mappings that were opened already: several references may lead to one."""
        return {}

    def _items(self, path: Keys, items: list[object]) -> Value:
        """A list with the interpolations among its items followed."""
        if not any(isinstance(item, str) and interpolates(item) for item in items):
            return items
        found = {e.path[-1]: self._references.of(e.path) for e in self.children.get(path, ())}
        return [
            found.get(str(number), Found(UNKNOWN)).value
            if isinstance(item, str) and interpolates(item)
            else item
            for number, item in enumerate(items)
        ]

    def _as_read(self, entry: Entry) -> Entry:
        found = self._references.at(entry.path) or Found(entry.value)
        value = found.value
        if isinstance(value, list) and found.node is not None:
            value = self._items(found.node, value)
        return replace(entry, value=value, overridable=found.overridable)

    def containers(self) -> Iterator[Keys]:
        """Every path that has keys directly below it."""
        yield from self.children

    # --- laying together ---

    def under(self, parent: Tree) -> Tree:
        """This tree laid over its parent, as OmegaConf merges them: mappings key by key, anything
        else whole; what is `???` here leaves the parent's value. Where the parent refers to a
        mapping that this tree adds keys to, OmegaConf copies that mapping as it is at that moment:
        its keys are not known here."""
        holders = _holders(self)
        entries = _uncovered(self, parent, holders)
        for path, entry in self.entries.items():
            if entry.value != MISSING or path not in entries:
                entries[path] = entry
        referring = {
            h for h in holders if h in parent.entries and interpolates(parent.entries[h].value)
        }
        unseen = self.unseen | parent.unseen | referring
        return Tree(entries, self.file, unseen, {**parent.env, **self.env})

    def at(self, package: Keys, place: Place) -> Tree:
        """The same keys below a path; `place` is where the file that puts them there stands."""
        if not package:
            return self
        above = (package[:n] for n in range(1, len(package) + 1))
        entries = {path: Entry(path, {}, place, shared=True) for path in above}
        for path, entry in self.entries.items():
            moved = package + path
            entries[moved] = replace(entry, path=moved)
        return replace(self, entries=entries)

    def without(self, keys: Keys) -> Tree:
        """The tree with a path and all below it taken away."""
        if not self.has(keys):
            return self
        kept = dict(self.entries)
        _remove(self, keys, kept)
        kept.pop(keys, None)
        return replace(self, entries=kept)


def _uncovered(child: Tree, parent: Tree, holders: Mapping[Keys, Entry]) -> dict[Keys, Entry]:
    """The parent's entries that a child leaves standing, with the mappings that it goes into."""
    kept = dict(parent.entries)
    for holder, first in holders.items():
        entry = kept.get(holder)
        if entry is None:
            kept[holder] = Entry(holder, {}, first.place, shared=True)
        elif isinstance(entry.value, list):  # an item of it is changed
            kept[holder] = replace(entry, value=UNKNOWN)
        elif not isinstance(entry.value, dict):
            kept[holder] = replace(entry, value={})
    for path, entry in child.entries.items():
        covers = not isinstance(entry.value, dict) and entry.value != MISSING
        if covers and path in kept and isinstance(kept[path].value, dict | list):
            _remove(parent, path, kept)
    return kept


def _remove(tree: Tree, keys: Keys, kept: dict[Keys, Entry]) -> None:
    """Take away what a tree has below a path."""
    todo = [keys]
    while todo:
        for entry in tree.children.get(todo.pop(), ()):
            kept.pop(entry.path, None)
            todo.append(entry.path)


def _holders(tree: Tree) -> dict[Keys, Entry]:
    """Every mapping that a tree has keys in, outermost first, with one of these keys."""
    found: dict[Keys, Entry] = {}
    for path, entries in tree.children.items():
        for n in range(1, len(path) + 1 if entries else 0):
            found.setdefault(path[:n], entries[0])
    for path, entry in tree.entries.items():
        if isinstance(entry.value, list):
            found.pop(path, None)
        elif isinstance(entry.value, dict):
            found.setdefault(path, entry)
    return found


def _unseen(block: Block) -> frozenset[Keys]:
    return frozenset(((),)) if block.open else frozenset()


def _moved(entry: Entry, path: Keys) -> Entry:
    """An entry that is read at another path than it stands at."""
    return replace(entry, path=path, shared=True)


def _with_inner(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Entries, and the keys of the mappings among their values: read here and written nowhere."""
    todo = list(entries)[::-1]
    while todo:
        entry = todo.pop()
        yield entry
        if isinstance(entry.value, dict):
            todo.extend(
                replace(entry, path=(*entry.path, str(key)), value=json_value(value), shared=True)
                for key, value in entry.value.items()
            )


def names_at(tree: Tree, keys: Keys) -> frozenset[str]:
    """The keys directly below a path, in vLLM's spelling."""
    return tree.names_at(keys)


def snake(key: str) -> str:
    return key.lstrip("-").replace("-", "_")


def words_of(keys: Iterable[str]) -> Iterator[str]:
    """The words that keys and file names are made of: `reward_model` is `reward` and `model`."""
    for key in keys:
        yield from re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower())
