"""The process beside the command that has vLLM: it imports it once and forks for each job.

A fork for each engine gives the GPU's memory back whatever happens, and saves the import. Lines of
JSON come in on standard input and go out on standard output; what a job prints goes to its own
file. Nothing outlives the command: the kernel ends every process whose parent died.
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rlconfig_lint.confirm import deeds, stream
from rlconfig_lint.confirm.engine import MissingError, VllmEngine
from rlconfig_lint.confirm.model import Completion, Json, Record

_SET_PARENT_DEATH_SIGNAL = 1  # prctl(2)
_POLL = 0.05  # seconds
STREAMED = ("pause",)


def main() -> None:
    _end_with_the_parent()
    out = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print is no message
    print(json.dumps({"ready": _versions()}), file=out)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], _POLL)
        if ready:
            line = sys.stdin.readline()
            if not line:
                return
            job = json.loads(line)
            pid = _fork(job)
            running[pid] = job["job"]
            print(json.dumps({"started": job["job"], "pid": pid}), file=out)
        for pid in list(running):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                print(json.dumps({"ended": running.pop(pid), "status": code}), file=out)


def _versions() -> dict[str, Json]:
    import torch
    import transformers
    import vllm
    from vllm.platforms import current_platform

    cuda = bool(current_platform.is_cuda())
    return {
        "vllm": vllm.__version__,
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "python": sys.version.split()[0],
        "device": "cuda" if cuda else "cpu",
        "device_name": current_platform.get_device_name() if cuda else _processor(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "CPU"


def _end_with_the_parent() -> None:
    ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def _fork(job: Json) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        os.setsid()  # so that it can be killed with its children
        _end_with_the_parent()
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.environ.update(job.get("env", {}))
        _JOBS[job["kind"]](job)
        status = 0
    except BaseException:  # the only way out of a fork is its exit status
        traceback.print_exc()
    finally:
        os._exit(status)


# --- jobs ---


def _build(job: Json) -> None:
    from rlconfig_lint.confirm.tiny import build

    build(Path(job["model"]), job["shape"])


def _run(job: Json) -> None:
    """Every arm of one engine, each result kept as soon as it is there."""
    if job["arms"][0]["does"] in STREAMED:
        asyncio.run(_run_stream(job))
        return
    engine = VllmEngine(Path(job["model"]), job["engine"], job["start"])
    results: dict[str, Json] = {}
    for arm in job["arms"]:
        deed = getattr(deeds, arm["does"])
        results[arm["name"]] = _result(lambda: deed(engine, **arm["given"]))  # noqa: B023
        _keep(job["result"], results)


async def _run_stream(job: Json) -> None:
    running = stream.Stream.start(Path(job["model"]), job["engine"])
    results: dict[str, Json] = {}
    for arm in job["arms"]:
        try:
            results[arm["name"]] = asdict(await stream.pause(running, **arm["given"]))
        except Exception as error:  # said in the verdict; the other arms go on
            results[arm["name"]] = {"problem": f"{type(error).__name__}: {error}"}
        _keep(job["result"], results)


def _result(deed: Callable[[], Record]) -> Json:
    try:
        return asdict(deed())
    except MissingError as error:
        return {"missing": str(error)}
    except Exception as error:  # said in the verdict; the other arms go on
        traceback.print_exc()
        return {"problem": f"{type(error).__name__}: {error}"}


def _score(job: Json) -> None:
    from rlconfig_lint.confirm.trainer import scored

    given = [completion(row) for row in json.loads(Path(job["given"]).read_text())]
    _keep(job["result"], [asdict(row) for row in scored(given, Path(job["model"]))])


def completion(row: Json) -> Completion:
    lists = ("prompt", "tokens", "logprobs", "trainer")
    return Completion(**{**row, **{name: tuple(row[name]) for name in lists}})


def _keep(path: str, results: Json) -> None:
    """Written whole or not at all."""
    beside = Path(f"{path}.part")
    beside.write_text(json.dumps(results), encoding="utf-8")
    beside.replace(path)


_JOBS: dict[str, Callable[[Any], None]] = {"build": _build, "run": _run, "score": _score}
