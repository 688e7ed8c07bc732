"""Follows a simple command: a builtin, a function's call, a sourced file, or a program."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

from rlconfig_lint.model import Block, Entry, Form
from rlconfig_lint.readers.shell.assignments import hide, read_names, set_options, shift
from rlconfig_lint.readers.shell.entries import given, value_of
from rlconfig_lint.readers.shell.expansion import assigned, expand
from rlconfig_lint.readers.shell.paths import marked
from rlconfig_lint.readers.shell.run import Frame, Function, Kind, Run
from rlconfig_lint.readers.shell.script import Script, sourced_script
from rlconfig_lint.readers.shell.words import HIDDEN, MOST_WORDS, Variable, Word
from rlconfig_lint.readers.text import Text

if TYPE_CHECKING:
    from tree_sitter import Node

_REDIRECTIONS = ("file_redirect", "heredoc_redirect", "herestring_redirect")
_SILENT = frozenset((":", "[", "echo", "mkdir", "test"))  # no program that is configured
_PATHS = re.compile("\0\1[^\1]*\1")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z)?sh")
_MOST_BLOCKS = 5_000
_DEEPEST_SOURCES = 8
_LONGEST_NAME = 200


def command(run: Run, node: Node, more: Sequence[Node] = ()) -> None:
    """Follow a command; `more` are words of it that stand elsewhere in the tree."""
    env: dict[str, Entry] = {}
    parts: list[Node] = []
    for child in (*node.named_children, *more):
        if child.type == "variable_assignment":
            written = run.script.word(child)
            name, _, value = written.text.partition("=")
            if run.script.value(child) != written:  # it is an assignment alone, cut in two
                hide(run, [name], child)
                return
            env[name] = _variable(name, assigned(replace(written, text=value), run), written)
        elif child.type not in _REDIRECTIONS:
            parts.append(child)
    words = words_of(run, parts)
    substitutions(run, node)
    run.spend(len(words))
    if not words:
        return
    name = words[0].text
    function = run.functions.get(name)
    if function is not None and run.can_call(name):
        _call(run, name, function, words[1:])
    elif name in _BUILTINS:
        _BUILTINS[name](run, node, words)
    elif name not in _SILENT:
        _program(run, node, words, env)


def words_of(run: Run, nodes: Iterable[Node]) -> list[Word]:
    """The words that the written ones become."""
    written = islice(run.script.words(nodes), MOST_WORDS)
    return [word for part in written for word in expand(part, run)]


def substitutions(run: Run, node: Node) -> None:
    """The commands inside `$(...)`."""
    if not run.script.has_commands(node):
        return
    todo = list(node.named_children)
    while todo:
        inner = todo.pop()
        if inner.type in ("command_substitution", "process_substitution"):
            run.aside(inner.named_children)
        else:
            todo.extend(inner.named_children)


# --- programs ---


def _program(run: Run, node: Node, words: list[Word], env: dict[str, Entry]) -> None:
    if words[0].text == "env":
        words, env = _behind_env(words, env)
    found = given(words)
    if not found.entries or run.muted or len(run.blocks) >= _MOST_BLOCKS:
        return
    place = run.script.word(node).place()
    texts = tuple(_PATHS.sub(HIDDEN, word.text) for word in words)
    run.blocks[place, texts] = Block(
        Form.COMMAND,
        " ".join(t for t in texts if HIDDEN not in t and t[:1] != "-")[:_LONGEST_NAME],
        place,
        tuple(_elsewhere(entry, run) for entry in found.entries),
        open=found.open or _runs_a_script(texts) or run.script.lost(node),
        words=texts,
        env={**run.environment(), **env},
        inside=".".join(run.inside),
        writable=run.script.text is run.main and run.main.exact,
    )


def _runs_a_script(words: Sequence[str]) -> bool:
    """`bash train.sh a.b=c`: the script has more to say."""
    programs = [word for word in words if word[:1] != "-"][:2]
    shell = bool(programs) and _SHELL.fullmatch(programs[0]) is not None
    return any(program.endswith((".sh", ".bash")) for program in programs[: 1 + shell])


def _elsewhere(entry: Entry, run: Run) -> Entry:
    """What another file says is read here and written there."""
    return entry if entry.place.path == run.main.path else replace(entry, shared=True)


def _behind_env(words: list[Word], env: dict[str, Entry]) -> tuple[list[Word], dict[str, Entry]]:
    """`env A=1 command`: the command, and what is set for it."""
    number = 1
    while number < len(words):
        found = _ASSIGNMENT.fullmatch(words[number].text)
        if found:
            env = {**env, found[1]: _variable(found[1], found[2], words[number])}
        elif words[number].text in ("-u", "--unset", "-C"):
            number += 1
        elif words[number].text[:1] != "-":
            break
        number += 1
    return words[number:], env


def _variable(name: str, text: str, at: Word) -> Entry:
    return Entry((name,), value_of(text), at.place(), shared=at.shared)


# --- functions and files ---


def _call(run: Run, name: str, function: Function, arguments: Sequence[Word]) -> None:
    run.called.add(name)
    given_ = Variable(tuple(replace(word, shared=True) for word in arguments), array=True)
    run.inside.append(name)
    _enter(run, Kind.FUNCTION, function.script, [function.body], given_)
    run.inside.pop()


def _source(run: Run, node: Node, words: list[Word]) -> None:
    text = run.sourced(words[1].text) if len(words) > 1 else None
    if text is None or text.path in run.sources or len(run.sources) >= _DEEPEST_SOURCES:
        return
    script = sourced_script(text)
    if script is None:
        return
    given_ = Variable(tuple(words[2:]), array=True) if len(words) > 2 else None
    run.sources.append(text.path)
    _enter(run, Kind.FILE, script, script.root.named_children, given_)
    run.sources.pop()


def _enter(
    run: Run, kind: Kind, script: Script, body: Sequence[Node], arguments: Variable | None
) -> None:
    """Follow another body in the same shell, with its own arguments and file name."""
    frame = Frame(kind, run.state)
    frame.locals.add("BASH_SOURCE")
    path = run.state.branch()
    path.put("BASH_SOURCE", Variable((script_name(script.text),)))
    if arguments is not None:
        frame.locals.add("@")
        path.put("@", arguments)
    before, run.script = run.script, script
    run.frames.append(frame)
    with run.on(path):
        run.follow(run, body)
    run.frames.pop()
    run.script = before
    run.settle(*frame.paths(path))


def script_name(text: Text) -> Word:
    """A file's own name as a word, by which it finds its folder."""
    return Word(marked(text.path), text, 0, 0)


