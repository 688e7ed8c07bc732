"""What the reader claims of a module, against what the module does when it runs.

The modules are generated in the shapes that projects use. Nothing that a run decides (`flag()`) may
be claimed: whatever is claimed has to hold for every run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from rlconfig_lint.model import UNKNOWN, Block, Entry
from rlconfig_lint.readers import read
from rlconfig_lint.readers.python import reader as python
from rlconfig_lint.readers.text import Text

KEYS = ("seed", "dtype", "max_num_seqs", "enforce_eager")
literals = st.sampled_from(["0", "1", "2", "True", "False", "None", "'é'", "'b'", "1.5"])
keys = st.sampled_from(KEYS)


def indented(lines: list[str], by: str = "    ") -> list[str]:
    return [by + line for line in lines]


@st.composite
def expressions(draw: st.DrawFn) -> str:
    """A value: a literal, or something around one."""
    a, b = draw(literals), draw(literals)
    return draw(
        st.sampled_from(
            [
                a,
                a,
                a,
                f"({a} if flag() else {b})",
                f"({a} if flag() else {a})",
                f"({a} if True else {b})",
                f"({a} or {b})",
                f"({a} and {b})",
                f"bool({a})",
                f"str({a})",
                f"(not {a})",
                "CONSTANT",
                "CHANGED",
                "given()",
            ]
        )
    )


@st.composite
def displays(draw: st.DrawFn) -> str:
    """A dict: a display, `dict(...)`, a merge."""
    pairs = draw(st.dictionaries(keys, expressions(), max_size=3))
    display = "{" + ", ".join(f"'{k}': {v}" for k, v in pairs.items()) + "}"
    call = "dict(" + ", ".join(f"{k}={v}" for k, v in pairs.items()) + ")"
    one = f"{{'{draw(keys)}': {draw(expressions())}}}"
    return draw(
        st.sampled_from(
            [
                display,
                call,
                f"{{**{display}, **{one}}}",
                f"{{**BASE, **{display}}}",
                f"{{**{display}, **extra()}}",
                f"{display} | {one}",
                f"dict({one}, **{display})",
                "dict(BASE)",
                "BASE.copy()",
                "made()",
            ]
        )
    )


@st.composite
def statements(draw: st.DrawFn, name: str, depth: int = 0) -> list[str]:
    """What a program does to a dict after it made it."""
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        key, value = draw(keys), draw(expressions())
        kinds = ["set", "update", "merge", "default", "pop", "other", "lend", "alias"]
        kind = draw(st.sampled_from([*kinds, *(["if", "else", "for", "try"] if depth < 2 else [])]))
        inner = draw(statements(name, depth + 1)) if kind in ("if", "else", "for", "try") else []
        inner = inner or ["pass"]
        lines += {
            "set": [f"{name}['{key}'] = {value}"],
            "update": [f"{name}.update({key}={value})"],
            "merge": [f"{name} |= {{'{key}': {value}}}"],
            "default": [f"{name}.setdefault('{key}', {value})"],
            "pop": [f"{name}.pop('{key}', None)"],
            "other": [f"{name}[named()] = {value}"],
            "lend": [f"meddle({name})"],
            "alias": [f"other = {name}", f"other['{key}'] = {value}"],
            "if": ["if flag():", *indented(inner)],
            "else": ["if flag():", *indented(inner), "else:", f"    {name}['{key}'] = {value}"],
            "for": ["for _ in times():", *indented(inner)],
            "try": ["try:", *indented(inner), "finally:", f"    {name}['{key}'] = {value}"],
        }[kind]
    return lines


@st.composite
def shapes(draw: st.DrawFn) -> list[str]:
    """One place that builds an engine, reached in one of the ways that occur."""
    display, value, other = draw(displays()), draw(expressions()), draw(expressions())
    changes, more = draw(statements("kw")), draw(statements("kw"))
    kept = draw(statements("self.kw")) or ["pass"]
    built = [f"kw = {display}", *changes]
    run = "def run():"
    at_once = [run, *indented([*built, "LLM(model='A', **kw)", *more])]
    in_a_loop = [run, f"    kw = {display}", "    for _ in times():"]
    in_a_loop += indented(["LLM(model='A', **kw)", *changes], " " * 8)
    handed = ["def make(kw):", *indented([*more, "LLM(model='A', **kw)"]), run]
    handed += indented([*built, "make(kw)", f"make({draw(displays())})"])
    forwarded = ["def make(**kw):", *indented([*more, "LLM(**kw)"]), run]
    forwarded += indented([*built, "make(model='A', **kw)", f"make(model='B', dtype={value})"])
    worker = ["class Worker:", "    def __init__(self, **kw):", f"        self.kw = {display}"]
    worker += indented([*kept, "self.start()"], " " * 8)
    worker += ["    def start(self):", "        LLM(model='A', **self.kw)"]
    worker += ["    def later(self):", *indented(draw(statements("self.kw")) or ["pass"], " " * 8)]
    worker += [run, "    Worker().later()", "    Worker().start()"]
    actor = ["class Actor:", "    def __init__(self, *args, seed=7, **kw):"]
    actor += indented([*changes, "self.go(kw)"], " " * 8)
    actor += ["    def go(self, given):", "        LLM(**given)"]
    actor += [run, f"    Actor(model='A', dtype={value})"]
    returned = ["def build():", *indented([*built, "return kw"])]
    returned += [run, "    LLM(model='A', **build())"]
    scalars = ["def make(seed, dtype='auto'):", "    LLM(model='A', seed=seed, dtype=dtype)"]
    scalars += [run, f"    make({value})", f"    make(seed={other})"]
    rebound = [run, f"    a, b = {value}, {other}", "    if flag():", f"        b = {value}"]
    rebound += ["    LLM(model='A', seed=a, dtype=b)"]
    inner = draw(st.sampled_from([f"kw['seed'] = {value}", "kw.pop('dtype', 0)", "meddle(kw)"]))
    closure = [run, *indented(built), "    def inside():", f"        {inner}"]
    closure += ["    if flag():", "        inside()", "    LLM(model='A', **kw)"]
    objects = ["@dataclass", "class Options:", "    seed: int = 1", "    dtype: str = 'auto'"]
    objects += [run, f"    options = Options(dtype={value})", "    if flag():"]
    objects += [draw(st.sampled_from([f"        options.dtype = {other}", "        pass"]))]
    objects += ["    LLM(model='A', seed=options.seed, dtype=options.dtype)"]
    attributes = [run, *indented(built), "    args = EngineArgs(model='A', **kw)"]
    attributes += [f"    args.seed = {value}", "    if flag():", f"        args.dtype = {other}"]
    attributes += ["    for name in times():", f"        setattr(args, 'dtype', {value})"]
    return draw(
        st.sampled_from(
            [
                at_once,
                in_a_loop,
                handed,
                forwarded,
                worker,
                actor,
                returned,
                scalars,
                rebound,
                closure,
                objects,
                attributes,
            ]
        )
    )


@st.composite
def programs(draw: st.DrawFn) -> str:
    """A module, with what the dicts of the others are made of."""
    head = ["from dataclasses import dataclass", "CONSTANT = 3", "CHANGED = 4"]
    head += ["BASE = {'seed': 5}", "def meddle(d):", "    d['dtype'] = 'meddled'"]
    head += ["def made():", f"    return dict(seed={draw(expressions())})"]
    head += ["def change():", "    global CHANGED", "    CHANGED = 6"]
    head += draw(st.sampled_from([[], ["    if flag():", "        BASE['seed'] = 8"]]))
    return "\n".join([*head, *draw(shapes()), ""])


@dataclass
class Run:
    """One run: what it decides, and the engines that it built."""

    decisions: Iterator[int]
    engines: list[dict[str, object]] = field(default_factory=list)

    def names(self) -> dict[str, Callable[..., object]]:
        return {
            "LLM": lambda **kw: self.engines.append(kw),
            "EngineArgs": self.arguments,
            "extra": lambda: [{}, {"seed": "extra"}][next(self.decisions) % 2],
            "flag": lambda: bool(next(self.decisions) % 2),
            "given": lambda: "given",
            "named": lambda: KEYS[next(self.decisions) % len(KEYS)],
            "times": lambda: range(next(self.decisions) % 3),
        }

    def arguments(self, **given: object) -> SimpleNamespace:
        made = SimpleNamespace(**given)
        self.engines.append(vars(made))
        return made

    def of(self, body: str) -> list[dict[str, object]]:
        names: dict[str, object] = dict(self.names())
        exec(compile(body, "generated", "exec"), names)
        for function in ("change", "run"):
            assert callable(names[function])
            names[function]()  # type: ignore[operator]
        return self.engines


def claims(block: Block) -> dict[str, Entry]:
    return {entry.path[0]: entry for entry in block.entries}


def holds(block: Block, engine: dict[str, object]) -> bool:
    """Whether an engine is what a block says, in so far as the block says anything."""
    said = claims(block)
    if not block.open and not engine.keys() <= said.keys():
        return False
    return all(
        entry.value is UNKNOWN
        or entry.overridable
        or (name in engine and repr(engine[name]) == repr(entry.value))
        for name, entry in said.items()
    )


@settings(max_examples=150, deadline=None)
@given(programs(), st.lists(st.integers(0, 11), min_size=8, max_size=8))
def test_what_is_claimed_holds_in_every_run(body: str, decisions: list[int]) -> None:
    blocks, _ = python.read(Text("a.py", f"from vllm import LLM, EngineArgs\n{body}"))
    for engine in Run(iter(decisions * 200)).of(body):
        named = [b for b in blocks if claims(b)["model"].value in (UNKNOWN, engine["model"])]
        assert any(holds(block, engine) for block in named)


@settings(max_examples=200, deadline=None)
@given(programs())
def test_a_span_that_may_be_rewritten_holds_its_value(body: str) -> None:
    text = f"from vllm import LLM, EngineArgs\n{body}"
    blocks, _ = python.read(Text("a.py", text))
    for entry in (entry for block in blocks for entry in block.entries):
        place = entry.value_place
        if place is not None and entry.value is not UNKNOWN and not entry.shared:
            assert repr(ast.literal_eval(text[place.start : place.end])) == repr(entry.value)
            assert entry.path[0] in text[entry.place.start : entry.place.end]


@settings(max_examples=200, deadline=None)
@given(programs(), st.data())
def test_any_module_is_read_or_refused(body: str, data: st.DataObject) -> None:
    lines = data.draw(st.permutations(body.splitlines()))
    kept = lines[: data.draw(st.integers(0, len(lines)))]
    source = read("a.py", "\n".join(["from vllm import LLM", *kept]).encode())
    assert source.problem is None or source.problem.startswith("does not parse")
