"""Hydra's overrides: the words `a.b=c`, `+a.b=c`, `++a.b=c`, `~a.b` and `group=name` of a command.

The grammar is hydra-core 1.3's (grammar/OverrideLexer.g4). A word that it would refuse, a sweep and
a function have no value that can be read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import UNKNOWN, Block, Entry, Value
from rlconfig_lint.resolve.compose import Choice
from rlconfig_lint.resolve.interpolations import interpolates, primitive
from rlconfig_lint.resolve.tree import Keys, Tree

_KEY = re.compile(r"(~|\+{0,2})([A-Za-z_$][\w$-]*(?:[./][\w$-]+)*)(?:@([\w.$-]*))?")
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"", re.DOTALL)
_BARE = re.compile(r"(?:\\[\\()\[\]{}:=, \t]|\$\{[^{}]+\}|[\w/\-+.$%*@?|: \t])+", re.ASCII)
_SIMPLE = re.compile(r"[\w/\-+.]+", re.ASCII)
_MAPPINGS_KEY = re.compile(r"[\w/\-+.$%*@?| \t]+", re.ASCII)
_DEEPEST = 20
_MOST_ROUNDS = 200  # each lays a whole configuration together


@dataclass(frozen=True, slots=True)
class Override:
    """One word of a command, with the entry that the reader made of it."""

    key: str
    value: Value
    sign: str  # "", "+", "++" or "~"
    package: str | None
    entry: Entry

    @property
    def path(self) -> Keys:
        return tuple(self.key.split("."))

    @property
    def choice(self) -> Choice:
        value: object = self.value
        if isinstance(value, list):
            value = tuple(str(name) for name in value)
        return Choice(self.key, value, self.package, self.sign == "+", self.sign == "~")


def overrides(block: Block) -> Iterator[Override]:
    """The overrides of a command, in its order."""
    waiting: dict[str, list[Entry]] = {}
    for entry in block.entries:
        if not entry.key.startswith("-") and entry.key.lstrip("+") == ".".join(entry.path):
            waiting.setdefault(entry.key, []).append(entry)
    for word in block.words:
        key, equals, text = word.partition("=")
        found = _KEY.fullmatch(key) if equals or word[:1] == "~" else None
        if found is None or (not equals and found[1] != "~"):
            continue
        same = waiting.get(key)
        yield Override(
            found[2],
            value(text) if equals else None,
            found[1],
            found[3],
            same.pop(0) if same else Entry((found[2],), UNKNOWN, block.place, shared=True),
        )


def group_choices(
    found: list[Override], is_group: Callable[[Override], bool]
) -> tuple[tuple[Choice, ...], list[Override]]:
    """The overrides that choose an alternative of a group, and the others."""
    choices, others = list[Choice](), list[Override]()
    for override in found:
        if is_group(override):
            choices.append(override.choice)
        else:
            others.append(override)
    return tuple(choices), others


def named_by(found: list[Override]) -> Value:
    """The search path that a command gives; None where it gives none."""
    return next((o.value for o in found if o.key == "hydra.searchpath"), None)


def laid_over(tree: Tree, found: list[Override]) -> Tree:
    """A configuration as the overrides of a command change it, one after the other."""
    waiting, rounds = _Together(), 0
    for override in found:
        path = override.path
        if rounds > _MOST_ROUNDS:
            return Tree(unseen=frozenset(((),)))
        if override.package is not None or "/" in override.key:
            tree = replace(tree, unseen=tree.unseen | {()})  # a group that nobody here has
            continue
        if override.sign == "~" or not waiting.fits(path):
            tree, waiting, rounds = waiting.over(tree), _Together(), rounds + 1
        if override.sign == "~":
            tree = tree.without(path)
            continue
        if path[:-1] not in waiting.holders or isinstance(override.value, dict):
            tree = _without_references(tree, path)
        waiting.add(_written(path, override.value, override.entry))
    return waiting.over(tree)


def _without_references(tree: Tree, path: Keys) -> Tree:
    """A key that is set below a reference takes its place: what is referred to stays as it is."""
    for above in (path[:n] for n in range(1, len(path) + 1)):
        if above in tree.entries and interpolates(tree.entries[above].value):
            return tree.without(above)
    return tree


@dataclass
class _Together:
    """Overrides that say nothing about one another: they can be laid over a tree at once."""

    entries: dict[Keys, Entry] = field(default_factory=dict)
    holders: set[Keys] = field(default_factory=set)

    def fits(self, path: Keys) -> bool:
        """Whether nothing that waits is at, above or below a path."""
        if path in self.holders or path in self.entries:
            return False
        return path[:-1] in self.holders or not any(
            path[:n] in self.entries for n in range(1, len(path))
        )

    def add(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.entries[entry.path] = entry
            if entry.path[:-1] not in self.holders:
                self.holders.update(entry.path[:n] for n in range(1, len(entry.path)))

    def over(self, tree: Tree) -> Tree:
        return Tree(self.entries).under(tree) if self.entries else tree


def _written(path: Keys, value: Value, entry: Entry) -> Iterator[Entry]:
    """A value as entries: a mapping's keys have their own, and are written nowhere alone."""
    if not isinstance(value, dict):
        as_read = (entry.path, type(entry.value), entry.value) == (path, type(value), value)
        yield entry if as_read else replace(entry, path=path, value=value)
        return
    yield replace(entry, path=path, value={})
    for key, inner in value.items():
        known: Value = inner if _is_value(inner) else UNKNOWN  # type: ignore[assignment]
        yield from _written((*path, str(key)), known, replace(entry, shared=True))


