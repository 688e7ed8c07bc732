"""What an expression is worth, as far as the module alone says."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rlconfig_lint.model import UNKNOWN, Evidence, Value
from rlconfig_lint.readers.python.calls import bind, callers, default_of, has_others
from rlconfig_lint.readers.python.fields import given_to
from rlconfig_lint.readers.python.here import Caller, Held, Here
from rlconfig_lint.readers.python.literals import literal
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.walk import Function

_CONFIGS = frozenset(("KVTransferConfig",))
_CONVERSIONS = {"bool": bool, "float": float, "int": int, "str": str}


@dataclass(frozen=True, slots=True)
class Worth:
    """A value, whether it stands there itself, and whose default it is where a launch may give
    another."""

    value: Value
    written: bool = False
    default: Evidence | None = None


NOTHING = Worth(UNKNOWN)


def worth(node: ast.expr, here: Here) -> Worth:
    """The value of an expression; UNKNOWN for what would have to be run."""
    plain = literal(node)
    if plain is not UNKNOWN:
        return Worth(plain, written=True)
    if here.too_far():
        return NOTHING
    if isinstance(node, ast.Name):
        held = here.module.find(node.id, here)
        return _held(held, here) if held else NOTHING
    if isinstance(node, ast.Attribute):
        return _attribute(node, here)
    if isinstance(node, ast.IfExp):
        return _choice(node, here)
    if isinstance(node, ast.BoolOp):
        return _first(node, here)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        found = worth(node.operand, here.deeper())
        value = UNKNOWN if found.value is UNKNOWN else not found.value
        return replace(found, value=value, written=False)
    if isinstance(node, ast.Call):
        return _of_config(node, here) or _converted(node, here)
    return NOTHING


def _of_config(node: ast.Call, here: Here) -> Worth | None:
    """`KVTransferConfig(a=b)` is the same as `{"a": b}`."""
    name = (dotted(node.func) or "").rpartition(".")[2]
    if name not in _CONFIGS or node.args or any(k.arg is None for k in node.keywords):
        return None
    deeper = here.deeper()
    return Worth({k.arg: worth(k.value, deeper).value for k in node.keywords if k.arg})


def parameter(function: Function, name: str, here: Here) -> Worth:
    """What a parameter is worth: what all callers agree on, or the one that is being followed."""
    caller = here.entered.get(function)
    if caller is None and has_others(here.module, function):
        return NOTHING
    found = [caller] if caller else callers(here.module, function)
    if not here.module.steps_left(len(found)):
        return NOTHING
    return agreed(_argument(each, function, name, here) for each in found)


def agreed(answers: Iterable[Worth]) -> Worth:
    """One answer where all are the same."""
    found: Worth | None = None
    for answer in answers:
        if answer.value is UNKNOWN or (found is not None and not _same(found, answer)):
            return NOTHING
        found = answer if found is None or answer.default else found
    return replace(found, written=False) if found else NOTHING


def _same(one: Worth, other: Worth) -> bool:
    return type(one.value) is type(other.value) and one.value == other.value


def _held(held: Held, here: Here) -> Worth:
    if held.changed or held.index is not None:
        return NOTHING
    if held.parameter:
        return parameter(held.here.functions[-1], held.parameter, held.here)
    if held.value is None:
        return NOTHING
    found = worth(held.value, held.here)
    if held.changes and isinstance(found.value, dict | list):
        return NOTHING  # a function that got it may have changed it
    return replace(found, written=False)


def _argument(caller: Caller, function: Function, name: str, here: Here) -> Worth:
    module = here.module
    arguments = bind(caller, function, module.definitions.owners.get(function))
    value = arguments.given.get(name)
    if value is not None:
        return worth(value, here.by(caller))
    default = None if arguments.unsure else default_of(function, name)
    if default is None:
        return NOTHING
    around = module.definitions.arounds[function].functions
    found = worth(default, Here(module, around, entered=here.entered, depth=here.depth + 1))
    return replace(found, default=Evidence(name, module.spans.place(default)))


def _attribute(node: ast.Attribute, here: Here) -> Worth:
    name = dotted(node)
    if name is None:
        return NOTHING
    held = here.module.find(name, here) if name.startswith("self.") else None
    if held is not None:
        return _held(held, here)
    found = given_to(node.value, node.attr, here)
    if found is None:
        return NOTHING
    answer = worth(found.value, found.here)
    return replace(answer, written=False, default=found.default or answer.default)


def _choice(node: ast.IfExp, here: Here) -> Worth:
    """Known where the condition is, or where both sides agree."""
    deeper = here.deeper()
    condition = worth(node.test, deeper)
    if condition.value is UNKNOWN:
        return agreed(worth(side, deeper) for side in (node.body, node.orelse))
    found = worth(node.body if condition.value else node.orelse, deeper)
    return replace(found, written=False, default=found.default or condition.default)


def _first(node: ast.BoolOp, here: Here) -> Worth:
    """`a or b`, `a and b`: the first operand that decides."""
    deeper = here.deeper()
    decides = isinstance(node.op, ast.Or)
    default: Evidence | None = None
    for number, operand in enumerate(node.values, 1):
        found = worth(operand, deeper)
        default = found.default or default
        if found.value is UNKNOWN:
            return NOTHING
        if bool(found.value) is decides or number == len(node.values):
            return Worth(found.value, default=default)
    return NOTHING


def _converted(node: ast.Call, here: Here) -> Worth:
    """`bool(x)`, `str(x)`, `int(x)` and `float(x)` of a known scalar."""
    convert = _CONVERSIONS.get(dotted(node.func) or "")
    if convert is None or len(node.args) != 1 or node.keywords:
        return NOTHING
    found = worth(node.args[0], here.deeper())
    if not isinstance(found.value, bool | int | float | str):
        return NOTHING
    try:
        return Worth(convert(found.value), default=found.default)
    except (ValueError, OverflowError):
        return NOTHING
