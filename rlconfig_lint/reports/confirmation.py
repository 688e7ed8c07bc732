"""What `confirm` found: a table for people, JSON for programs."""

from __future__ import annotations

import json
import platform
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from rlconfig_lint.confirm.measures import differences_of
from rlconfig_lint.confirm.model import SCHEMA, Json, Proof
from rlconfig_lint.reports.text import printable

_NUMBERS = re.compile(r"\[[-\d.,\se]*\]")  # a list of them is one line


@dataclass(frozen=True)
class Confirmation:
    versions: Mapping[str, Json]
    proofs: tuple[Proof, ...]
    seconds: float
    command: tuple[str, ...]

    def text(self) -> str:
        return "\n".join(_lines(self))


def engine(versions: Mapping[str, Json]) -> str:
    return (
        f"vLLM {versions['vllm']} on {versions['device_name']}, torch {versions['torch']},"
        f" transformers {versions['transformers']}"
    )


def _lines(found: Confirmation) -> Iterator[str]:
    for proof in found.proofs:
        experiment, outcome = proof.experiment, proof.outcome
        codes = ", ".join(experiment.codes)
        yield f"{outcome.verdict.value:13}{codes}: {experiment.claim}"
        if outcome.reason:
            yield f"             {printable(outcome.reason)}"
        if outcome.rows:
            yield f"             {'':36}{'flagged':>16}{'fixed':>16}"
        for row in outcome.rows:
            yield f"             {row.what:36}{shown(row.flagged):>16}{shown(row.fixed):>16}"
    counts = Counter(proof.outcome.verdict.value for proof in found.proofs)
    yield ""
    yield f"{', '.join(f'{n} {name}' for name, n in counts.items())} in {found.seconds:.0f} s"


def shown(value: Json) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def as_json(found: Confirmation) -> str:
    """Every number, with the release, the device and the command that gave it."""
    rows = {
        "schema": SCHEMA,
        "date": datetime.now(timezone.utc).date().isoformat(),
        "command": list(found.command),
        "seconds": round(found.seconds, 1),
        "machine": platform.machine(),
        **found.versions,
        "experiments": [_proof(proof) for proof in found.proofs],
    }
    return _NUMBERS.sub(lambda found: re.sub(r"\s+", "", found.group()), json.dumps(rows, indent=1))


def _proof(proof: Proof) -> Json:
    experiment = proof.experiment
    return {
        "name": experiment.name,
        "codes": list(experiment.codes),
        "claim": experiment.claim,
        "verdict": proof.outcome.verdict.value,
        "reason": proof.outcome.reason,
        "rows": [asdict(row) for row in proof.outcome.rows],
        "seconds": round(proof.seconds, 1),
        "arms": {
            arm.name: {"engine": dict(arm.engine), "does": arm.does, "given": dict(arm.given)}
            for arm in experiment.arms
        },
        "seen": {name: dict(record.seen) for name, record in proof.records.items()},
        "differences": {
            name: [round(d, 4) for rollout in record.completions for d in differences_of(rollout)]
            for name, record in proof.records.items()
            if any(rollout.trainer for rollout in record.completions)
        },
    }
