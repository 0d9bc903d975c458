"""Lots and series that a till can sell. Source: spec/erp-modules.md, módulos 1 and 2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime, utc_now
from tests.addons.base.signed_in import write
from tests.addons.inventory.almacenero import lotes, mercaderia, post, trazar
from tests.conftest import Connect
from tests.shop import CONFINED, Shop, abrir_caja

pytestmark = pytest.mark.usefixtures("libro")

HOY = utc_now().date()
VENDIBLES = "/api/pos/lotes/"


def dia(days: int) -> str:
    """Return a day from now on, as a body says it."""
    return (HOY + timedelta(days=days)).isoformat()


@pytest.fixture
def con_lotes(almacen: TestClient, shop: Shop, runtime: Runtime) -> TestClient:
    """The storekeeper's client; the first product has lots of every kind."""
    trazar(almacen, shop, "lote")
    for numero, vence, cantidad in (("B", 90, "10"), ("A", 30, "4"), ("VENCIDO", 9, "5")):
        entrada = {"numero_lote": numero, "fecha_vencimiento": dia(vence)}
        post(almacen, "entrada/", mercaderia(shop, cantidad, **entrada))
    write(
        runtime,
        "UPDATE lotes_series SET fecha_vencimiento = current_date - 2"
        " WHERE numero_lote = 'VENCIDO'",
    )
    return almacen


def vendibles(client: TestClient, shop: Shop, **query: Any) -> list[tuple[str, Any, str]]:
    """Return (number, day of its end, how many) of what the first sucursal can sell."""
    found = client.get(VENDIBLES, params={"sucursal_id": shop.sucursales[0], **query})
    assert found.status_code == 200, found.text
    return [(one["numero"], one["vence"], one["cantidad"]) for one in found.json()["items"]]


def test_till_is_told_of_the_lots_that_a_sale_may_take(
    con_lotes: TestClient, connect: Connect, shop: Shop
) -> None:
    cajero = connect("cajero")
    todos = [
        ("INICIAL", None, "100.0000"),
        ("B", dia(90), "10.0000"),
        ("A", dia(30), "4.0000"),
    ]
    assert vendibles(cajero, shop) == todos
    (b,) = con_lotes.get("/api/inventario/lotes/", params={"numero_lote": "B"}).json()["items"]
    post(con_lotes, f"lotes/{b['id']}/bloquear/", {"motivo": "Revisión"}, status=200)
    assert vendibles(cajero, shop) == [todos[0], todos[2]]
    assert vendibles(cajero, shop, numero="A") == [todos[2]]
    assert vendibles(cajero, shop, numero="VENCIDO") == []
    assert cajero.get("/api/pos/").json()["lotes"] is True
    fields = {"fields": "sku,trazabilidad", "trazabilidad": "lote"}
    assert cajero.get("/api/productos/", params=fields).json()["items"] == [
        {"sku": "P-01", "trazabilidad": "lote"}
    ]


@pytest.mark.usefixtures("con_lotes")
def test_lots_come_page_by_page_and_of_one_sucursal(connect: Connect, shop: Shop) -> None:
    cajero = connect("cajero")
    query = {"sucursal_id": shop.sucursales[0], "limit": 2}
    first = cajero.get(VENDIBLES, params=query).json()
    assert [one["numero"] for one in first["items"]] == ["INICIAL", "B"]
    rest = cajero.get(VENDIBLES, params={**query, "next": first["next"]}).json()
    assert ([one["numero"] for one in rest["items"]], rest["next"]) == (["A"], None)
    assert vendibles(connect("admin"), shop, sucursal_id=shop.sucursales[1]) == []
    assert cajero.get(VENDIBLES).status_code == 400
    assert connect("almacen").get(VENDIBLES, params=query).status_code == 403


def test_till_of_another_sucursal_is_told_nothing(connect: Connect, shop: Shop) -> None:
    confinado = connect(CONFINED[0])
    answer = confinado.get(VENDIBLES, params={"sucursal_id": shop.sucursales[1]})
    assert answer.status_code == 403
    assert answer.json()["errors"][0]["field"] == "sucursal_id"


def test_sale_takes_the_lots_that_its_lines_name(
    con_lotes: TestClient, connect: Connect, shop: Shop
) -> None:
    cajero = connect("cajero")
    caja, uno = abrir_caja(cajero, shop), shop.productos[0]
    detalle = [
        {"producto_id": uno, "cantidad": "4", "lote": "A"},
        {"producto_id": uno, "cantidad": "1", "lote": "B"},
    ]
    sold = cajero.post("/api/ventas/", json=shop.venta(caja, detalle=detalle))
    assert sold.status_code == 201, sold.text
    assert [one["lote"] for one in sold.json()["detalle"]] == ["A", "B"]
    assert vendibles(cajero, shop)[1:] == [("B", dia(90), "9.0000")]
    assert lotes(con_lotes, shop)[shop.almacenes[0], "A", ""] == "0.0000"


def test_price_from_a_quantity_on_may_count_all_lines_of_a_product(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    lista = admin.post("/api/listas-precio/", json={"nombre": "Mayorista"}).json()["id"]
    precio = {"lista_id": lista, "producto_id": shop.productos[0], "cantidad_minima": "3"}
    assert admin.post("/api/precios/", json={**precio, "precio": "9"}).status_code == 201
    cliente = admin.post(
        "/api/clientes/",
        json={
            "tipo_doc": "1",
            "numero_doc": "45678912",
            "razon_social": "Rosa Quispe",
            "lista_precio_id": lista,
        },
    ).json()["id"]
    cajero = connect("cajero")
    caja = abrir_caja(cajero, shop)
    lineas = [{"producto_id": shop.productos[0], "cantidad": "1"} for _ in range(3)]
    juntas = [one | {"precio_unitario": "9"} for one in lineas]
    for detalle, total in ((lineas, "35.40"), (juntas, "27.00")):
        sold = cajero.post(
            "/api/ventas/", json=shop.venta(caja, detalle=detalle, cliente_id=cliente)
        )
        assert sold.status_code == 201, sold.text
        assert sold.json()["total"] == total
