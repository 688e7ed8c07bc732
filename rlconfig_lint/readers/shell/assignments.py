"""Assignments in a script, and commands that assign: declare, read, set, shift."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rlconfig_lint.readers.shell.expansion import assigned, expand
from rlconfig_lint.readers.shell.run import Run
from rlconfig_lint.readers.shell.words import HIDDEN, MOST_WORDS, Variable, Word

if TYPE_CHECKING:
    from tree_sitter import Node

_ARITHMETIC = re.compile(
    r"([A-Za-z_]\w*)\s*(?:(?:<<|>>|[-+*/%&|^])?=(?!=)|\+\+|--)|(?:\+\+|--)\s*([A-Za-z_]\w*)"
)
_KEYED = re.compile(r"\[[^\]]*\]\+?=")
_NAMED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_]\w*")
_BRACES = re.compile(r"\{[^{}\s]*(?:,|\.\.)[^{}\s]*\}")


def assignment(run: Run, node: Node) -> None:
    """`name=value`, `name+=value`, `name=( ... )`."""
    target = node.child_by_field_name("name")
    if target is None:
        return
    name = run.script.source(target)
    if target.type == "subscript":  # which element it is, nobody counts
        variable = Variable((_hidden(run, node),), array=True)
        name = name.partition("[")[0]
    else:
        variable = _value(run, node)
        if run.script.body.startswith("+", run.script.word(target).end):
            variable = _appended(run.get(name), variable)
        elif not variable.array:
            variable = first(run.get(name), variable)
    before = run.get(name)
    exported = before is not None and before.exported
    at = run.script.word(node)
    run.put(name, Variable(variable.words, variable.array, exported, at))


def _value(run: Run, node: Node) -> Variable:
    value = node.child_by_field_name("value")
    if value is None:
        end = replace(run.script.word(node), text="")
        return Variable((replace(end, start=end.end),))
    if value.type != "array":
        written = run.script.value(value)
        text = assigned(written, run)
        run.spend(len(text) // 50)
        return Variable((written.reading(text, shared=True),))
    words: list[Word] = []
    for written in run.script.words(c for c in value.named_children if c.type != "comment"):
        if _KEYED.match(written.text):
            return Variable((_hidden(run, node),), array=True)
        found = expand(written, run)
        run.spend(len(found))
        words.extend(found)
        if len(words) > MOST_WORDS:
            break
    return Variable(tuple(words[:MOST_WORDS]), array=True)


def _appended(before: Variable | None, more: Variable) -> Variable:
    if more.array:
        words = before.words if before else ()
        return Variable((*words, *more.words)[:MOST_WORDS], array=True)
    if before is not None and before.array:
        return replace(before, words=(_like(more.words[0]),))
    text = HIDDEN if before is None else before.text
    return Variable((replace(more.words[0], text=text + more.text),))


def first(before: Variable | None, value: Variable) -> Variable:
    """`A=x` gives an array its first element."""
    if before is None or not before.array or not before.words:
        return value
    if not before.countable:
        return replace(before, words=(_like(value.words[0]),))
    return replace(before, words=(*value.words, *before.words[1:]))


def declare(run: Run, node: Node) -> None:
    """`export`, `local`, `declare`, `readonly`, `typeset` with names and assignments."""
    kind = node.children[0].type
    options = "".join(
        run.script.source(child)[1:]
        for child in node.named_children
        if run.script.source(child).startswith("-")
    )
    exports = (kind == "export" and "n" not in options) or "x" in options
    local = kind == "local" or (kind in ("declare", "typeset") and "g" not in options)
    for child in node.named_children:
        name = _declared(run, child, local=local)
        if name and exports:
            variable = run.get(name) or Variable((_hidden(run, child),))
            at = variable.at or run.script.word(child)
            run.put(name, replace(variable, exported=True, at=at))


def _declared(run: Run, node: Node, *, local: bool) -> str:
    """Take one item of a declaration; the name it is about."""
    if node.type == "variable_assignment":
        target = node.child_by_field_name("name")
        name = run.script.source(target).partition("[")[0] if target else ""
        if local:
            _localize(run, name)
        assignment(run, node)
        if _BRACES.search(run.script.source(node)):  # expanded here, unlike in `name=value`
            hide(run, [name], node)
    elif node.type == "variable_name":
        name = run.script.source(node)
        if local:
            _localize(run, name)
    else:
        found = _NAMED.fullmatch(assigned(run.script.word(node), run))
        if found is None:
            return ""
        name = found[1]
        word = replace(run.script.word(node), text=found[2], shared=True)
        run.put(name, Variable((word,), at=word))
    return name


def _localize(run: Run, name: str) -> None:
    """Begin and end a name with the function around it."""
    frame = run.function()
    if frame is not None and name not in frame.locals:
        frame.locals.add(name)
        run.put(name, Variable(()))


def unset(run: Run, node: Node) -> None:
    for child in node.named_children:
        if child.type == "variable_name":
            run.put(run.script.source(child), Variable(()))


def hide(run: Run, names: Iterable[str], at: Node) -> None:
    """These names hold what only a run would tell."""
    for name in names:
        before = run.get(name)
        word = _hidden(run, at)
        known = Variable(()) if before is None else before
        run.put(name, replace(known, words=(word,), at=word))


def counted(run: Run, nodes: Iterable[Node]) -> set[str]:
    """The names that arithmetic assigns."""
    return {name for node in nodes for name in _arithmetic(run.script.source(node))}


def _arithmetic(text: str) -> list[str]:
    return [name for names in _ARITHMETIC.findall(text) for name in names if name]


def read_names(words: Sequence[Word]) -> list[str]:
    """The names that `read`, `mapfile`, `getopts`, `printf -v` or `let` fill."""
    texts = [word.text for word in words[1:]]
    command = words[0].text
    if command == "printf":
        return texts[1:2] if texts[:1] == ["-v"] else []
    if command == "let":
        return [name for text in texts for name in _arithmetic(text)]
    if command == "getopts":
        return [*texts[1:2], "OPTARG", "OPTIND"]
    return [text for text in texts if _NAME.fullmatch(text)] or ["REPLY", "MAPFILE"]


def set_options(run: Run, words: Sequence[Word]) -> None:
    """`set -a`, and `set -- arguments`."""
    for number, word in enumerate(words[1:], start=1):
        if word.text == "--":
            given = tuple(replace(found, shared=True) for found in words[number + 1 :])
            run.put("@", Variable(given, array=True))
            return
        if word.text in ("allexport", "-a", "+a"):
            run.exports_all = word.text == "-a" or words[number - 1].text == "-o"


def shift(run: Run, words: Sequence[Word]) -> None:
    arguments = run.get("@")
    if arguments is None:
        return
    count = words[1].text if len(words) > 1 else "1"
    if not arguments.countable or not re.fullmatch("[0-9]{1,4}", count):
        run.put("@", Variable((_like(words[0]),), array=True))
    else:
        run.put("@", replace(arguments, words=arguments.words[int(count) :]))


def _hidden(run: Run, node: Node) -> Word:
    return _like(run.script.word(node))


def _like(word: Word) -> Word:
    return word.reading(HIDDEN, shared=True)
