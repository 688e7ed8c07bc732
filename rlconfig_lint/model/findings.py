"""What rules say: findings, and fixes as edits in the words of the model."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from rlconfig_lint.model.places import Evidence, Place
from rlconfig_lint.model.rollouts import Home, Rollout
from rlconfig_lint.model.sources import Entry
from rlconfig_lint.model.values import Confidence, Severity, Value


@dataclass(frozen=True, slots=True)
class Put:
    """Write `name = value` where the engine's settings stand, replacing `entry` if there is one."""

    home: Home
    name: str
    value: Value
    entry: Entry | None = None


@dataclass(frozen=True, slots=True)
class Rename:
    """Another name, and the value that means the same under it, where `entry` stands."""

    home: Home
    entry: Entry
    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class PutArguments:
    """Give a call these keyword arguments, replacing those of the same names and `dropped`."""

    place: Place
    arguments: Mapping[str, Value]
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddStatementAfter:
    """A new statement behind the one that stands at `place`, at the same indentation."""

    place: Place
    statement: str


Edit: TypeAlias = Put | Rename | PutArguments | AddStatementAfter


@dataclass(frozen=True, slots=True)
class Fix:
    title: str
    edits: tuple[Edit, ...]
    safe: bool


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    name: str
    severity: Severity
    place: Place
    message: str
    setting: str = ""
    effective: str = ""  # the value and where it comes from
    releases: str = ""  # for which releases this holds
    help: str = ""  # what would make it right
    evidence: tuple[Evidence, ...] = ()
    confidence: Confidence = Confidence.HIGH
    fix: Fix | None = None
    everywhere: bool = True  # it holds on each release that the project may run


class Profile(enum.Enum):
    """What is asked of a rollout: nothing that is wrong; the same as a reference; one policy."""

    PRODUCTION = "production"
    PARITY = "parity"
    STRICT_ON_POLICY = "strict-on-policy"


class Life(enum.Enum):
    """A new rule is a preview, and off, until what it says was read in real projects."""

    PREVIEW = "preview"
    STABLE = "stable"
    DEPRECATED = "deprecated"


@dataclass(frozen=True)
class Example:
    """A small project that a rule says something about, or nothing. Tests and documentation."""

    file: str
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)  # declared as in the config file
    fixed: str | None = None  # the text after the fix; None where there is no fix
    profile: Profile = Profile.PRODUCTION
    beside: Mapping[str, str] = field(default_factory=dict)  # other files of the project


Check: TypeAlias = Callable[[Rollout, Profile], Iterator[Finding]]
Weigh: TypeAlias = Callable[[Rollout, Profile, Sequence[Finding]], Iterator[Finding]]


@dataclass(frozen=True)
class Rule:
    code: str
    name: str
    since: str
    releases: str  # PEP 440 specifiers of the releases it can speak about; "" for all
    check: Check
    bad: Sequence[Example]
    good: Sequence[Example]
    doc: str  # the rule file's docstring: its page
    every_engine: bool = False  # also true of engines that no policy is trained with
    life: Life = Life.PREVIEW
    weigh: Weigh | None = None  # says more once the other rules have spoken

    @property
    def summary(self) -> str:
        return self.doc.strip().splitlines()[0]
