"""A project's own Python, and what it says: gathered once, whatever the user declares."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rlconfig_lint.model import (
    Assigned,
    Block,
    Evidence,
    Form,
    Place,
    PythonFacts,
    Source,
    Sync,
    Trainer,
)
from rlconfig_lint.readers import mentions
from rlconfig_lint.resolve import sync, trainer
from rlconfig_lint.resolve.callers import Callers
from rlconfig_lint.resolve.engines import no_training
from rlconfig_lint.resolve.updates import PAUSES, imports_vllm, updates

REQUEST = "vllm.SamplingParams"
_NOTEBOOK = ".ipynb"
_ASKS = re.compile(r"""(?<![\w.])["']?(?:top_)?logprobs["']?\s*[:=](?!=)""")
_OTHER_ENGINES = ("tensorrt_llm", "sglang")
Texts = Callable[[], Iterable[tuple[str, str]]]


def no_texts() -> Iterable[tuple[str, str]]:
    return ()


@dataclass(frozen=True)
class Code:
    """The Python below a folder, outside tests, evaluation and other engines."""

    root: str
    sources: Mapping[str, Source]
    beyond: Texts = no_texts  # paths and texts of files that are not among the sources
    whole: bool = True  # False: a part of a project, the rest of which was not looked at
    _of: dict[str, CodeFacts] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def modules(self) -> dict[str, PythonFacts]:
        return {
            source.path: source.python
            for source in self.sources.values()
            if source.python is not None
            and not no_training(self.inside(source.path))
            and not any(name.startswith(_OTHER_ENGINES) for name in source.python.imports)
        }

    @cached_property
    def callers(self) -> Callers:
        return Callers(self.modules, self._stands_elsewhere)

    @cached_property
    def requests(self) -> tuple[Block, ...]:
        """The SamplingParams of the project's modules."""
        blocks = (block for path in self.modules for block in self.sources[path].blocks)
        return tuple(block for block in blocks if block.name == REQUEST)

    @cached_property
    def asks_for_logprobs(self) -> bool:
        """Whether any module may ask an engine for logprobs, in whatever way."""
        texts = (self.sources[path].text for path in self.modules)
        return any(map(_ASKS.search, texts))

    def evaluates(self, request: Block) -> bool:
        """Whether SamplingParams are for evaluation, by their names or those around them."""
        facts = self.sources[request.place.path].python
        marked = facts is not None and request.place.start in facts.evaluations
        return marked or no_training("", request.inside)

    @cached_property
    def abort_handled(self) -> tuple[Place, ...]:
        """Where the project looks for aborted requests: the client that does need not be near."""
        return tuple(place for facts in self.modules.values() for place in facts.abort_handled)

    @cached_property
    def documented(self) -> tuple[Assigned, ...]:
        """The environment variables in the project's documents: which run has them, none says."""
        return tuple(
            Assigned(entry.path[-1], entry.value, entry.place, conditional=True)
            for source in self.sources.values()
            if "VLLM_" in source.text and source.python is None
            for block in source.blocks
            if block.form is Form.DOCUMENT
            for entry in block.entries
            if entry.path[-1].startswith("VLLM_")
        )

    def inside(self, path: str) -> str:
        """A file's path within the project, which may itself stand below `tests/`."""
        return path[len(self.root) :].lstrip("/") if self.root else path

    def facts(self, path: str = "") -> CodeFacts:
        """What speaks about an engine in `path`: of a module, itself and its folder, then what
        imports it or is imported by it; of a document or script, the whole project. A notebook is
        a program of its own: nothing in its folder speaks for it, and it for nothing else."""
        key = path if path.endswith((".py", _NOTEBOOK)) else ""
        if key not in self._of:
            near = self._near(key) if key else self._programs
            self._of[key] = CodeFacts(near, self.callers)
        return self._of[key]

    @cached_property
    def _programs(self) -> dict[str, PythonFacts]:
        return {path: facts for path, facts in self.modules.items() if not _is_notebook(path)}

    def _near(self, path: str) -> dict[str, PythonFacts]:
        folder, programs = posixpath.dirname(path), set(self._programs)
        beside = {p for p in programs if posixpath.dirname(p) == folder}
        found = ({path} if _is_notebook(path) else beside) | (programs & set(self._joined(path)))
        return {p: facts for p, facts in self.modules.items() if p in found}

    def _joined(self, path: str) -> Iterator[str]:
        """Modules on either side of an import of `path`."""
        own = self.modules.get(path)
        name = _module_name(path)
        for other, facts in self.modules.items():
            imported_by = _imports(facts.imports, name)
            if imported_by or (own and _imports(own.imports, _module_name(other))):
                yield other

    def names(self, word: str, *, apart_from: str) -> bool:
        """Whether a text, tests, evaluation and files of one name left out, holds a word."""
        texts = [(path, source.text) for path, source in self.sources.items()]
        return any(
            word in text and not no_training(self.inside(path))
            for path, text in (*texts, *self.beyond())
            if posixpath.basename(path) != apart_from
        )

    def _stands_elsewhere(self, name: str, known: Mapping[str, set[int]]) -> bool:
        """Whether a text, tests and evaluation left out, holds a name at a row that is not among
        the known ones; what was not looked at may."""
        if not self.whole:
            return True
        for path, source in self.sources.items():
            if name in source.text and not no_training(self.inside(path)):
                rows = mentions.rows_of_code if source.python is not None else mentions.rows
                if rows(source.text, name) - known.get(path, set()):
                    return True
        return any(
            mentions.rows(text, name)
            for path, text in self.beyond()
            if name in text and not no_training(path)
        )


@dataclass(frozen=True)
class CodeFacts:
    """What a set of modules says, each fact gathered when it is first asked for."""

    modules: Mapping[str, PythonFacts]
    callers: Callers

    @cached_property
    def sync(self) -> Sync:
        return sync.of_code(self.modules.values(), self.callers)

    @cached_property
    def trainer(self) -> Trainer:
        return trainer.of_code(self.modules.values())

    @cached_property
    def learns(self) -> Evidence | None:
        """Why a policy is trained here: weights are updated, or logprobs enter a ratio."""
        for call in updates(self.modules.values()):
            return Evidence("its weights are updated", call.place)
        for facts in self.modules.values():
            for call in facts.calls:
                if call.name in PAUSES:
                    return Evidence("its weights are updated while requests are paused", call.place)
            for ratio in (*facts.rollout_ratios, *facts.correction_ratios):
                return ratio
        return None

    @cached_property
    def over_http(self) -> bool:
        return any(call.http for facts in self.modules.values() for call in facts.calls)

    @cached_property
    def patches_head(self) -> bool:
        return any(facts.fp32_heads and imports_vllm(facts) for facts in self.modules.values())

    @cached_property
    def environment(self) -> tuple[Assigned, ...]:
        return tuple(found for facts in self.modules.values() for found in facts.environment)


def _is_notebook(path: str) -> bool:
    return path.endswith(_NOTEBOOK)


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
