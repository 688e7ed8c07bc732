"""The tool's own configuration: `[tool.rlconfig-lint]` or `rlconfig-lint.toml`, closest first."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any, Literal

from packaging.version import InvalidVersion, Version
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationError,
    model_validator,
)

from rlconfig_lint.errors import UserError
from rlconfig_lint.frameworks import NAMES
from rlconfig_lint.model import Declared, Profile, Severity, SyncStyle, TrainerKind
from rlconfig_lint.profiles import BUILT_IN, Asked, built_in
from rlconfig_lint.readers.toml import parse
from rlconfig_lint.registry import known
from rlconfig_lint.releases.known import matching


class ConfigError(UserError):
    """The configuration cannot be used; the message names the file, the key and the remedy."""


def _release(text: str) -> str:
    matching(text)
    return text


def _one_version(text: str) -> str:
    try:
        return str(Version(text))
    except InvalidVersion:
        raise ValueError(f"{text!r} is not a version like 0.9.1") from None


def _framework(name: str) -> str:
    if name not in NAMES:
        raise ValueError(f"{name!r} is not a known framework: {', '.join(NAMES)}")
    return name


class Facts(BaseModel):
    """Facts that a user states; kebab-case in the file."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=lambda name: name.replace("_", "-"), frozen=True
    )

    vllm_version: Annotated[str, AfterValidator(_release)] | None = None
    framework: Annotated[str, AfterValidator(_framework)] | None = None
    framework_version: Annotated[str, AfterValidator(_one_version)] | None = None
    trainer: Literal["rollout-logprobs", "recompute", "decoupled"] | None = None
    weight_sync: Literal["in-flight", "between-batches", "frozen"] | None = None
    trainer_temperature: float | None = Field(default=None, gt=0)
    trainer_lm_head: Literal["float32", "bfloat16", "float16"] | None = None
    profile: str | None = None


Level = Literal["error", "warning", "info"]


class OwnProfile(BaseModel):
    """A profile of the user's own: one of the tool's, with other rules or severities."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    base: Profile = Profile.PRODUCTION
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: dict[str, Level] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_rules(self) -> OwnProfile:
        try:
            known((*self.select, *self.ignore, *self.severity))
        except UserError as error:
            raise ValueError(str(error)) from None
        return self

    def asked(self) -> Asked:
        severity = {item: Severity[level.upper()] for item, level in self.severity.items()}
        return Asked(self.base, self.select, self.ignore, severity)


class Config(Facts):
    """Everything the configuration file can say."""

    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] | None = None
    extend_exclude: tuple[str, ...] = ()
    preview: bool = False
    fail_on: Level = "warning"
    profiles: dict[str, OwnProfile] = Field(default_factory=dict)
    paths: dict[str, Facts] = Field(default_factory=dict)
    _file: Path = PrivateAttr(default=Path())

    @property
    def folder(self) -> Path:
        """What the patterns in the file are relative to."""
        return self._file.parent

    @model_validator(mode="after")
    def _has_its_profiles(self) -> Config:
        taken = [name for name in self.profiles if name in BUILT_IN]
        if taken:
            raise ValueError(f"profiles.{taken[0]}: a profile of the tool's own has this name")
        for facts in (self, *self.paths.values()):
            if facts.profile is not None:
                self.profile_named(facts.profile)
        return self

    def profile_named(self, name: str) -> Asked:
        """One of the tool's profiles or of the file's own.

        Raises:
            ValueError: there is none of that name.
        """
        if name in self.profiles:
            return self.profiles[name].asked()
        return built_in(name, self.profiles)

    def profile_for(self, path: Path) -> Asked:
        return self.profile_named(self._facts(path).get("profile") or Profile.PRODUCTION.value)

    def declared(self, path: Path) -> Declared:
        """The facts for one file: those of the last matching `paths` pattern win."""
        facts = self._facts(path)
        trainer, sync = facts.get("trainer"), facts.get("weight_sync")
        return Declared(
            facts.get("vllm_version"),
            facts.get("framework"),
            facts.get("framework_version"),
            TrainerKind(trainer) if trainer else None,
            SyncStyle(sync) if sync else None,
            facts.get("trainer_temperature"),
            facts.get("trainer_lm_head"),
            self._file.name,
        )

    def _facts(self, path: Path) -> dict[str, Any]:
        shown = Path(os.path.relpath(path, self._file.parent)).as_posix()
        names = Facts.model_fields
        merged = {name: getattr(self, name) for name in names}
        for pattern, facts in self.paths.items():
            if fnmatch(shown, pattern):
                given = {name: getattr(facts, name) for name in facts.model_fields_set}
                merged.update(given)
        return merged


def load(path: Path) -> Config:
    """One configuration file: `rlconfig-lint.toml`, or a pyproject.toml with our table.

    Raises:
        ConfigError: it cannot be read, or a key or value in it is wrong.
    """
    table = _parse(path)
    if path.name == "pyproject.toml":
        table = table.get("tool", {}).get("rlconfig-lint", {})
    return _validated(table, path)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return parse(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: does not parse: {error}") from None


def _validated(table: Mapping[str, Any], path: Path) -> Config:
    unknown = {key for key in table if "_" in key}
    try:
        if not isinstance(table, dict):
            raise ConfigError(f"{path}: tool.rlconfig-lint is not a table")
        if unknown:
            key = sorted(unknown)[0]
            raise ConfigError(f"{path}: unknown key {key!r}{_suggestion(key)}")
        config = Config.model_validate({**table})
    except ValidationError as error:
        raise ConfigError(f"{path}: {_first(error)}") from None
    config._file = path
    return config


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return f"unknown key {where!r}{_suggestion(where.rpartition('.')[2])}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message} (got {problem['input']!r})"


def _suggestion(key: str) -> str:
    names = [name.replace("_", "-") for name in Config.model_fields]
    close = difflib.get_close_matches(key.replace("_", "-"), names, 1)
    return f"; did you mean {close[0]!r}?" if close else f"; known keys: {', '.join(names)}"
