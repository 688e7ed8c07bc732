"""The model's generation_config.json fills what a request leaves out.

## What it does

Flags a `vllm serve` of a model that stands in the checked tree with a generation_config.json whose
top_p, top_k, min_p, repetition_penalty or temperature is not neutral, where no code of the project
names that field and no `override_generation_config` replaces it. Under the profile `parity`, also
a rollout engine that does not say `generation_config: vllm`, whatever its model.

## Why it breaks RL

With `generation_config: auto`, the default, an HTTP request that leaves out top_p, top_k, min_p or
repetition_penalty gets the model repository's values. Qwen's instruct models carry a top_k of 20
and a repetition penalty: the policy that samples is not the one that was configured.

## What to watch

Entropy and the number of distinct first tokens: both lower than the configured sampling gives. The
server logs "Default vLLM sampling parameters have been overridden by the model's".

## When it is right

`LLM.generate(prompts, SamplingParams(...))` is not affected. A client that sends every sampling
field is not either. A model from a hub cannot be looked into: outside `parity` it is not judged. A
top_k of 50 is Transformers' own default, which vLLM does not take for the model's.

## Bad

`vllm serve ./model`, where the model's generation_config.json has `"top_k": 20` and requests send
temperature alone.

## Good

`vllm serve ./model --generation-config vllm`.

## Fix

`generation_config: vllm`: safe under `parity` and where the requests were seen, unsafe otherwise.
The other way is to send every field.

## Versions

"auto" is the default from 0.8.0 on (0.8.0:config.py:994). Presence and frequency penalties of the
file count from 0.31.0 on; they are not looked at here.

## Evidence

- https://github.com/OpenPipe/ART/pull/140
- https://github.com/NVIDIA-NeMo/RL/issues/3497
- https://github.com/huggingface/trl/pull/6608
- measured by `rlconfig-lint confirm RL601` (docs/evidence): a request that says nothing gets top_k
  20, top_p 0.95 and a repetition penalty of 1.1 from the file, and neutral values with `vllm`
  (H200, and the CPU build of 0.32.0)
"""

from __future__ import annotations

from collections.abc import Iterator

from rlconfig_lint.judging import Doubt, about, judged, releases_where
from rlconfig_lint.model import (
    Evidence,
    Example,
    Finding,
    Fix,
    Form,
    Life,
    Profile,
    ReleaseSpan,
    Rollout,
    Rule,
    Severity,
    show,
)
from rlconfig_lint.remedies import put

ID = ("RL601", "generation-config-leak")


def check(rollout: Rollout, profile: Profile) -> Iterator[Finding]:
    if rollout.complete_requests or _offline(rollout):
        return
    leaks = releases_where(rollout, "generation_config", lambda value, _: value != "vllm")
    if leaks and rollout.of_model.settings:
        yield _from_this_model(rollout, leaks)
    elif leaks and profile is Profile.PARITY:
        yield _from_any_model(rollout, leaks)


def _from_this_model(rollout: Rollout, leaks: ReleaseSpan) -> Finding:
    found = rollout.of_model.settings
    values = ", ".join(f"{setting.name} {show(setting.value)}" for setting in found)
    file = found[0].place.path if found[0].place else "generation_config.json"
    unseen = Doubt(f"whether a client that is not here sends {values.split()[0]}")
    return judged(
        ID,
        rollout,
        Severity.ERROR,
        f"requests that leave these out are sampled with {values}: the server takes them from"
        f" {file}, and no code here names them",
        span=leaks,
        subject=about(rollout, "generation_config", leaks),
        help_="set generation_config to vllm, or send every sampling field with each request",
        doubts=() if rollout.of_model.requests_seen else (unseen,),
        evidence=tuple(Evidence(str(setting), setting.place) for setting in found),
        fix=_neutral_defaults(rollout),
    )


def _from_any_model(rollout: Rollout, leaks: ReleaseSpan) -> Finding:
    return judged(
        ID,
        rollout,
        Severity.WARNING,
        "what a request leaves out comes from the model's generation_config.json",
        span=leaks,
        subject=about(rollout, "generation_config", leaks),
        help_="set generation_config to vllm",
        fix=_neutral_defaults(rollout),
    )


def _neutral_defaults(rollout: Rollout) -> Fix | None:
    return put(rollout, "generation_config", "vllm", "set generation_config to vllm", safe=True)


def _offline(rollout: Rollout) -> bool:
    """`LLM(...)` called with explicit sampling parameters never reads the file."""
    return bool(
        rollout.home
        and rollout.home.block.form is Form.CALL
        and rollout.home.block.name == "vllm.LLM"
    )


_ENGINE = """\
engine:
  gpu_memory_utilization: 0.9
  max_num_seqs: 64
  max_model_len: 4096
"""
_DECLARED = {"vllm-version": "0.18.1", "trainer": "rollout-logprobs"}
_SERVE = "vllm serve models/policy --max-num-seqs 64 --port 8000\n"
_FILE = "models/policy/generation_config.json"
_MODEL = {_FILE: '{"do_sample": true, "temperature": 0.7, "top_k": 20, "repetition_penalty": 1.05}'}
_CLIENT = """\
async def rollout(client, prompt):
    return await client.completions.create(prompt=prompt, temperature=1.0, logprobs=1)
"""
_COMPLETE = """\
NEUTRAL = {"top_k": -1, "min_p": 0.0, "repetition_penalty": 1.0}


async def rollout(client, prompt):
    return await client.completions.create(
        prompt=prompt, temperature=1.0, top_p=1.0, logprobs=1, extra_body=NEUTRAL
    )
"""

BAD = (
    Example(
        "engine.yaml",
        _ENGINE,
        _DECLARED,
        fixed=f"{_ENGINE}  generation_config: vllm\n",
        profile=Profile.PARITY,
    ),
    Example(
        "serve.sh",
        """\
vllm serve Qwen/Qwen2.5-7B --generation-config=auto --max-num-seqs 64
""",
        _DECLARED,
        fixed="""\
vllm serve Qwen/Qwen2.5-7B --generation-config=vllm --max-num-seqs 64
""",
        profile=Profile.PARITY,
    ),
    Example(
        "serve.sh",
        _SERVE,
        _DECLARED,
        fixed=_SERVE.replace("--port 8000", "--port 8000 --generation-config vllm"),
        beside={**_MODEL, "client.py": _CLIENT},
    ),
)

GOOD = (
    Example(
        "engine.yaml", f"{_ENGINE}  generation_config: vllm\n", _DECLARED, profile=Profile.PARITY
    ),
    Example("engine.yaml", _ENGINE, _DECLARED),
    Example("serve.sh", _SERVE, _DECLARED, beside={**_MODEL, "client.py": _COMPLETE}),
    Example(
        "serve.sh",
        _SERVE.replace("--port", "--generation-config vllm --port"),
        _DECLARED,
        beside={**_MODEL, "client.py": _CLIENT},
    ),
    Example(  # neutral values, and one that vLLM does not take for the model's own
        "serve.sh",
        _SERVE,
        _DECLARED,
        beside={_FILE: '{"temperature": 1.0, "top_k": 50}', "client.py": _CLIENT},
    ),
    Example(
        "offline.py",
        """\
from vllm import LLM, SamplingParams

llm = LLM(model="models/policy", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0)
""",
        _DECLARED,
        beside=_MODEL,
    ),
)

RULE = Rule(*ID, "0.1.0", ">=0.8.0", check, BAD, GOOD, __doc__, life=Life.STABLE)
