"""Rollouts by a framework's own keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rlconfig_lint.frameworks import Framework, framework, frameworks
from rlconfig_lint.model import (
    UNKNOWN,
    Evidence,
    Form,
    Home,
    Origin,
    Place,
    Rollout,
    Setting,
    Sync,
)
from rlconfig_lint.resolve import sampling, sync, trainer
from rlconfig_lint.resolve.engines import style_of
from rlconfig_lint.resolve.settings import supplied, without_dropped_false
from rlconfig_lint.resolve.sites import Site, defaults_of
from rlconfig_lint.resolve.tree import Tree, keys_of


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
    written = _engine_settings(site, found)
    return Rollout(
        own_place,
        site.source.path,
        found.name,
        written,
        _passed(site, found),
        _sampling_settings(site, found),
        _home(site, found),
        site.project.release,
        trainer.of_framework(found, tree, site.project.declared),
        _sync(site, found),
        open=_hides_keys(tree, found),
        defaults=defaults_of(site.block, written),
        evidence=(Evidence(f"recognised as {found.name}", own_place),),
        env=site.block.env,
        dropped=tuple(_dropped(site, found)),
        parents=site.parents,
        named_at=site.named_at,
    )


def _attributed(
    written: dict[str, Setting], site: Site, found: Framework
) -> Iterator[tuple[str, Setting]]:
    """Settings as they are; what the framework's own files say is supplied by the framework."""
    for name, setting in written.items():
        if setting.place is not None and site.supplies(found.package, setting.place):
            source = f"supplied by {found.name} ({setting.place})"
            yield name, Setting(name, setting.value, Origin.FRAMEWORK, source)
        else:
            yield name, setting


def _passed(site: Site, found: Framework) -> dict[str, Setting]:
    """What is written where a framework hands keys to vLLM as they are."""
    written = site.settings(found.passed) if found.passed else {}
    return {name: s for name, s in _attributed(written, site, found) if s.explicit}


def _dropped(site: Site, found: Framework) -> Iterator[Setting]:
    """The booleans that a framework's launcher leaves out when they are false."""
    for path in found.drops_false:
        written = site.settings(path)
        kept = without_dropped_false(written)
        lost = {name: setting for name, setting in written.items() if name not in kept}
        yield from (s for _, s in _attributed(lost, site, found) if s.explicit)


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
    own = sync.of_modules(list(project.modules.values()), project.declared)
    if not (own.updates or own.pauses):
        return known
    evidence = own.evidence or known.evidence
    return replace(own, style=known.style, evidence=evidence)


def _hides_keys(tree: Tree, found: Framework) -> bool:
    """Whether engine keys come from where nobody can see."""
    paths = [keys_of(path) for path in found.engine]
    entries = (tree.get(keys) for keys in paths if keys)
    unknown = any(entry is not None and entry.value is UNKNOWN for entry in entries)
    return unknown or any(map(tree.hides, paths))


def _runs_vllm(tree: Tree, found: Framework) -> bool:
    if found.backend is None:
        return True
    path, accepted, default = found.backend
    entry = tree.get(keys_of(path))
    return (entry.value if entry else default) in accepted


def _engine_settings(site: Site, found: Framework) -> dict[str, Setting]:
    engine = dict(supplied(found.defaults, found.name))
    for path in found.engine:
        written = site.settings(path)
        written = {name: s for name, s in written.items() if s.value is not None}
        if path in found.drops_false:
            kept = without_dropped_false(written)
            for name in written.keys() - kept.keys():
                engine.pop(name, None)  # neither it nor the framework's default is passed
            written = kept
        engine.update(_attributed(written, site, found))
    engine.update(supplied(found.forced, found.name))
    return {
        name: s for name, s in engine.items() if s.value is not None or s.origin is Origin.EXPLICIT
    }


def _sampling_settings(site: Site, found: Framework) -> dict[str, Setting]:
    given = dict(supplied(found.sampling_defaults, found.name))
    for path in found.sampling:
        written = _attributed(site.settings(path), site, found)
        given.update({name: s for name, s in written if name in sampling.NEUTRAL})
    return given


def _home(site: Site, found: Framework) -> Home | None:
    if site.block.form is Form.CALL or not found.engine[-1]:
        return None
    keys = keys_of(found.engine[0])
    free = keys_of(found.engine[-1]) if len(found.engine) > 1 else ()
    style, block = found.style, site.block
    owner = site.owner(keys, found.package)
    if owner is not None:
        entries = list(site.tree.below(keys))
        style = style_of(entries) if entries else style
        block, above = owner.block, len(owner.package)
        keys, free = keys[above:], free[above:]
    dropped = bool(found.drops_false)
    return Home(block, keys, style, found.typed, free, found.free_prefix, dropped)


def _own_place(site: Site, found: Framework) -> Place | None:
    """Where a finding about an absent key points: the mapping that holds the engine's keys, in the
    outermost file that has it; a script's command."""
    if site.block.form is Form.DOCUMENT or site.chain:
        for path in (*found.engine, *found.marks):
            if path and site.tree.has(keys_of(path)):
                owner = site.owner(keys_of(path), found.package)
                return owner.place if owner else site.block.place
    if site.block.form is not Form.DOCUMENT:
        return site.block.place
    mark = next((m for m in found.marks if site.tree.has(keys_of(m))), None)
    entry = site.tree.get(keys_of(mark)) if mark else None
    return entry.place if entry else None
