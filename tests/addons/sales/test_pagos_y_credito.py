"""Announced payments in cajas, who decides on credit, orders sold by one way. Source: módulo 1."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

VENTAS = "/api/ventas/"
MOTIVO = {"motivo": "Prueba"}


def fields(answer: Any) -> list[str]:
    return [one["field"] for one in answer.json()["errors"]]


def anunciada(client: TestClient, shop: Shop, caja: int, metodo: str = "efectivo") -> Any:
    pagos = [{"metodo": metodo, "monto": "47.20", "confirmado": False}]
    body = shop.venta(caja, modo_emision="ecommerce", formas_pago=pagos)
    answer = client.post(VENTAS, json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


def z_of(client: TestClient, caja: int) -> tuple[str, str, str]:
    """Return expected cash, what is awaited, and the net of what was paid by transfer."""
    z = client.get(f"/api/cajas/{caja}/reporte-z/").json()
    netos = {one["metodo"]: one["neto"] for one in z["metodos"]}
    return z["monto_esperado"], z["por_confirmar"], netos.get("transferencia", "0.00")


def test_announced_payment_counts_in_the_caja_once_it_arrived(
    cajero: TestClient, admin: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    primera = anunciada(cajero, shop, caja)
    segunda = anunciada(cajero, shop, caja, "transferencia")
    tercera = anunciada(cajero, shop, caja)
    assert z_of(cajero, caja) == ("100.00", "141.60", "0.00")
    for una, metodo in ((primera, "efectivo"), (segunda, "transferencia")):
        path = f"{VENTAS}{una['id']}/confirmar-pago/"
        assert cajero.post(path, json={"metodo": metodo}).status_code == 200
    assert z_of(cajero, caja) == ("147.20", "47.20", "47.20")
    assert admin.post(f"{VENTAS}{tercera['id']}/anular/", json=MOTIVO).status_code == 200
    assert z_of(cajero, caja) == ("147.20", "0.00", "47.20")


def test_cash_that_arrives_after_the_closing_goes_into_another_caja(
    cajero: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    venta = anunciada(cajero, shop, caja)
    body = {"caja_id": caja, "monto_cierre": "100.00"}
    assert cajero.post("/api/cajas/cerrar/", json=body).json()["diferencia"] == "0.00"
    path, visto = f"{VENTAS}{venta['id']}/confirmar-pago/", {"metodo": "efectivo"}
    before = contents(runtime)
    nobody = cajero.post(path, json=visto)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "sin_caja")
    assert not changed(before, contents(runtime))
    cajera = connect("cajera")
    otra = abrir_caja(cajera, shop)
    assert cajera.post(path, json=visto).status_code == 200
    assert z_of(cajera, otra)[0] == "147.20"
    assert z_of(cajero, caja) == ("100.00", "47.20", "0.00")  # as it was closed
    (ingreso,) = cajera.get(f"/api/movimientos-caja/?caja_id={otra}").json()["items"]
    assert (ingreso["tipo"], ingreso["monto"]) == ("ingreso", "47.20")
    assert ingreso["motivo"] == f"Pago de la venta {venta['serie']}-{venta['numero']}"


def test_what_cannot_be_announced_is_refused(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    nuevo = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana"}
    ana = admin.post("/api/clientes/", json=nuevo | {"limite_credito": "500"}).json()["id"]
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    for pagos, bad in (
        (
            [{"metodo": "credito", "monto": "47.20", "confirmado": False}],
            "formas_pago.0.confirmado",
        ),
        ([{"metodo": "efectivo", "monto": "50", "confirmado": False}], "formas_pago"),  # no change
    ):
        body = shop.venta(caja, cliente_id=ana, modo_emision="ecommerce", formas_pago=pagos)
        answer = cajero.post(VENTAS, json=body)
        assert answer.status_code in (400, 422)
        assert fields(answer) == [bad]
    assert not changed(before, contents(runtime))


def test_credit_is_decided_by_who_may(
    cajero: TestClient, connect: Connect, runtime: Runtime
) -> None:
    nuevo = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana"}
    before = contents(runtime)
    for more in ({"limite_credito": "0.01"}, {"dias_credito": 1}):
        answer = cajero.post("/api/clientes/", json=nuevo | more)
        assert (answer.status_code, fields(answer)) == (400, list(more))
    assert not changed(before, contents(runtime))
    ana = cajero.post("/api/clientes/", json=nuevo | {"limite_credito": "0"}).json()["id"]
    path = f"/api/clientes/{ana}/"
    assert fields(cajero.put(path, json={"limite_credito": "9"})) == ["limite_credito"]
    given = connect("gerente").put(path, json={"limite_credito": "9", "dias_credito": 5})
    assert given.status_code == 200
    same = cajero.put(path, json={"limite_credito": "9.00", "dias_credito": 5, "telefono": "1"})
    assert (same.status_code, same.json()["telefono"]) == (200, "1")


def test_order_is_sold_whole_by_one_way(
    cajero: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    vendedor = connect("vendedor")
    detalle = [{"producto_id": shop.productos[0], "cantidad": "1.3333"}]
    orden = vendedor.post(
        "/api/ordenes-venta/",
        json={"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0], "detalle": detalle},
    ).json()
    path = f"/api/ordenes-venta/{orden['id']}/vender/"
    caja = abrir_caja(cajero, shop)
    pagos = [{"metodo": "yape", "monto": orden["total"]}]
    before = contents(runtime)
    for body in ({}, {"metodo": "yape", "formas_pago": pagos}):
        assert fields(cajero.post(path, json={"caja_id": caja, **body})) == ["formas_pago"]
    assert not changed(before, contents(runtime))
    body = {"caja_id": caja, "metodo": "yape", "referencia": "OP 7"}
    venta = cajero.post(path, json=body).json()
    assert venta["formas_pago"] == [
        {"metodo": "yape", "monto": orden["total"], "referencia": "OP 7", "confirmado": True}
    ]


@pytest.mark.parametrize("sucursal", [True, "1", None, 1.5, [1], {"a": 1}])
def test_offline_sale_of_a_strange_sucursal_is_told_why(
    cajero: TestClient, shop: Shop, runtime: Runtime, sucursal: Any
) -> None:
    venta = shop.venta(abrir_caja(cajero, shop), sucursal_id=sucursal)
    ahora = runtime.clock().isoformat()
    una = {"uuid": str(uuid4()), "fecha_registro_local": ahora, "venta": venta}
    answer = cajero.post("/api/ventas/offline-sync/", json={"ventas": [una]})
    assert answer.status_code == 200, answer.text
    (told,) = answer.json()["ventas"]
    assert [one["field"] for one in told["errores"]] == ["sucursal_id"]


def test_products_come_back_whichever_lines_they_were_sold_in(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    uno, dos, tres = shop.productos[:3]
    detalle = [
        {"producto_id": uno, "cantidad": 2},
        {"producto_id": dos, "cantidad": 1},
        {"producto_id": uno, "cantidad": "1.5", "descuento": "0.70"},
    ]
    venta = cajero.post(VENTAS, json=shop.venta(abrir_caja(cajero, shop), detalle=detalle)).json()
    body: dict[str, Any] = {"venta_id": venta["id"], **MOTIVO}
    before = contents(runtime)
    for lineas, bad in (
        ([(uno, "3.6"), (dos, 2)], ["lineas.0.cantidad", "lineas.1.cantidad"]),
        ([(tres, 1), (uno, 1), (uno, 1)], ["lineas.0.producto_id", "lineas.2.producto_id"]),
    ):
        asked = [{"producto_id": one, "cantidad": n} for one, n in lineas]
        answer = cajero.post("/api/devoluciones/", json=body | {"lineas": asked})
        assert answer.status_code in (400, 422)
        assert fields(answer) == bad
    lineas = [{"producto_id": uno, "cantidad": 1}]
    gone = cajero.post("/api/devoluciones/", json=body | {"venta_id": 999, "lineas": lineas})
    assert (gone.status_code, fields(gone)) == (400, ["venta_id"])
    assert not changed(before, contents(runtime))
    lineas = [
        {"producto_id": uno, "cantidad": "3.25"},
        {"producto_id": dos, "cantidad": 1, "malogrado": True},
    ]
    back = cajero.post("/api/devoluciones/", json=body | {"lineas": lineas})
    assert back.status_code == 201, back.text
    assert [(one["cantidad"], one["malogrado"]) for one in back.json()["lineas"]] == [
        ("2.0000", False), ("1.2500", False), ("1.0000", True),
    ]  # fmt: skip
    rest = [{"producto_id": uno, "cantidad": "0.25"}]
    last = cajero.post("/api/devoluciones/", json=body | {"lineas": rest}).json()
    assert Decimal(back.json()["total"]) + Decimal(last["total"]) == Decimal(venta["total"])
