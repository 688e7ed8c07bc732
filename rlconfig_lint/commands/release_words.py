"""How the things of a vLLM release are written in a line of text."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TypeVar

from rlconfig_lint.model import UNKNOWN, Value, show
from rlconfig_lint.releases.changes import (
    RL_SETTINGS,
)
from rlconfig_lint.releases.definitions import (
    REQUIRED,
    Argument,
    Default,
    Expression,
    Parameter,
    Route,
    Signature,
)

Json = dict[str, object]
T = TypeVar("T")


def mark(name: str) -> str:
    return "*" if name in RL_SETTINGS else " "


# --- how definitions are written ---


def declared(argument: Argument) -> str:
    return f"{argument.name}: {argument.type} = {default_text(argument.default)}"


def argument_row(argument: Argument) -> Json:
    row: Json = {
        "name": argument.name,
        "matters_to_rl": argument.name in RL_SETTINGS,
        "type": argument.type,
    }
    if isinstance(argument.default, Expression):
        row["default_expression"] = argument.default.text
    elif argument.default is not REQUIRED:
        row["default"] = argument.default
    if argument.choices:
        row |= {"choices": list(argument.choices), "choices_are_open": argument.choices_are_open}
    return row


def default_text(default: Default) -> str:
    if default is REQUIRED:
        return "(required)"
    if isinstance(default, Expression):
        return default.text
    return show(default) or '""'


def choices_text(argument: Argument) -> str:
    return listed(argument.choices) + (", or another value" if argument.choices_are_open else "")


def listed(choices: Sequence[Value]) -> str:
    return ", ".join(show(each) for each in choices)


def signature_text(method: Signature) -> str:
    written: list[str] = []
    for parameter in method.parameters:
        if parameter.kind == "keyword_only" and "*" not in written:
            written.append("*")
        written.append(parameter_text(parameter))
    returns = f" -> {method.returns}" if method.returns else ""
    return f"{'async ' if method.is_async else ''}{method.name}({', '.join(written)}){returns}"


def parameter_text(parameter: Parameter) -> str:
    admitted = " | ".join(repr(each) for each in parameter.choices) or parameter.type
    text = parameter.name + (f": {admitted}" if admitted else "")
    if parameter.default is REQUIRED:
        return text
    if isinstance(parameter.default, Expression):
        return f"{text} = {parameter.default.text}"
    return f"{text} = {parameter.default!r}"


def route_text(route: Route) -> str:
    query = "; ".join(parameter_text(each) for each in route.query)
    body = ", ".join(route.body)
    return (
        f"{route.method} {route.path}"
        + (f"  query: {query}" if query else "")
        + (f"  body: {body}" if body else "")
    )


def wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        100,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def known_value(value: Value) -> Value:
    """As JSON has it: null for what is unknown."""
    return None if value is UNKNOWN else value
