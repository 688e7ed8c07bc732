"""The options that a module declares with argparse, and their defaults."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rlconfig_lint.readers.python.here import Here
from rlconfig_lint.readers.python.module import Module
from rlconfig_lint.readers.python.scopes import text_of
from rlconfig_lint.readers.python.walk import Around


@dataclass(frozen=True, slots=True)
class Option:
    """One `add_argument(...)`, or one name of `set_defaults(...)`."""

    name: str
    default: ast.expr
    written_at: ast.AST
    here: Here


def option_named(module: Module, attribute: str) -> Option | None:
    """The option that becomes an attribute of the parsed arguments, where it is declared once."""
    found = _options(module).get(attribute, [])
    return found[0] if len(found) == 1 else None


def replaced_defaults(module: Module) -> list[Option]:
    """What `parser.set_defaults(name=value)` says, where one call alone says it."""
    return [found[0] for found in _replaced(module).values() if len(found) == 1]


@lru_cache(maxsize=1)
def _options(module: Module) -> dict[str, list[Option]]:
    """The module's options by the attribute they become; `set_defaults` replaces a default."""
    found: dict[str, list[Option]] = {}
    for node, around in _parser_calls(module, "add_argument"):
        for attribute, option in _declared(node, module.here(node, around)):
            found.setdefault(attribute, []).append(option)
    return {**found, **_replaced(module)}


@lru_cache(maxsize=1)
def _replaced(module: Module) -> dict[str, list[Option]]:
    found: dict[str, list[Option]] = {}
    for node, around in _parser_calls(module, "set_defaults"):
        here = module.here(node, around)
        for keyword in node.keywords:
            if keyword.arg is not None:
                option = Option(keyword.arg, keyword.value, keyword, here)
                found.setdefault(keyword.arg, []).append(option)
    return found


def _parser_calls(module: Module, method: str) -> Iterator[tuple[ast.Call, Around]]:
    for node, around in module.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            yield from ((node, around),) if node.func.attr == method else ()


def _declared(node: ast.Call, here: Here) -> Iterator[tuple[str, Option]]:
    names = [text for argument in node.args if (text := text_of(argument))]
    given = {keyword.arg: keyword for keyword in node.keywords if keyword.arg}
    long = [name for name in names if name.startswith("--")]
    destination = given.get("dest")
    attribute = text_of(destination.value) if destination else (long or names or [""])[0]
    if not attribute or not long:
        return
    default = _option_default(given) or ast.Name("required", ast.Load())
    option = Option(long[0], default, given.get("default", node), here)
    yield attribute.lstrip("-").replace("-", "_"), option


def _option_default(given: dict[str, ast.keyword]) -> ast.expr | None:
    """The default of an option, converted as argparse converts strings."""
    required = given.get("required")
    if required is not None and not _is(required.value, False):
        return None
    action = given.get("action")
    if "default" not in given:
        stored = text_of(action.value) if action else None
        return ast.Constant({"store_true": False, "store_false": True}.get(stored or ""))
    default, convert = given["default"].value, given.get("type")
    if convert is not None and text_of(default) is not None:
        return ast.Call(convert.value, [default], [])
    return default


def _is(node: ast.expr, value: object) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
