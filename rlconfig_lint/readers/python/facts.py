"""What a Python module says about training and about weight updates, for the project's facts."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar

from rlconfig_lint.model import Place, PythonFacts
from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.names import Names
from rlconfig_lint.readers.python.tells.cache_keys import CacheKeys
from rlconfig_lint.readers.python.tells.engine_calls import EngineCalls
from rlconfig_lint.readers.python.tells.environment import Environment
from rlconfig_lint.readers.python.tells.evaluation import Evaluations
from rlconfig_lint.readers.python.tells.functions import Functions
from rlconfig_lint.readers.python.tells.retokenized import Retokenizing
from rlconfig_lint.readers.python.tells.temperature import Divisions
from rlconfig_lint.readers.python.tells.training import Training
from rlconfig_lint.readers.python.walk import Around, Found
from rlconfig_lint.readers.text import Text


def gather(text: Text, nodes: Sequence[Found], names: Names) -> PythonFacts:
    """What the module's nodes tell, to the subjects whose words stand in it."""
    spans = Spans(text)
    functions, calls, training = Functions(), EngineCalls(spans), Training(spans)
    keys, divisions = CacheKeys(spans, names), Divisions.of(spans)
    evaluations, environment = Evaluations(spans), Environment(spans)
    again = Retokenizing(spans)
    subjects = (keys, divisions, evaluations, environment, again)
    spoken_of = [s for s in subjects if _speaks(text, s.WORDS)]
    handlers = _handlers((functions, calls, training, *spoken_of))
    for node, around in nodes:
        for handle in handlers.get(node.__class__, ()):
            handle(node, around)
    return PythonFacts(
        imports=frozenset(names.modules),
        calls=_in_order(calls.found),
        functions=functions.found(),
        classes=functions.classes,
        salts=_in_order(keys.salts),
        adapters=_in_order(keys.adapters),
        rebuilt_caches=_in_order(keys.rebuilt),
        divisions=_in_order(divisions.all()),
        rollout_ratios=_in_order(training.rollout_ratios),
        correction_ratios=_in_order(training.correction_ratios.values()),
        recomputed_ratios=_in_order(training.recomputed_ratios),
        correction_options=_in_order(training.options),
        logprobs_asked=tuple(sorted(training.asked, key=_start)),
        fp32_heads=tuple(sorted(training.fp32_heads, key=_start)),
        abort_handled=tuple(sorted(training.aborts, key=_start)),
        retokenized=_in_order(again.found.values()),
        evaluations=frozenset(evaluations.starts),
        environment=_in_order(environment.found),
        defines=functions.defined(),
    )


# Each is called with nodes of the classes that its name stands for, and with no others.
_Handler = Callable[[Any, Around], None]
_LISTENED_TO: tuple[tuple[str, tuple[type[ast.AST], ...]], ...] = (
    ("at_assignment", (ast.Assign,)),
    ("at_call", (ast.Call,)),
    ("at_class", (ast.ClassDef,)),
    ("at_comparison", (ast.Compare,)),
    ("at_definition", (ast.FunctionDef, ast.AsyncFunctionDef)),
    ("at_dict", (ast.Dict,)),
    ("at_operation", (ast.BinOp, ast.AugAssign)),
)


def _handlers(subjects: Iterable[object]) -> dict[type[ast.AST], list[_Handler]]:
    found: dict[type[ast.AST], list[_Handler]] = {}
    for subject in subjects:
        for name, kinds in _LISTENED_TO:
            if hasattr(subject, name):
                handler: _Handler = getattr(subject, name)
                for kind in kinds:
                    found.setdefault(kind, []).append(handler)
    return found


def _speaks(text: Text, words: tuple[str, ...]) -> bool:
    return any(word in text.body for word in words)


class _Placed(Protocol):
    @property
    def place(self) -> Place | None: ...


_Thing = TypeVar("_Thing", bound=_Placed)


def _in_order(found: Iterable[_Thing]) -> tuple[_Thing, ...]:
    return tuple(sorted(found, key=lambda thing: _start(thing.place)))


def _start(place: Place | None) -> int:
    return place.start if place else 0
