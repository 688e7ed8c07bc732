"""The things that a vLLM release defines and its users name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

Json = Any


class _NoDefault(Enum):
    REQUIRED = "required"


REQUIRED: Final = _NoDefault.REQUIRED
"""In place of a default: there is none."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A default that only running vLLM would tell."""

    text: str


Default = Json | Expression | Literal[_NoDefault.REQUIRED]


@dataclass(frozen=True, slots=True)
class Field:
    """A named value: of a dataclass, a config or a constructor."""

    name: str
    type: str
    default: Default
    choices: tuple[Json, ...]
    choices_are_open: bool
    """The type also admits other values than the choices."""
    source: str


@dataclass(frozen=True, slots=True)
class Argument(Field):
    """A field of EngineArgs, or of AsyncEngineArgs only."""

    async_only: bool


@dataclass(frozen=True, slots=True)
class Flag:
    """A command-line flag of the engine; `field` is None where no argument has its name."""

    name: str
    field: str | None
    aliases: tuple[str, ...]
    is_boolean: bool
    is_negated: bool
    is_deprecated: bool
    async_only: bool
    source: str

    @property
    def negation(self) -> str | None:
        """`--no-...`, where the release has it."""
        return "--no-" + self.name.removeprefix("--") if self.is_negated else None


@dataclass(frozen=True, slots=True)
class Variable:
    """An environment variable; `default` is the text of an expression, None where none is seen."""

    name: str
    type: str | None
    default: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    type: str | None
    default: Default
    kind: Literal["positional", "keyword_only", "var_positional", "var_keyword"]
    choices: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Signature:
    """A method such as `AsyncLLM.pause_generation`, without self."""

    name: str
    parameters: tuple[Parameter, ...]
    returns: str | None
    is_async: bool
    source: str

    def parameter(self, name: str) -> Parameter | None:
        return next((each for each in self.parameters if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP route: its query parameters, and the keys that it reads from a JSON body."""

    method: str
    path: str
    handler: str
    query: tuple[Parameter, ...]
    body: tuple[str, ...]
    source: str
