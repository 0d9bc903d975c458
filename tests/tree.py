"""A copy of the tree that a test may change, and commands that run in it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kernel.manifest import ROOT
from tests.cluster import RUN_VARIABLE

FOLDERS = ("addons", "addons_contrib", "docs", "kernel", "manifests", "migrations", "tests")
FILES = ("pyproject.toml", "server.py", "README.md", "CHANGELOG.md")
TOOLS = Path(sys.executable).parent
CACHES = shutil.ignore_patterns("__pycache__", "vendor", ".mypy_cache")
TYPES = ".mypy_cache"


def copy_to(folder: Path) -> Path:
    """Return a folder with a copy of the tree."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=CACHES)
    for name in FILES:
        shutil.copy2(ROOT / name, folder / name)
    lend_types(folder / TYPES)
    lend_types(folder / TYPES / "addon-check")
    return folder


def lend_types(cache: Path) -> None:
    """Give mypy what `make check` found out; it looks again at whatever changed since."""
    for known in (ROOT / TYPES).glob("[0-9]*"):
        if not (cache / known.name).exists():
            cache.mkdir(parents=True, exist_ok=True)
            copied = Path(tempfile.mkdtemp(dir=cache))
            shutil.copytree(known, copied, dirs_exist_ok=True)
            with contextlib.suppress(OSError):  # another worker was faster
                copied.rename(cache / known.name)


def run(root: Path, *command: str, **variables: str) -> str:
    """Return what a command prints in a copy of the tree; it must end well.

    A program is the one beside this Python, and tests in the copy are a run of their own.
    """
    program = shutil.which(command[0], path=str(TOOLS)) or command[0]
    known = {name: value for name, value in os.environ.items() if name != RUN_VARIABLE}
    done = subprocess.run(
        [program, *command[1:]],
        cwd=root,
        env={**known, "PYTHONPATH": str(root), "PYTEST_ADDOPTS": "", **variables},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def contents(root: Path) -> dict[str, bytes]:
    """Return every file of a copy of the tree, by path."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def changed(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    """Return the files that were written, changed or removed in between."""
    return sorted(
        name for name in before.keys() | after.keys() if before.get(name) != after.get(name)
    )
