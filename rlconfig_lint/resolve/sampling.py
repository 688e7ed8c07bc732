"""The sampling settings that training rollouts use, next to an engine or in the project's code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rlconfig_lint.model import UNKNOWN, Block, Origin, Setting
from rlconfig_lint.resolve.engines import other_model
from rlconfig_lint.resolve.settings import settings
from rlconfig_lint.resolve.tree import Tree, names_at, words_of

# vLLM's SamplingParams, the same in every release: 0.33.0:sampling_params.py. top_k's value for
# "off" changed from -1 to 0 in 0.9.0 and both are accepted throughout.
NEUTRAL: dict[str, tuple[float | None, ...]] = {
    "temperature": (1, None),
    "top_p": (1, None),
    "top_k": (0, -1, None),
    "min_p": (0, None),
    "repetition_penalty": (1, None),
    "presence_penalty": (0, None),
    "frequency_penalty": (0, None),
}
TRUNCATION = ("top_p", "top_k", "min_p")
LARGEST_VOCABULARY = 1_000_000  # a top_k of so many keeps every token; the largest are at 262,144
_BESIDE_TEMPERATURE = frozenset(
    ("max_tokens", "max_new_tokens", "max_generate_length", "min_p", "n", "top_k", "top_p")
)
EVALUATION = frozenset(("eval", "evaluation", "test", "val", "validation"))
REPLAYED_BY_NOBODY = ("allowed_token_ids", "bad_words", "guided_decoding", "logit_bias")


def of_tree(tree: Tree) -> dict[str, Setting]:
    """The sampling mapping of a document, where there is exactly one for training."""
    found = [
        settings(tree.below(keys), tree.inherited)
        for keys in tree.containers()
        if "temperature" in (names := names_at(tree, keys))
        and names & _BESIDE_TEMPERATURE
        and not other_model(keys)
    ]
    return _agreed(found)


def evaluation_of_tree(tree: Tree) -> dict[str, Setting]:
    """The sampling settings of a document or command that say they are for evaluation."""
    found = [
        settings(tree.below(keys), tree.inherited)
        for keys in tree.containers()
        if "temperature" in names_at(tree, keys) and EVALUATION & set(words_of(keys))
    ]
    return _of_sampling(found[0]) if len(found) == 1 else {}


def written(blocks: Iterable[Block]) -> dict[str, Setting]:
    """What SamplingParams calls agree on, of what is written there."""
    return _of_sampling(_agreed([settings(block.entries, frozenset()) for block in blocks]))


def of_calls(blocks: Iterable[Block]) -> dict[str, Setting]:
    """What the project's SamplingParams calls for training agree on."""
    return _agreed(
        [
            {
                **({} if block.open else _defaults()),
                **settings(block.entries, frozenset()),
            }
            for block in blocks
        ]
    )


def _of_sampling(found: Mapping[str, Setting]) -> dict[str, Setting]:
    """What is written of the settings that bend a distribution, in their order."""
    return {name: found[name] for name in NEUTRAL if name in found and found[name].entry}


def _defaults() -> dict[str, Setting]:
    source = "default of SamplingParams"
    return {
        name: Setting(name, neutral[0], Origin.RELEASE, source) for name, neutral in NEUTRAL.items()
    }


def _agreed(found: Sequence[dict[str, Setting]]) -> dict[str, Setting]:
    """One answer a name; UNKNOWN where several places differ."""
    agreed: dict[str, Setting] = {}
    for name in {name for settings_ in found for name in settings_}:
        answers = [settings_[name] for settings_ in found if name in settings_]
        same = all(answer.value == answers[0].value for answer in answers)
        firm = min(answers, key=lambda answer: answer.overridable)
        agreed[name] = firm if same else Setting(name, UNKNOWN, Origin.UNKNOWN, "differs")
    if found:
        agreed = {**_defaults(), **agreed} if _closed(found) else agreed
    return agreed


def _closed(found: Sequence[dict[str, Setting]]) -> bool:
    return all("temperature" in settings_ for settings_ in found)
