"""What a module itself sets on the namespace that `from_cli_args(namespace)` reads."""

from __future__ import annotations

import ast
from dataclasses import replace

from rlconfig_lint.readers.python.argv import Words, flags_of, words_of
from rlconfig_lint.readers.python.calls import bind, callers
from rlconfig_lint.readers.python.dicts import Keys, entry_of, keywords_of
from rlconfig_lint.readers.python.here import Done, Held, Here
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.options import replaced_defaults
from rlconfig_lint.readers.python.scopes import What

_PARSERS = ("parse_args", "parse_known_args")
_COPIES = ("copy", "deepcopy")


def namespace_keys(node: ast.expr, here: Here) -> Keys:
    """The attributes that are set where the module shows it. There may always be others."""
    if here.too_far():
        return Keys(unseen=True)
    name = dotted(node)
    held = here.module.find(name, here) if name else None
    if held is not None:
        return _held(held)
    if not isinstance(node, ast.Call):
        return Keys(unseen=True)
    last = (dotted(node.func) or "").rpartition(".")[2]
    if last == "Namespace":
        found = keywords_of(node.keywords, here)
    elif last in _COPIES and node.args:
        found = namespace_keys(node.args[0], here.deeper())
        found.share()
    elif last in _PARSERS and isinstance(node.func, ast.Attribute):
        found = _parsed(node, here)
    else:
        found = Keys()
    found.unseen = True
    return found


def _held(held: Held) -> Keys:
    found = Keys(unseen=True)
    if held.parameter:
        found = _parameter(held)
    elif held.value is not None and held.index in (None, 0):
        found = namespace_keys(held.value, held.here)
    for done in held.changes:
        _set(found, done)
    return found


def _set(found: Keys, done: Done) -> None:
    change = done.change
    if change.what is not What.ATTRIBUTE:
        return
    if change.key is None:
        found.doubt()
    elif change.value is not None and change.key_at is not None:
        entry = entry_of(change.key, change.value, change.key_at, done.here)
        found.put(entry, certain=done.certain)


def _parameter(held: Held) -> Keys:
    """What the one caller in this module hands over."""
    here, module = held.here, held.here.module
    function = here.functions[-1]
    found = callers(module, function)
    if len(found) != 1:
        return Keys(unseen=True)
    arguments = bind(found[0], function, module.definitions.owners.get(function))
    value = arguments.given.get(held.parameter)
    if value is None:
        return Keys(unseen=True)
    keys = namespace_keys(value, here.by(found[0]))
    keys.share()
    return keys


def _parsed(node: ast.Call, here: Here) -> Keys:
    """`parser.parse_args(args, namespace)`: defaults of the parser, then what it is given."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    words = given.get("args", node.args[0] if node.args else None)
    namespace = given.get("namespace", node.args[1] if len(node.args) > 1 else None)
    found = Keys()
    for option in replaced_defaults(here.module):
        entry = entry_of(option.name, option.default, option.written_at, option.here)
        found.put(replace(entry, shared=True))
    if namespace is not None:
        found.add(namespace_keys(namespace, here.deeper()))
    spoken = words_of(words, here.deeper()) if words is not None else Words(unseen=True)
    if spoken.unseen:  # the command line may say otherwise
        for key, entry in found.entries.items():
            found.entries[key] = replace(entry, shared=True, value_place=None, overridable=True)
    for entry in flags_of(spoken, here.module.text):
        found.put(replace(entry, path=(entry.path[-1].replace("-", "_"),)))
    return found
