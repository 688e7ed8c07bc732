"""From command-line options to a repository that is read and the facts that hold for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rlconfig_lint.config_files import closest
from rlconfig_lint.discovery import discover
from rlconfig_lint.errors import UserError
from rlconfig_lint.excluding import Excluder, excluder
from rlconfig_lint.model import Declared
from rlconfig_lint.profiles import Asked, built_in
from rlconfig_lint.releases.known import matching
from rlconfig_lint.repository import Repository

if TYPE_CHECKING:
    from rlconfig_lint.config import Config


@dataclass
class Configs:
    """The closest configuration of each file; what the command line says wins over it."""

    base: Path
    named: Path | None = None
    vllm_version: str | None = None
    chosen_profile: str | None = None
    _folders: dict[Path, Config | None] = field(default_factory=dict)

    def of_folder(self, folder: Path) -> Config | None:
        if folder not in self._folders:
            found = self.named or closest(folder)
            self._folders[folder] = _load(found) if found else None
        return self._folders[folder]

    def declared(self, path: str) -> Declared:
        file = self.base / path
        config = self.of_folder(file.parent)
        declared = config.declared(file) if config else Declared()
        if self.vllm_version is None:
            return declared
        return replace(declared, vllm_version=self.vllm_version, source="the command line")

    def excluder(self, folder: Path) -> Excluder:
        return excluder(folder, self.of_folder(folder.absolute()))

    def profile(self, path: str) -> Asked:
        """What is asked of a file.

        Raises:
            UserError: the command line names a profile that the file's configuration has not.
        """
        file = self.base / path
        config = self.of_folder(file.parent)
        if self.chosen_profile is not None:
            return _named(self.chosen_profile, config)
        return config.profile_for(file) if config else Asked()


def prepare(
    paths: Sequence[Path],
    config: Path | None = None,
    vllm_version: str | None = None,
    profile: str | None = None,
    *,
    force_exclude: bool = False,
) -> tuple[Repository, Configs]:
    """Everything below `paths`, read.

    Raises:
        UserError: a path is missing, a version is none, or a configuration is wrong.
    """
    base = Path.cwd()
    if vllm_version is not None:
        try:
            matching(vllm_version)
        except ValueError as error:
            raise UserError(f"--vllm-version: {error}") from None
    if config is not None and not config.is_file():
        raise UserError(f"--config: {config}: no such file")
    configs = Configs(base, config, vllm_version, profile)
    own = configs.of_folder(base)  # a wrong one is said even when no file is read
    if profile is not None:
        _named(profile, own)
    files = discover(paths or (Path(),), base, configs.excluder, force_exclude=force_exclude)
    return Repository.of(files, configs.declared), configs


def _named(profile: str, config: Config | None) -> Asked:
    try:
        return config.profile_named(profile) if config else built_in(profile)
    except ValueError as error:
        raise UserError(f"--profile: {error}") from None


def _load(path: Path) -> Config:
    from rlconfig_lint.config import load

    return load(path)
