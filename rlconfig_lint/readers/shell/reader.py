"""Reads shell scripts: each command's words, with what the script assigns, defines and sources.

A script is followed as a run of it would go, without a caller's arguments and with an empty
environment for what has a default. Nothing is executed; what a script computes stays unknown.
"""

from __future__ import annotations

from collections.abc import Mapping

from rlconfig_lint.model import Block
from rlconfig_lint.readers.shell.commands import script_name, words_of
from rlconfig_lint.readers.shell.flow import follow
from rlconfig_lint.readers.shell.run import Run
from rlconfig_lint.readers.shell.script import Script
from rlconfig_lint.readers.shell.words import Variable, Word
from rlconfig_lint.readers.text import Lookup, Text, nowhere


def read(
    text: Text, lookup: Lookup = nowhere, env: Mapping[str, Word] | None = None, inside: str = ""
) -> tuple[Block, ...]:
    """Every command of a script that has flags or `a.b=c` overrides.

    `lookup` gives the files it may source, `env` the variables it starts with, `inside` is where
    it stands in a file of another language.

    Raises:
        UnreadableError: it is a template, or far more to follow than it is to read.
    """
    run = _start(text, lookup, env or {}, inside)
    follow(run, run.script.root.named_children)
    _uncalled(run)
    blocks = run.blocks.values()
    return tuple(sorted(blocks, key=lambda b: (b.place.path != text.path, b.place.start)))


def _start(text: Text, lookup: Lookup, env: Mapping[str, Word], inside: str) -> Run:
    around = [inside] if inside else []
    run = Run(text, Script.parse(text), lookup, follow, sources=[text.path], inside=around)
    for name in () if inside else ("0", "BASH_SOURCE"):
        run.put(name, Variable((script_name(text),)))
    for name, word in env.items():
        run.put(name, Variable((word,), exported=True, at=word))
    return run


def words(text: Text, env: Mapping[str, Word] | None = None) -> list[Word]:
    """The words of the first command of a text.

    Raises:
        UnreadableError: it is a template.
    """
    run = _start(text, nowhere, env or {}, "")
    first = run.script.first_command()
    return [] if first is None else words_of(run, first.named_children)


def _uncalled(run: Run) -> None:
    """Functions that the script only defines give their commands as they are."""
    end = run.state
    end.over = False
    while left := [name for name in run.functions if _is_left(run, name)]:
        for name in left:
            run.called.add(name)
            run.inside.append(name)
            with run.on(end.branch()):
                follow(run, [run.functions[name].body])
            run.inside.pop()


def _is_left(run: Run, name: str) -> bool:
    return name not in run.called and run.functions[name].script is run.script
