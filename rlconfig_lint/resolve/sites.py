"""One block of one file with its keys laid over its parents'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from packaging.version import Version

from rlconfig_lint.model import Block, Form, Generation, Place, Setting, Source
from rlconfig_lint.releases.defaults import release_default
from rlconfig_lint.resolve.engines import place_of
from rlconfig_lint.resolve.inherit import Lookup, with_parents
from rlconfig_lint.resolve.project import Project
from rlconfig_lint.resolve.tree import Keys, Tree

Defaults = Callable[[str, Version], Setting]


@dataclass(frozen=True)
class Site:
    """One block of one file, with its keys laid over its parents'."""

    source: Source
    block: Block
    tree: Tree
    chain: tuple[Source, ...]  # the files it was laid together from, outermost parent first
    project: Project

    def owner(self, keys: Keys) -> tuple[Block, Place]:
        """The outermost file that has a mapping, and where: what is missing is missing there."""
        for source in self.chain:
            for block in source.blocks[:1]:
                tree = Tree.of(block)
                if block.form is Form.DOCUMENT and tree.has(keys):
                    return block, place_of(tree, keys, block)
        return self.block, place_of(self.tree, keys, self.block)


def site_of(source: Source, block: Block, project: Project, lookup: Lookup) -> Site:
    if block.form is not Form.DOCUMENT:
        return Site(source, block, Tree.of(block), (), project)
    merged = with_parents(source, block, lookup)
    tree = merged.tree if merged.complete else replace(merged.tree, open=True)
    return Site(source, block, tree, merged.chain if len(merged.chain) > 1 else (), project)


def defaults_of(asked: Generation, written: Mapping[str, Setting]) -> Defaults:
    """vLLM's defaults beside the settings that one engine has, in the engine that is asked for."""
    return partial(release_default, engine=written, v0_asked=asked.v0)
