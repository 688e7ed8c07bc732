"""Reads shell scripts: each command's words, with variables and arrays of the same script resolved.

tree-sitter's bash grammar does the parsing: it keeps exact spans, goes on behind an error and takes
linear time on hostile input. Nothing is executed; what a script computes stays unknown.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, Place, Value
from rlconfig_lint.readers.scalars import json_value, plain
from rlconfig_lint.readers.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_OVERRIDE = re.compile(r"(\+{0,2})([A-Za-z_][\w./@-]*)=(.*)", re.DOTALL)
_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_BARE_FLAGS = ("enable", "disable", "no-", "no_", "async-sch", "async_sch", "enforce", "trust")
_BOOLEANS = ("true", "false")
_CONDITIONAL = frozenset(
    ("if_statement", "case_statement", "while_statement", "for_statement", "function_definition")
)
_HIDDEN = "\0"  # a piece of a word that only a run would tell
_MOST_WORDS = 5_000
_LONGEST_WORD = 20_000


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a command after expansion; `_HIDDEN` stands for what is not known."""

    text: str
    start: int
    end: int
    shared: bool = False  # its text stands in a variable

    @property
    def known(self) -> bool:
        return _HIDDEN not in self.text


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def read(text: Text) -> tuple[Block, ...]:
    """Every command of the script that has flags or `a.b=c` overrides."""
    return tuple(_Script(text).blocks())


