"""Lots and series: what names them, which leave first, where they came from and went.

Source: spec/erp-modules.md, módulo 2.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from kernel.runtime import Runtime, utc_now
from tests.addons.base.signed_in import write
from tests.addons.inventory.almacenero import (
    INVENTARIO,
    envio,
    fields_of,
    lotes,
    mercaderia,
    movimientos,
    post,
    saldo,
    trazar,
)
from tests.conftest import Connect
from tests.contents import changed, contents
from tests.shop import Shop, abrir_caja

pytestmark = pytest.mark.usefixtures("libro")

HOY = utc_now().date()


def dia(days: int) -> str:
    """Return a day from now on, as a body says it."""
    return (HOY + timedelta(days=days)).isoformat()


@pytest.fixture
def con_lotes(almacen: TestClient, shop: Shop) -> TestClient:
    """The storekeeper's client; the first product has three lots besides its first stock."""
    trazar(almacen, shop, "lote")
    for numero, vence, cantidad in (("B", 90, "10"), ("A", 30, "4"), ("C", 60, "6")):
        entrada = {"numero_lote": numero, "fecha_vencimiento": dia(vence)}
        post(almacen, "entrada/", mercaderia(shop, cantidad, **entrada))
    return almacen


def vender(client: TestClient, shop: Shop, caja: int, cantidad: str, lote: str = "") -> Any:
    """Return the answer to selling the first product, with a lot if one is named."""
    linea = {"producto_id": shop.productos[0], "cantidad": cantidad}
    detalle = [linea | ({"lote": lote} if lote else {})]
    pagos = [{"metodo": "efectivo", "monto": "9000"}]
    return client.post("/api/ventas/", json=shop.venta(caja, detalle=detalle, formas_pago=pagos))


def test_stock_that_was_there_becomes_the_first_lot(almacen: TestClient, shop: Shop) -> None:
    trazar(almacen, shop, "lote")
    assert lotes(almacen, shop) == {(shop.almacenes[0], "INICIAL", ""): "100.0000"}
    assert saldo(almacen, shop) == ("100.0000", "0.0000")
    sale, entra = movimientos(almacen, producto_id=shop.productos[0])[-2:]
    assert (sale["almacen_origen_id"], entra["almacen_destino_id"]) == (shop.almacenes[0],) * 2
    assert sale["costo_unitario"] == entra["costo_unitario"] == "7.000000"
    trazar(almacen, shop, "ninguna")
    assert lotes(almacen, shop)[shop.almacenes[0], "INICIAL", ""] == "0.0000"
    post(almacen, "salida/", mercaderia(shop, "100"))


def test_product_with_stock_cannot_begin_to_carry_series(
    almacen: TestClient, shop: Shop, runtime: Runtime
) -> None:
    before = contents(runtime)
    assert trazar(almacen, shop, "serie", status=409)["code"] == "hay_stock"
    post(almacen, "reservas/", mercaderia(shop, "1"))
    assert trazar(almacen, shop, "lote", status=409)["code"] == "hay_reservas"
    assert changed(before, contents(runtime)) <= {
        "reservas_stock", "productos_almacen", "audit_logs",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "body", "faults"),
    [
        ("entrada/", {}, [("numero_lote", "lote_requerido")]),
        ("salida/", {}, [("numero_lote", "lote_requerido")]),
        ("ajuste/", {}, [("numero_lote", "lote_requerido")]),
        ("salida/", {"numero_lote": "Z"}, [("numero_lote", "lote_ajeno")]),
        ("salida/", {"numero_lote": "A", "cantidad": "5"}, [("cantidad", "stock_insuficiente")]),
        ("entrada/", {"numero_lote": "A", "numero_serie": "1"}, [("numero_serie", "sin_series")]),
        (
            "entrada/",
            {"numero_lote": "A", "fecha_vencimiento": dia(31)},
            [("fecha_vencimiento", "vencimiento_distinto")],
        ),
        (
            "entrada/",
            {"numero_lote": "D", "fecha_vencimiento": dia(-2)},
            [("fecha_vencimiento", "vencido")],
        ),
    ],
)
def test_movement_that_does_not_fit_its_lots_writes_nothing(
    con_lotes: TestClient,
    shop: Shop,
    runtime: Runtime,
    path: str,
    body: dict[str, Any],
    faults: list[tuple[str, str]],
) -> None:
    before = contents(runtime)
    told = post(con_lotes, path, mercaderia(shop, "1") | body, 400)
    assert fields_of(told) == faults
    assert not changed(before, contents(runtime))


def test_lot_of_a_product_without_lots_is_refused(almacen: TestClient, shop: Shop) -> None:
    for path in ("entrada/", "salida/"):
        told = post(almacen, path, mercaderia(shop, "1", numero_lote="A"), 400)
        assert fields_of(told) == [("numero_lote", "sin_trazabilidad")]


