"""SUNAT is down for a day: sales go on, nothing is lost, and all is as it should be afterwards."""

from __future__ import annotations

from datetime import timedelta

from starlette.testclient import TestClient

from tests.addons.base.signed_in import read
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, ver
from tests.shop import abrir_caja

CADA = 3
"""Hours from a sale to the next."""


def test_day_without_sunat_sells_on_and_drains_in_order(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    caja = abrir_caja(cajero, emisora.shop)
    ventas: list[int] = []
    empezo = emisora.runtime.clock()
    while emisora.runtime.clock() - empezo < timedelta(hours=24):
        for cliente in (emisora.cliente, emisora.shop.cliente):
            venta = emisora.shop.venta(caja, cliente_id=cliente)
            answer = cajero.post("/api/ventas/", json=venta)
            assert answer.status_code == 201, answer.text
            ventas.append(answer.json()["id"])
        emisora.pasar(hours=CADA)
        emisora.encargar("sunat.reintentar")
        emisora.trabajar()
    items = admin.get(f"{COMPROBANTES}?limit=100").json()["items"]
    assert sorted(uno["venta_id"] for uno in items) == sorted(ventas), "each sale is invoiced"
    assert {uno["estado_sunat"] for uno in items} <= {"CONTINGENCIA", "PENDIENTE"}
    assert sum(uno["modo_emision"] == "contingencia" for uno in items) >= len(items) - 2
    assert emisora.sunat.registrados() == []
    cola = admin.get("/api/facturacion/cola-contingencia/").json()
    assert cola["caida"] is True
    assert len(cola["items"]) == len(ventas)

    emisora.pasar(days=2)  # the term of the facturas is near
    emisora.encargar("sunat.alarmar")
    emisora.trabajar()
    titulos = [uno for (uno,) in read(emisora.runtime, "SELECT titulo FROM notificaciones")]
    assert any("por pasar el plazo de SUNAT" in titulo for titulo in titulos)

    emisora.sunat.ajustar(siempre=None)
    emisora.terminar()
    assert {ver(admin, uno["id"])["estado_sunat"] for uno in items} == {"ACEPTADO"}
    orden = read(
        emisora.runtime,
        "SELECT c.serie, c.numero FROM envios_sunat e JOIN comprobantes c"
        " ON c.id = e.comprobante_id WHERE e.estado = 'aceptado' ORDER BY e.id",
    )
    for serie in ("F001", "B001"):
        numeros = [numero for suya, numero in orden if suya == serie]
        assert numeros == list(range(1, len(ventas) // 2 + 1)), "in the order of its numbers"
    assert all((estado, veces) == (1, 1) for *_, estado, veces in emisora.sunat.registrados())
    cola = admin.get("/api/facturacion/cola-contingencia/").json()
    assert (cola["items"], cola["caida"]) == ([], False)
    caja_hecha = cajero.post("/api/ventas/", json=emisora.shop.venta(caja))
    emisora.terminar()
    (ultimo,) = admin.get(f"{COMPROBANTES}?venta_id={caja_hecha.json()['id']}").json()["items"]
    assert (ultimo["modo_emision"], ultimo["estado_sunat"]) == ("normal", "ACEPTADO")
