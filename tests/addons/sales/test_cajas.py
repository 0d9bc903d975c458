"""Opening and closing cajas through the API. Source: spec/erp-modules.md, módulo 1."""

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

ABRIR, CERRAR = "/api/cajas/abrir/", "/api/cajas/cerrar/"


def apertura(shop: Shop, **changes: Any) -> dict[str, Any]:
    return {"sucursal_id": shop.sucursales[0], "monto_apertura": "100", **changes}


def test_abrir_caja_second_of_the_same_user_is_a_409(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    cajero, cajera = connect("cajero"), connect("cajera")
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    again = cajero.post(ABRIR, json=apertura(shop))
    assert (again.status_code, again.json()["code"]) == (409, "caja_ya_abierta")
    assert str(caja) in again.json()["detail"]
    assert not changed(before, contents(runtime))
    assert cajera.post(ABRIR, json=apertura(shop)).status_code == 201


def test_abrir_caja_in_parallel_opens_one(cajero: TestClient, shop: Shop, runtime: Runtime) -> None:
    barrier = Barrier(8)

    def open_one(_number: int) -> str:
        barrier.wait()
        told: str = cajero.post(ABRIR, json=apertura(shop)).json().get("code", "")
        return told

    with ThreadPoolExecutor(8) as pool:
        told = sorted(pool.map(open_one, range(8)))
    assert told == [""] + ["caja_ya_abierta"] * 7
    with runtime.database.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM cajas")) == 1


def test_abrir_caja_again_after_closing_is_another_one(cajero: TestClient, shop: Shop) -> None:
    first = abrir_caja(cajero, shop)
    cajero.post(CERRAR, json={"caja_id": first, "monto_cierre": "100"})
    assert abrir_caja(cajero, shop) != first


def test_abrir_caja_where_there_is_no_active_sucursal_is_refused(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    gerente = connect("gerente")
    admin.put(f"/api/sucursales/{shop.sucursales[1]}/", json={"activo": False})
    for sucursal in (shop.sucursales[1], 999_999):
        answer = gerente.post(ABRIR, json=apertura(shop, sucursal_id=sucursal))
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["field"] == "sucursal_id"


def test_cerrar_caja_expects_cash_less_change(cajero: TestClient, shop: Shop) -> None:
    caja = abrir_caja(cajero, shop, "50.00")
    for pagos in (
        [{"metodo": "efectivo", "monto": "100"}],  # 52.80 of change
        [{"metodo": "tarjeta", "monto": "47.20"}],
        [{"metodo": "yape", "monto": "40"}, {"metodo": "efectivo", "monto": "10"}],  # 2.80
    ):
        assert cajero.post("/api/ventas/", json=shop.venta(caja, formas_pago=pagos)).is_success
    answer = cajero.post(CERRAR, json={"caja_id": caja, "monto_cierre": "100.00"})
    assert answer.status_code == 200
    cerrada = answer.json()
    assert (cerrada["estado"], cerrada["monto_esperado"]) == ("cerrada", "104.40")
    assert (cerrada["monto_cierre"], cerrada["diferencia"]) == ("100.00", "-4.40")
    assert cerrada["fecha_cierre"] >= cerrada["fecha_apertura"]


def test_cerrar_caja_twice_is_a_409(cajero: TestClient, shop: Shop) -> None:
    cierre = {"caja_id": abrir_caja(cajero, shop), "monto_cierre": "100"}
    assert cajero.post(CERRAR, json=cierre).status_code == 200
    again = cajero.post(CERRAR, json=cierre)
    assert (again.status_code, again.json()["code"]) == (409, "caja_cerrada")


def test_cerrar_caja_of_somebody_else_needs_its_permission(connect: Connect, shop: Shop) -> None:
    caja = abrir_caja(connect("cajero"), shop)
    cierre = {"caja_id": caja, "monto_cierre": "100"}
    assert connect("cajera").post(CERRAR, json=cierre).status_code == 404
    assert connect("gerente").post(CERRAR, json=cierre).status_code == 200


@pytest.mark.parametrize("rounds", [3])
def test_cerrar_caja_while_others_sell_counts_every_sale(
    connect: Connect, shop: Shop, runtime: Runtime, rounds: int
) -> None:
    cajero, vendedor = connect("cajero"), connect("vendedor")
    for _ in range(rounds):
        caja = abrir_caja(cajero, shop, "0")
        detalle = [{"producto_id": shop.productos[0], "cantidad": 1}]
        body = shop.venta(
            caja, detalle=detalle, formas_pago=[{"metodo": "efectivo", "monto": "11.80"}]
        )
        barrier = Barrier(7)

        def sell(_number: int, body: dict[str, Any] = body, barrier: Barrier = barrier) -> int:
            barrier.wait()
            return vendedor.post("/api/ventas/", json=body).status_code

        with ThreadPoolExecutor(6) as pool:
            selling = [pool.submit(sell, number) for number in range(6)]
            barrier.wait()
            cerrada = cajero.post(CERRAR, json={"caja_id": caja, "monto_cierre": "0"}).json()
            statuses = [one.result() for one in selling]
        assert set(statuses) <= {201, 409}
        assert cerrada["monto_esperado"] == f"{statuses.count(201) * 11.8:.2f}"


def test_abrir_caja_in_another_sucursal_is_another_caja(admin: TestClient, shop: Shop) -> None:
    first = abrir_caja(admin, shop)
    other = admin.post(ABRIR, json=apertura(shop, sucursal_id=shop.sucursales[1]))
    assert (other.status_code, other.json()["id"] != first) == (201, True)
    again = admin.post(ABRIR, json=apertura(shop, sucursal_id=shop.sucursales[1]))
    assert again.status_code == 409


def test_money_in_and_out_of_a_caja_is_in_its_report(
    cajero: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    caja, cajera = abrir_caja(cajero, shop), connect("cajera")
    address = f"/api/cajas/{caja}/movimientos/"
    entra = {"tipo": "ingreso", "monto": "50", "motivo": "Sencillo"}
    sale = {"tipo": "egreso", "monto": "20.50", "motivo": "Agua"}
    for body in (
        entra,
        sale,
        {"tipo": "ingreso", "monto": 7, "motivo": "Ajuste", "metodo": "yape"},
    ):
        answer = cajero.post(address, json=body)
        assert answer.status_code == 201, answer.text
    before = contents(runtime)
    for body, status in (
        (sale | {"monto": "129.51"}, 422),
        (sale | {"motivo": ""}, 400),
        (sale | {"monto": 0}, 400),
        (sale | {"metodo": "credito"}, 400),
        (sale | {"tipo": "robo"}, 400),
    ):
        assert cajero.post(address, json=body).status_code == status, body
    assert cajera.post(address, json=entra).status_code == 404
    assert not changed(before, contents(runtime))
    x = cajero.get(f"/api/cajas/{caja}/reporte-z/").json()
    assert (x["numero"], x["monto_esperado"], x["diferencia"]) == (None, "129.50", None)
    assert {one["metodo"]: one["neto"] for one in x["metodos"]} == {
        "efectivo": "29.50",
        "yape": "7.00",
    }
    listed = cajero.get(f"/api/movimientos-caja/?caja_id={caja}").json()["items"]
    assert [one["motivo"] for one in listed] == ["Ajuste", "Agua", "Sencillo"]


def test_arqueo_tells_the_difference_and_leaves_the_caja_open(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    address = f"/api/cajas/{caja}/arqueos/"
    notes = [{"valor": "50", "cantidad": 1}, {"valor": "0.10", "cantidad": 405}]
    arqueo = cajero.post(address, json={"denominaciones": notes, "observacion": "Falta"}).json()
    assert (arqueo["monto_contado"], arqueo["diferencia"]) == ("90.50", "-9.50")
    before = contents(runtime)
    for body in ({}, {"monto": "91", "denominaciones": notes}):
        answer = cajero.post(address, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "monto")
    assert not changed(before, contents(runtime))
    cierre = {"caja_id": caja, "monto_cierre": "90.50", "denominaciones": notes}
    assert cajero.post(CERRAR, json=cierre).json()["diferencia"] == "-9.50"
    listed = cajero.get(f"/api/arqueos/?caja_id={caja}").json()["items"]
    assert [(one["tipo"], one["observacion"]) for one in listed] == [
        ("cierre", ""),
        ("parcial", "Falta"),
    ]


def test_cerrar_caja_leaves_a_numbered_report_that_stays(
    connect: Connect, admin: TestClient, shop: Shop
) -> None:
    for number, name in enumerate(("cajero", "cajera"), 1):
        client = connect(name)
        caja = abrir_caja(client, shop)
        exento = f"/api/productos/{shop.productos[1]}/"
        admin.put(exento, json={"afectacion_igv": "20"})
        detalle = [
            {"producto_id": shop.productos[0], "cantidad": 2, "descuento": "1.60"},
            {"producto_id": shop.productos[1], "cantidad": 1},
        ]
        body = shop.venta(caja, detalle=detalle, descuento_global="3.80")
        assert client.post("/api/ventas/", json=body).json()["total"] == "30.00"
        z = client.post(CERRAR, json={"caja_id": caja, "monto_cierre": "131.00"}).json()
        assert (z["numero_z"], z["diferencia"]) == (number, "1.00")
        reporte = client.get(f"/api/cajas/{caja}/reporte-z/").json()
        assert (reporte["numero"], reporte["ventas"], reporte["total"]) == (number, 1, "30.00")
        assert (reporte["descuentos"], reporte["primera_venta"]) == ("5.40", 1)
        assert reporte["usuario"] == name.title()
        partes = {one["afectacion_igv"]: one for one in reporte["afectaciones"]}
        assert partes["20"]["igv"] == "0.00"
        assert sum(float(one["total"]) for one in partes.values()) == 30.0
        admin.put(exento, json={"afectacion_igv": "10"})
        assert client.get(f"/api/cajas/{caja}/reporte-z/").json() == reporte


def test_cerrar_caja_from_two_sessions_at_once_closes_it_once(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    cajero, gerente = connect("cajero"), connect("gerente")
    caja = abrir_caja(cajero, shop)
    barrier = Barrier(6)

    def close(number: int) -> int:
        barrier.wait()
        cierre = {"caja_id": caja, "monto_cierre": f"{100 + number}"}
        return (cajero, gerente)[number % 2].post(CERRAR, json=cierre).status_code

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(close, range(6))) == [200] + [409] * 5
    with runtime.database.engine.connect() as connection:
        query = (
            "SELECT count(*), max(a.monto_contado) = max(c.monto_cierre) FROM arqueos a, cajas c"
        )
        assert connection.execute(text(query)).one() == (1, True)
        query = "SELECT last FROM andes_sequences WHERE name = 'reporte_z'"
        assert connection.scalars(text(query)).all() == [1]


def test_more_money_than_a_caja_can_note_names_the_field(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    before = contents(runtime)
    denominaciones = [{"valor": "9999999999.99", "cantidad": 2}]
    ingreso = {"tipo": "ingreso", "monto": "9999999999.99", "motivo": "Error"}
    for path, body, field in (
        (f"/api/cajas/{caja}/arqueos/", {"denominaciones": denominaciones}, "denominaciones"),
        (CERRAR, {"caja_id": caja, "denominaciones": denominaciones}, "denominaciones"),
        (f"/api/cajas/{caja}/movimientos/", ingreso, "monto"),
    ):
        told = cajero.post(path, json=body)
        faults = [(one["field"], one["code"]) for one in told.json()["errors"]]
        assert (told.status_code, faults) == (400, [(field, "excede")])
    assert not changed(before, contents(runtime))
