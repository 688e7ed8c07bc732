"""The worker process and its jobs: started, bounded, and ended with all their children."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from rlconfig_lint.confirm.model import Json
from rlconfig_lint.errors import UserError

_PACKAGE = Path(__file__).parents[1]
# The interpreter that has vLLM may be another than the one that has this tool: only our own package
# is shown to it.
_START = """\
import importlib.util, sys
where = {package!r}
spec = importlib.util.spec_from_file_location(
    "rlconfig_lint", where + "/__init__.py", submodule_search_locations=[where])
module = importlib.util.module_from_spec(spec)
sys.modules["rlconfig_lint"] = module
spec.loader.exec_module(module)
from rlconfig_lint.confirm.worker import main
main()
"""
_ENVIRONMENT = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # the engine lives and dies with its fork
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "WARNING",
    "VLLM_USE_FLASHINFER_SAMPLER": "0",  # raw logprobs may use it, processed ones never do
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "OMP_NUM_THREADS": "1",
    "TORCHDYNAMO_DISABLE": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_IMPORT_SECONDS = 180.0
_POLL = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")


class CannotRunError(UserError):
    """No engine can be started at all; the message says what is missing."""


@dataclass(frozen=True)
class Job:
    """One fork of the worker."""

    name: str
    spec: Mapping[str, Json]
    seconds: float  # it is killed after that many
    mebibytes: float  # and where it holds more than that many


@dataclass
class Ended:
    """How a job came out: "" where it did what it was to do."""

    job: Job
    problem: str
    seconds: float


@dataclass
class _Running:
    job: Job
    started: float
    pid: int = 0
    problem: str = ""


@dataclass
class Worker:
    """vLLM in a process of its own, from which jobs are forked."""

    python: str
    folder: Path
    versions: Mapping[str, Json] = field(default_factory=dict)
    _process: subprocess.Popen[str] | None = None
    _running: dict[int, _Running] = field(default_factory=dict)
    _count: int = 0
    _buffer: str = ""

    def __enter__(self) -> Worker:
        log = (self.folder / "worker.log").open("w", encoding="utf-8")
        try:
            self._process = subprocess.Popen(
                [self.python, "-c", _START.format(package=str(_PACKAGE))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.folder,
                env={
                    **os.environ,
                    **_ENVIRONMENT,
                    "TORCHINDUCTOR_CACHE_DIR": str(self.folder / "inductor"),
                },
                start_new_session=True,
            )
        except OSError as error:
            raise CannotRunError(
                f"--python: {self.python} cannot be started: {error.strerror}"
            ) from None
        message = self._message(_IMPORT_SECONDS)
        if message is None or "ready" not in message:
            self.__exit__(None, None, None)
            raise CannotRunError(self._why_not())
        self.versions = message["ready"]
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for running in self._running.values():
            _kill(running.pid)
        if self._process is not None:
            _kill(self._process.pid)
            self._process.wait()

    def _why_not(self) -> str:
        text = (self.folder / "worker.log").read_text(encoding="utf-8", errors="replace")
        last = text.strip().splitlines()[-1:] or ["it did not answer"]
        if "No module named" in last[0]:
            missing = last[0].rpartition("named")[2].strip().strip("'")
            return (
                f"confirm needs {missing}, which {self.python} does not have: install the extra"
                " rlconfig-lint[confirm], or name an interpreter that has vLLM with --python"
            )
        return f"vLLM cannot be imported by {self.python}: {last[0]}"

    def run(
        self, jobs: Sequence[Job], at_once: int, done: Callable[[Ended], None] = lambda _: None
    ) -> list[Ended]:
        """Run jobs, some at a time, each within its bounds; in the order in which they ended."""
        waiting, ended = list(jobs), list[Ended]()
        while waiting or self._running:
            while waiting and len(self._running) < at_once:
                self._start(waiting.pop(0))
            for found in self._wait():
                ended.append(found)
                done(found)
        return ended

    def _start(self, job: Job) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._count += 1
        self._running[self._count] = _Running(job, time.monotonic())
        self._process.stdin.write(json.dumps({"job": self._count, **job.spec}) + "\n")
        self._process.stdin.flush()

    def _wait(self) -> list[Ended]:
        message = self._message(_POLL)
        found: list[Ended] = []
        if message is not None and "started" in message:
            self._running[message["started"]].pid = message["pid"]
        if message is not None and "ended" in message:
            running = self._running.pop(message["ended"])
            _kill(running.pid)  # an asynchronous engine leaves a process of its own behind
            problem = running.problem or _exit(message["status"])
            found.append(Ended(running.job, problem, time.monotonic() - running.started))
        for running in self._running.values():
            self._bound(running)
        assert self._process is not None
        if self._process.poll() is not None and message is None:
            for running in self._running.values():
                seconds = time.monotonic() - running.started
                found.append(Ended(running.job, "the worker process died", seconds))
            self._running.clear()
        return found

    def _bound(self, running: _Running) -> None:
        if not running.pid or running.problem:
            return
        if time.monotonic() - running.started > running.job.seconds:
            running.problem = f"killed after {running.job.seconds:.0f} s"
        elif _mebibytes(running.pid) > running.job.mebibytes:
            running.problem = f"killed above {running.job.mebibytes:.0f} MiB"
        if running.problem:
            _kill(running.pid)

    def _message(self, seconds: float) -> Any:
        """The worker's next line, waiting that long for it."""
        assert self._process is not None
        assert self._process.stdout is not None
        until = time.monotonic() + seconds
        file = self._process.stdout.fileno()
        while "\n" not in self._buffer:
            ready, _, _ = select.select([file], [], [], max(until - time.monotonic(), 0))
            chunk = os.read(file, 65_536).decode() if ready else ""
            if not chunk:
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition("\n")
        return json.loads(line)


def _exit(status: int) -> str:
    if status == 0:
        return ""
    return f"ended by signal {-status}" if status < 0 else "the engine failed"


def _kill(pid: int) -> None:
    """A process and everything that it started; it leads a group of its own."""
    if pid:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _mebibytes(pid: int) -> float:
    try:
        resident = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1])
    except (OSError, IndexError):
        return 0.0
    return resident * _PAGE / 2**20


def this_python() -> str:
    return sys.executable
