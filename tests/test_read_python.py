"""Python call sites: under any alias, through a dict, through Ray, and no other library's."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlconfig_lint.model import UNKNOWN, Block, PythonFacts
from rlconfig_lint.readers import read
from rlconfig_lint.readers.python import reader as python
from rlconfig_lint.readers.python.literals import Spans
from rlconfig_lint.readers.text import Text, UnreadableError


def engine_calls(body: str) -> list[Block]:
    blocks, _ = python.read(Text("a.py", body))
    return [block for block in blocks if block.name != "vllm.SamplingParams"]


def facts(body: str) -> PythonFacts:
    return python.read(Text("a.py", body))[1]


def given_to(body: str) -> dict[str, object]:
    (block,) = engine_calls(body)
    return {entry.path[0]: entry.value for entry in block.entries}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("from vllm import LLM\nLLM(seed=1)", id="plain"),
        pytest.param("import vllm\nvllm.LLM(seed=1)", id="module"),
        pytest.param("import vllm as v\nv.LLM(seed=1)", id="module alias"),
        pytest.param("from vllm import LLM as Engine\nEngine(seed=1)", id="name alias"),
        pytest.param("from vllm.entrypoints.llm import LLM\nLLM(seed=1)", id="its real home"),
        pytest.param(
            "from vllm.engine.arg_utils import AsyncEngineArgs as A\nA(seed=1)", id="arguments"
        ),
        pytest.param(
            "def f():\n    from vllm import LLM\n    return LLM(seed=1)", id="imported inside"
        ),
        pytest.param(
            "from vllm import AsyncLLMEngine, AsyncEngineArgs\n"
            "AsyncLLMEngine.from_engine_args(AsyncEngineArgs(seed=1))",
            id="from_engine_args",
        ),
        pytest.param(
            "import ray\nfrom vllm import LLM\nray.remote(LLM).remote(seed=1)", id="ray.remote"
        ),
        pytest.param(
            "import ray\nfrom vllm import LLM\nray.remote(num_gpus=1)(LLM).remote(seed=1)",
            id="ray.remote with options first",
        ),
        pytest.param(
            "import ray\nfrom vllm import LLM\n"
            "@ray.remote\nclass Actor(LLM): pass\n"
            "Actor.options(num_gpus=1).remote(seed=1)",
            id="a decorated subclass with options",
        ),
        pytest.param("from vllm import LLM\nclass Mine(LLM): pass\nMine(seed=1)", id="a subclass"),
        pytest.param("from vllm import LLM\nkw = dict(seed=1)\nLLM(**kw)", id="dict()"),
        pytest.param(
            "from vllm import LLM\nkw = {'seed': 0}\nkw['seed'] = 1\nLLM(**kw)", id="d[k]"
        ),
        pytest.param(
            "from vllm import LLM\ndef f():\n    kw = {}\n    kw.update(seed=1)\n    LLM(**kw)",
            id="update",
        ),
        pytest.param("from vllm import LLM\ns = 1\nLLM(seed=s)", id="a name assigned once"),
    ],
)
def test_an_engine_is_found_with_its_arguments(body: str) -> None:
    assert given_to(body)["seed"] == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("from tensorrt_llm import LLM\nLLM(seed=1)", id="TensorRT-LLM"),
        pytest.param("class LLM: pass\nLLM(seed=1)", id="a class of its own"),
        pytest.param("from .models import LLM\nLLM(seed=1)", id="a relative import"),
        pytest.param("from openhands.llm import LLM\nLLM(seed=1)", id="an agent library"),
        pytest.param("# from vllm import LLM\n'LLM(seed=1)'", id="a comment and a string"),
    ],
)
def test_another_librarys_name_is_not_taken_for_vllms(body: str) -> None:
    assert engine_calls(body) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("from vllm import LLM\nLLM(**elsewhere())", id="a call's result"),
        pytest.param("from vllm import LLM\ndef f(**kw):\n    LLM(**kw)", id="a parameter"),
        pytest.param(
            "from vllm import AsyncEngineArgs as A\nA.from_cli_args(ns)", id="a namespace"
        ),
    ],
)
def test_arguments_from_elsewhere_leave_the_call_open(body: str) -> None:
    (block,) = engine_calls(body)
    assert block.open


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("from vllm import LLM\nLLM(seed=args.seed)", id="an attribute"),
        pytest.param("from vllm import LLM\nLLM(seed=1 if x else 2)", id="a choice"),
        pytest.param("from vllm import LLM\ns = 1\ns = 2\nLLM(seed=s)", id="assigned twice"),
        pytest.param(
            "from vllm import LLM\nkw = {'seed': 0}\nif x:\n    kw['seed'] = 1\nLLM(**kw)",
            id="set in a branch",
        ),
    ],
)
def test_what_only_a_run_would_tell_is_unknown(body: str) -> None:
    assert given_to(body)["seed"] is UNKNOWN


def test_keyword_spans_count_characters_not_bytes() -> None:
    body = "from vllm import LLM\nLLM(model='Ωmega', seed=17)\n"
    (block,) = engine_calls(body)
    place = block.entries[1].value_place
    assert place is not None
    assert body[place.start : place.end] == "17"


@pytest.mark.parametrize(
    ("body", "seen"),
    [
        ("ratio = torch.exp(new - batch['rollout_logprobs'])", "rollout_ratios"),
        ("log_ratio = new_logps - behavior_logprobs", "rollout_ratios"),
        ("w = torch.exp(old_logprobs - rollout_log_probs)", "correction_ratios"),
        ("ratio = torch.exp(new_logps - old_logps)", "recomputed_ratios"),
        ("logits = logits / self.temperature", "divisions"),
        ("logits /= temperature", "divisions"),
        ("logits.div_(temperature)", "divisions"),
        ("x = model.lm_head.float()(hidden)", "fp32_heads"),
        ("model.lm_head.to(torch.float32)", "fp32_heads"),
        ("apply_fp32_lm_head(model)", "fp32_heads"),
        ("request = {'prompt': p, 'cache_salt': str(version)}", "salts"),
        ("engine.generate(prompt, cache_salt=version)", "salts"),
        ("if output.finish_reason == 'abort': pass", "abort_handled"),
        ("if output.stop_reason in ('aborted', 'abort'): pass", "abort_handled"),
        ("if output.reason is FinishReason.ABORT: pass", "abort_handled"),
    ],
)
def test_tell_tales(body: str, seen: str) -> None:
    assert getattr(facts(body), seen)


@pytest.mark.parametrize(
    "body",
    [
        "diff = (new_logps - rollout_logprobs).abs().mean()",
        "kl = torch.exp(new_logps - ref_logps)",
        "score = distance / temperature",
        "request = {'cache_salt': None}",
        "time.sleep(1)",
        "@app.post('/pause')\ndef pause(): pass",
    ],
)
def test_what_only_looks_like_one(body: str) -> None:
    found = facts(body)
    told = (found.rollout_ratios, found.correction_ratios, found.recomputed_ratios)
    assert not any((*told, found.divisions, found.salts, found.calls))


TOKENIZED = """
def rollout(tokenizer, outputs, answer):
    text = outputs[0].text
    texts = [output.outputs[0].text for output in outputs]
    {}
