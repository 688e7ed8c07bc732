"""Which configuration a command starts from: the one it names, or its program's own default."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from rlconfig_lint.model import Block, Entry, Source
from rlconfig_lint.resolve.lookup import Lookup

_NAME, _PATH, _FOLDER, _FILE = "--config-name", "--config-path", "--config-dir", "--config"
_FLAGS = {
    **{flag: flag for flag in (_NAME, _PATH, _FOLDER, _FILE)},
    "-cn": _NAME,
    "-cp": _PATH,
    "-cd": _FOLDER,
}
_MAIN = re.compile(r"^[ \t]*@hydra\.main\s*\(", re.MULTILINE)
_LONGEST_DECORATOR = 600
_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+")
_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Base:
    """The configuration that a command starts from."""

    source: Source
    name: str = ""  # Hydra's name for it, from the search path's root
    roots: tuple[str | None, ...] = ()  # the search path; nothing for a plain file


@dataclass(frozen=True, slots=True)
class Unfound:
    """A command names a configuration that is not in the checked tree."""


@dataclass(frozen=True, slots=True)
class _Main:
    """What `@hydra.main(...)` says in a program; None where it is not a plain string."""

    config_path: str | None
    config_name: str | None


def base_of(source: Source, block: Block, lookup: Lookup) -> Base | Unfound | None:
    """The configuration below a command's own words; None where it starts from none."""
    folder = posixpath.dirname(source.path)
    asked = _asked(block.words)
    if _FILE in asked and _NAME not in asked:
        return _plain(asked[_FILE], folder, lookup)
    own = next((word for word in block.words if word.startswith("config=")), "")
    if own.endswith(_ENDINGS) and (named := lookup.file_from(own[len("config=") :], folder)):
        return Base(named)
    return _hydras(block.words, asked, folder, lookup)


def _plain(word: str, folder: str, lookup: Lookup) -> Base | Unfound:
    found = lookup.file_from(word, folder) if word.endswith(_ENDINGS) else None
    return Base(found) if found else Unfound()


def _hydras(
    words: tuple[str, ...], asked: dict[str, str], folder: str, lookup: Lookup
) -> Base | Unfound | None:
    name, path, further = asked.get(_NAME), asked.get(_PATH), asked.get(_FOLDER)
    asks = bool(asked)
    overrides = any("=" in word and word[:1] != "-" for word in words)
    program = _program(words, folder, lookup) if asks or overrides else None
    main = main_of(program) if program else None
    if not asks and main is None:
        return None
    name = name if name is not None else main.config_name if main else None
    return _found(name, tuple(_search_path(path, further, program, main, folder, lookup)), lookup)


def _found(name: str | None, roots: tuple[str | None, ...], lookup: Lookup) -> Base | Unfound:
    for root in roots:
        if name is None or root is None or "\0" in name:
            break
        source = lookup.config(posixpath.join(root, name))
        if source is not None:
            return Base(source, name.removesuffix(".yaml").removesuffix(".yml"), roots)
    return Unfound()


def _search_path(
    path: str | None,
    further: str | None,
    program: Source | None,
    main: _Main | None,
    folder: str,
    lookup: Lookup,
) -> Iterator[str | None]:
    """Where Hydra looks: a relative `--config-path` stands beside the program, `--config-dir` where
    the command is run."""
    if path is None and main is not None:
        path = main.config_path
    if path is not None:
        yield _config_folder(path, program, folder, lookup)
    if further is not None:
        yield lookup.folder_from(further, folder)
    if path is None:
        yield None  # what the program itself says is not known


def _config_folder(path: str, program: Source | None, folder: str, lookup: Lookup) -> str | None:
    if "\0" in path or path.startswith(("/", "file://")):
        return lookup.folder_from(path, folder)
    if program is None:
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(program.path), path))


def _asked(words: tuple[str, ...]) -> dict[str, str]:
    """What a command says about its configuration: `--x y` or `--x=y`, the last one counts."""
    found: dict[str, str] = {}
    for number, word in enumerate(words):
        if word[:1] != "-":
            continue
        name, equals, value = word.partition("=")
        if name in _FLAGS and (equals or number + 1 < len(words)):
            found[_FLAGS[name]] = (value if equals else words[number + 1]).strip("\"'")
    return found


def _program(words: tuple[str, ...], folder: str, lookup: Lookup) -> Source | None:
    """The Python file that a command runs, where it is in the checked tree."""
    for word in _programs(words):
        found = lookup.file_from(word, folder, below=("", "src"))
        if found is not None and found.path.endswith(".py"):
            return found
    return None


def _programs(words: tuple[str, ...]) -> Iterator[str]:
    for number, word in enumerate(words):
        if word.endswith(".py") and word[:1] != "-" and "=" not in word:
            yield word
        if word == "-m" and number + 1 < len(words) and _MODULE.fullmatch(words[number + 1]):
            path = words[number + 1].replace(".", "/")
            yield f"{path}.py"
            yield f"{path}/__main__.py"


def program_flags(block: Block) -> tuple[Entry, ...]:
    """The flags that a program gets beside the file it is given: they win over the file's keys."""
    words = block.words
    start = next((n for n, w in enumerate(words) if w.endswith(".py") or w == "-m"), 0)
    given = {word.partition("=")[0] for word in words[start:]} - {_FILE}
    return tuple(
        replace(entry, path=tuple(part.replace("-", "_") for part in entry.path))
        for entry in block.entries
        if entry.key.startswith("--") and entry.key in given
    )


def main_of(program: Source) -> _Main | None:
    """The configuration that a program's `@hydra.main` names; None where it has no such thing."""
    found = _MAIN.search(program.text)
    if found is None:
        return None
    call = _call(program.text[found.end() - 1 : found.end() + _LONGEST_DECORATOR])
    if call is None:
        return _Main(None, None)
    given = {k.arg: k.value for k in call.keywords}
    given |= dict(zip(("config_path", "config_name"), call.args, strict=False))
    return _Main(_string(given.get("config_path")), _string(given.get("config_name")))


def _call(text: str) -> ast.Call | None:
    """The call whose argument list a text begins with."""
    for end in (found.end() for found in re.finditer(r"\)", text)):
        try:
            tree = ast.parse(f"f{text[:end]}", mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        return tree.body if isinstance(tree.body, ast.Call) else None
    return None


def _string(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def run_by_default(sources: Iterable[Source], lookup: Lookup) -> Iterator[str]:
    """The configurations that programs take when nobody says otherwise."""
    for source in sources:
        if source.python is None or "hydra.main" not in source.text:
            continue
        main = main_of(source)
        if main is None or main.config_path is None or main.config_name is None:
            continue
        folder = posixpath.join(posixpath.dirname(source.path), main.config_path)
        found = lookup.config(posixpath.join(folder, main.config_name))
        if found is not None:
            yield found.path
