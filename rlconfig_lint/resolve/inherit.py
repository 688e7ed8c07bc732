"""Configurations that are laid over others: Hydra's `defaults:` lists and plain relative paths."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace

from rlconfig_lint.model import Block, Place, Source
from rlconfig_lint.resolve.compose import Part, Primary, compose, search_path
from rlconfig_lint.resolve.defaults_list import Default, defaults, first_document, is_list
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.tree import Tree

_DEEPEST = 20
_MOST_FILES = 200
_ANYWHERE: frozenset[tuple[str, ...]] = frozenset(((),))
# NeMo-RL's loader drops the parent's mapping where the child's has this key.
_OVERRIDE = "_override_"


@dataclass(frozen=True)
class Parents:
    """A document's own keys over those it inherits."""

    tree: Tree
    parts: tuple[Part, ...]  # the files, outermost parent first, this one among them
    named_at: Place | None = None  # where the document names its parents

    @property
    def complete(self) -> bool:
        """Whether every parent was found."""
        return not self.tree.unseen


def with_parents(source: Source, block: Block, lookup: Lookup) -> Parents:
    """A document as it is when nothing but its own list of parents is known."""
    if not any(entry.path == ("defaults",) for entry in block.entries):
        return Parents(Tree.of(block), (Part(source, block),))
    if _is_plain(block):
        found = _plain(source, block, lookup, [source.path])
    elif is_list(block):
        folder, file = posixpath.split(source.path)
        name = posixpath.splitext(file)[0]
        roots = (folder, *search_path(block, folder, lookup))
        found = composed(Primary(source, block, name, roots), lookup)
    else:
        return Parents(Tree.of(block), (Part(source, block),))
    place = next(e.place for e in block.entries if e.path == ("defaults",))
    return replace(found, named_at=place)


def composed(primary: Primary, lookup: Lookup) -> Parents:
    """A Hydra configuration laid together from its files."""
    found = compose(primary, lookup)
    tree = Tree()
    for part in found.parts:
        tree = _placed(part, lookup).under(tree)
    tree = replace(tree, file=primary.source.path, unseen=tree.unseen | found.unseen)
    return Parents(tree, found.parts)


def is_composed(block: Block) -> bool:
    """Whether a document has a defaults list in Hydra's sense."""
    return is_list(block) and not _is_plain(block)


def _is_plain(block: Block) -> bool:
    """Whether `defaults` names files by relative paths, as NeMo-RL has it."""
    value = next(e.value for e in block.entries if e.path == ("defaults",))
    if isinstance(value, str):
        return bool(value)
    return isinstance(value, list) and bool(value) and all(map(_is_path, defaults(block)))


def _is_path(item: Default) -> bool:
    plain = item.readable and not item.group and item.package is None
    return plain and item.names[0].endswith((".yaml", ".yml"))


def _plain(source: Source, block: Block, lookup: Lookup, above: list[str]) -> Parents:
    """A document over the files that it names, each over its own, the last on top. `above` are the
    files that were read on the way here."""
    tree, parts, unseen = Tree(), list[Part](), False
    for path in _paths(block):
        parent = None if path.startswith("/") or "$" in path else _beside(source, path, lookup)
        document = first_document(parent) if parent else None
        circular = parent is not None and parent.path in above
        if parent is None or document is None or parent.problem or circular:
            unseen = True
            continue
        if len(parts) > _MOST_FILES or len(above) > _DEEPEST:
            unseen = True
            break
        found = _plain(parent, document, lookup, [*above, parent.path])
        tree = _laid_over(found.tree, tree)
        parts += found.parts
    tree = _laid_over(_own(block), tree)
    tree = replace(tree, file=source.path, unseen=_ANYWHERE if unseen else tree.unseen)
    return Parents(tree, (*parts, Part(source, block)))


def _paths(block: Block) -> list[str]:
    written = next((e.value for e in block.entries if e.path == ("defaults",)), None)
    items = [written] if not isinstance(written, list) else written
    return [item for item in items if isinstance(item, str)]


def _beside(source: Source, path: str, lookup: Lookup) -> Source | None:
    return lookup.config(posixpath.join(posixpath.dirname(source.path), path))


def _laid_over(child: Tree, parent: Tree) -> Tree:
    """A child over its parent; what it marks as its own alone takes the parent's place."""
    marked = [path for path, e in child.entries.items() if path[1:] == (_OVERRIDE,) and e.value]
    for path in marked:
        child, parent = child.without(path), parent.without(path[:1])
    return child.under(parent)


def _placed(part: Part, lookup: Lookup) -> Tree:
    key = (part.source.path, part.block.index, part.package)
    if key not in lookup.placed:
        own = _own(part.block)
        place = next((entry.place for entry in own.entries.values()), part.block.place)
        lookup.placed[key] = own.at(part.package, place)
    return lookup.placed[key]


def _own(block: Block) -> Tree:
    """A document's keys without its list of parents."""
    return Tree.of(block).without(("defaults",))
