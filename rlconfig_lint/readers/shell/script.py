"""A shell text and its syntax tree, with the tree's bytes turned into the text's characters.

tree-sitter's bash grammar does the parsing: it keeps exact spans, goes on behind an error and takes
linear time on hostile input.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from rlconfig_lint.readers.shell.words import TEMPLATE, Word
from rlconfig_lint.readers.text import Text, UnreadableError

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

_TEMPLATE = re.compile(r"\$?\{\{[^{}\n]*\}\}")
_TEMPLATE_BLOCK = re.compile(rb"^[ \t]*\{%", re.MULTILINE)
_GAP = re.compile(r"(?:\s|\\\s|(?<=\s)#[^\n]*\n|[<>&\d|-])*")
_ENDS = frozenset(("", *" \t\r\n;&|<>()"))
_ENDED = re.compile(r"(?:[ \t]|\\\r?\n)*(?:$|[\r\n;&|()<>#`}]|\d+[<>])")
_SUBSTITUTION = re.compile(r"[$<>]\(|`")
_MOST_HEREDOCS = 50  # tree-sitter takes quadratic time for them
_NO_CODE = ("comment", "heredoc_body", "raw_string", "string", "string_content")


@lru_cache(maxsize=1)
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


@dataclass(frozen=True)
class Script:
    text: Text
    body: str  # what was parsed: the text with its `{{ templates }}` made words of
    root: Node
    wide: list[int]  # the bytes that continue a character which began before them
    substitutes: bool  # whether there are commands inside words at all

    @classmethod
    def parse(cls, text: Text) -> Script:
        """Parse a shell text.

        Raises:
            UnreadableError: it is a template, known only when rendered, or hostile.
        """
        body = text.body
        if body.count("<<") > _MOST_HEREDOCS and any(
            line.count("<<") > _MOST_HEREDOCS for line in body.splitlines()
        ):
            raise UnreadableError(f"more than {_MOST_HEREDOCS} here-documents in a row: not read")
        if "{{" in body:
            body = _TEMPLATE.sub(lambda found: TEMPLATE * len(found.group()), body)
        data = body.encode("utf-8", "replace")
        wide = [] if body.isascii() else [m.start() for m in re.finditer(rb"[\x80-\xbf]", data)]
        root = _parser().parse(data).root_node
        script = cls(text, body, root, wide, bool(_SUBSTITUTION.search(body)))
        if "{%" in body:
            script._refuse_templates(data)
        return script

    def _refuse_templates(self, data: bytes) -> None:
        for found in _TEMPLATE_BLOCK.finditer(data):
            node = self.root.descendant_for_byte_range(found.end() - 2, found.end())
            if node is not None and node.type not in _NO_CODE:
                line, _ = self.text.position(self._offset(found.end()))
                raise UnreadableError(
                    "a Jinja template: known only when rendered", line, template=True
                )

    def source(self, node: Node) -> str:
        return self.body[self._offset(node.start_byte) : self._offset(node.end_byte)]

    def word(self, node: Node) -> Word:
        """A node as it is written, before expansion."""
        start, end = self._offset(node.start_byte), self._offset(node.end_byte)
        return Word(self.body[start:end], self.text, start, end)

    def has_commands(self, node: Node) -> bool:
        """Whether `$(...)` and the like may stand in a node's words."""
        return self.substitutes and _SUBSTITUTION.search(self.source(node)) is not None

    def first_command(self) -> Node | None:
        todo = [self.root]
        while todo:
            node = todo.pop()
            if node.type == "command":
                return node
            todo.extend(reversed(node.named_children))
        return None

    def words(self, nodes: Iterable[Node]) -> Iterator[Word]:
        """The written words that stand one behind the other. The grammar cuts some in two and
        loses parts of others."""
        last: Word | None = None
        for node in nodes:
            word = self.word(node)
            if last is None or self._blank(last.end, word.start):
                if last is not None:
                    yield last
                last = word
            else:
                gap = self.text.body[last.end : word.start]
                text = f"{last.text}{TEMPLATE if gap else ''}{word.text}"
                last = replace(last, text=text, end=word.end)
        if last is not None:
            yield self._whole(last)

    def value(self, node: Node) -> Word:
        """A written value, to the end of its word."""
        return self._whole(self.word(node))

    def lost(self, node: Node) -> bool:
        """Whether the grammar lost its way in a command: words of it may stand elsewhere."""
        parent, following = node.parent, node.next_sibling
        astray = any(near is not None and near.type == "ERROR" for near in (parent, following))
        end = self._offset(node.end_byte)
        return astray or _ENDED.match(self.text.body, end) is None

    def _whole(self, word: Word) -> Word:
        whole = self.text.body[word.end : word.end + 1] in _ENDS
        return word if whole else replace(word, text=word.text + TEMPLATE)

    def _blank(self, start: int, end: int) -> bool:
        """Whether words may part between two places: there is white space, or a redirection."""
        body = self.text.body
        return end < start or (start < end and _GAP.fullmatch(body, start, end) is not None)

    def _offset(self, byte: int) -> int:
        return byte - bisect_left(self.wide, byte) if self.wide else byte


@lru_cache(maxsize=16)
def sourced_script(text: Text) -> Script | None:
    """A file that scripts source: many of them source the same one."""
    try:
        return Script.parse(text)
    except UnreadableError:
        return None
