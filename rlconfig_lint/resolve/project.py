"""The project that a file belongs to: what its Python says about learning and weight updates."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rlconfig_lint.model import ApiCall, Declared, PythonFacts, ReleaseFact, Source
from rlconfig_lint.resolve.engines import no_training

UPDATES = frozenset(
    (
        "load_weights",
        "reload_weights",
        "start_weight_update",
        "update_named_param",
        "update_weights",
    )
)
_UPDATING_RPC = re.compile(
    r"(?:update|load|receive|reload|set|sync|apply|broadcast)\w*(?:weight|param|model|state)|refit",
    re.IGNORECASE,
)
_ENGINE_WORDS = re.compile(r"vllm|llm|engine|client|server|worker|rollout|model_runner|actor", re.I)
_AN_OPTIMIZER = re.compile(r"optim|keras|ema", re.IGNORECASE)
_OTHER_ENGINES = ("tensorrt_llm", "sglang")


@dataclass(frozen=True)
class Project:
    """A folder with its own manifest, and everything below it that has none."""

    root: str
    sources: Mapping[str, Source]
    release: ReleaseFact
    declared: Declared = field(default_factory=Declared)

    @cached_property
    def modules(self) -> dict[str, PythonFacts]:
        """The project's own Python outside tests, evaluation and other engines."""
        return {
            source.path: source.python
            for source in self.sources.values()
            if source.python is not None
            and not no_training(self.inside(source.path))
            and not any(name.startswith(_OTHER_ENGINES) for name in source.python.imports)
        }

    def inside(self, path: str) -> str:
        """A file's path within the project, which may itself stand below `tests/`."""
        return path[len(self.root) :].lstrip("/") if self.root else path

    def holds(self, package: str) -> bool:
        """Whether a Python package's own source is part of this project."""
        top = f"{self.root}/{package}/" if self.root else f"{package}/"
        return bool(package) and any(path.startswith(top) for path in self.modules)

    def near(self, path: str) -> list[PythonFacts]:
        """The modules whose facts speak about an engine in `path`: itself and its folder, then what
        imports it or is imported by it; for a document or script, the whole project. A notebook is
        a program of its own: it speaks for itself, and nothing in its folder speaks for it."""
        if path.endswith(".ipynb"):
            found = {path} | set(self._joined(path))
            return [facts for p, facts in self.modules.items() if p in found]
        modules = {p for p in self.modules if not p.endswith(".ipynb")}
        if not path.endswith(".py"):
            return [facts for p, facts in self.modules.items() if p in modules]
        folder = posixpath.dirname(path)
        beside = {p for p in modules if posixpath.dirname(p) == folder}
        found = beside | (modules & set(self._joined(path)))
        return [facts for p, facts in self.modules.items() if p in found]

    def _joined(self, path: str) -> Iterator[str]:
        """Modules on either side of an import of `path`."""
        own = self.modules.get(path)
        name = _module_name(path)
        for other, facts in self.modules.items():
            imported_by = _imports(facts.imports, name)
            if imported_by or (own and _imports(own.imports, _module_name(other))):
                yield other


def is_update(call: ApiCall) -> bool:
    """Whether a call puts new weights into an engine."""
    if call.name.startswith("collective_rpc"):
        method = call.arguments.get("method")
        return isinstance(method, str) and _UPDATING_RPC.search(method) is not None
    if call.name not in UPDATES:
        return False
    return call.http or _reaches_an_engine(call.receiver)


def _reaches_an_engine(receiver: str) -> bool:
    """`optimizer.update_weights()` and a Keras model's `load_weights()` have the same names."""
    if _AN_OPTIMIZER.search(receiver):
        return False
    return _ENGINE_WORDS.search(receiver) is not None


def updates(modules: Iterable[PythonFacts]) -> tuple[ApiCall, ...]:
    return tuple(call for facts in modules for call in facts.calls if is_update(call))


def imports_vllm(facts: PythonFacts) -> bool:
    return any(name.split(".")[0] == "vllm" for name in facts.imports)


def _module_name(path: str) -> str:
    stem = path.removesuffix(".py").removesuffix("/__init__")
    return stem.replace("/", ".")


def _imports(modules: frozenset[str], name: str) -> bool:
    """Whether one of the imported modules is `name`, by its last two parts or its last where the
    import is relative."""
    parts = name.split(".")
    for module in modules:
        wanted = module.lstrip(".").split(".")
        if wanted == [""] or len(wanted) > len(parts):
            continue
        if parts[-len(wanted) :] == wanted and (
            len(wanted) > 1 or module[:1] == "." or len(parts) < 3
        ):
            return True
    return False
