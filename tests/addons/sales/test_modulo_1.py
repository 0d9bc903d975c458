"""The lines of módulo 1, "Cómo validar que el backend va bien", that concern sales and stock.

Source: spec/erp-modules.md. The line on rollback stands in ``test_atomicidad.py``.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from kernel.model import Model
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.schedules import Planner
from tests.addons.base.signed_in import read, run_jobs, write
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja


@pytest.mark.needs("inventory")
def test_crear_venta_without_stock_is_a_400_and_leaves_nothing(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    """`POST /api/ventas/` con producto sin stock retorna 400 si `permite_venta_sin_stock = False`"""  # noqa: E501  # verbatim
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    detalle = [
        {"producto_id": shop.productos[0], "cantidad": "100.0001"},
        {"producto_id": shop.productos[1], "cantidad": 1},
        {"producto_id": shop.productos[2], "cantidad": 1000},
    ]
    pagos = [{"metodo": "efectivo", "monto": "20000"}]
    answer = cajero.post("/api/ventas/", json=shop.venta(caja, detalle=detalle, formas_pago=pagos))
    assert (answer.status_code, answer.json()["code"]) == (400, "stock_insuficiente")
    assert {one["field"]: one["message"] for one in answer.json()["errors"]} == {
        "detalle.0.cantidad": "Quedan 100.",
        "detalle.2.cantidad": "Quedan 100.",
    }
    assert not changed(before, contents(runtime))


def test_every_endpoint_asks_for_a_valid_token(
    connect: Connect, registry: Registry, runtime: Runtime, shop: Shop
) -> None:
    """Todos los endpoints requieren JWT válido (retorna 401 sin token)"""
    client, cajero = connect(""), connect("cajero")
    token = cajero.headers["authorization"].removeprefix("Bearer ")
    before = contents(runtime, "sesiones")
    header, claims, signature = token.split(".")
    wrong: list[dict[str, Any]] = [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": f"Bearer {header}.{claims}."},
        {"Authorization": f"Bearer {header}.{claims}.{signature[::-1]}"},
        {"Authorization": f"Basic {token}"},
    ]
    for endpoint in registry.endpoints:
        if endpoint.public:
            continue
        path = endpoint.path.replace("{id}", "1").replace("{name}", "x")
        for headers in wrong:
            body: dict[str, Any] = {"files": {"x": b""}} if endpoint.takes_files else {"json": {}}
            answer = client.request(endpoint.method, path, headers=headers, **body)
            assert answer.status_code == 401, (endpoint.method, path, headers)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
    assert not changed(before, contents(runtime, "sesiones"))


def test_all_data_belong_to_the_configured_company(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    """Todos los datos pertenecen a la empresa configurada en `configuracion`"""
    for table in Model.metadata.tables.values():
        assert not {"empresa_id", "company_id", "tenant_id"} & set(table.columns.keys()), table
    empresa = admin.get("/api/configuracion/").json()
    assert (empresa["ruc"], empresa["razon_social"]) == ("20123456786", "Tienda de Prueba S.A.C.")
    otra = {"ruc": "20131312955", "razon_social": "Otra S.A.", "precios_incluyen_igv": False}
    assert admin.put("/api/configuracion/", json=otra).status_code == 200
    assert contents(runtime)["configuracion"][0] == 1
    venta = cajero.post("/api/ventas/", json=shop.venta(abrir_caja(cajero, shop))).json()
    assert (venta["subtotal"], venta["total"]) == ("47.20", "55.70")  # as the company says now


def cotizar(client: TestClient, shop: Shop) -> dict[str, Any]:
    """Return an offer that is good for today only."""
    body = {
        "cliente_id": shop.cliente,
        "sucursal_id": shop.sucursales[0],
        "detalle": [{"producto_id": shop.productos[0], "cantidad": 1}],
    }
    made: dict[str, Any] = client.post("/api/cotizaciones/", json=body).json()
    return made


def test_editar_cotizacion_that_is_vencida_is_a_403(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    """No se puede editar una cotización con estado `vencida` (retorna 403)"""
    vendedor = connect("vendedor")
    una = cotizar(vendedor, shop)
    clock = runtime.clock
    runtime.clock = lambda: clock() + timedelta(days=30)
    vendedor = connect("vendedor")
    answer = vendedor.put(f"/api/cotizaciones/{una['id']}/", json={"observaciones": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "cotizacion_vencida")
    assert "Use duplicar" in answer.json()["detail"]


def test_cron_of_the_night_writes_which_offers_are_over(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    """El cron de vencimiento de cotizaciones corre cada noche y actualiza estados"""
    vendedor = connect("vendedor")
    pasada, buena = cotizar(vendedor, shop), cotizar(vendedor, shop)
    zone = runtime.transact(lambda ctx: ctx.time_zone)
    yesterday = datetime.now(zone).date() - timedelta(days=1)
    over = "UPDATE cotizaciones SET fecha_vencimiento = :day WHERE id = :id"
    write(runtime, over, day=yesterday - timedelta(days=1), id=pasada["id"])
    write(runtime, over, day=yesterday, id=buena["id"])  # good until midnight
    planner = Planner(runtime)
    for moment in (time(22, 59), time(23, 0)):
        instant = datetime.combine(yesterday, moment, zone)
        runtime.clock = lambda at=instant: at  # type: ignore[misc]  # a clock that stands
        planner.plan()
    run_jobs(runtime)
    states = dict(read(runtime, "SELECT id, estado FROM cotizaciones"))
    assert states == {pasada["id"]: "vencida", buena["id"]: "pendiente"}


def test_offline_sync_of_ten_sales_tells_which_failed(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    """`/offline-sync/` procesa correctamente un batch de 10 ventas y reporta cuáles fallaron"""
    caja = abrir_caja(cajero, shop)
    start = datetime.now(UTC) - timedelta(hours=1)
    ventas = []
    for number in range(10):
        cantidad = 60 if number in (3, 7) else 1  # there are 100: the second sixty are too many
        detalle = [{"producto_id": shop.productos[0], "cantidad": cantidad}]
        venta = shop.venta(caja, detalle=detalle)
        if number == 5:
            venta["cliente_id"] = 999_999
        instant = (start + timedelta(minutes=number)).isoformat()
        ventas.append({"uuid": str(uuid4()), "fecha_registro_local": instant, "venta": venta})
    answer = cajero.post("/api/ventas/offline-sync/", json={"ventas": ventas[::-1]})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["sincronizadas"], told["repetidas"], told["con_error"]) == (8, 0, 2)
    assert [one["uuid"] for one in told["ventas"]] == [one["uuid"] for one in ventas]
    failed = {number: one for number, one in enumerate(told["ventas"]) if one["codigo"]}
    assert {number: one["codigo"] for number, one in failed.items()} == {
        5: "validacion",
        7: "stock_insuficiente",
    }
    assert "Quedan 35." in failed[7]["error_sync"]
    assert failed[5]["errores"][0]["field"] == "cliente_id"
    numbers = [one["numero"] for one in told["ventas"] if one["numero"]]
    assert numbers == list(range(1, 9))  # in the order in which they were made
