"""vLLM's environment variables that the code sets."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import ClassVar

from rlconfig_lint.model import Assigned
from rlconfig_lint.readers.python.literals import Spans, literal
from rlconfig_lint.readers.python.tells.words import called
from rlconfig_lint.readers.python.walk import Around

_PREFIX = "VLLM_"


@dataclass
class Environment:
    """The variables of one module while it is walked."""

    WORDS: ClassVar = (_PREFIX,)

    spans: Spans
    found: list[Assigned] = field(default_factory=list)

    def at_assignment(self, node: ast.Assign, around: Around) -> None:
        """`os.environ["VLLM_X"] = ...`"""
        target = node.targets[0]
        if isinstance(target, ast.Subscript):
            self._note(target.slice, node.value, around)

    def at_call(self, node: ast.Call, around: Around) -> None:
        """`os.environ.setdefault("VLLM_X", ...)`"""
        if called(node) in ("putenv", "setdefault") and len(node.args) == 2:
            self._note(node.args[0], node.args[1], around)

    def at_dict(self, node: ast.Dict, around: Around) -> None:
        """A mapping that is handed to a process or to Ray: `{"env_vars": {"VLLM_X": ...}}`."""
        for name, value in zip(node.keys, node.values, strict=True):
            self._note(name, value, around)

    def _note(self, name: ast.expr | None, value: ast.expr, around: Around) -> None:
        if isinstance(name, ast.Constant) and str(name.value).startswith(_PREFIX):
            place = self.spans.place(value)
            self.found.append(Assigned(str(name.value), literal(value), place, around.conditional))
