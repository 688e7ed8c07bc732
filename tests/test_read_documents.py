"""YAML and JSON mean what the framework will see, and every value is where it says it is."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rlconfig_lint.model import UNKNOWN, Block
from rlconfig_lint.readers import documents, read
from rlconfig_lint.readers.text import Text, UnreadableError


def blocks(body: str, name: str = "a.yaml") -> tuple[Block, ...]:
    return documents.read(Text.decode(name, body.encode()))


def values(body: str, name: str = "a.yaml") -> dict[str, object]:
    (block,) = blocks(body, name)
    return {".".join(entry.path): entry.value for entry in block.entries}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("off", False, id="YAML 1.1: off is false"),
        pytest.param("Yes", True, id="YAML 1.1: Yes is true"),
        pytest.param("1e-5", 1e-5, id="OmegaConf: a float without a dot"),
        pytest.param("1_000", 1000, id="underscores in numbers"),
        pytest.param("~", None, id="null"),
        pytest.param('""', "", id="a bare flag in PipelineRL's style"),
        pytest.param("'0.7'", "0.7", id="a quoted number is text"),
        pytest.param("!include other.yaml", UNKNOWN, id="a tag nobody here can resolve"),
        pytest.param("0o8", "0o8", id="no number after all"),
    ],
)
def test_scalars(written: str, meant: object) -> None:
    assert values(f"key: {written}") == {"key": meant}


def test_anchors_and_merge_keys_are_followed_and_marked_as_shared() -> None:
    (block,) = blocks("base: &b {seed: 1, dtype: auto}\nengine:\n  <<: *b\n  seed: 2\n")
    found = {".".join(e.path): (e.value, e.shared) for e in block.entries}
    assert found["engine.seed"] == (2, False)
    assert found["engine.dtype"] == ("auto", True)


def test_each_document_is_a_block() -> None:
    assert [block.index for block in blocks("a: 1\n---\nb: 2\n")] == [0, 1]


def test_json_may_be_indented_with_tabs() -> None:
    assert values('{\n\t"engine": {"seed": 1}\n}', "a.json")["engine.seed"] == 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        pytest.param("a: [1, 2", "does not parse", id="truncated"),
        pytest.param("a: 1\n b: 2", "does not parse", id="indentation"),
        pytest.param("a: " + "[" * 3000, "brackets deep", id="3,000 brackets"),
        pytest.param("a: " + "{b: " * 3000, "brackets deep", id="3,000 braces"),
    ],
)
def test_what_cannot_be_read_says_so(body: str, says: str) -> None:
    with pytest.raises(UnreadableError, match=says):
        blocks(body)


def test_an_alias_bomb_is_refused() -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(UnreadableError, match="keys"):
        blocks(bomb)


def test_a_merge_bomb_is_opened_once() -> None:
    bomb = "a: &a {k: 1}\n" + "".join(
        f"{new}: &{new}\n  <<: [{', '.join([f'*{old}'] * 9)}]\n  {new}: 1\n"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    assert values(bomb)["i.k"] == 1


def test_a_helm_template_is_no_error() -> None:
    source = read("a.yaml", b'labels:\n  {{- include "x" . | nindent 4 }}\nimage: vllm\n')
    assert source.template
    assert not read("a.yaml", b"a: 'x {{ y }}'\n").template


def test_a_template_is_no_error() -> None:
    source = read("a.yaml", b"{% if x %}\nvllm: 1\n{% endif %}\n")
    assert source.template


scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)
)
trees = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8),
    st.recursive(scalars, lambda inner: st.lists(inner, max_size=3), max_leaves=5),
    min_size=1,
    max_size=5,
)


@given(trees, st.booleans(), st.booleans())
def test_every_span_parses_back_to_its_value(
    tree: dict[str, object], flow: bool, crlf: bool
) -> None:
    body = yaml.safe_dump({"root": tree}, default_flow_style=flow, allow_unicode=True)
    body = body.replace("\n", "\r\n") if crlf else body
    text = Text("a.yaml", body)
    for entry in documents.read(text)[0].entries:
        place = entry.value_place
        if place is None or isinstance(entry.value, dict | list) or entry.shared:
            continue
        sliced = body[place.start : place.end]
        if "\n" not in sliced:
            (again,) = documents.read(Text("b.yaml", f"k: {sliced}"))
            assert again.entries[0].value == entry.value


@given(st.binary(max_size=200), st.sampled_from(["a.yaml", "a.py", "a.sh", "a.toml", "a.json"]))
def test_reading_never_raises(data: bytes, name: str) -> None:
    source = read(name, data)
    assert source.path == name
