"""A KV tier outside the GPU survives a weight update.

## What it does

Flags a rollout engine with a KV connector that keeps blocks (CPU offload, MooncakeStore, LMCache)
whose weights are updated, where nothing empties that tier: no
`reset_prefix_cache(reset_connector=True)`, no pause or sleep that reaches it, no `cache_salt` that
changes with the policy; or where something asks, but this connector does nothing about it in this
release.

## Why it breaks RL

A plain `reset_prefix_cache()` clears the blocks on the GPU and returns True. The copies that the
connector keeps are found by the same tokens, come back on the next hit, and were computed by older
policies. `reset_connector=True` does not help by itself: a connector without a `reset_cache` of its
own does nothing, and that counts as success. It is the same with prefix caching off.

## What to watch

A mismatch that grows step by step although each update logs "Successfully reset prefix cache", and
is gone after the engine, or the store, is restarted. Right behind an update the external hit rate
(`vllm:external_prefix_cache_hits`) starts at 0.

## When it is right

Connectors that only hand blocks from a prefill to a decode engine (NixlConnector,
MooncakeConnector, P2pNcclConnector) keep none. A salt that changes with the policy keeps old blocks
out of reach in every tier. verl passes `reset_connector=True` with each reset.

## Bad

`OffloadingConnector` on vLLM 0.24.0, and an update followed by `reset_prefix_cache()`.

## Good

The same with `reset_prefix_cache(reset_connector=True)`.

## Fix

`reset_connector=True` on the reset, where this release's connector obeys it (safe where the engine
is made in the same file; without a connector it does nothing). Otherwise there is none: salt by
policy, do without the tier, or upgrade vLLM.

## Versions

`reset_connector`, and `reset_external` for HTTP, exist from 0.13.0 on. Emptied by it:
OffloadingConnector from 0.22.0, MooncakeStoreConnector from 0.23.0, SimpleCPUOffloadConnector from
0.24.0; the LMCache connectors in no release up to 0.33.0. A pause or sleep that clears reaches
connectors from 0.23.0 on.

## Evidence

- https://github.com/vllm-project/vllm/issues/57727
- https://github.com/vllm-project/vllm/pull/57970
- https://github.com/llm-d/llm-d-benchmark/pull/1918
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from packaging.version import Version

from rlconfig_lint.judging import Doubt, about, judged
from rlconfig_lint.model import (
    UNKNOWN,
    Apart,
    ApiCall,
    CacheFate,
    Evidence,
    Example,
    Finding,
    Fix,
    Profile,
    PutArguments,
    Reach,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    SyncStyle,
)
from rlconfig_lint.readers.scalars import truth
from rlconfig_lint.releases import behaviour
from rlconfig_lint.resolve.fate import fate, telling

ID = ("RL204", "external-kv-tier-not-invalidated")
_AN_ENGINE = re.compile(r"(?:self\.)?_?(?:llm|engine|async_llm|llm_engine)")
_ASKS = ("reset_connector", "reset_external")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    kept = next(((name, c) for name in _SETTINGS if (c := _keeps(rollout, name))), None)
    sync = rollout.sync
    updated = sync.updates and sync.style is not SyncStyle.FROZEN
    if kept is None or sync.fate is not None or not updated or _hard_to_tell(rollout):
        return
    setting, connector = kept
    stale = rollout.release.where(lambda release: _survives(rollout, connector, release))
    if stale:
        yield _stays(rollout, setting, connector, stale)


_SETTINGS = ("kv_transfer_config", "kv_offloading_size")


def _keeps(rollout: Rollout, name: str) -> str | None:
    """The connector of a written setting, where it keeps blocks."""
    written = rollout.engine.get(name)
    value = written.value if written else None
    if name == "kv_offloading_size" and isinstance(value, int | float) and value > 0:
        backend = rollout.engine.get("kv_offloading_backend")
        chosen = backend.value if backend else "native"
        return {"native": "OffloadingConnector", "lmcache": "LMCacheConnectorV1"}.get(str(chosen))
    connector = value.get("kv_connector") if isinstance(value, dict) else None
    return connector if connector in behaviour.KEEPING_CONNECTORS else None


def _hard_to_tell(rollout: Rollout) -> bool:
    """Whether salts or adapters may keep policies apart, or a call that may reach the tier has
    arguments that nobody sees."""
    sync = rollout.sync
    if any(key.apart is not Apart.NO for key in (*telling(sync.salts), *sync.adapters)):
        return True
    asked = [c.arguments.get(name) for c in sync.calls for name in (*_ASKS, "level", "clear_cache")]
    return UNKNOWN in asked or any(call.open for call in sync.calls if call not in sync.updates)


def _survives(rollout: Rollout, connector: str, release: Version) -> bool:
    """Where the blocks on the GPU survive as well, RL201 says so."""
    on = rollout.setting("enable_prefix_caching", release).value is not False
    if on and fate(rollout.sync, release) is CacheFate.SURVIVES:
        return False
    emptied = behaviour.connector_empties(connector, release)
    return not (emptied and any(_reaches(call, release) for call in _called(rollout)))


def _called(rollout: Rollout) -> Iterator[ApiCall]:
    sync = rollout.sync
    for clearing in (*sync.resets, *sync.sleeps):
        if clearing.reach is not Reach.NEVER:
            yield clearing.call
    yield from sync.pauses


def _reaches(call: ApiCall, release: Version) -> bool:
    if call.name == "reset_prefix_cache":
        asks = any(truth(call.arguments.get(name, False)) for name in _ASKS)
        return asks and behaviour.has_reset_connector(release)
    if not behaviour.pause_reaches_connector(release) or call.arguments.get("level") == 0:
        return False
    return bool(truth(call.arguments.get("clear_cache", True)))


def _stays(rollout: Rollout, setting: str, connector: str, stale: ReleaseSpan) -> Finding:
    obeys = all(behaviour.connector_empties(connector, release) for release in stale.releases)
    since = behaviour.KEEPING_CONNECTORS[connector]
    own_ways = () if since else (Doubt(f"whether something empties {connector}'s store itself"),)
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        f"the blocks that {connector} keeps survive a weight update: new rollouts continue from"
        " keys and values that older policies computed",
        span=stale,
        subject=about(rollout, setting, stale),
        help_=_help(connector, obeys),
        doubts=own_ways,
        evidence=(*rollout.sync.evidence, *_plain_resets(rollout)),
        fix=_fix(rollout) if obeys else None,
    )


def _help(connector: str, obeys: bool) -> str:
    if obeys:
        return (
            "pass reset_connector=True to reset_prefix_cache() behind every update"
            " (HTTP: ?reset_external=true), and check that it returns True"
        )
    since = behaviour.KEEPING_CONNECTORS[connector]
    upgrade = f"upgrade to vLLM >={since} and pass reset_connector=True" if since else ""
    ways = ("do without it", upgrade, "give each request a cache_salt that changes with the policy")
    return f"no reset empties {connector} in this release: {', or '.join(filter(None, ways))}"


def _plain_resets(rollout: Rollout) -> Iterator[Evidence]:
    for call in _called(rollout):
        if call.name == "reset_prefix_cache":
            yield Evidence("this reset clears the blocks on the GPU only", call.place)


def _fix(rollout: Rollout) -> Fix | None:
    resets = [call for call in _called(rollout) if call.name == "reset_prefix_cache"]
    if not resets or any(call.http or call.remote for call in resets):
        return None
    edits = tuple(PutArguments(call.place, {"reset_connector": True}) for call in resets)
    title = "pass reset_connector=True to the reset (it empties the connector too)"
    return Fix(title, edits, safe=all(_vllms_own(call, rollout) for call in resets))


def _vllms_own(call: ApiCall, rollout: Rollout) -> bool:
    """Whether the engine itself is asked, not a wrapper with arguments of its own."""
    here = call.place.path == rollout.place.path
    return here and _AN_ENGINE.fullmatch(call.receiver) is not None


_RESETS = """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.reset_prefix_cache(reset_running_requests=True)
    await engine.resume_generation()
