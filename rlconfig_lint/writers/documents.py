"""Writes one value or one new key into YAML and JSON."""

from __future__ import annotations

import json
import re

import yaml
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from rlconfig_lint.model import Put, Rename, Value
from rlconfig_lint.readers.documents import compose, is_json
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writers import CannotWriteError, Splice
from rlconfig_lint.writers.spelling import rewritten, spelled

_MOST_KEYS = 20_000
_PLAIN = re.compile(r"[A-Za-z_][\w./-]*")
_NOT_PLAIN = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n"))


def put(text: Text, edit: Put) -> Splice:
    if edit.entry is not None:
        return _replace(text, edit)
    new = spelled(edit)
    node = _mapping(text, edit, new.keys)
    if is_json(text) or node.flow_style:
        return _add_to_flow(text, node, new.key, new.value)
    return _add_to_block(text, node, new.key, new.value)


def _replace(text: Text, edit: Put) -> Splice:
    assert edit.entry is not None
    place = edit.entry.value_place
    if place is None:
        raise CannotWriteError("the key has no value to replace")
    old = text.body[place.start : place.end]
    value = rewritten(edit.entry, edit.value)
    if is_json(text):
        return Splice(place.start, place.end, json.dumps(value))
    if not old:
        gap = "" if text.body[place.start - 1 : place.start].isspace() else " "
        return Splice(place.start, place.end, gap + _scalar(value, capital=False))
    if isinstance(value, str) and old[0] in "\"'":
        return Splice(place.start, place.end, f"{old[0]}{value}{old[0]}")
    return Splice(place.start, place.end, _scalar(value, capital=old in ("True", "False")))


def rename(text: Text, edit: Rename) -> Splice:
    """The key keeps its quotes and style; the value is written anew behind its colon."""
    place, value = edit.entry.place, edit.entry.value_place
    old = text.body[place.start : place.end]
    key = edit.entry.path[-1]
    if value is None or not old.lstrip("\"'").startswith(key):
        raise CannotWriteError("the key is written in a way that cannot be renamed")
    name = edit.name.replace("_", "-") if "-" in key else edit.name
    between = text.body[place.start : value.start].replace(key, name, 1)
    between = between if between[-1:].isspace() else f"{between} "
    if edit.value == edit.entry.value:
        return Splice(place.start, value.start, between)
    written = json.dumps(edit.value) if is_json(text) else _scalar(edit.value, capital=False)
    return Splice(place.start, value.end, between + written)


def _mapping(text: Text, edit: Put, keys: tuple[str, ...]) -> yaml.MappingNode:
    documents = compose(text)
    index = edit.home.block.index
    node = documents[index] if index < len(documents) else None
    for key in keys:
        node = _child(node, key)
    if node is not None and _uses(documents, node) > 1:
        raise CannotWriteError("the mapping is shared through an anchor")
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise CannotWriteError(f"there is no mapping {'.'.join(keys)!r} to add to")
    return node


def _uses(documents: list[yaml.Node | None], wanted: yaml.Node) -> int:
    """How often a node stands in its documents: more than once, by an alias or merge key."""
    uses = 0
    seen: set[int] = set()
    todo = [node for node in documents if node is not None]
    while todo:
        node = todo.pop()
        uses += node is wanted
        if id(node) in seen or isinstance(node, yaml.ScalarNode):
            continue
        seen.add(id(node))
        pairs = isinstance(node, yaml.MappingNode)
        todo.extend(child for item in node.value for child in (item if pairs else (item,)))
    return uses


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.SequenceNode) and key.isdigit() and int(key) < len(node.value):
        found: yaml.Node = node.value[int(key)]
        return found
    if isinstance(node, yaml.MappingNode):
        return next((v for k, v in node.value if getattr(k, "value", None) == key), None)
    return None


def _add_to_block(text: Text, node: yaml.MappingNode, key: str, value: Value) -> Splice:
    """A line of its own behind the last one-line sibling, at the siblings' indentation."""
    capital = any(getattr(v, "value", "") in ("True", "False") for _, v in node.value)
    line = f"{key}: {_scalar(value, capital=capital)}"
    first = node.value[0][0].start_mark
    indentation = " " * (text.position(first.index)[1] - 1)
    for sibling, found in reversed(node.value):
        row, _ = text.position(sibling.start_mark.index)
        if isinstance(found, yaml.ScalarNode) and text.position(found.end_mark.index)[0] == row:
            end = text.line_starts[row - 1] + len(text.line(row))
            return Splice(end, end, text.newline + indentation + line)
    return Splice(first.index, first.index, line + text.newline + indentation)


def _add_to_flow(text: Text, node: yaml.MappingNode, key: str, value: Value) -> Splice:
    """Behind the last pair: on a line of its own where the pairs have theirs."""
    quoted = is_json(text)
    last_key, last_value = node.value[-1]
    end = last_value.end_mark.index
    written = json.dumps(value) if quoted else _scalar(value, capital=False)
    pair = (
        f"{json.dumps(key)}: {written}"
        if quoted or _quoted(text, last_key)
        else f"{key}: {written}"
    )
    if last_key.start_mark.line == node.start_mark.line:
        return Splice(end, end, f", {pair}")
    indentation = text.indentation(last_key.start_mark.index)
    return Splice(end, end, f",{text.newline}{indentation}{pair}")


def _quoted(text: Text, node: yaml.Node) -> bool:
    return text.body[node.start_mark.index] == '"'


def _scalar(value: Value, *, capital: bool) -> str:
    if isinstance(value, bool):
        return str(value) if capital else str(value).lower()
    if isinstance(value, dict):
        pairs = (f"{k}: {_scalar(_known(v), capital=capital)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN
        return value if plain else json.dumps(value)
    if value is None or isinstance(value, int | float):
        return json.dumps(value)
    raise CannotWriteError(f"{value!r} has no one-line form")


def _known(value: object) -> Value:
    if value is None or isinstance(value, bool | int | float | str | dict):
        return value
    raise CannotWriteError(f"{value!r} has no one-line form")


def second_opinion(old: Text, new: Text) -> set[str] | None:
    """The keys that ruamel.yaml, another parser, sees changed; None where it cannot read either."""
    before, after = _ruamels_view(old), _ruamels_view(new)
    if before is None:
        return None
    if after is None:
        return {"everything: the result does not parse"}
    keys = before.keys() | after.keys()
    return {key for key in keys if before.get(key, ...) != after.get(key, ...)}


def _ruamels_view(text: Text) -> dict[str, str] | None:
    loader = YAML(typ="rt", pure=True)
    loader.allow_duplicate_keys = True
    try:
        documents = list(loader.load_all(text.body))
    except (YAMLError, ValueError, RecursionError, AttributeError):
        return None
    view: dict[str, str] = {}
    todo: list[tuple[str, object]] = [(str(n), found) for n, found in enumerate(documents)]
    while todo and len(view) < _MOST_KEYS:
        path, found = todo.pop()
        if isinstance(found, dict):
            todo.extend((f"{path}.{key}", value) for key, value in found.items())
        elif isinstance(found, list):
            todo.extend((f"{path}.{number}", value) for number, value in enumerate(found))
        else:
            view[path] = repr(found)
    return view
