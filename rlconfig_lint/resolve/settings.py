"""From spelled keys to vLLM's settings: renamed, negated, nested and dropped ones included."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping

from rlconfig_lint.frameworks.words import Supplied, Where
from rlconfig_lint.model import UNKNOWN, Entry, Origin, Setting, Value
from rlconfig_lint.readers.scalars import json_value, plain, truth
from rlconfig_lint.resolve.tree import Keys, snake

BOOLEANS = frozenset(
    (
        "enable_prefix_caching",
        "async_scheduling",
        "enforce_eager",
        "enable_return_routed_experts",
        "enable_sleep_mode",
        "enable_chunked_prefill",
        "disable_cascade_attn",
    )
)
_ANYWHERE = Where("")
_NUMBERS = re.compile(
    r"temperature|top_[pk]|min_p|(?:repetition|presence|frequency)_penalty|pipeline_parallel_size"
)
_JSON = frozenset(("hf_overrides", "override_generation_config", "compilation_config"))


def settings(
    entries: Iterable[Entry], inherited: Container[Keys], where: Where = _ANYWHERE
) -> dict[str, Setting]:
    """Settings by vLLM's name. A flag may be kebab-case, negated or bare, and a framework may have
    names of its own."""
    found: dict[str, Setting] = {}
    for entry in entries:
        written = snake(entry.path[-1])
        if where.prefix and written.startswith(f"no_{where.prefix}"):
            written = f"{where.prefix}no_{written[len(where.prefix) + 3 :]}"  # argparse negates so
        if not written.startswith(where.prefix):
            continue
        own = written[len(where.prefix) :]
        stated = entry.value
        if isinstance(stated, str):
            stated = where.meant.get(stated, stated)
        name, value = meaning(where.spelled.get(own, own), stated)
        if where.reads and name not in where.reads:
            continue
        origin = Origin.INHERITED if entry.path in inherited else Origin.EXPLICIT
        found[name] = Setting(name, value, origin, entry=entry)
    return found


def meaning(name: str, value: Value) -> tuple[str, Value]:
    """The setting that a spelled key stands for, and its value there."""
    positive = name.removeprefix("no_")
    if positive != name and positive in BOOLEANS:
        stated = True if value in ("", None) else truth(value)
        return positive, UNKNOWN if stated is None else not stated
    if name in BOOLEANS and value is not UNKNOWN:
        if value == "":
            return name, True  # a bare flag
        stated = truth(value)
        return name, value if stated is None else stated
    if isinstance(value, str) and _NUMBERS.fullmatch(name):
        return name, plain(value)
    if name in _JSON and isinstance(value, str):
        return name, _from_json(value)
    return name, value


def _from_json(text: str) -> Value:
    import json

    try:
        return json_value(json.loads(text))
    except (ValueError, RecursionError):
        return UNKNOWN


def without_dropped_false(found: Mapping[str, Setting]) -> dict[str, Setting]:
    """A launcher that writes no flag for `false` leaves vLLM's own default standing."""
    return {
        name: setting
        for name, setting in found.items()
        if setting.value is not False
        or snake(setting.entry.path[-1] if setting.entry else "") != name
    }


def supplied(rows: Iterable[Supplied], owner: str) -> Iterator[tuple[str, Setting]]:
    for row in rows:
        source = f"supplied by {owner} ({row.source})"
        yield row.name, Setting(row.name, row.value, Origin.FRAMEWORK, source)


def flags(entries: Iterable[Entry]) -> list[Entry]:
    """The `--flags` of a command."""
    return [entry for entry in entries if entry.key.startswith("-")]
