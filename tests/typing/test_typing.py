"""mypy and pyright see what ``@extend`` adds, and refuse hooks that differ from the contract."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel import hookspecs, manifest
from kernel.manifest import ROOT
from tests import pages, source, tree

pytestmark = pytest.mark.slow

SNIPPETS = Path(__file__).with_name("snippets")
MYPY_LINE = re.compile(r"^(?P<file>.+?):(?P<line>\d+): error: .*\[(?P<code>[\w-]+)\]$")
TOOLS = Path(sys.executable).parent

Fault = tuple[str, int, str]
"""File, line, code."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the snippets, the examples of hooks.md, and every plugin of the tree."""
    folder = tmp_path_factory.mktemp("typing")
    shutil.copytree(SNIPPETS, folder / "snippets", ignore=shutil.ignore_patterns("__pycache__"))
    examples = pages.blocks((pages.DOCS / "hooks.md").read_text(encoding="utf-8"), "python")
    text = "\n\n".join(block.text for block in examples)
    (folder / "snippets" / "warranty.py").write_text(text, encoding="utf-8")
    (folder / "snippets" / "plugins.py").write_text(all_plugins(), encoding="utf-8")
    return folder


def all_plugins() -> str:
    """Return a module that puts each hook of each plugin beside its specification."""
    lines = ["from kernel import hookspecs", "from snippets.hooks import fits"]
    hooks = [name for name, one in vars(hookspecs).items() if hasattr(one, "andes_spec")]
    modules = {"snippets.warranty": hooks, "kernel.own": _own("kernel.own")}
    for one in manifest.discover().values():
        modules[f"{one.module}.plugin"] = _own(f"{one.module}.plugin")
    for module, own in modules.items():
        alias = module.replace(".", "_")
        lines.append(f"import {module} as {alias}")
        lines.extend(f"fits(hookspecs.{hook})({alias}.{hook})" for hook in own)
    return "\n".join(lines) + "\n"


def _own(module: str) -> list[str]:
    path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
    functions = source.functions(source.read(path, module))
    return [one.name for one in functions if source.decorated(one, "hookimpl")]


def mypy(project: Path) -> set[Fault]:
    """Return what mypy --strict finds in the project."""
    words = ["--config-file", str(ROOT / "pyproject.toml"), "--no-error-summary", "--no-pretty"]
    tree.lend_types(project / "cache")
    cache = ["--cache-dir", str(project / "cache")]
    run = subprocess.run(
        [TOOLS / "mypy", *words, *cache, "-p", "snippets"],
        cwd=project,
        env={"MYPYPATH": f"{project}:{ROOT}", "PATH": str(TOOLS)},
        capture_output=True,
        text=True,
    )
    found = [MYPY_LINE.match(line) for line in run.stdout.splitlines()]
    assert any(found), run.stdout + run.stderr
    return {(Path(one["file"]).name, int(one["line"]), one["code"]) for one in found if one}


def pyright(project: Path) -> set[Fault]:
    """Return what pyright finds in the project; it brings its own Node and needs no network."""
    config = {"include": ["snippets"], "extraPaths": [str(project), str(ROOT)]}
    (project / "pyrightconfig.json").write_text(json.dumps(config), encoding="utf-8")
    words = ["--outputjson", "--pythonpath", sys.executable, "--project", str(project)]
    run = subprocess.run([TOOLS / "pyright", *words], cwd=project, capture_output=True, text=True)
    assert run.stdout.startswith("{"), run.stdout + run.stderr
    return {
        (Path(one["file"]).name, one["range"]["start"]["line"] + 1, one["rule"])
        for one in json.loads(run.stdout)["generalDiagnostics"]
        if one["severity"] == "error"
    }


def expected(checker: str) -> set[Fault]:
    """Return the faults that the snippets announce for a checker."""
    announced = re.compile(rf"# error: .*\b{checker} ([\w-]+)")
    return {
        (path.name, number, found[1])
        for path in SNIPPETS.glob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if (found := announced.search(line)) is not None
    }


@pytest.mark.parametrize("check", [mypy, pyright])
def test_types_of_extensions_and_hooks_are_what_the_snippets_say(
    check: Callable[[Path], set[Fault]], project: Path
) -> None:
    assert check(project) == expected(check.__name__)
