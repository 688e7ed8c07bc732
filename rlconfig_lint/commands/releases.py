"""`rlconfig-lint releases`: what a vLLM release accepts, and what changes between two."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TypeVar

import click
from packaging.version import InvalidVersion, Version

from rlconfig_lint.commands.release_words import (
    argument_row,
    choices_text,
    declared,
    default_text,
    known_value,
    listed,
    mark,
    parameter_text,
    route_text,
    signature_text,
    wrapped,
)
from rlconfig_lint.errors import UserError
from rlconfig_lint.model import show
from rlconfig_lint.releases.changes import (
    RL_METHODS,
    RL_SETTINGS,
    ChangedArgument,
    Changes,
    between,
)
from rlconfig_lint.releases.defaults import SETTINGS, release_default
from rlconfig_lint.releases.definitions import (
    Argument,
    Route,
    Signature,
)
from rlconfig_lint.releases.facts import beginning, holding
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
    yield "\nWhat no signature shows"
    for fact in holding(release.version):
        yield from wrapped(f"{fact.setting}: {fact.text} ({fact.source})", "  ")
    yield "\nSettings that matter to RL"
    for argument in _rl_arguments(release):
        yield f"  {declared(argument)}"
        if argument.choices:
            yield from wrapped(f"choices: {choices_text(argument)}", "    ")
        if flags := _flags(release, argument.name):
            yield f"    flags: {', '.join(flags)}"
        yield f"    source: {argument.source}"
    if missing := sorted(RL_SETTINGS - set(release.arguments)):
        yield from wrapped(f"not in this release: {', '.join(missing)}", "  ")
    yield "\nMethods"
    for method in _rl_methods(release):
        yield f"  {signature_text(method)}"
        yield f"    source: {method.source}"
    yield "\nRoutes"
    for route in _rl_routes(release):
        yield f"  {route_text(route)}"
        yield f"    source: {route.source}"


def _release_row(release: Schema) -> Json:
    return {
        "version": str(release.version),
        "effective_defaults": {
            name: known_value(release_default(name, release.version).value) for name in SETTINGS
        },
        "facts": [
            {"setting": fact.setting, "text": fact.text, "source": fact.source}
            for fact in holding(release.version)
        ],
        "settings": [
            argument_row(argument)
            | {
                "flags": _flags(release, argument.name),
                "source": argument.source,
            }
            for argument in _rl_arguments(release)
        ],
        "methods": [
            {"name": each.name, "signature": signature_text(each), "source": each.source}
            for each in _rl_methods(release)
        ],
        "routes": [
            {
                "method": each.method,
                "path": each.path,
                "query": [parameter_text(parameter) for parameter in each.query],
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
        "Behaviour that begins": (
            line
            for fact in beginning(changes.before, changes.after)
            for line in wrapped(f"{fact.setting}: {fact.text}", "  ")
        ),
        "Arguments added": (f"  {mark(each.name)} {declared(each)}" for each in changes.added),
        "Arguments removed": (f"  {mark(each.name)} {declared(each)}" for each in changes.removed),
        "Arguments changed": _changed_lines(changes),
        "Flags with a --no- form now": wrapped(", ".join(changes.negatable), "  "),
        "Methods": (
            line
            for each in changes.methods
            for line in _old_and_new(each.before, each.after, signature_text)
        ),
        "Routes": (
            line
            for each in changes.routes
            for line in _old_and_new(each.before, each.after, route_text)
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
        yield f"  {mark(each.name)} {each.name}"
        if each.default:
            old, new = each.default
            yield f"      default: {default_text(old)} -> {default_text(new)}"
        if each.choices:
            for line in _changed_choices(each):
                yield from wrapped(line, "      ")


def _changed_choices(changed: ChangedArgument) -> Iterator[str]:
    gone, new = changed.choices or ((), ())
    if not changed.after.choices:
        yield "choices: no longer a fixed list"
    elif not changed.before.choices:
        yield f"choices: {choices_text(changed.after)}; no fixed list before"
    else:
        if gone:
            yield f"choices gone: {listed(gone)}"
        if new:
            yield f"choices added: {listed(new)}"


def _changes_row(changes: Changes) -> Json:
    return {
        "from": str(changes.before),
        "to": str(changes.after),
        "effective_defaults": [
            {
                "name": each.name,
                "old": known_value(each.before),
                "new": known_value(each.after),
            }
            for each in changes.defaults
        ],
        "arguments": {
            "added": [argument_row(each) for each in changes.added],
            "removed": [argument_row(each) for each in changes.removed],
            "changed": [
                {
                    "name": each.name,
                    "matters_to_rl": each.name in RL_SETTINGS,
                    "old": argument_row(each.before),
                    "new": argument_row(each.after),
                }
                for each in changes.changed
            ],
        },
        "flags_negatable_now": list(changes.negatable),
        "methods": [
            {
                "name": method.name,
                "old": method.before and signature_text(method.before),
                "new": method.after and signature_text(method.after),
            }
            for method in changes.methods
        ],
        "routes": [
            {
                "name": route.name,
                "old": route.before and route_text(route.before),
                "new": route.after and route_text(route.after),
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


def _print_json(row: Json) -> None:
    click.echo(json.dumps(row, indent=2))
