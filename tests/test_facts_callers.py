"""Whether a reset that stands in the code is ever called."""

from __future__ import annotations

import tokenize
from itertools import pairwise
from pathlib import Path

import pytest

from rlconfig_lint.model import CacheFate, Reach
from rlconfig_lint.readers.mentions import rows, rows_of_code
from rlconfig_lint.releases.known import version
from rlconfig_lint.resolve.fate import fate, why
from tests.projects import ENGINE, UPDATE, only, run, write_files

RELEASE = version("0.18.1")
ACTOR = (
    "class Actor:\n"
    "    def reset_prefix_cache(self):\n"
    "        return self.engine.reset_prefix_cache()\n"
)


def reach(folder: Path, files: dict[str, str]) -> Reach:
    """Of the one reset in a project whose weights are updated."""
    rollout = only(folder, {"a.py": f"{ENGINE}{UPDATE}", **files})
    found = {clearing.reach for clearing in rollout.sync.resets}
    assert len(found) == 1
    cleared = fate(rollout.sync, RELEASE)
    expected = {
        Reach.CALLED: CacheFate.CLEARED,
        Reach.NEVER: CacheFate.SURVIVES,
        Reach.UNKNOWN: CacheFate.UNKNOWN,
    }
    (only_one,) = found
    assert cleared is expected[only_one]
    return only_one


def test_a_reset_that_nothing_calls_is_named(tmp_path: Path) -> None:
    rollout = only(tmp_path, {"a.py": f"{ENGINE}{UPDATE}", "actor.py": ACTOR})
    (reason,) = why(rollout.sync, RELEASE)
    assert str(reason) == (
        "reset_prefix_cache stands in Actor.reset_prefix_cache, which nothing calls (actor.py:3)"
    )


@pytest.mark.parametrize(
    "code",
    [
        pytest.param(ACTOR, id="a method"),
        pytest.param(
            ACTOR + "class Group:\n"
            "    def reset_prefix_cache(self):\n"
            "        ray.get([actor.reset_prefix_cache.remote() for actor in self.actors])\n",
            id="a wrapper of the same name",
        ),
        pytest.param(
            ACTOR + "class Group:\n"
            "    def forget(self):\n"
            "        ray.get([actor.reset_prefix_cache.remote() for actor in self.actors])\n",
            id="a wrapper of another name",
        ),
        pytest.param(
            "def ping(e):\n    pong(e)\ndef pong(e):\n    ping(e)\n    e.reset_prefix_cache()\n",
            id="functions that only call each other",
        ),
        pytest.param(ACTOR + "# actor.reset_prefix_cache()\n", id="in a comment"),
        pytest.param(ACTOR + '"""Call reset_prefix_cache() yourself."""\n', id="in a docstring"),
        pytest.param(ACTOR + "generate(reset_prefix_cache=True)\n", id="an argument of the name"),
        pytest.param("@staticmethod\n" + ACTOR.replace("(self)", "()"), id="a plain decorator"),
    ],
)
def test_nothing_calls_it(tmp_path: Path, code: str) -> None:
    assert reach(tmp_path, {"actor.py": code}) is Reach.NEVER


@pytest.mark.parametrize("path", ["tests/test_actor.py", "evaluate.py", "docs/use.py"])
def test_a_test_that_calls_it_trains_nothing(tmp_path: Path, path: str) -> None:
    files = {"actor.py": ACTOR, path: "def test_it(actor):\n    actor.reset_prefix_cache()\n"}
    assert reach(tmp_path, files) is Reach.NEVER


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("actor.reset_prefix_cache()\n", id="by a module"),
        pytest.param("def main():\n    actor.reset_prefix_cache()\n", id="by main"),
        pytest.param(
            "class Manager:\n"
            "    def update(self):\n"
            "        ray.get([a.reset_prefix_cache.remote() for a in self.actors])\n"
            "def main():\n    Manager().update()\n",
            id="through a wrapper",
        ),
        pytest.param("collective_rpc('reset_prefix_cache')\n", id="by its name"),
        pytest.param("getattr(actor, 'reset_prefix_cache')()\n", id="by getattr"),
        pytest.param("conn.send({'method': 'reset_prefix_cache'})\n", id="by a message"),
        pytest.param(
            "name = 'reset_prefix_cache_async' if x else 'reset_prefix_cache'\nrun_all(name)\n",
            id="by one of two names",
        ),
        pytest.param("Thread(target=actor.reset_prefix_cache).start()\n", id="by a thread"),
        pytest.param("hooks = [actor.reset_prefix_cache]\n", id="kept in a list"),
        pytest.param("hooks = {'after': actor.reset_prefix_cache}\n", id="kept in a mapping"),
        pytest.param("@app.post('/x')\ndef x():\n    actor.reset_prefix_cache()\n", id="a route"),
        pytest.param(
            "@ray.remote\ndef x():\n    actor.reset_prefix_cache()\nx.remote()\n", id="ray"
        ),
        pytest.param(
            "class C(TrainerCallback):\n"
            "    def on_step_end(self):\n        self.actor.reset_prefix_cache()\n",
            id="a method of a base from elsewhere",
        ),
        pytest.param(
            "class Base(WorkerExtension): pass\n"
            "class C(Base):\n"
            "    def step(self):\n        self.actor.reset_prefix_cache()\n",
            id="a method of a base's base",
        ),
        pytest.param(
            "class C:\n    def __enter__(self):\n        self.actor.reset_prefix_cache()\n",
            id="a method that Python calls",
        ),
        pytest.param(
            "def outer(actor):\n"
            "    def inner():\n        actor.reset_prefix_cache()\n"
            "    return inner\nouter(actor)\n",
            id="a closure",
        ),
        pytest.param(
            "class C:\n"
            "    @property\n    def fresh(self):\n        return self.actor.reset_prefix_cache()\n",
            id="a property",
        ),
    ],
)
def test_something_calls_it(tmp_path: Path, code: str) -> None:
    assert reach(tmp_path, {"actor.py": ACTOR, "train.py": code}) is Reach.CALLED


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param("steps.yaml", "after: [reset_prefix_cache]\n", id="in a document"),
        pytest.param("run.sh", "curl -X POST host/reset_prefix_cache\n", id="in a script"),
        pytest.param("run.py", "return_value = [reset_prefix_cache for _ in x]\n", id="oddly"),
    ],
)
def test_who_calls_it_is_not_seen(tmp_path: Path, path: str, text: str) -> None:
    assert reach(tmp_path, {"actor.py": ACTOR, path: text}) is Reach.UNKNOWN


