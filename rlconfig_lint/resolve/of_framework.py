"""Rollouts by a framework's own keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from rlconfig_lint.frameworks import at, framework, frameworks
from rlconfig_lint.frameworks.words import Backend, Framework, Mark, Supplied, Where
from rlconfig_lint.model import (
    UNKNOWN,
    CacheFate,
    Entry,
    Evidence,
    Form,
    Generation,
    Home,
    Origin,
    Place,
    Rollout,
    Setting,
    Sync,
    Trainer,
)
from rlconfig_lint.readers.scalars import plain
from rlconfig_lint.resolve import sampling, sync, trainer
from rlconfig_lint.resolve.conditions import Configuration, answer
from rlconfig_lint.resolve.engines import style_of
from rlconfig_lint.resolve.generation import generation
from rlconfig_lint.resolve.heads import patched_head
from rlconfig_lint.resolve.settings import settings, supplied, without_dropped_false
from rlconfig_lint.resolve.sites import Site, defaults_of
from rlconfig_lint.resolve.tree import Tree, keys_of

_Settings = dict[str, Setting]


def framework_of(site: Site) -> Framework | None:
    """The framework whose marks a block carries, as the version that the project has of it."""
    declared = site.project.declared.framework
    candidates = (framework(declared),) if declared else frameworks()
    for found in candidates:
        if _is_marked(site, found):
            version = site.project.version_of(found)
            return at(found, version.version if version else None)
    return None


def _is_marked(site: Site, found: Framework) -> bool:
    if site.block.form is Form.CALL:
        return site.block.name in found.calls and _imports(site, found.imports)
    if site.block.form is Form.COMMAND and found.in_files and not site.chain:
        return False
    asked = _asked(site, found)
    return any(_shows(mark, asked, site) for mark in found.marks)


def _imports(site: Site, package: str) -> bool:
    facts = site.source.python
    names = facts.imports if facts else ()
    return not package or any(name.split(".")[0] == package for name in names)


def _shows(mark: Mark, asked: Configuration, site: Site) -> bool:
    return (
        mark.form in (None, site.block.form)
        and (not mark.package or site.project.holds(mark.package))
        and (not mark.file or site.project.has(mark.file))
        and (not mark.word or any(mark.word in word for word in asked.words))
        and all(asked.tree.has(keys_of(path)) for path in mark.keys)
        and not any(asked.tree.has(keys_of(path)) for path in mark.without)
    )


def _asked(site: Site, found: Framework) -> Configuration:
    """The keys that a framework reads: a command's overrides or its flags, a call's arguments."""
    block = site.block
    if block.form is Form.CALL:
        return Configuration(_with_calls_beside(site, found), (block.name,))
    by_flags = found.flags and block.form is Form.COMMAND
    return Configuration(Tree.of_flags(block) if by_flags else site.tree, block.words)


def _with_calls_beside(site: Site, found: Framework) -> Tree:
    """A call's arguments, and those of the one call above it that made what it works with."""
    above = (b for b in site.source.blocks if b.place.start < site.block.place.start)
    calls = [block for block in above if block.name in found.beside]
    return site.tree.with_below(calls[0]) if len(calls) == 1 else site.tree


def of_framework(site: Site, found: Framework) -> Rollout | None:
    asked = _asked(site, found)
    own_place = _own_place(site, found, asked.tree)
    if own_place is None or not _trains_with_vllm(asked, found):
        return None
    elsewhere = any(answer((when,), asked).state is not False for when in found.elsewhere)
    if elsewhere:  # none of what is written or supplied here reaches it
        found = replace(found, engine=(), defaults=(), forced=(), engine_heads=())
    dropped = _dropping(asked, found)
    written = _engine_settings(site, found, asked, dropped)
    env = {} if elsewhere else {**site.block.env, **_exported(asked.tree, found)}
    engine = generation(site.project.code, site.source.path, env)
    if _asks_for_v0(asked, found) and "VLLM_USE_V1" not in env:
        engine = Generation(True, (Evidence(f"{found.name} sets VLLM_USE_V1=0"),))
    return Rollout(
        own_place,
        site.source.path,
        found.name,
        written,
        _passed(site, found, asked, dropped),
        _sampling_settings(site, found, asked),
        _home(site, found, asked, negated_false=bool(dropped)),
        site.project.release,
        _trainer(site, found, asked),
        _sync(site, found, asked),
        evaluation=sampling.evaluation_of_tree(asked.tree),
        generation=engine,
        open=elsewhere or _is_open(asked.tree, found),
        defaults=defaults_of(engine, written),
        evidence=_recognised(site, found, own_place),
        env=env,
        complete_requests=found.complete_requests,
        dropped=tuple(_dropped(site, found, asked, dropped)),
        parents=site.parents,
        named_at=site.named_at,
        layers=site.layers(keys_of(found.engine[0].path)) if found.engine else (),
        head=patched_head(found, asked),
    )


