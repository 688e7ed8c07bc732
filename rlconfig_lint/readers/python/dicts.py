"""The keys of a dict that is built in a module and passed to a call as `**keys`."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import UNKNOWN, Entry
from rlconfig_lint.readers.python.calls import bind, default_of, takes_keywords
from rlconfig_lint.readers.python.here import Caller, Done, Held, Here
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.scopes import Change, What, is_guarded, position, text_of
from rlconfig_lint.readers.python.values import worth
from rlconfig_lint.readers.python.walk import Function

_COPIES = ("copy", "deepcopy", "dict")


@dataclass(frozen=True, slots=True)
class Want:
    """A function whose parameter the keys come from: each of its callers may give others."""

    function: Function
    keywords: bool  # its `**kwargs`: what the caller writes are the keys themselves


@dataclass
class Keys:
    """Entries by their key, in the order they were written."""

    entries: dict[str, Entry] = field(default_factory=dict)
    unseen: bool = False  # there may be others
    want: Want | None = None
    literal: ast.Dict | ast.Call | None = None  # where one could be added

    def put(self, entry: Entry, *, certain: bool = True) -> None:
        """Write a key. One that was written before is not ours to rewrite."""
        key = entry.path[0]
        if key in self.entries or not certain:
            entry = replace(entry, shared=True)
        self.entries[key] = entry if certain else unknown(entry)

    def add(self, other: Keys, *, certain: bool = True) -> None:
        """Lay other keys over these."""
        if other.unseen:
            self.doubt()
        for entry in other.entries.values():
            self.put(entry, certain=certain)
        self.want = self.want or other.want

    def doubt(self) -> None:
        """Anything may have been written over these."""
        self.unseen = True
        for key, entry in self.entries.items():
            self.entries[key] = unknown(entry)

    def guard(self) -> None:
        """These are given only where the release has been looked at."""
        for key, entry in self.entries.items():
            self.entries[key] = replace(entry, guarded=True)

    def share(self) -> None:
        """These stand where other calls get them from too."""
        self.literal = None
        for key, entry in self.entries.items():
            self.entries[key] = replace(entry, shared=True)


def unknown(entry: Entry) -> Entry:
    """The same key without what is no longer certain of it."""
    return replace(entry, value=UNKNOWN, shared=True, overridable=False, default=None)


def entry_of(name: str, value: ast.expr, key: ast.AST, here: Here) -> Entry:
    """One key with its value, where they are written; a default where that is given."""
    module = here.module
    found = worth(value, here)
    value_place = module.spans.place(value)
    start = min(module.spans.place(key).start, value_place.start)
    place = module.text.place(start, value_place.end)
    shared = found.value is not UNKNOWN and not found.written
    is_default = found.value is not UNKNOWN and found.default is not None
    default = found.default if is_default else None
    return Entry(
        (name,), found.value, place, value_place, shared, overridable=is_default, default=default
    )


def keys_of(node: ast.expr, here: Here) -> Keys:
    """The keys that `**node` brings, as far as the module says."""
    if here.too_far():
        return Keys(unseen=True)
    if isinstance(node, ast.Dict):
        return _displayed(node, here)
    name = dotted(node)
    if name is not None:
        held = here.module.find(name, here)
        return _held(held, name, here) if held else Keys(unseen=True)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        found = keys_of(node.left, here.deeper())
        found.add(keys_of(node.right, here.deeper()))
        found.literal = None
        return found
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or) and len(node.values) == 2:
        first, second = node.values
        if isinstance(second, ast.Dict) and not second.keys:
            return keys_of(first, here.deeper())
    if isinstance(node, ast.Call):
        return _called(node, here)
    return Keys(unseen=True)


def keywords_of(keywords: Iterable[ast.keyword], here: Here) -> Keys:
    """The keys that a call's own keywords bring. What is given twice would not run."""
    found = Keys()
    for keyword in keywords:
        if keyword.arg is not None:
            found.put(entry_of(keyword.arg, keyword.value, keyword, here))
            continue
        unpacked = keys_of(keyword.value, here)
        for entry in unpacked.entries.values():
            found.put(entry)
        found.unseen = found.unseen or unpacked.unseen
        found.want = found.want or unpacked.want
        found.literal = unpacked.literal or found.literal
    return found


def _displayed(node: ast.Dict, here: Here) -> Keys:
    found = Keys()
    for key, value in zip(node.keys, node.values, strict=True):
        name = text_of(key)
        if key is None:
            found.add(keys_of(value, here.deeper()))
        elif name is not None:
            found.put(entry_of(name, value, key, here))
        else:
            found.doubt()
    found.literal = node
    return found


def _called(node: ast.Call, here: Here) -> Keys:
    """`dict(...)`, a copy, or a function of this module that returns a dict."""
    function = node.func
    last = function.attr if isinstance(function, ast.Attribute) else dotted(function)
    if last == "copy" and isinstance(function, ast.Attribute) and not node.args:
        found = keys_of(function.value, here.deeper())
        found.share()
        return found
    if last in _COPIES and len(node.args) <= 1:
        found = keys_of(node.args[0], here.deeper()) if node.args else Keys()
        if node.args:
            found.share()
        own = keywords_of(node.keywords, here)
        own_literal = node if last == "dict" else None
        found.add(own)
        found.unseen = found.unseen or own.unseen
        found.literal = own_literal
        return found
    return _returned(node, here)


