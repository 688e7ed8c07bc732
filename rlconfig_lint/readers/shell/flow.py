"""Follows a script's statements: lists, branches, loops, functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rlconfig_lint.readers.shell.assignments import (
    assignment,
    counted,
    declare,
    first,
    hide,
    unset,
)
from rlconfig_lint.readers.shell.commands import command, substitutions
from rlconfig_lint.readers.shell.expansion import expand
from rlconfig_lint.readers.shell.run import DEEPEST, Frame, Function, Kind, Run
from rlconfig_lint.readers.shell.state import State
from rlconfig_lint.readers.shell.tests import asked, matches, text_of, verdict
from rlconfig_lint.readers.shell.words import Variable

if TYPE_CHECKING:
    from tree_sitter import Node


def follow(run: Run, nodes: Sequence[Node]) -> None:
    """Follow statements in their order, up to one that leaves."""
    for node in nodes:
        if run.state.over:
            return
        handler = _STATEMENTS.get(node.type)
        if handler is not None and run.depth < DEEPEST:
            run.spend(10)
            run.depth += 1
            handler(run, node)
            run.depth -= 1


def _sequence(run: Run, node: Node) -> None:
    if node.children and node.children[0].type == "((":
        hide(run, counted(run, node.named_children), node)
    else:
        follow(run, node.named_children)


def _aside(run: Run, node: Node) -> None:
    """A subshell: what it assigns ends with it."""
    run.aside(node.named_children)


def _pipeline(run: Run, node: Node) -> None:
    for child in node.named_children:
        run.aside([child])


def _redirected(run: Run, node: Node) -> None:
    """tree-sitter counts the words behind `2>&1` as redirections, too."""
    body = node.child_by_field_name("body")
    more: list[Node] = []
    for child in node.named_children:
        if child.type == "file_redirect":
            more.extend(child.children_by_field_name("destination")[1:])
        elif child.type == "heredoc_redirect":
            more.extend(child.children_by_field_name("argument"))
            for inner in child.named_children:
                run.aside([inner])
    if body is not None and body.type == "command":
        command(run, body, more)
    elif body is not None:
        follow(run, [body])


def _list(run: Run, node: Node) -> None:
    """`a && b || c`: what stands behind an operator may not run."""
    items: list[tuple[str, Node]] = []
    while node.type == "list":
        items.append((node.children[1].type, node.children[-1]))
        node = node.children[0]
    follow(run, [node])
    taken = run.state.branch()
    for operator, item in reversed(items):
        path = taken if operator == "&&" else run.state.branch()
        with run.on(path):
            if path is not taken:
                run.settle(taken, path.branch())
            follow(run, [item])
        if path is not taken:
            run.settle(taken, path)
            taken = run.state.branch()
        if path.over and verdict(run, [node]) is (operator == "&&"):
            _refused(run, [node], path)
    run.settle(taken, run.state.branch())


def _if(run: Run, node: Node) -> None:
    paths: list[State] = []
    clauses = [node, *(child for child in node.named_children if _is_clause(child))]
    certain = False  # that one of the clauses so far is taken
    for clause in clauses:
        tests, body = _clause(clause)
        follow(run, tests)
        answer = True if clause.type == "else_clause" else verdict(run, tests)
        if certain or answer is False:
            _not_taken(run, tests, body)
        else:
            paths.append(run.branch(body))
            certain = answer is True and not _refused(run, tests, paths[-1])
    run.settle(*paths, *_unless(certain, run))


def _refused(run: Run, tests: Sequence[Node], path: State) -> bool:
    """Whether the script ends because of what it was not given: it is meant to be given it."""
    if path.over:
        for test in tests[:1]:
            hide(run, asked(run, tests), test)
    return path.over and bool(tests)


def _unless(certain: bool, run: Run) -> list[State]:
    """The path past all branches, where no branch is certainly taken."""
    return [] if certain else [run.state.branch()]


def _is_clause(node: Node) -> bool:
    return node.type in ("elif_clause", "else_clause")


def _clause(node: Node) -> tuple[list[Node], list[Node]]:
    """The tests and the body of an `if`, `elif` or `else`."""
    inner = [child for child in node.children if not _is_clause(child)]
    then = next((n for n, child in enumerate(inner) if child.type == "then"), 0)
    return (
        [child for child in inner[:then] if child.is_named],
        [child for child in inner[then:] if child.is_named],
    )


def _not_taken(run: Run, tests: Sequence[Node], body: Sequence[Node]) -> None:
    """Statements that do not run as the script stands are read as if something else had been
    asked for."""
    with run.on(run.state.branch()):
        for test in tests[:1]:
            hide(run, asked(run, tests), test)
        follow(run, body)


def _case(run: Run, node: Node) -> None:
    value = node.child_by_field_name("value")
    items = [child for child in node.named_children if child.type == "case_item"]
    if value is None:
        return
    falls = any(child.type in (";&", ";;&") for item in items for child in item.children)
    text = None if falls else text_of(run, value)
    paths: list[State] = []
    certain = False
    for item in items:
        patterns = item.children_by_field_name("value")
        body = [child for child in item.named_children if child not in patterns]
        answers = [matches(run, text, pattern) for pattern in patterns]
        if certain or set(answers) == {False}:
            _not_taken(run, [value], body)
        else:
            paths.append(run.branch(body))
            certain = True in answers and not _refused(run, [value], paths[-1])
    run.settle(*paths, *_unless(certain, run))


def _for(run: Run, node: Node) -> None:
    variable = node.child_by_field_name("variable")
    name = run.script.source(variable) if variable else ""
    words = [
        word
        for value in node.children_by_field_name("value")
        for word in expand(run.script.word(value), run)
    ]
    once = len(words) == 1 and words[0].known and node.children[0].type == "for"

    def begin() -> None:
        if once:
            run.put(name, first(run.get(name), Variable((words[0],))))
        else:
            hide(run, [name], node)

    _loop(run, node, begin, once=once)


def _while(run: Run, node: Node) -> None:
    tests = node.children_by_field_name("condition")
    follow(run, tests)
    _loop(run, node, lambda: None)


def _counted(run: Run, node: Node) -> None:
    names = counted(run, node.children[: _header(node)])
    hide(run, names, node)
    _loop(run, node, lambda: hide(run, names, node))


def _header(node: Node) -> int:
    """How many children a `for (( ... ))` has in front of its body."""
    return next((n for n, child in enumerate(node.children) if child.type == "))"), 0)


def _loop(run: Run, node: Node, begin: Callable[[], None], *, once: bool = False) -> None:
    """A body that runs any number of times: what it leaves is where it begins, too."""
    body = node.child_by_field_name("body")
    if body is None:
        return
    path = run.state.branch()
    if not run.muted and not once:
        run.muted += 1
        left = _round(run, body, begin, run.state.branch())
        run.muted -= 1
        with run.on(path):
            run.settle(*left, run.state.branch())
    left = _round(run, body, begin, path)
    if not once:
        left.append(run.state.branch())
    run.settle(*left)


def _round(run: Run, body: Node, begin: Callable[[], None], path: State) -> list[State]:
    """One round of a loop; the paths out of it."""
    frame = Frame(Kind.LOOP, run.state)
    run.frames.append(frame)
    with run.on(path):
        begin()
        follow(run, [body])
    run.frames.pop()
    return frame.paths(path)


def _assignment(run: Run, node: Node) -> None:
    substitutions(run, node)
    assignment(run, node)


def _function(run: Run, node: Node) -> None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is not None and body is not None:
        run.functions[run.script.source(name)] = Function(run.script, body)


_STATEMENTS: dict[str, Callable[[Run, Node], None]] = {
    "ERROR": _sequence,
    "c_style_for_statement": _counted,
    "case_statement": _case,
    "command": command,
    "compound_statement": _sequence,
    "declaration_command": declare,
    "do_group": _sequence,
    "for_statement": _for,
    "function_definition": _function,
    "if_statement": _if,
    "list": _list,
    "negated_command": _sequence,
    "pipeline": _pipeline,
    "program": _sequence,
    "redirected_statement": _redirected,
    "subshell": _aside,
    "unset_command": unset,
    "variable_assignment": _assignment,
    "variable_assignments": _sequence,
    "while_statement": _while,
}
