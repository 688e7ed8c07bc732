"""The sentences and questions that rules share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from packaging.version import Version

from rlconfig_lint.model import (
    UNKNOWN,
    Block,
    Confidence,
    Edit,
    Evidence,
    Finding,
    Fix,
    Form,
    Origin,
    Place,
    Put,
    ReleaseFact,
    ReleaseSpan,
    Rename,
    Rollout,
    Setting,
    Severity,
    TrainerKind,
    Value,
    show,
)
from rlconfig_lint.releases.lifetimes import lifetime
from rlconfig_lint.resolve.sampling import LARGEST_VOCABULARY, NEUTRAL, TRUNCATION
from rlconfig_lint.resolve.trainer import NOBODY_ASKS

USES_ROLLOUT_LOGPROBS = (TrainerKind.ROLLOUT_LOGPROBS, TrainerKind.DECOUPLED)


DECLARE_RELEASE = 'vllm-version = "0.18.1"'
DECLARE_TRAINER = 'trainer = "rollout-logprobs", "recompute" or "decoupled"'
DECLARE_SYNC = 'weight-sync = "in-flight", "between-batches" or "frozen"'
DECLARE_TEMPERATURE = "trainer-temperature = 1.0"


@dataclass(frozen=True)
class Doubt:
    """A fact that a finding rests on and nobody could see, and how to declare it."""

    fact: str
    declare: str = ""

    def __str__(self) -> str:
        return f"{self.fact} (declare {self.declare})" if self.declare else self.fact


@dataclass(frozen=True)
class Sampling:
    """How training rollouts are sampled: what bends the distribution, and what is not known."""

    bent: tuple[Setting, ...]
    unknown: tuple[str, ...]
    replayed: tuple[str, ...] = ()  # what the trainer does to its own logits as well

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        return tuple(Evidence(str(setting), setting.place) for setting in self.bent)

    @property
    def temperature(self) -> str:
        return listed(s for s in self.bent if s.name == "temperature")

    @property
    def truncation(self) -> str:
        return listed(s for s in self.bent if s.name in TRUNCATION)

    @property
    def followed(self) -> str:
        """What the trainer's own logprobs have: temperature, and what it replays."""
        return listed(s for s in self.bent if s.name in ("temperature", *self.replayed))

    @property
    def beyond_the_trainer(self) -> str:
        """What the trainer's own logprobs do not have: truncation and penalties."""
        return listed(s for s in self.bent if s.name not in ("temperature", *self.replayed))

    def __str__(self) -> str:
        return listed(self.bent)


def listed(found: Iterable[Setting]) -> str:
    """`top_p 0.95, top_k 50`."""
    return ", ".join(f"{setting.name} {show(setting.value)}" for setting in found)


def sampling_of(rollout: Rollout) -> Sampling:
    found = [_sampled(rollout, name) for name in NEUTRAL]
    bent = tuple(s for s in found if s.value is not UNKNOWN and not _neutral(s))
    unknown = tuple(s.name for s in found if s.value is UNKNOWN)
    return Sampling(bent, unknown, rollout.trainer.replays)


def _neutral(setting: Setting) -> bool:
    """Whether a sampling setting leaves the distribution as it is."""
    if setting.name == "top_k" and isinstance(setting.value, int | float):
        return setting.value <= 0 or setting.value >= LARGEST_VOCABULARY
    return setting.value in NEUTRAL[setting.name]


def trains_at_one(rollout: Rollout) -> bool:
    """Whether the trainer's own logprobs are taken at temperature 1, as raw ones are."""
    trainer = rollout.trainer
    return trainer.divides_by_temperature is False or trainer.temperature == 1


def _sampled(rollout: Rollout, name: str) -> Setting:
    """Rollouts are sampled at the trainer's temperature where only that one is known."""
    setting = rollout.sampled(name)
    if name == "temperature" and setting.value is UNKNOWN:
        source = "the trainer's temperature"
        return Setting(name, rollout.trainer.temperature, Origin.UNKNOWN, source)
    return setting


def trainer_doubt(rollout: Rollout) -> tuple[Doubt, ...]:
    """Whether how the policy learns was not seen: that no request asks for logprobs says only that
    they are not used."""
    trainer = rollout.trainer
    if trainer.kind is TrainerKind.UNKNOWN:
        return (Doubt("what the trainer does with these logprobs", DECLARE_TRAINER),)
    if trainer.evidence == (NOBODY_ASKS,):
        return (Doubt("how the policy is trained", DECLARE_TRAINER),)
    return ()


def releases_where(
    rollout: Rollout, name: str, holds: Callable[[Value, Version], bool]
) -> ReleaseSpan:
    """The releases on which a setting's effective value is known and `holds`."""

    def known_and_holds(release: Version) -> bool:
        value = rollout.setting(name, release).value
        return value is not UNKNOWN and holds(value, release)

    return rollout.release.where(known_and_holds)


def where_from(setting: Setting) -> str:
    """`logprobs_mode = raw_logprobs (default of vLLM 0.18.1)`."""
    origin = f"set at {setting.place}" if setting.explicit and setting.place else setting.source
    if setting.whose_default:
        default = setting.whose_default
        origin = default if setting.explicit else f"{origin}; {default}"
    return f"{setting} ({origin})" if origin else str(setting)


@dataclass(frozen=True)
class Subject:
    """What a finding is about: its place, its name, its effective value and where that is from."""

    place: Place
    setting: str
    effective: str


