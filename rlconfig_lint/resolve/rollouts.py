"""Blocks to rollouts: by a framework's own keys, else by vLLM's."""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.model import Rollout, Source
from rlconfig_lint.resolve.engines import engines
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.model_defaults import with_model_defaults
from rlconfig_lint.resolve.of_engine import of_engine
from rlconfig_lint.resolve.of_framework import framework_of, of_framework
from rlconfig_lint.resolve.project import Project
from rlconfig_lint.resolve.sites import site_of


def rollouts(source: Source, project: Project, lookup: Lookup) -> Iterator[Rollout]:
    """Every engine that one file configures; `policy` says which are rollouts."""
    for block in source.blocks:
        site = site_of(source, block, project, lookup)
        found = framework_of(site)
        if found is not None:
            rollout = of_framework(site, found)
            if rollout is not None:
                yield rollout
            continue
        for engine in engines(block, site.tree, over_a_document=bool(site.chain)):
            yield with_model_defaults(of_engine(site, engine), site, lookup)