class _Script:
    def __init__(self, text: Text) -> None:
        self.text = text
        self.data = text.body.encode("utf-8")
        self.held: dict[str, tuple[Word, ...]] = {}
        self.exported: dict[str, Entry] = {}

    @cached_property
    def _continuations(self) -> list[int]:
        """The bytes that continue a character which began before them."""
        return [found.start() for found in re.finditer(rb"[\x80-\xbf]", self.data)]

    def offset(self, byte: int) -> int:
        """tree-sitter counts bytes, places count characters."""
        return byte - bisect_left(self._continuations, byte)

    def source(self, node: Node) -> str:
        return self.data[node.start_byte : node.end_byte].decode("utf-8", "ignore")

    def blocks(self) -> Iterator[Block]:
        for node in self._nodes(_parser().parse(self.data).root_node):
            if node.type == "variable_assignment":
                self._assign(node)
            elif node.type == "command":
                block = self._command(node)
                if block.entries:
                    yield block

    def _nodes(self, root: Node) -> Iterator[Node]:
        todo = [root]
        while todo:
            node = todo.pop()
            yield node
            todo.extend(reversed(node.named_children))

    def _assign(self, node: Node) -> None:
        """Remember what a variable holds from here on, as a run of the script would."""
        name = node.child_by_field_name("name")
        if name is None or (node.parent and node.parent.type == "command"):
            return
        variable = self.source(name)
        words = self._assigned_words(node)
        if "+=" in self.source(node)[: len(variable) + 2]:
            words = (*self._holds(variable), *words)[:_MOST_WORDS]
        before = self.held.get(variable)
        if before is not None and _conditional(node) and _texts(before) != _texts(words):
            words = _perhaps(before, words)
        self.held[variable] = words
        if node.parent and node.parent.type == "declaration_command" and len(words) == 1:
            self.exported[variable] = self._variable_entry(variable, node, words[0].text)

    def _assigned_words(self, assignment: Node) -> tuple[Word, ...]:
        value = assignment.child_by_field_name("value")
        if value is None:
            return (Word("", assignment.end_byte, assignment.end_byte),)
        children = value.named_children if value.type == "array" else [value]
        items = [child for child in children if child.type != "comment"]
        return tuple(word for item in items[:_MOST_WORDS] for word in self._words(item))

    def _holds(self, variable: str) -> tuple[Word, ...]:
        return self.held.get(variable, ())

    def _command(self, node: Node) -> Block:
        words: list[Word] = []
        env = dict(self.exported)
        for child in node.named_children:
            if child.type == "variable_assignment":
                name, _, value = self.source(child).partition("=")
                env[name] = self._variable_entry(name, child, value.strip("\"'"))
            elif child.type not in ("file_redirect", "heredoc_redirect", "herestring_redirect"):
                words.extend(self._words(child))
        words = words[:_MOST_WORDS]
        return Block(
            Form.COMMAND,
            " ".join(word.text for word in words if word.known and word.text[:1] != "-")[:200],
            self._place(node.start_byte, node.end_byte),
            tuple(self._entries(words)),
            open=self._hides_some(words),
            words=tuple(word.text for word in words),
            env=env,
        )

    def _variable_entry(self, name: str, node: Node, value: str) -> Entry:
        return Entry((name,), _value(value), self._place(node.start_byte, node.end_byte))

    def _hides_some(self, words: list[Word]) -> bool:
        """Whether a flag or override may stand in a word that is not known. In front of the first
        one that is, such a word is a part of the program's name."""
        first = next((n for n, w in enumerate(words) if w.text[:1] == "-" or "=" in w.text), 0)
        return any(w.text == _HIDDEN and not self._is_arguments(w) for w in words[first:])

    def _is_arguments(self, word: Word) -> bool:
        """`"$@"`: a script is judged as it stands, without what a caller may add."""
        return self.data[word.start : word.end].strip(b'"') in (b"$@", b"$*", b"${@}", b"${@:1}")

    def _place(self, start: int, end: int) -> Place:
        return self.text.place(self.offset(start), self.offset(end))

    # --- words ---

    def _words(self, node: Node) -> list[Word]:
        """The words a node expands to: usually one, an array's several."""
        array = re.fullmatch(r'"?\$\{(\w+)\[[@*]\]\}"?', self.source(node))
        if array and array.group(1) in self.held:
            return list(self._holds(array.group(1)))
        text = "".join(self._pieces(node))
        if len(text) > _LONGEST_WORD:
            text = _HIDDEN
        if node.type == "simple_expansion" and not text.startswith(_HIDDEN):
            return [
                Word(part, node.start_byte, node.end_byte, shared=True) for part in text.split()
            ]
        return [Word(text, node.start_byte, node.end_byte)]

    def _pieces(self, node: Node) -> Iterator[str]:
        if node.type in ("word", "number", "string_content", "extglob_pattern", "variable_name"):
            yield re.sub(r"\\(?:\r?\n)?(.?)", r"\1", self.source(node))
        elif node.type == "raw_string":
            yield self.source(node)[1:-1]
        elif node.type in ("simple_expansion", "expansion"):
            yield self._variable(node)
        elif node.type in ("string", "concatenation", "command_name"):
            yield from self._joined(node)
        else:
            yield _HIDDEN

    def _joined(self, node: Node) -> Iterator[str]:
        """The pieces of a string or concatenation, with the bare text between its children."""
        inner = node.type == "string"
        at, end = node.start_byte + inner, node.end_byte - inner
        for child in node.named_children:
            yield self.data[at : child.start_byte].decode("utf-8", "ignore")
            yield from self._pieces(child)
            at = child.end_byte
        yield self.data[at:end].decode("utf-8", "ignore")

    def _variable(self, node: Node) -> str:
        found = re.fullmatch(r"\$\{?(\w+)(?::?[-=](.*))?\}?", self.source(node), re.DOTALL)
        if not found:
            return _HIDDEN
        held = self._holds(found.group(1))
        if held and held[0].text != "":
            return " ".join(_texts(held))
        default = (found.group(2) or "").removesuffix("}").strip("\"'")
        if not default or "$" in default:
            return _HIDDEN
        if "=" in self.source(node)[: len(found.group(1)) + 5]:  # ${X:=default} assigns it
            self.held[found.group(1)] = (Word(default, node.start_byte, node.end_byte, True),)
        return default

    # --- entries ---

    def _entries(self, words: list[Word]) -> Iterator[Entry]:
        taken = -1
        for number, word in enumerate(words):
            if number <= taken:
                continue
            flag = _FLAG.fullmatch(word.text)
            if flag:
                following = words[number + 1] if number + 1 < len(words) else None
                value = _value_of(flag.group(1), following) if flag.group(2) is None else None
                taken = number + 1 if value else -1
                yield self._flag(word, flag.group(1), flag.group(2), value)
            else:
                override = _OVERRIDE.fullmatch(word.text)
                if override:
                    entry = self._override(word, override)
                    yield entry
                    if isinstance(entry.value, dict):
                        yield from _opened(entry, entry.value)

    def _flag(self, word: Word, name: str, joined: str | None, following: Word | None) -> Entry:
        dashes = word.text[: len(word.text) - len(word.text.lstrip("-"))]
        whole = replace(word, end=following.end) if following and not following.shared else word
        text = joined if joined is not None else following.text if following else None
        value_place = None
        if following:
            value_place = self._place(following.start, following.end)
        elif joined is not None:
            value_place = self._after_equals(word)
        return Entry(
            tuple(name.split(".")),
            True if text is None else _value(text),
            self._place(whole.start, max(whole.start, whole.end)),
            value_place,
            shared=word.shared or bool(following and following.shared),
            written=dashes + name,
        )

    def _override(self, word: Word, found: re.Match[str]) -> Entry:
        return Entry(
            tuple(found.group(2).split(".")),
            _value(found.group(3)),
            self._place(word.start, word.end),
            self._after_equals(word),
            shared=word.shared,
            written=found.group(1) + found.group(2),
        )

    def _after_equals(self, word: Word) -> Place:
        source = self.data[word.start : word.end]
        begin = word.start + source.find(b"=") + 1
        quoted = source[:1] in b"\"'" and source[:1] == source[-1:] != b""
        return self._place(begin, max(begin, word.end - quoted))


