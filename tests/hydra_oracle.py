"""hydra-core and OmegaConf as the judges of what a configuration means."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from rlconfig_lint.model import UNKNOWN, Source
from rlconfig_lint.readers import read
from rlconfig_lint.resolve.defaults_list import first_document
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.tree import Keys, Tree

Files = Mapping[str, str]
REFUSED = (HydraException, OmegaConfBaseException, ValueError, TypeError, AssertionError)


def lookup_of(files: Files) -> Lookup:
    """Files that stand in no folder of the disk."""
    folders = {path[:n] for path in files for n, c in enumerate(path) if c == "/"}

    @cache
    def file(path: str) -> Source | None:
        return read(path, files[path].encode()) if path in files else None

    return Lookup(file, lambda path: path in folders)


def tree_of(text: str) -> Tree:
    """One document without parents."""
    block = first_document(read("a.yaml", text.encode()))
    return Tree.of(block) if block is not None else Tree()


def composed(folder: Path, files: Files, name: str, overrides: list[str]) -> DictConfig | None:
    """What Hydra makes of the files; None where it refuses them."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    parent = (folder / name).parent
    try:
        with (
            warnings.catch_warnings(),
            initialize_config_dir(str(parent.resolve()), version_base=None),
        ):
            warnings.simplefilter("ignore")
            return compose(Path(name).stem, overrides)
    except (*REFUSED, RecursionError):
        return None


def loaded(text: str) -> DictConfig | None:
    """What OmegaConf makes of one document; None where it refuses it."""
    try:
        found = OmegaConf.create(text)
    except (*REFUSED, yaml.YAMLError):
        return None
    return found if isinstance(found, DictConfig) else None


def disagreements(tree: Tree, config: DictConfig | ListConfig) -> list[tuple[str, object, object]]:
    """Every key for which the tree says something else than the configuration: (key, the tree's,
    the configuration's). UNKNOWN is no disagreement, nor is a key of a mapping with unseen keys."""
    assert isinstance(config, DictConfig)
    expected = dict(_leaves(config, ()))
    found: list[tuple[str, object, object]] = []
    for path, wanted in expected.items():
        entry = tree.get(path)
        mine: object = "absent" if entry is None else entry.value
        if entry is None and tree.hides(path):
            continue
        if not _agree(mine, wanted):
            found.append((".".join(path), mine, wanted))
    lists = {path for path, value in expected.items() if isinstance(value, list)}
    for path, entry in tree.entries.items():
        inside = any(path[:n] in lists for n in range(1, len(path)))
        if path not in expected and not inside and tree.get(path) is not None:
            found.append((".".join(path), entry.value, "absent"))
    return found


class _Refused:
    """A value that OmegaConf raises an error for."""


_REFUSED = _Refused()


def _leaves(config: DictConfig, path: Keys) -> Iterator[tuple[Keys, object]]:
    for key in config:
        below = (*path, str(key))
        yield below, _value(config, key)
        node = config._get_node(key)
        if isinstance(node, DictConfig) and not node._is_interpolation():
            yield from _leaves(node, below)


def _value(config: DictConfig | ListConfig, key: Any) -> object:
    """A value as a program gets it; a mapping only as such."""
    try:
        value = config[key]
    except (*REFUSED, RecursionError):
        return _REFUSED
    if isinstance(value, DictConfig):
        return {}
    if isinstance(value, ListConfig):
        return [_value(value, number) for number in range(len(value))]
    return value


def _agree(mine: object, wanted: object) -> bool:
    if mine is UNKNOWN:
        return True
    if isinstance(mine, dict) or isinstance(wanted, dict):
        return isinstance(mine, dict) and isinstance(wanted, dict)
    if isinstance(mine, list) and isinstance(wanted, list):
        return len(mine) == len(wanted) and all(map(_agree, mine, wanted))
    return type(mine) is type(wanted) and (mine == wanted or mine != mine)
