"""Notas de crédito of what comes back of a sale: those lines alone, to the cent, never too much."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from tests.addons.base.signed_in import read
from tests.addons.sales.test_ventas import set_company
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, ver
from tests.shop import abrir_caja

NOTAS = "/api/facturacion/notas/"
CAJA: dict[int, int] = {}


def vender(cajero: TestClient, emisora: Emisora, *lineas: tuple[str, str, str]) -> dict[str, Any]:
    """Return a sale of (quantity, price, discount) of the first products, paid in cash."""
    caja = CAJA.setdefault(id(emisora), 0) or abrir_caja(cajero, emisora.shop)
    CAJA[id(emisora)] = caja
    detalle = [
        {
            "producto_id": emisora.shop.productos[lugar],
            "cantidad": cantidad,
            "precio_unitario": precio,
            "descuento": descuento,
        }
        for lugar, (cantidad, precio, descuento) in enumerate(lineas)
    ]
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente, detalle=detalle)
    answer = cajero.post("/api/ventas/", json=venta)
    assert answer.status_code == 201, answer.text
    hecha: dict[str, Any] = answer.json()
    return hecha


def devolver(cajero: TestClient, venta: dict[str, Any], *partes: tuple[int, str]) -> dict[str, Any]:
    """Return what came back of a sale: (line, quantity)."""
    lineas = [
        {"detalle_id": venta["detalle"][lugar]["id"], "cantidad": cantidad}
        for lugar, cantidad in partes
    ]
    body = {"motivo": "No era su talla", "lineas": lineas}
    answer = cajero.post(f"/api/ventas/{venta['id']}/devoluciones/", json=body)
    assert answer.status_code == 201, answer.text
    hecha: dict[str, Any] = answer.json()
    return hecha


def notas(admin: TestClient, origen: int) -> list[dict[str, Any]]:
    """Return the notes on a comprobante, as comprobantes, oldest first."""
    items = admin.get(f"{NOTAS}?comprobante_origen_id={origen}&limit=200").json()["items"]
    return [
        {**uno, **ver(admin, uno["comprobante_id"])} for uno in sorted(items, key=lambda u: u["id"])
    ]


def factura_de(admin: TestClient, venta: dict[str, Any]) -> dict[str, Any]:
    (una,) = admin.get(f"{COMPROBANTES}?venta_id={venta['id']}&tipo=01").json()["items"]
    found: dict[str, Any] = una
    return found


def test_devolucion_gets_a_note_of_its_lines_alone(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    venta = vender(cajero, emisora, ("3", "10.00", "1.00"), ("2", "59.90", "0"))
    emisora.trabajar()
    factura = factura_de(admin, venta)
    primera = devolver(cajero, venta, (0, "1"))
    emisora.trabajar()
    segunda = devolver(cajero, venta, (0, "1"), (1, "2"))
    emisora.trabajar()
    hechas = notas(admin, factura["id"])
    assert [una["total_venta"] for una in hechas] == [primera["total"], segunda["total"]]
    assert [una["devolucion_id"] for una in hechas] == [primera["id"], segunda["id"]]
    assert {(una["motivo_codigo"], una["estado_sunat"]) for una in hechas} == {("07", "ACEPTADO")}
    assert {una["motivo_descripcion"] for una in hechas} == {"No era su talla"}
    assert [len(una["detalle"]) for una in hechas] == [1, 2]
    assert [una["detalle"][0]["cantidad"] for una in hechas] == ["1", "1"]


def test_devolucion_of_all_is_a_total_one(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    venta = vender(cajero, emisora, ("3", "3.33", "0"))
    emisora.trabajar()
    devolver(cajero, venta, (0, "3"))
    emisora.trabajar()
    factura = factura_de(admin, venta)
    (nota,) = notas(admin, factura["id"])
    assert (nota["motivo_codigo"], nota["total_venta"]) == ("06", factura["total_venta"])


def test_devolucion_before_sunat_answered_gets_its_note_then(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    venta = vender(cajero, emisora, ("2", "10.00", "0"))
    vuelta = devolver(cajero, venta, (0, "1"))
    emisora.trabajar()
    factura = factura_de(admin, venta)
    assert notas(admin, factura["id"]) == []
    emisora.sunat.ajustar(siempre=None)
    emisora.terminar()
    (nota,) = notas(admin, factura["id"])
    assert (nota["total_venta"], nota["estado_sunat"]) == (vuelta["total"], "ACEPTADO")


def test_devolucion_without_notes_where_the_company_wants_none(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(notas_de_devoluciones=False)
    venta = vender(cajero, emisora, ("2", "10.00", "0"))
    emisora.trabajar()
    devolver(cajero, venta, (0, "1"))
    emisora.trabajar()
    assert notas(admin, factura_de(admin, venta)["id"]) == []


def test_annulled_sale_takes_back_what_had_not_come_back(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    venta = vender(cajero, emisora, ("3", "10.01", "0"), ("1", "5.00", "0"))
    emisora.trabajar()
    devolver(cajero, venta, (0, "1"))
    emisora.trabajar()
    answer = admin.post(f"/api/ventas/{venta['id']}/anular/", json={"motivo": "Se arrepintió"})
    assert answer.status_code == 200, answer.text
    emisora.trabajar()
    factura = factura_de(admin, venta)
    hechas = notas(admin, factura["id"])
    assert sum(Decimal(una["total_venta"]) for una in hechas) == Decimal(factura["total_venta"])
    assert {una["estado_sunat"] for una in hechas} == {"ACEPTADO"}


def test_note_of_more_than_is_left_is_refused(
    cajero: TestClient, contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    venta = vender(cajero, emisora, ("2", "10.00", "0"))
    emisora.trabajar()
    devolver(cajero, venta, (0, "1"))
    emisora.trabajar()
    nota = {"comprobante_origen_id": factura_de(admin, venta)["id"], "motivo_codigo": "01"}
    answer = contador.post(NOTAS, json=nota)
    assert [uno["code"] for uno in answer.json()["errors"]] == ["3286"]


LINEA = st.tuples(
    st.integers(1, 5),
    st.decimals(min_value="0.01", max_value="99.99", places=2),
    st.sampled_from(["0", "0.01", "0.07"]),
)


@pytest.mark.parametrize("incluyen", [True, False])
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(LINEA, min_size=1, max_size=3), st.data())
def test_notes_of_what_comes_back_never_pass_the_comprobante(
    cajero: TestClient,
    admin: TestClient,
    emisora: Emisora,
    incluyen: bool,
    lineas: list[tuple[int, Decimal, str]],
    data: st.DataObject,
) -> None:
    """Whatever comes back in whatever order, notes come to it, and all of it to the factura."""
    set_company(emisora.runtime, precios_incluyen_igv=incluyen)
    vendidas = [
        (str(cantidad), f"{precio}", descuento if precio > 1 else "0")
        for cantidad, precio, descuento in lineas
    ]
    venta = vender(cajero, emisora, *vendidas)
    emisora.trabajar()
    factura = factura_de(admin, venta)
    quedan = [cantidad for cantidad, _, _ in lineas]
    while any(quedan):
        partes = [
            (lugar, str(data.draw(st.integers(0, resto)))) for lugar, resto in enumerate(quedan)
        ]
        partes = [(lugar, vuelve) for lugar, vuelve in partes if vuelve != "0"]
        if not partes:
            partes = [next((lugar, "1") for lugar, resto in enumerate(quedan) if resto)]
        devolver(cajero, venta, *partes)
        emisora.trabajar()
        for lugar, vuelve in partes:
            quedan[lugar] -= int(vuelve)
    hechas = notas(admin, factura["id"])
    devuelto = admin.get(f"/api/devoluciones/?venta_id={venta['id']}&limit=200").json()["items"]
    assert [una["total_venta"] for una in hechas] == [
        uno["total"] for uno in sorted(devuelto, key=lambda u: u["id"])
    ]
    assert {una["estado_sunat"] for una in hechas} == {"ACEPTADO"}
    for suma in ("total_venta", "total_gravada", "total_igv"):
        assert sum(Decimal(una[suma]) for una in hechas) == Decimal(factura[suma]), suma
    igv = f"SELECT igv FROM devoluciones WHERE venta_id = {venta['id']} ORDER BY id"
    assert [Decimal(una["total_igv"]) for una in hechas] == [
        suyo for (suyo,) in read(emisora.runtime, igv)
    ]


@pytest.mark.parametrize("afectacion", ["20", "30"])
def test_what_comes_back_of_a_product_that_changed_its_igv_comes_to_the_comprobante(
    cajero: TestClient, admin: TestClient, emisora: Emisora, afectacion: str
) -> None:
    """The sale was taxed at 18 %; by the time of its factura the product was not."""
    venta = vender(cajero, emisora, ("3", "10.00", "0"))
    producto = f"/api/productos/{emisora.shop.productos[0]}/"
    assert admin.put(producto, json={"afectacion_igv": afectacion}).status_code == 200
    emisora.trabajar()
    devolver(cajero, venta, (0, "1"))
    emisora.trabajar()
    devolver(cajero, venta, (0, "2"))
    emisora.trabajar()
    factura = factura_de(admin, venta)
    hechas = notas(admin, factura["id"])
    assert [una["estado_sunat"] for una in hechas] == ["ACEPTADO"] * 2
    for suma in ("total_venta", "total_gravada", "total_exonerada", "total_inafecta", "total_igv"):
        assert sum(Decimal(una[suma]) for una in hechas) == Decimal(factura[suma]), suma
    assert admin.put(producto, json={"afectacion_igv": "10"}).status_code == 200


@pytest.fixture(autouse=True)
def sin_cajas() -> None:
    """Forget the cajas of other tests."""
    CAJA.clear()
