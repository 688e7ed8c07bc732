"""The fields of dataclasses, pydantic models and msgspec structs: type, default, choices."""

from __future__ import annotations

import ast

from tools.releases.choices import NOTHING, Choices, Types, unquoted
from tools.releases.code import Code, Found, declaration, declarations
from tools.releases.values import Json, Values

Entry = dict[str, Json]

_CONFIGS = (
    "CompilationConfig",
    "SpeculativeConfig",
    "WeightTransferConfig",
    "AttentionConfig",
    "AuxOutputConfig",
)


class Fields:
    """Reads field declarations of one package."""

    def __init__(self, code: Code) -> None:
        self.code = code
        self.values = Values(code)
        self.types = Types(code, self.values)

    def of(self, cls: Found) -> dict[str, Entry]:
        """What a user may set: every public field of a class and its bases."""
        entries: dict[str, Entry] = {}
        for owner in reversed(list(self.code.lineage(cls))):
            for name, statement in declarations(owner):
                if _is_settable(name, statement):
                    entries[name] = self.entry(owner, statement)
                else:
                    entries.pop(name, None)
        return entries

    def entry(self, owner: Found, statement: ast.AnnAssign) -> Entry:
        module = owner.module
        entry: Entry = {"type": ast.unparse(unquoted(statement.annotation))}
        if statement.value is not None:
            entry |= self.values.default(module, statement.value)
        entry |= self.choices(owner, statement).entry()
        return entry | {"source": f"{module.place}:{statement.lineno}"}

    def choices(self, owner: Found, statement: ast.AnnAssign) -> Choices:
        """From the field's own type, or from that of the config field it takes its default of:
        that one is what the command line and the config accept."""
        own = self.types.choices(owner.module, statement.annotation)
        behind = self.behind(owner, statement)
        if own.values or behind is None:
            return own if own.values else NOTHING
        admitted = self.types.choices(behind[0].module, behind[1].annotation)
        return admitted if admitted.values else NOTHING

    def behind(self, owner: Found, statement: ast.AnnAssign) -> tuple[Found, ast.AnnAssign] | None:
        """The config field of `= ModelConfig.seed` or `= get_field(ModelConfig, "seed")`."""
        node = statement.value
        if isinstance(node, ast.Attribute):
            cls, name = node.value, node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "get_field":
            cls, name = node.args[0], str(self.values.value(owner.module, node.args[1]))
        else:
            return None
        found = self.code.find_dotted(owner.module, cls)
        if found is None or not isinstance(found.node, ast.ClassDef):
            return None
        return declaration(self.code, found, name)


def sampling_params(fields: Fields) -> dict[str, Entry]:
    module = fields.code.dotted("vllm.sampling_params")
    cls = module and fields.code.find_class(module, "SamplingParams")
    return fields.of(cls) if cls else {}


def nested_configs(fields: Fields) -> dict[str, Entry]:
    """The fields of the configs that RL code passes as dicts, as `Config.field`."""
    module = fields.code.dotted("vllm.config")
    found = {name: module and fields.code.find_class(module, name) for name in _CONFIGS}
    return {
        f"{config}.{name}": entry
        for config, cls in found.items()
        if cls
        for name, entry in fields.of(cls).items()
    }


def _is_settable(name: str, statement: ast.AnnAssign) -> bool:
    """Not a class variable, not private, and a parameter of the constructor."""
    if name.startswith("_") or "ClassVar" in ast.unparse(statement.annotation):
        return False
    if not isinstance(statement.value, ast.Call):
        return True
    if ast.unparse(statement.value.func).endswith("PrivateAttr"):
        return False
    return not any(
        keyword.arg == "init"
        and isinstance(keyword.value, ast.Constant)
        and keyword.value.value is False
        for keyword in statement.value.keywords
    )