def _returned(node: ast.Call, here: Here) -> Keys:
    """What a function or method of this module returns, where it returns in one place."""
    module = here.module
    name = dotted(node.func) or ""
    owner = module.definitions.class_around(here.functions)
    method = name.removeprefix("self.")
    if method == name:
        function, owner = module.definitions.function_named(name), None
    else:
        function = module.definitions.method(owner, method) if owner else None
    if function is None or function in here.entered:
        return Keys(unseen=True)
    returned = module.scope(function).returned
    if len(returned) != 1 or returned[0] is None:
        return Keys(unseen=True)
    caller = Caller(node, node.args, node.keywords, here, "")
    functions = (*module.definitions.arounds[function].functions, function)
    entered = {**here.entered, function: caller}
    inside = Here(module, functions, None, entered=entered, depth=here.depth + 1)
    found = keys_of(returned[0], inside)
    found.share()
    return found


def _held(held: Held, name: str, here: Here) -> Keys:
    """The dict that a name holds, with what was done to it since."""
    if held.index is not None:
        return Keys(unseen=True)
    if held.parameter:
        found = _parameter(held)
    elif held.value is not None:
        found = keys_of(held.value, held.here)
        if _changed_later(held, here):
            found.doubt()
    else:
        return Keys(unseen=True)
    if (found.entries or found.literal) and not _is_used_once(held, name, here):
        found.share()  # it goes elsewhere too: what is written there is not this call's alone
    for done in held.changes:
        _change(found, done)
    return found


def _changed_later(held: Held, here: Here) -> bool:
    """Whether a dict that got this name too was changed under its other one since."""
    name = dotted(held.value) if held.value is not None else None
    scope = here.module.scope_of(held.here)
    return any(
        position(change.node) > position(held.here.node) and change.what is not What.ALIASED
        for change in scope.changes.get(name or "", ())
        if held.here.node is not None
    )


def _is_used_once(held: Held, name: str, here: Here) -> bool:
    module = here.module
    changed = {
        change.node
        for change in module.scope_of(held.here).changes.get(name, ())
        if not change.is_harmless and not isinstance(change.node, ast.AugAssign)
    }
    return module.uses(name, held.here) - len(changed) <= 1


def _change(found: Keys, done: Done) -> None:
    """Do to the keys what a statement does to the dict."""
    change, certain, here = done.change, done.certain, done.here
    key, what = change.key, change.what
    if what is What.SET and key is not None and change.value is not None and change.key_at:
        entry = entry_of(key, change.value, change.key_at, here)
        found.put(replace(entry, guarded=is_guarded(change.branches)), certain=certain)
    elif what is What.DEFAULT and key is not None and change.value is not None and change.key_at:
        if key not in found.entries:
            entry = entry_of(key, change.value, change.key_at, here)
            found.put(entry, certain=certain and not found.unseen)
    elif what is What.REMOVED and key is not None:
        if certain:
            found.entries.pop(key, None)
        elif key in found.entries:
            found.put(found.entries[key], certain=False)
    elif what is What.MERGED:
        merged = _merged(change, here)
        if is_guarded(change.branches):
            merged.guard()
        found.add(merged, certain=certain)
    elif what is not What.ALIASED or here.module.is_changed(key or "", here):
        found.doubt()
        found.literal = None


def _merged(change: Change, here: Here) -> Keys:
    """The keys of `d.update(x, a=1)` or `d |= x`."""
    if not isinstance(change.node, ast.Call):
        return keys_of(change.value, here.deeper()) if change.value else Keys(unseen=True)
    found = Keys()
    for argument in change.node.args:
        found.add(keys_of(argument, here.deeper()))
    found.add(keywords_of(change.node.keywords, here))
    return found


def _parameter(held: Held) -> Keys:
    """What the caller that is being followed gives a parameter."""
    here, name = held.here, held.parameter
    function = here.functions[-1]
    keywords = takes_keywords(function, name)
    caller = here.entered.get(function)
    if caller is None:
        return Keys(unseen=True, want=Want(function, keywords))
    arguments = bind(caller, function, here.module.definitions.owners.get(function))
    if keywords:
        found = keywords_of(arguments.rest, here.by(caller))
        for parameter in (*function.args.args, *function.args.kwonlyargs):
            found.entries.pop(parameter.arg, None)
        return found
    value = arguments.given.get(name)
    if value is None:
        value = None if arguments.unsure else default_of(function, name)
        if isinstance(value, ast.Constant) and value.value is None:
            return Keys()
        return keys_of(value, here.deeper()) if value is not None else Keys(unseen=True)
    found = keys_of(value, here.by(caller))
    if not _is_keywords(value, here.by(caller)):
        found.share()
    return found


def _is_keywords(node: ast.expr, here: Here) -> bool:
    """Whether a name is the `**kwargs` of the function it stands in: a dict of that call alone."""
    function = here.functions[-1] if here.functions else None
    return isinstance(node, ast.Name) and function is not None and takes_keywords(function, node.id)
