"""What a weight update does to the prefix cache, as the project's own code shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlconfig_lint.model import CacheFate, Rollout, Sync
from rlconfig_lint.releases.known import version
from rlconfig_lint.resolve.fate import fate, why
from tests.projects import ENGINE, UPDATE, only

RELEASE = version("0.18.1")


def rollout(folder: Path, code: str, **files: str) -> Rollout:
    beside = {f"{name}.py": text for name, text in files.items()}
    return only(folder, {"a.py": f"{ENGINE}{UPDATE}{code}\n", **beside})


def said(sync: Sync) -> str:
    return "; ".join(map(str, why(sync, RELEASE)))


@pytest.mark.parametrize(
    ("code", "release", "expected"),
    [
        ("", "0.18.1", CacheFate.SURVIVES),
        ("llm.reset_prefix_cache()", "0.18.1", CacheFate.CLEARED),
        ("ray.get(engine.reset_prefix_cache.remote())", "0.18.1", CacheFate.CLEARED),
        ("def reset_prefix_cache(): pass", "0.18.1", CacheFate.SURVIVES),
        ("llm.sleep()", "0.18.1", CacheFate.CLEARED),
        ("llm.sleep(level=1)", "0.18.1", CacheFate.CLEARED),
        ("llm.sleep(2)", "0.18.1", CacheFate.CLEARED),
        ("llm.sleep(level=0)", "0.18.1", CacheFate.SURVIVES),
        ("requests.post(f'{u}/sleep?level=0')", "0.18.1", CacheFate.SURVIVES),
        ("requests.post(f'{u}/sleep')", "0.10.0", CacheFate.SURVIVES),
        ("self.clock.sleep(5)", "0.18.1", CacheFate.SURVIVES),
        ("if x:\n    llm.sleep()", "0.18.1", CacheFate.UNKNOWN),
        ("llm.sleep(level=n)", "0.18.1", CacheFate.UNKNOWN),
        ("time.sleep(1)", "0.18.1", CacheFate.SURVIVES),
        ("llm.wake_up(tags=['kv_cache'])", "0.18.1", CacheFate.SURVIVES),
        ("e.pause_generation()", "0.18.1", CacheFate.CLEARED),
        ("e.pause_generation(mode='keep')", "0.18.1", CacheFate.CLEARED),
        ("e.pause_generation(mode='keep')", "0.16.0", CacheFate.SURVIVES),
        ("e.pause_generation(mode='keep', clear_cache=False)", "0.18.1", CacheFate.SURVIVES),
        ("e.pause_generation(mode='keep', clear_cache=c)", "0.18.1", CacheFate.UNKNOWN),
        (
            "e.pause_generation(mode='keep', clear_cache=False)\ne.reset_prefix_cache()",
            "0.18.1",
            CacheFate.SURVIVES,
        ),
        (
            (
                "e.pause_generation(mode='keep', clear_cache=False)\n"
                "e.reset_prefix_cache(reset_running_requests=True)"
            ),
            "0.18.1",
            CacheFate.CLEARED,
        ),
        ("from vllm.v1.core.sched.scheduler import Scheduler\nScheduler(config)", "0.18.1", None),
        ("from torch.optim import Scheduler\nScheduler(config)", "0.18.1", CacheFate.SURVIVES),
        ("self.inference_engine.init_cache_engine()", "0.6.3", None),
    ],
)
def test_cache_fate(tmp_path: Path, code: str, release: str, expected: CacheFate | None) -> None:
    found = fate(rollout(tmp_path, code).sync, version(release))
    assert found is (expected or CacheFate.UNKNOWN)


# --- a wrapper of the project's own ---


def test_the_level_that_the_wrapper_passes_on_counts(tmp_path: Path) -> None:
    """`engine.sleep()` is the project's own method here, and what that does stands inside it."""
    code = (
        "class Actor:\n"
        "    def sleep(self):\n        return self.run(self.engine.sleep(level=0, mode='keep'))\n"
        "def sync(actors):\n"
        "    ray.get([actor.sleep.remote() for actor in actors])\n"
        "sync([])\n"
    )
    sync = rollout(tmp_path, code).sync
    assert [clearing.call.arguments.get("level") for clearing in sync.sleeps] == [0]
    assert fate(sync, RELEASE) is CacheFate.SURVIVES


