"""The values a type, or an argparse `choices=`, admits."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tools.releases.code import Code, Module, is_enum
from tools.releases.values import Json, NotLiteral, Values

_WRAPPERS = {"Optional", "Annotated", "SkipValidation", "list", "List", "tuple", "set", "Final"}


@dataclass(frozen=True)
class Choices:
    values: tuple[Json, ...] = ()
    is_open: bool = False
    """The type also admits values that are not listed (`CacheDType | str`)."""
    names: frozenset[str] = frozenset()
    """The plain types and config classes that it names."""

    def __or__(self, other: Choices) -> Choices:
        new = tuple(value for value in other.values if value not in self.values)
        return Choices(self.values + new, self.is_open or other.is_open, self.names | other.names)

    def entry(self) -> dict[str, Json]:
        """The `choices` entries of a definition."""
        if not self.values:
            return {}
        return {"choices": list(self.values)} | ({"open": True} if self.is_open else {})


NOTHING = Choices()


class Types:
    """Reads annotations of one package."""

    def __init__(self, code: Code, values: Values) -> None:
        self.code = code
        self.values = values

    def choices(self, module: Module, node: ast.expr, *, steps: int = 16) -> Choices:
        """What an annotation admits: Literal[...], enums, aliases of them, unions."""
        node = unquoted(node)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            return self.choices(module, node.left, steps=steps) | self.choices(
                module, node.right, steps=steps
            )
        if isinstance(node, ast.Subscript):
            return self._subscript(module, node, steps)
        if isinstance(node, ast.Constant) and node.value is None:
            return NOTHING
        return self._named(module, node, steps)

    def _subscript(self, module: Module, node: ast.Subscript, steps: int) -> Choices:
        head = ast.unparse(node.value).split(".")[-1]
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if head == "Literal":
            return self._literal(module, inner)
        if head == "Union":
            admitted = NOTHING
            for member in inner:
                admitted |= self.choices(module, member, steps=steps)
            return admitted
        if head in _WRAPPERS:
            admitted = self.choices(module, inner[0], steps=steps)
            is_collection = head.lower() in {"list", "tuple", "set"}
            return Choices(admitted.values) if is_collection else admitted
        return Choices(is_open=True, names=frozenset({head}))

    def _literal(self, module: Module, members: list[ast.expr]) -> Choices:
        admitted = NOTHING
        for member in members:
            try:
                value = self.values.value(module, member)
            except NotLiteral:
                admitted |= self.choices(module, member)
            else:
                admitted |= Choices((value,) if value is not None else ())
        return admitted

    def _named(self, module: Module, node: ast.expr, steps: int) -> Choices:
        """A plain type, a config class, an enum, or an alias of something."""
        name = ast.unparse(node)
        plain = Choices(is_open=True, names=frozenset({name}))
        found = self.code.find_dotted(module, node) if steps else None
        if found is None:
            return plain
        if isinstance(found.node, ast.ClassDef):
            if is_enum(self.code, found):
                return Choices(tuple(self.values.enum_members(found).values()))
            return plain
        if isinstance(found.node, ast.expr) and not _is_stand_in(found.node):
            return self.choices(found.module, found.node, steps=steps - 1)
        return plain

    def argparse(self, module: Module, node: ast.expr) -> Choices:
        """`choices=` of add_argument: a list, get_args(Alias), [f.value for f in Enum]."""
        if isinstance(node, ast.ListComp):
            return self.choices(module, node.generators[0].iter)
        if isinstance(node, ast.Call) and node.args:
            function = ast.unparse(node.func).split(".")[-1]
            if function == "get_args":
                return self.choices(module, node.args[0])
            if function in {"list", "sorted", "tuple"}:
                return self.argparse(module, node.args[0])
        try:
            values = self.values.value(module, node)
        except NotLiteral:
            return NOTHING
        if not isinstance(values, list):
            return NOTHING
        return Choices(tuple(value for value in values if value is not None))


def unquoted(node: ast.expr) -> ast.expr:
    """The expression of an annotation that is written as a string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return ast.parse(node.value, mode="eval").body
        except SyntaxError:
            return node
    return node


def _is_stand_in(node: ast.expr) -> bool:
    """`ExecutorBase = Any`, `T = TypeVar("T")`."""
    return isinstance(node, ast.Call) or ast.unparse(node) == "Any"
