"""A pause for a weight update does something else than it looks like on this release.

## What it does

Reads `pause_generation(...)` and `POST /pause` against the pinned release: a bare pause that aborts
every rollout in flight, `mode=` where it does not exist yet, keep + clear that clears nothing or
drops tokens, arguments that were removed. Under `parity` it asks for the founding report's call.

## Why it breaks RL

The defaults are `mode="abort"` and `clear_cache=True`. A bare pause ends every request with
finish_reason "abort": truncated rollouts that are rewarded and trained on unless the client sends
them again. `mode="keep", clear_cache=True` recomputes all KV under the new weights from 0.17.0 on;
on 0.16.0 the reset is refused without a word and old KV stays. From 0.17.0 to 0.21.0, under async
scheduling, the same call drops the first token that each running request samples after the resume:
the tokens behind it were sampled with it in their context, and the trainer scores them without.

## What to watch

The share of rollouts that end with `finish_reason` "abort", and mean rollout length right behind
an update. With kept caches the clip rate rises with the lag; with recomputed ones generation
stalls at each update. A dropped token shows as one outlier of the mismatch in each rollout that
spans an update. Follow the lag (in updates) and the effective sample size.

## When it is right

Abort is right when the client resubmits the partial completions. Keep with and without clearing are
both sound designs: recompute for exactly one policy's KV, keep for the V0 behaviour that PipelineRL
matched, and then with prefix caching off or salted (RL201).

## Bad

`await engine.pause_generation()`

## Good

`await engine.pause_generation(mode="keep", clear_cache=False)` with prefix caching off.

## Fix

Unsafe: the arguments are written out, since they choose what happens to running requests. Safe for
`wait_for_inflight_requests`, whose replacement means the same, and for dropped tokens:
`async_scheduling: false` (costs throughput).

## Versions

pause_generation from 0.12.0 on; `mode` from 0.16.0 on; `wait_for_inflight_requests` until 0.31.0.
HTTP on 0.12.0 to 0.15.1 drops an unknown `mode` and aborts. Keep + clear drops tokens under async
scheduling from 0.17.0 on; fixed in 0.22.0.

## Evidence

- https://docs.vllm.ai/en/latest/training/async_rl/
- https://github.com/ServiceNow/PipelineRL/pull/137
- https://github.com/NovaSky-AI/SkyRL/pull/1824
- https://github.com/NVIDIA-NeMo/RL/pull/3839
- https://github.com/vllm-project/vllm/issues/42043 (dropped tokens; fixed by vllm#42117)
- measured by `rlconfig-lint confirm RL401` (docs/evidence): behind a pause that keeps, mean |d
  logp| to a full recompute is 4.0 to 4.2, and 0.02 with the caches cleared (0.26.0); on 0.20.2 the
  lost token shows as one |d logp| of 3.0 against 0.05 (H200)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from packaging.version import Version

from rlconfig_lint.judging import Subject, judged, releases_where
from rlconfig_lint.model import (
    UNKNOWN,
    ApiCall,
    CacheFate,
    Example,
    Finding,
    Fix,
    Life,
    Profile,
    PutArguments,
    ReleaseSpan,
    Rollout,
    Rule,
    Setting,
    Severity,
    Value,
    show,
)
from rlconfig_lint.releases import behaviour
from rlconfig_lint.remedies import put
from rlconfig_lint.resolve.fate import fate

ID = ("RL401", "weight-update-pause")
_REPORT: dict[str, Value] = {"mode": "keep", "clear_cache": False}


@dataclass(frozen=True)
class _Verdict:
    span: ReleaseSpan
    severity: Severity
    message: str
    help: str
    fix: Fix | None = None
    beside: tuple[Setting, ...] = ()  # the settings that it takes besides the pause


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    for pause in rollout.sync.pauses:
        verdict = next((v for v in _verdicts(rollout, pause, profile) if v.span), None)
        if verdict is not None:
            yield judged(
                ID,
                rollout,
                verdict.severity,
                verdict.message,
                span=verdict.span,
                subject=Subject(pause.place, "pause_generation", _written(pause)),
                help_=verdict.help,
                fix=verdict.fix,
                beside=verdict.beside,
            )


def _verdicts(rollout: Rollout, pause: ApiCall, profile: Profile) -> Iterator[_Verdict]:
    """What is wrong with one pause, worst first."""
    given = pause.arguments
    yield from _missing(rollout, pause)
    if "mode" in given:
        yield _mode_too_early(rollout, pause)
    if "wait_for_inflight_requests" in given:
        yield _removed_argument(rollout, pause)
    if given.get("mode") == "keep" and given.get("clear_cache", True) is True:
        yield _clears_nothing(rollout)
        yield _drops_tokens(rollout)
    if profile is Profile.STRICT_ON_POLICY and given.get("mode") == "keep":
        yield _two_policies(rollout)
    if profile is Profile.PARITY and not pause.open:
        yield _not_the_reports(rollout, pause)
    if _bare(pause) and not rollout.sync.abort_handled:
        yield _aborts(rollout, pause)


def _bare(pause: ApiCall) -> bool:
    chosen = ("mode", "wait_for_inflight_requests")
    return not pause.open and not any(name in pause.arguments for name in chosen)


def _missing(rollout: Rollout, pause: ApiCall) -> Iterator[_Verdict]:
    missing = "the route /pause" if pause.http else "pause_generation"
    yield _Verdict(
        rollout.release.where(lambda release: not behaviour.has_pause(release)),
        Severity.ERROR,
        f"{missing} does not exist in this release",
        "upgrade to vLLM >=0.16.0, or drain the requests yourself",
    )


def _mode_too_early(rollout: Rollout, pause: ApiCall) -> _Verdict:
    span = rollout.release.where(
        lambda release: behaviour.has_pause(release) and not behaviour.has_pause_mode(release)
    )
    happens = "is dropped and aborts every rollout" if pause.http else "is a TypeError"
    return _Verdict(
        span,
        Severity.ERROR,
        f"pause with mode={show(pause.arguments['mode'])} {happens} in this release",
        "upgrade to vLLM >=0.16.0; before, there is only abort or wait_for_inflight_requests",
    )


def _removed_argument(rollout: Rollout, pause: ApiCall) -> _Verdict:
    span = rollout.release.where(
        lambda release: (
            behaviour.has_pause(release) and not behaviour.has_wait_for_inflight(release)
        )
    )
    waits = pause.arguments["wait_for_inflight_requests"]
    fix = None
    renames = isinstance(waits, bool) and "mode" not in pause.arguments and not pause.http
    if renames and len(span.releases) == len(rollout.release.candidates):
        mode = "wait" if waits else "abort"
        edit = PutArguments(pause.place, {"mode": mode}, ("wait_for_inflight_requests",))
        fix = Fix(f"replace it with mode={mode!r}, which means the same", (edit,), safe=True)
    return _Verdict(
        span,
        Severity.ERROR,
        "wait_for_inflight_requests was removed"
        + ("; the server drops it and aborts" if pause.http else ": TypeError in this release"),
        'write mode="wait" for true, mode="abort" for false',
        fix,
    )


def _clears_nothing(rollout: Rollout) -> _Verdict:
    span = rollout.release.where(
        lambda release: behaviour.has_pause_mode(release) and not behaviour.keep_can_clear(release)
    )
    return _Verdict(
        span,
        Severity.ERROR,
        "keep with clear_cache=True clears nothing in this release: the reset is refused while"
        " frozen requests hold blocks, and nothing says so",
        "upgrade to vLLM >=0.17.0, or pass clear_cache=False with prefix caching off",
    )


def _drops_tokens(rollout: Rollout) -> _Verdict:
    on = rollout.engine.get("async_scheduling")
    return _Verdict(
        releases_where(
            rollout,
            "async_scheduling",
            lambda on, release: on is True and behaviour.keep_and_clear_drops_a_token(release),
        ),
        Severity.ERROR,
        "keep with clear_cache=True drops a token of every running request in this release under"
        " async scheduling: the rest of the rollout was sampled behind a token that it lacks",
        "upgrade to vLLM >=0.22.0, or set async_scheduling to false",
        put(
            rollout,
            "async_scheduling",
            False,
            "set async_scheduling to false (costs throughput)",
            safe=True,
        ),
        (on,) if on else (),
    )


def _two_policies(rollout: Rollout) -> _Verdict:
    return _Verdict(
        rollout.release.where(behaviour.has_pause_mode),
        Severity.WARNING,
        "a rollout that is kept across an update is sampled by two policies",
        'drain with mode="wait", or update between batches',
    )


def _not_the_reports(rollout: Rollout, pause: ApiCall) -> _Verdict:
    right = all(pause.arguments.get(name, UNKNOWN) == value for name, value in _REPORT.items())
    span = rollout.release.where(lambda release: not right and behaviour.has_pause_mode(release))
    return _Verdict(
        span,
        Severity.WARNING,
        f"{_written(pause)}: V0 kept running requests and their KV across an update",
        "pass mode='keep', clear_cache=False while comparing, with prefix caching off",
        _write_out(pause, _REPORT) if _undecided(pause) else None,
    )


def _undecided(pause: ApiCall) -> bool:
    """Whether nobody chose yet: an abort or drain that is written out has a reason."""
    given = pause.arguments
    chosen = "wait_for_inflight_requests" in given or given.get("mode", "keep") != "keep"
    return not chosen and UNKNOWN not in given.values()


def _aborts(rollout: Rollout, pause: ApiCall) -> _Verdict:
    span = rollout.release.where(behaviour.has_pause)
    kept = all(
        fate(rollout.sync, release) is CacheFate.SALTED
        or rollout.setting("enable_prefix_caching", release).value is False
        for release in span.releases
    )
    modes = all(behaviour.has_pause_mode(release) for release in span.releases)
    clears = all(_can_clear(rollout, release) for release in span.releases)
    wanted: dict[str, Value] = {"mode": "keep", "clear_cache": not kept}
    return _Verdict(
        span,
        Severity.WARNING,
        "a pause without mode aborts every rollout in flight; nothing here handles finish_reason"
        ' "abort"',
        _which_mode(modes, kept, clears),
        _write_out(pause, wanted) if modes and (kept or clears) else None,
    )


def _can_clear(rollout: Rollout, release: Version) -> bool:
    """Whether keep + clear does what it says, and loses nothing."""
    loses = behaviour.keep_and_clear_drops_a_token(release)
    in_step = rollout.setting("async_scheduling", release).value is False
    return behaviour.keep_can_clear(release) and (in_step or not loses)


def _which_mode(modes: bool, kept: bool, clears: bool) -> str:
    resubmit = "abort needs a client that sends the partials again"
    if not modes:
        return f"drain with wait_for_inflight_requests=True; {resubmit}"
    clear = "clear_cache=True" if clears and not kept else "clear_cache=False"
    how = clear if kept or clears else f"{clear} with prefix caching off"
    return f"say which you mean: mode='keep', {how} lets rollouts go on; {resubmit}"


def _write_out(pause: ApiCall, wanted: dict[str, Value]) -> Fix | None:
    if pause.http or pause.open:
        return None
    missing = {name: v for name, v in wanted.items() if pause.arguments.get(name, UNKNOWN) != v}
    shown = ", ".join(f"{name}={value!r}" for name, value in wanted.items())
    return Fix(f"pause with {shown}", (PutArguments(pause.place, missing),), safe=False)


def _written(pause: ApiCall) -> str:
    given = ", ".join(f"{name}={show(value)}" for name, value in pause.arguments.items())
    default = "; mode defaults to abort" if _bare(pause) else ""
    return f"{'/' if pause.http else ''}{pause.name}({given}){default}"


_ENGINE = """\
from vllm import AsyncEngineArgs

