"""The one configuration file that actors and trainer share."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass
class Settings:
    model: str
    engine: dict[str, Any]
    sampling: dict[str, Any]
    trainer: dict[str, Any]

    @classmethod
    def load(cls, path: str) -> "Settings":
        return cls(**yaml.safe_load(Path(path).read_text()))

    def engine_arguments(self) -> dict[str, Any]:
        """Flags are written as on vLLM's command line; its Python API wants underscores."""
        return {"model": self.model} | {k.replace("-", "_"): v for k, v in self.engine.items()}
