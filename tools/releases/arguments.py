"""The fields of EngineArgs and AsyncEngineArgs."""

from __future__ import annotations

from tools.releases.code import Found, declarations
from tools.releases.fields import Entry, Fields
from tools.releases.flags import Flags

ARGUMENTS = "vllm.engine.arg_utils"


def arguments(fields: Fields) -> dict[str, Entry]:
    module = fields.code.dotted(ARGUMENTS)
    engine = module and fields.code.find_class(module, "EngineArgs")
    if not module or not engine:
        raise LookupError(f"no EngineArgs in {ARGUMENTS}")
    entries = _entries(fields, engine)
    server = fields.code.find_class(module, "AsyncEngineArgs")
    if server:
        for name, entry in _entries(fields, server).items():
            entries.setdefault(name, entry | {"async_only": True})
    _add_argparse_choices(fields, entries)
    return entries


def _entries(fields: Fields, cls: Found) -> dict[str, Entry]:
    """Each field, with the place of the config field behind it where there is one."""
    entries: dict[str, Entry] = {}
    for name, statement in declarations(cls):
        if "ClassVar" in (entry := fields.entry(cls, statement))["type"]:
            continue
        if behind := fields.behind(cls, statement):
            owner, declared = behind
            entry["source"] += f" <- {owner.module.place}:{declared.lineno}"
        entries[name] = entry
    return entries


def _add_argparse_choices(fields: Fields, entries: dict[str, Entry]) -> None:
    """Before types carried them, choices stood in the call of add_argument."""
    for option in Flags(fields).options():
        entry = entries.get(option.field)
        if entry is not None and "choices" not in entry and option.choices.values:
            entry["choices"] = list(option.choices.values)
