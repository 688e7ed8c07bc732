"""Writes one value or one new key into TOML. tomlkit spells the value; the place is a splice."""

from __future__ import annotations

import tomlkit

from rlconfig_lint.model import Entry, Put, Rename, Value
from rlconfig_lint.readers import toml
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writers import CannotWriteError, Splice
from rlconfig_lint.writers.spelling import rewritten, spelled


def put(text: Text, edit: Put) -> Splice:
    if edit.entry is not None:
        place = edit.entry.value_place
        if place is None:
            raise CannotWriteError("the value does not stand on one line")
        return Splice(place.start, place.end, _spelled(rewritten(edit.entry, edit.value)))
    new = spelled(edit)
    last = _last_sibling(text, new.keys)
    row = last.place.line
    end = text.line_starts[row - 1] + len(text.line(row))
    indentation = text.indentation(last.place.start)
    line = f"{text.newline}{indentation}{new.key} = {_spelled(new.value)}"
    return Splice(end, end, line)


def rename(text: Text, edit: Rename) -> Splice:
    """The key keeps its quotes and style; the value is written anew unless it stays the same."""
    place, value = edit.entry.place, edit.entry.value_place
    key = edit.entry.path[-1]
    if value is None or text.body[place.start : value.start].count(key) != 1:
        raise CannotWriteError("the key is written in a way that cannot be renamed")
    name = edit.name.replace("_", "-") if "-" in key else edit.name
    between = text.body[place.start : value.start].replace(key, name)
    if edit.value == edit.entry.value:
        return Splice(place.start, value.start, between)
    return Splice(place.start, value.end, between + _spelled(edit.value))


def _last_sibling(text: Text, keys: tuple[str, ...]) -> Entry:
    """The last key of a table that stands on a line of its own, behind which another can."""
    (block,) = toml.read(text)
    siblings = [
        entry
        for entry in block.entries
        if entry.path[:-1] == keys
        and entry.value_place is not None
        and text.line(entry.place.line)[: entry.place.column - 1].strip() == ""
    ]
    if not siblings:
        raise CannotWriteError(f"there is no table {'.'.join(keys)!r} to add to")
    return max(siblings, key=lambda entry: entry.place.start)


def _spelled(value: Value) -> str:
    written: str = tomlkit.item(value).as_string()
    return written
