"""The data of what vLLM releases accept: how it is read from sources, stored, and served."""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import tarfile
import time
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from packaging.version import Version

from rlconfig_lint.releases.known import releases
from rlconfig_lint.releases.schema import REQUIRED, Expression, Schema, read, schema
from rlconfig_lint.releases.stored import DATA, Stored
from tests import vllm_sources
from tests.projects import write_files
from tools.releases.__main__ import main
from tools.releases.extract import Definitions, definitions
from tools.releases.remote import buffered
from tools.releases.store import Store

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def extracted() -> Definitions:
    return definitions(vllm_sources.package())


# --- reading sources ---


@pytest.mark.parametrize(
    ("name", "default"),
    [
        pytest.param("model", "some/model", id="literal"),
        pytest.param("seed", None, id="inherited by the config class"),
        pytest.param("logprobs_mode", "raw_logprobs", id="field of a config class"),
        pytest.param("rope", {}, id="get_field of a default_factory"),
        pytest.param("longest", 4096, id="arithmetic over an imported constant"),
        pytest.param("disable_output_proc", False, id="negated config field"),
        pytest.param("utilization", 0.9, id="pydantic Field"),
        pytest.param("load_format", "auto", id="enum member, by value"),
        pytest.param("backend", "FLASH", id="enum member whose value is a path, by name"),
        pytest.param(
            "by_platform", {"expr": "16 if platform.is_cuda() else 128"}, id="depends on platform"
        ),
        pytest.param(
            "from_environment", {"expr": "envs.VLLM_USE_V1"}, id="depends on the environment"
        ),
    ],
)
def test_a_default_is_resolved_through_the_config_classes(
    extracted: Definitions, name: str, default: Any
) -> None:
    assert extracted["arguments"][name]["default"] == default


def test_a_field_without_a_default_has_none(extracted: Definitions) -> None:
    assert "default" not in extracted["arguments"]["required"]


@pytest.mark.parametrize(
    ("name", "choices", "is_open"),
    [
        pytest.param("logprobs_mode", ["raw_logprobs", "processed_logprobs"], False, id="alias"),
        pytest.param("kv_cache_dtype", ["auto", "fp8"], True, id="alias or any string, quoted"),
        pytest.param("hash_algo", ["builtin", "sha256"], False, id="of the config field"),
        pytest.param("load_format", ["auto", "dummy"], True, id="enum values"),
        pytest.param("backend", ["FLASH", "CUSTOM"], False, id="enum names"),
        pytest.param("tensor_parallel_size", [1, 2], False, id="argparse"),
    ],
)
def test_choices(extracted: Definitions, name: str, choices: list[Any], is_open: bool) -> None:
    entry = extracted["arguments"][name]
    assert entry["choices"] == choices
    assert entry.get("open", False) is is_open


def test_sources_name_the_argument_and_the_config_field(extracted: Definitions) -> None:
    source = extracted["arguments"]["logprobs_mode"]["source"]
    assert source.startswith("engine/arg_utils.py:")
    assert " <- config/model.py:" in source


def test_what_only_the_server_takes_is_marked(extracted: Definitions) -> None:
    marked = [name for name, each in extracted["arguments"].items() if each.get("async_only")]
    assert marked == ["disable_log_requests"]


def flag(extracted: Definitions, name: str) -> dict[str, Any]:
    return {key: value for key, value in extracted["flags"][name].items() if key != "source"}


def test_flags(extracted: Definitions) -> None:
    assert flag(extracted, "--enforce-eager") == {
        "field": "enforce_eager",
        "boolean": True,
        "negated": True,
    }
    assert flag(extracted, "--enable-dbo") == {
        "field": "enable_dbo",
        "boolean": True,
        "negated": True,
    }
    assert flag(extracted, "--logprobs-mode") == {"field": "logprobs_mode"}
    assert flag(extracted, "--tensor-parallel-size") == {
        "field": "tensor_parallel_size",
        "aliases": ["-tp"],
    }
    assert flag(extracted, "--disable-log-stats") == {
        "field": "disable_log_stats",
        "boolean": True,
    }
    assert flag(extracted, "--enable-chunked-prefill") == {
        "field": "enable_chunked_prefill",
        "boolean": True,
    }
    assert flag(extracted, "--old-setting") == {"boolean": True, "deprecated": True}
    assert flag(extracted, "--disable-log-requests") == {
        "field": "disable_log_requests",
        "boolean": True,
        "negated": True,
        "async_only": True,
    }
    assert "--tokens-only" not in extracted["flags"]


