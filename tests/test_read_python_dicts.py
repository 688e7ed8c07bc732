"""Where an engine's keys come from: dicts built elsewhere in the module, and callers that hand them
over or are forwarded."""

from __future__ import annotations

import pytest

from rlconfig_lint.model import UNKNOWN, Block
from rlconfig_lint.readers.python import reader as python
from rlconfig_lint.readers.text import Text

HEAD = "import ray\nfrom vllm import LLM, AsyncEngineArgs\n"


def engines(body: str) -> list[Block]:
    return list(python.read(Text("a.py", HEAD + body))[0])


def engine(body: str) -> Block:
    (block,) = engines(body)
    return block


def given_to(body: str) -> dict[str, object]:
    return {entry.path[0]: entry.value for entry in engine(body).entries}


def written(body: str, block: Block) -> str:
    return (HEAD + body)[block.place.start : block.place.end]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("kw = {'seed': 0}\nkw |= {'seed': 1}\nLLM(**kw)", id="|="),
        pytest.param("LLM(**({'seed': 0} | {'seed': 1}))", id="|"),
        pytest.param("a = {'seed': 0}\nb = {'seed': 1}\nLLM(**{**a, **b})", id="{**a, **b}"),
        pytest.param("a = {'seed': 0}\nLLM(**dict(a, seed=1))", id="dict(a, k=v)"),
        pytest.param("a = {'seed': 1}\nLLM(**a.copy())", id="a copy"),
        pytest.param("kw = {}\nkw.setdefault('seed', 1)\nLLM(**kw)", id="setdefault, absent"),
        pytest.param(
            "kw = {'seed': 1}\nkw.setdefault('seed', 2)\nLLM(**kw)", id="setdefault, present"
        ),
        pytest.param(
            "def f():\n    for i in x:\n        kw = {}\n        kw['seed'] = 1\n        LLM(**kw)",
            id="built and used in one turn of a loop",
        ),
        pytest.param(
            "kw = {'seed': 1}\nllm = LLM(**kw)\nkw['seed'] = 2", id="changed only afterwards"
        ),
        pytest.param(
            "def keys():\n    kw = {}\n    kw['seed'] = 1\n    return kw\nLLM(**keys())",
            id="returned by a function",
        ),
        pytest.param(
            "def make(kw):\n    return LLM(**kw)\nmake({'seed': 1})", id="a parameter of a function"
        ),
        pytest.param(
            "def make(kw):\n    return LLM(**kw)\nmake({'seed': 1})\nmake(dict(seed=1))",
            id="callers that agree",
        ),
        pytest.param(
            "class Base:\n    def load(self):\n        self._create(dict(seed=1))\n"
            "class Worker(Base):\n    def _create(self, kw):\n        self.llm = LLM(**kw)",
            id="a method that a base class calls",
        ),
        pytest.param(
            "class Worker:\n    def __init__(self):\n        self.kw = dict(seed=0)\n"
            "        self.kw.update(seed=1)\n"
            "    def start(self):\n        self.llm = LLM(**self.kw)",
            id="an attribute that another method sets",
        ),
        pytest.param(
            "class Worker:\n    def __init__(self, seed):\n        self.seed = seed\n"
            "    def start(self):\n        self.llm = LLM(seed=self.seed)\nWorker(seed=1)",
            id="a scalar through an attribute and a parameter",
        ),
        pytest.param("kw = given or {}\nLLM(seed=1, **kw)", id="beside what nobody knows"),
    ],
)
def test_a_dict_is_followed_to_the_call(body: str) -> None:
    assert given_to(body)["seed"] == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("LLM(**{'seed': 1, **user})", id="laid over by what nobody knows"),
        pytest.param("kw = {'seed': 1}\nkw.update(user)\nLLM(**kw)", id="updated with it"),
        pytest.param("kw = {'seed': 1}\nkw[name] = 2\nLLM(**kw)", id="an unknown key"),
        pytest.param("kw = {'seed': 1}\nadjust(kw)\nLLM(**kw)", id="lent to a function"),
        pytest.param("kw = {'seed': 1}\nif x:\n    kw.pop('seed')\nLLM(**kw)", id="perhaps popped"),
        pytest.param(
            "kw = {'seed': 1}\nother = kw\nother['seed'] = 2\nLLM(**kw)", id="under another name"
        ),
        pytest.param("user.setdefault('seed', 1)\nLLM(**user)", id="setdefault on the unknown"),
        pytest.param(
            "def make(kw):\n    LLM(**kw)\nmake({'seed': 1})\nmake({'seed': 2})",
            id="callers that differ",
        ),
        pytest.param(
            "def make(seed):\n    LLM(seed=seed)\nmake(1)\npool.map(make, [2])", id="handed on"
        ),
        pytest.param(
            "class A:\n    def make(self, seed):\n        LLM(seed=seed)\n"
            "    def go(self):\n        self.make(1)\nother.make(2)",
            id="called on who knows what",
        ),
        pytest.param("seed = 1\ndef f(seed):\n    LLM(seed=seed)", id="a parameter of that name"),
        pytest.param("seed = 1\nfor seed in x:\n    LLM(seed=seed)", id="a loop's variable"),
        pytest.param(
            "seed = 1\ndef f():\n    global seed\n    seed = 2\nLLM(seed=seed)", id="rebound"
        ),
        pytest.param(
            "kw = {'seed': 1}\nfor i in x:\n    LLM(**kw)\n    kw['seed'] = i",
            id="changed by the turn before",
        ),
    ],
)
def test_what_may_have_been_changed_is_unknown(body: str) -> None:
    values = [e.value for e in engine(body).entries if e.path == ("seed",)]
    assert values in ([UNKNOWN], [])
    assert values or engine(body).open


