"""Finds what configures a vLLM engine without any framework: calls, commands, mappings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from rlconfig_lint.model import Block, Entry, Form, Home, KeyStyle, Place, Setting
from rlconfig_lint.readers.python.names import ENGINES
from rlconfig_lint.resolve.settings import flags, settings
from rlconfig_lint.resolve.tree import Keys, Tree, names_at, words_of

# Engine arguments that other inference engines and trainers do not share.
_DISTINCTIVE = frozenset(
    (
        "async_scheduling",
        "enable_chunked_prefill",
        "enable_prefix_caching",
        "enforce_eager",
        "gpu_memory_utilization",
        "hf_overrides",
        "kv_cache_dtype",
        "logprobs_mode",
        "max_num_batched_tokens",
        "max_num_seqs",
        "no_enable_prefix_caching",
        "worker_extension_cls",
    )
)
_COMMON = frozenset(
    (
        "data_parallel_size",
        "distributed_executor_backend",
        "dtype",
        "enable_sleep_mode",
        "generation_config",
        "load_format",
        "max_model_len",
        "model",
        "pipeline_parallel_size",
        "quantization",
        "seed",
        "swap_space",
        "tensor_parallel_size",
        "tokenizer",
        "trust_remote_code",
    )
)
_FEWEST_KEYS = 3
# Words in a key path that name a frozen model or another engine.
_OTHER_MODEL = re.compile(
    r"baselines?|critic|embedding|evals?|evaluat(?:e|ion)|genrm|grader|judge|mcore|megatron|ref"
    r"|reference|rewards?|rm|scorer|sgl(?:ang)?|teacher|tensorrt|tests?|trtllm|val|valid|validation"
    r"|verifier|verify"
)
# Words in a file's or function's name that say that nothing is trained there.
_NO_TRAINING = re.compile(
    r"baselines?|bench|benchmarks?|diagnostics|docs|evals?|evaluat(?:e|ion)|filter(?:ing)?|genrm"
    r"|grader|judge|rewards?|scorer|teacher|tests?|testing|val|valid|validation|verifier|verify"
)
_SERVER = re.compile(r"vllm[./]entrypoints[./]\S*api_server(?:\.py)?")


@dataclass(frozen=True)
class Engine:
    """One engine's written settings, before anybody asks whether it is a policy's rollout."""

    block: Block
    keys: Keys  # the mapping's path in its document; () elsewhere
    place: Place
    settings: dict[str, Setting]
    home: Home | None
    http: bool = False
    open: bool = False


def engines(block: Block, tree: Tree, *, over_a_document: bool = False) -> Iterator[Engine]:
    """The engines of a block; a command that starts from a document has the document's too."""
    if block.form is Form.CALL:
        yield from _of_call(block)
    elif block.form is Form.COMMAND:
        yield from _of_command(block)
    if block.form is Form.DOCUMENT or over_a_document:
        yield from _of_document(block, tree)


def _of_call(block: Block) -> Iterator[Engine]:
    name = block.name.rpartition(".")[2]
    if name in ENGINES or name == "from_cli_args":
        home = None if name == "from_cli_args" else Home(block)
        found = settings(block.entries, frozenset())
        yield Engine(block, (), block.place, found, home, open=block.open)


def _of_command(block: Block) -> Iterator[Engine]:
    if is_server(block.words):
        given = flags(block.entries)
        home = None if block.listed else Home(block, style=KeyStyle.KEBAB)
        found = settings(given, frozenset())
        yield Engine(block, (), block.place, found, home, http=True, open=block.open)


def is_server(words: tuple[str, ...]) -> bool:
    """`vllm serve` and `python -m vllm.entrypoints...`, each a word of its own: inside a quoted
    script they are another command's."""
    serves = any(a.rpartition("/")[2] == "vllm" and b == "serve" for a, b in pairwise(words))
    return serves or any(map(_SERVER.fullmatch, words))


def _of_document(block: Block, tree: Tree) -> Iterator[Engine]:
    for keys in tree.containers():
        names = names_at(tree, keys)
        if len(names & (_DISTINCTIVE | _COMMON)) < _FEWEST_KEYS or not names & _DISTINCTIVE:
            continue
        if "_target_" in names:  # the arguments of a class that is not vLLM's
            continue
        entries = list(tree.below(keys))
        found = settings(entries, tree.inherited)
        home = Home(block, keys, style=style_of(entries))
        yield Engine(block, keys, place_of(tree, keys, block), found, home, open=tree.hides(keys))


def place_of(tree: Tree, keys: Keys, block: Block) -> Place:
    """The key that holds a mapping; for a root mapping its first entry."""
    holder = tree.entries.get(keys)
    if holder is not None:
        return holder.place
    return next((entry.place for entry in tree.children.get(keys, ())), block.place)


def style_of(entries: list[Entry]) -> KeyStyle:
    """Kebab-case where the mapping's own keys are."""
    kebab = sum("-" in entry.key for entry in entries)
    snakes = sum("_" in entry.key for entry in entries)
    return KeyStyle.KEBAB if kebab > snakes else KeyStyle.SNAKE


def other_model(keys: Keys) -> bool:
    """Whether a key path names a model that is not the policy: a judge, a reference, ..."""
    return any(map(_OTHER_MODEL.fullmatch, words_of(keys)))


def no_training(path: str, inside: str = "") -> bool:
    """Whether a file or function says by its name that it evaluates, tests or filters."""
    *folders, name = path.split("/")
    names = (*folders, name.rpartition(".")[0] or name, *inside.split("."))
    return any(map(_NO_TRAINING.fullmatch, words_of(names)))


def no_rollout(path: str, inside: str) -> bool:
    """The same of an engine's own file. Folders of tests and documentation are excluded from being
    judged (`excluding`), and whoever includes them means it."""
    *folders, name = path.split("/")
    kept = [folder for folder in folders if folder not in ("doc", "docs", "test", "tests")]
    return no_training("/".join((*kept, name)), inside)
