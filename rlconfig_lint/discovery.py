"""Which files are worth reading: git's own list where there is one, then a gate on bytes."""

from __future__ import annotations

import os
import re
import stat
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rlconfig_lint.errors import UserError
from rlconfig_lint.excluding import Excluder, excluder
from rlconfig_lint.readers import LANGUAGES, language

SKIPPED_FOLDERS = re.compile(
    r"\.git|\.hg|\.svn|\.nox|\.tox|\.venv|venv|__pycache__|\.\w+_cache|__pypackages__"
    r"|build|dist|node_modules|site-packages|wandb"
)
PROJECT_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", "rlconfig-lint.toml", ".git")
LARGEST = 1_000_000
MANIFEST_LARGEST = 50_000_000

# A file without any of these words can neither configure a rollout nor say how weights are updated.
_WORDS = re.compile(
    rb"vllm|VLLM|logprobs[-_]mode|enable[-_]prefix[-_]caching|async[-_]scheduling|lm_head"
    rb"|reset_prefix_cache|pause_generation|cache_salt|update_weights|load_weights|logprobs\b"
    rb"|actor_rollout_ref|worker\.(?:actor|rollout)\.|inference_engine|off_policy_correction"
    rb"|defaults:|log_probs\b|logps\b|engine_args|oat\.experiment|fast_inference"
    rb"|finish_reason|stop_reason"
)
_FOR_A_DOCUMENT = re.compile(
    rb"vllm|VLLM|logprobs[-_]mode|prefix[-_]caching|async[-_]scheduling|gpu[-_]memory[-_]util"
    rb"|actor_rollout_ref|inference_engine|off_policy_correction|^defaults:|max[-_]num[-_]seqs"
    rb"|engine_args"
    rb"|^\[inference\]",  # prime-rl's whole engine, with all defaults
    re.MULTILINE,
)


@dataclass(frozen=True)
class Skipped:
    path: str
    reason: str


@dataclass
class Files:
    """What a run reads. Paths are relative to `base`, with forward slashes."""

    base: Path
    judged: list[str] = field(default_factory=list)
    context: list[str] = field(default_factory=list)  # read for facts only
    skipped: list[Skipped] = field(default_factory=list)
    roots: list[Path] = field(default_factory=list)  # where files may be read and written
    tops: list[Path] = field(default_factory=list)  # where the search for a project ends


class MissingPathError(UserError):
    """A path that was named does not exist."""


def discover(
    paths: Sequence[Path],
    base: Path,
    excluder_of: Callable[[Path], Excluder] = lambda folder: excluder(folder, None),
    *,
    force_exclude: bool = False,
) -> Files:
    """The files below `paths` to judge, and the rest of their projects for context.

    `excluder_of` gives the test for a folder's files; with `force_exclude` it also holds for files
    that are named.

    Raises:
        MissingPathError: a path that was named does not exist.
    """
    files = Files(base)
    judged: dict[str, None] = {}
    context: dict[str, None] = {}
    for path in paths:
        if not os.path.lexists(path):
            raise MissingPathError(f"{path}: no such file or directory")
        if path.is_dir():
            files.roots.append(path.resolve())
            files.tops.append(path.resolve())
            excluded = excluder_of(path)
            for file in _listed(path):
                (context if excluded(file) else judged)[_shown(file, base)] = None
            continue
        root = project_root(path)
        files.roots.append(root.resolve())
        files.tops.append(root.resolve())
        if not (force_exclude and excluder_of(root)(path)):
            judged[_shown(path, base)] = None
        context.update(dict.fromkeys(_shown(p, base) for p in _listed(root)))
    files.judged = list(judged)
    files.context = [path for path in context if path not in judged]
    return files


def project_root(path: Path) -> Path:
    """The nearest folder above a file with a manifest or a repository; its own folder else."""
    folder = path.absolute().parent
    for above in (folder, *folder.parents):
        if any((above / mark).exists() for mark in PROJECT_MARKS):
            return above
    return folder


def worth_reading(path: str, data: bytes) -> bool:
    """The byte gate: false for a file that cannot matter to any rule."""
    if language(path, data[:200]) in ("documents", "toml"):
        return _FOR_A_DOCUMENT.search(data) is not None
    return _WORDS.search(data) is not None


def load(path: Path, roots: Sequence[Path], largest: int = LARGEST) -> bytes | str:
    """A regular file's bytes, or why it was skipped. Never blocks on a pipe or device."""
    try:
        status = path.stat()
        outward = path.is_symlink() and not any(path.resolve().is_relative_to(r) for r in roots)
        if outward:
            return "a link out of the checked folders: not followed"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "not a regular file"
    if status.st_size > largest:
        return f"larger than {largest // 1_000_000} MB: not read"
    try:
        return path.read_bytes()
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _shown(path: Path, base: Path) -> str:
    return Path(os.path.relpath(path, base)).as_posix()


def _listed(folder: Path) -> Iterator[Path]:
    tracked = _git_files(folder)
    found = _walked(folder) if tracked is None else tracked
    for path in found:
        folders = path.relative_to(folder).parts[:-1]
        if path.suffix.lower() in LANGUAGES and not any(map(SKIPPED_FOLDERS.fullmatch, folders)):
            yield path


def _git_files(folder: Path) -> list[Path] | None:
    """Tracked files and untracked ones that git does not ignore; None outside a repository."""
    # A repository may name a program as its file-system monitor: nothing of the tree is executed.
    safely = ("-c", "core.fsmonitor=false")
    command = ["git", *safely, "-C", str(folder), "ls-files", "-z", "-co", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    if done.returncode != 0:
        return None
    names = sorted({os.fsdecode(name) for name in done.stdout.split(b"\0") if name})
    paths = [folder / name for name in names]
    nested = [p for p in paths if p.suffix == "" and p.is_dir() and (p / ".git").exists()]
    return [path for path in paths if os.path.lexists(path)] + [
        file for repository in nested for file in _git_files(repository) or []
    ]


def _walked(folder: Path) -> Iterator[Path]:
    """Every file below a folder, `.gitignore` files obeyed, repositories inside asked."""
    from pathspec import GitIgnoreSpec

    ignored: list[tuple[Path, GitIgnoreSpec]] = []
    for here, folders, names in os.walk(folder, followlinks=False):
        parent = Path(here)
        if ".git" in folders and parent != folder:
            yield from _git_files(parent) or []
            folders.clear()
            continue
        if ".gitignore" in names:
            lines = (parent / ".gitignore").read_text("utf-8", "replace").splitlines()
            ignored.append((parent, GitIgnoreSpec.from_lines(lines)))

        def is_ignored(path: Path, *, directory: bool) -> bool:
            return any(
                spec.match_file(path.relative_to(root).as_posix() + ("/" if directory else ""))
                for root, spec in ignored
                if path.is_relative_to(root)
            )

        folders[:] = sorted(
            name
            for name in folders
            if not SKIPPED_FOLDERS.fullmatch(name) and not is_ignored(parent / name, directory=True)
        )
        for name in sorted(names):
            if not is_ignored(parent / name, directory=False):
                yield parent / name
