"""Sales through the API. Source: spec/erp-modules.md, módulo 1."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.shop import Shop


def test_crear_venta_with_stock_is_written_whole(cajero: TestClient, shop: Shop) -> None:
    caja = cajero.post(
        "/api/cajas/abrir/", json={"sucursal_id": shop.sucursales[0], "monto_apertura": "100"}
    ).json()
    answer = cajero.post("/api/ventas/", json=shop.venta(caja["id"]))
    assert answer.status_code == 201, answer.text
    venta = answer.json()
    assert (venta["subtotal"], venta["igv"], venta["total"]) == ("40.00", "7.20", "47.20")
    producto = cajero.get(f"/api/productos/{shop.productos[0]}/").json()
    assert producto["stock_actual"] == "98.0000"
