"""Who calls a function of this module, through Ray or a process too, and with what."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rlconfig_lint.readers.python.here import Called, Caller
from rlconfig_lint.readers.python.module import Module
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.walk import Function

_SELF = ("self", "cls")
_STARTERS = ("Process", "Thread")


@dataclass(frozen=True, slots=True)
class Arguments:
    """What one call gives to a function's parameters."""

    given: dict[str, ast.expr]
    rest: tuple[ast.keyword, ...]  # what `**kwargs` takes: keywords, and mappings without a name
    unsure: bool  # `*x` or `**x` may give any parameter
    beyond: int  # positional ones that `*args` takes


def callers(module: Module, function: Function) -> Sequence[Caller]:
    """Every call of a function or method in its own module."""
    if function not in module.known_callers:
        module.known_callers[function] = list(_callers(module, function))
    return module.known_callers[function]


def has_others(module: Module, function: Function) -> bool:
    """Whether somebody else may call it: it is handed on, or called on who knows what object."""
    if function not in module.known_others:
        module.known_others[function] = _has_others(module, function)
    return module.known_others[function]


def _has_others(module: Module, function: Function) -> bool:
    name = function.name
    if function in module.definitions.owners:
        return name != "__init__" and bool(_index(module).get(f"?.{name}"))
    plainly = (dotted(caller.call.func) == name for caller in callers(module, function))
    return module.handed_on[name] > sum(not plain for plain in plainly)


def bind(caller: Caller, function: Function, owner: ast.ClassDef | None) -> Arguments:
    """Which argument of a call is which parameter."""
    given = function.args
    positional = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    if owner is not None and not _is_static(function):
        positional = positional[1:]
    named = {*positional, *(argument.arg for argument in given.kwonlyargs)}
    unpacked = any(isinstance(argument, ast.Starred) for argument in caller.args)
    plain = [] if unpacked else list(caller.args)
    found = dict(zip(positional, plain, strict=False))
    found.update({k.arg: k.value for k in caller.keywords if k.arg in named and k.arg})
    rest = tuple(k for k in caller.keywords if k.arg not in named)
    unsure = unpacked or any(k.arg is None for k in caller.keywords)
    return Arguments(found, rest, unsure, max(0, len(plain) - len(positional)))


def default_of(function: Function, parameter: str) -> ast.expr | None:
    """A parameter's default."""
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + list(given.defaults)
    for argument, default in (
        *zip(positional, defaults, strict=True),
        *zip(given.kwonlyargs, given.kw_defaults, strict=True),
    ):
        if argument.arg == parameter:
            return default
    return None


def takes_keywords(function: Function, name: str) -> bool:
    """Whether a parameter is the function's `**kwargs`."""
    return function.args.kwarg is not None and function.args.kwarg.arg == name


def _is_static(function: Function) -> bool:
    return any(dotted(decorator) == "staticmethod" for decorator in function.decorator_list)


def _callers(module: Module, function: Function) -> Iterator[Caller]:
    known = module.definitions
    owner = known.owners.get(function)
    calls = _index(module)
    if owner is None:
        if known.function_named(function.name) is function:
            yield from (_caller(module, call) for call in calls.get(function.name, ()))
        return
    if function.name == "__init__":
        for node in known.family(owner):
            made_by = known.method(node, "__init__")
            if made_by is function and known.class_named(node.name) is node:
                yield from (_caller(module, call) for call in calls.get(node.name, ()))
    for call in calls.get(f"self.{function.name}", ()):
        own = known.class_around(call.around.functions)
        if own and (known.method(own, function.name) is function or own in known.bases(owner)):
            yield _caller(module, call)
    for call in calls.get(f"super.{function.name}", ()):
        own = known.class_around(call.around.functions)
        if own and known.method(own, function.name, inherited=True) is function:
            yield _caller(module, call)


def _caller(module: Module, call: Called) -> Caller:
    here = module.here(call.node, call.around)
    return Caller(call.node, call.args, call.keywords, here, call.around.inside)


def _index(module: Module) -> dict[str, list[Called]]:
    """The module's calls by the name of what they call; before methods by what they are called on:
    `self.`, `super.` or `?.`."""
    if module.known_calls is None:
        module.known_calls = {}
        handles = _handles(module)
        for node, around in module.nodes:
            if isinstance(node, ast.Call):
                for name, args, keywords in _called(module, node, handles):
                    found = Called(node, args, keywords, around)
                    module.known_calls.setdefault(name, []).append(found)
    return module.known_calls


def _called(
    module: Module, node: ast.Call, handles: dict[str, str]
) -> Iterator[tuple[str, Sequence[ast.expr], Sequence[ast.keyword]]]:
    function = node.func
    if isinstance(function, ast.Attribute):
        owner = function.value
        if function.attr == "remote":
            name = _actor(module, owner, handles)
            if name:
                yield name, node.args, node.keywords
        if isinstance(owner, ast.Call) and dotted(owner.func) == "super":
            yield f"super.{function.attr}", node.args, node.keywords
        elif isinstance(owner, ast.Name) and owner.id in _SELF:
            yield f"self.{function.attr}", node.args, node.keywords
        else:
            yield f"?.{function.attr}", node.args, node.keywords
    elif isinstance(function, ast.Name):
        name = handles.get(function.id, function.id)
        if name in module.definitions.by_name:
            yield name, node.args, node.keywords
    if (dotted(function) or "").rpartition(".")[2] in _STARTERS:
        yield from _started(module, node)


def _started(
    module: Module, node: ast.Call
) -> Iterator[tuple[str, Sequence[ast.expr], Sequence[ast.keyword]]]:
    """`Process(target=f, args=(...), kwargs={...})`."""
    given = {keyword.arg: keyword.value for keyword in node.keywords}
    name = dotted(given.get("target", node))
    args, kwargs = given.get("args"), given.get("kwargs")
    if name not in module.definitions.by_name or name is None:
        return
    hidden = args is not None and not isinstance(args, ast.Tuple | ast.List)
    positional = args.elts if isinstance(args, ast.Tuple | ast.List) else []
    if hidden and isinstance(args, ast.expr):
        positional = [ast.Starred(args, ast.Load())]
    yield name, positional, [ast.keyword(None, kwargs)] if kwargs else []


def _actor(module: Module, node: ast.expr, handles: dict[str, str]) -> str | None:
    """The class or function behind `Actor`, `Actor.options(...)`, `ray.remote(Actor)`."""
    for _ in range(8):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr == "options":
                node = function.value
                continue
            made = function.func if isinstance(function, ast.Call) else function
            if module.names.full(made) != "ray.remote" or not node.args:
                return None
            node = node.args[0]
            continue
        break
    if not isinstance(node, ast.Name):
        return None
    name = handles.get(node.id, node.id)
    return name if name in module.definitions.by_name else None


def _handles(module: Module) -> dict[str, str]:
    """`Handle = ray.remote(Actor)` and `Handle = Actor.options(...)`."""
    found: dict[str, str] = {}
    for node, _ in module.nodes:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            target = node.targets[0]
            name = _actor(module, node.value, {}) if isinstance(target, ast.Name) else None
            if name and isinstance(target, ast.Name):
                found[target.id] = name
    return found
