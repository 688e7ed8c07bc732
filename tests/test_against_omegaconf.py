"""What this tool says a configuration means, OmegaConf says too: scalars, merges, interpolations.

Where the tool says UNKNOWN there is nothing to compare; where it gives a value it is the same one.
"""

from __future__ import annotations

import string

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from rlconfig_lint.model import UNKNOWN
from rlconfig_lint.resolve.tree import keys_of
from tests.hydra_oracle import REFUSED, disagreements, loaded, tree_of

# --- scalars ---

_LETTERS = string.ascii_letters + string.digits + "_-+.:~eExXoO/@%=?!&*|>'\"[]{}#, \\$"


@pytest.mark.parametrize(
    "written",
    [
        *("1", "-1", "+1", "0", "00", "010", "0o10", "0x1F", "0b11", "1_000", "_1", "1_", "1__0"),
        *("1.", ".5", "-.5", "1.5e3", "1e5", "1e-5", "1E5", ".5e3", ".5e+3", "1_0.5", "1e", "e1"),
        *(".inf", "-.inf", "+.INF", ".nan", "-.nan", "inf", "nan", "1:30", "1:30.5", "12:30:45"),
        *("true", "True", "TRUE", "tRUE", "yes", "No", "on", "OFF", "y", "n", "null", "Null", "~"),
        *("2026-08-22", "2026-08-22 10:00:00", "'1'", '"1"', '"a\\nb"', "a b", "???", "'???'"),
        *("!!str 1", "!!float 1", "!!int '1'", "=", "<<", "!x 1", "0.0", "-0", "1e400", "9" * 30),
    ],
)
def test_a_scalar_means_what_omegaconf_loads(written: str) -> None:
    _same_as_loaded(f"key: {written}\n")


@given(st.text(st.sampled_from(_LETTERS), min_size=1, max_size=8))
def test_any_scalar_means_what_omegaconf_loads(written: str) -> None:
    assume(not written.startswith("!"))  # libyaml and PyYAML differ on what `! x` is
    _same_as_loaded(f"key: {written}\n")


@given(st.from_regex(r"[-+]?[0-9_.]{1,5}([eE][-+]?[0-9_]{0,3})?(:[0-9]{1,2})?", fullmatch=True))
def test_any_number_means_what_omegaconf_loads(written: str) -> None:
    _same_as_loaded(f"key: {written}\n")


def _same_as_loaded(text: str) -> None:
    config = loaded(text)
    if config is not None:
        assert disagreements(tree_of(text), config) == []


# --- anchors and merge keys ---


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("a: &a {x: 1, y: 1}\nb: {<<: *a, x: 2}\n", id="own keys win"),
        pytest.param("a: &a {x: 1}\nb: {x: 2, <<: *a}\n", id="own keys win in front too"),
        pytest.param(
            "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n", id="of a list the first wins"
        ),
        pytest.param(
            "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: *a, <<: *b}\n", id="of two keys the last"
        ),
        pytest.param("a: &a {x: {p: 1}}\nb: {<<: *a, x: {q: 2}}\n", id="mappings are not merged"),
        pytest.param("a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n", id="a chain"),
        pytest.param("a: &a [1, 2]\nb: *a\n", id="an alias of a list"),
        pytest.param("a: &a {x: null}\nb: {<<: *a}\n", id="null"),
        pytest.param("a: &a {x: 1}\nb: {<<: [*a, {y: 2}], '<<': 3}\n", id="a quoted merge key"),
    ],
)
def test_merge_keys_mean_what_pyyaml_constructs(text: str) -> None:
    _same_as_constructed(text)


@st.composite
def _anchored(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(2, 5))):
        pairs = [f"{k}: {number}" for k in draw(st.lists(st.sampled_from("xyz"), unique=True))]
        if number:
            earlier = st.sampled_from([f"*m{n}" for n in range(number)])
            for parents in draw(st.lists(st.lists(earlier, min_size=1, max_size=3), max_size=2)):
                merge = parents[0] if len(parents) == 1 else f"[{', '.join(parents)}]"
                pairs.insert(draw(st.integers(0, len(pairs))), f"<<: {merge}")
        lines.append(f"m{number}: &m{number} {{{', '.join(pairs)}}}\n")
    return "".join(lines)


