"""What the interpolations of one configuration come to."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

from rlconfig_lint.model import UNKNOWN, Entry, Value
from rlconfig_lint.resolve.interpolations import (
    Argument,
    Call,
    Part,
    Reference,
    Text,
    interpolates,
    parsed,
    primitive,
)

Keys = tuple[str, ...]

MISSING = "???"  # OmegaConf: somebody has to say
_DEEPEST = 50
_LONGEST = 2_000


@dataclass(frozen=True, slots=True)
class Found:
    """A value, or the mapping or list that a reference leads to."""

    value: Value
    node: Keys | None = None
    overridable: bool = False  # a run may have another one


_UNKNOWN = Found(UNKNOWN)


@dataclass
class References:
    """Follows references between the entries of one tree; each entry is looked at once."""

    entries: Mapping[Keys, Entry]
    containers: Container[Keys]
    unseen: frozenset[Keys]
    env: Mapping[str, Entry]
    _known: dict[Keys, Found] = field(default_factory=dict)
    _depth: int = 0

    def canonical(self, path: Keys) -> Keys | None:
        """Where a path leads when a part of it is a reference to a mapping; None for nowhere."""
        if path in self.entries:
            return path
        here: Keys = ()
        for key in path:
            entry = self.entries.get(here)
            if entry is not None and interpolates(entry.value):
                node = self.of(here).node
                if node is None:
                    return None
                here = node
            here = (*here, key)
        return here

    def of(self, path: Keys) -> Found:
        """The value at a path that has an entry, behind its interpolations."""
        value = self.entries[path].value
        if value == MISSING:
            return _UNKNOWN
        if not interpolates(value):
            node = path if isinstance(value, dict | list) else None
            return Found(value, node, self.entries[path].overridable)
        if path not in self._known:
            if self._depth > _DEEPEST:
                return _UNKNOWN
            self._known[path] = _UNKNOWN  # what a cycle comes to
            self._depth += 1
            text = parsed(str(value))
            self._known[path] = self._text(text, path[:-1]) if text else _UNKNOWN
            self._depth -= 1
        return self._known[path]

    def at(self, path: Keys) -> Found | None:
        """The value at a path; None where nothing is there."""
        here = self.canonical(path)
        if here is None:
            return _UNKNOWN
        if here in self.entries:
            return self.of(here)
        return Found({}, here) if here in self.containers else None

    def hides(self, path: Keys) -> bool:
        """Whether a path may be filled from where nobody can see."""
        return any(path[: len(above)] == above for above in self.unseen)

    def _text(self, text: Text, beside: Keys) -> Found:
        """One interpolation gives its value as it is; several, or text around them, a string."""
        if len(text.parts) == 1:
            return self._part(text.parts[0], beside)
        found = [self._part(part, beside) for part in text.parts]
        strings = [_as_text(part) for part in found]
        known = [string for string in strings if string is not None]
        if len(known) < len(strings) or sum(map(len, known)) > _LONGEST:
            return _UNKNOWN
        return Found("".join(known), overridable=any(part.overridable for part in found))

    def _part(self, part: Part, beside: Keys) -> Found:
        if isinstance(part, str):
            return Found(part)
        if isinstance(part, Reference):
            return self._reference(part, beside)
        return self._call(part, beside)

    def _reference(self, reference: Reference, beside: Keys) -> Found:
        keys: list[str] = []
        for key in reference.keys:
            if isinstance(key, Text):
                named = self._text(key, beside)
                if not isinstance(named.value, str) or named.overridable:
                    return _UNKNOWN
                key = named.value
            keys.extend(key.split("."))
        above = _above(beside, reference.dots)
        found = self.at((*above, *keys)) if above is not None else None
        if found is None or (found.node is not None and beside[: len(found.node)] == found.node):
            return _UNKNOWN  # absent, or a mapping inside itself
        return found

    def _call(self, call: Call, beside: Keys) -> Found:
        arguments = [self._argument(argument, beside) for argument in call.arguments]
        if any(argument.value is UNKNOWN for argument in arguments[:1]):
            return _UNKNOWN
        if call.name == "oc.env" and len(arguments) in (1, 2):
            return self._variable(arguments)
        if call.name == "oc.select" and len(arguments) in (1, 2):
            return self._selected(arguments, beside)
        if call.name == "oc.decode" and len(arguments) == 1:
            return _decoded(arguments[0])
        return _UNKNOWN  # a resolver that the program itself registers

    def _argument(self, argument: Argument, beside: Keys) -> Found:
        if argument.text is None:
            return Found(argument.constant)
        found = self._text(argument.text, beside)
        if not argument.quoted:
            return found
        text = _as_text(found)
        return _UNKNOWN if text is None else replace(found, value=text, node=None)

    def _variable(self, arguments: list[Found]) -> Found:
        """An environment variable: as the command sets it, else the default for want of better."""
        name = arguments[0].value
        if isinstance(name, str) and name in self.env:
            value = self.env[name].value
            return Found(value) if isinstance(value, str) else _UNKNOWN
        if len(arguments) == 1:
            return _UNKNOWN
        default = arguments[1]
        if default.value is None:
            return Found(None, overridable=True)
        text = _as_text(default)
        return _UNKNOWN if text is None else Found(text, overridable=True)

    def _selected(self, arguments: list[Found], beside: Keys) -> Found:
        """`oc.select`: another key's value, or the default where it is absent or missing."""
        key = arguments[0].value
        if not isinstance(key, str) or not key or "[" in key:
            return _UNKNOWN
        dots = len(key) - len(key.lstrip("."))
        above = _above(beside, dots)
        if above is None:
            return _UNKNOWN
        path = (*above, *key[dots:].split("."))
        found = self.at(path)
        if found is None and self.hides(path):
            return _UNKNOWN
        here = self.canonical(path)
        missing = here is not None and here in self.entries and self.entries[here].value == MISSING
        if found is None or missing:
            return arguments[1] if len(arguments) > 1 else Found(None)
        return found


def _above(beside: Keys, dots: int) -> Keys | None:
    """Where a reference starts: at the root, or as many mappings up as it has dots but one."""
    if dots == 0:
        return ()
    up = dots - 1
    return beside[: len(beside) - up] if up <= len(beside) else None


def _as_text(found: Found) -> str | None:
    """A value inside a string, as Python writes it; None for what is no scalar."""
    if found.node is not None or isinstance(found.value, dict | list) or found.value is UNKNOWN:
        return None
    return str(found.value)


def _decoded(argument: Found) -> Found:
    """`oc.decode`: a string read as a value."""
    value = argument.value
    if value is None:
        return argument
    plain = isinstance(value, str) and not set(value) & set("[]{}()'\"\\,:$ \t=")
    return replace(argument, value=primitive(str(value))) if plain and value else _UNKNOWN
