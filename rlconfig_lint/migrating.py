"""What changes under a project when vLLM is upgraded: crashes, silent changes, decisions, a patch.

Nothing is judged here that the rules do not judge: the project is looked at twice, as it runs on
the old release and as it would run on the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from packaging.version import Version

from rlconfig_lint.fixing import Changes, fix
from rlconfig_lint.lint import Result, check
from rlconfig_lint.model import (
    UNKNOWN,
    Declared,
    Finding,
    Fix,
    Place,
    Profile,
    Put,
    Rollout,
    Rule,
    Setting,
    Severity,
)
from rlconfig_lint.profiles import Asked
from rlconfig_lint.releases import behaviour
from rlconfig_lint.releases.facts import Fact, beginning
from rlconfig_lint.releases.lifetimes import accepts
from rlconfig_lint.repository import Repository

# Settings whose unset value decides what logprobs mean, or whose policy computed them.
WATCHED = (
    "logprobs_mode",
    "enable_prefix_caching",
    "async_scheduling",
    "generation_config",
    "disable_cascade_attn",
    "gpu_memory_utilization",
    "kv_cache_dtype",
    "max_logprobs",
)
# Cascade attention gave wrong values (vllm#22103): its old default is not worth keeping.
NOT_WORTH_KEEPING = ("disable_cascade_attn",)
CRASHES = ("RL801", "RL802", "RL803", "RL804")
IGNORED = ("RL805",)


@dataclass(frozen=True)
class Silent:
    """A setting nobody wrote, whose effective value is another one after the upgrade."""

    place: Place
    name: str
    old: Setting
    new: Setting
    kept_by: Fix | None  # writes the old value out, where the new release takes it


@dataclass
class Migration:
    old: Version
    new: Version
    crashes: list[Finding] = field(default_factory=list)
    silent: list[Silent] = field(default_factory=list)
    meanings: list[tuple[Place, Fact]] = field(default_factory=list)  # of what is in use
    reference: list[Finding] = field(default_factory=list)  # with a fix
    decisions: list[Finding] = field(default_factory=list)  # a person's


def migration(
    repository: Repository, rules: Sequence[Rule], old: Version, new: Version
) -> Migration:
    """The upgrade of every rollout from one release to another."""
    before, after = _at(repository, old), _at(repository, new)
    was = check(before, rules, _production)
    on_old = {(finding.code, finding.place) for finding in was.findings}
    on_new = check(after, rules, partial(_profile, old, new))
    found = Migration(old, new)
    for finding in on_new.findings:
        known_already = (finding.code, finding.place) in on_old and not _leaves_v0(old, new)
        if finding.code in CRASHES + IGNORED:
            found.crashes.append(finding)
        elif known_already or finding.severity is Severity.INFO:
            continue
        elif finding.fix is not None:
            found.reference.append(finding)
        else:
            found.decisions.append(finding)
    found.silent = _silent(was, on_new, old, new)
    found.meanings = list(
        dict.fromkeys(meaning for r in was.rollouts for meaning in _meanings(r, old, new))
    )
    return found


def patch(repository: Repository, rules: Sequence[Rule], old: Version, new: Version) -> Changes:
    """The parts that keep behaviour, made: nothing that the new release refuses."""
    before, after = _at(repository, old), _at(repository, new)
    judged = partial(_with_kept_defaults, before, after, rules, old, new)
    return fix(after, judged, unsafe=False)


def _with_kept_defaults(
    before: Repository, after: Repository, rules: Sequence[Rule], old: Version, new: Version
) -> Result:
    """The findings on the new release, and one for each default that has to be written out. Both
    repositories hold the same sources, so a fix in one is seen in the other."""
    result = check(after, rules, partial(_profile, old, new))
    named = {(finding.place, finding.setting) for finding in result.findings}
    for change in _silent(check(before, (), _production), result, old, new):
        if change.kept_by is not None and (change.place, change.name) not in named:
            result.findings.append(_as_finding(change, new))
    return result


def _as_finding(change: Silent, new: Version) -> Finding:
    return Finding(
        "RL800",
        "default-changes",
        Severity.WARNING,
        change.place,
        f"{change.name} is {change.old.value} before the upgrade and {change.new.value} after it",
        change.name,
        releases=f"vLLM {new}",
        fix=change.kept_by,
    )


def _at(repository: Repository, release: Version) -> Repository:
    """The same sources on one release."""
    return replace(
        repository, declared_for=partial(_declared, repository.declared_for, release), _releases={}
    )


def _declared(given: Callable[[str], Declared], release: Version, path: str) -> Declared:
    return replace(given(path), vllm_version=str(release), source="the command line")


def _production(_: str) -> Asked:
    return Asked()


def _profile(old: Version, new: Version, _: str) -> Asked:
    """An upgrade that leaves the V0 engine behind is a parity question."""
    return Asked(Profile.PARITY if _leaves_v0(old, new) else Profile.PRODUCTION)


def _leaves_v0(old: Version, new: Version) -> bool:
    return behaviour.v0_can_run(old) and not behaviour.v0_can_run(new)


def _silent(was: Result, becomes: Result, old: Version, new: Version) -> list[Silent]:
    """The unset settings that change; rollouts that inherit one engine change once."""
    renewed = {(rollout.path, rollout.place): rollout for rollout in becomes.rollouts}
    changes: dict[tuple[Place, str], Silent] = {}
    for rollout in was.rollouts:
        after = renewed.get((rollout.path, rollout.place))
        for change in _changed(rollout, after, old, new) if after else ():
            changes[(change.place, change.name)] = change
    return list(changes.values())


def _changed(before: Rollout, after: Rollout, old: Version, new: Version) -> Iterator[Silent]:
    for name in WATCHED:
        was, becomes = before.setting(name, old), after.setting(name, new)
        unknown = UNKNOWN in (was.value, becomes.value)
        if not unknown and was.value != becomes.value and not becomes.explicit:
            yield Silent(after.place, name, was, becomes, _kept(after, was, new))


def _meanings(rollout: Rollout, old: Version, new: Version) -> Iterator[tuple[Place, Fact]]:
    """What begins to hold of the settings and calls that a rollout uses, where each stands."""
    used: dict[str, Place | None] = {call.name: call.place for call in rollout.sync.calls}
    used |= {name: entry.place for name, entry in rollout.env.items()}
    used |= {name: s.place for name, s in rollout.engine.items() if s.explicit}
    for fact in beginning(old, new):
        if fact.setting in used and not fact.unset:
            yield used[fact.setting] or rollout.place, fact


def _kept(rollout: Rollout, was: Setting, new: Version) -> Fix | None:
    if was.name in NOT_WORTH_KEEPING or was.value is None:
        return None
    if rollout.home is None or not accepts("", was.name, new):
        return None
    return Fix(f"keep {was}", (Put(rollout.home, was.name, was.value),), safe=True)