def test_a_popped_key_is_gone() -> None:
    body = "kw = dict(seed=1, num_gpus=2)\nstart(kw.pop('num_gpus'))\nLLM(**kw)"
    assert given_to(body) == {"seed": 1}


def test_an_else_branch_does_not_see_the_other() -> None:
    body = "kw = {}\nif x:\n    kw['seed'] = 1\nelse:\n    LLM(**kw)"
    assert given_to(body) == {}


# --- what only forwards ---


@pytest.mark.parametrize(
    ("body", "caller"),
    [
        pytest.param(
            "def make(**kwargs):\n    return LLM(**kwargs)\nllm = make(seed=1)",
            "make(seed=1)",
            id="a function",
        ),
        pytest.param(
            "class Actor:\n    def __init__(self, *args, **kwargs):\n"
            "        self.llm = LLM(*args, **kwargs)\nactor = Actor(seed=1)",
            "Actor(seed=1)",
            id="a class",
        ),
        pytest.param(
            "@ray.remote\nclass Actor:\n    def __init__(self, *args, n=1, **kwargs):\n"
            "        n = kwargs.pop('num_gpus')\n        self.kwargs = kwargs\n"
            "        made = AsyncEngineArgs(*args, **self.kwargs)\n"
            "kw = {'seed': 1, 'num_gpus': 2}\nActor.options(num_gpus=1).remote(n=3, **kw)",
            "Actor.options(num_gpus=1).remote(n=3, **kw)",
            id="a Ray actor whose own arguments are not the engine's",
        ),
        pytest.param(
            "class Actor:\n    def __init__(self, *args, **kwargs):\n"
            "        self._start(args, kwargs)\n"
            "    def _start(self, args, kwargs):\n"
            "        made = AsyncEngineArgs(*args, **kwargs)\n"
            "ray.remote(Actor).options(num_cpus=1).remote(seed=1)",
            "ray.remote(Actor).options(num_cpus=1).remote(seed=1)",
            id="ray.remote, and a method in between",
        ),
        pytest.param(
            "class Base:\n    def __init__(self, **kwargs):\n        self.llm = LLM(**kwargs)\n"
            "class Mine(Base):\n    def __init__(self, **kwargs):\n"
            "        super().__init__(**kwargs)\nMine(seed=1)",
            "Mine(seed=1)",
            id="a subclass",
        ),
    ],
)
def test_the_callers_keywords_are_the_engines(body: str, caller: str) -> None:
    block = engine(body)
    assert given_to(body) == {"seed": 1}
    assert (written(body, block), block.open, block.derived) == (caller, False, True)


def test_each_caller_is_an_engine_of_its_own() -> None:
    body = (
        "def make(**kw):\n    kw['dtype'] = 'auto'\n    return LLM(**kw)\n"
        "make(seed=1)\nmake(seed=2)"
    )
    found = [{e.path[0]: (e.value, e.shared) for e in block.entries} for block in engines(body)]
    own = {"dtype": ("auto", True)}
    assert found == [{"seed": (1, False), **own}, {"seed": (2, False), **own}]


def test_what_forwards_without_a_caller_here_stays_an_open_engine() -> None:
    body = "def make(**kw):\n    return LLM(seed=1, **kw)"
    assert written(body, engine(body)) == "LLM(seed=1, **kw)"
    assert engine(body).open


def test_both_functions_around_an_engine_are_named() -> None:
    body = "def judge():\n    make(seed=1)\ndef make(**kw):\n    LLM(**kw)"
    assert engine(body).inside == "judge.make"


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("def f(LLM):\n    LLM(seed=1)", id="a parameter"),
        pytest.param("def f():\n    from tensorrt_llm import LLM\n    LLM(seed=1)", id="imported"),
        pytest.param("engine_class = LLM\nengine_class = Other\nengine_class()", id="an alias"),
    ],
)
def test_a_name_that_is_something_else_too_is_not_vllms(body: str) -> None:
    assert engines(body) == []


def test_an_engine_class_under_another_name() -> None:
    body = "if fast:\n    cls = AsyncEngineArgs\nelse:\n    cls = LLM\ncls(seed=1)"
    assert given_to(body) == {"seed": 1}
    assert engine(body).derived


def test_attributes_set_on_the_arguments_are_arguments() -> None:
    body = (
        "args = AsyncEngineArgs(seed=0, dtype='auto')\nargs.seed = 1\nargs._private = 3\n"
        "if x:\n    args.dtype = 'half'\n"
    )
    assert given_to(body) == {"seed": 1, "dtype": UNKNOWN}


@pytest.mark.parametrize(
    ("condition", "guarded"),
    [
        ("version.parse(vllm.__version__) >= V", True),
        ("'x' in inspect.signature(LLM).parameters", True),
        ("processor is not None", False),
    ],
)
def test_a_look_at_the_release_guards_what_it_adds(condition: str, guarded: bool) -> None:
    body = f"kw = {{}}\nif {condition}:\n    kw['seed'] = 1\nLLM(**kw)"
    (entry,) = engine(body).entries
    assert (entry.value, entry.guarded) == (UNKNOWN, guarded)


@pytest.mark.parametrize(
    ("body", "shared"),
    [
        ("kw = {'seed': 1}\nLLM(**kw)", False),
        ("kw = {'seed': 1}\nLLM(**kw)\nstart_judge(**kw)", True),
        ("BASE = {'seed': 1}\nkw = {**BASE, 'dtype': 'auto'}\nLLM(**kw)\nother(BASE)", True),
    ],
)
def test_what_others_get_too_is_not_this_engines_to_rewrite(body: str, shared: bool) -> None:
    (entry,) = (entry for entry in engine(body).entries if entry.path == ("seed",))
    assert entry.shared is shared