@given(_anchored())
def test_any_merge_keys_mean_what_pyyaml_constructs(text: str) -> None:
    _same_as_constructed(text)


def _same_as_constructed(text: str) -> None:
    assert disagreements(tree_of(text), OmegaConf.create(yaml.safe_load(text))) == []


# --- one configuration over another ---

_KEYS = st.sampled_from("abc")
_PLAIN = st.one_of(
    st.none(),
    st.integers(0, 3),
    st.sampled_from(["text", "???", "${a}", "${.b}", "${..c}", "${b.a}", "${c.a.b}", "x-${a}"]),
    st.lists(st.integers(0, 3), max_size=2),
)
_CONFIGS = st.dictionaries(
    _KEYS, st.recursive(_PLAIN, lambda inner: st.dictionaries(_KEYS, inner, max_size=3)), max_size=3
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_CONFIGS, min_size=1, max_size=3))
def test_laid_over_one_another_they_are_what_omegaconf_merges(
    configs: list[dict[str, object]],
) -> None:
    try:
        merged = OmegaConf.merge(*configs)
    except (*REFUSED, RecursionError):
        assume(False)
        return
    tree = tree_of("")
    for config in configs:
        tree = tree_of(yaml.safe_dump(config)).under(tree)
    assert disagreements(tree, merged) == []


@pytest.mark.parametrize(
    ("parent", "child", "path", "value"),
    [
        pytest.param("a: 1", "a: null", "a", None, id="null overrides"),
        pytest.param("a: {b: 1}", "a: null", "a.b", "absent", id="null removes a mapping"),
        pytest.param("a: {b: 1}", "a: {}", "a.b", 1, id="an empty mapping changes nothing"),
        pytest.param("a: [1, 2]", "a: [3]", "a", [3], id="a list is replaced"),
        pytest.param("a: [1, 2]", "a: [3]", "a.1", "absent", id="with its items"),
        pytest.param("a: 1", "a: ???", "a", 1, id="what is missing keeps the parent's"),
        pytest.param("a: ???", "b: 1", "a", UNKNOWN, id="what nobody says is unknown"),
        pytest.param("b: 1\na: ${b}", "a: {y: 2}", "a.y", 2, id="a mapping takes a value's place"),
    ],
)
def test_merging(parent: str, child: str, path: str, value: object) -> None:
    entry = tree_of(child).under(tree_of(parent)).get(keys_of(path))
    assert ("absent" if entry is None else entry.value) == value


# --- interpolations ---

