"""One block of one file with its keys laid over its parents'."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from packaging.version import Version

from rlconfig_lint.model import Block, Form, Generation, Layer, Place, Setting, Source
from rlconfig_lint.releases.defaults import release_default
from rlconfig_lint.resolve.compose import Part, Primary, search_path
from rlconfig_lint.resolve.defaults_list import first_document, header_package
from rlconfig_lint.resolve.engines import place_of
from rlconfig_lint.resolve.inherit import Parents, composed, is_composed, with_parents
from rlconfig_lint.resolve.launches import Base, Unfound, base_of, program_flags
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.overrides import (
    Override,
    group_choices,
    laid_over,
    named_by,
    overrides,
)
from rlconfig_lint.resolve.project import Project
from rlconfig_lint.resolve.settings import settings
from rlconfig_lint.resolve.tree import Keys, Tree, keys_of

Defaults = Callable[[str, Version], Setting]

_ANYWHERE: frozenset[Keys] = frozenset(((),))


@dataclass(frozen=True)
class Owner:
    """The mapping that a missing key is missing from."""

    block: Block
    place: Place
    package: Keys = ()  # the path that the block's keys are put at


@dataclass(frozen=True)
class Site:
    """One block of one file, with its keys laid over its parents'."""

    source: Source
    block: Block
    tree: Tree
    chain: tuple[Part, ...]  # the documents it was laid together from, outermost parent first
    project: Project
    named_at: Place | None = None  # where it names its parents
    _settings: dict[str, dict[str, Setting]] = field(default_factory=dict, repr=False)

    def settings(self, path: str) -> dict[str, Setting]:
        """The settings that are written directly below a dotted path, by vLLM's names."""
        if path not in self._settings:
            below = self.tree.below(keys_of(path))
            self._settings[path] = settings(below, self.tree.inherited)
        return self._settings[path]

    @property
    def parents(self) -> tuple[str, ...]:
        """The other files that it was laid together from."""
        paths = (part.source.path for part in self.chain)
        return tuple(dict.fromkeys(path for path in paths if path != self.source.path))

    def owner(self, keys: Keys, package: str = "") -> Owner | None:
        """The outermost document that has a mapping: what is missing is missing there. None for a
        command that starts from no such document.

        A framework's own files are passed over: what stands there is not for its users to change.
        """
        if not self.chain and self.block.form is Form.DOCUMENT:
            return Owner(self.block, place_of(self.tree, keys, self.block))
        for part in self.chain:
            inner = keys[len(part.package) :]
            if keys[: len(part.package)] != part.package or self.supplies(package, part.source):
                continue
            tree = Tree.of(part.block)
            if not inner or tree.has(inner):
                return Owner(part.block, place_of(tree, inner, part.block), part.package)
        if self.block.form is not Form.DOCUMENT:
            return None
        return Owner(self.block, self.named_at or self.block.place)

    def layers(self, keys: Keys) -> tuple[Layer, ...]:
        """Each file of the chain, with the mapping in it; a command comes last."""
        own = (Layer(self.source.path, self.block, self.block.place),)
        command = own if self.chain and self.block.form is Form.COMMAND else ()
        return (*(_layer(part, keys) for part in self.chain), *command)

    def supplies(self, package: str, source: Source | Place) -> bool:
        """Whether a file belongs to a framework's own package, and this one does not."""
        inside = self.project.is_in
        return inside(package, source.path) and not inside(package, self.source.path)


def _layer(part: Part, keys: Keys) -> Layer:
    if not part.package and part.block.form is Form.DOCUMENT:
        tree = Tree.of(part.block)
        if tree.has(keys):
            return Layer(part.source.path, part.block, place_of(tree, keys, part.block))
    return Layer(part.source.path)


def site_of(source: Source, block: Block, project: Project, lookup: Lookup) -> Site:
    """A block with what it is laid over: a document's parents, the file that a command names."""
    if block.form is Form.COMMAND:
        return _of_command(source, block, project, lookup)
    if block.form is not Form.DOCUMENT:
        return Site(source, block, Tree.of(block), (), project)
    merged = with_parents(source, block, lookup)
    tree = merged.tree
    if project.is_alternative(source.path) or header_package(source) is not None:
        tree = replace(tree, unseen=_ANYWHERE)  # a part of configurations that are not known here
    chain = merged.parts if len(merged.parts) > 1 else ()
    return Site(source, block, tree, chain, project, merged.named_at)


def _of_command(source: Source, block: Block, project: Project, lookup: Lookup) -> Site:
    own = Site(source, block, Tree.of(block), (), project)
    base = base_of(source, block, lookup)
    if base is None:
        return own
    if isinstance(base, Unfound):
        return replace(own, tree=replace(own.tree, unseen=_ANYWHERE))
    found = list(overrides(block))
    flags = () if base.roots else program_flags(block)
    if not found and not flags:
        lookup.run_as_it_is.add(base.source.path)
        return own
    merged, rest = _started(base, found, posixpath.dirname(source.path), lookup)
    tree = laid_over(merged.tree, rest)
    if flags:
        tree = Tree({entry.path: entry for entry in flags}).under(tree)
    tree = replace(tree, file=source.path, unseen=tree.unseen | own.tree.unseen, env=block.env)
    return Site(source, block, tree, merged.parts, project, block.place)


def _started(
    base: Base, found: list[Override], folder: str, lookup: Lookup
) -> tuple[Parents, list[Override]]:
    """The configuration that a command starts from with its groups as the command chooses them,
    and the overrides that remain."""
    block = first_document(base.source)
    if block is None:
        return Parents(Tree(unseen=_ANYWHERE), ()), found
    roots, name = base.roots, base.name
    if not roots and not is_composed(block):
        return with_parents(base.source, block, lookup), found
    if not roots:
        beside, file = posixpath.split(base.source.path)
        roots, name = (beside,), posixpath.splitext(file)[0]
    roots = (*roots, *search_path(block, folder, lookup, named_by(found)))
    choices, rest = group_choices(found, partial(_is_group, roots, lookup))
    primary = Primary(base.source, block, name, roots, choices)
    if primary.key not in lookup.composed:
        lookup.composed[primary.key] = composed(primary, lookup)
    return lookup.composed[primary.key], rest


def _is_group(roots: tuple[str | None, ...], lookup: Lookup, override: Override) -> bool:
    """Whether an override chooses an alternative: its key is a folder of the search path. It may
    also be one where a part of that path is not here."""
    key = override.key
    if "." in key or isinstance(override.value, dict):
        return False
    known = any(root is not None and lookup.is_folder(posixpath.join(root, key)) for root in roots)
    return known or "/" in key or (None in roots and isinstance(override.value, str))


def defaults_of(asked: Generation, written: Mapping[str, Setting]) -> Defaults:
    """vLLM's defaults beside the settings that one engine has, in the engine that is asked for."""
    return partial(release_default, engine=written, v0_asked=asked.v0)
