"""How training samples, against what the trainer does to its own logits."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.projects import fix_all, only, run, write_files

NEMO = """\
policy:
  generation:
    backend: vllm
    top_p: 0.8
    vllm_cfg: {gpu_memory_utilization: 0.9, logprobs_mode: raw_logprobs}
loss_fn: {use_importance_sampling_correction: true}
"""
CALL = """\
from vllm import LLM, SamplingParams

llm = LLM(model="m", logprobs_mode="processed_logprobs")
params = SamplingParams(temperature=1.0, logprobs=0, top_k=50, repetition_penalty=1.1)
"""
PIN = {"requirements.txt": "vllm==0.18.1\n"}
K1 = {"rlconfig-lint.toml": 'vllm-version = "0.18.1"\ntrainer = "rollout-logprobs"\n'}


def test_raw_logprobs_lack_what_this_trainer_replays(tmp_path: Path) -> None:
    (found,) = run(write_files(tmp_path, {**PIN, "a.yaml": NEMO})).findings
    assert (found.code, found.severity.word) == ("RL101", "error")
    assert "do not include top_p 0.8, the trainer's logprobs do" in found.message


def test_sampling_is_made_neutral_where_it_is_written(tmp_path: Path) -> None:
    write_files(tmp_path, {**K1, "a.py": CALL})
    fix_all(tmp_path)
    assert "top_k=-1, repetition_penalty=1.0)" in (tmp_path / "a.py").read_text()


@pytest.mark.parametrize("name", ["apply_top_k_top_p", "TopPLogitsWarper", "keep_sampling_mask"])
def test_a_trainer_that_cuts_its_own_logits(tmp_path: Path, name: str) -> None:
    train = f"def logprobs(logits):\n    return {name}(logits, 50, 1.0).log_softmax(-1)\n"
    update = "llm.collective_rpc('update_weights')\n"
    files = {**PIN, "a.py": CALL + update, "train.py": train}
    assert only(tmp_path, files).trainer.replays == ("top_p", "top_k", "min_p")


def test_an_engine_of_which_no_trainer_was_seen(tmp_path: Path) -> None:
    call = CALL.replace(", logprobs=0", "") + "llm.collective_rpc('update_weights')\n"
    found = run(write_files(tmp_path, {**PIN, "a.py": call})).findings
    assert {f.severity.word for f in found if f.code in ("RL602", "RL603")} == {"info"}
