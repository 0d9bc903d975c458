"""Physical counts beside each other, and beside goods on their way. Source: módulo 2."""

from __future__ import annotations

from threading import Barrier, Thread
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.addons.inventory.almacenero import (
    INVENTARIO,
    envio,
    fields_of,
    mercaderia,
    movimientos,
    post,
    saldo,
    trazar,
)
from tests.conftest import Connect
from tests.shop import Shop

pytestmark = pytest.mark.usefixtures("libro")


def hoja(client: TestClient, shop: Shop, *cantidades: str, **more: Any) -> Any:
    """Return a count of the first products, with what was counted of each."""
    cuantos = len(cantidades)
    body = {"almacen_id": shop.almacenes[0], "productos": shop.productos[:cuantos]}
    conteo = post(client, "conteos/", body)
    detalle = [
        {"producto_id": producto, "cantidad": cantidad, **more}
        for producto, cantidad in zip(shop.productos, cantidades, strict=False)
    ]
    return post(client, f"conteos/{conteo['id']}/contar/", {"detalle": detalle}, 200)


def cerrar(client: TestClient, conteo: Any) -> list[int]:
    """Return the ajustes that closing a count led to."""
    ajustes: list[int] = post(client, f"conteos/{conteo['id']}/cerrar/", status=200)["ajustes"]
    return ajustes


def test_two_counts_of_the_same_goods_correct_them_once(almacen: TestClient, shop: Shop) -> None:
    una, otra = hoja(almacen, shop, "98", "100"), hoja(almacen, shop, "98", "101")
    assert len(cerrar(almacen, una)) == 1
    (linea, _) = almacen.get(f"{INVENTARIO}conteos/{otra['id']}/").json()["lineas"]
    assert (linea["stock_sistema"], linea["diferencia"]) == ("98.0000", "0.0000")
    assert len(cerrar(almacen, otra)) == 1
    assert saldo(almacen, shop)[0] == "98.0000"
    assert saldo(almacen, shop, producto=1)[0] == "101.0000"


def test_two_counts_of_the_same_lot_correct_it_once(almacen: TestClient, shop: Shop) -> None:
    trazar(almacen, shop, "lote")
    post(almacen, "entrada/", mercaderia(shop, "5", numero_lote="B"))
    una, otra = (hoja(almacen, shop, "3", numero_lote="B") for _ in range(2))
    cerrar(almacen, una)
    cerrar(almacen, otra)
    assert saldo(almacen, shop)[0] == "103.0000"


def test_two_counts_that_close_at_once_correct_the_goods_once(
    connect: Connect, almacen: TestClient, shop: Shop
) -> None:
    hojas = [hoja(almacen, shop, "90", "90", "90") for _ in range(4)]
    people = [connect("almacen") for _ in hojas]
    barrier = Barrier(len(hojas))

    def close(client: TestClient, conteo: Any) -> None:
        barrier.wait()
        cerrar(client, conteo)

    acts = [Thread(target=close, args=one) for one in zip(people, hojas, strict=True)]
    for act in acts:
        act.start()
    for act in acts:
        act.join()
    assert [saldo(almacen, shop, producto=one)[0] for one in range(3)] == ["90.0000"] * 3
    hechos = movimientos(almacen, tipo_movimiento="AJUSTE")
    assert [one["cantidad"] for one in hechos] == ["10.0000"] * 3


def test_goods_on_their_way_are_not_missed(almacen: TestClient, shop: Shop) -> None:
    una = post(almacen, "transferencia/", envio(shop, (0, "10")))
    post(almacen, f"transferencia/{una['id']}/enviar/", status=200)
    conteo = hoja(almacen, shop, "90")
    assert [one["stock_sistema"] for one in conteo["lineas"]] == ["90.0000"]
    assert cerrar(almacen, conteo) == []
    post(almacen, f"transferencia/{una['id']}/confirmar/", status=200)
    assert saldo(almacen, shop) == ("90.0000", "0.0000")
    assert saldo(almacen, shop, almacen=1) == ("10.0000", "0.0000")


def test_lots_on_their_way_are_not_missed(almacen: TestClient, shop: Shop) -> None:
    trazar(almacen, shop, "lote")
    post(almacen, "entrada/", mercaderia(shop, "5", numero_lote="B"))
    body = envio(shop, (0, "2", {"numero_lote": "B"}))
    una = post(almacen, "transferencia/", body)
    post(almacen, f"transferencia/{una['id']}/enviar/", status=200)
    conteo = hoja(almacen, shop, "3", numero_lote="B")
    assert cerrar(almacen, conteo) == []


def test_sheet_names_products_that_do_not_exist(almacen: TestClient, shop: Shop) -> None:
    body = {"almacen_id": shop.almacenes[0], "productos": [shop.productos[0], 99_999]}
    told = post(almacen, "conteos/", body, 400)
    assert fields_of(told) == [("productos.1", "no_existe")]


def test_series_is_there_or_not(almacen: TestClient, shop: Shop) -> None:
    post(almacen, "ajuste/", mercaderia(shop, "-100"))
    trazar(almacen, shop, "serie")
    post(almacen, "entrada/", mercaderia(shop, "1", numero_serie="S1"))
    body = {"almacen_id": shop.almacenes[0], "productos": shop.productos[:1]}
    conteo = post(almacen, "conteos/", body)
    contado = {"producto_id": shop.productos[0], "numero_serie": "S1", "cantidad": "2"}
    told = post(almacen, f"conteos/{conteo['id']}/contar/", {"detalle": [contado]}, 400)
    assert fields_of(told) == [("detalle.0.cantidad", "una_por_serie")]
    tecleada = {"id": conteo["lineas"][0]["id"], "cantidad_contada": "0.5"}
    answer = almacen.put(f"{INVENTARIO}conteos/{conteo['id']}/", json={"lineas": [tecleada]})
    assert fields_of(answer.json()) == [("lineas.0.cantidad_contada", "una_por_serie")]


def test_sheet_of_more_lines_than_it_holds_is_refused(
    almacen: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addons.inventory.services.conteos.MAX_HOJA", 9)
    todos = {"almacen_id": shop.almacenes[0]}
    assert fields_of(post(almacen, "conteos/", todos, 400)) == [("almacen_id", "muchas_lineas")]
    assert almacen.get(f"{INVENTARIO}conteos/").json()["items"] == []
    post(almacen, "conteos/", todos | {"productos": shop.productos[:9]})
