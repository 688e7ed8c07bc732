"""The keys of a configuration, whatever it was written in, with interpolations followed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, Value

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
        entries = (
            entry
            for entry in block.entries
            if block.form is not Form.COMMAND or not entry.key.startswith("-")
        )
        return cls({entry.path: entry for entry in entries}, open=block.open)

    def under(self, parent: Tree) -> Tree:
        """This tree laid over its parent, as OmegaConf merges them."""
        return Tree(
            {**parent.entries, **self.entries},
            (parent.inherited | frozenset(parent.entries)) - frozenset(self.entries),
            self.open or parent.open,
        )

    def has(self, keys: Keys) -> bool:
        """Whether anything is written at or below a path."""
        return keys in self.entries or any(path[: len(keys)] == keys for path in self.entries)

    def get(self, keys: Keys) -> Entry | None:
        found = self.entries.get(keys)
        return replace(found, value=self.follow(found)) if found else None

    def below(self, keys: Keys) -> Iterator[Entry]:
        """The entries directly below a path, mappings opened into values."""
        for path, entry in self.entries.items():
            if len(path) == len(keys) + 1 and path[:-1] == keys:
                value = self.mapping(path) if entry.value == {} else self.follow(entry)
                yield replace(entry, value=value)

    def mapping(self, keys: Keys) -> Value:
        """A mapping's values, nested ones included."""
        return {
            entry.path[-1]: self.mapping(entry.path) if entry.value == {} else self.follow(entry)
            for entry in list(self.entries.values())
            if len(entry.path) == len(keys) + 1 and entry.path[:-1] == keys
        }

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
        """Every path that has keys directly below it, the root first."""
        seen: dict[Keys, None] = {}
        for path in self.entries:
            seen.setdefault(path[:-1])
        yield from seen


def names_at(tree: Tree, keys: Keys) -> frozenset[str]:
    """The keys directly below a path, in vLLM's spelling."""
    length = len(keys) + 1
    return frozenset(
        snake(path[-1]) for path in tree.entries if len(path) == length and path[:-1] == keys
    )


def snake(key: str) -> str:
    return key.lstrip("-").replace("-", "_")


def words_of(keys: Iterable[str]) -> Iterator[str]:
    """The words that keys and file names are made of: `reward_model` is `reward` and `model`."""
    for key in keys:
        yield from re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower())
