"""Edits in the words of the model to changes of text: the inverse of the readers.

Every writer splices: it names a span and what goes there, so that no other byte can change. One
that is not sure raises `CannotWriteError`, and the file stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from rlconfig_lint.model import (
    AddStatementAfter,
    Edit,
    Form,
    Put,
    PutArguments,
    Rename,
)
from rlconfig_lint.readers import language
from rlconfig_lint.readers.text import Text


class CannotWriteError(Exception):
    """The edit has no certain form in this text; the message says why."""


@dataclass(frozen=True, slots=True, order=True)
class Splice:
    """Replace `[start, end)` of a text by `content`."""

    start: int
    end: int
    content: str


def narrowed(start: int, old: str, new: str) -> Splice:
    """The smallest splice that turns `old` into `new`."""
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    tail = 0
    while tail < min(len(old), len(new)) - same and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    return Splice(start + same, start + len(old) - tail, new[same : len(new) - tail])


def path_of(edit: Edit) -> str:
    """The file that an edit changes."""
    if isinstance(edit, Rename):
        return edit.entry.place.path
    if isinstance(edit, Put):
        return edit.entry.place.path if edit.entry else edit.home.block.place.path
    return edit.place.path


def splice(text: Text, edit: Edit) -> Splice:
    """The change of text that an edit means.

    Raises:
        CannotWriteError: there is no form of it that is certain.
    """
    if language(text.path) == "notebook":
        raise CannotWriteError("the cells of a notebook are not rewritten")
    if isinstance(edit, AddStatementAfter):
        from rlconfig_lint.writers import python

        return python.add_statement(text, edit)
    if isinstance(edit, PutArguments):
        from rlconfig_lint.writers import python

        return python.put_arguments(text, edit)
    if not edit.home.block.writable:
        raise CannotWriteError("the command is not written here as a shell would read it")
    if edit.entry is not None and edit.entry.shared:
        raise CannotWriteError("the value is shared through a variable or anchor")
    if isinstance(edit, Rename):
        return _rename(text, edit)
    return _put(text, edit)


def _rename(text: Text, edit: Rename) -> Splice:
    """The key and the value of an entry, each where it stands."""
    form = _form(text, edit)
    if form is Form.CALL:
        from rlconfig_lint.writers import python

        arguments = {edit.name: edit.value}
        dropped = (edit.entry.path[-1],)
        return python.put_arguments(text, PutArguments(edit.home.block.place, arguments, dropped))
    if form is Form.COMMAND:
        from rlconfig_lint.writers import shell

        return shell.rename(text, edit)
    if language(text.path) == "toml":
        from rlconfig_lint.writers import toml

        return toml.rename(text, edit)
    from rlconfig_lint.writers import documents

    return documents.rename(text, edit)


def _put(text: Text, edit: Put) -> Splice:
    form = _form(text, edit)
    if form is Form.CALL:
        from rlconfig_lint.writers import python

        return python.put(text, edit)
    if form is Form.COMMAND:
        from rlconfig_lint.writers import shell

        return shell.put(text, edit)
    if language(text.path) == "toml":
        from rlconfig_lint.writers import toml

        return toml.put(text, edit)
    from rlconfig_lint.writers import documents

    return documents.put(text, edit)


def _form(text: Text, edit: Put | Rename) -> Form:
    """How the place to change is written: a command may set a key of a document's mapping."""
    block = edit.home.block
    if block.place.path == text.path or block.form is Form.CALL:
        return block.form
    return Form.COMMAND if language(text.path) == "shell" else Form.DOCUMENT


def apply(text: str, splices: list[Splice]) -> str:
    """All splices at once; they must not overlap."""
    for change in sorted(splices, reverse=True):
        text = text[: change.start] + change.content + text[change.end :]
    return text