def test_config_flags_have_no_negation_before_get_kwargs_makes_one() -> None:
    older = vllm_sources.ARGUMENTS.replace("argparse.BooleanOptionalAction}", "'store'}")
    found = definitions(vllm_sources.package(vllm__engine__arg_utils=older))
    assert flag(found, "--enforce-eager") == {"field": "enforce_eager", "boolean": True}


def test_nested_configs_have_what_a_user_may_set(extracted: Definitions) -> None:
    nested = extracted["nested"]
    assert sorted(nested) == ["CompilationConfig.mode", "CompilationConfig.sizes"]
    assert nested["CompilationConfig.mode"]["default"] == 3
    assert nested["CompilationConfig.mode"]["choices"] == [0, 3]
    assert nested["CompilationConfig.sizes"]["default"] == [1, 2]
    assert list(extracted["sampling"]) == ["n"]


def test_environment_variables(extracted: Definitions) -> None:
    found = {name: each.get("default") for name, each in extracted["environment"].items()}
    assert found == {
        "VLLM_USE_V1": "'1'",
        "VLLM_SAMPLER": "None",
        "VLLM_METHOD": "'fork'",
        "VLLM_PORT": "'8000'",
        "VLLM_FAST": "'0'",
        "VLLM_INVARIANT": "'0'",
    }
    assert extracted["environment"]["VLLM_USE_V1"]["type"] == "bool"
    assert extracted["environment"]["VLLM_FAST"]["source"] == "kernels.py:2"


def test_signatures(extracted: Definitions) -> None:
    assert list(extracted["llm"]) == ["model", "seed", "**kwargs"]
    assert extracted["llm"]["seed"]["kind"] == "keyword_only"
    # Inherited from a mixin; not from the protocol; AsyncLLMEngine is only a name.
    assert sorted(extracted["methods"]) == ["AsyncLLM.sleep", "LLM.sleep", "LLM.wake_up"]
    assert extracted["methods"]["AsyncLLM.sleep"]["async"] is True


def test_routes(extracted: Definitions) -> None:
    found = extracted["routes"]
    assert sorted(found) == ["POST /pause", "POST /sleep", "POST /update_weights"]
    query = [(each["name"], each["default"]) for each in found["POST /pause"]["query"]]
    assert query == [("mode", "abort"), ("clear_cache", True)]
    assert found["POST /sleep"]["query"] == [{"name": "level", "default": "1"}]
    assert found["POST /update_weights"]["body"] == ["update_info"]


# --- storing ---


def next_sources() -> dict[str, str]:
    """One default changed, one argument gone, one new."""
    changed = (
        vllm_sources.ARGUMENTS.replace('"some/model"', '"other/model"')
        .replace("    disable_log_stats: bool = False\n", "")
        .replace("    tokens_only", "    fresh: int = 7\n    tokens_only")
    )
    return vllm_sources.package(vllm__engine__arg_utils=changed)


def next_release() -> Definitions:
    return definitions(next_sources())


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*.json"))
    }


