"""Transfers: their states, and what becomes of a difference. Source: módulo 2."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime
from tests.addons.base.signed_in import run_jobs
from tests.addons.inventory.almacenero import (
    TRANSFERENCIA,
    envio,
    fields_of,
    mercaderia,
    movimientos,
    post,
    saldo,
)
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop
from tests.web.pages import Browser

pytestmark = pytest.mark.usefixtures("libro")


@pytest.fixture
def una(almacen: TestClient, shop: Shop) -> Any:
    """A transfer of 10 and 4 units."""
    return post(almacen, "transferencia/", envio(shop, (0, "10"), (1, "4")))


def recibir(client: TestClient, una: Any, *cantidades: str) -> Any:
    """Return the transfer after the destination counted its lines."""
    detalle = [
        {"detalle_id": linea["id"], "cantidad_recibida": cantidad}
        for linea, cantidad in zip(una["detalle"], cantidades, strict=True)
    ]
    return post(client, f"transferencia/{una['id']}/confirmar/", {"detalle": detalle}, 200)


def resolver(client: TestClient, una: Any, resolucion: str, status: int = 200) -> Any:
    """Return the answer to settling the first open difference."""
    abierta = next(one for one in una["incidencias"] if one["estado"] == "ABIERTA")
    resuelta = {"incidencia_id": abierta["id"], "resolucion": resolucion, "motivo": "Se aclaró"}
    return post(
        client, f"transferencia/{una['id']}/resolver/", {"resoluciones": [resuelta]}, status
    )


def test_difference_keeps_the_transfer_open_and_the_goods_where_they_were(
    almacen: TestClient, connect: Connect, shop: Shop, una: Any, runtime: Runtime
) -> None:
    una = recibir(almacen, una, "9", "4")
    assert una["estado"] == "CON_INCIDENCIA"
    (incidencia,) = una["incidencias"]
    assert (incidencia["cantidad_enviada"], incidencia["cantidad_recibida"]) == (
        "10.0000",
        "9.0000",
    )
    assert saldo(almacen, shop) == ("100.0000", "10.0000")
    assert saldo(almacen, shop, almacen=1) == ("0", "0")
    assert saldo(almacen, shop, almacen=1, producto=1) == ("0", "0")
    for act in ("confirmar", "enviar", "cancelar"):
        told = post(almacen, f"transferencia/{una['id']}/{act}/", status=409)
        assert told["code"] == "estado_no_permite"
    run_jobs(runtime)
    avisos = almacen.get("/api/notificaciones/").json()["items"]
    assert {one["titulo"] for one in avisos} == {
        f"Incidencia en la transferencia {una['id']}",
        f"Transferencia {una['id']} solicitada",
    }


@pytest.mark.parametrize(
    ("resolucion", "origen", "destino", "tipos"),
    [
        ("enviada", "90.0000", "10.0000", ["TRANSFERENCIA", "TRANSFERENCIA"]),
        ("recibida", "92.0000", "8.0000", ["TRANSFERENCIA", "TRANSFERENCIA"]),
        ("perdida", "90.0000", "8.0000", ["TRANSFERENCIA", "AJUSTE", "TRANSFERENCIA"]),
    ],
)
def test_difference_that_is_settled_confirms_the_transfer(
    almacen: TestClient,
    shop: Shop,
    una: Any,
    resolucion: str,
    origen: str,
    destino: str,
    tipos: list[str],
) -> None:
    una = resolver(almacen, recibir(almacen, una, "8", "4"), resolucion)
    assert una["estado"] == "CONFIRMADA"
    assert saldo(almacen, shop) == (origen, "0.0000")
    assert saldo(almacen, shop, almacen=1) == (destino, "0.0000")
    assert saldo(almacen, shop, almacen=1, producto=1) == ("4.0000", "0.0000")
    hechos = movimientos(almacen, referencia_doc=f"transferencia:{una['id']}")
    assert [one["tipo_movimiento"] for one in hechos] == tipos


def test_each_difference_is_settled_by_itself(almacen: TestClient, shop: Shop, una: Any) -> None:
    una = recibir(almacen, una, "0", "5")
    una = resolver(almacen, una, "recibida")
    assert una["estado"] == "CON_INCIDENCIA"
    told = resolver(almacen, una, "perdida", 400)
    assert fields_of(told) == [("resoluciones.0.resolucion", "sobra")]
    una = resolver(almacen, una, "recibida")
    assert una["estado"] == "CONFIRMADA"
    assert saldo(almacen, shop) == ("100.0000", "0.0000")
    assert saldo(almacen, shop, producto=1) == ("95.0000", "0.0000")


def test_more_than_there_is_cannot_be_sent(
    almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    body = envio(shop, (0, "60"), (1, "101"), (0, "41"))
    told = post(almacen, "transferencia/", body, 400)
    assert fields_of(told) == [
        ("detalle.1.cantidad_enviada", "stock_insuficiente"),
        ("detalle.2.cantidad_enviada", "stock_insuficiente"),
    ]
    assert not changed(before, contents(runtime))


def test_what_is_on_its_way_cannot_be_sold_or_sent_again(
    almacen: TestClient, shop: Shop, una: Any
) -> None:
    told = post(almacen, "salida/", mercaderia(shop, "91"), 400)
    assert told["errors"][0]["message"] == "Quedan 90."
    post(almacen, "transferencia/", envio(shop, (0, "91")), 400)
    post(almacen, f"transferencia/{una['id']}/cancelar/", status=200)
    post(almacen, "transferencia/", envio(shop, (0, "91")))


@pytest.mark.parametrize(
    ("change", "status", "faults"),
    [
        ({"almacen_destino_id": 0}, 422, [("almacen_destino_id", "sin_sentido")]),
        ({"almacen_destino_id": 999}, 400, [("almacen_destino_id", "no_existe")]),
        ({"detalle": [{"producto_id": 999, "cantidad_enviada": "1"}]}, 400,
         [("detalle.0.producto_id", "no_existe")]),
        ({"detalle": [{"producto_id": 1, "cantidad_enviada": "0"}]}, 400,
         [("detalle.0.cantidad_enviada", "greater_than")]),
        ({"detalle": []}, 400, [("detalle", "too_short")]),
    ],
)  # fmt: skip
def test_transfer_that_names_what_is_not_there_is_refused(
    almacen: TestClient,
    shop: Shop,
    runtime: Runtime,
    change: Any,
    status: int,
    faults: list[tuple[str, str]],
) -> None:
    before = contents(runtime)
    if change.get("almacen_destino_id") == 0:
        change = {"almacen_destino_id": shop.almacenes[0]}
    told = post(almacen, "transferencia/", envio(shop, (0, "1")) | change, status)
    assert fields_of(told) == faults
    assert not changed(before, contents(runtime))


def test_count_that_leaves_a_line_out_is_refused(almacen: TestClient, una: Any) -> None:
    path = f"transferencia/{una['id']}/confirmar/"
    uno, dos = (linea["id"] for linea in una["detalle"])
    for ids, faults in (
        ([uno], [("detalle", "faltan_lineas")]),
        ([uno, uno, dos], [("detalle.1.detalle_id", "repetida")]),
        ([uno, dos, 999], [("detalle.2.detalle_id", "ajena")]),
    ):
        detalle = [{"detalle_id": one, "cantidad_recibida": "1"} for one in ids]
        assert fields_of(post(almacen, path, {"detalle": detalle}, 400)) == faults


def test_each_end_does_its_own_part(
    connect: Connect, admin: TestClient, shop: Shop, una: Any, runtime: Runtime
) -> None:
    """Who reaches one almacén only sends from there, receives there, and sees both ends' papers."""
    path = f"/api/usuarios/{shop.usuarios['almacen']}/almacenes/"
    admin.put(path, json={"almacenes": shop.almacenes[1:]})
    destino = connect("almacen")
    assert destino.get(f"{TRANSFERENCIA}{una['id']}/").status_code == 200
    before = contents(runtime)
    for act in ("enviar", "cancelar"):
        post(destino, f"transferencia/{una['id']}/{act}/", status=403)
    assert not changed(before, contents(runtime))
    una = recibir(destino, una, "9", "4")
    assert resolver(destino, una, "enviada", 403)["code"] == "sin_permiso"
    assert resolver(admin, una, "perdida")["estado"] == "CONFIRMADA"
    admin.put(path, json={"almacenes": shop.almacenes[:1]})
    otra = post(admin, "transferencia/", envio(shop, (0, "1")))
    post(connect("almacen"), f"transferencia/{otra['id']}/confirmar/", status=403)
    post(connect("cajero"), f"transferencia/{otra['id']}/confirmar/", status=403)
    assert admin.get(f"{TRANSFERENCIA}999/").status_code == 404


def test_next_step_of_a_transferencia_is_the_primary_button_of_its_form(
    http: TestClient, almacen: TestClient, una: Any
) -> None:
    browser = Browser(http, "almacen")
    place = f"/app/inventario/transferencia/{una['id']}/"
    browser.get(place)
    acts = ".does summary, .does button[name=_acto]"
    primary = ".does summary.primary, .does button[name=_acto].primary"
    assert browser.texts(primary) == ["Enviar"]
    assert browser.texts(acts) == ["Enviar", "Confirmar la recepción", "Cancelar"]
    assert browser.texts(".states li") == ["Solicitada", "Enviada", "Confirmada"]
    post(almacen, f"transferencia/{una['id']}/enviar/", {}, 200)
    browser.get(place)
    assert browser.texts(primary) == browser.texts(acts) == ["Confirmar la recepción"]
