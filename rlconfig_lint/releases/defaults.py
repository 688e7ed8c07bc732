"""The effective value of a setting nobody wrote, by vLLM release.

One row a range, with the place in vLLM's released source that says so (version:path below
`vllm/`:line). A setting or release without a row is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from packaging.version import Version

from rlconfig_lint.model import UNKNOWN, Origin, Setting, Value
from rlconfig_lint.releases import behaviour
from rlconfig_lint.releases.known import within


@dataclass(frozen=True, slots=True)
class Default:
    releases: str
    value: Value
    source: str


_DEFAULTS: dict[str, tuple[Default, ...]] = {
    "logprobs_mode": (
        # Before 0.10.0 there is no setting; V1 returns raw values, V0 processed ones.
        Default("<0.8.0", "processed_logprobs", "0.7.3:model_executor/layers/sampler.py:271"),
        Default(">=0.8.0", "raw_logprobs", "0.8.0:v1/sample/sampler.py:36, 0.10.0:config.py:321"),
    ),
    "enable_prefix_caching": (
        Default("<0.8.0", False, "0.6.5:engine/arg_utils.py:204"),
        Default(">=0.8.0", True, "0.8.0:engine/arg_utils.py:1669, 0.12.0:config/cache.py:76"),
    ),
    "async_scheduling": (
        Default("<0.14.0", False, "0.13.0:config/scheduler.py:133"),
        Default(">=0.14.0", True, "0.14.0:config/vllm.py:588 (None resolves to on)"),
    ),
    "generation_config": (
        Default("<0.8.0", None, "0.6.6:engine/arg_utils.py:200"),
        Default(">=0.8.0", "auto", "0.8.0:config.py:994"),
    ),
    "pipeline_parallel_size": (Default("", 1, "0.6.0:engine/arg_utils.py:79"),),
    "quantization": (Default("", None, "0.6.0:engine/arg_utils.py:98"),),
    "hf_overrides": (Default("", None, "0.6.4:engine/arg_utils.py:130"),),
    "dtype": (Default("", "auto", "0.6.0:engine/arg_utils.py:68"),),
    "enable_return_routed_experts": (Default("", False, "0.14.0:config/model.py:201"),),
    "logits_processors": (Default("", None, "0.10.1:engine/arg_utils.py:439"),),
}

SETTINGS = tuple(sorted(_DEFAULTS))
"""The settings whose default is known for some release."""


# The V0 engine, where VLLM_USE_V1=0 still selects it (0.8.0:model_executor/layers/sampler.py:271).
_V0: dict[str, Value] = {
    "logprobs_mode": "processed_logprobs",
    "enable_prefix_caching": False,
    "async_scheduling": False,
}


def release_default(
    name: str,
    release: Version,
    *,
    engine: Mapping[str, Setting] = MappingProxyType({}),
    v0_asked: bool | None = False,
) -> Setting:
    """vLLM's own default on one release, beside an engine's written settings; UNKNOWN where no
    source was read, and where only a run tells which engine is asked for (`v0_asked` is None)."""
    if name == "async_scheduling" and (reason := _schedules_in_step(engine, release)):
        return Setting(name, False, Origin.RELEASE, f"default of vLLM {release} {reason}")
    if v0_asked is not False and name in _V0 and behaviour.v0_can_run(release):
        if v0_asked is None:
            return Setting(name, UNKNOWN, Origin.UNKNOWN, "VLLM_USE_V1 is not known")
        return Setting(name, _V0[name], Origin.RELEASE, f"V0 engine of vLLM {release}")
    for row in _DEFAULTS.get(name, ()):
        if within(release, row.releases):
            return Setting(name, row.value, Origin.RELEASE, f"default of vLLM {release}")
    declared = _declared(name, release)
    if declared is not None:
        return Setting(name, declared, Origin.RELEASE, f"default of vLLM {release}")
    return Setting(name, UNKNOWN, Origin.UNKNOWN, f"no known default in vLLM {release}")


def _schedules_in_step(engine: Mapping[str, Setting], release: Version) -> str:
    """Why None does not resolve to async scheduling: pipeline stages until 0.14.1
    (0.14.0:config/vllm.py:588), Ray until 0.20 (0.20.0:v1/executor/ray_executor_v2.py:205)."""
    stages = engine.get("pipeline_parallel_size")
    executor = engine.get("distributed_executor_backend")
    if stages and isinstance(stages.value, int) and stages.value > 1 and within(release, "<0.15"):
        return "with pipeline stages"
    if executor and executor.value == "ray" and within(release, "<0.21"):
        return "under Ray"
    return ""


def _declared(name: str, release: Version) -> Value:
    """The default that the release's own argument has, where it is a plain value: None is resolved
    when the engine starts, and only the table above says to what."""
    from rlconfig_lint.releases.lifetimes import argument

    found = argument(name, release)
    default = found.default if found else None
    return default if isinstance(default, bool | int | float | str) else None
