"""Every document ends in one final state, and SUNAT has each number once, whatever goes wrong.

``SUNAT_DOCUMENTOS`` and ``SUNAT_MUERTES`` in the environment make it longer.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text
from starlette.testclient import TestClient

from addons.sunat import schemas
from addons.sunat.models import BajaComprobante, Comprobante
from addons.sunat.services import bajas, emision
from kernel.context import Ctx
from kernel.manifest import ROOT
from kernel.settings import Settings
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir, reconectar, ver

DOCUMENTOS = int(os.environ.get("SUNAT_DOCUMENTOS", "10"))
MUERTES = int(os.environ.get("SUNAT_MUERTES", "2"))
PACIENCIA = 60 + DOCUMENTOS
SE_PORTA_MAL = {
    "perder_respuesta": 0.20,
    "rechazar_conexion": 0.05,
    "perder_envio": 0.05,
    "cortar": 0.05,
    "error_503": 0.05,
    "error_0109": 0.05,
    "cdr_danado": 0.05,
    "cdr_ajeno": 0.05,
}


@contextlib.contextmanager
def procesos(settings: Settings, cuantos: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Run job processes for the length of the block."""
    vivos = [empezar(settings) for _ in range(cuantos)]
    try:
        yield vivos
    finally:
        for uno in vivos:
            uno.kill()
            uno.wait()


