"""The reports of sales agree with each other to the cent. Source: módulo 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.conftest import Connect
from tests.shop import Shop, abrir_caja

REPORTES = "/api/reportes/ventas-"
MOTIVO = {"motivo": "Prueba"}


def sumas(tabla: dict[str, Any]) -> dict[str, Decimal]:
    """Return the sums over the rows of a report, and check its totals against them."""
    names = ("subtotal", "igv", "total", "devoluciones")
    found = {
        name: sum((Decimal(row[name]) for row in tabla["items"]), Decimal("0.00")) for name in names
    }
    assert {name: Decimal(tabla["totales"][name]) for name in names} == found
    return found


def test_reports_agree_with_each_other_and_with_the_sales(
    cajero: TestClient, connect: Connect, admin: TestClient, shop: Shop
) -> None:
    gerente = connect("gerente")
    caja = abrir_caja(cajero, shop)
    nuevo = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana"}
    ana = cajero.post("/api/clientes/", json=nuevo).json()["id"]
    familia = admin.post("/api/categorias/", json={"nombre": "Abarrotes"}).json()["id"]
    admin.put(f"/api/productos/{shop.productos[0]}/", json={"categoria_id": familia})
    ventas = []
    for number in range(6):
        detalle = [
            {"producto_id": shop.productos[number % 3], "cantidad": "1.3333"},
            {"producto_id": shop.productos[number % 2], "cantidad": 1, "precio_unitario": "3.337"},
        ]
        body = shop.venta(
            caja,
            cliente_id=ana if number % 2 else shop.cliente,
            detalle=detalle,
            descuento_global="0.37",
        )
        ventas.append(cajero.post("/api/ventas/", json=body).json())
    lineas = [{"detalle_id": ventas[1]["detalle"][0]["id"], "cantidad": "0.7"}]
    vuelta = cajero.post(
        f"/api/ventas/{ventas[1]['id']}/devoluciones/", json=MOTIVO | {"lineas": lineas}
    ).json()
    lineas = [{"detalle_id": ventas[2]["detalle"][0]["id"], "cantidad": "0.1"}]
    cajero.post(f"/api/ventas/{ventas[2]['id']}/devoluciones/", json=MOTIVO | {"lineas": lineas})
    gerente.post(f"/api/ventas/{ventas[2]['id']}/anular/", json=MOTIVO)  # as if it never was
    tables = [
        gerente.get(f"{REPORTES}{name}/").json()
        for name in ("diarias", "por-producto", "por-cliente")
    ]
    assert sumas(tables[0]) == sumas(tables[1]) == sumas(tables[2])
    sold = sum(Decimal(one["total"]) for one in ventas if one is not ventas[2])
    assert sumas(tables[0])["total"] == sold - Decimal(vuelta["total"])
    assert sumas(tables[0])["devoluciones"] == Decimal(vuelta["total"])
    assert tables[0]["totales"]["ventas"] == tables[2]["totales"]["ventas"] == 5
    por_cliente = {row["razon_social"]: row["ventas"] for row in tables[2]["items"]}
    assert por_cliente == {"Ana": 3, "Clientes varios": 2}
    solo = gerente.get(f"{REPORTES}por-producto/?categoria_id={familia}").json()["items"]
    assert [row["categoria"] for row in solo] == ["Abarrotes"]
    elsewhere = f"{REPORTES}diarias/?sucursal_id={shop.sucursales[1]}"
    assert gerente.get(elsewhere).json()["items"] == []
    z = cajero.get(f"/api/cajas/{caja}/reporte-z/").json()
    assert Decimal(z["total"]) == sold
    for name in ("por-producto", "por-cliente"):
        assert cajero.get(f"{REPORTES}{name}/").status_code == 403
        file = gerente.get(f"{REPORTES}{name}/?formato=xlsx")
        assert f"ventas-{name}.xlsx" in file.headers["content-disposition"]


def test_report_of_more_than_it_holds_says_so(
    cajero: TestClient, connect: Connect, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cajero.post("/api/ventas/", json=shop.venta(abrir_caja(cajero, shop)))
    gerente = connect("gerente")
    monkeypatch.setattr("addons.sales.reports.MAX_LINEAS", 1)
    assert gerente.get(f"{REPORTES}por-cliente/").status_code == 200
    told = gerente.get(f"{REPORTES}por-producto/")
    assert (told.status_code, told.json()["code"]) == (422, "reporte_demasiado_largo")
    assert [one["field"] for one in told.json()["errors"]] == ["desde"]
