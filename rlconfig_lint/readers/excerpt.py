"""A text that stands inside a file of another language, with its places in that file."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import TypeVar, cast

from rlconfig_lint.model import Place
from rlconfig_lint.readers.text import Text


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of characters that stands in the file as it stands in the text."""

    start: int  # in the text
    outer: int  # in the file
    width: int  # in the file: more than in the text for an escaped character


Part = tuple[str, int, int]  # a run of characters, its offset and its width in the file


@dataclass(frozen=True)
class Excerpt(Text):
    """Without pieces, nothing is known but that it stands somewhere between two offsets."""

    file: Text = field(default_factory=lambda: Text("", ""), kw_only=True)
    pieces: tuple[Piece, ...] = field(default=(), kw_only=True)
    starts: tuple[int, ...] = field(default=(), kw_only=True)
    around: tuple[int, int] = field(default=(0, 0), kw_only=True)

    @classmethod
    def of(cls, file: Text, parts: Iterable[Part]) -> Excerpt:
        """A text put together from parts."""
        bodies: list[str] = []
        pieces: list[Piece] = []
        length = 0
        for body, outer, width in parts:
            pieces.append(Piece(length, outer, width))
            bodies.append(body)
            length += len(body)
        starts = tuple(piece.start for piece in pieces)
        return cls(file.path, "".join(bodies), file=file, pieces=tuple(pieces), starts=starts)

    @classmethod
    def somewhere(cls, file: Text, body: str, start: int, end: int) -> Excerpt:
        """A text whose characters cannot be told apart in the file."""
        return cls(file.path, body, exact=False, file=file, around=(start, end))

    def parts(self) -> Iterator[Part]:
        ends = (*self.starts[1:], len(self.body))
        for piece, end in zip(self.pieces, ends, strict=False):
            yield self.body[piece.start : end], piece.outer, piece.width

    def part(self, start: int, end: int) -> Excerpt:
        """What stands between two offsets, as a text of its own."""
        parts: list[Part] = []
        at = 0
        for body, outer, width in self.parts():
            cut, keep = max(start - at, 0), min(end - at, len(body))
            if cut < keep:
                whole = cut == 0 and keep == len(body)
                parts.append((body[cut:keep], outer + cut, width if whole else keep - cut))
            at += len(body)
        return Excerpt.of(self.file, parts)

    def place(self, start: int, end: int) -> Place:
        if not self.pieces:
            return self.file.place(*self.around)
        outer = self._outer(start)
        return self.file.place(outer, max(outer, self._outer_end(end) if end > start else outer))

    def _outer(self, offset: int) -> int:
        piece = self.pieces[max(bisect_right(self.starts, offset) - 1, 0)]
        return piece.outer + offset - piece.start

    def _outer_end(self, end: int) -> int:
        """Behind the last character: the next piece may begin somewhere else."""
        number = max(bisect_right(self.starts, end - 1) - 1, 0)
        piece = self.pieces[number]
        after = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.body)
        return piece.outer + (piece.width if end == after else end - piece.start)


_Found = TypeVar("_Found")


def relocated(found: _Found, text: Excerpt) -> _Found:
    """What was read in a text of its own, with every place in the file that it stands in."""
    return cast("_Found", _relocated(found, text))


def _relocated(found: object, text: Excerpt) -> object:
    if isinstance(found, Place):
        return text.place(found.start, found.end)
    if isinstance(found, tuple):
        return tuple(_relocated(item, text) for item in found)
    if isinstance(found, dict):
        return {key: _relocated(value, text) for key, value in found.items()}
    if is_dataclass(found) and not isinstance(found, type):
        moved = {item.name: _relocated(getattr(found, item.name), text) for item in fields(found)}
        return replace(found, **moved)
    return found
