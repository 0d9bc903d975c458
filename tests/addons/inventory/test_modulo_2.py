"""Each line of "Cómo validar" of módulo 2, as a test of that name.

Source: spec/erp-modules.md, módulo 2.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel.runtime import Runtime, utc_now
from kernel.schedules import Planner
from tests.addons.base.signed_in import mail_of, read, run_jobs, write
from tests.addons.inventory.almacenero import (
    TRANSFERENCIA,
    envio,
    fields_of,
    mercaderia,
    movimientos,
    post,
    saldo,
)
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop

pytestmark = pytest.mark.usefixtures("libro")


def test_salida_without_stock(almacen: TestClient, shop: Shop, runtime: Runtime) -> None:
    """Salida de 10 unidades con stock de 5 retorna 400"""
    post(almacen, "entrada/", mercaderia(shop, "5", almacen=1))
    before = contents(runtime)
    told = post(almacen, "salida/", mercaderia(shop, "10", almacen=1), 400)
    assert told["code"] == "stock_insuficiente"
    assert fields_of(told) == [("cantidad", "stock_insuficiente")]
    assert not changed(before, contents(runtime))
    post(almacen, "salida/", mercaderia(shop, "5", almacen=1))
    assert saldo(almacen, shop, almacen=1) == ("0.0000", "0.0000")


def test_entrada_adds(almacen: TestClient, shop: Shop) -> None:
    """Entrada de mercadería incrementa `productos_almacen.stock_actual` correctamente"""
    for cantidad, despues in (("2.5", "102.5000"), ("0.0001", "102.5001")):
        made = post(almacen, "entrada/", mercaderia(shop, cantidad))
        assert saldo(almacen, shop) == (despues, "0.0000")
    assert movimientos(almacen)[-1]["id"] == made["id"]


def test_transferencia_waits_for_its_destination(almacen: TestClient, shop: Shop) -> None:
    """Una transferencia no cierra hasta que el destino confirma recepción"""
    una = post(almacen, "transferencia/", envio(shop, (0, "10")))
    assert (una["estado"], saldo(almacen, shop)) == ("SOLICITADA", ("100.0000", "10.0000"))
    una = post(almacen, f"transferencia/{una['id']}/enviar/", status=200)
    assert (una["estado"], una["fecha_confirmacion"]) == ("ENVIADA", None)
    assert saldo(almacen, shop, almacen=1) == ("0", "0")
    una = post(almacen, f"transferencia/{una['id']}/confirmar/", status=200)
    assert una["estado"] == "CONFIRMADA"
    assert una["usuario_destino_id"] == shop.usuarios["almacen"]
    assert saldo(almacen, shop) == ("90.0000", "0.0000")
    assert saldo(almacen, shop, almacen=1) == ("10.0000", "0.0000")
    assert almacen.get(f"{TRANSFERENCIA}{una['id']}/").json() == una


def test_ajuste_needs_a_reason(
    almacen: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    """El ajuste manual sin `motivo` retorna 400"""
    before = contents(runtime)
    body = mercaderia(shop, "-3")
    for motivo in ("", "   ", None):
        told = post(almacen, "ajuste/", body | {"motivo": motivo}, 400)
        assert [field for field, _ in fields_of(told)] == ["motivo"]
    del body["motivo"]
    assert fields_of(post(almacen, "ajuste/", body, 400)) == [("motivo", "missing")]
    assert not changed(before, contents(runtime))
    for name in ("cajero", "gerente", "contador"):
        post(connect(name), "ajuste/", mercaderia(shop, "-3"), 403)
    made = post(almacen, "ajuste/", mercaderia(shop, "-3", motivo="Se rompió"))
    assert saldo(almacen, shop) == ("97.0000", "0.0000")
    uno = movimientos(almacen)[-1]
    assert (uno["tipo_movimiento"], uno["motivo"]) == ("AJUSTE", "Se rompió")
    query = "SELECT objeto_id FROM audit_logs WHERE accion = 'ajuste'"
    assert read(runtime, query) == [(str(made["id"]),)]


def test_alerts_of_the_morning(almacen: TestClient, shop: Shop, runtime: Runtime) -> None:
    """Tarea Celery de alertas corre diariamente y genera registros en tabla de notificaciones"""
    write(runtime, "UPDATE productos_almacen SET stock_minimo = 100 WHERE producto_id = :id",
          id=shop.productos[0])  # fmt: skip
    zone = runtime.transact(lambda ctx: ctx.time_zone)
    ayer = utc_now().astimezone(zone) - timedelta(days=1)
    planner = Planner(runtime)
    for hour, minute in ((7, 59), (8, 0), (8, 1)):
        runtime.clock = lambda: ayer.replace(hour=hour, minute=minute)  # noqa: B023
        planner.plan()
    runtime.clock = utc_now
    query = "SELECT count(*) FROM andes_jobs WHERE name = 'inventory.revisar_alertas'"
    assert read(runtime, query) == [(1,)]
    write(runtime, "DELETE FROM andes_jobs WHERE name NOT LIKE 'inventory.%'")  # of that hour
    run_jobs(runtime)
    (aviso,) = almacen.get("/api/notificaciones/").json()["items"]
    assert (aviso["tipo"], aviso["leida_at"]) == ("stock_minimo", None)
    assert aviso["titulo"] == "1 producto bajo su mínimo en Almacén 001"
    assert "P-01" in aviso["texto"]
    told = {str(mail["To"]): str(mail["Subject"]) for mail in mail_of(runtime)}
    assert told["almacen@tienda.pe"] == aviso["titulo"]
    assert set(told) == {f"{name}@tienda.pe" for name in ("admin", "almacen", "gerente")}


HISTORY = """
SELECT id FROM movimientos_stock
 WHERE producto_id = 1 AND created_at >= :desde AND created_at < :hasta
 ORDER BY id DESC LIMIT 51