"""


@pytest.mark.parametrize(
    ("line", "paired"),
    [
        ("response_ids = tokenizer.encode(text)", False),
        ("input_ids = self.tokenizer(prompt + text, return_tensors='pt').input_ids.to(0)", False),
        ("response_ids = [tokenizer.encode(each) for each in texts]", False),
        ("sample = dict(response_ids=processing_class(text=texts)['input_ids'])", False),
        ("s = {'labels': tokenizer(outputs[0].text), 'old': outputs[0].logprobs}", True),
        ("output_ids = tokenizer.encode(answer['choices'][0]['message']['content'])", False),
        ("rollout_ids = tokenizer(answer.choices[i].message.content)", False),
    ],
)
def test_text_that_is_tokenized_again(line: str, paired: bool) -> None:
    (again,) = facts(TOKENIZED.format(line)).retokenized
    assert again.paired is paired
    assert again.inside == "rollout"


@pytest.mark.parametrize(
    "line",
    [
        "length = len(tokenizer.encode(text))",
        "response_ids = outputs[0].token_ids or tokenizer.encode(text)",
        "text = clean(text)\n    response_ids = tokenizer.encode(text)",
        "response_ids = tokenizer.encode(template.format(text))",
        "response_ids = model.encode(text)",
        "prompt_ids = tokenizer.encode(prompt)",
        "response_ids = tokenizer.encode(message.content)",
    ],
)
def test_text_that_is_counted_or_is_no_completion(line: str) -> None:
    assert facts(TOKENIZED.format(line)).retokenized == ()


def test_pauses_over_http_with_their_query() -> None:
    (call,) = facts(
        "requests.post(f'{url}/pause?clear_cache=false', params={'mode': 'keep'})"
    ).calls
    assert (call.name, call.http) == ("pause", True)
    assert call.arguments == {"mode": "keep", "clear_cache": False}


@pytest.mark.parametrize(
    ("body", "ignored"),
    [
        ("engine.reset_prefix_cache()", True),
        ("await engine.reset_prefix_cache()", True),
        ("requests.post(f'{url}/reset_prefix_cache')", True),
        ("assert engine.reset_prefix_cache()", False),
        ("done = await engine.reset_prefix_cache()", False),
        ("while not await engine.reset_prefix_cache():\n    pass", False),
        ("print(engine.reset_prefix_cache())", False),
        ("def reset(): return engine.reset_prefix_cache()", False),
        ("check = lambda: engine.reset_prefix_cache()", False),
    ],
)
def test_whether_anybody_looks_at_a_result(body: str, ignored: bool) -> None:
    (call,) = facts(body).calls
    assert call.ignored is ignored


@pytest.mark.parametrize("body", ["LLM(", "(" * 3000, "x = 0777"])
def test_broken_and_hostile_files_are_refused(body: str) -> None:
    with pytest.raises(UnreadableError):
        python.parse(Text("a.py", body))


def test_a_deep_expression_is_read_or_refused() -> None:
    """Python 3.10 parses what later releases give up on."""
    body = "import vllm\nx = " + "1+" * 20_000 + "1"
    assert read("a.py", body.encode()).problem in (None, "does not parse: RecursionError")


@given(st.lists(st.text(st.characters(exclude_characters="\r\0"), max_size=8), max_size=4))
def test_spans_of_any_text(parts: list[str]) -> None:
    body = "f(" + ", ".join(ascii(p) if i % 2 else repr(p) for i, p in enumerate(parts)) + ")"
    try:
        tree = python.parse(Text("a.py", body))
    except UnreadableError:
        return  # a lone surrogate, which no file can hold
    spans = Spans(Text("a.py", body))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            place = spans.place(node)
            assert ast.literal_eval(body[place.start : place.end]) == node.value
