"""The documentation is true: examples run, links lead somewhere, generated pages are current."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kernel import hookspecs, reference
from kernel.manifest import ROOT
from kernel.settings import Settings
from tests import pages
from tests.pages import DOCS

HOOKS = [name for name, one in vars(hookspecs).items() if hasattr(one, "andes_spec")]
HOOKS_PAGE = (DOCS / "hooks.md").read_text(encoding="utf-8")

MANIFEST = """
title = "Garantías"
version = "0.1.0"
package = "warranty"
[summary]
es = "Garantías de lo vendido."
en = "Warranties of what was sold."
[depends]
base = ">=0.1"
sales = ">=0.1"
"""

LOAD = """
import json, sys
from pathlib import Path
from kernel import manifest, openapi, registry, solver
found = manifest.discover([Path(sys.argv[1])])
loaded = registry.load(solver.solve(found, ["warranty"]))
plugin = loaded.plugins.get_plugin("warranty")
declared = {
    caller.name: len(plugin.__dict__[caller.name]()) if "register" in caller.name else 1
    for caller in loaded.plugins.get_hookcallers(plugin)
}
print(json.dumps({"declared": declared, "paths": list(openapi.document(loaded)["paths"])}))
"""


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_has_a_purpose_and_an_example(hook: str) -> None:
    section = pages.sections(HOOKS_PAGE)[hook]
    (example,) = pages.blocks(section, "python")
    assert re.search(rf"^@hookimpl\ndef {hook}\(", example.text, re.MULTILINE)
    assert len(pages.prose(section)) > 80
    assert f"(#{hook})" in HOOKS_PAGE.partition("\n## ")[0]


def test_hooks_page_names_no_hook_that_is_none() -> None:
    assert sorted(pages.sections(HOOKS_PAGE)) == sorted(HOOKS)


@pytest.fixture(scope="module")
def warranty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the addon that the examples of the hooks page make together."""
    root = tmp_path_factory.mktemp("hooks")
    plugin = "\n\n".join(block.text for block in pages.blocks(HOOKS_PAGE, "python"))
    for name, text in (("__init__.py", ""), ("plugin.py", plugin)):
        (root / "warranty").mkdir(exist_ok=True)
        (root / "warranty" / name).write_text(text, encoding="utf-8")
    (root / "manifests").mkdir()
    (root / "manifests" / "warranty.toml").write_text(MANIFEST, encoding="utf-8")
    return root


def test_examples_of_the_hooks_are_one_working_plugin(warranty: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", LOAD, str(warranty)],
        cwd=ROOT,
        env={"PYTHONPATH": f"{ROOT}:{warranty}", "PATH": ""},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["declared"].keys() == set(HOOKS)
    assert all(found["declared"].values())
    assert "/api/garantias/{id}/extender/" in found["paths"]


@pytest.mark.parametrize("page", pages.markdown_files(), ids=lambda page: page.name)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in pages.links(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if "://" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name}: {link}"
        if anchor and target.suffix == ".md":
            assert anchor in pages.headings(target.read_text(encoding="utf-8")), link


def test_settings_page_is_current() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert page == reference.settings_page(), reference.__doc__


@pytest.mark.parametrize("name", Settings.model_fields)
def test_setting_is_described(name: str) -> None:
    assert Settings.model_fields[name].description


def test_decisions_are_numbered_and_short() -> None:
    records = sorted((DOCS / "decisions").glob("*.md"))
    assert [int(one.name[:4]) for one in records] == list(range(1, len(records) + 1))
    for one in records:
        text = one.read_text(encoding="utf-8")
        assert len(text.split()) <= 700, f"{one.name} is longer than a page"
        assert {"Decision", "Consequences"} <= set(pages.sections(text)), one.name
