"""Two at once, undone halfway, the wrong company's certificate, a clock set back."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.sunat import schemas
from addons.sunat.services import emision, empresa, ventas
from kernel.context import Ctx
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, EMITIR, emitir, reconectar, ver
from tests.shop import abrir_caja

NUMEROS = "SELECT numero FROM comprobantes ORDER BY numero"


def numeros(emisora: Emisora) -> list[int]:
    with emisora.runtime.database.engine.connect() as connection:
        return list(connection.execute(text(NUMEROS)).scalars())


def a_la_vez(veces: int, acto: Callable[[int], Any]) -> list[Any]:
    """Run an act in as many threads, which begin together."""
    salida = threading.Barrier(veces)

    def uno(cual: int) -> Any:
        salida.wait()
        return acto(cual)

    with ThreadPoolExecutor(veces) as hilos:
        return list(hilos.map(uno, range(veces)))


class Arrepentido(Exception):
    """Undoes a transaction after its number was taken."""


def test_emitir_in_one_series_at_once_and_undone_halfway_leaves_no_gap(emisora: Emisora) -> None:
    nuevo = schemas.ComprobanteNuevo.model_validate(emisora.factura())
    azar = random.Random(3)
    deshechos = {(hilo, vez) for hilo in range(6) for vez in range(8) if azar.random() < 0.4}

    def hilo(cual: int) -> None:
        for vez in range(8):

            def acto(ctx: Ctx, vez: int = vez) -> None:
                emision.emitir_comprobante(ctx, nuevo)
                if (cual, vez) in deshechos:
                    raise Arrepentido

            try:
                emisora.runtime.transact(acto)
            except Arrepentido:
                continue

    a_la_vez(6, hilo)
    assert numeros(emisora) == list(range(1, 48 - len(deshechos) + 1))
    with emisora.runtime.database.engine.connect() as connection:
        trabajos = connection.execute(
            text("SELECT count(*) FROM andes_jobs WHERE name = 'sunat.enviar'")
        ).scalar_one()
    assert trabajos == 48 - len(deshechos)


def test_venta_registrada_heard_many_times_at_once_issues_once_and_fails_nobody(
    cajero: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    venta = cajero.post("/api/ventas/", json=emisora.shop.venta(caja)).json()
    hechos = a_la_vez(
        6,
        lambda _: emisora.runtime.transact(lambda ctx: ventas.emitir_de_venta(ctx, venta["id"])),
    )
    assert len([uno for uno in hechos if uno is not None]) == 1
    emisora.terminar()
    assert numeros(emisora) == [1]
    assert len(emisora.sunat.registrados()) == 1


def test_venta_annulled_while_its_comprobante_is_made_ends_voided_or_without_one(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    vendidas = [
        cajero.post("/api/ventas/", json=emisora.shop.venta(caja, cliente_id=emisora.cliente))
        for _ in range(5)
    ]
    for venta in (una.json()["id"] for una in vendidas):

        def acto(cual: int, venta: int = venta) -> Any:
            if cual:
                return admin.post(f"/api/ventas/{venta}/anular/", json={"motivo": "Error"})
            return emisora.runtime.transact(lambda ctx: ventas.emitir_de_venta(ctx, venta))

        assert a_la_vez(2, acto)[1].is_success
    emisora.terminar()
    items = admin.get(COMPROBANTES).json()["items"]
    assert {uno["estado_sunat"] for uno in items} <= {"ANULADO"}
    assert numeros(emisora) == list(range(1, len(items) + 1))


def test_company_with_another_ruc_signs_nothing_with_the_certificate_it_had(
    admin: TestClient, emisora: Emisora
) -> None:
    emitir(admin, emisora.factura())
    emisora.runtime.transact(lambda ctx: setattr(empresa.configuracion(ctx), "ruc", "20100006376"))
    answer = admin.post(EMITIR, json=emisora.factura())
    assert not answer.is_success
    assert "2325" in answer.text
    assert numeros(emisora) == [1]


def test_clock_set_back_before_the_certificate_issues_nothing(
    admin: TestClient, emisora: Emisora
) -> None:
    antes = emisora.runtime.clock
    emisora.runtime.clock = lambda: antes() - timedelta(days=365)
    nuevo = schemas.ComprobanteNuevo.model_validate(emisora.factura())
    with pytest.raises(Exception, match="rige desde"):
        emisora.runtime.transact(lambda ctx: emision.emitir_comprobante(ctx, nuevo))
    emisora.runtime.clock = antes
    assert emitir(admin, emisora.factura())["numero"] == 1


def test_clock_set_back_keeps_boletas_and_bajas_of_tomorrow_for_tomorrow(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(boletas="resumen")
    hoy = emisora.runtime.clock
    emisora.runtime.clock = lambda: hoy() + timedelta(days=1)
    boleta = emitir(admin, emisora.factura(cliente_id=emisora.persona))
    emisora.runtime.clock = hoy
    emisora.encargar("sunat.resumen_diario")
    emisora.trabajar()
    assert ver(admin, boleta["id"])["estado_sunat"] == "PENDIENTE", "2671: not before its day"
    emisora.runtime.clock = lambda: hoy() + timedelta(days=1)
    emisora.encargar("sunat.resumen_diario")
    emisora.terminar()
    assert ver(admin, boleta["id"])["estado_sunat"] == "ACEPTADO"


def test_contingencia_entered_by_many_at_once_is_sent_once_each(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    primera = emitir(admin, emisora.factura())
    emisora.trabajar(1)
    nuevo = schemas.ComprobanteNuevo.model_validate(emisora.factura())
    a_la_vez(
        4,
        lambda _: emisora.runtime.transact(lambda ctx: emision.emitir_comprobante(ctx, nuevo).id),
    )
    emisora.trabajar(3)
    cola = admin.get("/api/facturacion/cola-contingencia/").json()["items"]
    assert {uno["estado_sunat"] for uno in cola} == {"CONTINGENCIA"}
    assert {uno["modo_emision"] for uno in cola} == {"contingencia"}
    emisora.sunat.ajustar(siempre=None)
    reconectar(emisora)
    emisora.terminar()
    assert ver(admin, primera["id"])["estado_sunat"] == "ACEPTADO"
    assert [uno[2:] for uno in emisora.sunat.registrados()] == [(n, 1, 1) for n in range(1, 6)]