args = AsyncEngineArgs(model="Qwen/Qwen2.5-7B", enable_prefix_caching=False)


"""

BAD = (
    Example(
        "sync.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation()
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
""",
        {"vllm-version": "0.18.1"},
        fixed=_ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
""",
    ),
    Example(
        "early.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
""",
        {"vllm-version": "0.15.1"},
    ),
    Example(
        "removed.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(
        wait_for_inflight_requests=True,  # drain
        clear_cache=True,
    )
    await engine.collective_rpc("update_weights", args=(path,))
""",
        {"vllm-version": "0.32.0"},
        fixed=_ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(
        mode="wait",  # drain
        clear_cache=True,
    )
    await engine.collective_rpc("update_weights", args=(path,))
""",
    ),
    Example(
        "refused.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=True)
    await engine.collective_rpc("update_weights", args=(path,))
""",
        {"vllm-version": "0.16.0"},
    ),
    Example(  # the pause waited for the last output, and one more is discarded
        "dropped.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep")
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
""",
        {"vllm-version": "0.18.1"},
        fixed=_ENGINE.replace(
            "enable_prefix_caching=False", "enable_prefix_caching=False, async_scheduling=False"
        )
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep")
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
""",
    ),
    Example(
        "http.py",
        """\
import requests


def update(server, payload):
    requests.post(f"{server}/pause")
    requests.post(f"{server}/update_weights", json=payload)
    requests.post(f"{server}/resume")
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(  # one policy a rollout was asked for
        "strict.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
""",
        {"vllm-version": "0.18.1"},
        profile=Profile.STRICT_ON_POLICY,
    ),
)

GOOD = (
    Example(
        "keep.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=False)
    await engine.collective_rpc("update_weights", args=(path,))
    await engine.resume_generation()
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(
        "mended.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation(mode="keep", clear_cache=True)
    await engine.collective_rpc("update_weights", args=(path,))
""",
        {"vllm-version": "0.22.0"},
    ),
    Example(
        "resubmits.py",
        _ENGINE
        + """\
async def update(engine, path):
    await engine.pause_generation()
    await engine.collective_rpc("update_weights", args=(path,))


async def generate(engine, request):
    output = await engine.generate(request)
    if output.finish_reason == "abort":
        output = await engine.generate(output.resumed())
    return output
""",
        {"vllm-version": "0.18.1"},
    ),
    Example(
        "wrapper.py",
        _ENGINE
        + """\
class Client:
    async def pause_generation(self):
        await self.drain()


async def update(client, path):
    await client.pause_generation()
    await client.load_weights(path)
""",
        {"vllm-version": "0.18.1"},
    ),
)

RULE = Rule(*ID, "0.1.0", "", check, BAD, GOOD, __doc__, life=Life.STABLE)
