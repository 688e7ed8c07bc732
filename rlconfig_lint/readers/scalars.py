"""What a written scalar means to the program that will read it."""

from __future__ import annotations

import json
import re

import yaml

from rlconfig_lint.model import UNKNOWN, Value

# OmegaConf's resolver: PyYAML's YAML 1.1 plus floats without a dot, so that 1e-5 is a number.
_FLOAT = re.compile(
    r"[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9]+(?:_[0-9]+)*(?:[eE][-+]?[0-9]+)"
    r"|\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_LONGEST_NUMBER = 300


def plain(text: str) -> Value:
    """A bare word of a command line or override: a number, a boolean, null, JSON or a string."""
    word = text.strip()
    lowered = word.lower()
    if lowered in ("true", "false"):
        return lowered == "true"
    if lowered in ("null", "none", "~"):
        return None
    if len(word) < _LONGEST_NUMBER:
        if _INT.fullmatch(word):
            return int(word.replace("_", ""))
        if _FLOAT.fullmatch(word):
            return omegaconf_float(word)
    if word[:1] in "{[":
        return _structure(word)
    return word


def _structure(word: str) -> Value:
    """JSON, or the unquoted form of it that Hydra's overrides take: `{a: b}`, `[a, b]`."""
    try:
        return json_value(json.loads(word))
    except (ValueError, RecursionError):
        pass
    try:
        return json_value(yaml.load(word, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, RecursionError, ValueError):
        return word


def is_float(word: str) -> bool:
    return len(word) < _LONGEST_NUMBER and _FLOAT.fullmatch(word) is not None


def omegaconf_float(word: str) -> float:
    return float(word.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))


def json_value(found: object) -> Value:
    """A parsed JSON value as a Value."""
    if found is None or isinstance(found, bool | int | float | str | list | dict):
        return found
    return UNKNOWN


def truth(value: Value) -> bool | None:
    """The boolean that a launcher's value stands for, or None where it stands for none.

    A bare flag ("" or null in PipelineRL's vllm_kwargs) means true: see conf/base.yaml there.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return {0: False, 1: True}.get(value)
    if isinstance(value, str):
        return {"true": True, "1": True, "yes": True, "on": True}.get(
            value.lower(),
            {"false": False, "0": False, "no": False, "off": False}.get(value.lower()),
        )
    return None
