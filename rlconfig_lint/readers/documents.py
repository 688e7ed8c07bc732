"""Reads YAML and JSON: every key with its path, its value and its span.

PyYAML's C parser composes nodes with marks and constructs nothing, so an alias bomb stays small.
It is also what Hydra and OmegaConf read with, so `off` and `1e-5` mean what the framework will see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import yaml
from yaml.constructor import ConstructorError, SafeConstructor

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, Value
from rlconfig_lint.readers.scalars import is_float, omegaconf_float
from rlconfig_lint.readers.text import Lookup, Text, UnreadableError, nowhere

# Where commands stand, and the variables that are set for them: see embedded.py.
COMMAND_KEYS = frozenset(
    (
        "args",
        "arguments",
        "before_script",
        "cmd",
        "command",
        "entrypoint",
        "env",
        "environment",
        "envs",
        "run",
        "script",
        "secrets",
        "setup",
    )
)
_MOST_ENTRIES = 100_000
_DEEPEST = 100
_BRACKETS = re.compile(r"[\[{}\]]")
_JINJA_BLOCK = re.compile(r"^\s*\{%", re.MULTILINE)
_GO_BLOCK = re.compile(r"\{\{-?\s*[.$\w]")  # Helm's: only where it is no YAML
_RENDERED = "a template: known only when rendered"
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("bool", "int", "float", "null"))
_STRING_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "timestamp", "value", "binary", "merge")
)


def read(text: Text, lookup: Lookup = nowhere) -> tuple[Block, ...]:
    """Every document of a YAML or JSON file as one block, and the commands inside.

    Raises:
        UnreadableError: the text does not parse, or is too deep or too large to walk.
    """
    nodes = enumerate(compose(text))
    return tuple(block for n, node in nodes if node for block in _document(text, n, node, lookup))


def _document(text: Text, index: int, node: yaml.Node, lookup: Lookup) -> Iterator[Block]:
    walker = _Walker(text)
    place = text.place(node.start_mark.index, node.end_mark.index)
    yield Block(Form.DOCUMENT, "", place, tuple(walker.entries(node)), index=index)
    if walker.commands and not is_json(text):
        from rlconfig_lint.readers import embedded

        mappings = {
            path: {pair.key: pair.value for pair in walker.pairs(holder)}
            for path, holder in walker.commands.items()
        }
        for command in embedded.commands(text, mappings, lookup):
            yield replace(command, index=index)


def compose(text: Text) -> list[yaml.Node | None]:
    """The node of every document. JSON's tabs are read as spaces, which YAML wants.

    Raises:
        UnreadableError: with the row at which the parser gave up.
    """
    _refuse_depth(text)
    body = text.body
    if is_json(text):
        body = body.replace("\t", " ")
    try:
        return list(yaml.compose_all(body, Loader=yaml.CSafeLoader))
    except yaml.MarkedYAMLError as error:
        if not is_json(text) and (_JINJA_BLOCK.search(body) or _GO_BLOCK.search(body)):
            raise UnreadableError(_RENDERED, template=True) from None
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UnreadableError(f"does not parse: {error.problem}", line) from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UnreadableError(f"does not parse: {reason}") from None


def is_json(text: Text) -> bool:
    return text.path.lower().endswith(".json")


def scalar(node: yaml.ScalarNode) -> Value:
    """What OmegaConf would see; a custom tag's value is unknown."""
    if node.tag in _PLAIN_TAGS:
        try:
            return _construct(node)
        except (ConstructorError, ValueError, OverflowError, KeyError):
            return str(node.value)
    if node.tag not in _STRING_TAGS:
        return UNKNOWN
    if not node.style and is_float(node.value):
        return omegaconf_float(node.value)
    return str(node.value)


def _construct(node: yaml.ScalarNode) -> Value:
    found: Any = SafeConstructor().construct_object(node)
    return found if isinstance(found, bool | int | float | str) or found is None else UNKNOWN