def _recognised(site: Site, found: Framework, place: Place) -> tuple[Evidence, ...]:
    version = site.project.version_of(found)
    base = f"{found.made_from} " if found.made_from else ""
    if version is None:
        return (Evidence(f"recognised as {found.name}, taken for {base}{found.newest}", place),)
    on = f"on {base}" if base else ""
    return Evidence(f"recognised as {found.name} {on}{version.version}", place), version.evidence


def _trains_with_vllm(asked: Configuration, found: Framework) -> bool:
    if any(answer((when,), asked).state for when in found.not_training):
        return False
    return found.backend is None or _means_vllm(found.backend, asked.tree)


def _means_vllm(backend: Backend, tree: Tree) -> bool:
    paths = filter(None, (backend.path, backend.older))
    written = (entry for path in paths if (entry := tree.get(keys_of(path))))
    entry = next(written, None)
    value = entry.value if entry else backend.absent
    if backend.begins:
        return isinstance(value, str) and value.startswith(backend.begins)
    return value in backend.values


def _written(site: Site, found: Framework, asked: Configuration, where: Where) -> _Settings:
    """Settings as they are; what the framework's own files say is supplied by the framework."""
    below = asked.tree.below(keys_of(where.path))
    written = settings(below, asked.tree.inherited, where)
    return {name: _attributed(setting, site, found) for name, setting in written.items()}


def _attributed(setting: Setting, site: Site, found: Framework) -> Setting:
    if setting.place is None or not site.supplies(found.package, setting.place):
        return setting
    source = f"supplied by {found.name} ({setting.place})"
    return Setting(setting.name, setting.value, Origin.FRAMEWORK, source)


def _passed(
    site: Site, found: Framework, asked: Configuration, dropped: frozenset[str]
) -> _Settings:
    """What is written where a framework hands keys to vLLM as they are, and arrives."""
    swallowed = {row.name for row in found.swallows}  # names, or keys in one spelling alone
    return {
        name: setting
        for where in found.engine
        if where.passes
        for name, setting in _arriving(_written(site, found, asked, where), where, dropped).items()
        if setting.explicit
        and name not in swallowed
        and not (setting.entry and setting.entry.path[-1] in swallowed)
        and not (where.drops_unknown_false and setting.value is False)
    }


def _exported(tree: Tree, found: Framework) -> dict[str, Entry]:
    """The variables that a framework sets for the engine, from keys among its settings."""
    return {
        entry.path[-1]: entry
        for where in found.engine
        for entry in tree.below(keys_of(where.path))
        if entry.path[-1] in found.exports
    }


def _arriving(written: _Settings, where: Where, dropped: frozenset[str]) -> _Settings:
    """What a launcher does not leave out of a place's settings."""
    if where.drops_null:
        written = {name: s for name, s in written.items() if s.value is not None}
    return without_dropped_false(written) if where.path in dropped else written


def _asks_for_v0(asked: Configuration, found: Framework) -> bool:
    sets = dict(_given(found.variables, found, asked))
    return "VLLM_USE_V1" in sets and sets["VLLM_USE_V1"].value in (0, False)


def _dropping(asked: Configuration, found: Framework) -> frozenset[str]:
    """The paths under which a `false` never reaches vLLM here."""
    rows = (row for row in found.drops_false if answer(row.when, asked).state)
    return frozenset(path for row in rows for path in row.paths)


def _dropped(
    site: Site, found: Framework, asked: Configuration, paths: frozenset[str]
) -> Iterator[Setting]:
    """The booleans that a framework's launcher leaves out when they are false."""
    for path in sorted(paths):
        written = _written(site, found, asked, Where(path))
        kept = without_dropped_false(written)
        yield from (s for name, s in written.items() if name not in kept and s.explicit)


