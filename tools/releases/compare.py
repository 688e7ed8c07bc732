"""python -m tools.releases.compare SCHEMA.json: the data against a schema made another way.

The other schema states, per release, what changed since the one before it:
{"0.6.0": {field: {type, default, choices?}}, "0.7.0": {field: null, ...}, "_cli": {...},
"_llm_init": {...}, "_sampling_params": {...}, "_nested": {config: {...}}, "_env": {...}}.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from rlconfig_lint.releases.schema import (
    REQUIRED,
    Default,
    Expression,
    Field,
    Schema,
    Section,
    schema,
)
from tools.releases.environment import default_text
from tools.releases.values import Json

Entries = dict[str, dict[str, Json]]
_ABSENT = "(absent)"


@dataclass(frozen=True)
class Difference:
    kind: str
    name: str
    theirs: str
    ours: str


def main(argv: Sequence[str] | None = None) -> int:
    arguments = sys.argv[1:] if argv is None else list(argv)
    theirs: dict[str, Json] = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    found: dict[Difference, list[str]] = {}
    for release in theirs["_order"]:
        for difference in differences(theirs, release):
            found.setdefault(difference, []).append(release)
    for line in table(found, theirs["_order"]):
        print(line)
    return 0


def differences(theirs: dict[str, Json], release: str) -> Iterator[Difference]:
    ours = schema(release)
    named = {key: value for key, value in theirs.items() if not key.startswith("_")}
    arguments = up_to(named, release)
    yield from _fields("argument", arguments, ours.arguments)
    yield from _async_only(arguments, ours)
    yield from _fields("sampling", up_to(theirs["_sampling_params"], release), ours.sampling)
    for config, history in theirs["_nested"].items():
        entries = {f"{config}.{name}": entry for name, entry in up_to(history, release).items()}
        mine = {name: field for name, field in ours.nested.items() if name.startswith(config + ".")}
        yield from _fields("nested", entries, mine)
    yield from _llm(latest(theirs["_llm_init"], release), ours.llm)
    yield from _flags(latest(theirs["_cli"], release), ours)
    yield from _environment(up_to(theirs["_env"], release), ours)


def up_to(history: dict[str, Json], release: str) -> Entries:
    """All entries of a release: what the releases up to it have stated last."""
    entries: Entries = {}
    for each, changed in history.items():
        if Version(each) <= Version(release):
            entries |= changed
    return {name: entry for name, entry in entries.items() if entry is not None}


def latest(history: dict[str, Json], release: str) -> dict[str, Json]:
    """The newest whole statement that is not newer than a release."""
    known = [each for each in history if Version(each) <= Version(release)]
    return dict(history[known[-1]]) if known else {}


def _fields(
    kind: str, theirs: Entries, ours: Section[Field] | dict[str, Field] | Section[Json]
) -> Iterator[Difference]:
    for name in sorted(theirs.keys() | set(ours)):
        if name not in theirs:
            yield Difference(f"{kind} only here", name, _ABSENT, _shown(ours[name].default))
        elif name not in ours:
            yield Difference(f"{kind} only there", name, str(theirs[name].get("default")), _ABSENT)
        else:
            yield from _field(kind, name, theirs[name], ours[name])


def _field(kind: str, name: str, theirs: dict[str, Json], ours: Field) -> Iterator[Difference]:
    if _normal(theirs["type"]) != _normal(ours.type):
        yield Difference(f"{kind} type", name, theirs["type"], ours.type)
    if json.dumps(theirs.get("default")) != json.dumps(_plain(ours.default)):
        yield Difference(f"{kind} default", name, str(theirs.get("default")), _shown(ours.default))
    stated = sorted({str(choice) for choice in theirs.get("choices", ())})
    if stated != sorted(str(choice) for choice in ours.choices):
        less = sorted(set(stated) - {str(choice) for choice in ours.choices})
        more = sorted({str(choice) for choice in ours.choices} - set(stated))
        yield Difference(f"{kind} choices", name, f"also {less}", f"also {more}")


def _async_only(theirs: Entries, ours: Schema) -> Iterator[Difference]:
    there = {name for name, entry in theirs.items() if "cls" in entry}
    here = {name for name, argument in ours.arguments.items() if argument.async_only}
    for name in sorted(there ^ here):
        yield Difference("async only", name, str(name in there), str(name in here))


def _llm(theirs: dict[str, Json], ours: Section[Field]) -> Iterator[Difference]:
    named = theirs["named"]
    for name in sorted(named.keys() | set(ours) - {"**kwargs"}):
        mine = _plain(ours[name].default) if name in ours else _ABSENT
        other = named.get(name, _ABSENT)
        if mine != (None if other == "<required>" else other):
            yield Difference("LLM parameter", name, str(other), str(mine))


def _flags(theirs: dict[str, Json], ours: Schema) -> Iterator[Difference]:
    special: Entries = theirs["special_flags"]
    for name in sorted(special.keys() | set(ours.flags)):
        stated = special.get(name, {})
        flag = ours.flags.get(name)
        aliases = list(flag.aliases) if flag else []
        if stated.get("aliases", []) != aliases:
            yield Difference("flag aliases", name, str(stated.get("aliases")), str(aliases))
        if stated.get("deprecated", False) != bool(flag and flag.is_deprecated):
            is_deprecated = str(bool(flag and flag.is_deprecated))
            yield Difference("flag deprecated", name, str(stated.get("deprecated")), is_deprecated)
        if flag and (flag.field is None) != ("field" in stated):
            yield Difference("flag field", name, str("field" not in stated), str(flag.field))
    without = {name for name in ours.arguments if ours.flag_of(name) is None}
    for name in sorted(without ^ set(theirs["fields_without_flag"])):
        yield Difference("no flag", name, str(name not in without), str(name in without))


def _environment(theirs: Entries, ours: Schema) -> Iterator[Difference]:
    for name, entry in theirs.items():
        variable = ours.environment.get(name)
        stated = _default_text(name, entry["reader"])
        mine = variable.default if variable else _ABSENT
        if stated != mine:
            yield Difference("environment", name, str(stated), str(mine))


def _default_text(name: str, reader: str) -> str | None:
    try:
        return default_text(name, ast.parse(reader, mode="eval"))
    except SyntaxError:
        return "(its reader was cut)"


def _plain(default: Default) -> Json:
    if isinstance(default, Expression):
        return {"expr": default.text}
    return None if default is REQUIRED else default


def _shown(default: Default) -> str:
    return "(required)" if default is REQUIRED else str(_plain(default))


def _normal(annotation: str) -> str:
    return annotation.replace('"', "'").replace(" ", "")


def table(found: dict[Difference, list[str]], order: list[str]) -> Iterator[str]:
    yield "| what | name | releases | theirs | ours |"
    yield "|---|---|---|---|---|"
    for each in sorted(found, key=lambda one: (one.kind, one.name, one.theirs)):
        releases = found[each]
        span = releases[0] if len(releases) == 1 else f"{releases[0]}..{releases[-1]}"
        is_whole = order.index(releases[-1]) - order.index(releases[0]) + 1 == len(releases)
        span += "" if is_whole else f" ({len(releases)})"
        cells = (each.kind, each.name, span, each.theirs[:90], each.ours[:90])
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
