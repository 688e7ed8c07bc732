"""What a server takes from its model's generation_config.json, where the model is in the tree."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise

from rlconfig_lint.model import UNKNOWN, Block, Form, ModelDefaults, Rollout, Setting
from rlconfig_lint.resolve.engines import is_server
from rlconfig_lint.resolve.lookup import Lookup
from rlconfig_lint.resolve.sampling import NEUTRAL
from rlconfig_lint.resolve.settings import settings
from rlconfig_lint.resolve.sites import Site

FILE = "generation_config.json"
# 0.8.0:config.py (get_diff_sampling_param); the two other penalties only from 0.31.0 on.
_INJECTED = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
# vLLM takes what differs from Transformers' own defaults, of which this one is not neutral.
_NO_DIFFERENCE = ("top_k", 50)


def with_model_defaults(found: Rollout, site: Site, lookup: Lookup) -> Rollout:
    """A server's rollout with what its model's file supplies. `LLM.generate` and other engines
    that are given a SamplingParams never read it."""
    if site.block.form is not Form.COMMAND or not is_server(site.block.words):
        return found
    supplied = tuple(_supplied(found, site, lookup))
    if not supplied:
        return found
    named = partial(site.project.code.names, apart_from=FILE)
    left_out = tuple(setting for setting in supplied if not named(setting.name))
    return replace(found, of_model=ModelDefaults(left_out, named("completions")))


def _supplied(found: Rollout, site: Site, lookup: Lookup) -> Iterator[Setting]:
    """The values of the file that bend a distribution and that no argument replaces."""
    folder = _folder(found, site.block)
    overrides = found.engine.get("override_generation_config")
    over = overrides.value if overrides else None
    if not folder or not (over is None or isinstance(over, dict)):
        return
    source = lookup.file_from(f"{folder}/{FILE}", posixpath.dirname(site.source.path))
    if source is None or len(source.blocks) != 1:
        return
    top = [entry for entry in source.blocks[0].entries if len(entry.path) == 1]
    for name, setting in settings(top, frozenset()).items():
        bends = name in _INJECTED and setting.value not in (*NEUTRAL[name], UNKNOWN)
        if bends and (name, setting.value) != _NO_DIFFERENCE and name not in (over or {}):
            yield setting


def _folder(found: Rollout, block: Block) -> str:
    """Where the file is looked for: beside the model, unless `generation_config` names a folder."""
    named = found.engine.get("generation_config")
    if named is not None and named.value not in (None, "auto"):
        stated = named.value
        return stated.rstrip("/") if isinstance(stated, str) and stated != "vllm" else ""
    model = found.engine.get("model")
    if model is not None:
        return model.value.rstrip("/") if isinstance(model.value, str) else ""
    served = (b for a, b in pairwise(block.words) if a == "serve" and not b.startswith("-"))
    return next(served, "").rstrip("/")
