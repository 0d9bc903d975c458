"""Reservations, orders that keep goods, and physical counts. Source: módulo 2."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from addons.inventory.services import ventas
from addons.sales.schemas import LineaPedida, OrdenVentaCerrada, OrdenVentaConfirmada
from kernel.context import Ctx
from kernel.runtime import Runtime, utc_now
from tests.addons.base.signed_in import read, run_jobs, write
from tests.addons.inventory.almacenero import (
    INVENTARIO,
    fields_of,
    mercaderia,
    movimientos,
    post,
    saldo,
    trazar,
)
from tests.contents import changed, contents
from tests.shop import STOCK, Shop, abrir_caja

pytestmark = pytest.mark.usefixtures("libro")


def test_reserved_goods_leave_for_their_reservation_only(
    almacen: TestClient, cajero: TestClient, shop: Shop
) -> None:
    una = post(almacen, "reservas/", mercaderia(shop, "99", referencia_doc="Pedido 7"))
    assert saldo(almacen, shop) == ("100.0000", "99.0000")
    caja = abrir_caja(cajero, shop)
    venta = cajero.post("/api/ventas/", json=shop.venta(caja))
    assert (venta.status_code, venta.json()["errors"][0]["message"]) == (400, "Quedan 1.")
    post(almacen, "salida/", mercaderia(shop, "2"), 400)
    post(almacen, "reservas/", mercaderia(shop, "2"), 400)
    told = post(almacen, "salida/", mercaderia(shop, "98", reserva_id=una["id"]), 400)
    assert fields_of(told) == [("cantidad", "otra")]
    post(almacen, "salida/", mercaderia(shop, "99", reserva_id=una["id"]))
    assert saldo(almacen, shop) == ("1.0000", "0.0000")
    assert almacen.get(f"{INVENTARIO}reservas/{una['id']}/").json()["estado"] == "CONSUMIDA"
    told = post(almacen, "salida/", mercaderia(shop, "1", reserva_id=una["id"]), 400)
    assert fields_of(told) == [("reserva_id", "cerrada")]


def test_reservation_ends_by_hand_or_in_time(
    almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    una = post(almacen, "reservas/", mercaderia(shop, "5"))
    liberar = f"reservas/{una['id']}/liberar/"
    assert post(almacen, liberar, status=200)["estado"] == "LIBERADA"
    assert post(almacen, liberar, status=409)["code"] == "reserva_cerrada"
    ayer = (utc_now() - timedelta(days=1)).isoformat()
    told = post(almacen, "reservas/", mercaderia(shop, "5", vence=ayer), 422)
    assert fields_of(told) == [("vence", "sin_sentido")]
    vence = (utc_now() + timedelta(hours=1)).isoformat()
    otra = post(almacen, "reservas/", mercaderia(shop, "5", vence=vence))
    runtime.transact(lambda ctx: ctx.enqueue("inventory.vencer_reservas"))
    run_jobs(runtime)
    assert saldo(almacen, shop) == ("100.0000", "5.0000")
    write(runtime, "UPDATE reservas_stock SET vence = now() WHERE id = :id", id=otra["id"])
    runtime.transact(lambda ctx: ctx.enqueue("inventory.vencer_reservas"))
    run_jobs(runtime)
    assert saldo(almacen, shop) == ("100.0000", "0.0000")
    assert almacen.get(f"{INVENTARIO}reservas/{otra['id']}/").json()["estado"] == "VENCIDA"
    told = post(almacen, "reservas/", mercaderia(shop, "1", referencia_doc="orden:1"), 400)
    assert [field for field, _ in fields_of(told)] == ["referencia_doc"]


def test_order_keeps_what_there_is_and_lets_go(
    almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    uno, dos = shop.productos[:2]
    lineas = (
        LineaPedida(uno, STOCK + 5, "detalle.0.cantidad"),
        LineaPedida(dos, STOCK / 2, "detalle.1.cantidad"),
    )

    def confirm(ctx: Ctx) -> None:
        ventas.reservar_orden(ctx, OrdenVentaConfirmada(7, shop.sucursales[0], lineas))

    def close(ctx: Ctx) -> None:
        ventas.cerrar_orden(ctx, OrdenVentaCerrada(7, shop.sucursales[0], "atendida"))

    runtime.transact(confirm)
    assert saldo(almacen, shop) == ("100.0000", "100.0000")
    assert saldo(almacen, shop, producto=1) == ("100.0000", "50.0000")
    (una, _) = almacen.get(f"{INVENTARIO}reservas/?referencia_doc=orden:7").json()["items"]
    assert post(almacen, f"reservas/{una['id']}/liberar/", status=409)["code"] == (
        "reserva_de_documento"
    )
    runtime.transact(close)
    assert saldo(almacen, shop) == ("100.0000", "0.0000")
    assert read(runtime, "SELECT DISTINCT estado FROM reservas_stock") == [("CONSUMIDA",)]


# Counts ------------------------------------------------------------------------------------------


def contar(client: TestClient, conteo: Any, *lineas: Any, status: int = 200) -> Any:
    """Return the answer to typing what was counted."""
    return post(client, f"conteos/{conteo['id']}/contar/", {"detalle": list(lineas)}, status)


def linea(shop: Shop, producto: int, cantidad: str, **more: Any) -> Any:
    """Return a counted line."""
    return {"producto_id": shop.productos[producto], "cantidad": cantidad, **more}


def test_count_turns_differences_into_ajustes(
    almacen: TestClient, cajero: TestClient, shop: Shop
) -> None:
    conteo = post(almacen, "conteos/", {"almacen_id": shop.almacenes[0]})
    assert len(conteo["lineas"]) == 10
    assert {one["stock_sistema"] for one in conteo["lineas"]} == {None}
    contado = contar(
        almacen,
        conteo,
        linea(shop, 0, "98.5"),
        linea(shop, 1, "100"),
        linea(shop, 2, "103"),
    )
    diferencias = {one["producto_id"]: one["diferencia"] for one in contado["lineas"]}
    assert [diferencias[one] for one in shop.productos[:4]] == ["-1.5000", "0.0000", "3.0000", None]
    caja = abrir_caja(cajero, shop)
    assert cajero.post("/api/ventas/", json=shop.venta(caja)).status_code == 201
    cerrado = post(almacen, f"conteos/{conteo['id']}/cerrar/", status=200)
    assert (cerrado["estado"], len(cerrado["ajustes"]), cerrado["sin_contar"]) == ("CERRADO", 2, 7)
    assert saldo(almacen, shop) == ("96.5000", "0.0000")
    assert saldo(almacen, shop, producto=1) == ("98.0000", "0.0000")
    assert saldo(almacen, shop, producto=2) == ("103.0000", "0.0000")
    hechos = movimientos(almacen, referencia_doc=f"conteo:{conteo['id']}")
    assert [one["id"] for one in hechos] == cerrado["ajustes"]
    assert {one["tipo_movimiento"] for one in hechos} == {"AJUSTE"}
    for act in ("cerrar", "anular"):
        post(almacen, f"conteos/{conteo['id']}/{act}/", status=409)
    contar(almacen, conteo, linea(shop, 0, "1"), status=409)


def test_sheet_of_a_count_does_not_say_what_is_expected(almacen: TestClient, shop: Shop) -> None:
    body = {"almacen_id": shop.almacenes[0], "productos": shop.productos[:2]}
    conteo = post(almacen, "conteos/", body)
    hoja = almacen.get(f"/api/reportes/hoja-de-conteo/?conteo_id={conteo['id']}&formato=csv").text
    assert hoja.lstrip("\ufeff").splitlines() == [
        "sku,producto,numero_lote,numero_serie,ubicacion,cantidad_contada",
        "P-01,Producto 1,,,,",
        "P-02,Producto 2,,,,",
    ]


def test_count_of_lots_goes_lot_by_lot(almacen: TestClient, shop: Shop, runtime: Runtime) -> None:
    trazar(almacen, shop, "lote")
    post(almacen, "entrada/", mercaderia(shop, "5", numero_lote="B"))
    conteo = post(almacen, "conteos/", {"almacen_id": shop.almacenes[0]})
    assert len(conteo["lineas"]) == 11
    before = contents(runtime)
    for lote, fault in (("", "lote_ajeno"), ("Z", "lote_ajeno")):
        told = contar(almacen, conteo, linea(shop, 0, "1", numero_lote=lote), status=400)
        assert fields_of(told) == [("detalle.0.numero_lote", fault)]
    told = contar(almacen, conteo, linea(shop, 1, "1", numero_lote="B"), status=400)
    assert fields_of(told) == [("detalle.0.numero_lote", "sin_trazabilidad")]
    told = contar(almacen, conteo, linea(shop, 1, "1"), linea(shop, 1, "2"), status=400)
    assert fields_of(told) == [("detalle.1.producto_id", "repetida")]
    told = contar(almacen, conteo, {"producto_id": 999, "cantidad": "1"}, status=400)
    assert fields_of(told) == [("detalle.0.producto_id", "no_existe")]
    assert not changed(before, contents(runtime))
    contar(
        almacen,
        conteo,
        linea(shop, 0, "4", numero_lote="B"),
        linea(shop, 0, "101", numero_lote="INICIAL"),
    )
    post(almacen, f"conteos/{conteo['id']}/cerrar/", status=200)
    assert saldo(almacen, shop) == ("105.0000", "0.0000")
    hechos = movimientos(almacen, referencia_doc=f"conteo:{conteo['id']}")
    assert [one["cantidad"] for one in hechos] == ["1.0000", "1.0000"]


def test_count_of_what_left_meanwhile_is_told_when_it_closes(
    almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    conteo = post(almacen, "conteos/", {"almacen_id": shop.almacenes[0]})
    contar(almacen, conteo, linea(shop, 0, "0"))
    post(almacen, "salida/", mercaderia(shop, "1"))
    before = contents(runtime)
    told = post(almacen, f"conteos/{conteo['id']}/cerrar/", status=400)
    assert told["code"] == "stock_insuficiente"
    assert not changed(before, contents(runtime))
    post(almacen, f"conteos/{conteo['id']}/anular/", status=200)
    post(almacen, "conteos/", {"almacen_id": shop.almacenes[1]}, 400)


def test_limits_are_set_where_the_almacen_holds_nothing_yet(
    almacen: TestClient, shop: Shop
) -> None:
    lugar = post(almacen, "ubicaciones/", {"almacen_id": shop.almacenes[1], "zona": "A"})
    ajeno = post(almacen, "ubicaciones/", {"almacen_id": shop.almacenes[0], "zona": "A"})
    body = {
        "almacen_id": shop.almacenes[1],
        "producto_id": shop.productos[0],
        "stock_minimo": "5",
        "stock_maximo": "20",
    }
    told = post(almacen, "stock/", body | {"stock_maximo": "4", "ubicacion_id": ajeno["id"]}, 400)
    assert fields_of(told) == [("stock_maximo", "menor"), ("ubicacion_id", "ajena")]
    fila = post(almacen, "stock/", body | {"ubicacion_id": lugar["id"]})
    assert (fila["stock_actual"], fila["stock_minimo"]) == ("0.0000", "5.0000")
    assert post(almacen, "stock/", body, 409)["code"] == "ya_existe"
    answer = almacen.put(f"{INVENTARIO}stock/{fila['id']}/", json={"stock_minimo": "6"})
    assert answer.json()["stock_minimo"] == "6.0000"
    (alerta,) = almacen.get(f"{INVENTARIO}alertas-stock/").json()["items"]
    assert (alerta["sku"], alerta["sugerido"]) == ("P-01", "20.0000")
