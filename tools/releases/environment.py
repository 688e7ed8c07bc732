"""The VLLM_* environment variables that a release reads, with the text of their defaults."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.releases.choices import unquoted
from tools.releases.code import Code, Found, Module
from tools.releases.fields import Entry, Fields

_PREFIX = "VLLM_"
_READS = re.compile(r"\b(?:getenv|environ)\b")


def environment(fields: Fields) -> dict[str, Entry]:
    """Those of vllm/envs.py first, then those that other modules read themselves."""
    code = fields.code
    declared = code.dotted("vllm.envs")
    entries = dict(_declared(code, declared)) if declared else {}
    for path, text in sorted(code.sources.items()):
        if (declared is None or path != declared.path) and _PREFIX in text and _READS.search(text):
            module = code.module(path)
            assert module is not None
            for name, entry in _read_by_hand(module):
                entries.setdefault(name, entry)
    return entries


def _declared(code: Code, module: Module) -> Iterator[tuple[str, Entry]]:
    """The entries of `environment_variables`, with the types its TYPE_CHECKING block states."""
    table = module.defined.get("environment_variables")
    types = {
        node.target.id: ast.unparse(unquoted(node.annotation))
        for node in ast.walk(module.tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }
    for key, reader in _items(table):
        if not key.startswith(_PREFIX):
            continue
        entry: Entry = {"source": f"{module.place}:{reader.lineno}"}
        if key in types:
            entry["type"] = types[key]
        default = default_text(key, _body(code, module, reader))
        if default is not None:
            entry["default"] = default
        yield key, entry


def _items(table: ast.AST | None) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(table, ast.Dict):
        for key, reader in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant):
                yield str(key.value), reader


def _body(code: Code, module: Module, reader: ast.expr) -> ast.AST:
    """The function a variable is read by, where it is not a lambda."""
    found: Found | None = code.find_dotted(module, reader)
    return found.node if found else reader


def default_text(name: str, reader: ast.AST) -> str | None:
    """The text of what a reader takes where the variable is not set; None where it shows none."""
    for node in ast.walk(reader):
        if isinstance(node, ast.IfExp) and _tests(name, node.test):
            return ast.unparse(node.orelse)
        if isinstance(node, ast.Call) and node.args and _is_name(name, node.args[0]):
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            default = node.args[1] if len(node.args) > 1 else given.get("default")
            return "None" if default is None else ast.unparse(default)
    return None


def _tests(name: str, test: ast.expr) -> bool:
    """`"VLLM_X" in os.environ`"""
    return (
        isinstance(test, ast.Compare)
        and _is_name(name, test.left)
        and isinstance(test.ops[0], ast.In)
    )


def _is_name(name: str, node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == name


def _read_by_hand(module: Module) -> Iterator[tuple[str, Entry]]:
    """os.getenv("VLLM_X", default), os.environ.get(...), os.environ["VLLM_X"], in os.environ"""
    constants = _string_constants(module)
    for node in ast.walk(module.tree):
        key: ast.expr | None = None
        entry: Entry = {}
        if isinstance(node, ast.Call) and node.args and _reads(node.func):
            key = node.args[0]
            entry["default"] = ast.unparse(node.args[1]) if len(node.args) > 1 else "None"
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
            key = node.slice if ast.unparse(node.value).endswith("environ") else None
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == "os.environ":
            key = node.left
        name = _string(key, constants)
        if key is not None and name.startswith(_PREFIX):
            yield name, entry | {"source": f"{module.place}:{key.lineno}"}


def _string_constants(module: Module) -> dict[str, str]:
    """Names, local ones too, that hold a variable's name: env_key = "VLLM_BATCH_INVARIANT"."""
    return {
        target.id: node.value.value
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }


def _string(node: ast.expr | None, constants: dict[str, str]) -> str:
    if isinstance(node, ast.Name):
        return constants.get(node.id, "")
    return str(node.value) if isinstance(node, ast.Constant) else ""


def _reads(function: ast.expr) -> bool:
    return ast.unparse(function).endswith(("getenv", "environ.get", "environ.pop"))
