"""Several people on one document at once: one acts, the others are told. Source: módulos 1, 2."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.addons.inventory.almacenero import INVENTARIO, envio, movimientos, post, saldo
from tests.conftest import Connect
from tests.shop import Shop, abrir_caja

PEOPLE = 4
pytestmark = pytest.mark.usefixtures("libro")


def together(people: list[TestClient], act: Callable[[TestClient], Any]) -> Counter[int]:
    """Return how often each status was answered to an act that all begin at once."""
    barrier = Barrier(len(people))

    def run(client: TestClient) -> int:
        barrier.wait()
        status: int = act(client).status_code
        return status

    with ThreadPoolExecutor(len(people)) as pool:
        return Counter(pool.map(run, people))


def test_order_is_sold_once(connect: Connect, cajero: TestClient, shop: Shop) -> None:
    caja = abrir_caja(cajero, shop)
    detalle = [{"producto_id": shop.productos[0], "cantidad": 60}]
    orden = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0], "detalle": detalle}
    made = connect("vendedor").post("/api/ordenes-venta/", json=orden).json()
    path = f"/api/ordenes-venta/{made['id']}/"
    body = {"caja_id": caja, "metodo": "efectivo"}
    told = together(
        [connect("cajero") for _ in range(PEOPLE)],
        lambda client: client.post(f"{path}vender/", json=body),
    )
    assert told == {201: 1, 409: PEOPLE - 1}
    assert saldo(connect("almacen"), shop) == ("40.0000", "0.0000")


def test_quotation_becomes_one_order(connect: Connect, shop: Shop) -> None:
    detalle = [{"producto_id": shop.productos[0], "cantidad": 1}]
    oferta = {"cliente_id": shop.cliente, "sucursal_id": shop.sucursales[0], "detalle": detalle}
    una = connect("vendedor").post("/api/cotizaciones/", json=oferta).json()["id"]
    told = together(
        [connect("vendedor") for _ in range(PEOPLE)],
        lambda client: client.post(f"/api/cotizaciones/{una}/convertir/"),
    )
    assert told == {201: 1, 409: PEOPLE - 1}


def test_transfer_arrives_once_and_a_difference_is_settled_once(
    connect: Connect, shop: Shop
) -> None:
    people = [connect("almacen") for _ in range(PEOPLE)]
    una = post(people[0], "transferencia/", envio(shop, (0, "10")))["id"]
    path = f"{INVENTARIO}transferencia/{una}/confirmar/"
    assert together(people, lambda client: client.post(path)) == {200: 1, 409: PEOPLE - 1}
    assert saldo(people[0], shop, almacen=1)[0] == "10.0000"
    otra = post(people[0], "transferencia/", envio(shop, (0, "10")))
    contada = {"detalle_id": otra["detalle"][0]["id"], "cantidad_recibida": "7"}
    short = post(people[0], f"transferencia/{otra['id']}/confirmar/", {"detalle": [contada]}, 200)
    path = f"{INVENTARIO}incidencias/{short['incidencias'][0]['id']}/resolver/"
    lost = {"resolucion": "perdida", "motivo": "Se rompió"}
    told = together(people, lambda client: client.post(path, json=lost))
    assert told == {200: 1, 409: PEOPLE - 1}
    assert saldo(people[0], shop) == ("80.0000", "0.0000")


def test_count_is_closed_once(connect: Connect, shop: Shop) -> None:
    people = [connect("almacen") for _ in range(PEOPLE)]
    hoja = {"almacen_id": shop.almacenes[0], "productos": shop.productos[:1]}
    conteo = post(people[0], "conteos/", hoja)["id"]
    contado = {"detalle": [{"producto_id": shop.productos[0], "cantidad": "98"}]}
    post(people[0], f"conteos/{conteo}/contar/", contado, 200)
    path = f"{INVENTARIO}conteos/{conteo}/cerrar/"
    assert together(people, lambda client: client.post(path)) == {200: 1, 409: PEOPLE - 1}
    assert len(movimientos(people[0], referencia_doc=f"conteo:{conteo}")) == 1


def test_sale_is_annulled_once_while_it_comes_back(
    connect: Connect, cajero: TestClient, shop: Shop
) -> None:
    venta = cajero.post("/api/ventas/", json=shop.venta(abrir_caja(cajero, shop))).json()
    path, people = f"/api/ventas/{venta['id']}/", [connect("gerente") for _ in range(PEOPLE)]
    lineas = [{"detalle_id": one["id"], "cantidad": one["cantidad"]} for one in venta["detalle"]]
    back = {"motivo": "Todo vuelve", "lineas": lineas}
    both = [("anular/", {"motivo": "Error"}), ("devoluciones/", back)] * (PEOPLE // 2)
    acts = dict(zip(map(id, people), both, strict=True))

    def act(client: TestClient) -> Any:
        name, body = acts[id(client)]
        return client.post(f"{path}{name}", json=body)

    told = together(people, act)
    assert sum(n for status, n in told.items() if status in (200, 201)) == 1, told
    assert set(told) <= {200, 201, 400, 409, 422}, told
    almacen = connect("almacen")
    for producto in (0, 1):
        assert saldo(almacen, shop, producto=producto) == ("100.0000", "0.0000")
