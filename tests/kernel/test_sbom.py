"""The bill of materials names every library that a release is made of."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tomllib
from typing import Any

import pytest

from kernel import sbom
from kernel.manifest import ROOT

UV = shutil.which("uv") or shutil.which("uv", path=str(ROOT / ".venv-tools" / "bin"))
EMPTY: dict[str, Any] = {"bomFormat": "CycloneDX", "specVersion": "1.5", "components": []}


def browser_lock() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    return found


def test_complete_adds_every_browser_library_with_its_digest() -> None:
    components = sbom.complete(EMPTY, browser_lock())["components"]
    listed = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    assert listed.items() <= {one["name"]: one["version"] for one in components}.items()
    for one in components:
        assert one["purl"].startswith("pkg:npm/")
        assert [(it["alg"], len(it["content"])) for it in one["hashes"]] == [("SHA-512", 128)]
    scoped = [one["purl"] for one in components if one["name"].startswith("@")]
    assert scoped
    assert all(re.fullmatch(r"pkg:npm/%40[\w-]+/[\w-]+@[\d.]+", one) for one in scoped)


def test_complete_keeps_what_was_there() -> None:
    first = {"type": "library", "name": "alembic", "version": "1"}
    whole = sbom.complete({**EMPTY, "components": [first]}, browser_lock())
    assert whole["components"][0] == first
    assert {name: whole[name] for name in ("bomFormat", "specVersion")} == {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
    }


@pytest.mark.skipif(UV is None, reason="uv is not installed here")
def test_make_sbom_names_every_library_that_we_ask_for() -> None:
    made = subprocess.run(
        ["make", "-s", "sbom", f"UV={UV}"], cwd=ROOT, capture_output=True, text=True
    )
    assert made.returncode == 0, made.stderr
    names = {one["name"] for one in json.loads(made.stdout)["components"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [one for some in project["optional-dependencies"].values() for one in some]
    wanted = {
        re.split(r"[^A-Za-z0-9._-]", one)[0].lower() for one in [*project["dependencies"], *extras]
    }
    assert wanted <= names
    assert "pytest" not in names
    assert "htmx.org" in names
