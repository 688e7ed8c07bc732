"""What a rule writes to mend a setting: where the engine's or the sampling's keys stand."""

from __future__ import annotations

from collections.abc import Sequence

from rlconfig_lint.judging import listed
from rlconfig_lint.model import Entry, Fix, Form, Home, Put, Rollout, Setting, Value
from rlconfig_lint.resolve.tree import snake

# What is written for a sampling setting that is to change nothing: accepted by every release.
WRITTEN_NEUTRAL: dict[str, Value] = {
    "top_p": 1.0,
    "top_k": -1,
    "min_p": 0.0,
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
}


def takes(rollout: Rollout, name: str) -> bool:
    """Whether a setting of this name can be written where the engine's settings stand."""
    home = rollout.home
    if home is None:
        return not rollout.framework
    return not home.typed or name in home.typed or bool(home.free_keys)


def put(rollout: Rollout, name: str, value: Value, title: str, *, safe: bool) -> Fix | None:
    """A fix that writes one setting, where the engine's settings can be written at all."""
    home = rollout.home
    if home is None or name in home.fixed:
        return None
    setting = rollout.engine.get(name)
    entry = setting.entry if setting and setting.explicit else None
    if home.negated_false and value is False and not _written_in_the_negative(entry):
        entry = None  # a false in its place would never arrive
        if not home.free_keys:
            return None
    if entry is None and not takes(rollout, name):
        return None
    return Fix(title, (Put(home, name, value, entry),), safe)


def neutral(rollout: Rollout, bent: Sequence[Setting]) -> Fix | None:
    """A fix that gives sampling settings the values that leave the distribution as it is, where
    each of them stands. It is never safe: rollouts explore in another way then."""
    written = [(setting, setting.entry) for setting in bent]
    if rollout.home is None or not written:
        return None
    edits = []
    for setting, entry in written:
        if entry is None or not _same_language(entry, rollout.home):
            return None
        edits.append(Put(rollout.home, setting.name, WRITTEN_NEUTRAL[setting.name], entry))
    return Fix(f"sample without {listed(bent)}", tuple(edits), safe=False)


def _same_language(entry: Entry, home: Home) -> bool:
    """Whether what is known of the engine's place says how a value is written at another one."""
    path, own = entry.place.path, home.block.place.path
    return path == own or (home.block.form is Form.DOCUMENT and path.endswith((".yaml", ".yml")))


def _written_in_the_negative(entry: Entry | None) -> bool:
    return entry is not None and snake(entry.path[-1]).startswith("no_")
