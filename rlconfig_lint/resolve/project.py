"""The project that a file belongs to: what its Python says about learning and weight updates."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from packaging.version import Version

from rlconfig_lint.frameworks.words import Framework
from rlconfig_lint.model import ApiCall, Declared, Evidence, PythonFacts, ReleaseFact, Source
from rlconfig_lint.resolve.defaults_list import first_document, group_folders
from rlconfig_lint.resolve.engines import is_server, no_training
from rlconfig_lint.resolve.installed import Installed

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
    installed: Callable[[Framework], Installed | None] = field(default=lambda _: None, repr=False)

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

    @cached_property
    def servers(self) -> int:
        """How many commands start a vLLM server."""
        return sum(is_server(b.words) for source in self.sources.values() for b in source.blocks)

    def version_of(self, framework: Framework) -> Installed | None:
        """The version of a framework that is declared or installed, where that is known; of what
        it is made from, where that one's versions count."""
        stated = self.declared.framework_version
        if stated is None or framework.made_from:
            return self.installed(framework)
        evidence = Evidence(f"framework-version = {stated!r} in {self.declared.source}")
        return Installed(Version(stated), evidence)

    def inside(self, path: str) -> str:
        """A file's path within the project, which may itself stand below `tests/`."""
        return path[len(self.root) :].lstrip("/") if self.root else path

    def holds(self, package: str) -> bool:
        """Whether a Python package's own source is part of this project."""
        return any(self.is_in(package, path) for path in self.modules)

    def is_in(self, package: str, path: str) -> bool:
        """Whether a file belongs to a Python package's own source in this project."""
        top = f"{self.root}/{package}/" if self.root else f"{package}/"
        return bool(package) and path.startswith(top)

    @cached_property
    def _group_folders(self) -> frozenset[str]:
        """The folders that some defaults list chooses files from."""
        return frozenset(
            folder
            for source in self.sources.values()
            if (block := first_document(source)) is not None
            for folder in group_folders(source, block)
        )

    def is_alternative(self, path: str) -> bool:
        """Whether a document is one of several that a defaults list chooses from: only a part of
        a configuration."""
        return posixpath.dirname(path) in self._group_folders

    def has(self, file: str) -> bool:
        """Whether a file that was read stands at a path of this project."""
        return (f"{self.root}/{file}" if self.root else file) in self.sources

    def near(self, path: str) -> list[PythonFacts]:
        """The modules whose facts speak about an engine in `path`: itself and its folder, then what
        imports it or is imported by it; for a document or script, the whole project."""
        if not path.endswith(".py"):
            return list(self.modules.values())
        folder = posixpath.dirname(path)
        beside = {p for p in self.modules if posixpath.dirname(p) == folder}
        found = beside | set(self._joined(path))
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
