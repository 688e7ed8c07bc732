"""What `args.seed` is: what a field of the dataclass or pydantic model `Args` says, or an option of
the command line, unless the launch says otherwise. That is a default, and is called one."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from rlconfig_lint.model import Evidence
from rlconfig_lint.readers.python.calls import bind, callers
from rlconfig_lint.readers.python.here import Held, Here
from rlconfig_lint.readers.python.module import Module
from rlconfig_lint.readers.python.names import dotted
from rlconfig_lint.readers.python.options import option_named
from rlconfig_lint.readers.python.scopes import text_of

_PARSED = ("parse_args", "parse_known_args")
_INTO_CLASSES = ("parse_args_into_dataclasses", "parse_args_and_config")
_INTO_CLASS = ("cli", "parse", "parse_config", "structured")
_COPIES = ("copy", "deepcopy")
_EMPTY: dict[str, ast.expr] = {"list": ast.List([], ast.Load()), "dict": ast.Dict([], [])}


@dataclass(frozen=True, slots=True)
class Given:
    """The expression that an attribute of an object stands for."""

    value: ast.expr
    here: Here
    default: Evidence | None = None


@dataclass(frozen=True, slots=True)
class _Object:
    """What `args` is: an instance of a class of this module, or a parsed command line."""

    node: ast.ClassDef | None = None  # None: what `add_argument` declares
    call: ast.Call | None = None
    here: Here | None = None


def given_to(owner: ast.expr, attribute: str, here: Here) -> Given | None:
    """What `owner.attribute` was given, or its default; None where the module does not say."""
    module = here.module
    if attribute.startswith("__"):
        return None
    found = _object(owner, here)
    if found is None or module.definitions.is_assigned(attribute, found.node):
        return None
    if found.node is None:
        return _option(module, attribute)
    if found.call is not None and found.here is not None:
        if found.call.args or any(k.arg is None for k in found.call.keywords):
            return None
        for keyword in found.call.keywords:
            if keyword.arg == attribute:
                return Given(keyword.value, found.here)
    return _field(module, found.node, attribute)


# --- objects ---


def _object(node: ast.expr, here: Here) -> _Object | None:
    module = here.module
    if here.too_far():
        return None
    name = dotted(node)
    if name is None:
        return _made(node, None, here)
    if name == "self":
        owner = module.definitions.class_around(here.functions)
        return _Object(owner) if owner else None
    held = module.find(name, here)
    if held is not None and held.parameter:
        return _parameter(held)
    if held is not None and held.value is not None:
        return _made(held.value, held.index, held.here)
    owner = module.definitions.class_named(name)
    if owner is None and isinstance(node, ast.Attribute):
        return _inner(node, here.deeper())
    return _Object(owner) if owner else None


def _inner(node: ast.Attribute, here: Here) -> _Object | None:
    """`args.engine`, where `Args` says of which class its field `engine` is."""
    outer = _object(node.value, here)
    if outer is None or outer.node is None or outer.call is not None:
        return None
    known = here.module.definitions
    if known.is_assigned(node.attr, outer.node):
        return None
    field_ = _declaration(here.module, outer.node, node.attr)
    owner = _annotated(here.module, field_[1].annotation) if field_ else None
    return _Object(owner) if owner else None


def _parameter(held: Held) -> _Object | None:
    """By its annotation; else what all callers hand over."""
    here, name = held.here, held.parameter
    module, function = here.module, here.functions[-1]
    given = function.args
    for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        if argument.arg == name and argument.annotation is not None:
            owner = _annotated(module, argument.annotation)
            if owner is not None:
                return _Object(owner)
    caller = here.entered.get(function)
    found: _Object | None = None
    for each in (caller,) if caller else callers(module, function):
        if not module.steps_left():
            return None
        value = bind(each, function, module.definitions.owners.get(function)).given.get(name)
        answer = _object(value, here.by(each)) if value is not None else None
        if answer is None or (found is not None and not _same(answer, found)):
            return None
        found = answer
    return found


def _same(one: _Object, other: _Object) -> bool:
    return one.node is other.node and one.call is other.call


def _annotated(module: Module, node: ast.expr) -> ast.ClassDef | None:
    """The class that `Args`, `"Args"`, `Args | None` or `Optional[Args]` names."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _annotated(module, node.left)
    if isinstance(node, ast.Subscript) and (dotted(node.value) or "").endswith("Optional"):
        return _annotated(module, node.slice)
    quoted = (text_of(node) or "").partition("|")[0].strip()
    return module.definitions.class_named(quoted or dotted(node))


