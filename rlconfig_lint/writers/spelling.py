"""How a setting is spelled where it goes: key, place and value."""

from __future__ import annotations

from dataclasses import dataclass

from rlconfig_lint.model import Entry, Home, KeyStyle, Put, Value


@dataclass(frozen=True, slots=True)
class Spelled:
    keys: tuple[str, ...]  # the mapping or prefix it belongs to
    key: str
    value: Value


def spelled(edit: Put) -> Spelled:
    """A new key in the home's own style; an escape hatch for what the home does not take."""
    home, name, value = edit.home, edit.name, edit.value
    if home.negated_false and value is False:
        return Spelled(home.free_keys, f"no-{_kebab(name)}", True)
    if home.typed and name not in home.typed:
        return Spelled(home.free_keys, name, value)
    own = next((key for key, meant in home.spelled.items() if meant == name), name)
    return Spelled(home.keys, _styled(home, own), value)


def rewritten(entry: Entry, value: Value) -> Value:
    """The value to write at an existing key, which may be spelled in the negative."""
    negative = entry.path[-1].lstrip("-").replace("-", "_").startswith("no_")
    return not value if negative and isinstance(value, bool) else value


def _styled(home: Home, name: str) -> str:
    return _kebab(name) if home.style is KeyStyle.KEBAB else name


def _kebab(name: str) -> str:
    return name.replace("_", "-")
