"""Text to settings with spans: one reader a language, chosen by the file's name."""

from __future__ import annotations

from rlconfig_lint.model import Source
from rlconfig_lint.readers.suppressions import suppressions
from rlconfig_lint.readers.text import Text, UnreadableError

LANGUAGES = {
    ".bash": "shell",
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


def read(path: str, data: bytes) -> Source:
    """Read one file. What cannot be read comes back as a Source that says why."""
    text = Text(path, "")
    try:
        text = Text.decode(path, data)
        return _read(path, text, data)
    except UnreadableError as error:
        return Source(
            path, text.body, problem=str(error), problem_line=error.line, template=error.template
        )


def _read(path: str, text: Text, data: bytes) -> Source:
    kind = language(path, data[:200])
    comments = suppressions(text)
    if kind == "python":
        from rlconfig_lint.readers import python

        blocks, facts = python.read(text)
        return Source(path, text.body, text.newline, text.bom, blocks, facts, comments)
    if kind == "shell":
        from rlconfig_lint.readers import shell

        blocks = shell.read(text)
    elif kind == "toml":
        from rlconfig_lint.readers import toml

        blocks = toml.read(text)
    else:
        from rlconfig_lint.readers import documents

        blocks = documents.read(text)
    return Source(path, text.body, text.newline, text.bom, blocks, None, comments)
