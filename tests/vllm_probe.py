"""Run by an interpreter that has vLLM: prints what its engine arguments are, as JSON."""

from __future__ import annotations

import dataclasses
import enum
import json
from typing import Any


def main() -> None:
    import vllm
    from vllm.engine.arg_utils import (
        AsyncEngineArgs,
        EngineArgs,
    )
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    parser = AsyncEngineArgs.add_cli_args(FlexibleArgumentParser())
    print(
        json.dumps(
            {
                "version": vllm.__version__,
                "fields": {each.name: _default(each) for each in dataclasses.fields(EngineArgs)},
                "async_fields": {
                    each.name: _default(each) for each in dataclasses.fields(AsyncEngineArgs)
                },
                "actions": [_action(each) for each in parser._actions],
            }
        )
    )


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default is not dataclasses.MISSING:
        return _plain(field.default)
    if field.default_factory is not dataclasses.MISSING:
        return _plain(field.default_factory())
    return {"required": True}


def _action(action: Any) -> dict[str, Any]:
    return {
        "flags": list(action.option_strings),
        "dest": action.dest,
        "takes_value": action.nargs != 0,
        "choices": None if action.choices is None else [_plain(each) for each in action.choices],
        "default": _plain(action.default),
    }


def _plain(value: Any) -> Any:
    """As JSON: enums by value, objects by the name of their class."""
    if isinstance(value, enum.Enum):
        return _plain(value.value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(each) for each in value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    return {"class": type(value).__name__}


if __name__ == "__main__":
    main()
