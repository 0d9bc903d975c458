"""``server.py addon test``: an addon's tests, with only what it depends on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.errors import ConfigurationError
from kernel.manifest import ROOT
from kernel.testing import running
from kernel.testing.cluster import RUN_VARIABLE
from tests.kernel.test_addon_check import NAME, package

MORE = f'''

import pytest
from kernel.registry import Registry


def test_only_what_it_depends_on_is_installed(registry: Registry) -> None:
    assert [one.name for one in registry.manifests] == ["base", "{NAME}"]


@pytest.mark.needs("inventory")
def test_of_two_together(registry: Registry) -> None:
    raise AssertionError("inventory is not installed")
'''

IMPORTING = (
    "from addons.sales.models import Venta\n\n\ndef test_venta() -> None:\n    assert Venta\n"
)


@pytest.mark.slow
def test_addon_outside_of_the_tree_is_tested_alone(tmp_path: Path) -> None:
    root = package(tmp_path)
    folder = root / "tests" / "addons" / NAME
    with (folder / f"test_{NAME}.py").open("a", encoding="utf-8") as tests:
        tests.write(MORE)
    (folder / "test_ventas.py").write_text(IMPORTING, encoding="utf-8")
    known = {name: value for name, value in os.environ.items() if name != RUN_VARIABLE}
    run = subprocess.run(
        [
            sys.executable,
            "server.py",
            "addon",
            "test",
            NAME,
            "--root",
            str(root),
            "-k",
            "not crear",
        ],
        cwd=ROOT,
        env={**known, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "3 passed, 3 deselected" in run.stdout
    assert "Left out, for they need inventory: " in run.stdout
    assert "Left out, for they need sales: test_ventas.py" in run.stdout


def test_unknown_addon_is_named() -> None:
    with pytest.raises(ConfigurationError, match="There is no addon «nada» here"):
        running.run("nada", [], [])
