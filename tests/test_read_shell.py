"""Shell: the words of a command, with what the same script assigns."""

from __future__ import annotations

import pytest

from rlconfig_lint.model import UNKNOWN, Block
from rlconfig_lint.readers import read
from rlconfig_lint.readers.shell import reader as shell
from rlconfig_lint.readers.text import Text


def command(body: str) -> Block:
    return shell.read(Text("a.sh", body))[-1]


def values(body: str) -> dict[str, object]:
    return {entry.key: entry.value for entry in command(body).entries}


@pytest.mark.parametrize(
    ("body", "key", "value"),
    [
        ("vllm serve M --seed 1", "--seed", 1),
        ("vllm serve M --seed=1", "--seed", 1),
        ("vllm serve M \\\n  --seed 1 \\\n  --port 8", "--seed", 1),
        ("vllm serve M --no-enable-prefix-caching", "--no-enable-prefix-caching", True),
        ("vllm serve M --enable-prefix-caching --port 8", "--enable-prefix-caching", True),
        ("vllm serve M --enable-prefix-caching false", "--enable-prefix-caching", False),
        ("s=1\nvllm serve M --seed $s", "--seed", 1),
        ("vllm serve M --seed ${S:-1}", "--seed", 1),
        ("export S=1\nvllm serve M --seed=${S}", "--seed", 1),
        ('A=(--seed 1)\nvllm serve M "${A[@]}"', "--seed", 1),
        ('A=(--port 8)\nA+=(--seed 1)\nvllm serve M "${A[@]}"', "--seed", 1),
        ("E='--seed 1 --port 8'\nvllm serve M $E", "--seed", 1),
        ("t=1.0\npython -m x a.b=${t}", "a.b", 1.0),
        ("python -m x +a.b=1", "+a.b", 1),
        ("python -m x ++a.b=c", "++a.b", "c"),
        ("python -m x a.b='c d'", "a.b", "c d"),
        ("python -m x 'a.b=[1,2]'", "a.b", [1, 2]),
        ("python -m x --flag a.b=1", "a.b", 1),
        ("""vllm serve M --hf-overrides '{"a": 1}'""", "--hf-overrides", {"a": 1}),
        ("""J='{"a": 1}'\npython -m x a.b="$J\"""", "a.b", {"a": 1}),
        ("vllm serve M --seed ${S-1}", "--seed", 1),
        (": ${S:=1}\nvllm serve M --seed $S", "--seed", 1),
        ('S=\nvllm serve M --seed "${S:-1}"', "--seed", 1),
        ("declare -r S=1\nvllm serve M --seed $S", "--seed", 1),
        ("export P=8 S=1\nvllm serve M --seed $S", "--seed", 1),
        ("A=(--seed 1)\nvllm serve M ${A[*]}", "--seed", 1),
        ('A=(--seed\n  # 2\n  1)\nvllm serve M "${A[@]}"', "--seed", 1),
        ('A=(7 1)\nvllm serve M --seed "${A[1]}"', "--seed", 1),
        ("vllm serve M --port 8 2>&1 --seed 1", "--seed", 1),
        ("env A=1 vllm serve M --seed 1", "--seed", 1),
        ("set -- 7 1\nshift\nvllm serve M --seed $1", "--seed", 1),
    ],
)
def test_flags_and_overrides(body: str, key: str, value: object) -> None:
    assert values(body)[key] == value


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("vllm serve M --seed $S", id="never assigned"),
        pytest.param("vllm serve M --seed $(cat seed)", id="a command's output"),
        pytest.param("vllm serve M --seed $((1 + 1))", id="arithmetic"),
        pytest.param("s=1\nif [ $x ]; then s=2; fi\nvllm serve M --seed $s", id="a branch"),
        pytest.param(
            "if [ $x ]; then s=2; fi\nvllm serve M --seed $s", id="perhaps never assigned"
        ),
        pytest.param("s=1\na && s=2\nvllm serve M --seed $s", id="behind an operator"),
        pytest.param("for s in 1 2; do vllm serve M --seed $s; done", id="a loop"),
        pytest.param("s=1\nfor x in a b; do vllm serve M --seed $s; s=2; done", id="a later round"),
        pytest.param("read -r s\nvllm serve M --seed $s", id="an input"),
        pytest.param("s=1\n((s++))\nvllm serve M --seed $s", id="counted"),
        pytest.param("vllm serve M --seed ${S:+1}", id="an alternative for the environment's"),
        pytest.param("s=a\nvllm serve M --seed ${s^^}", id="an operator that is not followed"),
        pytest.param("vllm serve M --seed {{ seed }}", id="a template's"),
        pytest.param("vllm serve M --seed ${{ matrix.seed }}", id="a workflow's"),
        pytest.param("s=1\nfalse || . ./other.sh\nS=$T\nvllm serve M --seed $S", id="another file"),
    ],
)
def test_what_only_a_run_would_tell_is_unknown(body: str) -> None:
    assert values(body)["--seed"] is UNKNOWN


