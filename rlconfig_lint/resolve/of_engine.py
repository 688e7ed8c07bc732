"""Rollouts by vLLM's own arguments, with evidence that RL happens."""

from __future__ import annotations

import posixpath
from dataclasses import replace

from rlconfig_lint.frameworks.unmodelled import MARKS
from rlconfig_lint.model import Block, Evidence, Rollout, Setting, Sync, Trainer
from rlconfig_lint.resolve import sampling, sync, trainer
from rlconfig_lint.resolve.code import REQUEST, CodeFacts
from rlconfig_lint.resolve.engines import Engine, no_rollout, other_model
from rlconfig_lint.resolve.generation import generation
from rlconfig_lint.resolve.project import Project
from rlconfig_lint.resolve.settings import flags
from rlconfig_lint.resolve.sites import Site, defaults_of
from rlconfig_lint.resolve.tree import Tree, keys_of

# Arguments that only an engine of a policy in training is given.
_FOR_TRAINING = frozenset(("logprobs_mode", "weight_transfer_config", "worker_extension_cls"))


def of_engine(site: Site, engine: Engine) -> Rollout:
    """An engine, and whether anything says that a policy is trained with it."""
    project = site.project
    place, home = engine.place, engine.home
    owner = site.owner(engine.keys) if site.chain else None
    if home is not None and owner is not None:
        place = owner.place
        home = replace(home, block=owner.block, keys=engine.keys[len(owner.package) :])
    facts = project.code.facts(site.source.path)
    asked = generation(project.code, site.source.path, site.block.env)
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
        generation=asked,
        open=engine.open or _supplies_its_own_defaults(site.tree),
        defaults=defaults_of(asked, engine.settings),
        policy=False,
        env=site.block.env,
        layers=site.layers(engine.keys),
        parents=site.parents,
        named_at=site.named_at,
    )
    evidence = None if _named_otherwise(site, engine) else _learns(facts, engine, project)
    return found if evidence is None else _as_policys(found, site, facts, evidence)


def _as_policys(engine: Rollout, site: Site, facts: CodeFacts, evidence: Evidence) -> Rollout:
    """The engine with what is known of the side that learns."""
    stated, code = site.project.declared, site.project.code
    requests = _requests_near(site)
    evaluating = [request for request in requests if code.evaluates(request)]
    training = [request for request in requests if request not in evaluating]
    learner = trainer.beside(facts.trainer, training, site.tree, flags(site.block.entries))
    if not code.asks_for_logprobs:
        learner = trainer.asking_for_none(learner, training)
    return replace(
        engine,
        sampling=sampling.of_tree(site.tree) or sampling.of_calls(training),
        evaluation=sampling.evaluation_of_tree(site.tree) or sampling.written(evaluating),
        trainer=trainer.declared(learner, stated),
        sync=sync.declared(replace(facts.sync, abort_handled=code.abort_handled), stated),
        patches_head=facts.patches_head,
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


def _learns(facts: CodeFacts, engine: Engine, project: Project) -> Evidence | None:
    """Why an engine is a policy's rollout: its weights are updated, or its logprobs enter a ratio.

    A server needs an update that goes over HTTP or through its own flags: most `vllm serve` lines
    in RL repositories are judges.
    """
    if project.declared.trainer is not None:
        return Evidence(f"trainer is declared in {project.declared.source}")
    asks_itself = not engine.http or _FOR_TRAINING & engine.settings.keys()
    if not asks_itself and not _updated_over_http(engine, project):
        return None
    return facts.learns


def _updated_over_http(engine: Engine, project: Project) -> bool:
    """Whether some code beside a server sends it updates; anywhere, where it is the only server."""
    only = project.servers == 1
    folder = posixpath.dirname(engine.place.path)
    return any(
        call.http and (only or posixpath.dirname(path) == folder)
        for path, facts in project.modules.items()
        for call in facts.calls
    )


def _requests_near(site: Site) -> list[Block]:
    """The project's SamplingParams, those of the same file alone where it has any."""
    own = [block for block in site.source.blocks if block.name == REQUEST]
    return own or list(site.project.code.requests)


def remote(project: Project) -> Rollout | None:
    """A project that updates an engine it does not configure: only its calls can be judged."""
    facts = project.code.facts()
    pauses = sync.pauses_of(facts.modules.values())
    if not pauses:
        return None
    return Rollout(
        pauses[0].place,
        pauses[0].place.path,
        "",
        {},
        {},
        {},
        None,
        project.release,
        trainer.declared(facts.trainer, project.declared),
        sync.declared(facts.sync, project.declared),
        open=True,
        evidence=(Evidence("an engine elsewhere is paused for updates", pauses[0].place),),
    )