def _is_value(found: object) -> bool:
    return found is None or isinstance(found, bool | int | float | str | list | dict)


def value(text: str) -> Value:
    """What stands behind the `=` of an override; UNKNOWN where a run alone would tell."""
    if "\0" in text:
        return UNKNOWN
    if not text:
        return ""
    if _SIMPLE.fullmatch(text):
        return primitive(text)
    parser = _Parser(text)
    try:
        return parser.whole()
    except _UncertainError:
        return UNKNOWN


class _UncertainError(Exception):
    """Not an element of Hydra's grammar, or one with several values."""


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def whole(self) -> Value:
        found = self._element(0)
        if self.at < len(self.text):
            raise _UncertainError
        return found

    def _element(self, depth: int) -> Value:
        self._space()
        opening = self.text[self.at : self.at + 1]
        if depth > _DEEPEST:
            raise _UncertainError
        if opening == "[":
            return self._list(depth)
        if opening == "{":
            return self._mapping(depth)
        if opening and opening in "'\"":
            return self._quoted()
        return self._bare(_BARE)

    def _list(self, depth: int) -> Value:
        items: list[object] = []
        while self._next("]", first=not items):
            items.append(self._element(depth + 1))
        return items

    def _mapping(self, depth: int) -> Value:
        pairs: dict[str, object] = {}
        while self._next("}", first=not pairs):
            self._space()
            key = self._bare(_MAPPINGS_KEY)
            self._expect(":")
            pairs[str(key)] = self._element(depth + 1)
        return pairs

    def _next(self, closing: str, *, first: bool) -> bool:
        """Whether another item follows; the bracket or comma before it is passed."""
        self._space()
        if first:
            self.at += 1
            self._space()
            if self.text.startswith(closing, self.at):
                self.at += 1
                self._space()
                return False
            return True
        if self.text.startswith(",", self.at):
            self.at += 1
            return True
        self._expect(closing)
        self._space()
        return False

    def _quoted(self) -> str:
        found = _QUOTED.match(self.text, self.at)
        if not found:
            raise _UncertainError
        self.at = found.end()
        self._space()
        quote = found.group()[0]
        inner = found.group()[1:-1]
        if "\\" not in inner:
            return inner
        if re.search(r"\\\\", inner):
            raise _UncertainError
        return inner.replace(f"\\{quote}", quote)

    def _bare(self, allowed: re.Pattern[str]) -> Value:
        found = allowed.match(self.text, self.at)
        if not found or not found.group().strip(" \t"):
            raise _UncertainError
        self.at = found.end()
        word = found.group().strip(" \t")
        if found.group()[-1] in " \t" and word[-1] in ":\\":
            raise _UncertainError  # the blank belongs to the colon, or is escaped
        if "\\" in word:
            return re.sub(r"\\([\\()\[\]{}:=, \t])", r"\1", word)
        return primitive(word)

    def _expect(self, character: str) -> None:
        if not self.text.startswith(character, self.at):
            raise _UncertainError
        self.at += 1

    def _space(self) -> None:
        while self.text[self.at : self.at + 1] in (" ", "\t"):
            self.at += 1