def test_variables_set_for_the_command_and_exported_before_it() -> None:
    block = command("export VLLM_USE_V1=0\nB=2 vllm serve M --seed 1")
    assert {name: entry.value for name, entry in block.env.items()} == {"VLLM_USE_V1": 0, "B": 2}


def test_a_value_that_grows_without_end_is_cut() -> None:
    body = "a=xxxxxxxxxx\n" + 'a="$a$a"\n' * 60 + "vllm serve M --served-model-name $a"
    assert values(body)["--served-model-name"] is UNKNOWN


def test_spans_count_characters_not_bytes() -> None:
    body = "# Ω\nvllm serve M --seed 17\n"
    (entry,) = command(body).entries
    assert entry.value_place is not None
    assert body[entry.value_place.start : entry.value_place.end] == "17"


def test_what_every_branch_assigns_is_known() -> None:
    branches = "if [ $x ]; then s=1; p=2; else s=1; p=3; fi\n"
    found = values(f"{branches}vllm serve M --seed $s --port $p")
    assert found == {"--seed": 1, "--port": UNKNOWN}


def test_a_branch_that_ends_the_script_leaves_nothing_behind() -> None:
    body = "case $x in a) s=1;; *) s=2; exit 1;; esac\nvllm serve M --seed $s"
    assert values(body)["--seed"] is UNKNOWN  # without `a`, nothing is assigned
    body = "if [ $x ]; then s=1; else s=2; exit 1; fi\nvllm serve M --seed $s"
    assert values(body)["--seed"] == 1


def test_a_script_is_judged_as_it_stands() -> None:
    """Tests whose answer its own defaults give are answered."""
    given = 'B=${B:-vllm}\nif [ "$B" = vllm ]; then s=1; else s=2; fi\n'
    assert values(f"{given}vllm serve M --seed $s")["--seed"] == 1
    given = 'M=${M:-}\ncase "$M" in big) s=2;; *) s=1;; esac\n'
    assert values(f"{given}vllm serve M --seed $s")["--seed"] == 1


def test_what_a_script_insists_on_is_given_to_it() -> None:
    body = 'M=${M:-}\nif [ -z "$M" ]; then exit 1; fi\nvllm serve "$M" --seed 1 --tokenizer $M'
    assert values(body) == {"--seed": 1, "--tokenizer": UNKNOWN}


def test_a_branch_that_is_not_taken_is_read_without_its_condition() -> None:
    body = 'B=${B:-vllm}\nif [ "$B" = sglang ]; then\n  run --backend $B --seed 1\nfi\nx --a b'
    (block, _) = shell.read(Text("a.sh", body))
    assert {entry.key: entry.value for entry in block.entries}["--backend"] is UNKNOWN


# --- functions ---


def test_a_function_is_read_with_the_arguments_of_its_call() -> None:
    body = 'serve() {\n  vllm serve M --seed "$1" "${@:2}"\n}\nserve 1 --port 8\n'
    assert values(body)["--seed"] == 1
    body = 'f() {\n  local s=${1:-7}\n  shift\n  vllm serve M --seed $s "$@"\n}\nf 1 --port 8\n'
    assert values(body) == {"--seed": 1, "--port": 8}


def test_a_function_that_is_never_called_gives_its_commands_as_they_are() -> None:
    body = 's=1\nserve() {\n  vllm serve M --seed $s --port $1 "$@"\n}\n'
    assert values(body) == {"--seed": 1, "--port": UNKNOWN}
    assert command(body).inside == "serve"
    assert not command(body).open


def test_what_a_function_assigns_holds_after_its_call() -> None:
    body = "defaults() {\n  local p=9\n  s=1\n}\np=8\ndefaults\nvllm serve M --seed $s --port $p"
    assert values(body) == {"--seed": 1, "--port": 8}


