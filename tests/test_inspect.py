"""What `inspect` shows: every value and fact with where it comes from, the same each time."""

from __future__ import annotations

import json
from pathlib import Path

from tests.projects import ENGINE, UPDATE, write_files
from tests.test_command_line import rlconfig_lint

CODE = """\
import torch
from vllm import AsyncEngineArgs, AsyncLLMEngine, SamplingParams

TEMPERATURE = 0.7
EVALUATION = SamplingParams(temperature=0.0, max_tokens=64)


class Config:
    use_tis: bool = False


class Actor:
    def __init__(self, model):
        args = AsyncEngineArgs(model=model, dtype="bfloat16", max_num_seqs=64)
        self.engine = AsyncLLMEngine.from_engine_args(args)
        self.sampling = SamplingParams(temperature=0.7, logprobs=0)

    async def update(self, path):
        await self.engine.pause_generation(mode="keep", clear_cache=False)
        await self.engine.collective_rpc("load_weights", args=(path,))
        await self.engine.resume_generation()

    def reset_prefix_cache(self):
        return self.engine.reset_prefix_cache()


def loss(logits, tokens, old_logprobs, rollout_logprobs, config):
    logprobs = gather(logits / TEMPERATURE, tokens)
    weight = torch.exp(old_logprobs - rollout_logprobs) if config.use_tis else 1
    return weight * torch.exp(logprobs - old_logprobs)


def main(actor):
    actor.update.remote("/tmp/weights")
"""
SHOWN = """\
train.py: a vLLM rollout, engine at train.py:14
  because its weights are updated (train.py:20)
  vLLM
    release                0.18.1                vllm-version = '0.18.1' in rlconfig-lint.toml
  engine
    logprobs_mode          raw_logprobs          default of vLLM 0.18.1
    enable_prefix_caching  true                  default of vLLM 0.18.1
    async_scheduling       true                  default of vLLM 0.18.1
    generation_config      auto                  default of vLLM 0.18.1
    hf_overrides           null                  default of vLLM 0.18.1
    quantization           null                  default of vLLM 0.18.1
    dtype                  bfloat16              train.py:14
    max_num_seqs           64                    train.py:14
    model                  unknown               train.py:14
    lm_head                the model's dtype
  sampling for training
    temperature            0.7                   train.py:16
    (others)               neutral               default of SamplingParams: top_p, top_k, min_p, \
repetition_penalty, presence_penalty, frequency_penalty
  sampling for evaluation, not judged
    temperature            0.0                   train.py:5
  trainer
    kind                   unknown               ratio of old_logprobs - rollout_logprobs \
(train.py:29); its switch use_tis is off by default (train.py:9)
    divides by T           yes                   logits are divided by TEMPERATURE (train.py:28)
    temperature            0.7                   TEMPERATURE (train.py:28)
    correction             in the code           ratio of old_logprobs - rollout_logprobs \
(train.py:29)
    switch                 use_tis = false       train.py:9
    lm_head                unknown
  weight updates
    requests               in-flight             requests are paused for a weight update \
(train.py:19)
    new weights            collective_rpc('load_weights', ...)  train.py:20
    pause                  pause_generation(mode='keep', clear_cache=False)  train.py:19
    reset                  reset_prefix_cache()  train.py:24
    prefix cache           survives              reset_prefix_cache stands in \
Actor.reset_prefix_cache, which nothing calls (train.py:24)
                                                 pause_generation with clear_cache=False keeps \
the cache (train.py:19)

"""


def project(folder: Path, files: dict[str, str]) -> Path:
    return write_files(folder, {"rlconfig-lint.toml": 'vllm-version = "0.18.1"\n', **files})


def test_everything_that_is_known_of_one_rollout(tmp_path: Path) -> None:
    done = rlconfig_lint(project(tmp_path, {"train.py": CODE}), "inspect")
    assert done.stdout == SHOWN
    assert done.stderr == "1 rollout in 2 files.\n"


def test_the_same_for_programs(tmp_path: Path) -> None:
    done = rlconfig_lint(
        project(tmp_path, {"train.py": CODE}), "inspect", "--output-format", "json"
    )
    (row,) = json.loads(done.stdout)
    assert row["engine"]["logprobs_mode"]["origin"] == "release default"
    assert row["evaluation_sampling"]["temperature"] == {
        "value": 0.0,
        "origin": "explicit",
        "from": "train.py:5",
        "overridable": False,
    }
    assert row["trainer"]["temperature"] == 0.7
    assert row["trainer"]["correction_switches"] == [
        {"name": "use_tis", "default": False, "filename": "train.py", "row": 9}
    ]
    (reset,) = row["sync"]["resets"]
    assert reset["reach"] == "never called"
    assert reset["inside"] == "Actor.reset_prefix_cache"
    assert row["sync"]["prefix_cache"] == "survives"
    assert row["v0"] == {"asked_for": False, "evidence": []}


def test_the_order_of_reset_and_update_is_told(tmp_path: Path) -> None:
    sync = "def sync(e):\n    e.collective_rpc('load_weights')\n    e.reset_prefix_cache()\n"
    folder = project(tmp_path, {"a.py": ENGINE + UPDATE, "sync.py": sync})
    (row,) = json.loads(rlconfig_lint(folder, "inspect", "--output-format", "json").stdout)
    assert row["sync"]["resets"][0]["order"] == {
        "is": "behind the update",
        "in": "sync",
        "at": "sync.py:3",
    }


def test_what_rollouts_share_is_told_once(tmp_path: Path) -> None:
    engine = "engine: {{max_num_seqs: {}, enforce_eager: true, dtype: auto}}\n"
    files = {"a.yaml": engine.format(8), "b.yaml": engine.format(16), "sync.py": UPDATE}
    shown = rlconfig_lint(project(tmp_path, files), "inspect").stdout
    assert shown.count("  weight updates\n") == 1
    assert "  trainer and weight updates: as for a.yaml\n" in shown
    assert "    max_num_seqs           16" in shown


def test_code_that_trains_is_told_without_an_engine(tmp_path: Path) -> None:
    files = {"actor.py": "os.environ['VLLM_USE_V1'] = '0'\nengine.update_weights(path)\n"}
    shown = rlconfig_lint(project(tmp_path, files), "inspect").stdout
    assert shown.startswith(
        ".: no engine found that this code trains with\n"
        "  because its weights are updated (actor.py:2)\n"
    )
    assert "engine        V0                VLLM_USE_V1=0 (actor.py:1)" in shown


def test_a_project_that_trains_nothing_is_told_in_one_line(tmp_path: Path) -> None:
    done = rlconfig_lint(project(tmp_path, {"a.py": ENGINE}), "inspect")
    assert (done.stdout, done.stderr) == ("", "0 rollouts in 2 files.\n")


def test_terminal_escapes_in_what_is_shown_are_not_sent(tmp_path: Path) -> None:
    code = f"{ENGINE}{UPDATE}r = {{'cache_salt': '\x1b[31m'}}\n"
    shown = rlconfig_lint(project(tmp_path, {"a.py": code}), "inspect").stdout
    assert "\x1b" not in shown
    assert "cache_salt" in shown
