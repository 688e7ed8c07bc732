"""Who calls whom in a project, by name: whether a function is ever called, and what comes first.

Names are all there is without types, so the graph is generous: every function of a name counts as
called where one is. "Never called" is said only where no text of the project holds the name either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from rlconfig_lint.model import ApiCall, Function, Order, PythonFacts, Reach

_PLAIN_BASES = frozenset(
    (
        "ABC",
        "Enum",
        "Exception",
        "Generic",
        "NamedTuple",
        "Protocol",
        "TypedDict",
        "object",
    )
)
_DEEPEST = 4  # how far up a caller is looked for
_MOST_CALLERS = 12  # a name that more places call, or more functions have, says nothing of an order
_MOST_NAMESAKES = 2
_MOST_NAMES = 40  # on the way up from one call, before it is given up


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a name is called, handed on or spelled."""

    module: str
    function: str  # its path in the module; "" outside of any
    line: int


@dataclass(frozen=True)
class Callers:
    """The call graph of a project's modules. `elsewhere` says whether a name stands in a text of
    the project at a row that is none of those given by path."""

    modules: Mapping[str, PythonFacts]
    elsewhere: Callable[[str, Mapping[str, set[int]]], bool]
    _reached: dict[tuple[str, str], Reach] = field(default_factory=dict, init=False, repr=False)
    _elsewhere: dict[str, bool] = field(default_factory=dict, init=False, repr=False)

    def reach(self, call: ApiCall) -> Reach:
        """Whether anything in the project comes to a call."""
        here = (call.place.path, call.inside)
        if here not in self._reached:
            self._reached[here] = self._reach(call)
        return self._reached[here]

    def _reach(self, call: ApiCall) -> Reach:
        todo = [function.name for function in self._around(call.place.path, call.inside)]
        seen = set(todo)
        if not todo:
            return Reach.CALLED  # it runs when the module is read
        while todo:
            if len(seen) > _MOST_NAMES:
                return Reach.UNKNOWN
            name = todo.pop()
            if any(self._called_from_outside(*found) for found in self.named.get(name, ())):
                return Reach.CALLED
            for mention in self.mentions.get(name, ()):
                outer = [f.name for f in self._around(mention.module, mention.function)]
                if not outer:
                    return Reach.CALLED
                if name not in outer:  # a wrapper of the same name calls nothing by itself
                    todo += (other for other in outer if other not in seen)
                    seen.update(outer)
        return Reach.UNKNOWN if any(map(self._stands_elsewhere, sorted(seen))) else Reach.NEVER

    def _stands_elsewhere(self, name: str) -> bool:
        if name not in self._elsewhere:
            self._elsewhere[name] = self.elsewhere(name, self._rows(name))
        return self._elsewhere[name]

    def order(self, call: ApiCall, updates: Iterable[ApiCall]) -> Order | None:
        """Whether a call stands behind an update in the function that comes to both; behind any,
        where there are several."""
        own = self._steps(call)
        found = [order for update in updates if (order := _compared(own, self._steps(update)))]
        return next((order for order in found if order.behind), found[0] if found else None)

    @cached_property
    def functions(self) -> dict[tuple[str, str], Function]:
        return {
            (path, function.path): function
            for path, facts in self.modules.items()
            for function in facts.functions
            if function.path
        }

    @cached_property
    def named(self) -> dict[str, list[tuple[str, Function]]]:
        found: dict[str, list[tuple[str, Function]]] = {}
        for (module, _), function in self.functions.items():
            found.setdefault(function.name, []).append((module, function))
        return found

    @cached_property
    def mentions(self) -> dict[str, list[Mention]]:
        """Where each function's name stands."""
        found: dict[str, list[Mention]] = {}
        for module, facts in self.modules.items():
            for function in facts.functions:
                for name, line in zip(function.mentions, function.rows, strict=True):
                    if name in self.named:
                        here = Mention(module, function.path, line)
                        found.setdefault(name, []).append(here)
        return found

    @cached_property
    def classes(self) -> dict[str, tuple[str, ...]]:
        """The bases of the project's classes, by name."""
        found: dict[str, tuple[str, ...]] = {}
        for facts in self.modules.values():
            for name, bases in facts.classes.items():
                found[name] = (*found.get(name, ()), *bases)
        return found

    def _around(self, module: str, path: str) -> list[Function]:
        """The functions that a path in a module goes through, the outermost first."""
        parts = path.split(".") if path else []
        paths = (".".join(parts[: n + 1]) for n in range(len(parts)))
        return [f for p in paths if (f := self.functions.get((module, p)))]

    def _called_from_outside(self, module: str, function: Function) -> bool:
        """An entry point by its name or decorator, or a public method of a base from elsewhere."""
        name = function.name
        if function.entry or name == "main" or (name[:2] == "__" and name[-2:] == "__"):
            return True
        owner = function.path.rpartition(".")[0]
        if not owner or name.startswith("_") or (module, owner) in self.functions:
            return False
        return self._has_foreign_base(owner.rpartition(".")[2])

    def _has_foreign_base(self, name: str) -> bool:
        todo, seen = [name], {name}
        while todo:
            for base in self.classes.get(todo.pop(), ()):
                if base not in self.classes and base not in _PLAIN_BASES:
                    return True
                if base in self.classes and base not in seen:
                    seen.add(base)
                    todo.append(base)
        return False

    def _rows(self, name: str) -> dict[str, set[int]]:
        """The rows where a name is known to stand: its definitions and mentions, by module."""
        rows: dict[str, set[int]] = {}
        for module, function in self.named.get(name, ()):
            rows.setdefault(module, set()).add(function.line)
        for mention in self.mentions.get(name, ()):
            rows.setdefault(mention.module, set()).add(mention.line)
        return rows

    def _steps(self, call: ApiCall) -> dict[tuple[str, str], _Step]:
        """The functions that come to a call, each with the row at which it does and how far up."""
        found: dict[tuple[str, str], _Step] = {}
        todo = [Mention(call.place.path, call.inside, call.place.line)]
        for height in range(_DEEPEST + 1):
            above: list[Mention] = []
            for mention in todo:
                key = (mention.module, mention.function)
                if key in found:
                    continue
                found[key] = _Step(mention, height)
                above += self._callers_of(mention)
            todo = above
        return found

    def _callers_of(self, mention: Mention) -> Iterator[Mention]:
        function = self.functions.get((mention.module, mention.function))
        if function is not None and len(self.named[function.name]) <= _MOST_NAMESAKES:
            callers = self.mentions.get(function.name, ())
            yield from callers if len(callers) <= _MOST_CALLERS else ()


@dataclass(frozen=True, slots=True)
class _Step:
    mention: Mention
    height: int


def _compared(
    own: Mapping[tuple[str, str], _Step], other: Mapping[tuple[str, str], _Step]
) -> Order | None:
    """The lowest function that comes to both, and which it comes to first."""
    shared = sorted((own[key].height + other[key].height, key) for key in own.keys() & other.keys())
    for _, key in shared:
        here, there = own[key].mention, other[key].mention
        if here.line != there.line:
            return Order(here.line > there.line, here.function, f"{here.module}:{here.line}")
    return None
