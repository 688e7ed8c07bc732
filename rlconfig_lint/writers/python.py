"""Writes arguments and statements into Python: libcst for the one call that changes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import cast

import libcst as cst

from rlconfig_lint.model import UNKNOWN, AddStatementAfter, Place, Put, PutArguments, Value
from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.python.reader import parse
from rlconfig_lint.readers.text import Text
from rlconfig_lint.writers import CannotWriteError, Splice, narrowed


def put(text: Text, edit: Put) -> Splice:
    """A new value for an argument, or a new argument or dict key where the others stand."""
    if edit.entry is not None:
        place = edit.entry.value_place
        if place is None:
            raise CannotWriteError("the argument has no value of its own")
        return Splice(place.start, place.end, literal(edit.value))
    block = edit.home.block
    if block.keys_at is not None:
        return _rewrite(text, block.keys_at, lambda node: _with_key(node, edit.name, edit.value))
    return put_arguments(text, PutArguments(block.place, {edit.name: edit.value}))


def put_arguments(text: Text, edit: PutArguments) -> Splice:
    def change(node: cst.BaseExpression) -> cst.BaseExpression:
        if not isinstance(node, cst.Call):
            raise CannotWriteError("there is no call here any more")
        arguments = dict(edit.arguments)
        for dropped in edit.dropped:
            name, value = next(iter(arguments.items()), ("", UNKNOWN))
            node = _renamed(node, dropped, name, value)
            arguments.pop(name, None)
        return _with_arguments(node, arguments)

    return _rewrite(text, edit.place, change)


def add_statement(text: Text, edit: AddStatementAfter) -> Splice:
    """A line of its own behind the simple statement that holds `edit.place`."""
    spans = Spans(text)
    holder = None
    for node in ast.walk(parse(text)):
        if isinstance(node, ast.Expr):
            value = node.value.value if isinstance(node.value, ast.Await) else node.value
            if spans.place(value) == edit.place:
                holder = spans.place(node)
    if holder is None:
        raise CannotWriteError("the update is no statement of its own: nothing can follow it")
    line = text.line(holder.end_line)
    rest = line[holder.end_column - 1 :].strip()
    if rest and not rest.startswith("#"):
        raise CannotWriteError("another statement stands on the same line")
    if text.line(holder.line)[: holder.column - 1].strip():
        raise CannotWriteError("the statement does not begin its line")
    end = text.line_starts[holder.end_line - 1] + len(line)
    return Splice(end, end, text.newline + text.indentation(holder.start) + edit.statement)


def literal(value: Value) -> str:
    """Python source for a value, strings in double quotes."""
    if isinstance(value, str):
        quoted = repr(value)
        return f'"{value}"' if quoted == f"'{value}'" and '"' not in value else quoted
    if isinstance(value, dict):
        pairs = (f"{literal(k)}: {literal(cast('Value', v))}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    return repr(value)


# --- one expression, through libcst ---


def _rewrite(
    text: Text, place: Place, change: Callable[[cst.BaseExpression], cst.BaseExpression]
) -> Splice:
    source = text.body[place.start : place.end]
    config = cst.PartialParserConfig(default_newline=text.newline)
    try:
        node = cst.parse_expression(source, config)
    except (cst.ParserSyntaxError, RecursionError) as error:
        raise CannotWriteError(f"libcst cannot read the call: {error}") from None
    module = cst.Module(body=[], default_newline=text.newline)
    return narrowed(place.start, source, module.code_for_node(change(node)))


def _expression(value: Value) -> cst.BaseExpression:
    return cst.parse_expression(literal(value))


def _renamed(call: cst.Call, old: str, new: str, value: Value) -> cst.Call:
    """One argument under another name, its comma and comment kept."""
    return call.with_changes(
        args=[
            argument.with_changes(keyword=cst.Name(new), value=_expression(value))
            if argument.keyword is not None and argument.keyword.value == old
            else argument
            for argument in call.args
        ]
    )


def _with_arguments(call: cst.Call, wanted: Mapping[str, Value]) -> cst.Call:
    names = {argument.keyword.value for argument in call.args if argument.keyword is not None}
    call = call.with_changes(
        args=[
            argument.with_changes(value=_expression(wanted[argument.keyword.value]))
            if argument.keyword is not None and argument.keyword.value in wanted
            else argument
            for argument in call.args
        ]
    )
    for name, value in wanted.items():
        if name not in names:
            argument = cst.Arg(
                _expression(value),
                cst.Name(name),
                equal=cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace("")),
            )
            call = call.with_changes(args=_inserted(call, argument))
    return call


def _inserted(call: cst.Call, new: cst.Arg) -> Sequence[cst.Arg]:
    """Behind the last argument, in front of `**rest`, spaced as the others are."""
    arguments = list(call.args)
    if not arguments:
        return [new]
    at = next((i for i, a in enumerate(arguments) if a.star == "**"), len(arguments))
    if at < len(arguments):
        gap = _gap(call)
        arguments.insert(at, new.with_changes(comma=cst.Comma(whitespace_after=gap)))
        return arguments
    last = arguments[-1]
    if isinstance(last.comma, cst.Comma):
        end = last.comma.whitespace_after
        moved = last.with_changes(comma=cst.Comma(whitespace_after=_commented(_gap(call), end)))
        comma = cst.Comma(whitespace_after=_uncommented(end))
        return [*arguments[:-1], moved, new.with_changes(comma=comma)]
    end = last.whitespace_after_arg
    moved = last.with_changes(
        comma=cst.Comma(whitespace_after=_commented(_gap(call), end)),
        whitespace_after_arg=cst.SimpleWhitespace(""),
    )
    return [*arguments[:-1], moved, new.with_changes(whitespace_after_arg=_uncommented(end))]


def _gap(call: cst.Call) -> cst.BaseParenthesizableWhitespace:
    """What stands between two arguments here, or would: a space, or a new line as the first has."""
    for argument in call.args[:-1]:
        if isinstance(argument.comma, cst.Comma):
            return _uncommented(argument.comma.whitespace_after)
    before = call.whitespace_before_args
    return _uncommented(before) if _breaks(before) else cst.SimpleWhitespace(" ")


def _with_key(node: cst.BaseExpression, key: str, value: Value) -> cst.BaseExpression:
    """A dict display, or `dict(...)`, with one more key."""
    if isinstance(node, cst.Call):
        return _with_arguments(node, {key: value})
    if not isinstance(node, cst.Dict) or not node.elements:
        raise CannotWriteError("there is no dict to add to")
    new = cst.DictElement(cst.SimpleString(f'"{key}"'), _expression(value))
    elements = list(node.elements)
    last = elements[-1]
    first_comma = elements[0].comma if len(elements) > 1 else None
    gap: cst.BaseParenthesizableWhitespace = cst.SimpleWhitespace(" ")
    if isinstance(first_comma, cst.Comma):
        gap = _uncommented(first_comma.whitespace_after)
    elif _breaks(node.lbrace.whitespace_after):
        gap = _uncommented(node.lbrace.whitespace_after)
    closing = node.rbrace.whitespace_before
    if isinstance(last.comma, cst.Comma):
        new = new.with_changes(comma=cst.Comma())
    moved = last.with_changes(comma=cst.Comma(whitespace_after=_commented(gap, closing)))
    rbrace = node.rbrace.with_changes(whitespace_before=_uncommented(closing))
    return node.with_changes(elements=[*elements[:-1], moved, new], rbrace=rbrace)


def _breaks(space: cst.BaseParenthesizableWhitespace) -> bool:
    return isinstance(space, cst.ParenthesizedWhitespace)


def _uncommented(space: cst.BaseParenthesizableWhitespace) -> cst.BaseParenthesizableWhitespace:
    if not isinstance(space, cst.ParenthesizedWhitespace):
        return space
    first = space.first_line.with_changes(comment=None, whitespace=cst.SimpleWhitespace(""))
    return space.with_changes(first_line=first, empty_lines=[])


def _commented(
    space: cst.BaseParenthesizableWhitespace, end: cst.BaseParenthesizableWhitespace
) -> cst.BaseParenthesizableWhitespace:
    """`space`, with the comments that `end` held: they belong to the argument in front."""
    if not isinstance(end, cst.ParenthesizedWhitespace):
        return space
    if not isinstance(space, cst.ParenthesizedWhitespace):
        if end.first_line.comment is None and not end.empty_lines:
            return space
        return end
    return space.with_changes(first_line=end.first_line, empty_lines=end.empty_lines)
