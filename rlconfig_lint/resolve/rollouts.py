"""Blocks to rollouts: by a framework's own keys, else by vLLM's with evidence that RL happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

from packaging.version import Version

from rlconfig_lint.frameworks import Framework, framework, frameworks
from rlconfig_lint.model import (
    UNKNOWN,
    Block,
    Evidence,
    Form,
    Home,
    Origin,
    Place,
    PythonFacts,
    Rollout,
    Setting,
    Source,
    Sync,
)
from rlconfig_lint.releases.defaults import release_default
from rlconfig_lint.resolve import sampling, sync, trainer
from rlconfig_lint.resolve.engines import (
    Engine,
    engines,
    no_training,
    other_model,
    place_of,
    style_of,
)
from rlconfig_lint.resolve.inherit import Lookup, with_parents
from rlconfig_lint.resolve.project import Project, imports_vllm, updates
from rlconfig_lint.resolve.settings import settings, supplied, without_dropped_false
from rlconfig_lint.resolve.tree import Keys, Tree, keys_of

Defaults = Callable[[str, Version], Setting]

_BASE_ELSEWHERE = ("--config-name", "--config-path", "--config", "-cn", "-cp")


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


def rollouts(source: Source, project: Project, lookup: Lookup) -> Iterator[Rollout]:
    """Every rollout that one file configures."""
    for block in source.blocks:
        site = _site(source, block, project, lookup)
        found = _framework_of(site)
        if found is not None:
            rollout = _of_framework(site, found)
            if rollout is not None:
                yield rollout
            continue
        for engine in engines(block, site.tree):
            rollout = _of_engine(site, engine)
            if rollout is not None:
                yield rollout


def _site(source: Source, block: Block, project: Project, lookup: Lookup) -> Site:
    if block.form is not Form.DOCUMENT:
        return Site(source, block, Tree.of(block), (), project)
    merged = with_parents(source, block, lookup)
    tree = merged.tree if merged.complete else replace(merged.tree, open=True)
    return Site(source, block, tree, merged.chain if len(merged.chain) > 1 else (), project)


# --- frameworks ---


def _framework_of(site: Site) -> Framework | None:
    declared = site.project.declared.framework
    candidates = (framework(declared),) if declared else frameworks()
    for found in candidates:
        if site.block.form is Form.CALL:
            if site.block.name in found.calls:
                return found
        elif any(site.tree.has(keys_of(mark)) for mark in found.marks):
            return found
    return None


def _of_framework(site: Site, found: Framework) -> Rollout | None:
    if not _runs_vllm(site.tree, found) or _only_tests(site, found):
        return None
    tree = site.tree
    own_place = _own_place(site, found)
    if own_place is None:
        return None
    written = _engine_settings(tree, found)
    return Rollout(
        own_place,
        site.source.path,
        found.name,
        written,
        _sampling_settings(tree, found),
        _home(site, found),
        site.project.release,
        trainer.of_framework(found, tree, site.project.declared),
        _sync(site, found),
        open=tree.open or _has_base_elsewhere(site.block) or _hides_keys(tree, found),
        defaults=_defaults(site.block, written),
        evidence=(Evidence(f"recognised as {found.name}", own_place),),
    )


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


# --- vLLM's own arguments ---


def _of_engine(site: Site, engine: Engine) -> Rollout | None:
    project = site.project
    if other_model(engine.keys):
        return None
    if no_training(project.inside(site.source.path), site.block.inside):
        return None
    place, home = engine.place, engine.home
    if home is not None and site.chain:
        block, place = site.owner(engine.keys)
        home = replace(home, block=block)
    near = project.near(site.source.path)
    evidence = _learns(near, engine, project)
    if evidence is None:
        return None
    blocks = _blocks_near(site)
    found = sampling.of_tree(site.tree) or sampling.of_calls(blocks)
    written = engine.settings
    return Rollout(
        place,
        site.source.path,
        "",
        written,
        found,
        home,
        project.release,
        trainer.of_modules(near, blocks, project.declared),
        sync.of_modules(near, project.declared),
        open=engine.open,
        patches_head=any(f.fp32_heads and imports_vllm(f) for f in near),
        defaults=_defaults(site.block, written),
        evidence=(evidence,),
    )


def _learns(near: list[PythonFacts], engine: Engine, project: Project) -> Evidence | None:
    """Why an engine is a policy's rollout: its weights are updated, or its logprobs enter a ratio.

    A server needs an update that goes over HTTP or through its own flags: most `vllm serve` lines
    in RL repositories are judges.
    """
    if project.declared.trainer is not None:
        return Evidence(f"trainer is declared in {project.declared.source}")
    if engine.http:
        named = next(
            (
                n
                for n in ("logprobs_mode", "weight_transfer_config", "worker_extension_cls")
                if n in engine.settings
            ),
            None,
        )
        routed = [call for facts in near for call in facts.calls if call.http]
        if not named and not routed:
            return None
    for call in updates(near):
        return Evidence("its weights are updated", call.place)
    for facts in near:
        for call in facts.calls:
            if call.name in ("pause_generation", "pause"):
                return Evidence("its weights are updated while requests are paused", call.place)
        for ratio in (*facts.rollout_ratios, *facts.correction_ratios):
            return ratio
    return None


def _blocks_near(site: Site) -> list[Block]:
    """The project's calls, those of the same file alone where it has any."""
    own = [block for block in site.source.blocks if block.name == "vllm.SamplingParams"]
    if own:
        return own
    return [
        block
        for path in site.project.modules
        for block in site.project.sources[path].blocks
        if block.name == "vllm.SamplingParams"
    ]


def remote(project: Project) -> Rollout | None:
    """A project that updates an engine it does not configure: only its calls can be judged."""
    modules = list(project.modules.values())
    found = sync.of_modules(modules, project.declared)
    if not found.pauses:
        return None
    return Rollout(
        found.pauses[0].place,
        found.pauses[0].place.path,
        "",
        {},
        {},
        None,
        project.release,
        trainer.of_modules(modules, (), project.declared),
        found,
        open=True,
        evidence=(Evidence("an engine elsewhere is paused for updates", found.pauses[0].place),),
    )


def _defaults(block: Block, written: Mapping[str, Setting]) -> Defaults:
    """vLLM's defaults beside the settings and variables that one engine has."""
    v0_asked = block.env.get("VLLM_USE_V1") == "0"
    return partial(release_default, engine=written, v0_asked=v0_asked)