def test_sale_without_a_lot_takes_what_expires_first(
    con_lotes: TestClient, cajero: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    answer = vender(cajero, shop, caja, "7")
    assert answer.status_code == 201, answer.text
    uno = shop.almacenes[0]
    assert lotes(con_lotes, shop) == {
        (uno, "A", ""): "0.0000",
        (uno, "C", ""): "3.0000",
        (uno, "B", ""): "10.0000",
        (uno, "INICIAL", ""): "100.0000",
    }
    vendidos = movimientos(con_lotes, referencia_doc=f"venta:{answer.json()['id']}")
    assert [one["cantidad"] for one in vendidos] == ["4.0000", "3.0000"]
    assert len({one["lote_id"] for one in vendidos}) == 2


def test_sale_that_names_a_lot_takes_that_one(
    con_lotes: TestClient, cajero: TestClient, shop: Shop
) -> None:
    caja = abrir_caja(cajero, shop)
    assert vender(cajero, shop, caja, "2", "B").status_code == 201
    assert lotes(con_lotes, shop)[shop.almacenes[0], "B", ""] == "8.0000"
    refused = vender(cajero, shop, caja, "9", "B")
    assert (refused.status_code, refused.json()["code"]) == (400, "stock_insuficiente")
    foreign = vender(cajero, shop, caja, "1", "Z")
    assert (foreign.status_code, fields_of(foreign.json())) == (
        400,
        [("detalle.0.lote", "lote_ajeno")],
    )


def test_what_is_expired_or_blocked_is_not_sold(
    con_lotes: TestClient, cajero: TestClient, shop: Shop, runtime: Runtime
) -> None:
    caja = abrir_caja(cajero, shop)
    write(runtime, "UPDATE lotes_series SET fecha_vencimiento = :day WHERE numero_lote = 'A'",
          day=HOY - timedelta(days=2))  # fmt: skip
    inicial = con_lotes.get(f"{INVENTARIO}lotes/?numero_lote=INICIAL").json()["items"][0]["id"]
    bloqueado = post(con_lotes, f"lotes/{inicial}/bloquear/", {"motivo": "En revisión"}, 200)
    assert bloqueado == {"id": inicial, "estado": "BLOQUEADO"}
    refused = vender(cajero, shop, caja, "17")
    assert refused.json()["errors"][0]["message"] == "Quedan 16."
    assert vender(cajero, shop, caja, "1", "A").status_code == 400
    assert vender(cajero, shop, caja, "16").status_code == 201
    told = post(con_lotes, "salida/", mercaderia(shop, "1", numero_lote="INICIAL"), 400)
    assert told["code"] == "stock_insuficiente"
    post(con_lotes, "ajuste/", mercaderia(shop, "-1", numero_lote="INICIAL"))
    post(con_lotes, "salida/", mercaderia(shop, "4", numero_lote="A", motivo="Vencido"))
    post(con_lotes, f"lotes/{inicial}/desbloquear/", {"motivo": "Estaba bien"}, 200)
    assert vender(cajero, shop, caja, "99").status_code == 201


def test_annulled_sale_goes_back_to_its_lots(
    con_lotes: TestClient, connect: Connect, shop: Shop
) -> None:
    gerente = connect("gerente")
    caja = abrir_caja(gerente, shop)
    antes = lotes(con_lotes, shop)
    venta = vender(gerente, shop, caja, "7").json()
    anulada = gerente.post(f"/api/ventas/{venta['id']}/anular/", json={"motivo": "Error"})
    assert anulada.status_code in (200, 201), anulada.text
    assert lotes(con_lotes, shop) == antes
    vuelta = movimientos(con_lotes, referencia_doc=f"venta:{venta['id']}")[-2:]
    assert {one["tipo_movimiento"] for one in vuelta} == {"ANULACION"}


def test_series_are_one_unit_each_and_in_stock_once(almacen: TestClient, shop: Shop) -> None:
    post(almacen, "ajuste/", mercaderia(shop, "-100"))
    trazar(almacen, shop, "serie")
    post(almacen, "entrada/", mercaderia(shop, "1", numero_serie="S-1", numero_lote="L"))
    post(almacen, "entrada/", mercaderia(shop, "1", numero_serie="S-2"))
    for body, fault in (
        ({"numero_serie": "S-1"}, ("numero_serie", "serie_repetida")),
        (
            {"numero_serie": "S-1", "almacen_id": shop.almacenes[1]},
            ("numero_serie", "serie_repetida"),
        ),
        ({"numero_serie": "S-3", "cantidad": "2"}, ("cantidad", "una_por_serie")),
        ({"numero_lote": "L"}, ("numero_serie", "serie_requerida")),
    ):
        told = post(almacen, "entrada/", mercaderia(shop, "1") | body, 400)
        assert fields_of(told) == [fault]
    una = post(almacen, "transferencia/", envio(shop, (0, "1", {"numero_serie": "S-1"})))
    post(almacen, f"transferencia/{una['id']}/confirmar/", status=200)
    assert lotes(almacen, shop) == {
        (shop.almacenes[0], "L", "S-1"): "0.0000",
        (shop.almacenes[0], "", "S-2"): "1.0000",
        (shop.almacenes[1], "L", "S-1"): "1.0000",
    }
    post(almacen, "salida/", mercaderia(shop, "1", almacen=1, numero_serie="S-1"))
    post(almacen, "entrada/", mercaderia(shop, "1", numero_serie="S-1"))


def test_lot_is_traced_back_and_forward(
    con_lotes: TestClient, cajero: TestClient, connect: Connect, shop: Shop, admin: TestClient
) -> None:
    caja = abrir_caja(cajero, shop)
    venta = vender(cajero, shop, caja, "2", "B").json()
    otro = mercaderia(shop, "1", numero_lote="B", referencia_doc="venta:sin número")
    post(con_lotes, "salida/", otro)
    una = post(con_lotes, "transferencia/", envio(shop, (0, "3", {"numero_lote": "B"})))
    post(con_lotes, f"transferencia/{una['id']}/confirmar/", status=200)
    traza = con_lotes.get(f"{INVENTARIO}trazabilidad/B/").json()
    (lote,) = traza["lotes"]
    assert (lote["sku"], lote["fecha_vencimiento"]) == ("P-01", dia(90))
    assert [(one["almacen_id"], one["cantidad_actual"]) for one in lote["existencias"]] == [
        (shop.almacenes[0], "4.0000"),
        (shop.almacenes[1], "3.0000"),
    ]
    assert [one["tipo_movimiento"] for one in lote["hacia_atras"]] == ["ENTRADA", "TRANSFERENCIA"]
    adelante = lote["hacia_adelante"]
    assert [one["tipo_movimiento"] for one in adelante] == ["VENTA", "SALIDA", "TRANSFERENCIA"]
    assert (adelante[0]["venta_id"], adelante[0]["cliente"]) == (venta["id"], "Clientes varios")
    assert con_lotes.get(f"{INVENTARIO}trazabilidad/Z/").status_code == 404
    ids = {one["lote_id"] for one in lote["existencias"]}
    for uno in ids:
        found = con_lotes.get(f"{INVENTARIO}lotes/{uno}/trazabilidad/").json()
        assert found == traza
    path = f"/api/usuarios/{shop.usuarios['gerente']}/almacenes/"
    admin.put(path, json={"almacenes": shop.almacenes[1:]})
    gerente = connect("gerente").get(f"{INVENTARIO}trazabilidad/B/").json()["lotes"][0]
    assert [one["almacen_id"] for one in gerente["existencias"]] == [shop.almacenes[1]]
    assert [one["tipo_movimiento"] for one in gerente["hacia_adelante"]] == ["TRANSFERENCIA"]


def test_trace_of_a_lot_holds_nothing_of_other_products(
    almacen: TestClient, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for producto in (0, 1):
        trazar(almacen, shop, "lote", producto)
        for _ in range(2):
            ajuste = mercaderia(shop, "1", producto=producto, numero_lote="INICIAL")
            post(almacen, "ajuste/", ajuste)
    monkeypatch.setattr("addons.inventory.services.lotes.MAX_PASOS", 4)
    monkeypatch.setattr("addons.inventory.services.lotes.MAX_LOTES", 1)
    query = {"producto_id": shop.productos[1], "numero_lote": "INICIAL"}
    (lote,) = almacen.get(f"{INVENTARIO}lotes/", params=query).json()["items"]
    (traza,) = almacen.get(f"{INVENTARIO}lotes/{lote['id']}/trazabilidad/").json()["lotes"]
    assert (traza["producto_id"], len(traza["hacia_atras"])) == (shop.productos[1], 3)
    todos = almacen.get(f"{INVENTARIO}trazabilidad/INICIAL/").json()["lotes"]
    assert [one["producto_id"] for one in todos] == [shop.productos[1]]


def test_product_stops_carrying_lots_though_one_has_expired(
    almacen: TestClient, shop: Shop
) -> None:
    trazar(almacen, shop, "lote")
    viejo = mercaderia(shop, "5", numero_lote="V", fecha_vencimiento=dia(-30))
    post(almacen, "ajuste/", viejo)
    trazar(almacen, shop, "ninguna")
    assert saldo(almacen, shop)[0] == "105.0000"


def test_lot_comes_and_goes_more_than_any_table_holds(almacen: TestClient, shop: Shop) -> None:
    trazar(almacen, shop, "lote")
    for _ in range(2):
        mucho = mercaderia(shop, "9999999000", numero_lote="M")
        post(almacen, "entrada/", mucho)
        post(almacen, "salida/", mucho)
    assert saldo(almacen, shop)[0] == "100.0000"


def test_lot_of_a_line_that_has_none_is_named_as_the_sale_says_it(
    cajero: TestClient, shop: Shop
) -> None:
    told = vender(cajero, shop, abrir_caja(cajero, shop), "1", "B")
    assert fields_of(told.json()) == [("detalle.0.lote", "sin_trazabilidad")]
