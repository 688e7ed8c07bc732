"""The side that learns: what it does with rollout logprobs and with the temperature."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlconfig_lint.model import UNKNOWN, Evidence, SyncStyle, Trainer, TrainerKind
from tests.projects import ENGINE, UPDATE, only


def trainer(folder: Path, code: str, **files: str) -> Trainer:
    beside = {f"{name}.py": text for name, text in files.items()}
    return only(folder, {"a.py": f"{ENGINE}{UPDATE}{code}\n", **beside}).trainer


# --- the kind ---

_DIFFERENCE = (
    "def {}(old_logprob, vllm_logprobs):\n    return (old_logprob - vllm_logprobs).clamp(-10, 10)"
)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("ratio = torch.exp(new - rollout_logprobs)", TrainerKind.ROLLOUT_LOGPROBS),
        ("w = torch.exp(old_logps - rollout_logps)", TrainerKind.DECOUPLED),
        ("w = torch.exp(prev_logprobs - generation_logprobs)", TrainerKind.DECOUPLED),
        (
            "ratio = torch.exp(new - old_logprobs)\nw = torch.exp(x - vllm_logprobs)",
            TrainerKind.DECOUPLED,
        ),
        (_DIFFERENCE.format("rho_correction"), TrainerKind.DECOUPLED),
        (_DIFFERENCE.format("log_metrics"), TrainerKind.UNKNOWN),
        ("tis = torch.exp(mb_logps - actor_logps).clamp(max=2.0)", TrainerKind.DECOUPLED),
        ("p = SamplingParams(temperature=0.7)", TrainerKind.RECOMPUTE),
        ("p = SamplingParams(temperature=0.7, logprobs=1)", TrainerKind.UNKNOWN),
        ("p = SamplingParams(**elsewhere)", TrainerKind.UNKNOWN),
        (
            "p = SamplingParams(temperature=0.7)\np.sampling_params.logprobs = 1",
            TrainerKind.UNKNOWN,
        ),
        ("metric = (old_logprob - vllm_logprobs).abs().mean()", TrainerKind.UNKNOWN),
    ],
)
def test_trainer_kind(tmp_path: Path, code: str, kind: TrainerKind) -> None:
    assert trainer(tmp_path, code).kind is kind


_RATIO = "\nweight = torch.exp(old_logps - rollout_logps)"


@pytest.mark.parametrize(
    ("switch", "kind"),
    [
        ("class C:\n    use_tis: bool = True", TrainerKind.DECOUPLED),
        ("class C:\n    use_tis: bool = False", TrainerKind.UNKNOWN),
        ("class C:\n    tis_mode: str = field(default='none')", TrainerKind.UNKNOWN),
        ("class C:\n    importance_sampling_correction: bool = True", TrainerKind.DECOUPLED),
        ("class C:\n    tis_c: float = 2.0", TrainerKind.DECOUPLED),
        ("class C:\n    tis_c: float = None", TrainerKind.UNKNOWN),
        ("class C:\n    use_tis: bool = False\n    tis_cap: float = 2.0", TrainerKind.UNKNOWN),
        ("class ISWeightConfig:\n    enabled: bool = False", TrainerKind.UNKNOWN),
        ("class Config:\n    enabled: bool = False", TrainerKind.DECOUPLED),
        ("p.add_argument('--use-tis', action='store_true')", TrainerKind.UNKNOWN),
        ("p.add_argument('--algo.is_correction_enable', default=True)", TrainerKind.DECOUPLED),
        ("class C:\n    importance_sampling_level: str = 'token'", TrainerKind.DECOUPLED),
    ],
)
def test_a_switch_turns_the_correction_on(tmp_path: Path, switch: str, kind: TrainerKind) -> None:
    found = trainer(tmp_path, switch + _RATIO)
    assert found.kind is kind
    assert (kind is TrainerKind.UNKNOWN) == ("off by default" in str(found.evidence[-1]))


@pytest.mark.parametrize("value", ["true", "token", "2.0"])
def test_the_engines_own_file_turns_it_on(tmp_path: Path, value: str) -> None:
    files = {
        "a.yaml": "engine: {max_num_seqs: 8, enforce_eager: true, dtype: auto}\n"
        f"loss: {{use_tis: {value}}}\n",
        "train.py": f"{UPDATE}class Config:\n    use_tis: bool = False\n{_RATIO}\n",
    }
    rollout = only(tmp_path, files)
    assert rollout.trainer.kind is TrainerKind.DECOUPLED
    assert str(rollout.trainer.evidence[0]).endswith("(a.yaml:2)")


@pytest.mark.parametrize("value", ["false", "null"])
def test_what_is_written_off_is_off(tmp_path: Path, value: str) -> None:
    files = {
        "a.yaml": "engine: {max_num_seqs: 8, enforce_eager: true, dtype: auto}\n"
        f"loss: {{use_tis: {value}}}\n",
        "train.py": f"{UPDATE}class Config:\n    use_tis: bool = False\n{_RATIO}\n",
    }
    assert only(tmp_path, files).trainer.kind is TrainerKind.UNKNOWN


def test_a_declared_fact_wins(tmp_path: Path) -> None:
    rollout = only(
        tmp_path,
        {
            "rlconfig-lint.toml": 'trainer = "recompute"\nweight-sync = "between-batches"\n',
            "a.py": f"{ENGINE}{UPDATE}ratio = torch.exp(new - rollout_logprobs)\n",
        },
    )
    assert rollout.trainer.kind is TrainerKind.RECOMPUTE
    assert rollout.sync.style is SyncStyle.BETWEEN_BATCHES
    assert "rlconfig-lint.toml" in str(rollout.trainer.evidence[0])


# --- the temperature ---


@pytest.mark.parametrize(
    "code",
    [
        "logits.div_(temperature)",
        "logits = logits / self.temperature",
        "logits /= args.temperature + 1e-7",
        "logits_rmpad = logits_rmpad / temperature_rmpad.clamp(min=1e-8)",
        "scaled = logits.float() / temperature",
        "logits = (hidden @ weight.t()) / temperature",
        "lm_head_weight = lm_head_weight / temperature",
        "logits *= rcp_temperature",
        "logits = logits * inv_temperature",
        "def forward(self, hidden, weight, temperature):\n    inv_t = 1.0 / temperature",
        "lp = log_probs_from_logits(out['logits'], ids, temperature=self.temperature)",
        "lp = gather_logprobs(logits, labels, temperature)",
    ],
)
def test_the_trainer_divides_by_the_temperature(tmp_path: Path, code: str) -> None:
    found = trainer(tmp_path, code)
    assert found.divides_by_temperature is True
    assert str(found.divides_evidence[0].place).startswith("a.py:")


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("logits = logits / kd_temperature", id="distillation"),
        pytest.param("probs = softmax(student_logits / self.temperature)", id="a student"),
        pytest.param("scores = similarity_logits / temperature", id="a contrastive loss"),
        pytest.param("loss = global_batch_size / temperature", id="no logits"),
        pytest.param("inv_t = 1.0 / temperature", id="the inverse alone"),
        pytest.param("scale = 1 / temperature\nwarmth = scale * bias", id="an inverse of its own"),
        pytest.param("logits = logits / 2", id="another divisor"),
        pytest.param("logits = logits * temperature", id="a product"),
        pytest.param(
            "def generate(logits, temperature):\n    return sample(logits / temperature)",
            id="sampling without an engine",
        ),
        pytest.param(
            "lp = client.prompt_logprobs(prompt, temperature=temperature)", id="an engine's own"
        ),
    ],
)
def test_another_temperature_is_not_the_trainers(tmp_path: Path, code: str) -> None:
    assert trainer(tmp_path, code).divides_by_temperature is None


def test_a_file_about_distillation_says_nothing(tmp_path: Path) -> None:
    found = trainer(tmp_path, "", distill_loss=f"{UPDATE}logits = logits / temperature\n")
    assert found.divides_by_temperature is None


_CONSTANT = "TEMPERATURE = 0.7\ndef loss(logits):\n    return logits / TEMPERATURE\n"
_ARGUMENT = "def other(logits, temperature):\n    return logits / temperature\n"


@pytest.mark.parametrize(
    ("code", "temperature"),
    [
        (_CONSTANT, 0.7),
        (_ARGUMENT, UNKNOWN),
        (_CONSTANT + _ARGUMENT, UNKNOWN),
    ],
)
def test_the_trainers_temperature_is_a_number_or_not_known(
    tmp_path: Path, code: str, temperature: object
) -> None:
    found = trainer(tmp_path, code)
    assert found.temperature == temperature
    assert bool(found.temperature_evidence) == (temperature is not UNKNOWN)


_CONFIG = (
    "engine: {max_num_seqs: 8, enforce_eager: true, dtype: auto}\n"
    "sampling: {temperature: 0.7, max_tokens: 9}\nloss: {temperature: 1.0}\n"
)


@pytest.mark.parametrize(
    ("divisor", "temperature", "row"),
    [
        ("config.loss.temperature", 1.0, 3),
        ("self.cfg['loss']['temperature']", 1.0, 3),
        ("cfg.sampling.temperature", 0.7, 2),
        ("config.temperature", UNKNOWN, 0),
        ("config.actor.temperature", UNKNOWN, 0),
    ],
)
def test_the_trainers_temperature_is_a_key_of_the_config(
    tmp_path: Path, divisor: str, temperature: object, row: int
) -> None:
    rollout = only(
        tmp_path, {"a.yaml": _CONFIG, "train.py": f"{UPDATE}logits = logits / {divisor}\n"}
    )
    assert rollout.trainer.temperature == temperature
    assert [e.place.line for e in rollout.trainer.temperature_evidence if e.place] == (
        [row] if row else []
    )


def test_evidence_reads_as_a_sentence(tmp_path: Path) -> None:
    found = trainer(tmp_path, "logits = logits / self.temperature")
    assert isinstance(found.divides_evidence[0], Evidence)
    assert str(found.divides_evidence[0]) == "logits are divided by self.temperature (a.py:5)"
