"""Shell commands inside YAML: SkyPilot and workflow scripts, compose and Kubernetes commands.

A block scalar or a one-line scalar is read as the script it is, with its places in the document.
Lists of words, and scalars in which a character's place is not plain, are read and not rewritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import yaml

from rlconfig_lint.model import Block, Entry, Form
from rlconfig_lint.readers.shell import reader as shell
from rlconfig_lint.readers.shell.entries import given, value_of
from rlconfig_lint.readers.shell.words import HIDDEN, Word
from rlconfig_lint.readers.text import Lookup, Text, UnreadableError
from rlconfig_lint.readers.yaml_scalars import excerpt

SCRIPTS = frozenset(("before_script", "cmd", "run", "script", "setup"))
ARGUMENTS = ("entrypoint", "command", "args", "arguments")  # one command, in this order
ENVIRONMENTS = ("env", "envs", "environment", "secrets")

# One of these stands in every command that starts an engine or a trainer known here.
_MATTERS = re.compile(
    r"vllm|VLLM|actor_rollout_ref|inference_engine|off_policy_correction|policy\.generation"
    r"|generator\.|rlhf_type"
)
_SERVER_IMAGE = re.compile(r"(?:^|/)vllm-openai\b")
_SERVER = ("vllm", "serve")  # what such an image runs
_SHELL = re.compile(r"(?:.*/)?(?:ba|da|z)?sh")
_SCRIPT_OPTION = re.compile(r"-[a-z]*c")
_FILLED_IN = re.compile(r"\$?\{\{.*?\}\}|\$\([^()]*\)|\$\{[^{}]*\}|\$\w+")
_NAMED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)

Keys = tuple[str, ...]
Mappings = Mapping[Keys, Mapping[str, yaml.Node]]


@dataclass(frozen=True)
class _Holder:
    """A mapping that may have a command in it."""

    text: Text
    keys: Keys
    mappings: Mappings
    lookup: Lookup

    @property
    def nodes(self) -> Mapping[str, yaml.Node]:
        return self.mappings[self.keys]

    def path(self, key: str) -> str:
        return ".".join((*self.keys, key))

    def env(self) -> dict[str, Word]:
        """The variables that are set there and around it; the nearest wins."""
        around = (self.mappings.get(self.keys[:n], {}) for n in range(len(self.keys) + 1))
        return {name: word for found in around for name, word in _environment(self.text, found)}


def commands(text: Text, mappings: Mappings, lookup: Lookup) -> Iterator[Block]:
    """Every command in the scripts and word lists of a document. `mappings` are those that have
    a command or variables."""
    for keys in mappings:
        holder = _Holder(text, keys, mappings, lookup)
        yield from _scripts(holder)
        yield from _arguments(holder)


def _scripts(holder: _Holder) -> Iterator[Block]:
    interpreter = holder.nodes.get("shell")
    if isinstance(interpreter, yaml.ScalarNode) and not _SHELL.match(interpreter.value):
        return
    for key, node in holder.nodes.items():
        if key in SCRIPTS and isinstance(node, yaml.ScalarNode) and _MATTERS.search(node.value):
            yield from _script(holder, key, node)


def _script(holder: _Holder, key: str, node: yaml.ScalarNode) -> Iterator[Block]:
    try:
        text = excerpt(holder.text, node)
        yield from shell.read(text, holder.lookup, holder.env(), holder.path(key))
    except UnreadableError:
        return  # a template, or too much: the document says so where it is one


def _arguments(holder: _Holder) -> Iterator[Block]:
    """`entrypoint`, `command` and `args` are one command; an image may run one of its own."""
    nodes = {key: node for key in ARGUMENTS if (node := holder.nodes.get(key)) is not None}
    parts = [part for node in nodes.values() for part in _parts(node)]
    image = holder.nodes.get("image")
    serves = isinstance(image, yaml.ScalarNode) and bool(_SERVER_IMAGE.search(image.value))
    if not parts or not (serves or any(_MATTERS.search(part.value) for part in parts)):
        return
    key, first = next(iter(nodes.items()))
    script = first if isinstance(first, yaml.ScalarNode) and len(nodes) == 1 else _shells(parts)
    implied = _SERVER if serves and parts[0].value.lstrip()[:1] == "-" else ()
    if isinstance(script, yaml.ScalarNode) and not implied:
        yield from _script(holder, key, script)
    else:
        yield from _listed(holder, key, list(nodes.values()), implied)


def _parts(node: yaml.Node) -> list[yaml.ScalarNode]:
    """The scalars of a command: its words, or the one text that has them all."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    return [item for item in items if isinstance(item, yaml.ScalarNode)]