def _opened(entry: Entry, mapping: dict[str, object]) -> Iterator[Entry]:
    """The keys of `a.b={c: d}`. They are read here and written nowhere."""
    for key, found in mapping.items():
        value = json_value(found)
        inner = replace(entry, path=(*entry.path, str(key)), value=value, shared=True)
        yield inner
        if isinstance(value, dict):
            yield from _opened(inner, value)


def _value_of(flag: str, following: Word | None) -> Word | None:
    """The word that is this flag's value, if it has one."""
    if following is None or not following.text or following.text.startswith("--"):
        return None
    if flag.startswith(_BARE_FLAGS) and following.text.lower() not in _BOOLEANS:
        return None
    if following.text[0] == "-" and not re.fullmatch(r"-[\d.].*", following.text):
        return None
    override = _OVERRIDE.fullmatch(following.text)
    if override and ("." in override.group(2) or override.group(1)):
        return None
    return following


def _value(text: str) -> Value:
    return UNKNOWN if _HIDDEN in text else plain(text.strip("\"'") if text else text)


def _perhaps(before: tuple[Word, ...], after: tuple[Word, ...]) -> tuple[Word, ...]:
    """What a variable holds when a branch may have changed it: the words that stay in any case,
    and the keys of the others without a known value."""
    certain = before if _texts(after[: len(before)]) == _texts(before) else ()
    others = (*before[len(certain) :], *after[len(certain) :])
    unsure = {_unvalued(word.text): word for word in others}
    return (*certain, *(replace(word, text=text) for text, word in unsure.items()))


def _unvalued(text: str) -> str:
    key, equals, _ = text.partition("=")
    return f"{key}={_HIDDEN}" if equals or text.startswith("-") else _HIDDEN


def _texts(words: Iterable[Word]) -> list[str]:
    return [word.text for word in words]


def _conditional(node: Node) -> bool:
    parent = node.parent
    while parent is not None:
        if parent.type in _CONDITIONAL:
            return True
        parent = parent.parent
    return False