def about_written(setting: Setting, place: Place) -> Subject:
    """A setting that is written, or `place` where its own is not known."""
    return Subject(setting.place or place, setting.name, where_from(setting))


def callee(rollout: Rollout) -> str:
    """The constructor that takes an engine's arguments; "" for flags and documents."""
    block = rollout.home.block if rollout.home else None
    return block.name if block and block.form is Form.CALL else ""


def takes_vllms_arguments(rollout: Rollout) -> bool:
    """Whether the written names are vLLM's: a subclass or actor may have its own."""
    block = rollout.home.block if rollout.home else None
    return block is not None and not (block.form is Form.CALL and block.derived)


def arguments_with_lifetimes(rollout: Rollout) -> Iterator[tuple[Setting, Version, Version]]:
    """Each written argument that some release takes, with the first and the last that do; nothing
    where the release is not known or the names are not vLLM's."""
    if not rollout.release.known or not takes_vllms_arguments(rollout):
        return
    for setting in rollout.passed.values():
        alive = lifetime(callee(rollout), setting.name)
        if alive is not None:
            yield setting, *alive


def about(rollout: Rollout, name: str, span: ReleaseSpan) -> Subject:
    """A setting where it is written; the engine, where it is not."""
    setting = rollout.setting(name, span.releases[-1])
    written = setting.place if setting.explicit and setting.place else rollout.place
    return Subject(written, name, where_from(setting))


def judged(
    rule: tuple[str, str],
    rollout: Rollout,
    severity: Severity,
    message: str,
    *,
    span: ReleaseSpan,
    subject: Subject,
    help_: str,
    doubts: tuple[Doubt, ...] = (),
    evidence: tuple[Evidence, ...] = (),
    decided_by: tuple[Evidence, ...] = (),
    fix: Fix | None = None,
    beside: Sequence[Setting] = (),
    by_name: bool = False,
    on_any_release: bool = False,
) -> Finding:
    """A finding, one level lower for each fact it rests on that nobody could see.

    It stands where the setting is, or is missing: once in a parent for all of its children. With
    `decided_by` it stands in the file that makes it wrong, because the setting is right elsewhere.

    One such fact is that a launch leaves a default of the project's own alone: of the setting in
    question, unless it is wrong `by_name` whatever its value, and of those `beside` it. Which
    release of vLLM runs is none where the finding holds `on_any_release`.
    """
    own = rollout.engine.get(subject.setting)
    judged_by = (*((own,) if own and not by_name else ()), *beside)
    defaults = dict.fromkeys(s.whose_default for s in judged_by if s.whose_default)
    doubts = (*doubts, *map(Doubt, defaults))
    if not on_any_release and not (span.certain and rollout.release.known):
        doubts = (*doubts, Doubt(_which_release(rollout), DECLARE_RELEASE))
    for _ in doubts:
        severity = severity.lowered()
    if doubts:
        help_ = f"{help_}. Not certain: {'; '.join(map(str, doubts))}"
    if fix is not None and not all(map(_writable, fix.edits)):
        fix = None
    if fix is not None:
        fix = _as_safe_as_its_facts(fix, rollout.release, doubts)
    subject, fix = _where_it_is_decided(rollout, subject, decided_by, fix)
    code, name = rule
    return Finding(
        code,
        name,
        severity,
        subject.place,
        message,
        subject.setting,
        subject.effective,
        str(span),
        help_,
        (*rollout.release.evidence[:1], *evidence),
        Confidence.MEDIUM if doubts else Confidence.HIGH,
        fix,
        span.certain,
    )


def _where_it_is_decided(
    rollout: Rollout, subject: Subject, decided_by: tuple[Evidence, ...], fix: Fix | None
) -> tuple[Subject, Fix | None]:
    """The innermost of the files that take part: a parent whose own settings are right stays as it
    is for its other children, and the one that makes them wrong gets the finding and the fix."""
    order = [layer.path for layer in rollout.layers]
    if subject.place.path not in order:
        return subject, fix
    taking_part = [e.place for e in decided_by if e.place is not None and e.place.path in order]
    last = max(taking_part, key=lambda place: order.index(place.path), default=subject.place)
    if order.index(last.path) <= order.index(subject.place.path):
        return subject, fix
    below = rollout.layers[order.index(last.path) :]
    layer = next((layer for layer in below if layer.block is not None), None)
    if layer is None or layer.block is None or layer.place is None:
        return replace(subject, place=last), None
    return replace(subject, place=layer.place), _moved(fix, layer.block) if fix else None


def _moved(fix: Fix, block: Block) -> Fix:
    """The same settings, written into another file of the chain."""
    edits = (
        replace(edit, home=replace(edit.home, block=block), entry=None)
        if isinstance(edit, Put)
        else edit
        for edit in fix.edits
    )
    return replace(fix, edits=tuple(edits))


def _writable(edit: Edit) -> bool:
    """Whether the text of the place is one that a fix is written into: cells of a notebook and
    lists of words are not."""
    if isinstance(edit, Put | Rename):
        return edit.home.block.writable
    return not edit.place.path.endswith(".ipynb")


def _which_release(rollout: Rollout) -> str:
    if rollout.release.known:
        return "it holds for a part of the releases that the project admits"
    return "the vLLM release is not pinned"


def _as_safe_as_its_facts(fix: Fix, release: ReleaseFact, doubts: tuple[Doubt, ...]) -> Fix | None:
    """No key is written that a release the project admits would refuse; with a doubt, no fix is
    safe."""
    if release.known and release.hidden:
        return None
    return replace(fix, safe=fix.safe and not doubts and not release.hidden)
