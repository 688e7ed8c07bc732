"""The command-line flags that EngineArgs.add_cli_args and AsyncEngineArgs.add_cli_args declare."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tools.releases.choices import NOTHING, Choices
from tools.releases.code import Found, Function, Module, class_body, declaration
from tools.releases.fields import Entry, Fields


@dataclass(frozen=True)
class Option:
    """One call of add_argument."""

    flag: str
    aliases: tuple[str, ...]
    field: str
    is_boolean: bool
    is_negated: bool
    is_deprecated: bool
    is_async_only: bool
    choices: Choices
    source: str


class Flags:
    """Reads the calls of add_argument in vllm/engine/arg_utils.py."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        module = fields.code.dotted("vllm.engine.arg_utils")
        assert module is not None
        self.module: Module = module
        self._config_flags_negate = any(
            "BooleanOptionalAction" in ast.unparse(module.defined[name])
            for name in ("get_kwargs", "_compute_kwargs")
            if name in module.defined
        )

    def entries(self, arguments: dict[str, Entry]) -> dict[str, Entry]:
        """Flag -> what it sets and how; without `field` where no argument has that name."""
        return {option.flag: _entry(option, arguments) for option in self.options()}

    def options(self) -> Iterator[Option]:
        for name in ("EngineArgs", "AsyncEngineArgs"):
            cls = self.fields.code.find_class(self.module, name)
            for function in _functions(cls, "add_cli_args"):
                yield from self._options(function, is_async_only=name != "EngineArgs")

    def _options(self, function: Function, *, is_async_only: bool) -> Iterator[Option]:
        configs = self._configs(function)
        for call in ast.walk(function):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                names = [
                    argument.value
                    for argument in call.args
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                ]
                if call.func.attr == "add_argument" and names:
                    yield self._option(call, names, configs, is_async_only=is_async_only)

    def _configs(self, function: Function) -> dict[str, Found]:
        """The local names of `model_kwargs = get_kwargs(ModelConfig)`."""
        configs: dict[str, Found] = {}
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                target, call = node.targets[0], node.value
                if isinstance(target, ast.Name) and ast.unparse(call.func) == "get_kwargs":
                    found = self.fields.code.find_dotted(self.module, call.args[0])
                    if found:
                        configs[target.id] = found
        return configs

    def _option(
        self, call: ast.Call, names: list[str], configs: dict[str, Found], *, is_async_only: bool
    ) -> Option:
        given = {keyword.arg: keyword.value for keyword in call.keywords}
        flag = next((name for name in names if name.startswith("--")), names[0])
        dest = given.get("dest")
        named = dest.value if isinstance(dest, ast.Constant) else flag.lstrip("-")
        action = ast.unparse(given["action"]).strip("'\"") if "action" in given else ""
        is_config_boolean = not action and self._is_config_boolean(given.get(None), configs)
        text = ast.unparse(call)
        return Option(
            flag=flag,
            aliases=tuple(sorted(name for name in names if name != flag)),
            field=str(named).replace("-", "_"),
            is_boolean=is_config_boolean or "store_" in action or "Boolean" in action,
            is_negated="BooleanOptionalAction" in action
            or (is_config_boolean and self._config_flags_negate),
            is_deprecated="deprecated=True" in text or "[DEPRECATED]" in text,
            is_async_only=is_async_only,
            choices=self.fields.types.argparse(self.module, given["choices"])
            if "choices" in given
            else NOTHING,
            source=f"{self.module.place}:{call.lineno}",
        )

    def _is_config_boolean(self, kwargs: ast.expr | None, configs: dict[str, Found]) -> bool:
        """Whether `**model_kwargs["enforce_eager"]` stands for a boolean config field.

        `bool | str` takes an optional value instead.
        """
        kwargs = _spread(kwargs)
        if not isinstance(kwargs, ast.Subscript) or not isinstance(kwargs.value, ast.Name):
            return False
        config = configs.get(kwargs.value.id)
        if config is None or not isinstance(kwargs.slice, ast.Constant):
            return False
        declared = declaration(self.fields.code, config, str(kwargs.slice.value))
        if declared is None:
            return False
        owner, statement = declared
        names = self.fields.types.choices(owner.module, statement.annotation).names
        return "bool" in names and "str" not in names


def _spread(kwargs: ast.expr | None) -> ast.expr | None:
    """What `{**model_kwargs["enforce_eager"], "default": None}` is a changed copy of."""
    if isinstance(kwargs, ast.Dict):
        copied = [value for key, value in zip(kwargs.keys, kwargs.values, strict=True) if not key]
        return copied[0] if copied else None
    return kwargs


def _functions(cls: Found | None, name: str) -> Iterator[Function]:
    for statement in class_body(cls) if cls else []:
        if isinstance(statement, ast.FunctionDef) and statement.name == name:
            yield statement


def _entry(option: Option, arguments: dict[str, Entry]) -> Entry:
    entry: Entry = {"source": option.source}
    if option.field in arguments:
        entry["field"] = option.field
    if option.aliases:
        entry["aliases"] = list(option.aliases)
    marks = {
        "boolean": option.is_boolean,
        "negated": option.is_negated,
        "deprecated": option.is_deprecated,
        "async_only": option.is_async_only,
    }
    return entry | {name: True for name, holds in marks.items() if holds}
