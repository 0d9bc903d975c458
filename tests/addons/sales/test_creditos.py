"""Sales on credit, limits, payments of what is owed. Source: spec/erp-modules.md, módulo 1."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
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
A_CREDITO = [{"metodo": "credito", "monto": "47.20"}]
MOTIVO = {"motivo": "Vino fallado"}


@pytest.fixture
def cliente(admin: TestClient) -> int:
    """Id of a customer who may owe 100 for 30 days."""
    nuevo = {
        "tipo_doc": "6",
        "numero_doc": "20131312955",
        "razon_social": "Compra Mucho S.A.",
        "limite_credito": "100",
        "dias_credito": 30,
    }
    answer = admin.post("/api/clientes/", json=nuevo)
    assert answer.status_code == 201, answer.text
    found: int = answer.json()["id"]
    return found


def debe(client: TestClient, cliente: int) -> str:
    owed: str = client.get(f"/api/clientes/{cliente}/credito/").json()["saldo_credito"]
    return owed


def test_venta_on_credit_counts_until_the_limit(
    cajero: TestClient, cliente: int, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    body = shop.venta(caja, cliente_id=cliente, formas_pago=A_CREDITO)
    venta = cajero.post(VENTAS, json=body).json()
    vence = date.fromisoformat(venta["fecha_vencimiento"])
    hoy = runtime.transact(lambda ctx: ctx.now.astimezone(ctx.time_zone).date())
    assert (venta["monto_credito"], vence - hoy) == ("47.20", timedelta(30))
    a_medias = [{"metodo": "credito", "monto": "40"}, {"metodo": "efectivo", "monto": "10"}]
    segunda = cajero.post(VENTAS, json=body | {"formas_pago": a_medias}).json()
    assert (segunda["monto_credito"], segunda["vuelto"]) == ("40.00", "2.80")
    before = contents(runtime)
    tercera = cajero.post(VENTAS, json=body)
    assert (tercera.status_code, tercera.json()["code"]) == (422, "credito_insuficiente")
    assert tercera.json()["detail"] == (
        "El cliente puede deber 100.00 y ya debe 87.20: quedan 12.80, y esta venta lleva 47.20 "
        "al crédito."
    )
    assert not changed(before, contents(runtime))
    credito = cajero.get(f"/api/clientes/{cliente}/credito/").json()
    assert (credito["saldo_credito"], credito["disponible"]) == ("87.20", "12.80")
    assert [one["venta_id"] for one in credito["ventas"]] == [segunda["id"], venta["id"]]
    assert not credito["ventas"][0]["vencida"]
    assert cajero.get(f"/api/cajas/{caja}/reporte-z/").json()["monto_esperado"] == "107.20"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fecha_vencimiento": "2020-01-01"}, "fecha_vencimiento"),
        (
            {
                "fecha_vencimiento": "2999-01-01",
                "formas_pago": [{"metodo": "yape", "monto": "47.20"}],
            },
            "fecha_vencimiento",
        ),
    ],
)
def test_venta_on_credit_that_makes_no_sense_is_a_400(
    cajero: TestClient, cliente: int, shop: Shop, change: dict[str, Any], field: str
) -> None:
    caja = abrir_caja(cajero, shop)
    body = shop.venta(caja, cliente_id=cliente, formas_pago=A_CREDITO) | change
    answer = cajero.post(VENTAS, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)


def test_venta_on_credit_to_nobody_in_particular_is_refused(cajero: TestClient, shop: Shop) -> None:
    answer = cajero.post(VENTAS, json=shop.venta(abrir_caja(cajero, shop), formas_pago=A_CREDITO))
    assert (answer.status_code, answer.json()["code"]) == (422, "credito_insuficiente")


def test_abonar_takes_off_what_is_owed_and_fills_the_caja(
    cajero: TestClient, cliente: int, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    cajero.post(VENTAS, json=shop.venta(caja, cliente_id=cliente, formas_pago=A_CREDITO))
    address = f"/api/clientes/{cliente}/abonos/"
    abono = {"caja_id": caja, "monto": "30", "metodo": "efectivo"}
    answer = cajero.post(address, json=abono)
    assert (answer.status_code, answer.json()["saldo_credito"]) == (201, "17.20")
    before = contents(runtime)
    more = cajero.post(address, json=abono)
    assert (more.status_code, more.json()["code"]) == (422, "abono_excede")
    assert more.json()["detail"] == "El cliente debe 17.20."
    later = cajero.post(address, json=abono | {"metodo": "credito", "monto": "1"})
    assert later.json()["errors"][0]["field"] == "metodo"
    assert not changed(before, contents(runtime))
    assert cajero.post(address, json=abono | {"metodo": "yape", "monto": "17.2"}).is_success
    assert debe(cajero, cliente) == "0.00"
    z = cajero.get(f"/api/cajas/{caja}/reporte-z/").json()
    assert z["monto_esperado"] == "130.00"
    assert {one["metodo"]: one["abonos"] for one in z["metodos"]} == {
        "efectivo": "30.00",
        "yape": "17.20",
        "credito": "0.00",
    }


def test_what_comes_back_is_taken_off_what_is_owed_first(
    cajero: TestClient, admin: TestClient, cliente: int, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    venta = cajero.post(
        VENTAS, json=shop.venta(caja, cliente_id=cliente, formas_pago=A_CREDITO)
    ).json()
    lineas = [{"detalle_id": venta["detalle"][0]["id"], "cantidad": 1}]
    address = f"{VENTAS}{venta['id']}/"
    vuelta = cajero.post(f"{address}devoluciones/", json=MOTIVO | {"lineas": lineas}).json()
    assert (vuelta["monto_credito"], debe(cajero, cliente)) == ("11.80", "35.40")
    # Ten of it were paid since: these go back in cash, the rest is not owed any more.
    abono = {"caja_id": caja, "monto": "10", "metodo": "yape"}
    cajero.post(f"/api/clientes/{cliente}/abonos/", json=abono)
    assert admin.post(f"{address}anular/", json=MOTIVO).status_code == 200
    assert debe(cajero, cliente) == "0.00"
    z = cajero.get(f"/api/cajas/{caja}/reporte-z/").json()
    assert z["monto_esperado"] == "90.00"
    assert {one["metodo"]: one["neto"] for one in z["metodos"]} == {
        "efectivo": "-10.00",
        "yape": "10.00",
        "credito": "10.00",  # what was not taken off: it was paid
    }


@pytest.mark.slow
def test_sales_at_once_never_pass_the_limit_together(
    connect: Connect, cliente: int, shop: Shop, runtime: Runtime
) -> None:
    sellers = [connect(name) for name in ("cajero", "cajera", "vendedor", "gerente")]
    cajas = [abrir_caja(one, shop) for one in sellers]
    barrier = Barrier(8)

    def sell(number: int) -> int:
        which = number % len(sellers)
        detalle = [{"producto_id": shop.productos[number % 5], "cantidad": 1}]
        body = shop.venta(
            cajas[which],
            cliente_id=cliente,
            detalle=detalle,
            formas_pago=[{"metodo": "credito", "monto": "11.80"}],
        )
        barrier.wait()
        return sellers[which].post(VENTAS, json=body).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = Counter(pool.map(sell, range(16)))
    assert statuses == {201: 8, 422: 8}  # 8 times 11.80 is 94.40
    with runtime.database.engine.connect() as connection:
        query = "SELECT saldo_credito, (SELECT sum(monto_credito) FROM ventas) FROM clientes"
        saldo, vendido = connection.execute(text(f"{query} WHERE id = :id"), {"id": cliente}).one()
    assert saldo == vendido
