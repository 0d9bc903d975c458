"""Type checkers, run in processes of their own over an addon and what it depends on.

Beside the addon's own files they are given one generated module, which puts each of its hooks
beside the contract: pluggy compares names, and only a type checker sees the rest.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from kernel.checks import source
from kernel.manifest import ROOT, Manifest

HOOKS = "andes_hooks"
"""The generated module."""

HEAD = '''"""Each hook of an addon beside the contract."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from kernel import hookspecs

P = ParamSpec("P")
R = TypeVar("R")


def fits(hook: Callable[P, R]) -> Callable[[Callable[P, R]], None]:
    """Return a function that takes only implementations of a hook."""
    raise AssertionError(hook)


'''
MYPY_LINE = re.compile(r"^(.+?):(\d+): error: (.*?)(?:  \[([\w-]+)\])?$")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a type checker says of a line; ``hook`` where it is about a hook's signature."""

    place: str
    message: str
    hook: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a type checker found, or why it could not run."""

    faults: tuple[Fault, ...] = ()
    missing: str = ""


def run_mypy(one: Manifest, roots: Iterable[Path] = ()) -> Findings:
    """Return what ``mypy --strict`` says of an addon and all that it imports."""
    if find_spec("mypy") is None:
        return _absent("mypy")
    with tempfile.TemporaryDirectory(prefix="andes-check-") as name:
        folder = Path(name)
        hooks = write_hooks(one, folder / f"{HOOKS}.py")
        words = ["--config-file", str(ROOT / "pyproject.toml"), "--no-error-summary", "--no-pretty"]
        cache = ["--cache-dir", str(ROOT / ".mypy_cache" / "addon-check")]
        paths = map(str, dict.fromkeys([folder, ROOT, *roots, *_outside(one)]))
        run = subprocess.run(
            [sys.executable, "-m", "mypy", *words, *cache, "-p", one.module, "-m", HOOKS],
            check=False,
            cwd=ROOT,
            env={**os.environ, "MYPYPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
        )
    if run.returncode not in (0, 1) or (run.returncode and not run.stdout.strip()):
        return Findings(missing=f"mypy broke off: {(run.stderr or run.stdout).strip()[-500:]}")
    return Findings(tuple(_of_mypy(run.stdout, hooks)))


def _absent(tool: str) -> Findings:
    sentence = f"{tool} is not installed here: install it (`pip install {tool}`, or `make check`)."
    return Findings(missing=sentence)


def _outside(one: Manifest) -> list[Path]:
    """Return where an addon outside of the tree is found; site-packages needs no mention."""
    if one.code.is_relative_to(ROOT):
        return []
    above = one.code.parents[len(one.module.split(".")) - 1]
    return [] if above.name == "site-packages" else [above]


def _of_mypy(text: str, hooks: list[str]) -> Iterator[Fault]:
    for line in text.splitlines():
        found = MYPY_LINE.match(line)
        if found is None:
            continue
        path, number, message, code = found.groups()
        if Path(path).stem == HOOKS:
            yield Fault("plugin.py", _of_hook(message), _hook_at(int(number), hooks))
        else:
            yield Fault(f"{path}:{number}", f"{message} [{code}]")


def _of_hook(message: str) -> str:
    """Return the part of a message that speaks of the addon's function."""
    shown = message.removeprefix('Argument 1 has incompatible type "')
    return shown.replace('"; expected "', ", not ").rstrip('"')


def _hook_at(line: int, hooks: list[str]) -> str:
    first = HEAD.count("\n") + 1
    return hooks[line - first] if first <= line < first + len(hooks) else HOOKS


def write_hooks(one: Manifest, path: Path) -> list[str]:
    """Write the module that puts each hook beside the contract; return a hook for each line."""
    lines, names = [], []
    for code in source.sources_of(one):
        if code.part == "plugin":
            alias = code.module.replace(".", "_")
            lines.append(f"import {code.module} as {alias}")
            names.append(code.module)
            for function in source.functions(code):
                if source.decorated(function, "hookimpl"):
                    lines.append(f"fits(hookspecs.{function.name})({alias}.{function.name})")
                    names.append(function.name)
    path.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return names


def run_pyright(one: Manifest, roots: Iterable[Path] = ()) -> Findings:
    """Return what pyright says of an addon's own files."""
    if find_spec("pyright") is None:
        return _absent("pyright")
    with tempfile.TemporaryDirectory(prefix="andes-check-") as name:
        project = Path(name) / "pyrightconfig.json"
        paths = [str(ROOT), *map(str, [*roots, *_outside(one)])]
        config = {"include": [str(one.code)], "extraPaths": paths, "pythonVersion": "3.11"}
        project.write_text(json.dumps(config), encoding="utf-8")
        words = ["--outputjson", "--pythonpath", sys.executable, "--project", str(project)]
        run = subprocess.run(
            [sys.executable, "-m", "pyright", *words],
            check=False,
            cwd=name,
            capture_output=True,
            text=True,
        )
    if not run.stdout.startswith("{"):
        return Findings(missing=f"pyright broke off: {(run.stderr or run.stdout).strip()[-500:]}")
    return Findings(tuple(_of_pyright(run.stdout)))


def _of_pyright(text: str) -> Iterator[Fault]:
    for one in json.loads(text)["generalDiagnostics"]:
        if one["severity"] == "error":
            line = one["range"]["start"]["line"] + 1
            message = one["message"].partition("\n")[0]
            yield Fault(f"{one['file']}:{line}", f"{message} [{one.get('rule', '')}]")
