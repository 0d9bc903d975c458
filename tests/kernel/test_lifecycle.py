"""Installing and migrating: whole or not at all, once, with no more privileges than needed."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from kernel import generation, lifecycle, manifest, processes
from kernel.errors import ConfigurationError
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings, load
from tests import cluster

SHOP = ["base", "sales", "inventory"]


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty database."""
    database = cluster.create_database()
    yield load(
        _env_file=None,
        database_url=database.app_url,
        database_owner_url=database.owner_url,
        secret_key="k" * 40,
        master_key=base64.b64encode(bytes(range(32))).decode(),
        data_dir=tmp_path,
        addon_roots=[tmp_path],
    )
    cluster.drop_database(database.name)


@pytest.fixture
def owner(empty: Settings) -> Iterator[Engine]:
    """The owner's door to the empty database."""
    engine = create_engine(empty.owner_url)
    yield engine
    engine.dispose()


def runtime_of(settings: Settings, *names: str) -> Runtime:
    return processes.make_runtime(settings, generation.load(settings, names))


def migrate(settings: Settings, *names: str) -> list[str]:
    runtime = runtime_of(settings, *names)
    try:
        return lifecycle.migrate(runtime)
    finally:
        runtime.close()


def tables(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        return set(connection.scalars(text(query)))


def rows(engine: Engine, query: str) -> list[Any]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_migrate_of_an_empty_database_installs_in_order_and_once(
    empty: Settings, owner: Engine
) -> None:
    done = migrate(empty, "inventory")
    assert [line.partition(":")[0] for line in done] == ["kernel", *SHOP]
    assert {"alembic_kernel", "alembic_base", "alembic_sales", "alembic_inventory"} <= tables(owner)
    assert migrate(empty, "inventory") == []
    assert dict(rows(owner, "SELECT name, version FROM andes_addons")).keys() == set(SHOP)


def test_migrate_tells_each_addon_once_that_it_was_installed(
    empty: Settings, owner: Engine
) -> None:
    query = "SELECT codigo FROM metodos_pago ORDER BY codigo"
    migrate(empty, "sales")
    first = rows(owner, query)
    assert ("efectivo",) in first
    migrate(empty, "sales", "inventory")
    assert rows(owner, query) == first
    acts = rows(owner, "SELECT objeto_id FROM audit_logs WHERE accion = 'instalar' ORDER BY id")
    assert acts == [("base",), ("sales",), ("inventory",)]


def test_migrate_makes_roles_and_grants_and_keeps_what_was_revoked(
    empty: Settings, owner: Engine
) -> None:
    migrate(empty, "sales")
    granted = "SELECT permitido FROM permisos p JOIN roles r ON r.id = rol_id" + (
        " WHERE nombre = 'CAJERO' AND modulo = 'ventas' AND accion = 'crear'"
    )
    assert rows(owner, granted) == [(True,)]
    with owner.begin() as connection:
        connection.execute(text("UPDATE permisos SET permitido = false WHERE modulo = 'ventas'"))
    migrate(empty, "sales", "inventory")
    assert rows(owner, granted) == [(False,)]


def test_migrate_in_parallel_happens_once(empty: Settings, owner: Engine) -> None:
    generation.load(empty, SHOP)
    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda _: migrate(empty, *SHOP), range(3)))
    assert sorted(map(len, done)) == [0, 0, 4]
    assert rows(owner, "SELECT count(*) FROM audit_logs WHERE accion = 'instalar'") == [(3,)]


BROKEN = """
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE roto (id bigint)")
    op.execute("SELECT 1/0")
"""


def write_addon(folder: Path, name: str, migration: str, **facts: str) -> None:
    """Write an addon without tables of its own, whose migration does what it likes."""
    lines = {"title": name, "version": "1.0", "package": name, **facts}
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / f"{name}.toml").write_text(
        "".join(f'{key} = "{value}"\n' for key, value in lines.items())
        + '[summary]\nes = "x"\nen = "x"\n',
        encoding="utf-8",
    )
    (folder / name).mkdir()
    for module in ("__init__", "plugin"):
        (folder / name / f"{module}.py").write_text('"""Nada."""\n', encoding="utf-8")
    (folder / "migrations" / name).mkdir(parents=True)
    (folder / "migrations" / name / "0001_x.py").write_text(migration, encoding="utf-8")


def test_migrate_that_fails_half_way_leaves_the_database_as_it_was(
    empty: Settings, owner: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write_addon(tmp_path, "roto", BROKEN)
    with pytest.raises(DBAPIError, match="division by zero"):
        migrate(empty, "base", "roto")
    assert tables(owner) == set()
    migrate(empty, "base")
    before = tables(owner)
    with pytest.raises(DBAPIError):
        migrate(empty, "base", "sales", "roto")
    assert tables(owner) == before


def test_migrate_brings_an_addon_of_another_folder_along(
    empty: Settings, owner: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    write_addon(tmp_path, "sano", BROKEN.replace("SELECT 1/0", "SELECT 1"))
    assert migrate(empty, "sano")[-1] == "sano: — → 0001"
    assert "roto" in tables(owner)


def test_application_role_may_not_change_the_audit_nor_the_schema(runtime: Runtime) -> None:
    for statement in (
        "UPDATE audit_logs SET accion = 'x'",
        "DELETE FROM audit_logs",
        "TRUNCATE audit_logs",
        "ALTER TABLE ventas ADD COLUMN x int",
        "DROP TABLE ventas",
        "CREATE TABLE x (id int)",
        "TRUNCATE ventas CASCADE",
    ):
        with (
            runtime.database.engine.connect() as connection,
            pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
        ):
            connection.execute(text(statement))


def test_served_of_an_empty_database_says_how_to_fill_it(owner: Engine) -> None:
    with pytest.raises(ConfigurationError, match=r"server\.py migrate --install"):
        generation.served(owner)


def test_served_of_tables_of_before_generations_says_how_to_migrate(
    empty: Settings, owner: Engine
) -> None:
    migrate(empty, "base")
    with owner.begin() as connection:
        connection.execute(text("DROP TABLE andes_generations"))
    with pytest.raises(ConfigurationError, match=r"earlier version.*server\.py migrate"):
        generation.served(owner)


def test_load_served_of_an_addon_that_this_host_lacks_names_it(
    empty: Settings, owner: Engine
) -> None:
    migrate(empty, "base")
    found = generation.served(owner)
    assert [one.name for one in generation.load_served(empty, found).manifests] == ["base"]
    lost = {"perdido": {"version": "1.0", "revision": "0001"}}
    with pytest.raises(ConfigurationError, match="«perdido»"):
        generation.load_served(empty, replace(found, addons={**found.addons, **lost}))


def test_load_served_of_an_addon_of_another_version_names_both(
    empty: Settings, owner: Engine
) -> None:
    migrate(empty, "base")
    found = generation.served(owner)
    other = {"base": {"version": "9.9", "revision": "0001"}}
    with pytest.raises(ConfigurationError, match=r"base .* y la base espera 9\.9 \(0001\)"):
        generation.load_served(empty, replace(found, addons={**found.addons, **other}))


def test_load_of_unknown_addons_names_them(empty: Settings) -> None:
    with pytest.raises(ConfigurationError, match="«nada»"):
        generation.load(empty, ["base", "nada"])


def test_load_of_an_addon_takes_what_it_depends_on(registry: Registry, empty: Settings) -> None:
    found = [one.name for one in generation.load(empty, ["inventory"]).manifests]
    assert found == SHOP
    available = manifest.discover()
    assert all(available[name].required for name in found[:1])