def test_a_function_that_returns_early_may_not_have_assigned() -> None:
    body = "f() {\n  s=1\n  if [ $x ]; then return; fi\n  s=2\n}\nf\nvllm serve M --seed $s"
    assert values(body)["--seed"] is UNKNOWN


def test_each_call_is_a_command() -> None:
    body = "serve() {\n  vllm serve M --seed $1\n}\nserve 1\nserve 2\n"
    seeds = [block.entries[0].value for block in shell.read(Text("a.sh", body))]
    assert seeds == [1, 2]


def test_a_function_that_calls_itself_is_followed_once() -> None:
    assert values("f() {\n  vllm serve M --seed 1\n  f\n}\nf\n")["--seed"] == 1


# --- what may hide ---


@pytest.mark.parametrize(
    ("body", "hides"),
    [
        pytest.param('vllm serve M --seed 1 "$@"', False, id="a caller's arguments"),
        pytest.param("vllm serve M --seed 1 $EXTRA", True, id="a variable nobody assigns"),
        pytest.param('vllm serve M --seed 1 "${EXTRA[@]}"', True, id="an array nobody assigns"),
        pytest.param("vllm serve --model $MODEL --seed 1", False, id="a flag's value"),
        pytest.param("vllm serve --seed 1 --port $ARGS", True, id="a name that says several words"),
        pytest.param("E=()\nvllm serve M --seed 1 ${E[@]}", False, id="an empty array"),
        pytest.param("bash train.sh a.b=1", True, id="a script with more to say"),
    ],
)
def test_arguments_may_hide_in_what_is_not_known(body: str, hides: bool) -> None:
    assert command(body).open is hides


def test_an_argument_that_a_branch_may_add_has_its_key_and_no_value() -> None:
    body = 'A=(a.b=1)\nif [ $x ]; then A+=(c.d=2); fi\npython x.py "${A[@]}"'
    assert values(body) == {"a.b": 1, "c.d": UNKNOWN}


def test_nothing_is_configured_by_printing() -> None:
    assert shell.read(Text("a.sh", 'A=(vllm serve --seed 1)\necho "${A[@]}"')) == ()


# --- places ---


@pytest.mark.parametrize(
    ("body", "shared"),
    [
        pytest.param("vllm serve M --seed 1", False, id="written in the command"),
        pytest.param('A=(--seed 1)\nvllm serve M "${A[@]}"', False, id="written in its array"),
        pytest.param("s=1\nvllm serve M --seed $s", True, id="a variable"),
        pytest.param("vllm serve M --seed ${S:-1}", True, id="a default"),
        pytest.param("A=(--seed)\nvllm serve M ${A[0]} 1", True, id="half of it elsewhere"),
        pytest.param('A=(--seed)\nvllm serve M "${A[@]}" 1', True, id="the flag elsewhere"),
        pytest.param('f() { vllm serve M --seed "$1"; }\nf 1', True, id="an argument"),
        pytest.param(
            'if [ $x ]; then A=(--seed 1); else A=(--seed 1); fi\nvllm serve M "${A[@]}"',
            True,
            id="written in two branches",
        ),
    ],
)
def test_what_stands_elsewhere_is_shared(body: str, shared: bool) -> None:
    (entry,) = command(body).entries
    assert (entry.value, entry.shared) == (1, shared)


# --- templates and hostile files ---


def test_a_template_is_no_error() -> None:
    assert read("a.sh", b"{% if x %}\nvllm serve M\n{% endif %}\n").template
    assert read("a.sh.j2", b"vllm serve {{ model }}\n").template


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("cat > t.jinja <<'EOF'\n{% if x %}\nEOF\nvllm serve M --seed 1", id="heredoc"),
        pytest.param("T='\n{% if x %}'\nvllm serve M --seed 1", id="string"),
    ],
)
def test_a_template_inside_a_script_is_no_template(body: str) -> None:
    assert values(body)["--seed"] == 1


def test_what_a_call_multiplies_is_bounded() -> None:
    functions = "".join(f"f{n}() {{ f{n - 1}; f{n - 1}; }}\n" for n in range(1, 60))
    body = f"f0() {{ vllm serve M --seed 1; }}\n{functions}f59\n"
    assert read("a.sh", body.encode()).problem is None


def test_an_array_that_grows_without_end_is_refused_or_cut() -> None:
    body = "A=(a b)\n" + 'A+=("${A[@]}")\n' * 2_000 + 'vllm serve M --seed 1 "${A[@]}"'
    assert read("a.sh", body.encode()).path == "a.sh"
