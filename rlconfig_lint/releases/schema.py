"""What one vLLM release accepts: engine arguments, flags, sampling parameters, methods, routes.

The data is generated from released sources by tools/releases; nothing here is judged. A
definition's `source` is `release:path:line` in the first release that has it unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Generic, TypeVar

from packaging.version import Version

from rlconfig_lint.releases.definitions import (
    REQUIRED,
    Argument,
    Default,
    Expression,
    Field,
    Flag,
    Json,
    Parameter,
    Route,
    Signature,
    Variable,
)
from rlconfig_lint.releases.stored import DATA, Stored

__all__ = [
    "REQUIRED",
    "Argument",
    "Default",
    "Expression",
    "Field",
    "Flag",
    "Parameter",
    "Route",
    "Schema",
    "Section",
    "Signature",
    "Variable",
    "read",
    "schema",
]

T = TypeVar("T")


class Section(Mapping[str, T], Generic[T]):
    """Name -> definition; a definition is read when it is looked up."""

    def __init__(
        self,
        stored: Stored,
        section: str,
        holders: Mapping[str, str],
        build: Callable[[str, Mapping[str, Json]], T],
    ) -> None:
        self._stored = stored
        self._section = section
        self._holders = holders
        self._build = build
        self._built: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._built:
            holder = self._holders[name]
            definition = self._stored.definition(self._section, name, holder)
            self._built[name] = self._build(name, definition)
        return self._built[name]

    def __contains__(self, name: object) -> bool:
        return name in self._holders

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._holders))

    def __len__(self) -> int:
        return len(self._holders)


@dataclass(frozen=True, slots=True)
class Schema:
    """One release."""

    version: Version
    arguments: Section[Argument]
    flags: Section[Flag]
    """By long name, `--logprobs-mode`."""
    llm: Section[Field]
    """The parameters of LLM.__init__; where `**kwargs` is one, the rest goes to EngineArgs."""
    sampling: Section[Field]
    nested: Section[Field]
    """By config and field, `CompilationConfig.mode`."""
    environment: Section[Variable]
    methods: Section[Signature]
    """By class and method, `AsyncLLM.sleep`."""
    routes: Section[Route]
    """By method and path, `POST /sleep`."""

    def llm_accepts(self, name: str) -> bool:
        """Whether LLM(name=...) is no TypeError."""
        forwards = "**kwargs" in self.llm
        argument = self.arguments.get(name)
        return name in self.llm or (forwards and argument is not None and not argument.async_only)

    def flag_of(self, field: str) -> Flag | None:
        """The flag that sets an argument; None where there is none."""
        flag = self.flags.get("--" + field.replace("_", "-"))
        return flag if flag and flag.field == field else None


@lru_cache(maxsize=1)
def _shipped() -> Stored:
    return Stored(DATA)


@lru_cache(maxsize=128)
def schema(version: str | Version) -> Schema:
    """What a release accepts.

    Raises:
        LookupError: there is no data for it.
    """
    return read(_shipped(), Version(str(version)))


def read(stored: Stored, version: Version) -> Schema:
    """The same, from a folder of data.

    Raises:
        LookupError: there is no data for the release.
    """
    if str(version) not in stored.index:
        raise LookupError(f"no data for vLLM {version}")
    names = stored.names(stored.index[str(version)])

    def section(name: str, build: Callable[[str, Mapping[str, Json]], T]) -> Section[T]:
        return Section(stored, name, names[name], build)

    return Schema(
        version,
        arguments=section("arguments", _argument),
        flags=section("flags", _flag),
        llm=section("llm", _field),
        sampling=section("sampling", _field),
        nested=section("nested", _field),
        environment=section("environment", _variable),
        methods=section("methods", _signature),
        routes=section("routes", _route),
    )


def _default(definition: Mapping[str, Json]) -> Default:
    if "default" not in definition:
        return REQUIRED
    default = definition["default"]
    if isinstance(default, dict) and list(default) == ["expr"]:
        return Expression(default["expr"])
    return default


def _field(name: str, definition: Mapping[str, Json]) -> Field:
    return Field(
        name,
        definition.get("type", ""),
        _default(definition),
        tuple(definition.get("choices", ())),
        definition.get("open", False),
        definition["source"],
    )


def _argument(name: str, definition: Mapping[str, Json]) -> Argument:
    return Argument(
        name,
        definition["type"],
        _default(definition),
        tuple(definition.get("choices", ())),
        definition.get("open", False),
        definition["source"],
        async_only=definition.get("async_only", False),
    )


def _flag(name: str, definition: Mapping[str, Json]) -> Flag:
    return Flag(
        name,
        definition.get("field"),
        tuple(definition.get("aliases", ())),
        is_boolean=definition.get("boolean", False),
        is_negated=definition.get("negated", False),
        is_deprecated=definition.get("deprecated", False),
        async_only=definition.get("async_only", False),
        source=definition["source"],
    )


def _variable(name: str, definition: Mapping[str, Json]) -> Variable:
    return Variable(name, definition.get("type"), definition.get("default"), definition["source"])


def _parameter(definition: Mapping[str, Json]) -> Parameter:
    return Parameter(
        definition["name"],
        definition.get("type"),
        _default(definition),
        definition.get("kind", "positional"),
        tuple(definition.get("choices", ())),
    )


def _signature(name: str, definition: Mapping[str, Json]) -> Signature:
    return Signature(
        name,
        tuple(_parameter(each) for each in definition["parameters"]),
        definition.get("returns"),
        is_async=definition.get("async", False),
        source=definition["source"],
    )


def _route(name: str, definition: Mapping[str, Json]) -> Route:
    method, path = name.split(" ")
    return Route(
        method,
        path,
        definition["handler"],
        tuple(_parameter(each) for each in definition.get("query", ())),
        tuple(definition.get("body", ())),
        definition["source"],
    )
