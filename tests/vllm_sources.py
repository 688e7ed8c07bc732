"""A package in vLLM's shape, small enough to read: {path: source text}."""

from __future__ import annotations

from textwrap import dedent

CONFIG_UTILS = """
def get_field(cls, name): ...
"""

CONFIG = """
import enum
from dataclasses import field
from typing import Literal, Optional
from pydantic import Field, PrivateAttr
import vllm.envs as envs
from vllm.limits import LIMIT

LogprobsMode = Literal["raw_logprobs", "processed_logprobs"]
CacheDType = Literal["auto", "fp8"]


class LoadFormat(str, enum.Enum):
    AUTO = "auto"
    DUMMY = "dummy"


class Backend(enum.Enum):
    FLASH = "vllm.backends.flash.Flash"
    CUSTOM = None


class Mode(enum.IntEnum):
    NONE = 0
    FULL = 3


class Base:
    seed: Optional[int] = None


class ModelConfig(Base):
    logprobs_mode: LogprobsMode = "raw_logprobs"
    use_output_proc: bool = True
    rope: dict = field(default_factory=dict)
    longest: int = 4 * LIMIT
    enforce_eager: bool = False
    enable_dbo: bool = False


class CacheConfig:
    cache_dtype: CacheDType = "auto"
    hash_algo: Literal["builtin", "sha256"] = Field(default="builtin")
    utilization: float = Field(default=0.9, gt=0)
    required: int = Field(gt=0)
    by_platform: int = 16 if platform.is_cuda() else 128
    from_environment: bool = field(default_factory=lambda: envs.VLLM_USE_V1)


class CompilationConfig:
    mode: Mode = Mode.FULL
    sizes: list[int] = field(default_factory=lambda: [1, 2])
    seen: int = field(default=0, init=False)
    _hidden: int = PrivateAttr
    limit: "ClassVar[int]" = 3
"""

ARGUMENTS = """
import argparse
from vllm.config import (Backend, CacheConfig, CacheDType, LoadFormat, LogprobsMode,
                         ModelConfig, get_field)


def get_kwargs(cls):
    return {"action": argparse.BooleanOptionalAction}


@dataclass
class EngineArgs:
    model: str = "some/model"
    seed: Optional[int] = ModelConfig.seed
    logprobs_mode: LogprobsMode = ModelConfig.logprobs_mode
    kv_cache_dtype: "CacheDType | str" = CacheConfig.cache_dtype
    hash_algo: str = CacheConfig.hash_algo
    load_format: str | LoadFormat = LoadFormat.AUTO
    backend: Backend | None = Backend.FLASH
    rope: dict = get_field(ModelConfig, "rope")
    longest: int = ModelConfig.longest
    disable_output_proc: bool = not ModelConfig.use_output_proc
    enable_dbo: bool | None = None
    utilization: float = CacheConfig.utilization
    required: int = CacheConfig.required
    by_platform: int = CacheConfig.by_platform
    from_environment: bool = CacheConfig.from_environment
    enforce_eager: bool = ModelConfig.enforce_eager
    disable_log_stats: bool = False
    enable_chunked_prefill: bool = False
    tensor_parallel_size: int = 1
    tokens_only: bool = False

    @staticmethod
    def add_cli_args(parser):
        model_kwargs = get_kwargs(ModelConfig)
        group = parser.add_argument_group(title="ModelConfig")
        group.add_argument("--enforce-eager", **model_kwargs["enforce_eager"])
        group.add_argument(
            "--enable-dbo", **{**model_kwargs["enable_dbo"], "default": None}
        )
        group.add_argument("--logprobs-mode", **model_kwargs["logprobs_mode"])
        group.add_argument("--tensor-parallel-size", "-tp", choices=[1, 2], type=int)
        group.add_argument("--enable-chunked-prefill", action=StoreBoolean, nargs="?")
        parser.add_argument("--disable-log-stats", action="store_true")
        parser.add_argument("--old-setting", action="store_true", deprecated=True)
        return parser


@dataclass
class AsyncEngineArgs(EngineArgs):
    disable_log_requests: bool = False

    @staticmethod
    def add_cli_args(parser):
        parser.add_argument("--disable-log-requests", action=argparse.BooleanOptionalAction)
        return parser
"""

ENVIRONMENT = """
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    VLLM_USE_V1: bool = True

def get_port():
    return os.environ.get("VLLM_PORT", "8000")

environment_variables = {
    "VLLM_USE_V1": lambda: bool(int(os.getenv("VLLM_USE_V1", "1"))),
    "VLLM_SAMPLER": lambda: bool(int(os.environ["VLLM_SAMPLER"]))
    if "VLLM_SAMPLER" in os.environ else None,
    "VLLM_METHOD": env_with_choices("VLLM_METHOD", "fork", ["fork", "spawn"]),
    "VLLM_PORT": get_port,
    "CUDA_HOME": lambda: os.environ.get("CUDA_HOME", None),
}
"""

LLM = """
from vllm.mixin import Offline

class LLM(Offline):
    def __init__(self, model: str, *, seed: int = 0, **kwargs): ...
    def sleep(self, level: int = 1): ...
"""

SERVER = """
@router.post("/pause")
async def pause(raw_request: Request, mode: Annotated[PauseMode, Query()] = "abort",
                clear_cache: bool = Query(default=True)): ...

@router.post("/sleep")
async def sleep(raw_request: Request):
    level = raw_request.query_params.get("level", "1")

@router.post("/update_weights")
async def update(raw_request: Request):
    body = await raw_request.json()
    info = body.get("update_info")

@router.get("/health")
async def health(): ...
"""

_FILES = {
    "vllm/config/__init__.py": "from vllm.config.model import *\nfrom .utils import get_field\n",
    "vllm/config/model.py": CONFIG,
    "vllm/config/utils.py": CONFIG_UTILS,
    "vllm/limits.py": "LIMIT = 1 << 10\n",
    "vllm/engine/arg_utils.py": ARGUMENTS,
    "vllm/envs.py": ENVIRONMENT,
    "vllm/kernels.py": (
        "import os\nFAST = os.getenv('VLLM_FAST', '0') == '1'\n\n\ndef invariant():\n"
        "    key = 'VLLM_INVARIANT'\n    return os.getenv(key, '0')\n"
    ),
    "vllm/sampling_params.py": "class SamplingParams:\n    n: int = 1\n    _all: int = 0\n",
    "vllm/entrypoints/llm.py": LLM,
    "vllm/entrypoints/server.py": SERVER,
    "vllm/mixin.py": "class Offline:\n    def wake_up(self, tags=None) -> bool: ...\n",
    "vllm/v1/engine/async_llm.py": (
        "from vllm.protocol import EngineClient\n\n\nclass AsyncLLM(EngineClient):\n"
        "    async def sleep(self, level: int = 1) -> None: ...\n"
    ),
    "vllm/protocol.py": "class EngineClient:\n    async def is_paused(self): ...\n",
    "vllm/engine/async_llm_engine.py": (
        "from vllm.v1.engine.async_llm import AsyncLLM\n\nAsyncLLMEngine = AsyncLLM\n"
    ),
}


def package(**changed: str) -> dict[str, str]:
    """The sources, with some modules (`vllm__envs`) replaced."""
    files = _FILES | {name.replace("__", "/") + ".py": text for name, text in changed.items()}
    return {path: dedent(text) for path, text in files.items()}
