"""``server.py addon check``: what it catches in an addon that lives outside of the tree."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernel import manifest, scaffold
from kernel.checks import examination
from kernel.checks.examination import Report, Verdict
from kernel.checks.page import page
from kernel.errors import ConfigurationError
from kernel.manifest import ROOT
from kernel.quality import RULES
from tests import tree

NAME = "prendas"

MODELS = """
from addons.sales import models as sales
from sqlalchemy.orm import Mapped, mapped_column
from kernel.context import Ctx
from kernel.model import Model, extend


@extend
class Cliente(sales.Cliente):
    prendas: Mapped[int] = mapped_column(server_default="0", default=0)


def contar(ctx: Ctx) -> int:
    return ctx.session.get_one(Cliente, 1).prenda


TABLES: list[type[Model]] = []
"""

WRONG_HOOKS = '''

from kernel.context import Ctx


@hookimpl
def register_jobs() -> list[Menu]:
    """Not what the hook returns."""
    return views.MENUS


@hookimpl
def addon_upgraded(ctx: Ctx, previous: int) -> None:
    """Not what the hook is given."""
'''

IMPORT = "from kernel.context"
MIGRATION = f"migrations/{NAME}/0001_initial_tables.py"

Change = Callable[[Path], None]


def package(root: Path) -> Path:
    """Return a folder with the template's addon, as a package outside of the tree."""
    scaffold.create(NAME, root)
    (root / "addons" / NAME).rename(root / NAME)
    for path in (*root.rglob("*.py"), *root.rglob("*.toml")):
        text = path.read_text(encoding="utf-8").replace(f"addons.{NAME}", NAME)
        path.write_text(text, encoding="utf-8")
    toml = root / "manifests" / f"{NAME}.toml"
    told = f'package = "{NAME}"\n' + toml.read_text(encoding="utf-8")
    toml.write_text(told, encoding="utf-8")
    return root