def _sync(site: Site, found: Framework, asked: Configuration) -> Sync:
    """A framework's update path as its data says, with the calls of its own source where that is
    here. The data know the switches: its source has a reset for one of them and not for others."""
    project = site.project
    known = sync.of_framework(found, asked, project.declared)
    if not project.holds(found.package):
        return known
    own = sync.declared(project.code.facts().sync, project.declared)
    if not (own.updates or own.pauses):
        return known
    understood = own.pauses or own.resets or own.sleeps or own.salts
    fate = known.fate if known.fate is not CacheFate.UNKNOWN or not understood else None
    return replace(own, style=known.style, fate=fate, evidence=(*known.evidence, *own.evidence))


def _trainer(site: Site, found: Framework, asked: Configuration) -> Trainer:
    """A framework's trainer as its data says, with the evidence of its own source where that is
    here."""
    known = trainer.of_framework(found, asked, site.project.declared)
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
    """Whether a whole mapping of engine keys comes from where nobody can see, or is a text."""
    paths = [keys_of(where.path) for where in found.engine]
    values = [entry.value for keys in paths if keys and (entry := tree.get(keys))]
    unread = any(value is UNKNOWN or (isinstance(value, str) and value != "") for value in values)
    return unread or any(map(tree.hides, paths))


def _given(
    rows: Iterable[Supplied], found: Framework, asked: Configuration
) -> Iterator[tuple[str, Setting]]:
    """What the framework supplies here; unknown where nobody can tell whether it does."""
    for row in rows:
        holds = answer(row.when, asked).state
        if holds is not False:
            yield from supplied((row if holds else replace(row, value=UNKNOWN),), found.name)


def _engine_settings(
    site: Site, found: Framework, asked: Configuration, dropped: frozenset[str]
) -> _Settings:
    engine = dict(_given(found.defaults, found, asked))
    for where in found.engine:
        written = _written(site, found, asked, where)
        arriving = _arriving(written, where, dropped)
        for name in written.keys() - arriving.keys():
            if written[name].value is not None:
                engine.pop(name, None)  # neither it nor the framework's default is passed
        engine.update(arriving)
    engine.update(_given(found.forced, found, asked))
    return {
        name: s for name, s in engine.items() if s.value is not None or s.origin is Origin.EXPLICIT
    }


def _sampling_settings(site: Site, found: Framework, asked: Configuration) -> _Settings:
    given = dict(_given(found.sampling_defaults, found, asked))
    for where in found.sampling:
        written = _written(site, found, asked, where)
        read = (*sampling.NEUTRAL, *found.processors)
        given.update({name: s for name, s in written.items() if name in read})
    given.update(_given(found.sampling_forced, found, asked))
    lengths = (asked.tree.get(keys_of(path)) for path in found.response_length)
    longest = next(filter(None, lengths), None)
    if longest is not None:
        value = plain(longest.value) if isinstance(longest.value, str) else longest.value
        given["max_tokens"] = Setting("max_tokens", value, Origin.EXPLICIT, entry=longest)
    return given


def _home(
    site: Site, found: Framework, asked: Configuration, *, negated_false: bool
) -> Home | None:
    """Where a setting can be written: nowhere where the framework takes it from its own code or
    from flags that have no negative form."""
    if not found.engine:
        return None
    first, last = found.engine[0], found.engine[-1]
    if site.block.form is Form.CALL or found.flags or not last.path:
        return None
    keys = keys_of(first.path)
    free = keys_of(last.path) if len(found.engine) > 1 else ()
    style, block = found.style, site.block
    owner = site.owner(keys, found.package)
    if owner is not None:
        entries = list(site.tree.below(keys))
        style = style_of(entries) if entries else style
        block, above = owner.block, len(owner.package)
        keys, free = keys[above:], free[above:]
    return Home(
        block,
        keys,
        style,
        first.only,
        free,
        last.override,
        negated_false,
        first.spelled,
        frozenset(name for name, _ in _given(found.forced, found, asked)),
    )


def _own_place(site: Site, found: Framework, tree: Tree) -> Place | None:
    """Where a finding about an absent key points: the mapping that holds the engine's keys, in the
    outermost file that has it; a script's command."""
    if site.block.form is Form.DOCUMENT or site.chain:
        marks = [path for mark in found.marks for path in mark.keys]
        for path in (*(where.path for where in found.engine), *marks):
            if path and tree.has(keys_of(path)):
                owner = site.owner(keys_of(path), found.package)
                return owner.place if owner else site.block.place
    if site.block.form is not Form.DOCUMENT:
        return site.block.place
    return None


def _is_open(tree: Tree, found: Framework) -> bool:
    """Whether settings may come from where nobody can see."""
    named = any(tree.has(keys_of(path)) for path in found.settings_files)
    return named or _hides_keys(tree, found)
