"""Rollouts by a framework's own keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rlconfig_lint.frameworks import Framework, framework, frameworks
from rlconfig_lint.model import (
    UNKNOWN,
    Block,
    Evidence,
    Form,
    Home,
    Origin,
    Place,
    Rollout,
    Setting,
    Sync,
    Trainer,
)
from rlconfig_lint.resolve import sampling, sync, trainer
from rlconfig_lint.resolve.engines import style_of
from rlconfig_lint.resolve.generation import generation
from rlconfig_lint.resolve.settings import settings, supplied, without_dropped_false
from rlconfig_lint.resolve.sites import Site, defaults_of
from rlconfig_lint.resolve.tree import Tree, keys_of

_BASE_ELSEWHERE = ("--config-name", "--config-path", "--config", "-cn", "-cp")


def framework_of(site: Site) -> Framework | None:
    declared = site.project.declared.framework
    candidates = (framework(declared),) if declared else frameworks()
    for found in candidates:
        if site.block.form is Form.CALL:
            if site.block.name in found.calls:
                return found
        elif any(site.tree.has(keys_of(mark)) for mark in found.marks):
            return found
    return None


def of_framework(site: Site, found: Framework) -> Rollout | None:
    if not _runs_vllm(site.tree, found) or _only_tests(site, found):
        return None
    tree = site.tree
    own_place = _own_place(site, found)
    if own_place is None:
        return None
    written = _engine_settings(tree, found)
    asked = generation(site.project.code, site.source.path, site.block.env)
    return Rollout(
        own_place,
        site.source.path,
        found.name,
        written,
        _passed(tree, found),
        _sampling_settings(tree, found),
        _home(site, found),
        site.project.release,
        _trainer(site, found),
        _sync(site, found),
        evaluation=sampling.evaluation_of_tree(tree),
        generation=asked,
        open=tree.open or _has_base_elsewhere(site.block) or _hides_keys(tree, found),
        defaults=defaults_of(asked, written),
        evidence=(Evidence(f"recognised as {found.name}", own_place),),
        env=site.block.env,
        dropped=tuple(_dropped(tree, found)),
    )


def _passed(tree: Tree, found: Framework) -> dict[str, Setting]:
    """What is written where a framework hands keys to vLLM as they are."""
    return settings(tree.below(keys_of(found.passed)), tree.inherited) if found.passed else {}


def _dropped(tree: Tree, found: Framework) -> Iterator[Setting]:
    """The booleans that a framework's launcher leaves out when they are false."""
    for path in found.drops_false:
        written = settings(tree.below(keys_of(path)), tree.inherited)
        kept = without_dropped_false(written)
        yield from (setting for name, setting in written.items() if name not in kept)


def _only_tests(site: Site, found: Framework) -> bool:
    """Scripts of a framework train whatever their names say, but for its tests and generators."""
    folders = site.project.inside(site.source.path).split("/")[:-1]
    generates = any(name in word for name in found.not_training for word in site.block.words)
    return generates or bool({"docs", "test", "tests"}.intersection(folders))


def _sync(site: Site, found: Framework) -> Sync:
    """A framework's update path: as its data says, or as its own source does where that is here."""
    project = site.project
    known = sync.of_framework(found, site.tree, site.block.words, project.declared)
    if not project.holds(found.package):
        return known
    own = sync.declared(project.code.facts().sync, project.declared)
    if not (own.updates or own.pauses):
        return known
    return replace(own, style=known.style, evidence=known.evidence)


def _trainer(site: Site, found: Framework) -> Trainer:
    """A framework's trainer as its data says, with the evidence of its own source where that is
    here."""
    known = trainer.of_framework(found, site.tree, site.project.declared)
    if not site.project.holds(found.package):
        return known
    own = site.project.code.facts().trainer
    return replace(
        known,
        divides_evidence=known.divides_evidence or own.divides_evidence,
        corrections=own.corrections,
        correction_options=own.correction_options,
    )


def _hides_keys(tree: Tree, found: Framework) -> bool:
    """Whether a whole mapping of engine keys comes from where nobody can see."""
    entries = (tree.get(keys_of(path)) for path in found.engine if path)
    return any(entry is not None and entry.value is UNKNOWN for entry in entries)


def _runs_vllm(tree: Tree, found: Framework) -> bool:
    if found.backend is None:
        return True
    path, accepted, default = found.backend
    entry = tree.get(keys_of(path))
    return (entry.value if entry else default) in accepted


def _engine_settings(tree: Tree, found: Framework) -> dict[str, Setting]:
    engine = dict(supplied(found.defaults, found.name))
    for path in found.engine:
        written = settings(tree.below(keys_of(path)), tree.inherited)
        written = {name: s for name, s in written.items() if s.value is not None}
        if path in found.drops_false:
            kept = without_dropped_false(written)
            for name in written.keys() - kept.keys():
                engine.pop(name, None)  # neither it nor the framework's default is passed
            written = kept
        engine.update(written)
    engine.update(supplied(found.forced, found.name))
    return {
        name: s for name, s in engine.items() if s.value is not None or s.origin is Origin.EXPLICIT
    }


def _sampling_settings(tree: Tree, found: Framework) -> dict[str, Setting]:
    given = dict(supplied(found.sampling_defaults, found.name))
    for path in found.sampling:
        written = settings(tree.below(keys_of(path)), tree.inherited)
        given.update({name: s for name, s in written.items() if name in sampling.NEUTRAL})
    return given


def _home(site: Site, found: Framework) -> Home | None:
    if site.block.form is Form.CALL or not found.engine[-1]:
        return None
    keys = keys_of(found.engine[0])
    style, block = found.style, site.block
    if site.block.form is Form.DOCUMENT:
        entries = list(site.tree.below(keys))
        style = style_of(entries) if entries else style
        block, _ = site.owner(keys)
    free = keys_of(found.engine[-1]) if len(found.engine) > 1 else ()
    dropped = bool(found.drops_false)
    return Home(block, keys, style, found.typed, free, found.free_prefix, dropped)


def _own_place(site: Site, found: Framework) -> Place | None:
    """Where a finding about an absent key points: the mapping that holds the engine's keys, in the
    outermost file that has it; a script's command."""
    if site.block.form is not Form.DOCUMENT:
        return site.block.place
    for path in (*found.engine, *found.marks):
        if path and site.tree.has(keys_of(path)):
            return site.owner(keys_of(path))[1]
    mark = next((m for m in found.marks if site.tree.has(keys_of(m))), None)
    entry = site.tree.get(keys_of(mark)) if mark else None
    return entry.place if entry else None


def _has_base_elsewhere(block: Block) -> bool:
    return any(word.split("=")[0] in _BASE_ELSEWHERE for word in block.words)