def _made(node: ast.expr, index: int | None, here: Here) -> _Object | None:
    """What an expression makes: `Args(...)`, `parser.parse_args()`, `tyro.cli(Args)`, ..."""
    module = here.module
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        number = node.slice.value
        return _made(node.value, number, here) if isinstance(number, int) else None
    if not isinstance(node, ast.Call):
        return _object(node, here.deeper()) if dotted(node) and index is None else None
    last = (dotted(node.func) or "").rpartition(".")[2]
    if isinstance(node.func, ast.Attribute):
        last = node.func.attr
    if last in _INTO_CLASSES and isinstance(node.func, ast.Attribute):
        return _parsed_into(node.func.value, index or 0, here)
    if index is not None and last != "parse_known_args":
        return None
    if last in _PARSED and isinstance(node.func, ast.Attribute):
        owner = module.definitions.class_named(dotted(node.func.value))
        if owner is None and (index or _given_words(node)):
            return None
        return _Object(owner)
    first = node.args[0] if node.args else None
    if (
        last in _INTO_CLASS
        and first is not None
        and (found := module.definitions.class_named(dotted(first)))
    ):
        return _Object(found)
    if last in _COPIES and first is not None:
        return _object(first, here.deeper())
    owner = module.definitions.class_named(dotted(node.func))
    return _Object(owner, node, here) if owner else None


def _given_words(node: ast.Call) -> bool:
    """Whether `parse_args([...])` is given a command line of its own, or another namespace."""
    if any(keyword.arg == "namespace" for keyword in node.keywords):
        return True
    given = (*node.args, *(keyword.value for keyword in node.keywords))
    return any(
        isinstance(value, ast.BinOp | ast.Call) or bool(getattr(value, "elts", ()))
        for value in given
    )


def _parsed_into(parser: ast.expr, index: int, here: Here) -> _Object | None:
    """The class that `HfArgumentParser((A, B)).parse_args_into_dataclasses()` gives at an index."""
    if dotted(parser):
        held = here.module.find(dotted(parser) or "", here)
        if held is None or held.value is None:
            return None
        parser = held.value
    if not isinstance(parser, ast.Call) or not parser.args:
        return None
    classes = parser.args[0]
    named = classes.elts if isinstance(classes, ast.Tuple | ast.List) else [classes]
    owner = (
        here.module.definitions.class_named(dotted(named[index])) if index < len(named) else None
    )
    return _Object(owner) if owner else None


# --- fields ---


def _field(module: Module, node: ast.ClassDef, name: str) -> Given | None:
    """The default that a class gives a field."""
    found = _declaration(module, node, name)
    if found is None:
        return _constant(module, node, name)
    here, statement = found
    value = _field_default(statement.value)
    default = Evidence(name, module.spans.place(statement))
    return Given(value, here, default) if value else None


def _declaration(
    module: Module, node: ast.ClassDef, name: str
) -> tuple[Here, ast.AnnAssign] | None:
    """`name: type = default`, in the class or its nearest base here that has it."""
    for owner in module.definitions.bases(node):
        for statement in owner.body:
            if isinstance(statement, ast.AnnAssign) and dotted(statement.target) == name:
                return Here(module, module.definitions.arounds[owner].functions), statement
    return None


def _constant(module: Module, node: ast.ClassDef, name: str) -> Given | None:
    """`NAME = value` in a class body: what every instance has."""
    for owner in module.definitions.bases(node):
        for statement in owner.body:
            if isinstance(statement, ast.Assign) and dotted(statement.targets[0]) == name:
                here = Here(module, module.definitions.arounds[owner].functions)
                return Given(statement.value, here)
    return None


def _field_default(value: ast.expr | None) -> ast.expr | None:
    """`= x`, `= field(default=x)`, `= Field(x)`, `= field(default_factory=list)`."""
    if not isinstance(value, ast.Call):
        return value
    if (dotted(value.func) or "").rpartition(".")[2].lower() not in ("field", "attrib", "ib"):
        return None
    given = {keyword.arg: keyword.value for keyword in value.keywords}
    factory = given.get("default_factory", given.get("factory"))
    if isinstance(factory, ast.Lambda):
        return factory.body
    if factory is not None:
        return _EMPTY.get(dotted(factory) or "")
    default = given.get("default", value.args[0] if value.args else None)
    is_ellipsis = isinstance(default, ast.Constant) and default.value is ...
    return None if is_ellipsis else default


def _option(module: Module, name: str) -> Given | None:
    """What a command line that says nothing else gives an option."""
    option = option_named(module, name)
    if option is None:
        return None
    default = Evidence(option.name, module.spans.place(option.written_at))
    return Given(option.default, option.here, default)
