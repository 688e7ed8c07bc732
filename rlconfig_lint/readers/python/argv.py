"""Servers that a module starts from a list of words: `subprocess.Popen(["vllm", "serve"])`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import UNKNOWN, Block, Entry, Form, Place, Value
from rlconfig_lint.readers.python.dicts import keys_of
from rlconfig_lint.readers.python.here import Done, Held, Here
from rlconfig_lint.readers.python.module import Module
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.scopes import What, text_of
from rlconfig_lint.readers.python.values import worth
from rlconfig_lint.readers.python.walk import Around
from rlconfig_lint.readers.scalars import plain
from rlconfig_lint.readers.text import Text

# Whether a module can hold such a command at all.
SERVES = re.compile(r"vllm[\"'][\s,]+[\"']serve\b|vllm serve\b|vllm\.entrypoints\.")
_STARTS = frozenset(
    (
        "call",
        "check_call",
        "check_output",
        "create_subprocess_exec",
        "execv",
        "execve",
        "execvp",
        "execvpe",
        "popen",
        "run",
    )
)
_PROGRAM_FIRST = ("execv", "execve", "execvp", "execvpe")  # (program, argv)
_WORDS = ("create_subprocess_exec",)  # (word, word, ...)
_FLAG = re.compile(r"--?([A-Za-z][\w.-]*)(?:=(.*))?", re.DOTALL)
_BARE = re.compile(r"(?:no|enable|disable)[-_].*|(?:async|enforce|trust)[-_](?:s|e|r).*")
_BOOLEANS = ("true", "false")
_HIDDEN = "\0"  # a piece of a word that only a run would tell
_MOST_WORDS = 5_000


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    place: Place
    shared: bool = False  # not a literal of its own

    @property
    def known(self) -> bool:
        return _HIDDEN not in self.text


@dataclass
class Words:
    """The words of a list, as far as they are known."""

    words: list[Word] = field(default_factory=list)
    unseen: bool = False  # there may be others
    at: Place | None = None  # where the list begins

    def add(self, other: Words, *, certain: bool = True) -> None:
        room = _MOST_WORDS - len(self.words)
        found = other.words if certain else [_doubted(word) for word in other.words]
        self.words.extend(found[:room])
        self.unseen = self.unseen or other.unseen or len(other.words) > room
        self.at = self.at or other.at


def command(module: Module, call: ast.Call, around: Around) -> Block | None:
    """The vLLM server that a call starts, if that is what it does."""
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else dotted(function) or ""
    name = name.lstrip("_").lower()
    if name not in _STARTS or not call.args:
        return None
    here = module.here(call, around)
    if name in _WORDS:
        given: ast.expr = ast.copy_location(ast.List(call.args, ast.Load()), call)
    elif name in _PROGRAM_FIRST:
        given = call.args[1] if len(call.args) > 1 else call.args[0]
    else:
        given = call.args[0]
    found = words_of(given, here)
    begin = _server(found.words)
    if begin is None:
        return None
    spoken = Words(found.words[begin:], found.unseen)
    return Block(
        Form.COMMAND,
        " ".join(w.text for w in found.words if w.known and w.text[:1] != "-")[:200],
        found.at or module.spans.place(call),
        tuple(flags_of(spoken, module.text)),
        open=spoken.unseen or _hides_flags(spoken.words),
        words=tuple(word.text for word in found.words),
        listed=True,
        env=_environment(call, here),
        inside=around.inside,
    )


def words_of(node: ast.expr, here: Here) -> Words:
    """The words of a list expression."""
    if here.too_far():
        return Words(unseen=True)
    module = here.module
    if isinstance(node, ast.List | ast.Tuple):
        found = Words(at=module.spans.place(node))
        for element in node.elts:
            if isinstance(element, ast.Starred):
                found.add(words_of(element.value, here.deeper()))
            else:
                found.add(Words([_word(element, here)]))
        return found
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        found = words_of(node.left, here.deeper())
        found.add(words_of(node.right, here.deeper()))
        return found
    if isinstance(node, ast.IfExp):
        found = words_of(node.body, here.deeper())
        sides = Words(unseen=True)
        sides.add(found, certain=False)
        sides.add(words_of(node.orelse, here.deeper()), certain=False)
        return sides
    if isinstance(node, ast.Call) and dotted(node.func) in ("list", "tuple") and node.args:
        return words_of(node.args[0], here.deeper())
    held = module.find(dotted(node) or "", here)
    return _held(held) if held else Words(unseen=True)


def flags_of(found: Words, text: Text) -> Iterator[Entry]:
    """The flags among the words, each with its value."""
    words, taken = found.words, -1
    for number, word in enumerate(words):
        flag = _FLAG.fullmatch(word.text) if number != taken else None
        if flag is None or _HIDDEN in flag.group(1):
            continue
        name, joined = flag.groups()
        following = words[number + 1] if number + 1 < len(words) else None
        if joined is not None or following is None or not _is_value(name, following):
            value = True if joined is None else _value(joined)
            yield _entry(word, name, value, word.place, shared=joined is not None or word.shared)
        else:
            taken = number + 1
            end = following.place if following.place.start > word.place.start else word.place
            place = text.place(word.place.start, end.end)
            entry = _entry(word, name, _value(following.text), place)
            shared = word.shared or following.shared
            yield replace(entry, value_place=following.place, shared=shared)


def _entry(word: Word, name: str, value: Value, place: Place, *, shared: bool = False) -> Entry:
    dashes = word.text[: len(word.text) - len(word.text.lstrip("-"))]
    return Entry(tuple(name.split(".")), value, place, None, shared, dashes + name)


def _is_value(name: str, following: Word) -> bool:
    """Whether the word behind a flag is its value, or the next word of the command."""
    text = following.text
    if _BARE.fullmatch(name) and text.lower() not in _BOOLEANS:
        return False
    return not text.startswith("-") or re.fullmatch(r"-[\d.].*", text) is not None


def _value(text: str) -> Value:
    return UNKNOWN if _HIDDEN in text else plain(text)


def _word(node: ast.expr, here: Here) -> Word:
    place = here.module.spans.place(node)
    text = text_of(node)
    if text is not None:
        return Word(text, place)
    if isinstance(node, ast.JoinedStr):
        pieces = (text_of(part) for part in node.values)
        return Word("".join(_HIDDEN if p is None else p for p in pieces), place, shared=True)
    value = worth(node, here).value
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return Word(str(value) if known else _HIDDEN, place, shared=True)


def _doubted(word: Word) -> Word:
    """A word that may not be there: a flag's name stays, its value does not."""
    name = word.text.partition("=")[0]
    if not name.startswith("-"):
        return replace(word, text=_HIDDEN, shared=True)
    return replace(word, text=f"{name}={_HIDDEN}", shared=True)