def sdist(folder: Path, version: str, sources: Mapping[str, str]) -> None:
    with tarfile.open(folder / f"vllm-{version}.tar.gz", "w:gz") as archive:
        for path, text in sources.items():
            member = tarfile.TarInfo(f"vllm-{version}/{path}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))


def test_the_same_packages_give_the_same_bytes(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    sdist(cache, "1.0.0", vllm_sources.package())
    sdist(cache, "1.1.0", next_sources())
    for folder in ("one", "two"):
        out = str(tmp_path / folder)
        assert main(["--out", out, "--cache", str(cache), "--jobs", "1", "1.1.0", "1.0.0"]) == 0
    written = files(tmp_path / "one")
    assert written == files(tmp_path / "two")
    assert len(written) == 3
    for content in written.values():
        assert content.endswith(b"}\n")
    # A second run over the same folder finds nothing to do.
    main(["--out", str(tmp_path / "one"), "--cache", str(cache), "--jobs", "1", "1.0.0"])
    assert files(tmp_path / "one") == written


def test_a_wheel_is_read_in_ranges() -> None:
    """Its modules only; not the binary between them."""
    content = io.BytesIO()
    binary = random.Random(0).randbytes(8 << 20)
    with zipfile.ZipFile(content, "w") as wheel:
        wheel.writestr("vllm/first.py", "FIRST = 1\n")
        wheel.writestr("vllm/_C.so", binary)
        wheel.writestr("vllm/second.py", "SECOND = 2\n")
    served: list[int] = []

    def get(url: str, headers: dict[str, str], timeout: float) -> SimpleNamespace:
        first, last = map(int, headers["Range"].removeprefix("bytes=").split("-"))
        served.append(last - first + 1)
        part = content.getvalue()[first : last + 1]
        return SimpleNamespace(status_code=206, content=part, raise_for_status=lambda: None)

    with zipfile.ZipFile(buffered(get, "wheel", len(content.getvalue()))) as wheel:
        assert wheel.read("vllm/first.py") == b"FIRST = 1\n"
        assert wheel.read("vllm/second.py") == b"SECOND = 2\n"
    assert sum(served) < 5 << 20


def test_a_new_release_touches_only_new_files_and_the_index(
    tmp_path: Path, extracted: Definitions
) -> None:
    Store(tmp_path).add("1.0.0", extracted)
    before = files(tmp_path)
    Store(tmp_path).add("1.1.0", next_release())
    after = files(tmp_path)
    assert {name for name in before if after[name] != before[name]} == {"index.json"}
    (new,) = after.keys() - before.keys()
    described = json.loads(after[new])
    # Only what changed: lines move with every release, and that is no change.
    assert sorted(described["definitions"]["arguments"]) == ["fresh", "model"]
    assert described["drops"] == {"arguments": ["disable_log_stats"]}
    assert "base" in described
    # Adding it again does nothing.
    assert Store(tmp_path).add("1.1.0", next_release()) == []


def test_a_release_that_changes_nothing_is_a_line_of_the_index(
    tmp_path: Path, extracted: Definitions
) -> None:
    Store(tmp_path).add("1.0.0", extracted)
    before = files(tmp_path)
    Store(tmp_path).add("1.0.1", extracted)
    assert files(tmp_path).keys() == before.keys()
    assert list(read(Stored(tmp_path), Version("1.0.1")).arguments)


def test_every_release_reads_back_as_it_was_written(tmp_path: Path, extracted: Definitions) -> None:
    """Over more releases than one chain of objects has, with definitions that come back."""
    other = next_release()
    store = Store(tmp_path)
    for minor in range(40):
        store.add(f"1.{minor}.0", other if minor % 3 else extracted)
    for minor in range(40):
        found = read(Stored(tmp_path), Version(f"1.{minor}.0"))
        written = other if minor % 3 else extracted
        assert set(found.arguments) == written["arguments"].keys()
        assert found.arguments["model"].default == written["arguments"]["model"]["default"]
        assert found.arguments["model"].source.startswith("1.1.0:" if minor % 3 else "1.0.0:")
    stored = b"".join(files(tmp_path).values())
    assert stored.count(b'"some/model"') == 1
    assert stored.count(b'"other/model"') == 1


# --- the data of the repository ---


def test_the_data_is_small() -> None:
    assert sum(len(content) for content in files(DATA).values()) < 500_000


def test_the_data_is_whole() -> None:
    index = Stored(DATA).index
    held = {path.stem for path in (DATA / "objects").iterdir()}
    assert set(index.values()) == held
    for path in sorted((DATA / "objects").iterdir()):
        assert path.stem.rpartition("-")[2] == sha256(path.read_bytes()).hexdigest()[:10]
        assert path.read_bytes().endswith(b"}\n")
    every = [Stored(DATA).names(name) for name in index.values()]
    assert {holder for names in every for one in names.values() for holder in one.values()} <= held


def test_equal_definitions_are_stored_once() -> None:
    seen: set[str] = set()
    for path in (DATA / "objects").iterdir():
        for section, names in json.loads(path.read_bytes()).get("definitions", {}).items():
            for name, entry in names.items():
                entry.pop("source")
                identity = json.dumps([section, name, entry], sort_keys=True)
                assert identity not in seen
                seen.add(identity)


def test_every_definition_can_be_served() -> None:
    for release in releases():
        found = schema(release)
        sections = (
            found.arguments, found.flags, found.llm, found.sampling,
            found.nested, found.environment, found.methods, found.routes,
        )  # fmt: skip
        for section in sections:
            for name, each in section.items():
                assert each.source, (release, name)


def test_a_lookup_is_quick() -> None:
    def seconds() -> float:
        stored = Stored(DATA)
        start = time.process_time()
        newest = read(stored, releases()[-1])
        assert newest.arguments["logprobs_mode"].choices
        return time.process_time() - start

    assert min(seconds() for _ in range(5)) < 0.005


def test_it_is_not_loaded_where_there_is_no_engine(tmp_path: Path) -> None:
    write_files(tmp_path, {"pyproject.toml": "[project]\n", "a.py": "import vllm\n"})
    code = (
        "import sys; from rlconfig_lint.cli import main\n"
        "sys.argv = ['rlconfig-lint', 'check', 'a.py']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "assert 'rlconfig_lint.releases.schema' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()


def test_releases_are_in_order() -> None:
    assert len(releases()) >= 66
    assert releases()[0] == Version("0.6.0")
    assert list(releases()) == sorted(releases())


def test_an_unknown_release_is_a_lookup_error() -> None:
    with pytest.raises(LookupError, match=r"0\.5\.0"):
        schema("0.5.0")


# --- facts that were read from vLLM's sources by hand ---


def first_with(argument: str) -> str:
    return next(str(each) for each in releases() if argument in schema(each).arguments)


def first_without(argument: str) -> str:
    had = [each for each in releases() if argument in schema(each).arguments]
    return str(next(each for each in releases() if each > had[-1]))


def default(release: str, argument: str) -> Any:
    return schema(release).arguments[argument].default


@pytest.mark.parametrize(
    ("argument", "release"),
    [
        ("compilation_config", "0.6.5"),
        ("generation_config", "0.6.6"),
        ("enable_sleep_mode", "0.7.0"),
        ("worker_extension_cls", "0.8.0"),
        ("speculative_config", "0.8.2"),
        ("data_parallel_size", "0.8.3"),
        ("logprobs_mode", "0.10.0"),
        ("async_scheduling", "0.10.0"),
        ("kv_cache_memory_bytes", "0.10.2"),
        ("attention_config", "0.13.0"),
        ("enable_return_routed_experts", "0.14.0"),
        ("weight_transfer_config", "0.16.0"),
        ("return_sampling_mask", "0.28.0"),
        ("sleep_mode_backend", "0.33.0"),
    ],
)
def test_first_release_of_an_argument(argument: str, release: str) -> None:
    assert first_with(argument) == release


@pytest.mark.parametrize(
    ("argument", "release"),
    [
        ("worker_use_ray", "0.7.0"),
        ("use_v2_block_manager", "0.10.0"),
        ("num_scheduler_steps", "0.10.1"),
        ("max_seq_len_to_capture", "0.11.0"),
        ("rope_scaling", "0.11.1"),
        ("task", "0.13.0"),
        ("swap_space", "0.18.0"),
        ("calculate_kv_scales", "0.28.0"),
    ],
)
def test_first_release_without_an_argument(argument: str, release: str) -> None:
    assert first_without(argument) == release


def test_logprobs_mode() -> None:
    argument = schema("0.10.0").arguments["logprobs_mode"]
    assert argument.default == "raw_logprobs"
    assert set(argument.choices) == {
        "raw_logprobs", "raw_logits", "processed_logprobs", "processed_logits",
    }  # fmt: skip
    assert not argument.choices_are_open
    assert argument.source == "0.10.0:engine/arg_utils.py:329 <- config.py:321"
    for release in releases()[list(map(str, releases())).index("0.10.0") :]:
        assert default(str(release), "logprobs_mode") == "raw_logprobs"


def test_defaults_that_changed() -> None:
    assert default("0.13.0", "async_scheduling") is False
    assert default("0.14.0", "async_scheduling") is None
    assert [default(each, "seed") for each in ("0.7.3", "0.8.0", "0.11.2", "0.12.0")] == [
        0, None, None, 0,
    ]  # fmt: skip
    assert default("0.6.4", "enable_prefix_caching") is False
    assert default("0.6.5", "enable_prefix_caching") is None
    assert default("0.19.1", "gpu_memory_utilization") == 0.9
    assert default("0.20.0", "gpu_memory_utilization") == 0.92
    assert default("0.18.0", "disable_cascade_attn") is True
    assert default("0.7.3", "generation_config") is None
    assert default("0.8.0", "generation_config") == "auto"
    assert default("0.6.4", "block_size") == Expression(
        "16 if not current_platform.is_hpu() else 128"
    )


def negation(release: str, argument: str) -> str | None:
    found = schema(release).flag_of(argument)
    return found.negation if found else None


def test_negated_flags() -> None:
    assert negation("0.6.4", "enable_prefix_caching") is None
    assert negation("0.6.5", "enable_prefix_caching") == "--no-enable-prefix-caching"
    assert negation("0.8.5", "enforce_eager") is None
    assert negation("0.9.0", "enforce_eager") == "--no-enforce-eager"
    assert negation("0.10.0", "async_scheduling") == "--no-async-scheduling"
    assert negation("0.33.0", "disable_log_stats") is None


def test_aliases_and_fields_without_flags() -> None:
    assert schema("0.33.0").flags["--tensor-parallel-size"].aliases == ("-tp",)
    assert schema("0.11.2").flags["--compilation-config"].aliases == ("-O",)
    assert schema("0.12.0").flags["--compilation-config"].aliases == ("-cc",)
    assert schema("0.33.0").flag_of("tokens_only") is None
    assert schema("0.13.0").flags["--disable-log-requests"].field is None


def test_async_only_arguments() -> None:
    assert schema("0.10.0").arguments["disable_log_requests"].async_only
    assert schema("0.10.1").arguments["enable_log_requests"].async_only
    assert not schema("0.10.1").llm_accepts("enable_log_requests")
    assert schema("0.10.1").llm_accepts("logprobs_mode")
    assert not schema("0.9.2").llm_accepts("logprobs_mode")


def test_llm_names() -> None:
    assert schema("0.7.3").llm["seed"].default == 0
    assert schema("0.12.0").llm["seed"].default is None
    assert schema("0.13.0").llm["seed"].default == 0
    assert schema("0.6.0").llm["model"].default is REQUIRED
    assert "task" in schema("0.10.0").llm
    assert "runner" in schema("0.10.1").llm
    assert "swap_space" in schema("0.17.1").llm
    assert "swap_space" not in schema("0.18.0").llm
    assert all("**kwargs" in schema(each).llm for each in releases())


def parameters(found: Schema, method: str) -> dict[str, Any]:
    return {each.name: each.default for each in found.methods[method].parameters}


def test_pause_generation() -> None:
    pause = "AsyncLLM.pause_generation"
    assert pause not in schema("0.11.2").methods
    assert parameters(schema("0.12.0"), pause) == {
        "wait_for_inflight_requests": False,
        "clear_cache": True,
    }
    assert parameters(schema("0.16.0"), pause) == {
        "mode": "abort",
        "wait_for_inflight_requests": None,
        "clear_cache": True,
    }
    assert parameters(schema("0.32.0"), pause) == {"mode": "abort", "clear_cache": True}
    assert {each.kind for each in schema("0.32.0").methods[pause].parameters} == {"keyword_only"}


def test_weight_updates() -> None:
    start = "AsyncLLM.start_weight_update"
    assert start not in schema("0.20.2").methods
    assert parameters(schema("0.21.0"), start) == {"is_checkpoint_format": True}
    assert parameters(schema("0.25.0"), start) == {}
    assert parameters(schema("0.27.0"), "AsyncLLM.finish_weight_update") == {"weight_version": None}
    assert "LLM.update_weights" in schema("0.33.0").methods


def test_resets_and_sleep() -> None:
    reset = "AsyncLLM.reset_prefix_cache"
    assert parameters(schema("0.11.2"), reset) == {}
    assert parameters(schema("0.12.0"), reset) == {"reset_running_requests": False}
    assert set(parameters(schema("0.13.0"), reset)) == {"reset_running_requests", "reset_connector"}
    assert parameters(schema("0.17.0"), "LLM.sleep") == {"level": 1, "mode": "abort"}


def test_http() -> None:
    assert "POST /pause" not in schema("0.11.2").routes
    assert [each.name for each in schema("0.32.0").routes["POST /pause"].query] == [
        "mode", "clear_cache",
    ]  # fmt: skip
    assert "POST /sleep" in schema("0.7.3").routes
    assert schema("0.16.0").routes["POST /update_weights"].body == ("update_info",)


def test_environment_of_releases() -> None:
    assert schema("0.7.3").environment["VLLM_USE_V1"].default == "'0'"
    assert schema("0.8.0").environment["VLLM_USE_V1"].default == "'1'"
    assert "VLLM_USE_V1" not in schema("0.11.1").environment
    assert "VLLM_BATCH_INVARIANT" not in schema("0.11.0").environment
    assert "VLLM_BATCH_INVARIANT" in schema("0.11.1").environment
    assert "VLLM_SERVER_DEV_MODE" in schema("0.7.0").environment


def test_sampling_and_nested() -> None:
    assert schema("0.8.5").sampling["top_k"].default == -1
    assert schema("0.9.0").sampling["top_k"].default == 0
    assert "logits_processors" not in schema("0.17.0").sampling
    assert "CompilationConfig.mode" in schema("0.11.1").nested
    assert "CompilationConfig.level" not in schema("0.18.0").nested
    assert schema("0.17.0").nested["WeightTransferConfig.backend"].choices == ("nccl", "ipc")
