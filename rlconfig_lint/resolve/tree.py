"""The keys of a configuration, whatever it was written in, with interpolations followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, Value
from rlconfig_lint.readers.scalars import json_value

Keys = tuple[str, ...]

_REFERENCE = re.compile(r"\$\{(\.*)([\w/-]+(?:\.[\w-]+)*)\}")
_DEEPEST_REFERENCE = 10


def keys_of(path: str) -> Keys:
    """`"a.b"` as keys; `""` is the root."""
    return tuple(path.split(".")) if path else ()


@dataclass(frozen=True)
class Tree:
    """Entries by their path. `inherited` are the paths that a parent configuration supplied."""

    entries: Mapping[Keys, Entry] = field(default_factory=dict)
    inherited: frozenset[Keys] = frozenset()
    open: bool = False  # other keys may come from where nobody can see

    @classmethod
    def of(cls, block: Block) -> Tree:
        """A block's own keys; of a command, its `a.b=c` overrides."""
        entries: Iterable[Entry] = block.entries
        if block.form is Form.COMMAND:
            entries = (entry for entry in entries if not entry.key.startswith("-"))
        elif block.form is Form.CALL:
            entries = _with_inner(entries)
        return cls({entry.path: entry for entry in entries}, open=block.open)

    @classmethod
    def of_flags(cls, block: Block) -> Tree:
        """A command's flags: `--a.b-c` is `a.b_c`."""
        flags = (entry for entry in block.entries if entry.key.startswith("-"))
        renamed = (replace(flag, path=tuple(map(snake, flag.path))) for flag in flags)
        return cls({flag.path: flag for flag in _with_inner(renamed)}, open=block.open)

    def with_below(self, call: Block) -> Tree:
        """This tree with another call's keys below the last part of that call's name."""
        at = call.name.rpartition(".")[2]
        below = (replace(entry, path=(at, *entry.path)) for entry in _with_inner(call.entries))
        return Tree(
            {**self.entries, **{entry.path: entry for entry in below}},
            self.inherited,
            self.open or call.open,
        )

    def under(self, parent: Tree) -> Tree:
        """This tree laid over its parent, as OmegaConf merges them."""
        return Tree(
            {**parent.entries, **self.entries},
            (parent.inherited | frozenset(parent.entries)) - frozenset(self.entries),
            self.open or parent.open,
        )

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

    def has(self, keys: Keys) -> bool:
        """Whether anything is written at or below a path."""
        return keys in self.entries or keys in self.children

    def get(self, keys: Keys) -> Entry | None:
        found = self.entries.get(keys)
        return replace(found, value=self.follow(found)) if found else None

    def below(self, keys: Keys) -> Iterator[Entry]:
        """The entries directly below a path, mappings opened into values."""
        for entry in self.children.get(keys, ()):
            yield replace(entry, value=self._opened(entry))

    def _opened(self, entry: Entry) -> Value:
        if entry.value != {}:
            return self.follow(entry)
        return {below.path[-1]: below.value for below in self.below(entry.path)}

    def follow(self, entry: Entry) -> Value:
        """An entry's value behind its interpolations; UNKNOWN where only a run would tell."""
        path, value = entry.path, entry.value
        for _ in range(_DEEPEST_REFERENCE):
            if not isinstance(value, str) or ("${" not in value and "{{" not in value):
                return value
            found = _REFERENCE.fullmatch(value)
            if not found:
                return UNKNOWN
            dots, reference = found.groups()
            base = path[: -len(dots)] if dots and len(dots) <= len(path) else ()
            if dots and len(dots) > len(path):
                return UNKNOWN
            target = self.entries.get((*base, *reference.split(".")))
            if target is None:
                return UNKNOWN
            path, value = target.path, target.value
        return UNKNOWN

    def containers(self) -> Iterator[Keys]:
        """Every path that has keys directly below it."""
        yield from self.children


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
    return frozenset(snake(entry.path[-1]) for entry in tree.children.get(keys, ()))


def snake(key: str) -> str:
    return key.lstrip("-").replace("-", "_")


def words_of(keys: Iterable[str]) -> Iterator[str]:
    """The words that keys and file names are made of: `reward_model` is `reward` and `model`."""
    for key in keys:
        yield from re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower())