# --- builtins ---


def _exit(run: Run, node: Node, words: list[Word]) -> None:
    run.state.over = True


def _exec(run: Run, node: Node, words: list[Word]) -> None:
    if len(words) > 1:
        _program(run, node, words[1:], {})
        run.state.over = True


def _return(run: Run, node: Node, words: list[Word]) -> None:
    _leave(run, (Kind.FUNCTION, Kind.FILE))


def _break(run: Run, node: Node, words: list[Word]) -> None:
    _leave(run, (Kind.LOOP,))


def _leave(run: Run, kinds: Sequence[Kind]) -> None:
    """Go on behind the nearest function or loop."""
    frame = next((frame for frame in reversed(run.frames) if frame.kind in kinds), None)
    if frame is not None:
        frame.left.append(run.state.since(frame.start))
    run.state.over = frame is not None or Kind.FILE in kinds


def _set(run: Run, node: Node, words: list[Word]) -> None:
    set_options(run, words)


def _shift(run: Run, node: Node, words: list[Word]) -> None:
    shift(run, words)


def _read(run: Run, node: Node, words: list[Word]) -> None:
    hide(run, read_names(words), node)


_BUILTINS: dict[str, Callable[[Run, Node, list[Word]], None]] = {
    ".": _source,
    "break": _break,
    "continue": _break,
    "exec": _exec,
    "exit": _exit,
    "getopts": _read,
    "let": _read,
    "mapfile": _read,
    "printf": _read,
    "read": _read,
    "readarray": _read,
    "return": _return,
    "set": _set,
    "shift": _shift,
    "source": _source,
}