def _held(held: Held) -> Words:
    if held.parameter or held.value is None or held.index is not None:
        return Words(unseen=True)
    found = words_of(held.value, held.here)
    for done in held.changes:
        _change(found, done)
    return found


def _change(found: Words, done: Done) -> None:
    change, here = done.change, done.here
    if change.what is What.APPENDED and change.value is not None:
        found.add(Words([_word(change.value, here)]), certain=done.certain)
    elif change.what is What.EXTENDED and change.value is not None:
        found.add(words_of(change.value, here), certain=done.certain)
    else:
        found.unseen = True


def _server(words: list[Word]) -> int | None:
    """Where the arguments of `vllm serve` or `python -m vllm.entrypoints...` begin."""
    for number, word in enumerate(words):
        before = words[number - 1].text if number else ""
        if word.text == "serve" and before.rpartition("/")[2] == "vllm":
            return number + 1
        if word.text.startswith("vllm.entrypoints."):
            return number + 1
    return None


def _hides_flags(words: list[Word]) -> bool:
    """Whether a flag may stand in a word that is not known. The first is the model, one behind a
    flag may be its value."""
    return any(
        word.text.startswith(_HIDDEN) and not words[number - 1].text.startswith("-")
        for number, word in enumerate(words)
        if number
    )


def _environment(call: ast.Call, here: Here) -> dict[str, Entry]:
    """The variables that `env={...}` sets by name."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "env"), None)
    return dict(keys_of(given, here).entries) if given is not None else {}
