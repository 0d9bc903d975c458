"""Customers as one types, products, units, price lists, flags of sucursales. Source: módulo 1."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.shop import Shop, abrir_caja

CLIENTES = "/api/clientes/"


def crear(client: TestClient, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_buscar_clientes_finds_as_one_types(cajero: TestClient) -> None:
    for tipo, numero, nombre in (
        ("6", "20131312955", "Ferretería Ñusta S.A.C."),
        ("1", "45678912", "José Pérez-Quispe"),
        ("1", "45678913", "Pérez Josefina"),
        ("4", "X-77", "Müller & Söhne"),
    ):
        crear(cajero, CLIENTES, tipo_doc=tipo, numero_doc=numero, razon_social=nombre)

    def names(q: str) -> list[str]:
        items = cajero.get(f"{CLIENTES}buscar/", params={"q": q}).json()["items"]
        return [one["razon_social"] for one in items]

    assert names("nus") == names("ÑUST") == names("ferr nu") == ["Ferretería Ñusta S.A.C."]
    assert names("jose per") == ["José Pérez-Quispe", "Pérez Josefina"]
    assert names("pérez") == ["Pérez Josefina", "José Pérez-Quispe"]  # who begins so comes first
    assert names("4567891") == ["José Pérez-Quispe", "Pérez Josefina"]
    assert names("45678913") == ["Pérez Josefina"]
    assert names("x-77") == names("sohne mull") == ["Müller & Söhne"]
    for nothing in ("zzz", "jose zzz", "'", "& | !", ":*", "a" * 100):
        assert names(nothing) == []
    assert cajero.get(f"{CLIENTES}buscar/?q=").status_code == 400


def test_buscar_clientes_leaves_out_who_is_not_active_and_cannot_be_sold_to(
    cajero: TestClient, shop: Shop
) -> None:
    cliente = crear(
        cajero, CLIENTES, tipo_doc="1", numero_doc="45678912", razon_social="Se Fue", activo=False
    )
    assert cajero.get(f"{CLIENTES}buscar/?q=fue").json()["items"] == []
    body = shop.venta(abrir_caja(cajero, shop), cliente_id=cliente["id"])
    answer = cajero.post("/api/ventas/", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cliente_id")


@pytest.mark.parametrize(
    ("tipo", "numero", "reason"),
    [
        ("6", "20131312954", "termina en 4 y con los diez anteriores debería terminar en 5"),
        ("6", "30131312955", "empieza con 10, 15, 16, 17, 20"),
        ("6", "2013131295", "tiene 11 dígitos y nada más; este tiene 10 signos"),
        ("1", "456789120", "verificador no corresponde"),
        ("1", "45678", "8 dígitos"),
    ],
)
def test_document_that_cannot_exist_is_refused_with_the_reason(
    cajero: TestClient, tipo: str, numero: str, reason: str
) -> None:
    body = {"tipo_doc": tipo, "numero_doc": numero, "razon_social": "Nadie"}
    answer = cajero.post(CLIENTES, json=body)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (400, "numero_doc")
    assert reason in error["message"]


def test_ruc_of_every_kind_is_taken(cajero: TestClient) -> None:
    for numero in ("20131312955", "10456789121", "15456789127", "16456789128", "17456789120"):
        stem = numero[:-1]
        weights = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)
        digit = (11 - sum(int(n) * w for n, w in zip(stem, weights, strict=True)) % 11) % 10
        crear(cajero, CLIENTES, tipo_doc="6", numero_doc=f"{stem}{digit}", razon_social=numero)


def test_unit_of_a_product_is_one_of_the_catalogue_in_use(admin: TestClient, shop: Shop) -> None:
    units = {
        one["codigo"]: one for one in admin.get("/api/unidades-medida/?limit=200").json()["items"]
    }
    assert len(units) == 62
    assert {"NIU", "KGM", "ZZ", "4A"} <= set(units)
    nuevo = {"sku": "CLAVO", "nombre": "Clavos", "precio": "9"}
    bad = admin.post("/api/productos/", json=nuevo | {"unidad_medida": "KG"})
    assert (bad.status_code, bad.json()["errors"][0]["field"]) == (400, "unidad_medida")
    made = crear(admin, "/api/productos/", **nuevo, unidad_medida="KGM")
    address = f"/api/productos/{made['id']}/"
    assert admin.put(address, json={"unidad_medida": "XX"}).status_code == 400
    admin.put(f"/api/unidades-medida/{units['GRM']['id']}/", json={"activo": False})
    assert admin.put(address, json={"unidad_medida": "GRM"}).status_code == 400
    assert admin.put(address, json={"precio": "10"}).status_code == 200


def test_price_list_of_a_customer_holds_by_quantity(
    admin: TestClient, cajero: TestClient, shop: Shop
) -> None:
    lista = crear(admin, "/api/listas-precio/", nombre="Mayorista")
    uno = shop.productos[0]
    for minimo, precio in (("1", "11"), ("10", "9.5"), ("100", "8")):
        crear(
            admin,
            "/api/precios/",
            lista_id=lista["id"],
            producto_id=uno,
            cantidad_minima=minimo,
            precio=precio,
        )
    again = {"lista_id": lista["id"], "producto_id": uno, "cantidad_minima": "10", "precio": 1}
    assert admin.post("/api/precios/", json=again).status_code == 409
    cliente = crear(
        cajero,
        CLIENTES,
        tipo_doc="1",
        numero_doc="45678912",
        razon_social="Ana",
        lista_precio_id=lista["id"],
    )["id"]
    caja = abrir_caja(cajero, shop)

    def prices(*cantidades: str, **changes: Any) -> list[str]:
        detalle = [{"producto_id": uno, "cantidad": one} for one in cantidades]
        detalle.append({"producto_id": shop.productos[1], "cantidad": 1})
        body = shop.venta(caja, cliente_id=cliente, detalle=detalle, **changes)
        venta = cajero.post("/api/ventas/", json=body).json()
        return [linea["precio_unitario"].rstrip("0").rstrip(".") for linea in venta["detalle"]]

    assert prices("0.5", "1", "9.9999", "10") == ["11.8", "11", "11", "9.5", "11.8"]
    admin.put(f"/api/listas-precio/{lista['id']}/", json={"activo": False})
    assert prices("10") == ["11.8", "11.8"]


def test_sucursal_sells_a_product_in_its_own_way(
    admin: TestClient, cajero: TestClient, shop: Shop
) -> None:
    uno = shop.productos[0]
    address = f"/api/productos/{uno}/sucursales/"
    aqui = shop.sucursales[0]
    caja = abrir_caja(cajero, shop)
    body = shop.venta(caja, detalle=[{"producto_id": uno, "cantidad": 1}])
    put = admin.put(address, json={"sucursales": [{"sucursal_id": aqui, "activo": False}]})
    assert put.json() == {
        "producto_id": uno,
        "sucursales": [{"sucursal_id": aqui, "activo": False, "permite_venta_sin_stock": None}],
    }
    refused = cajero.post("/api/ventas/", json=body)
    assert refused.json()["errors"][0]["field"] == "detalle.0.producto_id"
    twice = [{"sucursal_id": aqui}, {"sucursal_id": aqui}, {"sucursal_id": 999_999}]
    bad = admin.put(address, json={"sucursales": twice})
    assert [one["field"] for one in bad.json()["errors"]] == [
        "sucursales.1.sucursal_id",
        "sucursales.2.sucursal_id",
    ]
    assert admin.put(address, json={"sucursales": []}).json()["sucursales"] == []
    assert cajero.post("/api/ventas/", json=body).status_code == 201


@pytest.mark.parametrize(
    ("descuentos", "total"),
    [(("0", "0"), "40.00"), (("3.60", "0"), "36.40"), (("23.60", "23.60"), None)],
)
def test_discounts_per_line_and_on_all_add_up(
    cajero: TestClient, shop: Shop, descuentos: tuple[str, str], total: str | None
) -> None:
    detalle = [
        {"producto_id": uno, "cantidad": 2, "descuento": descuento}
        for uno, descuento in zip(shop.productos, descuentos, strict=False)
    ]
    body = shop.venta(abrir_caja(cajero, shop), detalle=detalle, descuento_global="7.20")
    answer = cajero.post("/api/ventas/", json=body)
    if total is None:
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (
            400,
            "descuento_global",
        )
        return
    venta = answer.json()
    assert (venta["total"], venta["descuento_global"]) == (total, "7.20")
    assert sum(float(one["descuento_global"]) for one in venta["detalle"]) == pytest.approx(7.2)
    assert cajero.get(f"/api/ventas/{venta['id']}/").json() == venta
