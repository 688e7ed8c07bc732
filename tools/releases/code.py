"""The modules of one package, and where a name that one of them uses is defined."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.expr
Function = ast.FunctionDef | ast.AsyncFunctionDef

# Re-exports are a handful of modules deep; more than this is a circle.
_FURTHEST = 12


@dataclass(frozen=True)
class Module:
    """One module: what its top level defines, and what it imports from where."""

    path: str
    tree: ast.Module
    defined: Mapping[str, Definition]
    imported: Mapping[str, tuple[str, str | None]]
    """Local name -> (dotted module, name in it; None where the name is the module itself)."""
    stars: tuple[str, ...]

    @property
    def place(self) -> str:
        """Its path below vllm/, as sources are cited."""
        return self.path.removeprefix("vllm/")


@dataclass(frozen=True)
class Found:
    """A definition and the module whose names it uses."""

    module: Module
    node: Definition

    @property
    def place(self) -> str:
        return f"{self.module.place}:{self.node.lineno}"


@dataclass
class Code:
    """The sources of one release by path, parsed when they are asked for."""

    sources: Mapping[str, str]
    _modules: dict[str, Module | None] = field(default_factory=dict)

    def module(self, path: str) -> Module | None:
        if path not in self._modules:
            text = self.sources.get(path)
            self._modules[path] = None if text is None else _read(path, text)
        return self._modules[path]

    def first(self, *paths: str) -> Module | None:
        """The first of some places where a module has stood over the releases."""
        return next((found for path in paths if (found := self.module(path))), None)

    def dotted(self, name: str) -> Module | None:
        path = name.replace(".", "/")
        return self.first(f"{path}.py", f"{path}/__init__.py")

    def find(self, module: Module, name: str, *, steps: int = _FURTHEST) -> Found | None:
        """Where `name` in `module` is defined, through imports."""
        if not steps:
            return None
        if name in module.defined:
            return self._behind_alias(Found(module, module.defined[name]), name, steps)
        if name in module.imported:
            source, original = module.imported[name]
            origin = self.dotted(source)
            if origin is None or original is None:
                return None
            return self.find(origin, original, steps=steps - 1)
        for star in module.stars:
            origin = self.dotted(star)
            if origin and (found := self.find(origin, name, steps=steps - 1)):
                return found
        return None

    def _behind_alias(self, found: Found, name: str, steps: int) -> Found:
        """`AsyncLLMEngine = AsyncLLM` is what it names."""
        if isinstance(found.node, ast.Name) and found.node.id != name:
            return self.find(found.module, found.node.id, steps=steps - 1) or found
        return found

    def find_dotted(self, module: Module, node: ast.expr) -> Found | None:
        """What `Name` or `package.Name` stands for."""
        if isinstance(node, ast.Name):
            return self.find(module, node.id)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            source, original = module.imported.get(node.value.id, (None, None))
            origin = source and self.dotted(f"{source}.{original}" if original else source)
            return self.find(origin, node.attr) if origin else None
        return None

    def find_class(self, module: Module, name: str) -> Found | None:
        found = self.find(module, name)
        return found if found and isinstance(found.node, ast.ClassDef) else None

    def lineage(self, cls: Found) -> Iterator[Found]:
        """A class and its bases, nearest first, as far as the package defines them."""
        yield cls
        assert isinstance(cls.node, ast.ClassDef)
        for base in cls.node.bases:
            found = self.find_dotted(cls.module, base)
            if found and isinstance(found.node, ast.ClassDef) and found.node is not cls.node:
                yield from self.lineage(found)


def class_body(cls: Found) -> list[ast.stmt]:
    assert isinstance(cls.node, ast.ClassDef)
    return cls.node.body


def declaration(code: Code, cls: Found, name: str) -> tuple[Found, ast.AnnAssign] | None:
    """The annotated assignment of a class, or of a base, that declares a field."""
    for owner in code.lineage(cls):
        for declared, statement in declarations(owner):
            if declared == name:
                return owner, statement
    return None


def declarations(cls: Found) -> Iterator[tuple[str, ast.AnnAssign]]:
    """The annotated names of a class itself."""
    for statement in class_body(cls):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            yield statement.target.id, statement


def is_enum(code: Code, cls: Found) -> bool:
    return bool(base_names(code, cls) & {"Enum", "IntEnum", "StrEnum"})


def base_names(code: Code, cls: Found) -> set[str]:
    """The last words of all bases of a class, those of its bases included."""
    return {
        ast.unparse(base).split(".")[-1]
        for ancestor in code.lineage(cls)
        if isinstance(ancestor.node, ast.ClassDef)
        for base in ancestor.node.bases
    }


def _read(path: str, text: str) -> Module:
    tree = ast.parse(text, path)
    defined: dict[str, Definition] = {}
    imported: dict[str, tuple[str, str | None]] = {}
    stars: list[str] = []
    package = path.split("/")[:-1]
    for statement in _top_level(tree.body):
        if isinstance(statement, ast.ImportFrom):
            _read_import_from(statement, package, imported, stars)
        elif isinstance(statement, ast.Import):
            for name in statement.names:
                local = name.asname or name.name.split(".")[0]
                imported.setdefault(local, (name.name if name.asname else local, None))
        else:
            for defined_name, node in _definitions(statement):
                defined.setdefault(defined_name, node)
    return Module(path, tree, defined, imported, tuple(stars))


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements of a module, with those of `if TYPE_CHECKING:` before those of its `else:`,
    which only stands in for them at run time.

    Variables declared there have no value: vllm.envs makes them up when they are asked for.
    """
    for statement in body:
        if isinstance(statement, ast.If):
            is_declaration = ast.unparse(statement.test).endswith("TYPE_CHECKING")
            for inner in _top_level(statement.body):
                if not (is_declaration and _is_variable(inner)):
                    yield inner
            yield from _top_level(statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from _top_level(statement.body)
        else:
            yield statement


def _is_variable(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.AnnAssign) and not ast.unparse(statement.annotation).endswith(
        "TypeAlias"
    )


def _definitions(statement: ast.stmt) -> Iterator[tuple[str, Definition]]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield statement.name, statement
    elif isinstance(statement, ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Name):
                yield target.id, statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        yield ast.unparse(statement.target), statement.value


def _read_import_from(
    statement: ast.ImportFrom,
    package: list[str],
    imported: dict[str, tuple[str, str | None]],
    stars: list[str],
) -> None:
    above = package[: len(package) - statement.level + 1] if statement.level else []
    source = ".".join([*above, *([statement.module] if statement.module else [])])
    for name in statement.names:
        if name.name == "*":
            stars.append(source)
        else:
            imported.setdefault(name.asname or name.name, (source, name.name))
