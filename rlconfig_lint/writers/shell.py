"""Writes one flag or one `a.b=c` override into a command."""

from __future__ import annotations

import json
import re
import shlex

from rlconfig_lint.model import Block, Entry, Place, Put, Rename, Value
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writers import CannotWriteError, Splice
from rlconfig_lint.writers.spelling import Spelled, rewritten, spelled

_ARRAY = re.compile(r"\$\{(\w+)\[[@*]\]\}")
_CONTINUED = re.compile(r"\\\r?\n([ \t]*)")


def put(text: Text, edit: Put) -> Splice:
    is_override = bool(edit.home.keys or edit.home.free_keys)
    if edit.entry is not None:
        return _replace(edit.entry, edit)
    new = spelled(edit)
    return _add(text, edit, _override(edit, new) if is_override else flag(new.key, new.value))


def _replace(entry: Entry, edit: Put) -> Splice:
    place, value = entry.place, entry.value_place
    if entry.key.startswith("-") and isinstance(edit.value, bool):
        return Splice(place.start, place.end, flag(edit.name.replace("_", "-"), edit.value))
    if value is None or value.start < place.start or value.end > place.end:
        raise CannotWriteError("the flag's value stands elsewhere")
    return Splice(value.start, value.end, _word(rewritten(entry, edit.value)))


def rename(text: Text, edit: Rename) -> Splice:
    """Another flag, or the last part of an override's path with its value."""
    entry, place = edit.entry, edit.entry.place
    if entry.key.startswith("-"):
        return Splice(place.start, place.end, flag(edit.name.replace("_", "-"), edit.value))
    value = entry.value_place
    if value is None or text.body[place.start : value.start].count(entry.key) != 1:
        raise CannotWriteError("the override is written in a way that cannot be renamed")
    path = f"{entry.key.rpartition('.')[0]}.{edit.name}".lstrip(".")
    before = text.body[place.start : value.start].replace(entry.key, path)
    return Splice(place.start, value.end, before + _word(edit.value))


def flag(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name} {_word(value)}"


def _override(edit: Put, new: Spelled) -> str:
    prefix = edit.home.free_prefix if new.keys == edit.home.free_keys else ""
    value = str(new.value) if isinstance(new.value, bool) else _word(new.value)
    return f"{prefix}{'.'.join((*new.keys, new.key))}={value}"


def _word(value: Value) -> str:
    if isinstance(value, bool):
        return str(value)
    return shlex.quote(json.dumps(value) if isinstance(value, dict) else str(value))


def _add(text: Text, edit: Put, words: str) -> Splice:
    """Behind the command's last flag, in front of `"$@"`; in an array where all of them are."""
    block = edit.home.block
    given = [entry for entry in block.entries if _stands_alone(entry, block)]
    given = _nearest(given, spelled(edit).keys)
    inside = [entry for entry in given if _inside(entry.place, block.place)]
    behind = max((e.place.end for e in inside or given), default=None)
    if behind is None:
        raise CannotWriteError("the command has no flag of its own to stand behind")
    if inside:
        before = text.body[block.place.start : behind]
        continued = _CONTINUED.findall(before)
        if continued:
            return Splice(behind, behind, f" \\{text.newline}{continued[-1]}{words}")
        return Splice(behind, behind, f" {words}")
    for array in _ARRAY.findall(text.body[block.place.start : block.place.end]):
        if len(re.findall(rf"\$\{{{array}\[", text.body)) > 1:
            raise CannotWriteError(f"the array {array} is used by another command too")
    indentation = text.indentation(behind)
    separator = text.newline + indentation if indentation else " "
    return Splice(behind, behind, separator + words)


def _stands_alone(entry: Entry, block: Block) -> bool:
    """Whether something can be written behind an argument: its value stands there too, in this
    command alone."""
    whole = entry.value_place is None or _inside(entry.value_place, entry.place)
    return whole and (_inside(entry.place, block.place) or not entry.shared)


def _inside(inner: Place, outer: Place) -> bool:
    return inner.path == outer.path and outer.start <= inner.start and inner.end <= outer.end


def _nearest(entries: list[Entry], keys: tuple[str, ...]) -> list[Entry]:
    """The overrides that share most of a path with the new one: it belongs beside them."""
    nearest = max((_shared(entry.path, keys) for entry in entries), default=0)
    return [entry for entry in entries if _shared(entry.path, keys) == nearest]


def _shared(path: tuple[str, ...], keys: tuple[str, ...]) -> int:
    """How many leading keys two paths have in common."""
    return next(
        (n for n, (a, b) in enumerate(zip(path, keys, strict=False)) if a != b),
        min(len(path), len(keys)),
    )
