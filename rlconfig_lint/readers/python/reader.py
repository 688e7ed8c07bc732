"""Reads Python: the calls that build a vLLM engine or its sampling parameters.

`ast` does the parsing: it is fast, its spans are exact, and it refuses what would crash a
concrete-syntax parser. Nothing is imported or run; a value that only a run would tell is unknown.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator

from rlconfig_lint.frameworks import constructors
from rlconfig_lint.model import Block, PythonFacts
from rlconfig_lint.readers.python.argv import SERVES, command
from rlconfig_lint.readers.python.engines import FROM_ELSEWHERE, blocks
from rlconfig_lint.readers.python.facts import gather
from rlconfig_lint.readers.python.module import Module, is_parameter
from rlconfig_lint.readers.python.names import ENGINES, Names, dotted
from rlconfig_lint.readers.python.walk import walk
from rlconfig_lint.readers.text import Text, UnreadableError

_ENGINE_CLASSES = ENGINES | {"AsyncLLM", "AsyncLLMEngine", "LLMEngine"}
_UNSLOTH_MODELS = frozenset(("FastLanguageModel", "FastModel", "FastVisionModel"))
_LONGEST = 1_000_000


def read(text: Text) -> tuple[tuple[Block, ...], PythonFacts]:
    """The engine and sampling calls of a module, and what it says about training.

    Raises:
        UnreadableError: with the row at which Python's own parser gave up.
    """
    tree = parse(text)
    nodes = walk(tree)
    names = Names.of(nodes)
    module = Module(text, names, tree, nodes)
    found = sorted(_blocks(module), key=lambda block: block.place.start)
    return tuple(found), gather(text, nodes, names)


def parse(text: Text) -> ast.Module:
    if len(text.body) > _LONGEST:
        raise UnreadableError(f"longer than {_LONGEST:,} characters: not read")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a checked file's own escapes are not ours to report
            return ast.parse(text.body)
    except SyntaxError as error:
        raise UnreadableError(f"does not parse: {error.msg}", error.lineno or 1) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError(f"does not parse: {type(error).__name__}") from None


def _blocks(module: Module) -> Iterator[Block]:
    starts_servers = SERVES.search(module.text.body) is not None
    for node, around in module.nodes:
        if not isinstance(node, ast.Call):
            continue
        name = _target(module.names, node)
        if name is not None and not is_parameter(node.func, around.functions):
            yield from blocks(module, node, name, around)
        elif starts_servers and (block := command(module, node, around)):
            yield block


def _target(names: Names, call: ast.Call) -> str | None:
    """The full name of what is called, if it is one of ours. Ray's `.remote(...)` is opened."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "remote":
        actor = _ray_actor(names, function.value)
        return f"vllm.{actor}" if actor else None
    name = names.full(function)
    if name is None:
        return None
    owner, _, last = name.rpartition(".")
    exported = f"{name.split('.')[0]}.{last}"  # as the package itself exports it
    if name in constructors() or exported in constructors():
        return name if name in constructors() else exported
    if name.startswith("unsloth.") and last == "from_pretrained":
        known = owner.rpartition(".")[2] in _UNSLOTH_MODELS
        return "unsloth.from_pretrained" if known else None
    if name.startswith("vllm.") and last == "SamplingParams":
        return "vllm.SamplingParams"
    if name.startswith("vllm."):
        if last in ENGINES:
            return f"vllm.{last}"
        if last in FROM_ELSEWHERE and owner.rpartition(".")[2] in _ENGINE_CLASSES:
            return f"vllm.{owner.rpartition('.')[2]}.{last}"
        return None
    return f"vllm.{names.engines[name]}" if name in names.engines else None


def _ray_actor(names: Names, node: ast.expr) -> str | None:
    """The engine class behind `ray.remote(LLM)`, `Actor.options(...)` or a decorated class."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "options":
            return _ray_actor(names, node.func.value)
        if names.full(node.func) == "ray.remote" and node.args:
            return names.engine(node.args[0])
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Call) and node.args:
        return _ray_actor(names, ast.Call(node.func.func, node.args, []))
    name = dotted(node)
    return names.actors.get(name) if name else None
