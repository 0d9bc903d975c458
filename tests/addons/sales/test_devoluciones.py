"""Annulled sales and goods that come back, through the API. Source: módulo 1."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

VENTAS = "/api/ventas/"
MOTIVO = {"motivo": "El cliente se arrepintió"}


def vender(client: TestClient, shop: Shop, caja: int, **changes: Any) -> dict[str, Any]:
    answer = client.post(VENTAS, json=shop.venta(caja, **changes))
    assert answer.status_code == 201, answer.text
    sold: dict[str, Any] = answer.json()
    return sold


def fields(answer: Any) -> list[str]:
    return [one["field"] for one in answer.json()["errors"]]


def en_caja(client: TestClient, caja: int) -> str:
    expected: str = client.get(f"/api/cajas/{caja}/reporte-z/").json()["monto_esperado"]
    return expected


def reembolsos(runtime: Runtime) -> list[tuple[str, str, int | None]]:
    with runtime.database.engine.connect() as connection:
        query = "SELECT metodo, monto::text, caja_id FROM reembolsos ORDER BY id"
        return [tuple(row) for row in connection.execute(text(query))]


def test_anular_venta_gives_the_money_back_from_its_caja(
    cajero: TestClient, connect: Connect, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    pagos = [{"metodo": "tarjeta", "monto": "40"}, {"metodo": "efectivo", "monto": "10"}]
    venta = vender(cajero, shop, caja, formas_pago=pagos)
    assert en_caja(cajero, caja) == "107.20"
    address = f"{VENTAS}{venta['id']}/anular/"
    assert cajero.post(address, json=MOTIVO).status_code == 403  # it takes a manager
    answer = connect("gerente").post(address, json=MOTIVO)
    assert answer.status_code == 200, answer.text
    anulada = answer.json()
    assert (anulada["estado"], anulada["motivo_anulacion"]) == ("anulada", MOTIVO["motivo"])
    assert anulada["fecha_anulacion"] is not None
    assert cajero.get(f"{VENTAS}{venta['id']}/").json() == anulada
    assert reembolsos(runtime) == [("tarjeta", "40.00", caja), ("efectivo", "7.20", caja)]
    assert en_caja(cajero, caja) == "100.00"
    (acto,) = admin.get("/api/audit-logs/?accion=anular").json()["items"]
    assert acto["datos_nuevos_json"]["motivo_anulacion"] == MOTIVO["motivo"]


def test_anular_venta_again_or_without_reason_is_refused(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    venta = vender(cajero, shop, abrir_caja(cajero, shop))
    address = f"{VENTAS}{venta['id']}/anular/"
    before = contents(runtime)
    assert fields(admin.post(address, json={"motivo": " "})) == ["motivo"]
    assert admin.post(f"{VENTAS}999999/anular/", json=MOTIVO).status_code == 404
    assert not changed(before, contents(runtime))
    assert admin.post(address, json=MOTIVO).status_code == 200
    before = contents(runtime)
    again = admin.post(address, json=MOTIVO)
    assert (again.status_code, again.json()["code"]) == (409, "venta_anulada")
    lineas = [{"detalle_id": venta["detalle"][0]["id"], "cantidad": 1}]
    back = admin.post(f"{VENTAS}{venta['id']}/devoluciones/", json=MOTIVO | {"lineas": lineas})
    assert (back.status_code, back.json()["code"]) == (409, "venta_anulada")
    assert not changed(before, contents(runtime))


def test_anular_venta_twice_at_once_happens_once(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    venta = vender(cajero, shop, abrir_caja(cajero, shop))
    barrier = Barrier(6)

    def annul(_number: int) -> int:
        barrier.wait()
        return admin.post(f"{VENTAS}{venta['id']}/anular/", json=MOTIVO).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(annul, range(6))) == [200] + [409] * 5
    assert [row[:2] for row in reembolsos(runtime)] == [("efectivo", "47.20")]


def test_anular_venta_of_a_closed_caja_takes_the_cash_from_another(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    primera = abrir_caja(cajero, shop)
    venta = vender(cajero, shop, primera)
    con_tarjeta = vender(
        cajero, shop, primera, formas_pago=[{"metodo": "tarjeta", "monto": "47.20"}]
    )
    cierre = {"caja_id": primera, "monto_cierre": "147.20"}
    z = cajero.post("/api/cajas/cerrar/", json=cierre).json()
    antes = admin.get(f"/api/cajas/{primera}/reporte-z/").json()
    address = f"{VENTAS}{venta['id']}/anular/"
    nowhere = admin.post(address, json=MOTIVO)
    assert (nowhere.status_code, nowhere.json()["code"]) == (409, "sin_caja")
    assert admin.post(address, json=MOTIVO | {"caja_id": primera}).status_code == 409
    pobre = abrir_caja(admin, shop, "10.00")
    poor = admin.post(address, json=MOTIVO)
    assert (poor.status_code, poor.json()["code"]) == (422, "efectivo_insuficiente")
    otra = abrir_caja(cajero, shop, "60.00")
    assert admin.post(address, json=MOTIVO | {"caja_id": otra}).status_code == 200
    assert (en_caja(admin, otra), en_caja(admin, pobre)) == ("12.80", "10.00")
    # Without cash no caja is needed; and a closed caja's report stays what it was.
    anulada = admin.post(f"{VENTAS}{con_tarjeta['id']}/anular/", json=MOTIVO)
    assert anulada.status_code == 200, anulada.text
    assert reembolsos(runtime)[1][:2] == ("tarjeta", "47.20")
    assert admin.get(f"/api/cajas/{primera}/reporte-z/").json() == antes
    assert z["diferencia"] == "0.00"


def test_devolver_gives_back_part_by_part_what_the_line_cost(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    detalle = [
        {"producto_id": shop.productos[0], "cantidad": 3, "precio_unitario": "3.333333"},
        {"producto_id": shop.productos[1], "cantidad": 1},
    ]
    venta = vender(cajero, shop, caja, detalle=detalle, descuento_global="1.00")
    linea = venta["detalle"][0]
    address = f"{VENTAS}{venta['id']}/devoluciones/"
    sums = dict.fromkeys(("subtotal", "igv", "total"), 0.0)
    for number in range(1, 4):
        uno = {"detalle_id": linea["id"], "cantidad": 1, "reingresa": number != 2}
        answer = cajero.post(address, json=MOTIVO | {"lineas": [uno]})
        assert answer.status_code == 201, answer.text
        vuelta = answer.json()
        assert vuelta["numero"] == number
        assert admin.get(f"/api/devoluciones/{vuelta['id']}/").json() == vuelta
        sums = {name: round(sums[name] + float(vuelta[name]), 2) for name in sums}
    assert sums == {name: float(linea[name]) for name in sums}
    more = cajero.post(
        address, json=MOTIVO | {"lineas": [{"detalle_id": linea["id"], "cantidad": "0.0001"}]}
    )
    assert (more.status_code, more.json()["code"]) == (422, "devolucion_excede")
    assert more.json()["errors"][0]["message"] == "De 3 quedan 0."
    # Annulling what is left gives back what is left, to the cent.
    assert admin.post(f"{VENTAS}{venta['id']}/anular/", json=MOTIVO).status_code == 200
    assert en_caja(cajero, caja) == "100.00"
    with runtime.database.engine.connect() as connection:
        total = connection.scalar(text("SELECT sum(monto)::text FROM reembolsos"))
    assert total == venta["total"]


def test_devolver_all_leaves_nothing_to_annul(
    cajero: TestClient, admin: TestClient, shop: Shop
) -> None:
    venta = vender(cajero, shop, abrir_caja(cajero, shop))
    lineas = [{"detalle_id": una["id"], "cantidad": una["cantidad"]} for una in venta["detalle"]]
    body = MOTIVO | {"lineas": lineas, "metodo": "yape"}
    vuelta = cajero.post(f"{VENTAS}{venta['id']}/devoluciones/", json=body).json()
    assert (vuelta["total"], vuelta["monto_credito"]) == ("47.20", "0.00")
    assert [(one["metodo"], one["monto"]) for one in vuelta["reembolsos"]] == [("yape", "47.20")]
    assert cajero.get(f"{VENTAS}{venta['id']}/").json()["detalle"][0]["cantidad_devuelta"] == (
        "2.0000"
    )
    none = admin.post(f"{VENTAS}{venta['id']}/anular/", json=MOTIVO)
    assert (none.status_code, none.json()["code"]) == (409, "venta_devuelta")


def test_devolver_what_is_not_of_the_sale_is_refused_whole(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    venta, otra = vender(cajero, shop, caja), vender(cajero, shop, caja)
    propia, ajena = venta["detalle"][0]["id"], otra["detalle"][0]["id"]
    address = f"{VENTAS}{venta['id']}/devoluciones/"
    before = contents(runtime)
    wrong: list[tuple[Any, list[str]]] = [
        ([{"detalle_id": ajena, "cantidad": 1}], ["lineas.0.detalle_id"]),
        (
            [{"detalle_id": propia, "cantidad": 1}, {"detalle_id": propia, "cantidad": 1}],
            ["lineas.1.detalle_id"],
        ),
        ([{"detalle_id": propia, "cantidad": 0}], ["lineas.0.cantidad"]),
        ([], ["lineas"]),
    ]
    for lineas, expected in wrong:
        answer = cajero.post(address, json=MOTIVO | {"lineas": lineas})
        assert (answer.status_code, fields(answer)) == (400, expected)
    good = MOTIVO | {"lineas": [{"detalle_id": propia, "cantidad": 1}]}
    for metodo in ("credito", "trueque"):
        answer = cajero.post(address, json=good | {"metodo": metodo})
        assert (answer.status_code, fields(answer)) == (400, ["metodo"])
    assert not changed(before, contents(runtime))


def test_announced_payment_is_confirmed_or_not_given_back(
    cajero: TestClient, admin: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    pagos = [{"metodo": "transferencia", "monto": "47.20", "confirmado": False}]
    en_linea = {"modo_emision": "ecommerce", "formas_pago": pagos}
    at_once = cajero.post(VENTAS, json=shop.venta(caja, formas_pago=pagos))
    assert (at_once.status_code, fields(at_once)) == (400, ["formas_pago.0.confirmado"])
    primera, segunda = (vender(cajero, shop, caja, **en_linea) for _ in range(2))
    lineas = [{"detalle_id": primera["detalle"][0]["id"], "cantidad": 1}]
    address = f"{VENTAS}{primera['id']}/"
    early = cajero.post(f"{address}devoluciones/", json=MOTIVO | {"lineas": lineas})
    assert (early.status_code, early.json()["code"]) == (409, "pago_sin_confirmar")
    visto = {"metodo": "transferencia", "referencia": "OP-9"}
    pagada = cajero.post(f"{address}confirmar-pago/", json=visto).json()
    assert pagada["formas_pago"] == [
        {"metodo": "transferencia", "monto": "47.20", "referencia": "OP-9", "confirmado": True}
    ]
    assert fields(cajero.post(f"{address}confirmar-pago/", json=visto)) == ["metodo"]
    back = cajero.post(f"{address}devoluciones/", json=MOTIVO | {"lineas": lineas})
    assert back.json()["reembolsos"] == [
        {"metodo": "transferencia", "monto": "11.80", "caja_id": caja}
    ]
    assert admin.post(f"{VENTAS}{segunda['id']}/anular/", json=MOTIVO).status_code == 200
    assert len(reembolsos(runtime)) == 1


@pytest.mark.parametrize("name", ["anular", "devoluciones", "confirmar-pago"])
def test_sale_of_another_sucursal_is_out_of_reach(
    connect: Connect, admin: TestClient, shop: Shop, name: str
) -> None:
    apertura = {"sucursal_id": shop.sucursales[1], "monto_apertura": "0"}
    caja = admin.post("/api/cajas/abrir/", json=apertura).json()["id"]
    detalle = [{"producto_id": shop.productos[0], "cantidad": 1}]
    admin.put(f"/api/productos/{shop.productos[0]}/", json={"permite_venta_sin_stock": True})
    venta = vender(admin, shop, caja, sucursal_id=shop.sucursales[1], detalle=detalle)
    roles = admin.get("/api/roles/").json()["items"]
    gerente = next(one["id"] for one in roles if one["nombre"] == "GERENTE_VENTAS")
    user = f"/api/usuarios/{shop.usuarios['vendedor']}/"
    assert admin.put(user, json={"rol_id": gerente}).status_code == 200
    linea = {"detalle_id": venta["detalle"][0]["id"], "cantidad": 1}
    body = {
        "anular": MOTIVO,
        "devoluciones": MOTIVO | {"lineas": [linea]},
        "confirmar-pago": {"metodo": "yape"},
    }[name]
    answer = connect("vendedor").post(f"{VENTAS}{venta['id']}/{name}/", json=body)
    assert answer.status_code == 404
