"""Configurations that are laid over others: Hydra's `defaults:` lists and plain relative paths."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rlconfig_lint.model import Block, Entry, Form, Source
from rlconfig_lint.resolve.tree import Tree

Lookup = Callable[[str], Source | None]

_SUFFIXES = ("", ".yaml", ".yml")
_DEEPEST = 12


@dataclass(frozen=True)
class Parents:
    """A document's own keys over those it inherits."""

    tree: Tree
    chain: tuple[Source, ...]  # the files, outermost parent first, this one last
    complete: bool  # every named parent was found


def with_parents(source: Source, block: Block, lookup: Lookup) -> Parents:
    return _merged(source, block, lookup, (source.path,))


def _merged(source: Source, block: Block, lookup: Lookup, seen: tuple[str, ...]) -> Parents:
    own = Tree.of(block)
    tree, complete, placed = Tree(), True, False
    chain: tuple[Source, ...] = ()
    for name, package in _named(block):
        if name == "_self_":
            tree, placed = own.under(tree), True
            continue
        parent = _find(source.path, name, lookup)
        if parent is None or parent.path in seen or len(seen) > _DEEPEST:
            complete = complete and bool(package)  # a group elsewhere holds other keys
            continue
        first = next((b for b in parent.blocks if b.form is Form.DOCUMENT), None)
        if first is None:
            continue
        found = _merged(parent, first, lookup, (*seen, parent.path))
        tree = _at(found.tree, package).under(tree)
        if not package:
            chain = (*chain, *found.chain)
            complete = complete and found.complete
    if not placed:
        tree = own.under(tree)
    inherited = frozenset(p for p, e in tree.entries.items() if own.entries.get(p) is not e)
    return Parents(replace(tree, inherited=inherited), (*chain, source), complete)


def _named(block: Block) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The (name, package) of each item of a `defaults:` list or path."""
    for entry in block.entries:
        if entry.path == ("defaults",) and isinstance(entry.value, str):
            yield entry.value, ()
        elif entry.path[:1] == ("defaults",) and len(entry.path) == 2:
            if isinstance(entry.value, str) and not entry.value.startswith("override "):
                yield entry.value, ()
        elif entry.path[:1] == ("defaults",) and len(entry.path) == 3:
            yield from _group(entry)


def _group(entry: Entry) -> Iterator[tuple[str, tuple[str, ...]]]:
    """`- group: name` and `- group@package: name`."""
    key = entry.path[2].removeprefix("optional ")
    if key.startswith("override ") or not isinstance(entry.value, str):
        return
    group, _, package = key.partition("@")
    if package == "_global_":
        yield f"{group}/{entry.value}", ()
    else:
        yield f"{group}/{entry.value}", tuple((package or group.replace("/", ".")).split("."))


def _find(path: str, name: str, lookup: Lookup) -> Source | None:
    folder = posixpath.dirname(path)
    names = [name.lstrip("/")] if name.startswith("/") else [posixpath.join(folder, name)]
    for base in names:
        for suffix in _SUFFIXES:
            found = lookup(posixpath.normpath(base + suffix))
            if found is not None:
                return found
    return None


def _at(tree: Tree, package: tuple[str, ...]) -> Tree:
    if not package:
        return tree
    return Tree({(*package, *p): replace(e, path=(*package, *p)) for p, e in tree.entries.items()})
