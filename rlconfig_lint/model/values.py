"""Values, and the scales that findings and facts are measured on."""

from __future__ import annotations

import enum
from typing import TypeAlias


class Unknown(enum.Enum):
    """The value of a setting that cannot be read from the files. Never guessed."""

    UNKNOWN = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN

# Lists and mappings hold Values themselves; `object` keeps the alias free of recursion.
Value: TypeAlias = "bool | int | float | str | list[object] | dict[str, object] | Unknown | None"


class Severity(enum.IntEnum):
    """How bad: ordered, so that `max` and comparisons read naturally."""

    INFO = 0  # advice
    WARNING = 1  # wrong unless something that is not visible here makes it right
    ERROR = 2  # the importance ratio is wrong, or the policy is a mixture

    @property
    def word(self) -> str:
        return self.name.lower()

    def lowered(self) -> Severity:
        return Severity(max(self - 1, 0))


class Confidence(enum.Enum):
    HIGH = "high"
    MEDIUM = "medium"  # rests on a fact that was not proved


class Origin(enum.Enum):
    """Where an effective value comes from."""

    EXPLICIT = "explicit"
    INHERITED = "inherited"
    FRAMEWORK = "framework default"
    RELEASE = "release default"
    UNKNOWN = "unknown"


class TrainerKind(enum.Enum):
    """What the trainer does with the logprobs that the rollout engine returned."""

    ROLLOUT_LOGPROBS = "rollout-logprobs"  # they are log pi_old in the importance ratio
    RECOMPUTE = "recompute"  # the trainer recomputes log pi_old and drops them
    DECOUPLED = "decoupled"  # recomputed, and weighted by pi_old / pi_rollout
    UNKNOWN = "unknown"


class SyncStyle(enum.Enum):
    """When new weights reach the engine."""

    IN_FLIGHT = "in-flight"  # while requests are running
    BETWEEN_BATCHES = "between-batches"  # no request is running
    FROZEN = "frozen"  # never
    UNKNOWN = "unknown"


class CacheFate(enum.Enum):
    """What a weight update does to the prefix cache."""

    CLEARED = "cleared"
    SALTED = "salted"  # old blocks stay but no later policy can hit them
    SURVIVES = "survives"
    UNKNOWN = "unknown"


def show(value: Value) -> str:
    """A value as a person writes it: `true`, `null`, `processed_logprobs`."""
    if value is UNKNOWN:
        return "unknown"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k}: {show(v)}" for k, v in value.items()) + "}"  # type: ignore[arg-type]
    return str(value)