"""
_BOTH = _RESETS.replace("requests=True", "requests=True, reset_connector=True")
_LLM = """\
from vllm import LLM

llm = LLM(
    model="Qwen/Qwen2.5-7B",
    kv_transfer_config={"kv_connector": "OffloadingConnector", "kv_role": "kv_both"},
)


def update(path):
    llm.collective_rpc("update_weights", args=(path,))
    assert llm.reset_prefix_cache()
"""
_TYPED = _LLM.replace(
    '{"kv_connector": "OffloadingConnector", "kv_role": "kv_both"}',
    'KVTransferConfig(kv_connector="LMCacheConnectorV1", kv_role="kv_both")',
).replace("import LLM\n", "import LLM\nfrom vllm.config import KVTransferConfig\n")
_YAML = """\
engine:
  gpu-memory-utilization: 0.9
  max-num-seqs: 64
  tensor-parallel-size: 2
  kv-transfer-config:
    kv_connector: OffloadingConnector
    kv_role: kv_both
"""
_SHELL = """\
vllm serve Qwen/Qwen2.5-7B --kv-offloading-size 32 --max-num-seqs 64
"""
_FACTS = {"vllm-version": "0.24.0", "trainer": "rollout-logprobs"}
_OLD = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}

BAD = (
    Example(
        "rollout.py",
        _LLM,
        {"vllm-version": "0.24.0"},
        fixed=_LLM.replace("cache()", "cache(reset_connector=True)"),
    ),
    Example("typed.py", _TYPED, {"vllm-version": "0.24.0"}),
    Example("engine.yaml", _YAML, _FACTS, beside={"sync.py": _RESETS}),
    Example(  # this release's connector does nothing about it
        "old.yaml", _YAML, _OLD, beside={"sync.py": _BOTH}
    ),
    Example("serve.sh", _SHELL, _FACTS, beside={"sync.py": _RESETS}),
    Example(  # the tier is looked up with prefix caching off as well
        "off.sh",
        _SHELL.replace("--max-num-seqs 64", "--no-enable-prefix-caching"),
        _FACTS,
        beside={"sync.py": _RESETS},
    ),
)

GOOD = (
    Example(
        "rollout.py",
        _LLM.replace("cache()", "cache(reset_connector=True)"),
        {"vllm-version": "0.24.0"},
    ),
    Example("engine.yaml", _YAML, _FACTS, beside={"sync.py": _BOTH}),
    Example(  # hands blocks from prefill to decode, and keeps none
        "handed.yaml",
        _YAML.replace("OffloadingConnector", "NixlConnector"),
        _FACTS,
        beside={"sync.py": _RESETS},
    ),
    Example(
        "typed.py",
        _TYPED.replace("LMCacheConnectorV1", "NixlConnector"),
        {"vllm-version": "0.24.0"},
    ),
    Example("serve.sh", _SHELL, _FACTS, beside={"sync.py": _BOTH}),
    Example(
        "cleared.sh",
        _SHELL,
        _FACTS,
        beside={"sync.py": _RESETS.replace('"keep", clear_cache=False', '"keep"')},
    ),
    Example(  # RL201 says that nothing is cleared at all
        "none.py",
        _LLM.replace("    assert llm.reset_prefix_cache()\n", ""),
        {"vllm-version": "0.24.0"},
    ),
)

RULE = Rule(*ID, "0.2.0", ">=0.11.0", check, BAD, GOOD, __doc__)
