"""Where our reading of a word says that it is known, it is bash's word.

Bash runs with an empty environment in an empty folder, and only what is generated here: assignments
of known text and `printf`. There are no commands, no functions and no loops in it.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rlconfig_lint.readers.shell import reader as shell
from rlconfig_lint.readers.text import Text

HIDDEN = "\0"
NAMES = ("A", "B", "C")

names = st.sampled_from(NAMES)
plain = st.sampled_from(
    ["a", "b.c=1", "--x", "--y=2", "-1", "[1,2]", "é", "a:b", "%", "@", "{x", "~"]
)
escaped = st.sampled_from([r"\$", r"\"", r"\'", r"\\", r"\a", r"\ "])
single = st.sampled_from(["''", "'p q'", "'$A'", "'\"'", "'\\'", "'{\"a\": 1}'", "'{x,y}'"])
expansions = st.builds(
    str.format,
    st.sampled_from(
        ["${0}", "${{{0}}}", "${{{0}[0]}}", "${{{0}[1]}}", "${{{0}[@]}}", "${{{0}[*]}}"]
    ),
    names,
)
operators = st.sampled_from([":-", "-", ":=", "=", ":+", "+"])


def with_default(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds("${{{}{}{}}}".format, names, operators, inner)


def quoted(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, max_size=3).map(lambda parts: '"' + "".join(parts) + '"')


inside_quotes = st.sampled_from(["a", "b c", "'", "{a,b}", r"\n", r"\$", r"\"", r"\\", "\\\n", "~"])
double = quoted(st.one_of(inside_quotes, expansions, with_default(inside_quotes)))
pieces = st.one_of(
    plain, single, double, expansions, escaped, with_default(st.one_of(plain, double))
)
braces = st.sampled_from(["{a,b}", "{1..3}"])
words = st.one_of(st.lists(pieces, min_size=1, max_size=3).map("".join), braces)
arguments = st.lists(words, max_size=4).flatmap(
    lambda found: st.sampled_from([" ", "  ", " \\\n  "]).map(lambda gap: gap.join(found))
)
comment = st.sampled_from(["", "# x 'y\n", '# "\n'])
statements = st.one_of(
    st.builds("{}={}".format, names, words),
    st.builds("{}+={}".format, names, words),
    st.builds("{}=({})".format, names, arguments),
    st.builds("{}+=({})".format, names, arguments),
    st.builds("{}=(\n{}\n{}{}\n)".format, names, arguments, comment, arguments),
    st.builds("unset {}".format, names),
    st.builds(': "${{{}:={}}}"'.format, names, st.sampled_from(["v", "v w", ""])),
)
scripts = st.builds(
    lambda before, last: "\n".join([*before, f"show {last}"]) + "\n",
    st.lists(statements, max_size=6),
    arguments,
)


def bashs_words(script: str, folder: Path) -> list[str] | None:
    """What `show` is called with; None where bash refuses the script."""
    body = f"show() {{ printf '%s\\0' ok \"$@\"; }}\n{script}"
    bash = ["bash", "--norc", "--noprofile", "-c", body]
    done = subprocess.run(bash, env={}, cwd=folder, capture_output=True, check=False, timeout=10)
    if done.returncode or done.stderr:
        return None
    return done.stdout.decode().split("\0")[1:-1]


def our_words(script: str) -> list[str] | None:
    """The words of `show`; None where not all of them are known."""
    marked = script.replace("show ", "show --shown ")
    blocks = [block for block in shell.read(Text("a.sh", marked)) if block.words[0] == "show"]
    if not blocks or blocks[-1].open or any(HIDDEN in word for word in blocks[-1].words):
        return None
    return list(blocks[-1].words[2:])


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("empty")


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(script=scripts)
def test_a_known_word_is_bashs(script: str, empty: Path) -> None:
    ours, bashs = our_words(script), bashs_words(script, empty)
    assert ours is None or bashs is None or ours == bashs


@pytest.mark.parametrize(
    "script",
    [
        "show a b",
        'A="p q"\nshow $A "$A" x$A"y"',
        'A=(1 \'p q\')\nA+=(3)\nshow "${A[@]}" ${A[@]} "${A[*]}" ${A[1]}',
        'A=()\nshow "${A[@]}" ${A[@]+"${A[@]}"} x"${A[@]}"y',
        'A=\nshow ${A:-d e} "${A:-d e}" "${A-d}" ${A:+x}',
        ': ${B:=v w}\nshow $B "$B"',
        'show \'{"a": 1}\' "{\\"a\\": $((1))}" \\$A',
        'A=\'{"a": {"b": [1, 2]}}\'\nshow a.b="$A" --x="$A"',
        "A=(1 2)\nA=3\nshow ${A[@]}",
        'A=("a"b\'c\' # d\n  e)\nshow "${A[@]}"',
    ],
)
def test_what_scripts_write_is_known(script: str, empty: Path) -> None:
    """The property above would hold for a reader that knows nothing."""
    known = our_words(f"{script}\n".replace("$((1))", "1"))
    assert known == bashs_words(f"{script}\n", empty)
    assert known is not None
