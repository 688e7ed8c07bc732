"""The words of the tool: what readers find, what resolve makes of it, what rules say.

Data flows one way: a `Source` is one file that was read; its `Block`s are the mappings, calls and
commands in it; resolve turns blocks into `Rollout`s; a `Rule` turns a rollout into `Finding`s; a
finding may carry a `Fix`, a list of edits in the words of this module that the writers turn into
text. Nothing here imports anything else of the project.
"""

from __future__ import annotations

from rlconfig_lint.model.code import (
    Apart,
    ApiCall,
    Assigned,
    CacheKey,
    Division,
    Function,
    Option,
    PythonFacts,
    Retokenized,
)
from rlconfig_lint.model.facts import (
    Ahead,
    Clearing,
    Declared,
    Generation,
    Inert,
    Order,
    Reach,
    Sync,
    Trainer,
)
from rlconfig_lint.model.findings import (
    AddStatementAfter,
    Edit,
    Example,
    Finding,
    Fix,
    Life,
    Profile,
    Put,
    PutArguments,
    Rename,
    Rule,
)
from rlconfig_lint.model.places import Evidence, Place
from rlconfig_lint.model.rollouts import (
    Home,
    KeyStyle,
    Layer,
    ModelDefaults,
    ReleaseFact,
    ReleaseSpan,
    Rollout,
    Setting,
)
from rlconfig_lint.model.sources import (
    Block,
    Entry,
    Form,
    Source,
    Suppression,
)
from rlconfig_lint.model.values import (
    UNKNOWN,
    CacheFate,
    Confidence,
    Origin,
    Severity,
    SyncStyle,
    TrainerKind,
    Unknown,
    Value,
    show,
)

__all__ = [
    "UNKNOWN",
    "AddStatementAfter",
    "Ahead",
    "Apart",
    "ApiCall",
    "Assigned",
    "Block",
    "CacheFate",
    "CacheKey",
    "Clearing",
    "Confidence",
    "Declared",
    "Division",
    "Edit",
    "Entry",
    "Evidence",
    "Example",
    "Finding",
    "Fix",
    "Form",
    "Function",
    "Generation",
    "Home",
    "Inert",
    "KeyStyle",
    "Layer",
    "Life",
    "ModelDefaults",
    "Option",
    "Order",
    "Origin",
    "Place",
    "Profile",
    "Put",
    "PutArguments",
    "PythonFacts",
    "Reach",
    "ReleaseFact",
    "ReleaseSpan",
    "Rename",
    "Retokenized",
    "Rollout",
    "Rule",
    "Setting",
    "Severity",
    "Source",
    "Suppression",
    "Sync",
    "SyncStyle",
    "Trainer",
    "TrainerKind",
    "Unknown",
    "Value",
    "show",
]
