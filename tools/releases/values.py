"""The value an expression of a package has, as far as reading can tell."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from tools.releases.code import Code, Found, Module, base_names, class_body, declaration, is_enum

Json = Any

# Constants lead to constants a few times; a circle never ends.
_FURTHEST = 16


class NotLiteral(Exception):  # noqa: N818 - not an error: the answer is an expression
    """Reading cannot tell; `text` is the expression that would have to be run."""

    def __init__(self, node: ast.expr) -> None:
        super().__init__(ast.unparse(node))
        self.text = ast.unparse(node)


class Required(Exception):  # noqa: N818 - not an error: there is no default
    """The field has no default."""


class Values:
    """Evaluates expressions of one package without running any of it."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def default(self, module: Module, node: ast.expr) -> dict[str, Json]:
        """The `default` entry of a definition: a literal, {"expr": text}, or none at all."""
        try:
            return {"default": self.value(module, node)}
        except NotLiteral as unknown:
            return {"default": {"expr": unknown.text}}
        except Required:
            return {}

    def value(self, module: Module, node: ast.expr, *, steps: int = _FURTHEST) -> Json:
        """The value of an expression.

        Raises:
            NotLiteral: only running the package would tell.
            Required: it declares a field without a default.
        """
        read = _READERS.get(type(node))
        if read is None or not steps:
            raise NotLiteral(node)
        return read(self, module, node, steps - 1)

    def field_default(self, cls: Found, name: str, steps: int) -> Json:
        """The default of a field of a config class, or of the nearest base that has it."""
        declared = declaration(self.code, cls, name)
        if declared is None:
            raise LookupError(name)
        owner, statement = declared
        if statement.value is None:
            raise Required
        return self.value(owner.module, statement.value, steps=steps)

    def enum_members(self, cls: Found) -> dict[str, Json]:
        """Member name -> how a setting spells it: its value where all values are plain words, or
        numbers of an IntEnum, else (class paths, tuples, auto()) its name."""
        is_number = "IntEnum" in base_names(self.code, cls)
        members: dict[str, Json] = {}
        for statement in class_body(cls):
            if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
                name = statement.targets[0].id
                if not name.startswith("_"):
                    members[name] = self._or_none(cls.module, statement.value)
        if all(
            isinstance(value, int) if is_number else _is_word(value) for value in members.values()
        ):
            return members
        return {name: name for name in members}

    def _or_none(self, module: Module, node: ast.expr) -> Json:
        try:
            return self.value(module, node)
        except NotLiteral:
            return None

    def literal(self, module: Module, node: ast.expr, steps: int) -> Json:
        assert isinstance(node, ast.Constant)
        if isinstance(node.value, str | int | float | bool | None):
            return node.value
        raise NotLiteral(node)

    def sequence(self, module: Module, node: ast.expr, steps: int) -> list[Json]:
        assert isinstance(node, ast.List | ast.Tuple | ast.Set)
        items: list[Json] = []
        for item in node.elts:
            if isinstance(item, ast.Starred):
                items.extend(_as_list(self.value(module, item.value, steps=steps), node))
            else:
                items.append(self.value(module, item, steps=steps))
        return items

    def mapping(self, module: Module, node: ast.expr, steps: int) -> dict[str, Json]:
        assert isinstance(node, ast.Dict)
        pairs: dict[str, Json] = {}
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise NotLiteral(node)
            pairs[str(self.value(module, key, steps=steps))] = self.value(
                module, value, steps=steps
            )
        return pairs

    def name(self, module: Module, node: ast.expr, steps: int) -> Json:
        assert isinstance(node, ast.Name)
        found = self.code.find(module, node.id)
        if found is None or not isinstance(found.node, ast.expr):
            raise NotLiteral(node)
        return self.value(found.module, found.node, steps=steps)

    def attribute(self, module: Module, node: ast.expr, steps: int) -> Json:
        """`ModelConfig.seed`, `LoadFormat.AUTO`, `LoadFormat.AUTO.value`, `module.CONSTANT`."""
        assert isinstance(node, ast.Attribute)
        if node.attr == "value" and isinstance(node.value, ast.Attribute):
            return self.attribute(module, node.value, steps)
        found = self.code.find_dotted(module, node)
        if found and isinstance(found.node, ast.expr):
            return self.value(found.module, found.node, steps=steps)
        owner = self.code.find_dotted(module, node.value)
        if owner is None or not isinstance(owner.node, ast.ClassDef):
            raise NotLiteral(node)
        try:
            if is_enum(self.code, owner):
                return self.enum_members(owner)[node.attr]
            return self.field_default(owner, node.attr, steps)
        except LookupError:
            raise NotLiteral(node) from None

    def negation(self, module: Module, node: ast.expr, steps: int) -> Json:
        assert isinstance(node, ast.UnaryOp)
        operand = self.value(module, node.operand, steps=steps)
        if isinstance(node.op, ast.Not):
            return not operand
        if isinstance(node.op, ast.USub) and isinstance(operand, int | float):
            return -operand
        raise NotLiteral(node)

    def arithmetic(self, module: Module, node: ast.expr, steps: int) -> Json:
        assert isinstance(node, ast.BinOp)
        operate = _ARITHMETIC.get(type(node.op))
        left = self.value(module, node.left, steps=steps)
        right = self.value(module, node.right, steps=steps)
        if operate is None or not (_is_number(left) and _is_number(right)):
            raise NotLiteral(node)
        return operate(left, right)

    def choice(self, module: Module, node: ast.expr, steps: int) -> Json:
        """`a if condition else b` has a value where both sides have the same one."""
        assert isinstance(node, ast.IfExp)
        try:
            either = self.value(module, node.body, steps=steps)
            other = self.value(module, node.orelse, steps=steps)
        except NotLiteral:
            raise NotLiteral(node) from None
        if type(either) is not type(other) or either != other:
            raise NotLiteral(node)
        return either

    def call(self, module: Module, node: ast.expr, steps: int) -> Json:
        assert isinstance(node, ast.Call)
        function = ast.unparse(node.func).split(".")[-1]
        if function == "get_field":
            return self._config_field(module, node, steps)
        if function in {"field", "Field"}:
            return self._declared_field(module, node, steps)
        if function in {"list", "tuple", "set", "frozenset", "dict"}:
            return self._collection(module, node, function, steps)
        if function == "cast" and len(node.args) == 2:
            return self.value(module, node.args[1], steps=steps)
        raise NotLiteral(node)

    def _config_field(self, module: Module, node: ast.Call, steps: int) -> Json:
        """get_field(SchedulerConfig, "cuda_graph_sizes")"""
        owner = self.code.find_dotted(module, node.args[0])
        name = node.args[1]
        if owner is None or not isinstance(owner.node, ast.ClassDef):
            raise NotLiteral(node)
        try:
            return self.field_default(owner, str(self.value(module, name, steps=steps)), steps)
        except LookupError:
            raise NotLiteral(node) from None

    def _declared_field(self, module: Module, node: ast.Call, steps: int) -> Json:
        """field(default=...), Field(default_factory=...), Field("...", gt=0)"""
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        default = given.get("default") or (node.args[0] if node.args else None)
        if default is not None:
            if isinstance(default, ast.Constant) and default.value is ...:
                raise Required
            return self.value(module, default, steps=steps)
        factory = given.get("default_factory")
        if factory is None:
            raise Required
        if isinstance(factory, ast.Lambda):
            return self.value(module, factory.body, steps=steps)
        made = ast.Call(func=factory, args=[], keywords=[])
        return self.value(module, made, steps=steps)

    def _collection(self, module: Module, node: ast.Call, function: str, steps: int) -> Json:
        if node.keywords or len(node.args) > 1:
            raise NotLiteral(node)
        if not node.args:
            return {} if function == "dict" else []
        given = self.value(module, node.args[0], steps=steps)
        return given if function == "dict" else _as_list(given, node)


def _is_word(value: Json) -> bool:
    return isinstance(value, str) and "." not in value


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _as_list(value: Json, node: ast.expr) -> list[Json]:
    if isinstance(value, list | dict):
        return list(value)
    raise NotLiteral(node)


_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.LShift: lambda left, right: left << right if right < 64 else None,
    ast.Pow: lambda left, right: left**right if abs(right) < 64 else None,
}

_READERS: dict[type[ast.expr], Callable[[Values, Module, Any, int], Json]] = {
    ast.Constant: Values.literal,
    ast.List: Values.sequence,
    ast.Tuple: Values.sequence,
    ast.Set: Values.sequence,
    ast.Dict: Values.mapping,
    ast.Name: Values.name,
    ast.Attribute: Values.attribute,
    ast.UnaryOp: Values.negation,
    ast.BinOp: Values.arithmetic,
    ast.IfExp: Values.choice,
    ast.Call: Values.call,
}
