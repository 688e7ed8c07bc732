"""What differs between two vLLM releases, and which of it matters to RL."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar

from packaging.version import Version

from rlconfig_lint.model import Value
from rlconfig_lint.releases.defaults import SETTINGS, release_default
from rlconfig_lint.releases.definitions import Argument, Default, Json, Route, Signature
from rlconfig_lint.releases.schema import Schema, schema

RL_SETTINGS = frozenset(
    {
        "async_scheduling",
        "calculate_kv_scales",
        "disable_cascade_attn",
        "distributed_executor_backend",
        "dtype",
        "enable_chunked_prefill",
        "enable_prefix_caching",
        "enable_return_routed_experts",
        "enable_sleep_mode",
        "enforce_eager",
        "generation_config",
        "gpu_memory_utilization",
        "hf_overrides",
        "kv_cache_dtype",
        "load_format",
        "logits_processors",
        "logprobs_mode",
        "max_logprobs",
        "override_generation_config",
        "quantization",
        "return_sampling_mask",
        "seed",
        "speculative_config",
        "swap_space",
        "weight_transfer_config",
        "worker_cls",
        "worker_extension_cls",
    }
)
RL_METHODS = frozenset(
    {
        "finish_weight_update",
        "pause_generation",
        "reset_prefix_cache",
        "resume_generation",
        "sleep",
        "start_weight_update",
        "update_weights",
        "wake_up",
    }
)


@dataclass(frozen=True, slots=True)
class ChangedArgument:
    name: str
    before: Argument
    after: Argument

    @property
    def default(self) -> tuple[Default, Default] | None:
        """Old and new, where they differ; `0` and `False` do."""
        old, new = self.before.default, self.after.default
        return None if (type(old), old) == (type(new), new) else (old, new)

    @property
    def choices(self) -> tuple[tuple[Json, ...], tuple[Json, ...]] | None:
        """Gone and new, where they differ."""
        old, new = self.before.choices, self.after.choices
        differ = (
            tuple(each for each in old if each not in new),
            tuple(each for each in new if each not in old),
        )
        return differ if any(differ) else None


@dataclass(frozen=True, slots=True)
class ChangedMethod:
    name: str
    before: Signature | None
    after: Signature | None


@dataclass(frozen=True, slots=True)
class ChangedRoute:
    name: str
    before: Route | None
    after: Route | None


@dataclass(frozen=True, slots=True)
class ChangedDefault:
    """The value that a setting nobody wrote has."""

    name: str
    before: Value
    after: Value


@dataclass(frozen=True, slots=True)
class Changes:
    """Arguments stand with those that matter to RL first; everything else by name."""

    before: Version
    after: Version
    defaults: tuple[ChangedDefault, ...]
    added: tuple[Argument, ...]
    removed: tuple[Argument, ...]
    changed: tuple[ChangedArgument, ...]
    negatable: tuple[str, ...]
    """Flags that have a `--no-` form now and had none."""
    methods: tuple[ChangedMethod, ...]
    routes: tuple[ChangedRoute, ...]
    variables_gone: tuple[str, ...]


def between(before: Version, after: Version) -> Changes:
    """What somebody meets who goes from one known release to a later one."""
    old, new = schema(before), schema(after)
    return Changes(
        before,
        after,
        defaults=_defaults(before, after),
        added=tuple(new.arguments[name] for name in _relevant_first(new, old)),
        removed=tuple(old.arguments[name] for name in _relevant_first(old, new)),
        changed=_arguments(old, new),
        negatable=_negatable(old, new),
        methods=_methods(old, new),
        routes=_routes(old, new),
        variables_gone=tuple(
            name
            for name in old.environment
            if name.startswith("VLLM_") and name not in new.environment
        ),
    )


def _by_relevance(name: str) -> tuple[bool, str]:
    return name not in RL_SETTINGS, name


def _relevant_first(these: Schema, without: Schema) -> list[str]:
    return sorted(set(these.arguments) - set(without.arguments), key=_by_relevance)


def _arguments(old: Schema, new: Schema) -> tuple[ChangedArgument, ...]:
    both = sorted(set(old.arguments) & set(new.arguments), key=_by_relevance)
    changes = (ChangedArgument(name, old.arguments[name], new.arguments[name]) for name in both)
    return tuple(each for each in changes if each.default or each.choices)


def _negatable(old: Schema, new: Schema) -> tuple[str, ...]:
    both = (name for name in new.flags if name in old.flags)
    return tuple(
        name for name in both if new.flags[name].is_negated and not old.flags[name].is_negated
    )


def _methods(old: Schema, new: Schema) -> tuple[ChangedMethod, ...]:
    names = sorted({*old.methods, *new.methods})
    changes = (ChangedMethod(name, _method(old, name), _method(new, name)) for name in names)
    return tuple(each for each in changes if _called_as(each.before) != _called_as(each.after))


def _method(release: Schema, name: str) -> Signature | None:
    """AsyncLLMEngine is another name of AsyncLLM from 0.11.0 on (engine/async_llm_engine.py:6)."""
    alias = name.replace("AsyncLLMEngine.", "AsyncLLM.")
    return release.methods.get(name) or release.methods.get(alias)


def _called_as(method: Signature | None) -> object:
    """What a caller notices, however the types are spelled."""
    if method is None:
        return None
    parameters = tuple(
        (each.name, _spelled(each.type), each.default, each.kind, each.choices)
        for each in method.parameters
    )
    return parameters, _spelled(method.returns), method.is_async


def _spelled(annotation: str | None) -> str | None:
    """`Optional[List[str]]` and `list[str] | None` are one type; no return type is None."""
    if annotation in (None, "None"):
        return None
    return ast.unparse(_Modern().visit(ast.parse(annotation, mode="eval")))


class _Modern(ast.NodeTransformer):
    _BUILTIN: ClassVar = {"Dict": "dict", "List": "list", "Set": "set", "Tuple": "tuple"}

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Name(self._BUILTIN.get(node.id, node.id))

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        match node.value:
            case ast.Name("Optional"):
                return ast.BinOp(members[0], ast.BitOr(), ast.Constant(None))
            case ast.Name("Union"):
                return reduce(lambda left, right: ast.BinOp(left, ast.BitOr(), right), members)
        return node


def _routes(old: Schema, new: Schema) -> tuple[ChangedRoute, ...]:
    names = sorted({*old.routes, *new.routes})
    changes = (ChangedRoute(name, old.routes.get(name), new.routes.get(name)) for name in names)
    return tuple(each for each in changes if _asked_as(each.before) != _asked_as(each.after))


def _asked_as(route: Route | None) -> object:
    return route and (route.query, route.body)


def _defaults(before: Version, after: Version) -> tuple[ChangedDefault, ...]:
    changes = (
        ChangedDefault(
            name, release_default(name, before).value, release_default(name, after).value
        )
        for name in SETTINGS
    )
    return tuple(
        each
        for each in changes
        if (type(each.before), each.before) != (type(each.after), each.after)
    )