def test_a_file_that_holds_no_word_of_ours_may_call_it(tmp_path: Path) -> None:
    """Such files are not read, but looked through before anything is said to be never called."""
    wrapper = ACTOR + "class Group:\n    def forget(self):\n        self.a.reset_prefix_cache()\n"
    assert reach(tmp_path / "a", {"group.py": wrapper}) is Reach.NEVER
    files = {"group.py": wrapper, "train.py": "def step(group):\n    group.forget()\n"}
    assert reach(tmp_path / "b", files) is Reach.UNKNOWN


def test_another_project_of_the_repository_may_call_it(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[project]\n",
        "actor.py": ACTOR,
        "app/pyproject.toml": "[project]\n",
        "app/train.py": "import vllm\nactor.reset_prefix_cache()\n",
    }
    assert reach(tmp_path, files) is Reach.UNKNOWN


def test_the_rest_of_the_project_may_call_it(tmp_path: Path) -> None:
    files = {"pyproject.toml": "[project]\n", "src/a.py": ENGINE + UPDATE, "src/actor.py": ACTOR}
    whole, part = run(write_files(tmp_path, files)), run(tmp_path, "src")
    for result, expected in ((whole, Reach.NEVER), (part, Reach.UNKNOWN)):
        (rollout,) = result.rollouts
        assert [clearing.reach for clearing in rollout.sync.resets] == [expected]


def test_what_stands_beside_an_uncalled_update_is_as_good_as_that(tmp_path: Path) -> None:
    """A library: its users call both."""
    code = "def sync(e):\n    e.collective_rpc('load_weights')\n    e.reset_prefix_cache()\n"
    rollout = only(tmp_path, {"a.py": ENGINE, "sync.py": code})
    assert [clearing.reach for clearing in rollout.sync.resets] == [Reach.CALLED]


def test_where_nothing_calls_the_updates_either_somebody_else_does(tmp_path: Path) -> None:
    code = "def sync(e):\n    e.collective_rpc('load_weights')\n"
    rollout = only(tmp_path, {"a.py": ENGINE, "sync.py": code, "actor.py": ACTOR})
    assert [clearing.reach for clearing in rollout.sync.resets] == [Reach.UNKNOWN]
    assert fate(rollout.sync, RELEASE) is CacheFate.UNKNOWN


# --- the last look, at texts ---


@pytest.mark.parametrize("path", sorted(Path("rlconfig_lint").rglob("*.py")), ids=str)
def test_rows_of_code_holds_every_name_that_python_sees(path: Path) -> None:
    text = path.read_text()
    with path.open("rb") as file:
        seen: dict[str, set[int]] = {}
        tokens = list(tokenize.tokenize(file.readline))
    for token, behind in pairwise(tokens):
        if token.type == tokenize.NAME and behind.string not in ("=", ":", ":="):
            seen.setdefault(token.string, set()).add(token.start[0])
    for name in sorted(seen)[::7]:
        found = rows_of_code(text, name)
        assert seen[name] <= found <= rows(text, name), name


def test_prose_is_left_out() -> None:
    text = '"""reset\n"""\n# reset\nx = "# reset"  # reset\nf(reset=1, then=reset == 2)\nreset()\n'
    assert rows(text, "reset") == {1, 3, 4, 5, 6}
    assert rows_of_code(text, "reset") == {4, 5, 6}
