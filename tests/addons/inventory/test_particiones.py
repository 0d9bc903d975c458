"""Movements by month: partitions made ahead, and a table that was converted with its rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest
from sqlalchemy import Connection, create_engine, text
from starlette.testclient import TestClient

from addons.inventory.services import particiones
from kernel import migrations, privileges, solver
from kernel.catalogue import difference, read
from kernel.checks.history import empty_database, upgrade
from kernel.context import Ctx
from kernel.manifest import KERNEL, discover
from kernel.runtime import Runtime
from tests.addons.inventory.almacenero import mercaderia, movimientos, post
from tests.shop import Shop

T = TypeVar("T")
FUTURO = datetime(2031, 5, 10, 12, tzinfo=UTC)


def in_future(runtime: Runtime, work: Callable[[Ctx], T]) -> T:
    """Return what a transaction gives years from now."""
    real, runtime.clock = runtime.clock, lambda: FUTURO
    try:
        return runtime.transact(work)
    finally:
        runtime.clock = real


def where(runtime: Runtime) -> dict[str, int]:
    """Return how many movements each partition holds."""
    query = "SELECT tableoid::regclass::text, count(*) FROM movimientos_stock GROUP BY 1"
    with runtime.database.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(text(query))}


def may_change(runtime: Runtime) -> list[str]:
    """Return the partitions whose rows the application may change."""
    query = """
        SELECT inhrelid::regclass::text FROM pg_inherits
         WHERE inhparent = 'movimientos_stock'::regclass
           AND (has_table_privilege(inhrelid, 'UPDATE') OR has_table_privilege(inhrelid, 'DELETE'))
    """
    with runtime.database.engine.connect() as connection:
        return list(connection.scalars(text(query)))


def test_job_makes_the_coming_months_and_brings_home_what_had_none(
    almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    assert runtime.transact(particiones.revisar) is None
    assert in_future(runtime, particiones.revisar) == (
        "Falta la partición movimientos_stock_2031_05; sus movimientos van a "
        "movimientos_stock_resto."
    )
    with runtime.database.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO movimientos_stock (producto_id, almacen_destino_id, tipo_movimiento,"
                " cantidad, created_at) VALUES (1, 1, 'ENTRADA', 1, :at)"
            ),
            {"at": FUTURO},
        )
    assert where(runtime)["movimientos_stock_resto"] == 1
    antes = movimientos(almacen)
    in_future(runtime, particiones.preparar)
    assert in_future(runtime, particiones.revisar) is None
    assert where(runtime)["movimientos_stock_2031_05"] == 1
    assert "movimientos_stock_resto" not in where(runtime)
    assert movimientos(almacen) == antes
    in_future(runtime, particiones.preparar)
    with runtime.database.engine.begin() as connection, pytest.raises(Exception, match="denied"):
        connection.execute(text("DELETE FROM movimientos_stock WHERE created_at > '2031-01-01'"))
    assert may_change(runtime) == []
    owner = create_engine(runtime.settings.owner_url)
    with owner.begin() as connection:
        app = runtime.database.engine.url.username
        connection.execute(text(f'GRANT UPDATE ON movimientos_stock_2031_06 TO "{app}"'))
        for statement in privileges.needed(runtime.settings, connection):
            connection.execute(text(statement))
    owner.dispose()
    assert may_change(runtime) == []
    post(almacen, "entrada/", mercaderia(shop, "1"))


OLD = """
INSERT INTO sucursales (codigo, nombre) VALUES ('001', 'Uno');
INSERT INTO almacenes (nombre, sucursal_id) VALUES ('Uno', 1);
INSERT INTO productos (sku, nombre, precio) VALUES ('A', 'A', 1);
INSERT INTO movimientos_stock (producto_id, almacen_destino_id, tipo_movimiento, cantidad, motivo,
                               created_at)
SELECT 1, 1, 'ENTRADA', n, 'Fila ' || n, timestamptz '2025-11-15 00:00Z' + n * interval '20 days'
  FROM generate_series(1, 12) n;
"""
ROWS = """
SELECT id, producto_id, almacen_origen_id, almacen_destino_id, tipo_movimiento, cantidad, motivo,
       usuario_id, lote_id, referencia_doc, created_at
  FROM movimientos_stock ORDER BY id
"""


def rows(connection: Connection) -> list[tuple[object, ...]]:
    """Return every movement, as far as both forms of the table have columns for it."""
    return [tuple(row) for row in connection.execute(text(ROWS))]


def test_table_is_converted_with_its_rows_and_back() -> None:
    *others, own = solver.solve(discover(), ["inventory"])
    with empty_database() as connection:
        upgrade(connection, [KERNEL, *others])
        migrations.upgrade(connection, own, "0003")
        plain = read(connection)
        for statement in OLD.split(";\n"):
            connection.execute(text(statement))
        before = rows(connection)
        migrations.upgrade(connection, own, "0004")
        assert rows(connection) == before
        parted = read(connection)
        query = "SELECT count(DISTINCT tableoid), count(*) FROM movimientos_stock"
        assert connection.execute(text(query)).one() == (8, 12)
        migrations.downgrade(connection, own, "0003")
        assert rows(connection) == before
        assert difference(plain, read(connection)) == []
        migrations.upgrade(connection, own, "0004")
        assert rows(connection) == before
        assert difference(parted, read(connection)) == []
        made = connection.scalar(
            text(
                "INSERT INTO movimientos_stock (producto_id, almacen_destino_id, tipo_movimiento,"
                " cantidad) VALUES (1, 1, 'ENTRADA', 1) RETURNING id"
            )
        )
        assert made == 13