def test_a_wrapper_of_the_pause_is_not_vllms(tmp_path: Path) -> None:
    code = (
        "class Client:\n"
        "    async def pause_generation(self):\n"
        "        await self.engine.pause_generation(mode='wait', clear_cache=True)\n"
        "async def sync(client):\n    await client.pause_generation()\n"
    )
    sync = rollout(tmp_path, code).sync
    assert [pause.arguments for pause in sync.pauses] == [{"mode": "wait", "clear_cache": True}]
    assert fate(sync, RELEASE) is CacheFate.CLEARED


# --- before or behind the update ---

_KEPT = "async def hold(e):\n    await e.pause_generation(mode='keep', clear_cache=False)\n"
_RUNNING = "reset_prefix_cache(reset_running_requests=True)"


@pytest.mark.parametrize(
    ("code", "expected", "order"),
    [
        pytest.param(
            f"{_KEPT}def sync(e):\n    e.collective_rpc('load_weights')\n    e.{_RUNNING}\n",
            CacheFate.CLEARED,
            "behind the update in sync",
            id="behind",
        ),
        pytest.param(
            f"{_KEPT}def sync(e):\n    e.{_RUNNING}\n    e.collective_rpc('load_weights')\n",
            CacheFate.UNKNOWN,
            "before the update in sync: requests that run may fill it",
            id="before, while requests run",
        ),
        pytest.param(
            "def sync(e):\n    e.reset_prefix_cache()\n    e.collective_rpc('load_weights')\n",
            CacheFate.CLEARED,
            "before the update in sync",
            id="before, with no request running",
        ),
        pytest.param(
            f"{_KEPT}class Sync:\n"
            "    def push(self):\n        self.e.collective_rpc('load_weights')\n"
            f"    def forget(self):\n        self.e.{_RUNNING}\n"
            "    def both(self):\n        self.push()\n        self.forget()\n",
            CacheFate.CLEARED,
            "behind the update in Sync.both (sync.py:10)",
            id="behind, in the function that calls both",
        ),
        pytest.param(
            f"{_KEPT}class Sync:\n"
            "    def push(self):\n        self.e.collective_rpc('load_weights')\n"
            f"    def forget(self):\n        self.e.{_RUNNING}\n"
            "    def both(self):\n        self.forget()\n        self.push()\n",
            CacheFate.UNKNOWN,
            "before the update in Sync.both (sync.py:9)",
            id="before, in the function that calls both",
        ),
    ],
)
def test_order(tmp_path: Path, code: str, expected: CacheFate, order: str) -> None:
    files = {"a.py": ENGINE, "sync.py": code}
    sync = only(tmp_path, files).sync
    assert fate(sync, RELEASE) is expected
    assert order in said(sync)


def test_a_reset_is_refused_while_requests_run(tmp_path: Path) -> None:
    code = (
        "async def sync(e):\n"
        "    await e.pause_generation(mode='keep', clear_cache=False)\n"
        "    await e.reset_prefix_cache()\n"
    )
    assert "is refused while requests run (a.py:7)" in said(rollout(tmp_path, code).sync)


