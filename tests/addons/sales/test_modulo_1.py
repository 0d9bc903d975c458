"""The lines of módulo 1, "Cómo validar que el backend va bien", that concern sales and stock.

Source: spec/erp-modules.md. The line on rollback stands in ``test_atomicidad.py``.
"""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.model import Model
from kernel.registry import Registry
from kernel.runtime import Runtime
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