def _refuse_depth(text: Text) -> None:
    depth = 0
    for found in _BRACKETS.finditer(text.body):
        depth += 1 if found.group() in "[{" else -1
        if depth > _DEEPEST:
            line, _ = text.position(found.start())
            raise UnreadableError(f"nested more than {_DEEPEST} brackets deep: not read", line)


@dataclass(frozen=True, slots=True)
class _Pair:
    """One key of a mapping, or one item of a sequence (which has no key node)."""

    key: str
    key_node: yaml.Node | None
    value: yaml.Node
    merged: bool = False


class _Walker:
    """Walks a composed document without recursion, opening each merge key once."""

    def __init__(self, text: Text) -> None:
        self.text = text
        self.walked: set[int] = set()
        self.opened: dict[int, list[_Pair]] = {}
        self.commands: dict[tuple[str, ...], yaml.Node] = {}  # the mappings that have any

    def entries(self, root: yaml.Node) -> Iterator[Entry]:
        todo: list[tuple[yaml.Node, tuple[str, ...], bool]] = [(root, (), False)]
        count = 0
        while todo:
            node, path, shared = todo.pop()
            deeper = []
            for pair in self.pairs(node):
                count += 1
                if count > _MOST_ENTRIES:
                    raise UnreadableError(f"more than {_MOST_ENTRIES} keys: not read")
                if pair.key in COMMAND_KEYS and not (shared or pair.merged):
                    self.commands[path] = node
                again = id(pair.value) in self.walked
                entry = self.entry(pair, path, shared or again or pair.merged, again)
                yield entry
                if not isinstance(pair.value, yaml.ScalarNode) and len(path) < _DEEPEST:
                    deeper.append((pair.value, entry.path, entry.shared))
                    self.walked.add(id(pair.value))
            todo.extend(reversed(deeper))

    def entry(self, pair: _Pair, path: tuple[str, ...], shared: bool, again: bool) -> Entry:
        value = pair.value
        begin, end = value.start_mark.index, value.end_mark.index
        if again and pair.key_node:  # an alias: the value's own text is the anchor's, elsewhere
            begin = end = pair.key_node.end_mark.index
        start = pair.key_node.start_mark.index if pair.key_node else begin
        value_place = self.text.place(begin, end)
        if pair.key_node and not isinstance(value, yaml.ScalarNode):
            end = pair.key_node.end_mark.index
        return Entry(
            (*path, pair.key), _value(value), self.text.place(start, end), value_place, shared
        )

    def pairs(self, node: yaml.Node) -> list[_Pair]:
        if isinstance(node, yaml.SequenceNode):
            return [_Pair(str(number), None, item) for number, item in enumerate(node.value)]
        if not isinstance(node, yaml.MappingNode):
            return []
        if id(node) not in self.opened:
            self.opened[id(node)] = []  # a mapping that merges itself stays empty
            self.opened[id(node)] = list(self._open(node))
        return self.opened[id(node)]

    def _open(self, node: yaml.MappingNode) -> Iterator[_Pair]:
        """A mapping's own keys, then those that it merges: of several merge keys the last counts
        first, of the mappings in its list the first."""
        scalars = [(key, value) for key, value in node.value if isinstance(key, yaml.ScalarNode)]
        merges = [value for key, value in scalars if key.tag == _MERGE]
        own = {key.value for key, _ in scalars if key.tag != _MERGE}
        yield from (
            _Pair(str(key.value), key, value) for key, value in scalars if key.tag != _MERGE
        )
        for value in reversed(merges):
            parents = value.value if isinstance(value, yaml.SequenceNode) else [value]
            for pair in (pair for parent in parents for pair in self.pairs(parent)):
                if pair.key not in own:
                    own.add(pair.key)
                    yield _Pair(pair.key, pair.key_node, pair.value, merged=True)


def _value(node: yaml.Node) -> Value:
    if isinstance(node, yaml.ScalarNode):
        return scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [scalar(n) if isinstance(n, yaml.ScalarNode) else UNKNOWN for n in node.value]
    return {}  # its keys are entries of their own
