"""Blocks of the calls that are ours: one a call, or one a caller where a function only forwards."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rlconfig_lint.model import Block, Entry, Form
from rlconfig_lint.readers.python.calls import bind, callers, has_others
from rlconfig_lint.readers.python.dicts import Keys, Want, entry_of, keywords_of, unknown
from rlconfig_lint.readers.python.here import Caller, Here
from rlconfig_lint.readers.python.module import Module
from rlconfig_lint.readers.python.namespaces import namespace_keys
from rlconfig_lint.readers.python.scopes import What, end, is_guarded, is_inside, position
from rlconfig_lint.readers.python.walk import Around, Function

FROM_ELSEWHERE = frozenset(("from_cli_args", "from_vllm_config"))
_OBJECTS = frozenset(("AsyncEngineArgs", "EngineArgs", "from_cli_args"))
_MOST_CALLERS = 50
_LONGEST_CHAIN = 6


@dataclass(frozen=True, slots=True)
class _Written:
    """Where an engine's keys are written: at its own call, or at that of what forwards to it."""

    call: ast.Call
    keywords: Sequence[ast.keyword]
    inside: str
    moved: bool = False


def blocks(module: Module, call: ast.Call, name: str, around: Around) -> Iterator[Block]:
    """The engine, or the sampling parameters, that a call builds: once for each caller whose own
    keywords it forwards."""
    here = module.here(call, around)
    found: dict[ast.Call, list[tuple[_Written, Keys]]] = {}
    for written, keys in _variants(call, name, here, _Written(call, call.keywords, around.inside)):
        found.setdefault(written.call, []).append((written, keys))
    for variants in found.values():
        written = variants[0][0]
        yield _block(module, call, name, written, _agreed([keys for _, keys in variants]))


def _block(module: Module, call: ast.Call, name: str, written: _Written, keys: Keys) -> Block:
    literal = keys.literal if len(written.keywords) == 1 else None
    direct = (module.names.full(call.func) or "").startswith("vllm.")
    return Block(
        Form.CALL,
        name,
        module.spans.place(written.call),
        tuple(keys.entries.values()),
        open=keys.unseen,
        keys_at=module.spans.place(literal) if literal is not None else None,
        inside=written.inside,
        derived=written.moved or not direct,
    )


def _variants(
    call: ast.Call, name: str, here: Here, written: _Written
) -> Iterator[tuple[_Written, Keys]]:
    """The keys of a call under each of the callers that they come from."""
    keys = _keys(call, name, here)
    want = keys.want
    found = callers(here.module, want.function) if want else ()
    too_long = len(found) > _MOST_CALLERS or len(here.entered) >= _LONGEST_CHAIN
    if want is None or not found or too_long or _may_differ(want, here.module):
        yield written, keys
        return
    for caller in found:
        entered = {**here.entered, want.function: caller}
        at = _at_caller(caller, written) if want.keywords else written
        for end_, found_keys in _variants(call, name, replace(here, entered=entered), at):
            yield end_, _forwarded(found_keys, here.module, entered) if end_.moved else found_keys


def _may_differ(want: Want, module: Module) -> bool:
    """Whether a dict may be handed over by somebody who is not seen."""
    return not want.keywords and has_others(module, want.function)


def _at_caller(caller: Caller, written: _Written) -> _Written:
    inside = f"{caller.inside}.{written.inside}".strip(".")
    return _Written(caller.call, caller.keywords, inside, moved=True)


def _forwarded(keys: Keys, module: Module, entered: Mapping[Function, Caller]) -> Keys:
    """What stands in the functions that only forward belongs to all of their callers."""
    spans = [module.spans.place(function) for function in entered]
    for key, entry in keys.entries.items():
        if any(span.start <= entry.place.start < span.end for span in spans):
            keys.entries[key] = replace(entry, shared=True)
    return keys


def _agreed(variants: list[Keys]) -> Keys:
    """What all callers of a function that gets a dict agree on."""
    first, *others = variants
    for other in others:
        first.literal = None
        first.unseen = first.unseen or other.unseen
        for key in {**first.entries, **other.entries}:
            mine, theirs = first.entries.get(key), other.entries.get(key)
            entry = mine or theirs
            if entry is not None and (mine is None or theirs is None or not _same(mine, theirs)):
                first.entries[key] = unknown(entry)
            elif theirs is not None and theirs.overridable:
                first.entries[key] = theirs
    return first


def _same(one: Entry, other: Entry) -> bool:
    return type(one.value) is type(other.value) and one.value == other.value


def _keys(call: ast.Call, name: str, here: Here) -> Keys:
    last = name.rpartition(".")[2]
    if last == "from_vllm_config":
        return Keys(unseen=True)
    if last == "from_cli_args":
        keys = namespace_keys(call.args[0], here) if call.args else Keys()
        keys.unseen = True
    else:
        keys = keywords_of(call.keywords, here)
        given = _positional(call.args, here)
        keys.unseen = keys.unseen or given is None or given > 1
    if last in _OBJECTS:
        _set_afterwards(keys, call, here)
    if last in _OBJECTS or last == "LLM":
        _guard(keys, here)
    return keys


def _guard(keys: Keys, here: Here) -> None:
    if is_guarded(here.module.branches(here)):
        keys.guard()


def _positional(arguments: Sequence[ast.expr], here: Here) -> int | None:
    """How many arguments are given by position, `*args` opened; None where nobody can see."""
    count = 0
    for argument in arguments:
        more = _starred(argument.value, here) if isinstance(argument, ast.Starred) else 1
        if more is None:
            return None
        count += more
    return count


def _starred(node: ast.expr, here: Here) -> int | None:
    """How many `*node` stands for: what callers give beyond the named parameters."""
    held = here.module.find(node.id, here) if isinstance(node, ast.Name) else None
    if held is None or not held.parameter or here.too_far():
        return None
    function = held.here.functions[-1]
    caller = here.entered.get(function)
    if caller is None:
        return None
    arguments = bind(caller, function, here.module.definitions.owners.get(function))
    if function.args.vararg is None or function.args.vararg.arg != held.parameter:
        given = arguments.given.get(held.parameter)
        return _starred(given, here.by(caller)) if given is not None else None
    more = _positional([a for a in caller.args if isinstance(a, ast.Starred)], here.by(caller))
    return None if more is None else arguments.beyond + more


def _set_afterwards(keys: Keys, call: ast.Call, here: Here) -> None:
    """`engine_args.seed = 1`, in the function that made `engine_args`."""
    module = here.module
    scope = module.scope(here.functions[-1] if here.functions else module.tree)
    name = scope.named.get(call, "")
    changes = scope.changes.get(name, [])
    if not module.steps_left(len(changes)):
        keys.doubt()
        return
    for change in changes:
        private = (change.key or "").startswith("_")
        if change.what is not What.ATTRIBUTE or private or position(change.node) < end(call):
            continue
        if change.key is None or len(scope.bound[name]) != 1:
            keys.doubt()
        elif change.value is not None and change.key_at is not None:
            at = replace(here, node=change.node, until=end(change.node), branches=change.branches)
            certain = is_inside(change.branches, scope.branches.get(call, ()))
            entry = entry_of(change.key, change.value, change.key_at, at)
            keys.put(replace(entry, guarded=is_guarded(change.branches)), certain=certain)