def check(root: Path, *words: str) -> dict[str, Any]:
    """Return what ``addon check --json`` says, by rule, and the medal."""
    run = subprocess.run(
        [
            sys.executable,
            "server.py",
            "addon",
            "check",
            NAME,
            "--root",
            str(root),
            "--json",
            *words,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert run.stdout.startswith("{"), run.stdout + run.stderr
    found = json.loads(run.stdout)
    assert run.returncode == (0 if found["medal"] in ("silver", "gold") else 1), run.stderr
    return {"medal": found["medal"], **{one["rule"]: one for one in found["rules"]}}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template's addon outside of the tree, as it comes."""
    tree.lend_types(ROOT / tree.TYPES / "addon-check")
    return package(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def changed(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copytree(whole, tmp_path / "spoilt"))


@pytest.mark.slow
def test_check_gives_the_template_silver_outside_of_the_tree_too(whole: Path) -> None:
    found = check(whole)
    assert found["medal"] == "silver"
    broken = {name for name in RULES if found[name]["state"] != "fulfilled"}
    assert broken == {"screens"}
    assert found["screens"]["cure"]


@pytest.mark.slow
def test_check_catches_a_wrong_field_a_wrong_hook_and_an_undeclared_import(changed: Path) -> None:
    (changed / NAME / "models.py").write_text(f'"""Tables."""\n{MODELS}', encoding="utf-8")
    (changed / NAME / "services.py").write_text('"""None."""\n', encoding="utf-8")
    (changed / NAME / "routes.py").write_text('"""None."""\n\nRESOURCES: list[object] = []\n')
    plugin = changed / NAME / "plugin.py"
    plugin.write_text(plugin.read_text(encoding="utf-8") + WRONG_HOOKS, encoding="utf-8")
    found = check(changed)
    assert found["medal"] is None
    (undeclared,) = found["imports"]["faults"]
    assert "imports addons.sales.models, and the manifest doesn't depend on sales" in undeclared
    assert any(
        "models.py:15" in it and 'has no attribute "prenda"' in it
        for it in found["types"]["faults"]
    ), found["types"]
    hooks = "\n".join(found["hooks"]["faults"])
    assert "addon_upgraded takes «previous» as int, not str" in hooks
    assert "register_jobs does not fit the contract" in hooks
    assert "addon_upgraded does not fit the contract" in hooks


def spoil(path: str, old: str, new: str) -> Change:
    """Return a change of a file of the addon."""

    def change(root: Path) -> None:
        file = root / path
        text = file.read_text(encoding="utf-8")
        assert old in text, path
        file.write_text(text.replace(old, new, 1), encoding="utf-8")

    return change


def write(path: str, text: str) -> Change:
    """Return a change that writes a file of the addon."""
    return lambda root: (root / path).write_text(text, encoding="utf-8") and None


FAULTS: dict[str, tuple[str, Change, str]] = {
    "a file of another name": (
        "shape",
        write(f"{NAME}/utils.py", '"""Anything."""\n'),
        "utils.py: the shape has no file of this name",
    ),
    "a service imports a route": (
        "layers",
        spoil(f"{NAME}/services.py", IMPORT, f"from {NAME} import routes\n{IMPORT}"),
        f"imports {NAME}.routes, which does not stand below it",
    ),
    "a misspelt hook": (
        "loads",
        spoil(f"{NAME}/plugin.py", "def register_menus", "def register_menu"),
        "register_menu",
    ),
    "a hook without types": (
        "hooks",
        spoil(f"{NAME}/plugin.py", "def register_menus() -> list[Menu]:", "def register_menus():"),
        "register_menus says no type of what it returns",
    ),
    "a route of nobody": (
        "loads",
        spoil(f"{NAME}/routes.py", f'permission="{NAME}.cerrar"', f'permission="{NAME}.nada"'),
        f"«{NAME}.nada»",
    ),
    "a permission for nothing": (
        "permissions",
        spoil(f"{NAME}/permissions.py", "[\n", f'[\n    Permission("{NAME}", "x", "X"),\n'),
        f"«{NAME}.x» is declared and never asked for",
    ),
    "a migration that does not go down": (
        "migrations",
        spoil(MIGRATION, f'op.drop_table("{NAME}")', "pass"),
        f"after going down: + {NAME}: column id bigint",
    ),
    "a migration that breaks": (
        "migrations",
        spoil(MIGRATION, "op.create_table(", "op.create_tables("),
        "AttributeError: module 'alembic.op' has no attribute 'create_tables'",
    ),
    "a file that is no Python": (
        "loads",
        write(f"{NAME}/models.py", "class :"),
        "SyntaxError: invalid syntax",
    ),
    "a column without a migration": (
        "migrations",
        spoil(f"{NAME}/models.py", "Mapped[Id]\n", "Mapped[Id]\n    nota: Mapped[str | None]\n"),
        "nota",
    ),
    "a history with a hole": (
        "history",
        spoil(MIGRATION, 'revision = "0001"', 'revision = "0002"'),
        "its number would be 0001",
    ),
    "a commit": (
        "transactions",
        spoil(f"{NAME}/services.py", "ctx.session.flush()", "ctx.session.commit()"),
        "transactions belong to the unit of work",
    ),
    "something of the kernel's own": (
        "api",
        spoil(f"{NAME}/services.py", IMPORT, f"from kernel import passwords\n{IMPORT}"),
        "uses kernel.passwords, which is the kernel's own",
    ),
    "a page without its tables": (
        "readme",
        spoil(f"{NAME}/README.md", f"Tables: `{NAME}`. Depends on `base`.", ""),
        "README.md does not name `base`",
    ),
    "an addon without tests": (
        "tests",
        lambda root: shutil.rmtree(root / "tests"),
        "there is no test_*.py",
    ),
    "a summary in one language": (
        "languages",
        spoil(f"manifests/{NAME}.toml", "en = ", "fr = "),
        "[summary] has no en",
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_check_names_the_fault(fault: str, changed: Path) -> None:
    rule, change, sentence = FAULTS[fault]
    change(changed)
    words = (sys.executable, "-c", JUDGE, NAME, str(changed), rule)
    run = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    faults = json.loads(run.stdout)
    assert any(sentence in it for it in faults), faults


JUDGE = """
import json, sys
from pathlib import Path
from kernel.checks import examination
from kernel.testing import cluster
cluster.begin_run()
subject = examination.load(sys.argv[1], [Path(sys.argv[2])])
faults = [*examination.judge(subject, sys.argv[3]).faults]
print(json.dumps(faults))
cluster.end_run()
"""


def test_check_of_an_unknown_addon_names_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="no addon «nada» here; there are: base"):
        examination.load("nada")


# Medals -----------------------------------------------------------------------------------------


def report(**states: str) -> Report:
    """Return a report in which every rule is fulfilled but for these."""
    made = [Verdict(name, states.get(name, "fulfilled")) for name in RULES]  # type: ignore[arg-type]
    return Report("prendas", "0.1.0", tuple(made))


@pytest.mark.parametrize(
    ("states", "medal"),
    [
        ({}, "gold"),
        ({"screens": "broken"}, "silver"),
        ({"screens": "exempt", "api": "exempt"}, "gold"),
        ({"types": "broken"}, "bronze"),
        ({"shape": "broken"}, None),
        ({"routes": "unknown"}, None),
    ],
)
def test_medal_needs_every_rule_of_its_own_and_of_the_lower_ones(
    states: dict[str, str], medal: str | None
) -> None:
    assert report(**states).medal == medal


def test_report_names_what_the_next_medal_takes() -> None:
    text = page(report(types="broken", screens="broken"))
    assert "Medal: bronze.\nMissing for silver: types." in text
    assert f"→ {RULES['types'].cure}" in text


# The quality list -------------------------------------------------------------------------------

MANIFEST = """
title = "Prendas"
version = "0.1.0"
[summary]
es = "Prendas."
[quality]
"""


def read(tmp_path: Path, line: str) -> manifest.Manifest:
    """Return a manifest with a line in its quality list."""
    path = tmp_path / "prendas.toml"
    path.write_text(MANIFEST + line, encoding="utf-8")
    return manifest.read(path)


def test_quality_list_says_done_or_why_the_addon_is_exempt(tmp_path: Path) -> None:
    line = 'screens = "done"\napi = { exempt = "It is released with the kernel." }'
    made = read(tmp_path, line)
    assert made.quality["screens"] == "done"
    subject = examination.Subject(made, {})
    verdict = examination.judge(subject, "api")
    assert (verdict.state, verdict.reason) == ("exempt", "It is released with the kernel.")
    assert examination.judge(subject, "screens").passes


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('colour = "done"', "colour: no es una regla"),
        ('types = "perhaps"', "quality.types"),
        ('types = { exempt = "no" }', "quality.types"),
        (
            'migrations = { exempt = "It has none that go down." }',
            "migrations: de las reglas de bronce nadie está exento",
        ),
    ],
)
def test_quality_list_with_a_fault_is_refused(line: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(tmp_path, line)