def empezar(settings: Settings) -> subprocess.Popen[str]:
    facts = [settings.database_owner_url, settings.database_url, str(settings.data_dir)]
    proceso = subprocess.Popen(
        [sys.executable, "-m", "tests.addons.sunat.proceso"],
        env={**os.environ, "PROCESO": json.dumps(facts)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert proceso.stdout is not None
    with proceso.stdout as salida:
        assert salida.readline() == "ready\n"
    return proceso


@pytest.mark.slow(seconds=20)
def test_enviar_with_lost_answers_and_killed_processes_ends_exactly_once(
    emisora: Emisora, settings: Settings
) -> None:
    """Facturas one by one, boletas one by one and then by resumen; every fifth time one is voided.

    SUNAT refuses, stalls, cuts, and loses a fifth of all answers after it has registered.
    """
    emisora.sunat.ajustar(probabilidad=SE_PORTA_MAL, demora=0.02)
    azar = random.Random(7)

    def emitir_una(ctx: Ctx) -> None:
        cliente = azar.choice([emisora.cliente, emisora.persona])
        nuevo = schemas.ComprobanteNuevo.model_validate(emisora.factura(cliente_id=cliente))
        emision.emitir_comprobante(ctx, nuevo)

    def anular_una(ctx: Ctx) -> None:
        pedida = select(BajaComprobante.comprobante_id)
        query = select(Comprobante.id).where(Comprobante.id.not_in(pedida))
        ids = list(ctx.session.scalars(query.order_by(Comprobante.id)))
        nueva = schemas.BajaNueva(motivo="Error de digitación")
        bajas.pedir_baja(ctx, azar.choice(ids), nueva)

    muertes = 0
    with procesos(settings, 2) as vivos:
        for vez in range(DOCUMENTOS):
            if vez == DOCUMENTOS // 2:
                emisora.ajustar(boletas="resumen")
            emisora.runtime.transact(emitir_una)
            if vez % 5 == 4:
                emisora.runtime.transact(anular_una)
                emisora.encargar("sunat.resumen_diario")
            if muertes < MUERTES and vez % max(1, DOCUMENTOS // MUERTES) == 0:
                time.sleep(azar.uniform(0.05, 0.4))
                victima = azar.randrange(2)
                vivos[victima].kill()
                vivos[victima].wait()
                vivos[victima] = empezar(settings)
                muertes += 1
        esperar_finales(emisora)
    assert muertes == MUERTES
    comprobar(emisora)


SIN_FIN = """
    SELECT (SELECT count(*) FROM comprobantes WHERE estado_sunat NOT IN ('ACEPTADO', 'ANULADO')),
           (SELECT count(*) FROM bajas_comprobante WHERE estado <> 'aceptada'),
           (SELECT count(*) FROM resumen_diario WHERE estado_envio NOT IN ('ACEPTADO', 'RECHAZADO'))
"""


def esperar_finales(emisora: Emisora) -> None:
    """Wait until nothing waits for an answer; pauses are cut to what a call may take."""
    hasta = time.monotonic() + PACIENCIA
    while time.monotonic() < hasta:
        reconectar(emisora)
        acortar(emisora)
        with emisora.runtime.database.engine.connect() as connection:
            quedan = tuple(connection.execute(text(SIN_FIN)).one())
        if not any(quedan):
            return
        emisora.encargar("sunat.resumen_diario")
        emisora.encargar("sunat.reintentar")
        time.sleep(0.5)
    pytest.fail(f"comprobantes, bajas and resúmenes without their answer: {quedan}")


def acortar(emisora: Emisora) -> None:
    """Cut pauses to the length of a call, so that none that is being made counts as lost."""
    with emisora.runtime.database.engine.begin() as connection:
        for tabla, columna in (
            ("comprobantes", "proximo_intento"),
            ("resumen_diario", "proximo_intento"),
            ("andes_jobs", "run_at"),
        ):
            en = "now() + interval '6 seconds'"
            connection.execute(text(f"UPDATE {tabla} SET {columna} = {en} WHERE {columna} > {en}"))


def comprobar(emisora: Emisora) -> None:
    with emisora.runtime.database.engine.connect() as connection:
        filas = connection.execute(
            text("SELECT tipo, serie, numero, estado_sunat FROM comprobantes")
        ).all()
        envios = connection.execute(
            text(
                "SELECT comprobante_id, resumen_id, count(DISTINCT hash) FROM envios_sunat"
                " GROUP BY 1, 2"
            )
        ).all()
        anulados = connection.execute(text("SELECT count(*) FROM bajas_comprobante")).scalar_one()
    registrados = emisora.sunat.registrados()
    estados = {"ACEPTADO": 1, "ANULADO": 2}
    assert sorted((t, s, n, e) for t, s, n, e, _ in registrados) == sorted(
        (t, s, n, estados[e]) for t, s, n, e in filas
    )
    assert all(veces == 1 for *_, veces in registrados)
    assert sum(estado == 2 for _, _, _, estado, _ in registrados) == anulados
    assert all(distintos == 1 for *_, distintos in envios), "the same bytes each time"
    for serie in {serie for _, serie, _, _ in filas}:
        numeros = sorted(numero for _, otra, numero, _ in filas if otra == serie)
        assert numeros == list(range(1, len(numeros) + 1))


@pytest.mark.parametrize(
    ("falla", "llega"),
    [
        ("perder_respuesta", True),
        ("cortar", True),
        ("cdr_danado", True),
        ("cdr_ajeno", True),
        ("perder_envio", False),
        ("error_503", False),
        ("error_0109", False),
        ("error_0130", False),
        ("rechazar_conexion", False),
        ("demorar", False),
    ],
)
def test_enviar_after_each_fault_ends_accepted_and_registered_once(
    falla: str, llega: bool, admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(por_serie={"F001": falla})
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar(1)
    assert bool(emisora.sunat.registrados()) is llega
    emisora.sunat.ajustar(por_serie={})
    terminar(admin, emisora, hecha["id"])
    envios = admin.get(f"/api/facturacion/envios/?comprobante_id={hecha['id']}").json()["items"]
    operaciones = Counter(uno["operacion"] for uno in envios)
    if falla != "rechazar_conexion":
        assert operaciones["getStatusCdr"] >= 1, "an unknown outcome is asked for"
    enviadas = operaciones["sendBill"]  # a busy machine can be too slow for one more
    assert enviadas == 1 if llega else enviadas >= 2
    assert emisora.sunat.registrados() == [("01", "F001", 1, 1, 1)]


def terminar(admin: TestClient, emisora: Emisora, comprobante_id: int) -> None:
    """Work until a comprobante is accepted."""
    hasta = time.monotonic() + 30
    while ver(admin, comprobante_id)["estado_sunat"] != "ACEPTADO":
        assert time.monotonic() < hasta, ver(admin, comprobante_id)
        reconectar(emisora)
        emisora.trabajar()
        time.sleep(0.05)


def test_enviar_boleta_whose_answer_was_lost_is_accepted_without_cdr(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(por_serie={"B001": "perder_respuesta"})
    hecha = emitir(admin, emisora.factura(cliente_id=emisora.persona))
    emisora.trabajar(1)
    emisora.sunat.ajustar(por_serie={})
    terminar(admin, emisora, hecha["id"])
    vista = ver(admin, hecha["id"])
    assert (vista["tipo"], vista["codigo_sunat"]) == ("03", "1033")
    assert admin.get(f"{COMPROBANTES}{hecha['id']}/cdr/").status_code == 404


def test_enviar_a_number_that_somebody_else_registered_waits_for_a_person(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar()
    with emisora.runtime.database.engine.begin() as connection:
        connection.execute(text("DELETE FROM envios_sunat"))
        connection.execute(
            text("UPDATE comprobantes SET estado_sunat = 'PENDIENTE', hash = 'otro', cdr = NULL")
        )
    assert admin.post(f"{COMPROBANTES}{hecha['id']}/reenviar/").status_code == 200
    hasta = time.monotonic() + 20
    while ver(admin, hecha["id"])["estado_sunat"] in ("PENDIENTE", "ENVIADO"):
        assert time.monotonic() < hasta
        emisora.trabajar()
    vista = ver(admin, hecha["id"])
    assert (vista["estado_sunat"], vista["codigo_sunat"]) == ("EXCEPCION", "1033")


def test_enviar_with_refused_credentials_stops_and_spends_no_number(
    admin: TestClient, emisora: Emisora
) -> None:
    credencial = {"usuario": "ANDES01", "clave": "mala"}
    assert admin.put("/api/facturacion/credenciales/", json=credencial).status_code == 200
    emisora.sunat.permitir("20123456786ANDES01", "buena")
    hechas = [emitir(admin, emisora.factura()) for _ in range(2)]
    emisora.trabajar()
    assert ver(admin, hechas[0]["id"])["estado_sunat"] == "CONTINGENCIA"
    assert emisora.sunat.llamadas == 1
    credencial["clave"] = "buena"
    assert admin.put("/api/facturacion/credenciales/", json=credencial).status_code == 200
    with emisora.runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE andes_remotes SET stopped_at = NULL, failures = 0"))
    emisora.trabajar()
    assert [ver(admin, uno["id"])["estado_sunat"] for uno in hechas] == ["ACEPTADO", "ACEPTADO"]


def test_enviar_two_days_down_keeps_selling_and_drains_in_order(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    hechas = [emitir(admin, emisora.factura()) for _ in range(5)]
    for _ in range(3):
        reconectar(emisora)
        emisora.trabajar(1)
    assert emisora.sunat.registrados() == []
    emisora.sunat.ajustar(siempre=None)
    reconectar(emisora)
    emisora.trabajar()
    assert {ver(admin, uno["id"])["estado_sunat"] for uno in hechas} == {"ACEPTADO"}
    envios = admin.get("/api/facturacion/envios/?estado=aceptado&sort=fecha_envio").json()["items"]
    assert [uno["comprobante_id"] for uno in envios] == [uno["id"] for uno in hechas]