"""


def test_history_with_dates_reads_an_index_of_its_months(runtime: Runtime) -> None:
    """Consulta de historial de movimientos con filtro por fecha tarda < 300ms con 1M+ registros (verificar con `EXPLAIN ANALYZE` en PostgreSQL)

    The figure is measured by ``bench/movimientos``; what makes it hold is the plan: the index by
    product and date, in the partitions of the asked months only.
    """  # noqa: E501  # the line as it stands there
    desde = utc_now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with runtime.database.engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        rows = connection.execute(
            text(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {HISTORY}"),
            {"desde": desde, "hasta": desde + timedelta(days=5)},
        )
        plan = "\n".join(row[0] for row in rows)
    assert set(re.findall(r"on (movimientos_stock\S*)", plan)) == {
        f"movimientos_stock_{desde:%Y_%m}"
    }
    assert "producto_id = 1" in plan


def test_almacen_out_of_reach(connect: Connect, shop: Shop, runtime: Runtime) -> None:
    """Usuario sin permiso sobre almacén retorna 403"""
    write(runtime, "UPDATE usuarios SET sucursal_id = :id WHERE email LIKE 'almacen@%'",
          id=shop.sucursales[0])  # fmt: skip
    almacen = connect("almacen")
    before = contents(runtime)
    for path in ("entrada/", "salida/", "ajuste/", "reservas/"):
        told = post(almacen, path, mercaderia(shop, "1", almacen=1), 403)
        assert [field for field, _ in fields_of(told)] == ["almacen_id"], path
    told = post(almacen, "transferencia/", envio(shop, (0, "1"), origen=1, destino=0), 403)
    assert [field for field, _ in fields_of(told)] == ["almacen_origen_id"]
    post(almacen, "conteos/", {"almacen_id": shop.almacenes[1]}, 403)
    assert not changed(before, contents(runtime))
    post(almacen, "entrada/", mercaderia(shop, "1"))
    post(connect("cajero"), "entrada/", mercaderia(shop, "1"), 403)
