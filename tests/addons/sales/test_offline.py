"""Sales made without a connection, sent in batches. Source: spec/erp-modules.md, módulo 1."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from addons.sales.schemas import VentaEnCaja
from addons.sales.services.ventas import Origen, registrar_venta
from kernel.context import Ctx
from kernel.runtime import Runtime
from tests.addons.base.signed_in import read, write
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.kernel.workshop import wait_until
from tests.shop import Shop, abrir_caja

SYNC = "/api/ventas/offline-sync/"


def guardada(shop: Shop, caja: int, minutes: float = 60, **changes: Any) -> dict[str, Any]:
    """Return a sale as a till kept it, so many minutes ago."""
    instant = datetime.now(UTC) - timedelta(minutes=minutes)
    venta = shop.venta(caja, **changes)
    return {
        "uuid": str(uuid4()),
        "fecha_registro_local": instant.isoformat(),
        "venta": venta,
    }


def send(client: TestClient, *ventas: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(SYNC, json={"ventas": ventas})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def results(told: dict[str, Any]) -> list[str]:
    return [one["resultado"] for one in told["ventas"]]


def test_batch_sent_twice_sells_once(cajero: TestClient, shop: Shop, runtime: Runtime) -> None:
    caja = abrir_caja(cajero, shop)
    ventas = [guardada(shop, caja, minutes) for minutes in (30, 20, 10)]
    first = send(cajero, *ventas)
    before = contents(runtime, "ventas_offline")
    again = send(cajero, *ventas)
    assert results(first) == ["sincronizada"] * 3
    assert results(again) == ["repetida"] * 3
    for one, two in zip(first["ventas"], again["ventas"], strict=True):
        assert {k: one[k] for k in ("uuid", "venta_id", "serie", "numero")} == {
            k: two[k] for k in ("uuid", "venta_id", "serie", "numero")
        }
    assert not changed(before, contents(runtime, "ventas_offline"))
    venta = cajero.get(f"/api/ventas/{first['ventas'][0]['venta_id']}/").json()
    assert venta["uuid"] == ventas[0]["uuid"]
    sold = datetime.fromisoformat(venta["fecha"])
    assert sold == datetime.fromisoformat(ventas[0]["fecha_registro_local"])
    rows = read(runtime, "SELECT sincronizado, error_sync, intentos FROM ventas_offline")
    assert rows == [(True, "", 2)] * 3


@pytest.mark.slow
def test_batch_sent_twice_at_once_sells_once(
    connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    cajero = connect("cajero")
    caja = abrir_caja(cajero, shop)
    ventas = [guardada(shop, caja, minutes) for minutes in range(12, 0, -1)]
    barrier = Barrier(4)

    def sync(_number: int) -> list[str]:
        barrier.wait()
        return results(send(cajero, *ventas))

    with ThreadPoolExecutor(4) as pool:
        told = Counter(result for found in pool.map(sync, range(4)) for result in found)
    assert told == {"sincronizada": 12, "repetida": 36}
    assert read(runtime, "SELECT count(*), count(DISTINCT uuid), max(numero) FROM ventas") == [
        (12, 12, 12)
    ]


def test_error_stays_with_its_reason_until_it_can_be_sold(
    cajero: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    caja, gerente = abrir_caja(cajero, shop), connect("gerente")
    detalle = [{"producto_id": shop.productos[0], "cantidad": 101}]
    pagos = [{"metodo": "yape", "monto": "1191.80"}]
    mucho = guardada(shop, caja, detalle=detalle, formas_pago=pagos)
    for attempt in (1, 2):
        (one,) = send(cajero, mucho)["ventas"]
        assert (one["resultado"], one["codigo"]) == ("error_sync", "stock_insuficiente")
        (row,) = gerente.get("/api/ventas-offline/?sincronizado=false").json()["items"]
        assert (row["error_sync"], row["intentos"]) == (one["error_sync"], attempt)
        assert row["error_sync"].endswith("Detalle, línea 1, Cantidad: Quedan 100.")
        assert row["payload_json"]["detalle"] == detalle
    assert read(runtime, "SELECT count(*) FROM ventas") == [(0,)]
    address = f"/api/ventas-offline/{row['id']}/reintentar/"
    assert gerente.post(address, json={}).json()["resultado"] == "error_sync"
    entrada = {"almacen_id": shop.almacenes[0], "producto_id": shop.productos[0], "cantidad": 1}
    answer = connect("admin").post("/api/inventario/entrada/", json=entrada | {"motivo": "Llegó"})
    assert answer.status_code == 201, answer.text
    assert cajero.post(address, json={}).status_code == 403
    told = gerente.post(address, json={}).json()
    assert told["resultado"] == "sincronizada"
    venta = gerente.get(f"/api/ventas/{told['venta_id']}/").json()
    assert venta["usuario_id"] == shop.usuarios["cajero"]  # who sold it, not who tried again
    assert gerente.post(address, json={}).status_code == 404  # it is sold
    (row,) = gerente.get("/api/ventas-offline/").json()["items"]
    assert (row["sincronizado"], row["error_sync"], row["error_codigo"]) == (True, "", "")


def test_sale_that_is_sent_again_is_kept_as_it_was_sent_last(
    cajero: TestClient, connect: Connect, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    una = guardada(shop, caja)
    gerente = connect("gerente")
    for cantidad in (5000, 4000, 1):
        detalle = [{"producto_id": shop.productos[0], "cantidad": cantidad}]
        una["venta"] = una["venta"] | {"detalle": detalle}
        send(cajero, una)
        (row,) = gerente.get("/api/ventas-offline/").json()["items"]
        assert row["payload_json"]["detalle"] == detalle
    assert row["sincronizado"]
    una["venta"] = una["venta"] | {"detalle": detalle * 2}
    assert results(send(cajero, una)) == ["repetida"]
    (row,) = gerente.get("/api/ventas-offline/").json()["items"]
    assert row["payload_json"]["detalle"] == detalle


def test_reason_of_an_error_is_read_in_the_language_of_who_asks(
    cajero: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    caja, gerente = abrir_caja(cajero, shop), connect("gerente")
    detalle = [{"producto_id": shop.productos[0], "cantidad": 101}]
    pagos = [{"metodo": "yape", "monto": "1191.80"}]
    (told,) = send(cajero, guardada(shop, caja, detalle=detalle, formas_pago=pagos))["ventas"]
    english = {"Accept-Language": "en"}
    (row,) = gerente.get("/api/ventas-offline/").json()["items"]
    for place in ("/api/ventas-offline/", f"/api/ventas-offline/{row['id']}/"):
        found = [gerente.get(place, headers=headers).json() for headers in ({}, english)]
        spanish, translated = (one.get("items", [one])[0]["error_sync"] for one in found)
        assert spanish == told["error_sync"]
        assert spanish.endswith("Detalle, línea 1, Cantidad: Quedan 100.")
        assert translated.endswith("line 1, Quantity: 100 are left.")
        assert translated.partition(".")[0] != spanish.partition(".")[0]
    exported = gerente.get("/api/ventas-offline/exportar/", headers=english)
    assert "100 are left." in exported.text


def test_bad_sales_of_a_batch_hurt_no_others(
    cajero: TestClient, connect: Connect, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    cerrada = abrir_caja(connect("cajera"), shop)
    write(runtime, "UPDATE cajas SET estado = 'cerrada' WHERE id = :id", id=cerrada)
    ahead = datetime.now(UTC) + timedelta(hours=1)
    ventas = [
        guardada(shop, caja, 60),
        guardada(shop, caja, 50) | {"venta": {}},
        guardada(shop, caja, 40) | {"venta": {"detalle": "x", "otro": [[[]]], "total": "1"}},
        guardada(shop, cerrada, 30),
        guardada(shop, caja, 20, formas_pago=[{"metodo": "efectivo", "monto": "1"}]),
        guardada(shop, caja, 10, sucursal_id=shop.sucursales[1]),
        guardada(shop, caja, 24 * 60 * 31),
        guardada(shop, caja) | {"fecha_registro_local": ahead.isoformat()},
        guardada(shop, caja, 5),
    ]
    told = send(cajero, *ventas)
    codes = {one["uuid"]: one["codigo"] for one in told["ventas"]}
    assert [codes[one["uuid"]] for one in ventas] == [
        "",
        "validacion",
        "validacion",
        "caja_cerrada",
        "pago_no_cuadra",
        "validacion",
        "fecha_antigua",
        "fecha_futura",
        "",
    ]
    assert (told["sincronizadas"], told["con_error"]) == (2, 7)
    missing = next(one for one in told["ventas"] if one["uuid"] == ventas[1]["uuid"])
    assert {one["field"] for one in missing["errores"]} >= {"cliente_id", "detalle", "caja_id"}
    assert read(runtime, "SELECT count(*), sum(intentos) FROM ventas_offline") == [(9, 9)]
    assert read(runtime, "SELECT numero FROM ventas ORDER BY id") == [(1,), (2,)]


def test_batch_that_cannot_be_told_apart_is_refused_whole(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = guardada(shop, abrir_caja(cajero, shop))
    before = contents(runtime)
    naive = una["fecha_registro_local"].partition("+")[0]
    for body, field in (
        ({"ventas": []}, "ventas"),
        ({"ventas": [una] * 201}, "ventas"),
        ({"ventas": [una | {"uuid": "x"}]}, "ventas.0.uuid"),
        ({"ventas": [una | {"fecha_registro_local": naive}]}, "ventas.0.fecha_registro_local"),
        ({"ventas": [una | {"fecha_registro_local": 1e9}]}, "ventas.0.fecha_registro_local"),
        ({"ventas": [una | {"venta": []}]}, "ventas.0.venta"),
        ({"ventas": [una, una | {"mas": 1}]}, "ventas.1.mas"),
    ):
        answer = cajero.post(SYNC, json=body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert not changed(before, contents(runtime))


def test_uuid_that_was_sold_with_a_connection_is_not_sold_again(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = guardada(shop, abrir_caja(cajero, shop))
    body = una["venta"] | {"uuid": una["uuid"]}
    venta = cajero.post("/api/ventas/", json=body).json()
    again = cajero.post("/api/ventas/", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "venta_repetida")
    (one,) = send(cajero, una)["ventas"]
    assert (one["resultado"], one["venta_id"]) == ("repetida", venta["id"])
    assert read(runtime, "SELECT sincronizado, venta_id FROM ventas_offline") == [
        (True, venta["id"])
    ]


def test_uuid_that_is_sent_several_times_at_once_is_told_where_it_was_sold(
    connect: Connect, shop: Shop
) -> None:
    clients = [connect("cajero") for _ in range(4)]
    venta = shop.venta(abrir_caja(clients[0], shop), uuid=str(uuid4()))
    barrier = Barrier(len(clients))

    def sell(client: TestClient) -> str:
        barrier.wait()
        code: str = client.post("/api/ventas/", json=venta).json().get("code", "")
        return code

    with ThreadPoolExecutor(len(clients)) as pool:
        told = sorted(pool.map(sell, clients))
    assert told == ["", *["venta_repetida"] * 3]


def test_sale_whose_twin_is_being_sold_is_told_where_it_was_sold(
    cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    """A till that heard nothing of ``POST /api/ventas/`` sends the sale while that one goes on."""
    una = guardada(shop, abrir_caja(cajero, shop))
    nueva = VentaEnCaja.model_validate(una["venta"] | {"uuid": una["uuid"]})
    waiting = """
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'
    """

    def sell(ctx: Ctx) -> tuple[int, Future[dict[str, Any]]]:
        venta = registrar_venta(ctx, nueva, Origen(usuario_id=shop.usuarios["cajero"]))
        sent = pool.submit(send, cajero, una)
        wait_until(lambda: read(runtime, waiting) != [(0,)])
        return venta.id, sent

    with ThreadPoolExecutor(1) as pool:
        venta_id, sent = runtime.transact(sell)
        told = sent.result()
    assert (results(told), told["ventas"][0]["venta_id"]) == (["repetida"], venta_id)
    rows = read(runtime, "SELECT sincronizado, venta_id, error_sync FROM ventas_offline")
    assert rows == [(True, venta_id, "")]
