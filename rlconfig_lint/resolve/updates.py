"""Which calls put new weights into an engine."""

from __future__ import annotations

import re
from collections.abc import Iterable

from rlconfig_lint.model import ApiCall, PythonFacts

UPDATES = frozenset(
    (
        "load_weights",
        "reload_weights",
        "start_weight_update",
        "update_named_param",
        "update_weights",
    )
)
PAUSES = ("pause_generation", "pause")
_RUNS_ANYTHING = ("collective_rpc", "apply_model")
_UPDATING_RPC = re.compile(
    r"(?:update|load|receive|reload|set|sync|apply|broadcast)\w*(?:weight|param|model|state)|refit",
    re.IGNORECASE,
)
_ENGINE_WORDS = re.compile(r"vllm|llm|engine|client|server|worker|rollout|model_runner|actor", re.I)
_AN_OPTIMIZER = re.compile(r"optim|keras|ema", re.IGNORECASE)


def updates(modules: Iterable[PythonFacts]) -> tuple[ApiCall, ...]:
    return tuple(call for facts in modules for call in facts.calls if is_update(call))


def obscure(modules: Iterable[PythonFacts]) -> tuple[ApiCall, ...]:
    """Calls that may put new weights into an engine, though nothing says so: of a method that is
    not known to, or on what is not called an engine."""
    return tuple(
        call
        for facts in modules
        for call in facts.calls
        if (call.name in UPDATES or call.name.startswith(_RUNS_ANYTHING)) and not is_update(call)
    )


def is_update(call: ApiCall) -> bool:
    """Whether a call puts new weights into an engine."""
    if call.name.startswith("collective_rpc"):
        method = call.arguments.get("method")
        return isinstance(method, str) and _UPDATING_RPC.search(method) is not None
    if call.name not in UPDATES:
        return False
    return call.http or _reaches_an_engine(call.receiver)


def imports_vllm(facts: PythonFacts) -> bool:
    return any(name.split(".")[0] == "vllm" for name in facts.imports)


def _reaches_an_engine(receiver: str) -> bool:
    """`optimizer.update_weights()` and a Keras model's `load_weights()` have the same names."""
    if _AN_OPTIMIZER.search(receiver):
        return False
    return _ENGINE_WORDS.search(receiver) is not None