def _shells(parts: Sequence[yaml.ScalarNode]) -> yaml.ScalarNode | None:
    """The script of `["bash", "-c", script]`."""
    if not parts or not _SHELL.fullmatch(parts[0].value):
        return None
    option = next((n for n, p in enumerate(parts) if _SCRIPT_OPTION.fullmatch(p.value)), None)
    if option is None or option + 1 >= len(parts):
        return None
    return parts[option + 1]


def _listed(
    holder: _Holder, key: str, nodes: Sequence[yaml.Node], implied: Sequence[str]
) -> Iterator[Block]:
    """A command whose words stand one by one, or behind what an image runs."""
    words = [word for node in nodes for word in _words(holder, node)]
    found = given(words)
    if not found.entries:
        return
    start, end = nodes[0].start_mark.index, nodes[-1].end_mark.index
    texts = (*implied, *(word.text for word in words))
    yield Block(
        Form.COMMAND,
        " ".join(text for text in texts if HIDDEN not in text and text[:1] != "-")[:200],
        holder.text.place(start, end),
        found.entries,
        open=found.open or any(not isinstance(node, yaml.ScalarNode) for node in _items(nodes)),
        words=texts,
        env={name: Entry((name,), value_of(w.text), w.place()) for name, w in holder.env().items()},
        inside=holder.path(key),
        writable=False,
    )


def _items(nodes: Sequence[yaml.Node]) -> Iterator[yaml.Node]:
    for node in nodes:
        yield from node.value if isinstance(node, yaml.SequenceNode) else (node,)


def _words(holder: _Holder, node: yaml.Node) -> list[Word]:
    if isinstance(node, yaml.ScalarNode):
        return shell.words(excerpt(holder.text, node), holder.env())
    return [_word(holder.text, part) for part in _parts(node)]


def _word(text: Text, node: yaml.ScalarNode) -> Word:
    """A word of a list: what `$(NAME)` or a template puts there is not known."""
    place = excerpt(text, node)
    value = _FILLED_IN.sub(HIDDEN, node.value.replace("\0", HIDDEN))
    return Word(value, place, 0, len(place.body), shared=True)


# --- variables ---


def _environment(text: Text, mapping: Mapping[str, yaml.Node]) -> Iterator[tuple[str, Word]]:
    """The variables of `env:`, as a mapping, as `NAME=value` items, or as Kubernetes has them."""
    for key in ENVIRONMENTS:
        node = mapping.get(key)
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                if isinstance(name, yaml.ScalarNode):
                    yield name.value, _variable(text, value)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from _item(text, item)


def _item(text: Text, node: yaml.Node) -> Iterator[tuple[str, Word]]:
    if isinstance(node, yaml.ScalarNode):
        found = _NAMED.fullmatch(node.value)
        if found:
            yield found[1], replace(_variable(text, node), text=_known(found[2]))
    elif isinstance(node, yaml.MappingNode):
        pairs = {key.value: value for key, value in node.value if isinstance(key, yaml.ScalarNode)}
        name = pairs.get("name")
        if isinstance(name, yaml.ScalarNode):
            yield name.value, _variable(text, pairs.get("value", node))


def _variable(text: Text, node: yaml.Node) -> Word:
    given_ = isinstance(node, yaml.ScalarNode) and node.tag != "tag:yaml.org,2002:null"
    value = _known(node.value) if given_ else HIDDEN
    return Word(value, text, node.start_mark.index, node.end_mark.index)


def _known(value: str) -> str:
    return HIDDEN if _FILLED_IN.search(value) else value
