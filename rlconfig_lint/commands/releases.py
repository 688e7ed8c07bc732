"""`rlconfig-lint releases`: what a vLLM release accepts, and what changes between two."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeVar

import click
from packaging.version import InvalidVersion, Version

from rlconfig_lint.errors import UserError
from rlconfig_lint.model import UNKNOWN, Value, show
from rlconfig_lint.releases.changes import (
    RL_METHODS,
    RL_SETTINGS,
    ChangedArgument,
    Changes,
    between,
)
from rlconfig_lint.releases.defaults import SETTINGS, release_default
from rlconfig_lint.releases.definitions import (
    REQUIRED,
    Argument,
    Default,
    Expression,
    Parameter,
    Route,
    Signature,
)
from rlconfig_lint.releases.known import releases
from rlconfig_lint.releases.schema import Schema, schema

Json = dict[str, object]
T = TypeVar("T")


def show_releases(output_format: str) -> None:
    known = releases()
    if output_format == "json":
        _print_json({"releases": [str(each) for each in known], "newest": str(known[-1])})
        return
    for minor, group in groupby(known, key=lambda each: f"{each.major}.{each.minor}"):
        click.echo(f"{minor:6} {' '.join(str(each) for each in group)}")
    click.echo(
        "\nrlconfig-lint releases VERSION: what that release accepts and defaults to"
        "\nrlconfig-lint releases diff A B: what changes from A to B"
    )


def show_release(version: str, output_format: str) -> None:
    described = schema(_known(version))
    if output_format == "json":
        _print_json(_release_row(described))
    else:
        click.echo("\n".join(_release_lines(described)))


def show_changes(before: str, after: str, output_format: str) -> None:
    older, newer = _known(before), _known(after)
    if older > newer:
        raise UserError(
            f"{older} is newer than {newer}: the older release comes first "
            f"(the newest known is {releases()[-1]})"
        )
    changes = between(older, newer)
    if output_format == "json":
        _print_json(_changes_row(changes))
    else:
        click.echo("\n".join(_changes_lines(changes)))


def _known(text: str) -> Version:
    try:
        wanted = Version(text)
    except InvalidVersion:
        wanted = None
    found = next((each for each in releases() if each == wanted), None)
    if found is None:
        raise UserError(
            f"{text!r} is no known vLLM release (the newest known is {releases()[-1]}); "
            "`rlconfig-lint releases` lists them"
        )
    return found


# --- one release ---


def _release_lines(release: Schema) -> Iterator[str]:
    yield f"vLLM {release.version}"
    yield "\nEffective defaults: the value of a setting nobody wrote"
    for name in SETTINGS:
        default = release_default(name, release.version)
        lacking = "" if name in release.arguments else "  (no argument of this release)"
        yield f"  {name} = {show(default.value)}{lacking}"
    yield "\nSettings that matter to RL"
    for argument in _rl_arguments(release):
        yield f"  {_declared(argument)}"
        if argument.choices:
            yield from _wrapped(f"choices: {_choices(argument)}", "    ")
        if flags := _flags(release, argument.name):
            yield f"    flags: {', '.join(flags)}"
        yield f"    source: {argument.source}"
    if missing := sorted(RL_SETTINGS - set(release.arguments)):
        yield from _wrapped(f"not in this release: {', '.join(missing)}", "  ")
    yield "\nMethods"
    for method in _rl_methods(release):
        yield f"  {_signature(method)}"
        yield f"    source: {method.source}"
    yield "\nRoutes"
    for route in _rl_routes(release):
        yield f"  {_route(route)}"
        yield f"    source: {route.source}"


def _release_row(release: Schema) -> Json:
    return {
        "version": str(release.version),
        "effective_defaults": {
            name: _known_value(release_default(name, release.version).value) for name in SETTINGS
        },
        "settings": [
            _argument_row(argument)
            | {
                "flags": _flags(release, argument.name),
                "source": argument.source,
            }
            for argument in _rl_arguments(release)
        ],
        "methods": [
            {"name": each.name, "signature": _signature(each), "source": each.source}
            for each in _rl_methods(release)
        ],
        "routes": [
            {
                "method": each.method,
                "path": each.path,
                "query": [_parameter(parameter) for parameter in each.query],
                "body": list(each.body),
                "source": each.source,
            }
            for each in _rl_routes(release)
        ],
    }


def _rl_arguments(release: Schema) -> list[Argument]:
    return [release.arguments[name] for name in sorted(RL_SETTINGS & set(release.arguments))]


def _rl_methods(release: Schema) -> list[Signature]:
    return [
        release.methods[name] for name in release.methods if name.rpartition(".")[2] in RL_METHODS
    ]


def _rl_routes(release: Schema) -> list[Route]:
    return [route for route in release.routes.values() if route.handler in RL_METHODS]


def _flags(release: Schema, name: str) -> list[str]:
    flag = release.flag_of(name)
    if flag is None:
        return []
    return [flag.name, *flag.aliases, *([flag.negation] if flag.negation else [])]


# --- two releases ---


def _changes_lines(changes: Changes) -> Iterator[str]:
    yield f"vLLM {changes.before} -> {changes.after}    (* matters to RL)"
    sections: Mapping[str, Iterable[str]] = {
        "Effective defaults that change": (
            f"  * {each.name}: {show(each.before)} -> {show(each.after)}"
            for each in changes.defaults
        ),
        "Arguments added": (f"  {_mark(each.name)} {_declared(each)}" for each in changes.added),
        "Arguments removed": (
            f"  {_mark(each.name)} {_declared(each)}" for each in changes.removed
        ),
        "Arguments changed": _changed_lines(changes),
        "Flags with a --no- form now": _wrapped(", ".join(changes.negatable), "  "),
        "Methods": (
            line
            for each in changes.methods
            for line in _old_and_new(each.before, each.after, _signature)
        ),
        "Routes": (
            line
            for each in changes.routes
            for line in _old_and_new(each.before, each.after, _route)
        ),
        "Environment variables gone": (f"  {name}" for name in changes.variables_gone),
    }
    found = {title: lines for title, each in sections.items() if (lines := list(each))}
    for title, lines in found.items():
        yield f"\n{title}"
        yield from lines
    if not found:
        yield "\nNothing that is known changes."


def _changed_lines(changes: Changes) -> Iterator[str]:
    for each in changes.changed:
        yield f"  {_mark(each.name)} {each.name}"
        if each.default:
            old, new = each.default
            yield f"      default: {_default(old)} -> {_default(new)}"
        if each.choices:
            for line in _changed_choices(each):
                yield from _wrapped(line, "      ")


def _changed_choices(changed: ChangedArgument) -> Iterator[str]:
    gone, new = changed.choices or ((), ())
    if not changed.after.choices:
        yield "choices: no longer a fixed list"
    elif not changed.before.choices:
        yield f"choices: {_choices(changed.after)}; no fixed list before"
    else:
        if gone:
            yield f"choices gone: {_listed(gone)}"
        if new:
            yield f"choices added: {_listed(new)}"


def _changes_row(changes: Changes) -> Json:
    return {
        "from": str(changes.before),
        "to": str(changes.after),
        "effective_defaults": [
            {
                "name": each.name,
                "old": _known_value(each.before),
                "new": _known_value(each.after),
            }
            for each in changes.defaults
        ],
        "arguments": {
            "added": [_argument_row(each) for each in changes.added],
            "removed": [_argument_row(each) for each in changes.removed],
            "changed": [
                {
                    "name": each.name,
                    "matters_to_rl": each.name in RL_SETTINGS,
                    "old": _argument_row(each.before),
                    "new": _argument_row(each.after),
                }
                for each in changes.changed
            ],
        },
        "flags_negatable_now": list(changes.negatable),
        "methods": [
            {
                "name": method.name,
                "old": method.before and _signature(method.before),
                "new": method.after and _signature(method.after),
            }
            for method in changes.methods
        ],
        "routes": [
            {
                "name": route.name,
                "old": route.before and _route(route.before),
                "new": route.after and _route(route.after),
            }
            for route in changes.routes
        ],
        "environment_gone": list(changes.variables_gone),
    }


def _old_and_new(before: T | None, after: T | None, write: Callable[[T], str]) -> Iterator[str]:
    if before:
        yield f"  - {write(before)}"
    if after:
        yield f"  + {write(after)}"


def _mark(name: str) -> str:
    return "*" if name in RL_SETTINGS else " "


# --- how definitions are written ---


def _declared(argument: Argument) -> str:
    return f"{argument.name}: {argument.type} = {_default(argument.default)}"


def _argument_row(argument: Argument) -> Json:
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


def _default(default: Default) -> str:
    if default is REQUIRED:
        return "(required)"
    if isinstance(default, Expression):
        return default.text
    return show(default) or '""'


def _choices(argument: Argument) -> str:
    return _listed(argument.choices) + (", or another value" if argument.choices_are_open else "")


def _listed(choices: Sequence[Value]) -> str:
    return ", ".join(show(each) for each in choices)


def _signature(method: Signature) -> str:
    written: list[str] = []
    for parameter in method.parameters:
        if parameter.kind == "keyword_only" and "*" not in written:
            written.append("*")
        written.append(_parameter(parameter))
    returns = f" -> {method.returns}" if method.returns else ""
    return f"{'async ' if method.is_async else ''}{method.name}({', '.join(written)}){returns}"


def _parameter(parameter: Parameter) -> str:
    admitted = " | ".join(repr(each) for each in parameter.choices) or parameter.type
    text = parameter.name + (f": {admitted}" if admitted else "")
    if parameter.default is REQUIRED:
        return text
    if isinstance(parameter.default, Expression):
        return f"{text} = {parameter.default.text}"
    return f"{text} = {parameter.default!r}"


def _route(route: Route) -> str:
    query = "; ".join(_parameter(each) for each in route.query)
    body = ", ".join(route.body)
    return (
        f"{route.method} {route.path}"
        + (f"  query: {query}" if query else "")
        + (f"  body: {body}" if body else "")
    )


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text,
        100,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def _known_value(value: Value) -> Value:
    """As JSON has it: null for what is unknown."""
    return None if value is UNKNOWN else value


def _print_json(row: Json) -> None:
    click.echo(json.dumps(row, indent=2))
