"""Writes one value or one new key into TOML, through tomlkit, and keeps only the difference."""

from __future__ import annotations

from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from rlconfig_lint.model import Put
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writers import CannotWriteError, Splice, narrowed
from rlconfig_lint.writers.spelling import rewritten, spelled


def put(text: Text, edit: Put) -> Splice:
    new = spelled(edit)
    try:
        document = tomlkit.parse(text.body)
        if edit.entry is not None:
            *keys, key = edit.entry.path
            table: Any = document
            for part in keys:
                table = table[part]
            table[key] = rewritten(edit.entry, edit.value)
        else:
            table = document
            for part in new.keys:
                table = table[part]
            table[new.key] = new.value
        written = tomlkit.dumps(document)
    except (TOMLKitError, KeyError, TypeError, RecursionError) as error:
        raise CannotWriteError(f"tomlkit cannot write it: {error}") from None
    if text.newline == "\r\n":
        written = written.replace("\r\n", "\n").replace("\n", "\r\n")
    return narrowed(0, text.body, written)
