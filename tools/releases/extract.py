"""Everything that the data says about one release."""

from __future__ import annotations

from collections.abc import Mapping

from tools.releases.arguments import arguments
from tools.releases.code import Code
from tools.releases.environment import environment
from tools.releases.fields import Entry, Fields, nested_configs, sampling_params
from tools.releases.flags import Flags
from tools.releases.routes import routes
from tools.releases.signatures import llm_parameters, method_signatures

Definitions = dict[str, dict[str, Entry]]


def definitions(sources: Mapping[str, str]) -> Definitions:
    """Section -> name -> definition, read from {path: source text}."""
    fields = Fields(Code(sources))
    engine_arguments = arguments(fields)
    return {
        "arguments": engine_arguments,
        "flags": Flags(fields).entries(engine_arguments),
        "llm": llm_parameters(fields),
        "sampling": sampling_params(fields),
        "nested": nested_configs(fields),
        "environment": environment(fields),
        "methods": method_signatures(fields),
        "routes": routes(fields),
    }
