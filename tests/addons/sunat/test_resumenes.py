"""Resúmenes diarios, comunicaciones de baja and their tickets."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from lxml import etree
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.firma import firmar
from addons.sunat.documents.modelo import Percepcion
from addons.sunat.documents.reglas import Entorno, revisar
from addons.sunat.documents.resumenes import (
    LineaBaja,
    LineaResumen,
    Sumario,
    escribir_baja,
    escribir_resumen,
)
from addons.sunat.sandbox import juez, juez_resumen
from tests.addons.base.signed_in import read
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.facturas import CASOS, EMISOR, HOY, XSD, D, boleta, llave
from tests.addons.sunat.test_documentos import verificar
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir, ver
from tests.shop import abrir_caja

RESUMENES = "/api/facturacion/resumen-diario/"
BAJAS = "/api/facturacion/bajas/"
ENVIOS = "/api/facturacion/envios/"
FALLAS = (
    "perder_respuesta",
    "cortar",
    "perder_envio",
    "demorar",
    "error_503",
    "error_0109",
    "error_0130",
    "rechazar_conexion",
    "cdr_danado",
    "cdr_ajeno",
)


def resumenes(client: TestClient, **filtros: str) -> list[dict[str, Any]]:
    answer = client.get(RESUMENES, params={"sort": "fecha", **filtros})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return sorted(items, key=lambda uno: uno["id"])


def boletas(client: TestClient, emisora: Emisora, cuantas: int) -> list[dict[str, Any]]:
    return [emitir(client, emisora.factura(cliente_id=emisora.persona)) for _ in range(cuantas)]


def anular(client: TestClient, comprobante_id: object, **cambios: object) -> Any:
    body = {"motivo": "Error en el cliente", **cambios}
    return client.post(f"{COMPROBANTES}{comprobante_id}/anular/", json=body)


# Documents ----------------------------------------------------------------------------------------


@pytest.mark.skipif(not XSD.is_dir(), reason="SUNAT's schemas are not beside us")
def test_escribir_resumen_and_baja_are_valid_signed_and_judged_good() -> None:
    de_boleta = [de() for de in CASOS.values() if de().serie.startswith("B")]
    lineas = [LineaResumen(de, calcular(de), que) for de in de_boleta for que in ("1", "3")]
    assert {una.de.tipo for una in lineas} == {"03", "07", "08"}
    resumen = escribir_resumen(Sumario(EMISOR, "RC", HOY, 1, HOY), lineas)
    baja = escribir_baja(
        Sumario(EMISOR, "RA", HOY, 12, HOY - timedelta(days=1)),
        [LineaBaja("01", "F001", 7, "Error & «otro»"), LineaBaja("07", "FC01", 8, "Repetida")],
    )
    for xml in (resumen, baja):
        assert etree.tostring(etree.fromstring(xml.encode()), method="c14n") == xml.encode()
        documento = etree.fromstring(firmar(xml, llave()).xml)
        verificar(documento)
        assert juez.error_de_esquema(documento, XSD) == ""
        documento.find(".//{*}LineID").text = "9"
        assert juez.revisar_firma(documento, EMISOR.ruc, HOY)[0] == 2335


def test_escribir_resumen_and_baja_cut_a_long_name_to_what_sunat_takes() -> None:
    emisor = replace(EMISOR, razon_social="Ñ" * 99 + " y Compañía S.A.")
    sumario = Sumario(emisor, "RC", HOY, 1, HOY)
    de = CASOS["boleta"]()
    for xml in (
        escribir_resumen(sumario, [LineaResumen(de, calcular(de), "1")]),
        escribir_baja(replace(sumario, tipo="RA"), [LineaBaja("01", "F001", 7, "Error")]),
    ):
        (nombre,) = etree.fromstring(xml.encode()).iterfind(".//{*}RegistrationName")
        assert nombre.text == "Ñ" * 99


def test_escribir_resumen_tells_percepcion_in_soles() -> None:
    de = boleta(tipo_operacion="2001", percepcion=Percepcion(), moneda="USD", tipo_cambio=D("3.50"))
    assert not revisar(de, Entorno(HOY))[0]
    xml = escribir_resumen(
        Sumario(EMISOR, "RC", HOY, 1, HOY), [LineaResumen(de, calcular(de), "1")]
    )
    dicho = etree.fromstring(xml.encode()).find(".//{*}SUNATPerceptionSummaryDocumentReference")
    assert [(uno.text, uno.get("currencyID")) for uno in dicho] == [
        ("01", None),
        ("2.00", None),
        ("1.65", "PEN"),
        ("84.25", "PEN"),
        ("82.60", "PEN"),
    ]


@pytest.mark.parametrize(
    ("antes", "despues", "codigo"),
    [
        (EMISOR.razon_social, "x" * 101, 2228),
        (">0.47</cbc:TotalInvoiceAmount>", ">0.00</cbc:TotalInvoiceAmount>", 2893),
        (">24.07</sac:SUNATTotalCashed>", ">26.07</sac:SUNATTotalCashed>", 2608),
    ],
)
def test_sandbox_refuses_a_resumen_that_sunat_would(antes: str, despues: str, codigo: int) -> None:
    de = boleta(tipo_operacion="2001", percepcion=Percepcion())
    xml = escribir_resumen(
        Sumario(EMISOR, "RC", HOY, 1, HOY), [LineaResumen(de, calcular(de), "1")]
    )
    assert antes in xml
    for escrito, esperado in ((xml, 0), (xml.replace(antes, despues), codigo)):
        documento = etree.fromstring(firmar(escrito, llave()).xml)
        nombre = f"RC-{HOY:%Y%m%d}-1"
        hecho, _ = juez_resumen.juzgar(documento, nombre, HOY, lambda *_: None)
        assert hecho.codigo == esperado


# Resúmenes ----------------------------------------------------------------------------------------


def test_resumen_diario_automatico(admin: TestClient, emisora: Emisora) -> None:
    """El resumen diario de boletas se envía automáticamente sin intervención manual"""
    emisora.ajustar(boletas="resumen")
    hechas = boletas(admin, emisora, 3)
    factura = emitir(admin, emisora.factura())
    nota = admin.post(
        "/api/facturacion/notas/",
        json={"comprobante_origen_id": hechas[0]["id"], "motivo_codigo": "01"},
    ).json()
    emisora.trabajar()
    assert [ver(admin, uno["id"])["estado_sunat"] for uno in (*hechas, nota)] == ["PENDIENTE"] * 4
    assert ver(admin, factura["id"])["estado_sunat"] == "ACEPTADO"
    assert admin.post(f"{COMPROBANTES}{hechas[0]['id']}/reenviar/").status_code == 409
    (programado,) = [
        uno
        for uno in emisora.runtime.registry.schedules.values()
        if uno.name == "sunat.resumen_diario"
    ]
    assert programado.cron == "50 23 * * *"
    emisora.encargar(programado.job)
    emisora.terminar()
    assert {ver(admin, uno["id"])["estado_sunat"] for uno in (*hechas, nota)} == {"ACEPTADO"}
    de_boletas, de_nota = resumenes(admin)
    assert (de_boletas["cantidad_documentos"], de_boletas["estado_envio"]) == (3, "ACEPTADO")
    assert (de_nota["cantidad_documentos"], de_nota["estado_envio"]) == (1, "ACEPTADO")
    assert de_boletas["codigo_ticket"].isdigit()
    envios = admin.get(ENVIOS, params={"resumen_id": de_boletas["id"], "sort": "fecha_envio"})
    llamadas = [(uno["operacion"], uno["estado"]) for uno in envios.json()["items"]]
    assert llamadas == [
        ("sendSummary", "en_proceso"),
        ("getStatus", "en_proceso"),
        ("getStatus", "aceptado"),
    ]
    assert {uno[:4] for uno in emisora.sunat.registrados() if uno[1] != "F001"} == {
        ("03", "B001", 1, 1),
        ("03", "B001", 2, 1),
        ("03", "B001", 3, 1),
        ("07", "BC01", 1, 1),
    }
    cdr = admin.get(f"{COMPROBANTES}{hechas[1]['id']}/cdr/")
    with zipfile.ZipFile(io.BytesIO(cdr.content)) as paquete:
        assert f"R-{de_boletas['nombre_archivo']}.xml" in paquete.namelist()
    xml = admin.get(f"{RESUMENES}{de_boletas['id']}/xml/")
    assert len(etree.fromstring(xml.content).findall("{*}SummaryDocumentsLine")) == 3


def test_resumen_de_ayer_takes_what_the_night_left(admin: TestClient, emisora: Emisora) -> None:
    emisora.ajustar(boletas="resumen")
    boletas(admin, emisora, 1)
    emisora.encargar("sunat.resumen_de_ayer")
    emisora.terminar()
    assert resumenes(admin) == []
    emisora.pasar(days=1)
    boletas(admin, emisora, 1)
    emisora.encargar("sunat.resumen_de_ayer")
    emisora.terminar()
    (uno,) = resumenes(admin)
    assert uno["cantidad_documentos"] == 1
    generado = date.fromisoformat(uno["fecha"])
    assert date.fromisoformat(uno["fecha_referencia"]) == generado - timedelta(days=1)
    answer = admin.post(RESUMENES, json={})
    assert [uno["cantidad_documentos"] for uno in answer.json()["items"]] == [1]
    assert answer.json()["id"] == answer.json()["items"][0]["id"]
    nada = admin.post(RESUMENES, json={})
    assert (nada.status_code, nada.json()["code"]) == (422, "nada_que_resumir")


@pytest.mark.parametrize("falla", FALLAS)
def test_resumen_after_each_fault_is_registered_once(
    falla: str, admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(boletas="resumen")
    hechas = boletas(admin, emisora, 2)
    emisora.sunat.ajustar(por_serie={"RC": falla})
    emisora.encargar("sunat.resumen_diario")
    emisora.trabajar(1)
    for _ in range(4):  # the sending, and what asks for the ticket
        emisora.pasar(seconds=10)
        emisora.trabajar(1)
    emisora.sunat.ajustar(por_serie={})
    emisora.pasar(minutes=5)
    emisora.terminar()
    assert [ver(admin, uno["id"])["estado_sunat"] for uno in hechas] == ["ACEPTADO"] * 2
    assert emisora.sunat.registrados() == [("03", "B001", 1, 1, 1), ("03", "B001", 2, 1, 1)]
    assert {uno["estado_envio"] for uno in resumenes(admin)} <= {"ACEPTADO", "RECHAZADO"}
    hashes = read(
        emisora.runtime,
        "SELECT count(DISTINCT hash) FROM envios_sunat WHERE operacion = 'sendSummary'"
        " GROUP BY resumen_id",
    )
    assert set(hashes) == {(1,)}, "the same bytes each time"


def test_resumen_whose_ticket_was_lost_is_found_out_by_the_next_name(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(boletas="resumen")
    boletas(admin, emisora, 2)
    emisora.sunat.ajustar(por_serie={"RC": "perder_respuesta"})
    emisora.encargar("sunat.resumen_diario")
    emisora.trabajar(2)
    emisora.sunat.ajustar(por_serie={})
    emisora.terminar()
    perdido, otro = resumenes(admin)
    assert (perdido["estado_envio"], otro["estado_envio"]) == ("ACEPTADO", "RECHAZADO")
    assert (otro["codigo_sunat"], otro["reemplaza_id"]) == ("2282", perdido["id"])
    assert otro["nombre_archivo"].rpartition("-")[2] == "2"


def test_resumen_with_a_bad_document_is_split_and_the_others_pass(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(boletas="resumen")
    hechas = boletas(admin, emisora, 3)
    with sqlite3.connect(emisora.sunat.ruta) as base:
        base.execute(
            "INSERT INTO comprobantes (ruc, tipo, serie, numero, estado, fecha)"
            " VALUES ('20123456786', '03', 'B001', 2, 2, '2026-11-25')"
        )
    emisora.encargar("sunat.resumen_diario")
    emisora.terminar()
    estados = [ver(admin, uno["id"])["estado_sunat"] for uno in hechas]
    assert estados == ["ACEPTADO", "EXCEPCION", "ACEPTADO"]
    assert "2987" in str(ver(admin, hechas[1]["id"])["codigo_sunat"])
    assert [uno["cantidad_documentos"] for uno in resumenes(admin)] == [3, 3, 1, 1, 1]


def test_resumen_whose_name_somebody_else_took_goes_under_the_next(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(boletas="resumen")
    hechas = boletas(admin, emisora, 1)
    (generado,) = admin.post(RESUMENES, json={}).json()["items"]
    with sqlite3.connect(emisora.sunat.ruta) as base:
        base.execute(
            "INSERT INTO tickets (ticket, ruc, nombre, cdr) VALUES ('1', '20123456786', ?, x'00')",
            (generado["nombre_archivo"],),
        )
    emisora.terminar()
    assert ver(admin, hechas[0]["id"])["estado_sunat"] == "ACEPTADO"
    assert [uno["estado_envio"] for uno in resumenes(admin)] == ["EXCEPCION", "ACEPTADO"]


def test_boleta_too_late_to_go_alone_goes_with_the_resumen(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    (hecha,) = boletas(admin, emisora, 1)
    emisora.trabajar(1)
    emisora.sunat.ajustar(siempre=None)
    emisora.pasar(days=6)
    emisora.terminar()
    vista = ver(admin, hecha["id"])
    assert (vista["estado_sunat"], vista["canal"]) == ("PENDIENTE", "resumen")
    emisora.encargar("sunat.resumen_diario")
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"


def test_ticket_that_never_ends_is_asked_for_with_growing_pauses(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(boletas="resumen")
    boletas(admin, emisora, 1)
    emisora.sunat.ajustar(por_serie={"RC": "ticket_eterno"})
    emisora.encargar("sunat.resumen_diario")
    emisora.trabajar()
    for _ in range(60):
        emisora.pasar(minutes=1)
        emisora.trabajar()
    (uno,) = resumenes(admin)
    assert uno["estado_envio"] == "EN_PROCESO"
    assert uno["intentos"] < 30, "an hour, and not a call a minute"
    emisora.sunat.ajustar(por_serie={})
    emisora.terminar()
    assert resumenes(admin)[0]["estado_envio"] == "ACEPTADO"


# Voiding ------------------------------------------------------------------------------------------


def test_anular_voids_facturas_by_ra_and_boletas_by_rc(admin: TestClient, emisora: Emisora) -> None:
    factura = emitir(admin, emisora.factura())
    (boleta,) = boletas(admin, emisora, 1)
    assert anular(admin, factura["id"]).status_code == 201, "before it is accepted: it waits"
    emisora.terminar()
    pedida = anular(admin, boleta["id"]).json()
    assert (pedida["estado"], pedida["motivo"]) == ("pedida", "Error en el cliente")
    assert anular(admin, boleta["id"]).status_code == 409
    emisora.terminar()
    assert [ver(admin, uno["id"])["estado_sunat"] for uno in (factura, boleta)] == ["ANULADO"] * 2
    assert [uno["tipo"] for uno in resumenes(admin)] == ["RA", "RC"]
    assert {(uno[0], uno[3]) for uno in emisora.sunat.registrados()} == {("01", 2), ("03", 2)}
    assert {uno["estado"] for uno in admin.get(BAJAS).json()["items"]} == {"aceptada"}
    assert anular(admin, factura["id"]).status_code == 409
    assert admin.post(f"{COMPROBANTES}{factura['id']}/reenviar/").status_code == 409


def test_anular_whose_answer_was_lost_asks_about_the_factura_first(
    admin: TestClient, emisora: Emisora
) -> None:
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    anular(admin, factura["id"])
    emisora.sunat.ajustar(por_serie={"RA": "perder_respuesta"})
    emisora.trabajar(2)
    emisora.sunat.ajustar(por_serie={})
    emisora.sunat.trabajar()
    emisora.terminar()
    (una,) = resumenes(admin)
    assert (una["estado_envio"], una["codigo_sunat"]) == ("ACEPTADO", "0003")
    assert ver(admin, factura["id"])["estado_sunat"] == "ANULADO"
    envios = admin.get(ENVIOS, params={"resumen_id": una["id"], "sort": "fecha_envio"}).json()
    assert [uno["operacion"] for uno in envios["items"]] == ["sendSummary", "getStatusCdr"]


def test_anular_whose_answer_was_lost_before_it_took_effect_voids_once(
    admin: TestClient, emisora: Emisora
) -> None:
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    anular(admin, factura["id"])
    emisora.sunat.ajustar(por_serie={"RA": "perder_respuesta"})
    emisora.trabajar(2)
    emisora.sunat.ajustar(por_serie={})
    emisora.terminar()
    perdida, otra = resumenes(admin)
    assert (perdida["estado_envio"], otra["codigo_sunat"]) == ("ACEPTADO", "2323")
    assert ver(admin, factura["id"])["estado_sunat"] == "ANULADO"
    assert emisora.sunat.registrados() == [("01", "F001", 1, 2, 1)]


@pytest.mark.parametrize("tipo", ["RA", "RC"])
def test_anular_whose_file_ends_in_an_exception_goes_again_after_growing_pauses(
    admin: TestClient, emisora: Emisora, tipo: str
) -> None:
    """SUNAT never registered it: the request stands, says so, and is carried out in the end."""
    quien = {"RA": emisora.cliente, "RC": emisora.persona}[tipo]
    uno, otro = (emitir(admin, emisora.factura(cliente_id=quien)) for _ in range(2))
    emisora.terminar()
    emisora.sunat.ajustar(por_serie={tipo: "error_0306"})
    for comprobante in (uno, otro):
        assert anular(admin, comprobante["id"]).status_code == 201
    for _ in range(24 * 4):
        emisora.encargar("sunat.reintentar")
        emisora.trabajar()
        emisora.pasar(minutes=15)
    hechos = resumenes(admin)
    assert {hecho["estado_envio"] for hecho in hechos} == {"EXCEPCION"}
    assert [hecho["cantidad_documentos"] for hecho in hechos[:2]] == [2, 2]
    assert len(hechos) <= 2 + 2 * 5, "a day, and not a file every quarter of an hour"
    bajas = admin.get(BAJAS).json()["items"]
    assert {baja["estado"] for baja in bajas} == {"pedida"}
    assert all("se intentará otra vez" in baja["mensaje"] for baja in bajas)
    emisora.sunat.ajustar(por_serie={})
    emisora.pasar(hours=12)
    emisora.encargar("sunat.reintentar")
    emisora.terminar()
    assert {ver(admin, suyo["id"])["estado_sunat"] for suyo in (uno, otro)} == {"ANULADO"}


def test_anular_that_ends_in_exceptions_until_its_time_is_over_is_told_of(
    admin: TestClient, emisora: Emisora
) -> None:
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    emisora.sunat.ajustar(por_serie={"RA": "error_0306"})
    anular(admin, factura["id"])
    for _ in range(9):
        emisora.encargar("sunat.reintentar")
        emisora.terminar()
        emisora.pasar(days=1)
    (baja,) = admin.get(BAJAS).json()["items"]
    assert (baja["estado"], "nota de crédito" in baja["mensaje"]) == ("rechazada", True)
    emisora.encargar("sunat.alarmar")
    emisora.trabajar()
    noticias = read(emisora.runtime, "SELECT texto FROM notificaciones ORDER BY id DESC LIMIT 1")
    assert "F001-1 (rechazada)" in noticias[0][0]


def test_anular_of_what_sunat_did_not_register_waits_until_it_does(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(por_serie={"F001": "error_0306"})
    factura = emitir(admin, emisora.factura())
    assert anular(admin, factura["id"]).status_code == 201
    emisora.terminar()
    assert ver(admin, factura["id"])["estado_sunat"] == "EXCEPCION"
    emisora.encargar("sunat.reintentar")
    emisora.terminar()
    assert [baja["estado"] for baja in admin.get(BAJAS).json()["items"]] == ["pedida"]
    emisora.sunat.ajustar(por_serie={})
    assert admin.post(f"{COMPROBANTES}{factura['id']}/reenviar/").status_code == 200
    emisora.terminar()
    assert ver(admin, factura["id"])["estado_sunat"] == "ANULADO"


def test_anular_after_seven_days_or_with_notes_is_refused(
    admin: TestClient, contador: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    vieja, con_nota = (emitir(admin, emisora.factura()) for _ in range(2))
    emisora.terminar()
    nota = {"comprobante_origen_id": con_nota["id"], "motivo_codigo": "01"}
    assert contador.post("/api/facturacion/notas/", json=nota).status_code == 201
    assert anular(cajero, con_nota["id"]).status_code == 403
    assert anular(contador, con_nota["id"]).json()["code"] == "estado_no_permite"
    assert anular(contador, 999).status_code == 404
    assert anular(contador, vieja["id"], motivo="x").status_code == 400
    emisora.pasar(days=8)
    assert anular(contador, vieja["id"]).json()["code"] == "plazo_vencido"


def test_anular_venta_voids_its_comprobante_and_both_agree(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    ventas = [
        cajero.post("/api/ventas/", json=emisora.shop.venta(caja, cliente_id=uno)).json()
        for uno in (emisora.cliente, emisora.persona)
    ]
    emisora.terminar()
    items = admin.get(f"{COMPROBANTES}?sort=numero").json()["items"]
    por_venta = {uno["venta_id"]: uno["id"] for uno in items}
    assert anular(admin, por_venta[ventas[0]["id"]]).json()["code"] == "venta_viva"
    for venta in ventas:
        answer = admin.post(f"/api/ventas/{venta['id']}/anular/", json={"motivo": "Se arrepintió"})
        assert answer.status_code == 200, answer.text
    emisora.terminar()
    assert {ver(admin, uno)["estado_sunat"] for uno in por_venta.values()} == {"ANULADO"}
    assert [uno["tipo"] for uno in resumenes(admin)] == ["RA", "RC"]


def test_anular_venta_before_its_comprobante_was_sent_issues_none_or_voids_it(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(boletas="resumen")
    caja = abrir_caja(cajero, emisora.shop)
    temprano, tarde = (
        cajero.post("/api/ventas/", json=emisora.shop.venta(caja)).json()["id"] for _ in range(2)
    )
    assert admin.post(f"/api/ventas/{temprano}/anular/", json={"motivo": "Error"}).is_success
    emisora.terminar()
    (hecha,) = admin.get(COMPROBANTES).json()["items"]
    assert (hecha["venta_id"], hecha["estado_sunat"]) == (tarde, "PENDIENTE")
    assert admin.post(f"/api/ventas/{tarde}/anular/", json={"motivo": "Error"}).is_success
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "PENDIENTE", "told of first, then voided"
    emisora.encargar("sunat.resumen_diario")
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ANULADO"
    assert [uno["estado_envio"] for uno in resumenes(admin)] == ["ACEPTADO", "ACEPTADO"]


def test_anular_venta_of_last_week_takes_it_back_by_a_nota_de_credito(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente)
    venta_id = cajero.post("/api/ventas/", json=venta).json()["id"]
    emisora.terminar()
    emisora.pasar(days=9)
    assert admin.post(f"/api/ventas/{venta_id}/anular/", json={"motivo": "Garantía"}).is_success
    emisora.terminar()
    items = admin.get(COMPROBANTES).json()["items"]
    assert [(uno["tipo"], uno["estado_sunat"], uno["total_venta"]) for uno in items] == [
        ("07", "ACEPTADO", "47.20"),
        ("01", "ACEPTADO", "47.20"),
    ]


def test_anular_to_issue_another_gives_the_sale_a_new_comprobante(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente)
    venta_id = cajero.post("/api/ventas/", json=venta).json()["id"]
    emisora.terminar()
    (primero,) = admin.get(COMPROBANTES).json()["items"]
    assert anular(admin, primero["id"], reemitir=True).status_code == 201
    emisora.terminar()
    items = admin.get(COMPROBANTES).json()["items"]
    assert [(uno["numero"], uno["estado_sunat"], uno["venta_id"]) for uno in items] == [
        (2, "ACEPTADO", venta_id),
        (1, "ANULADO", venta_id),
    ]


def test_anular_with_a_reason_that_xml_cannot_hold_gives_one_that_it_can(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.terminar()
    answer = anular(admin, hecha["id"], motivo="\x01\x02\x03")
    assert answer.json()["motivo"] == "ANULACIÓN"
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ANULADO"


# Withdrawing --------------------------------------------------------------------------------------


def retirar(client: TestClient, baja_id: object) -> Any:
    return client.post(f"{BAJAS}{baja_id}/retirar/")


def test_retirar_of_what_was_not_sent_leaves_the_comprobante_as_it_is(
    admin: TestClient, contador: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    baja = anular(contador, factura["id"]).json()
    assert retirar(cajero, baja["id"]).status_code == 403
    assert retirar(contador, 999).status_code == 404
    answer = retirar(contador, baja["id"])
    assert (answer.status_code, answer.json()["estado"]) == (200, "retirada")
    assert retirar(contador, baja["id"]).json()["code"] == "estado_no_permite"
    emisora.terminar()
    assert resumenes(admin) == []
    assert ver(admin, factura["id"])["estado_sunat"] == "ACEPTADO"
    nota = {
        "comprobante_origen_id": factura["id"],
        "motivo_codigo": "09",
        "detalle": [{"descripcion": "Rebaja", "cantidad": "1", "precio_unitario": "1.00"}],
    }
    assert contador.post("/api/facturacion/notas/", json=nota).status_code == 201
    historia = read(
        emisora.runtime,
        "SELECT datos_nuevos_json ->> 'estado' FROM audit_logs WHERE accion = 'retirar_baja'",
    )
    assert historia == [("retirada",)]


def test_retirar_and_asking_again_voids_once(admin: TestClient, emisora: Emisora) -> None:
    factura = emitir(admin, emisora.factura())
    baja = anular(admin, factura["id"]).json()
    assert retirar(admin, baja["id"]).status_code == 200
    otra = anular(admin, factura["id"])
    assert otra.status_code == 201, otra.text
    emisora.terminar()
    assert ver(admin, factura["id"])["estado_sunat"] == "ANULADO"
    assert [uno["estado"] for uno in admin.get(f"{BAJAS}?sort=id").json()["items"]] == [
        "retirada",
        "aceptada",
    ]
    tarde = retirar(admin, otra.json()["id"])
    assert (tarde.status_code, "aceptada" in tarde.text) == (409, True)


def test_retirar_while_the_job_sends_waits_and_is_refused(
    admin: TestClient, emisora: Emisora
) -> None:
    """Whoever has the row first wins: what is withdrawn is not sent, what is sent stays so."""
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    baja = anular(admin, factura["id"]).json()
    with emisora.runtime.database.engine.connect() as connection, ThreadPoolExecutor(1) as otro:
        tomar = text("SELECT id FROM bajas_comprobante WHERE id = :id FOR UPDATE")
        connection.execute(tomar, {"id": baja["id"]})
        pedido = otro.submit(retirar, admin, baja["id"])
        emisora.trabajar()
        assert resumenes(admin) == [], "the job passes over what is locked"
        enviar = text("UPDATE bajas_comprobante SET estado = 'enviada' WHERE id = :id")
        connection.execute(enviar, {"id": baja["id"]})
        connection.commit()
        answer = pedido.result(timeout=60)
    assert (answer.status_code, "enviada" in answer.text) == (409, True)


def test_retirar_of_an_annulled_sale_is_refused(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente)
    venta_id = cajero.post("/api/ventas/", json=venta).json()["id"]
    emisora.terminar()
    anulada = admin.post(f"/api/ventas/{venta_id}/anular/", json={"motivo": "Se arrepintió"})
    assert anulada.status_code == 200
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    emisora.trabajar(1)
    (baja,) = admin.get(BAJAS).json()["items"]
    assert baja["estado"] == "pedida"
    answer = retirar(admin, baja["id"])
    assert (answer.status_code, "anulada" in answer.text) == (409, True)
