"""The same generated examples for every commit; `HYPOTHESIS_PROFILE=search` looks for new ones."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("every-commit", derandomize=True)
settings.register_profile("search", settings.get_profile("default"))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "every-commit"))
