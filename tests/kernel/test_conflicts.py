"""Two addons that declare one thing are refused by name, before anything is done."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from kernel import manifest, registry
from kernel.errors import ConfigurationError
from kernel.manifest import ROOT, Manifest
from tests import cluster
from tests.kernel.test_model import refusal

PLUGIN = '''"""One of two addons."""

from kernel.context import Ctx
from kernel.hookspecs import hookimpl
from kernel.http import endpoint
{imports}

{before}

@hookimpl
def {hook}():
    """Declare."""
    return [{declared}]
'''
ENDPOINT = """
@endpoint("{method}", "{path}", permission="")
def ask({arguments}) -> dict[str, str]:
    \"\"\"Answer.\"\"\"
    return {{}}
"""

LIST = 'ListView("x.list", "{}", "jobs.ver", "/api/jobs/", (Column("name", "N"),))'
JOB = 'Job("avisar", lambda ctx: None, "Avisa.")'
CASES: dict[str, tuple[str, str, tuple[str, str], str]] = {
    "permission": (
        "register_permissions",
        "from kernel.rbac import Permission",
        ('Permission("x", "ver", "Ver")', 'Permission("x", "ver", "Mirar")'),
        "el permiso «x.ver»",
    ),
    "job": ("register_jobs", "from kernel.jobs import Job", (JOB, JOB), "el trabajo «avisar»"),
    "schedule": (
        "register_schedules",
        "from kernel.jobs import Schedule",
        ('Schedule("noche", "0 1 * * *", "a")', 'Schedule("noche", "0 2 * * *", "b")'),
        "el horario «noche»",
    ),
    "event": (
        "register_events",
        "from kernel.events import EventType",
        ('EventType("algo", int, "Algo.")', 'EventType("algo", str, "Algo.")'),
        "el evento «algo»",
    ),
    "sequence": (
        "register_sequences",
        "from kernel.sequences import Sequence",
        ('Sequence("vale")', 'Sequence("vale", gapless=False)'),
        "el correlativo «vale»",
    ),
    "scope": (
        "register_scopes",
        "from kernel.rbac import Scope",
        ('Scope("zonas", lambda ctx: None)', 'Scope("zonas", lambda ctx: None)'),
        "el ámbito «zonas»",
    ),
    "row rule": (
        "register_row_rules",
        "from kernel.jobs import JobRow\nfrom kernel.rbac import RowRule",
        (
            'RowRule("propias", JobRow, lambda ctx: None, "Las propias.")',
            'RowRule("propias", JobRow, lambda ctx: None, "Las suyas.")',
        ),
        "la regla de filas «propias»",
    ),
    "view": (
        "register_views",
        "from kernel.views import Column, ListView",
        (LIST.format("Uno"), LIST.format("Dos")),
        "la pantalla «x.list»",
    ),
    "menu": (
        "register_menus",
        "from kernel.views import Menu",
        ('Menu("x.menu", "Uno")', 'Menu("x.menu", "Dos")'),
        "el menú «x.menu»",
    ),
}

numbers = itertools.count()

Pair = Callable[..., tuple[Manifest, Manifest]]


@pytest.fixture
def pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    """Return a function that writes two addons, each with one declaration."""
    number = next(numbers)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(
        hook: str, imports: str, declared: tuple[str, str], before: tuple[str, str] = ("", "")
    ) -> tuple[Manifest, Manifest]:
        names = f"alfa{number}", f"beta{number}"
        for name, one, code in zip(names, declared, before, strict=True):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "__init__.py").write_text("")
            text = PLUGIN.format(hook=hook, imports=imports, declared=one, before=code)
            (folder / "plugin.py").write_text(text, encoding="utf-8")
        first, second = (_manifest(name, tmp_path) for name in names)
        return first, second

    return write


def _manifest(name: str, folder: Path) -> Manifest:
    about = {"title": name, "summary": {"es": "Uno de dos."}, "version": "1", "package": name}
    return Manifest.model_validate({"name": name, "folder": folder, **about})


def refused(pair: tuple[Manifest, Manifest], thing: str) -> None:
    """Make sure that loading both is refused with both names, the thing, and the cure."""
    first, second = (one.name for one in pair)
    with pytest.raises(ConfigurationError) as caught:
        registry.load(pair)
    assert str(caught.value) == (
        f"Los addons {first} y {second} declaran ambos {thing}: instale solo uno de los dos, o "
        f"pida a quien escribe {second} que le cambie el nombre o ponga "
        f'conflicts = ["{first}"] en su manifiesto.'
    )


@pytest.mark.parametrize("kind", CASES)
def test_two_addons_with_one_name_are_refused(kind: str, pair: Pair) -> None:
    hook, imports, declared, thing = CASES[kind]
    refused(pair(hook, imports, declared), thing)


def test_two_addons_with_one_route_are_refused_whatever_its_parameter_is_called(
    pair: Pair,
) -> None:
    endpoints = (
        ENDPOINT.format(method="GET", path="/api/vales/{id}/", arguments="ctx: Ctx, id: int"),
        ENDPOINT.format(method="GET", path="/api/vales/{vale}/", arguments="ctx: Ctx, vale: int"),
    )
    made = pair("register_routes", "", ("ask", "ask"), endpoints)
    refused(made, "la ruta «GET /api/vales/{vale}/»")


def test_two_addons_with_one_path_and_two_methods_go_together(pair: Pair) -> None:
    endpoints = (
        ENDPOINT.format(method="GET", path="/api/vales/", arguments="ctx: Ctx"),
        ENDPOINT.format(method="POST", path="/api/vales/", arguments="ctx: Ctx"),
    )
    loaded = registry.load(pair("register_routes", "", ("ask", "ask"), endpoints))
    assert {one.method for one in loaded.endpoints if one.path == "/api/vales/"} == {"GET", "POST"}


def test_two_addons_with_one_report_are_refused(pair: Pair) -> None:
    imports = "from kernel.reports import Report, Table"
    report = 'Report("vales", "Vales", "jobs.ver", lambda ctx, period: Table((), []))'
    made = pair("register_reports", imports, (report, report))
    refused(made, "la ruta «GET /api/reportes/vales/»")


def test_one_addon_with_one_name_twice_is_told_so(pair: Pair) -> None:
    first, _ = pair("register_jobs", "from kernel.jobs import Job", (f"{JOB}, {JOB}", JOB))
    with pytest.raises(ConfigurationError) as caught:
        registry.load([first])
    sentence = f"El addon {first.name} declara el trabajo «avisar» dos veces: quite una."
    assert str(caught.value) == sentence


def test_two_addons_that_show_one_field_at_an_address_are_refused(pair: Pair) -> None:
    imports = "from kernel.extensions import Extension"
    extension = 'Extension("/api/jobs/", fields=("key",))'
    refused(
        pair("register_extensions", imports, (extension, extension)), "el campo «/api/jobs/ key»"
    )


# Tables and columns: mapping is global, each case is a process of its own -------------------------


def test_two_addons_with_one_table_are_refused() -> None:
    case = """
    class Uno(Model):
        __module__ = "addons.loyalty.models"
        __tablename__ = "puntos"
        id: Mapped[Id]

    class Dos(Model):
        __module__ = "addons.credit.models"
        __tablename__ = "puntos"
        id: Mapped[Id]

    map_models()
    """
    assert "loyalty y credit declaran ambos la tabla «puntos»: instale solo uno" in refusal(case)


def test_two_addons_with_one_column_under_two_attributes_are_refused() -> None:
    case = """
    @extend
    class Uno(Cliente):
        __module__ = "addons.loyalty.models"
        puntos: Mapped[int | None]

    @extend
    class Dos(Cliente):
        __module__ = "addons.credit.models"
        credito: Mapped[int | None] = mapped_column("puntos")

    map_models()
    """
    assert "loyalty y credit declaran ambos el campo «clientes.puntos»" in refusal(case)


def test_two_addons_with_one_index_are_refused() -> None:
    case = """
    from sqlalchemy import Index

    class Uno(Model):
        __module__ = "addons.loyalty.models"
        __tablename__ = "puntos"
        __table_args__ = (Index("ix_por_dia", "dia"),)
        id: Mapped[Id]
        dia: Mapped[str]

    class Dos(Model):
        __module__ = "addons.credit.models"
        __tablename__ = "deudas"
        __table_args__ = (Index("ix_por_dia", "dia"),)
        id: Mapped[Id]
        dia: Mapped[str]

    map_models()
    """
    assert "loyalty y credit declaran ambos el índice «ix_por_dia»" in refusal(case)


# Before anything is done ------------------------------------------------------------------------


@pytest.fixture
def empty() -> Iterator[cluster.TestDatabase]:
    """An empty database."""
    database = cluster.create_database()
    yield database
    cluster.drop_database(database.name)


@pytest.mark.slow
@pytest.mark.parametrize("words", [("migrate", "--install"), ("addon", "plan", "install")])
def test_conflict_is_told_before_anything_is_done(
    words: tuple[str, ...], pair: Pair, empty: cluster.TestDatabase, tmp_path: Path
) -> None:
    hook, imports, declared, thing = CASES["job"]
    made = pair(hook, imports, declared)
    (tmp_path / "manifests").mkdir()
    for one in made:
        lines = f'title = "{one.title}"\nversion = "1"\npackage = "{one.name}"\n'
        path = tmp_path / "manifests" / f"{one.name}.toml"
        path.write_text(f'{lines}[summary]\nes = "Uno de dos."\n', encoding="utf-8")
    assert manifest.survey([tmp_path]).invalid == {}
    names = [one.name for one in made]
    run = subprocess.run(
        [
            sys.executable,
            "server.py",
            *words,
            *([",".join(names)] if "migrate" in words else names),
        ],
        cwd=ROOT,
        env={
            "PYTHONPATH": str(tmp_path),
            "ADDON_ROOTS": str(tmp_path),
            "DATABASE_URL": empty.app_url,
            "DATABASE_OWNER_URL": empty.owner_url,
            "SECRET_KEY": "k" * 40,
            "MASTER_KEY": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "DATA_DIR": str(tmp_path / "data"),
        },
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert f"Los addons {names[0]} y {names[1]} declaran ambos {thing}" in run.stderr
    engine = create_engine(empty.owner_url)
    with engine.connect() as connection:
        tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        assert connection.scalar(text(tables)) == 0
    engine.dispose()
