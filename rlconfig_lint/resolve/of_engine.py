"""Rollouts by vLLM's own arguments, with evidence that RL happens."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from rlconfig_lint.frameworks.unmodelled import MARKS
from rlconfig_lint.model import Block, Evidence, PythonFacts, Rollout, Setting, Sync, Trainer
from rlconfig_lint.resolve import sampling, sync, trainer
from rlconfig_lint.resolve.engines import Engine, no_rollout, other_model
from rlconfig_lint.resolve.project import Project, imports_vllm, updates
from rlconfig_lint.resolve.sites import Site, defaults_of
from rlconfig_lint.resolve.tree import Tree, keys_of


def of_engine(site: Site, engine: Engine) -> Rollout:
    """An engine, and whether anything says that a policy is trained with it."""
    project = site.project
    place, home = engine.place, engine.home
    owner = site.owner(engine.keys) if site.chain else None
    if home is not None and owner is not None:
        place = owner.place
        home = replace(home, block=owner.block, keys=engine.keys[len(owner.package) :])
    near = project.near(site.source.path)
    found = Rollout(
        place,
        site.source.path,
        "",
        engine.settings,
        _passed_anyway(engine),
        {},
        home,
        project.release,
        Trainer(),
        Sync(),
        open=engine.open or _supplies_its_own_defaults(site.tree),
        defaults=defaults_of(site.block.env, engine.settings),
        policy=False,
        env=site.block.env,
        layers=site.layers(engine.keys),
        parents=site.parents,
        named_at=site.named_at,
    )
    evidence = None if _named_otherwise(site, engine) else _learns(near, engine, project)
    return found if evidence is None else _as_policys(found, site, near, evidence)


def _as_policys(
    engine: Rollout, site: Site, near: list[PythonFacts], evidence: Evidence
) -> Rollout:
    """The engine with what is known of the side that learns."""
    declared, blocks = site.project.declared, _blocks_near(site)
    return replace(
        engine,
        sampling=sampling.of_tree(site.tree) or sampling.of_calls(blocks),
        trainer=trainer.of_modules(near, blocks, declared),
        sync=sync.of_modules(near, declared),
        patches_head=any(facts.fp32_heads and imports_vllm(facts) for facts in near),
        evidence=(evidence,),
        policy=True,
    )


def _passed_anyway(engine: Engine) -> dict[str, Setting]:
    """What is given to every release. Who looks at the release first knows its arguments."""
    return {
        name: setting
        for name, setting in engine.settings.items()
        if setting.entry is None or not setting.entry.guarded
    }


def _supplies_its_own_defaults(tree: Tree) -> bool:
    """Whether a file is a framework's whose defaults are not known here."""
    return any(tree.has(keys_of(mark)) for marks in MARKS.values() for mark in marks)


def _named_otherwise(site: Site, engine: Engine) -> bool:
    """Whether a key, file or function names another model, or no training."""
    path = site.project.inside(site.source.path)
    return other_model(engine.keys) or no_rollout(path, site.block.inside)


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
        if not named and not _updated_over_http(engine, project):
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


def _updated_over_http(engine: Engine, project: Project) -> bool:
    """Whether some code beside a server sends it updates; anywhere, where it is the only server."""
    only = project.servers == 1
    folder = posixpath.dirname(engine.place.path)
    return any(
        call.http and (only or posixpath.dirname(path) == folder)
        for path, facts in project.modules.items()
        for call in facts.calls
    )


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
        {},
        None,
        project.release,
        trainer.of_modules(modules, (), project.declared),
        found,
        open=True,
        evidence=(Evidence("an engine elsewhere is paused for updates", found.pauses[0].place),),
    )
