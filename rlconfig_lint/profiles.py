"""Profiles: what is asked of a rollout, by which rules, and how loud each of them is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import Finding, Profile, Rule, Severity
from rlconfig_lint.registry import matches

BUILT_IN = tuple(profile.value for profile in Profile)


@dataclass(frozen=True)
class Asked:
    """A profile of the tool's own, or a user's that is made from one."""

    base: Profile = Profile.PRODUCTION
    select: tuple[str, ...] = ()  # codes, families and names; empty for all
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)  # by code or name

    def has(self, rule: Rule) -> bool:
        wanted = not self.select or matches(rule, self.select)
        return wanted and not matches(rule, self.ignore)

    def weighed(self, finding: Finding) -> Finding:
        """The finding at the severity that the profile gives its rule."""
        for item in (finding.code, finding.name):
            if item in self.severity:
                return replace(finding, severity=self.severity[item])
        return finding


def built_in(name: str, others: Iterable[str] = ()) -> Asked:
    """A profile of the tool's own.

    Raises:
        ValueError: there is none of that name, nor among the others.
    """
    if name not in BUILT_IN:
        raise ValueError(f"no profile {name!r}: {', '.join((*BUILT_IN, *others))}")
    return Asked(Profile(name))
