"""Which imported thing a name in a Python module stands for."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field

from rlconfig_lint.readers.python.walk import Found

ENGINES = frozenset(("LLM", "EngineArgs", "AsyncEngineArgs"))


@dataclass
class Names:
    """Local names to full ones. `tensorrt_llm.LLM` and a class of one's own called LLM keep their
    own full names, so that only vLLM's is taken for vLLM's."""

    imported: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    engines: dict[str, str] = field(default_factory=dict)  # own subclass -> vLLM's class
    actors: dict[str, str] = field(default_factory=dict)  # Ray actor class or handle -> class

    @classmethod
    def of(cls, nodes: Sequence[Found]) -> Names:
        names = cls()
        for node, _ in nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    names.modules.add(alias.name)
                    bound = alias.asname or alias.name.split(".")[0]
                    names.imported[bound] = alias.name if alias.asname else bound
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                names.modules.add(module)
                for alias in node.names:
                    names._note_import(alias.asname or alias.name, f"{module}.{alias.name}")
        if not any(full.partition(".")[0] == "vllm" for full in names.imported.values()):
            return names
        aliases: dict[str, str | None] = {}
        for node, _ in nodes:
            if isinstance(node, ast.ClassDef):
                names._note_class(node)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                names._note_handle(node)
                names._note_alias(node, aliases)
        names.engines.update((name, base) for name, base in aliases.items() if base)
        return names

    def full(self, node: ast.expr) -> str | None:
        """The dotted name of an expression with its first part looked up among the imports."""
        name = dotted(node)
        if name is None:
            return None
        first, _, rest = name.partition(".")
        known = self.imported.get(first)
        if known is None:
            return name if name in self.engines else None
        return f"{known}.{rest}" if rest else known

    def engine(self, node: ast.expr) -> str | None:
        """vLLM's engine class that an expression names, directly or through a subclass here."""
        name = self.full(node)
        if name is None:
            return None
        last = name.rpartition(".")[2]
        if name.startswith("vllm.") and last in ENGINES:
            return last
        return self.engines.get(name)

    def _note_import(self, bound: str, full: str) -> None:
        """A name that stands for vLLM's class here and for another library's there is nobody's."""
        known = self.imported.get(bound, full)
        mixed = known != full and (known.startswith("vllm.") or full.startswith("vllm."))
        both_vllms = known.startswith("vllm.") and full.startswith("vllm.")
        self.imported[bound] = f"?.{bound}" if mixed and not both_vllms else full

    def _note_class(self, node: ast.ClassDef) -> None:
        base = next((found for base in node.bases if (found := self.engine(base))), None)
        if base is None:
            return
        self.engines[node.name] = base
        for decorator in node.decorator_list:
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if self.full(called) == "ray.remote":
                self.actors[node.name] = base

    def _note_handle(self, node: ast.Assign) -> None:
        """`Actor = ray.remote(LLM)` and `Actor = ray.remote(num_gpus=1)(LLM)`."""
        value, target = node.value, node.targets[0]
        if not isinstance(value, ast.Call) or not isinstance(target, ast.Name) or not value.args:
            return
        called = value.func.func if isinstance(value.func, ast.Call) else value.func
        base = self.engine(value.args[0])
        if base and self.full(called) == "ray.remote":
            self.actors[target.id] = base

    def _note_alias(self, node: ast.Assign, aliases: dict[str, str | None]) -> None:
        """`engine_class = AsyncEngineArgs`; a name that is also given anything else is none."""
        target, value = node.targets[0], node.value
        if isinstance(target, ast.Name):
            sides = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
            bases = [self.engine(side) for side in sides]
            known = aliases.get(target.id, bases[0])
            aliases[target.id] = known if None not in bases else None


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` of an expression that is only names and dots."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join((node.id, *reversed(parts)))
