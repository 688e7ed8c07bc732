"""Text to settings with spans: one reader a language, chosen by the file's name."""

from __future__ import annotations

from rlconfig_lint.model import Source
from rlconfig_lint.readers.suppressions import suppressions
from rlconfig_lint.readers.text import Lookup, Text, UnreadableError, nowhere

LANGUAGES = {
    ".bash": "shell",
    ".env": "shell",
    ".ipynb": "notebook",
    ".j2": "template",
    ".json": "documents",
    ".py": "python",
    ".sbatch": "shell",
    ".sh": "shell",
    ".slurm": "shell",
    ".toml": "toml",
    ".yaml": "documents",
    ".yml": "documents",
}
_SHELLS = (b"bash", b"/sh", b"env sh", b"zsh")


def language(path: str, head: bytes = b"") -> str | None:
    """The reader for a file, by its ending or its first line."""
    dot = path.rfind(".")
    found = LANGUAGES.get(path[dot:].lower()) if dot > path.rfind("/") else None
    if found is None and head.startswith(b"#!"):
        shebang = head.split(b"\n", 1)[0]
        if any(shell in shebang for shell in _SHELLS):
            return "shell"
        if b"python" in shebang:
            return "python"
    return found


def read(path: str, data: bytes, lookup: Lookup = nowhere) -> Source:
    """Read one file, with the files that it sources. What cannot be read comes back as a Source
    that says why."""
    text = Text(path, "")
    try:
        text = Text.decode(path, data)
        return _read(path, text, data, lookup)
    except UnreadableError as error:
        return Source(
            path, text.body, problem=str(error), problem_line=error.line, template=error.template
        )


def _read(path: str, text: Text, data: bytes, lookup: Lookup) -> Source:
    kind = language(path, data[:200])
    comments = suppressions(text)
    through: dict[str, None] = {}

    def noted(other: str) -> Text | None:
        found = lookup(other)
        if found is not None:
            through[found.path] = None
        return found

    facts = None
    if kind == "python":
        from rlconfig_lint.readers.python import reader as python

        blocks, facts = python.read(text)
    elif kind == "notebook":
        from rlconfig_lint.readers.notebook import read as read_notebook

        blocks, facts, comments = read_notebook(text, noted)
    elif kind == "shell":
        from rlconfig_lint.readers.shell import reader as shell

        blocks = shell.read(text, noted)
    elif kind == "toml":
        from rlconfig_lint.readers import toml

        blocks = toml.read(text)
    elif kind == "template":
        raise UnreadableError("a Jinja template: known only when rendered", template=True)
    else:
        from rlconfig_lint.readers import documents

        blocks = documents.read(text, noted)
    newline, bom = text.newline, text.bom
    return Source(path, text.body, newline, bom, blocks, facts, comments, through=tuple(through))