_BESIDE = """
i: 7
f: 1.5
t: true
n: null
s: text
e: ""
q: ???
l: [1, '${i}', x]
m: {k: 2, r: '${.k}', up: '${..i}', deep: {j: 3, far: '${...s}'}}
alias: ${m}
again: ${alias.deep}
name: s
loop: ${pool}
pool: ${loop}
"""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${i}", 7),
        ("${ i }", 7),
        ("${f}", 1.5),
        ("${n}", None),
        ("${m.k}", 2),
        ("${m[k]}", 2),
        ("${m.r}", 2),
        ("${m.up}", 7),
        ("${m.deep.far}", "text"),
        ("${alias.k}", 2),
        ("${again.j}", 3),
        ("${.i}", 7),
        ("${l[1]}", 7),
        ("${l.0}", 1),
        ("${l}", [1, 7, "x"]),
        ("${i}-${s}", "7-text"),
        ("x${t}y${n}z", "xTrueyNonez"),
        ("${f}%", "1.5%"),
        ("${${name}}", "text"),
        ("${m.${.name}}", UNKNOWN),
        (r"\${i}", "${i}"),
        (r"\\${i}", r"\7"),
        (r"a\b ${i}", r"a\b 7"),
        ("$i ${i}", "$i 7"),
        ("${oc.select:i}", 7),
        ("${oc.select:nowhere,5}", 5),
        ("${oc.select:nowhere}", None),
        ("${oc.select:q,5}", 5),
        ("${oc.select:n,5}", None),
        ("${oc.select:m.k,5}", 2),
        ("${oc.select:.i,5}", 7),
        ("${oc.select:nowhere,${i}}", 7),
        ("${oc.select:nowhere,null}", None),
        ("${oc.select:nowhere,[]}", []),
        ("${oc.select:nowhere,'a b'}", "a b"),
        ("${oc.select:nowhere, 1e-5 }", 1e-5),
        ("${oc.select:nowhere,yes}", "yes"),
        ("${oc.select:nowhere,01}", "01"),
        ("${oc.decode:1e3}", UNKNOWN),
        ("${oc.decode:'1e3'}", 1000.0),
        ("${oc.decode:${s}}", "text"),
        ("${oc.decode:null}", None),
        ("${oc.decode:'[1]'}", UNKNOWN),
        ("${q}", UNKNOWN),
        ("${nowhere}", UNKNOWN),
        ("${loop}", UNKNOWN),
        ("${mul:2,3}", UNKNOWN),
        ("${oc.dict.keys:m}", UNKNOWN),
        ("${oc.create:{a: 1}}", UNKNOWN),
        ("${i", UNKNOWN),
        ("${}", UNKNOWN),
        ("x${l}", UNKNOWN),
    ],
)
def test_an_interpolation_gives(written: str, value: object) -> None:
    text = f"{_BESIDE}v: '{written.replace(chr(39), chr(39) * 2)}'\n"
    entry = tree_of(text).get(("v",))
    assert entry is not None
    assert (entry.value, type(entry.value)) == (value, type(value))
    config = loaded(text)
    assert config is None or disagreements(tree_of(text), config) == []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${oc.env:RLCONFIG_LINT_NEVER_SET,8}", "8"),
        ("${oc.env:RLCONFIG_LINT_NEVER_SET,1e-5}", "1e-05"),
        ("${oc.env:RLCONFIG_LINT_NEVER_SET,null}", None),
        ("${oc.env:RLCONFIG_LINT_NEVER_SET,/data/x.y}", "/data/x.y"),
        ("${oc.env:RLCONFIG_LINT_NEVER_SET,http://a.b:80/c}", "http://a.b:80/c"),
        ("${oc.decode:${oc.env:RLCONFIG_LINT_NEVER_SET,8}}", 8),
        ("${oc.decode:${oc.env:RLCONFIG_LINT_NEVER_SET,true}}", True),
        ("p-${oc.env:RLCONFIG_LINT_NEVER_SET,x}", "p-x"),
    ],
)
def test_a_variables_default_is_taken_and_marked(written: str, value: object) -> None:
    text = f"v: {written}\nw: ${{v}}\n"
    for key in ("v", "w"):
        entry = tree_of(text).get((key,))
        assert entry is not None
        assert (entry.value, entry.overridable) == (value, True)
    config = loaded(text)
    assert config is not None
    assert disagreements(tree_of(text), config) == []


def test_a_variable_without_a_default_is_unknown() -> None:
    entry = tree_of("v: ${oc.env:HOME}\n").get(("v",))
    assert entry is not None
    assert entry.value is UNKNOWN


_FRAGMENTS = st.sampled_from(
    [
        *("${", "}", "i", "s", "m", "k", ".", "..", "[", "]", ":", ",", "\\", "$", "'", '"', " "),
        *("oc.select:", "oc.env:", "oc.decode:", "nowhere", "1", "1e-5", "null", "true", "{", "x"),
        *("${i}", "${m.k}", "${.s}", "${oc.select:nowhere,", "-", "/", "=", "(", "é"),
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(_FRAGMENTS, min_size=1, max_size=7).map("".join))
def test_any_interpolation_gives_what_omegaconf_resolves(written: str) -> None:
    text = f"{_BESIDE}v: {yaml.safe_dump(written, width=1000).strip()}\n"
    text = text.replace("\n...", "")
    config = loaded(text)
    assume(config is not None)
    assert config is not None
    assert disagreements(tree_of(text), config) == []


def test_references_cannot_blow_up() -> None:
    lines = ["a0: xxxxxxxxxx"] + [f"a{n}: '${{a{n - 1}}}${{a{n - 1}}}'" for n in range(1, 60)]
    entry = tree_of("\n".join(lines)).get(("a59",))
    assert entry is not None
    assert entry.value is UNKNOWN