# --- salts ---


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param("r = {'cache_salt': str(step)}", CacheFate.SALTED, id="a step"),
        pytest.param("r['cache_salt'] = f'v{self.weight_version}'", CacheFate.SALTED, id="version"),
        pytest.param("g(p, cache_salt=str(policy.iteration))", CacheFate.SALTED, id="an iteration"),
        pytest.param(
            "cache_salt = getattr(c, 'weight_version', 0)", CacheFate.SALTED, id="getattr"
        ),
        pytest.param(
            "def f(epoch):\n    salt = f'{epoch}'\n    return {'cache_salt': salt}",
            CacheFate.SALTED,
            id="through a local name",
        ),
        pytest.param(
            "def make_salt(self):\n    return f'{self.model}@{self.version}'\n"
            "r = {'cache_salt': make_salt()}",
            CacheFate.SALTED,
            id="through a function that makes salts",
        ),
        pytest.param("r = {'cache_salt': request_id}", CacheFate.SALTED, id="each request's own"),
        pytest.param("r = {'cache_salt': uuid.uuid4().hex}", CacheFate.SALTED, id="random"),
        pytest.param(
            "def serve(request, version):\n"
            "    a = TokensPrompt(cache_salt=request.cache_salt)\n"
            "    return {'cache_salt': str(version)}",
            CacheFate.SALTED,
            id="made here, handed on there",
        ),
        pytest.param("r = {'cache_salt': ''}", CacheFate.SURVIVES, id="empty"),
        pytest.param("r = {'cache_salt': None}", CacheFate.SURVIVES, id="none"),
        pytest.param("r = {'cache_salt': 'rollouts'}", CacheFate.SURVIVES, id="a constant"),
        pytest.param("r = {'cache_salt': SALT}", CacheFate.SURVIVES, id="a constant's name"),
        pytest.param("r = {'cache_salt': user_id}", CacheFate.SURVIVES, id="a person's"),
        pytest.param(
            "def f(request):\n    return {'cache_salt': request.user}",
            CacheFate.SURVIVES,
            id="the person of a request",
        ),
        pytest.param(
            "def f(x):\n    salt = 'a'\n    return {'cache_salt': salt}",
            CacheFate.SURVIVES,
            id="a constant through a local name",
        ),
        pytest.param("r = {'cache_salt': self.salt}", CacheFate.UNKNOWN, id="made elsewhere"),
        pytest.param("f(cache_salt=request.cache_salt)", CacheFate.UNKNOWN, id="handed on"),
        pytest.param("r = {'cache_salt': prompt_hash}", CacheFate.UNKNOWN, id="anything else"),
    ],
)
def test_salts(tmp_path: Path, code: str, expected: CacheFate) -> None:
    assert fate(rollout(tmp_path, code).sync, RELEASE) is expected


# --- LoRA adapters ---

_LOADS = (
    "requests.post(f'{{u}}/v1/load_lora_adapter', json={{'lora_name': {}, 'load_inplace': {}}})"
)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(_LOADS.format("'policy'", True), CacheFate.SURVIVES, id="same name, in place"),
        pytest.param(
            _LOADS.format("'policy'", True) + "\nllm.reset_prefix_cache()",
            CacheFate.CLEARED,
            id="same name, in place, then a reset",
        ),
        pytest.param(
            "LoRARequest(ADAPTER, 1, path, load_inplace=True)", CacheFate.SURVIVES, id="a request"
        ),
        pytest.param(
            "LoRARequest(f'step-{step}', step, path)", CacheFate.UNKNOWN, id="a name a version"
        ),
    ],
)
def test_adapters(tmp_path: Path, code: str, expected: CacheFate) -> None:
    """Beside an update of all weights, which new adapter names do not keep apart."""
    assert fate(rollout(tmp_path, code).sync, RELEASE) is expected


def test_adapters_alone_are_kept_apart_by_their_names(tmp_path: Path) -> None:
    code = "ratio = torch.exp(new - rollout_logprobs)\n"
    fresh = f"{ENGINE}{code}LoRARequest(str(version), version, path)\n"
    found = only(tmp_path, {"a.py": fresh})
    assert fate(found.sync, RELEASE) is CacheFate.SALTED
    same = f"{ENGINE}{code}LoRARequest('policy', 1, path, load_inplace=True)\n"
    found = only(tmp_path, {"a.py": same})
    assert fate(found.sync, RELEASE) is CacheFate.SURVIVES
    assert "the adapter 'policy' is reloaded in place" in said(found.sync)


def test_a_new_path_keeps_adapters_apart_from_0_31_on(tmp_path: Path) -> None:
    code = "ratio = torch.exp(new - rollout_logprobs)\n"
    reloaded = f"{ENGINE}{code}LoRARequest('policy', 1, f'/tmp/{{step}}', load_inplace=True)\n"
    found = only(tmp_path, {"a.py": reloaded})
    assert fate(found.sync, version("0.30.0")) is CacheFate.SURVIVES
    assert fate(found.sync, version("0.31.0")) is CacheFate.UNKNOWN


def test_a_request_that_names_an_adapter_says_nothing(tmp_path: Path) -> None:
    code = f"{ENGINE}ratio = torch.exp(new - rollout_logprobs)\nLoRARequest(request.lora, 1, p)\n"
    assert fate(only(tmp_path, {"a.py": code}).sync, RELEASE) is CacheFate.UNKNOWN
