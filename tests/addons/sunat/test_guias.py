"""Guías, retenciones, percepciones, their reversión and the consulta de validez, by the API."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from lxml import etree
from starlette.testclient import TestClient

from addons.sunat.sandbox.constancias import LIMA
from addons.sunat.sandbox.rest import ENLACE, SunatRest
from addons.sunat.services.validez import A_LA_VEZ, OCUPADA
from kernel import pdf
from tests.addons.base.signed_in import read
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_impresos import _leer
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir, reconectar, ver
from tests.shop import abrir_caja

GUIAS = "/api/facturacion/guias/"
RETENCIONES = "/api/facturacion/retenciones/"
VALIDEZ = "/api/facturacion/validez/"
CONDUCTOR = {
    "numero_doc": "45678912",
    "nombres": "Luis",
    "apellidos": "Quispe",
    "licencia": "Q45678912",
}


def guia(emisora: Emisora, **cambios: Any) -> dict[str, Any]:
    """Return the body of a guía of cement that goes to a cliente in the company's lorry."""
    return {
        "cliente_id": emisora.cliente,
        "partida": {"ubigeo": "150141", "direccion": "Av. Angamos 1"},
        "llegada": {"ubigeo": "040101", "direccion": "Jr. Uno 2"},
        "peso_bruto": "850.5",
        "vehiculos": [{"placa": "ABC123"}],
        "conductores": [CONDUCTOR],
        "bienes": [{"descripcion": "Cemento", "cantidad": "20", "unidad_medida": "BX"}],
        **cambios,
    }


def hacer(client: TestClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def envios(client: TestClient, comprobante_id: int) -> list[tuple[str, str]]:
    path = f"/api/facturacion/envios/?comprobante_id={comprobante_id}&sort=fecha_envio"
    return [(uno["operacion"], uno["estado"]) for uno in client.get(path).json()["items"]]


def test_guia_is_sent_by_rest_and_its_ticket_brings_cdr_and_qr(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = hacer(admin, GUIAS, guia(emisora))
    assert (hecha["tipo"], hecha["serie"], hecha["numero"]) == ("09", "T001", 1)
    assert (hecha["estado_sunat"], hecha["qr"]) == ("PENDIENTE", "")
    terminar(admin, emisora, hecha["id"])
    vista = ver(admin, hecha["id"])
    assert (vista["estado_sunat"], vista["codigo_sunat"]) == ("ACEPTADO", "0")
    assert str(vista["qr"]).startswith(ENLACE)
    assert envios(admin, hecha["id"])[0] == ("enviarGuia", "en_proceso")
    assert envios(admin, hecha["id"])[-1] == ("consultarGuia", "aceptado")
    answer = admin.get(f"{COMPROBANTES}{hecha['id']}/cdr/")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as paquete:
        cdr = etree.fromstring(paquete.read("R-20123456786-09-T001-1.xml"))
    assert cdr.findtext(".//{*}DocumentDescription") == vista["qr"]
    assert emisora.sunat.registrados() == [("09", "T001", 1, 1, 1)]
    (fila,) = admin.get(GUIAS).json()["items"]
    assert (fila["comprobante_id"], fila["destinatario"]) == (hecha["id"], "Cliente S.A.")


@pytest.mark.skipif(pdf.missing() is not None, reason="this machine makes no PDF")
def test_guia_is_printed_with_the_qr_that_sunat_gave(
    admin: TestClient, emisora: Emisora, tmp_path: Any
) -> None:
    hecha = hacer(admin, GUIAS, guia(emisora, observaciones="Con cuidado"))
    assert admin.get(f"{COMPROBANTES}{hecha['id']}/pdf/").status_code == 404
    emisora.trabajar()
    assert admin.get(f"{COMPROBANTES}{hecha['id']}/pdf/").status_code == 200  # without QR
    terminar(admin, emisora, hecha["id"])
    assert admin.get(f"{COMPROBANTES}{hecha['id']}/pdf/").status_code == 404
    emisora.trabajar()
    answer = admin.get(f"{COMPROBANTES}{hecha['id']}/pdf/")
    assert answer.headers["content-type"] == "application/pdf"
    archivo = tmp_path / "guia.pdf"
    archivo.write_bytes(answer.content)
    if texto := _leer("pdftotext", archivo, "-"):
        for dicho in ("T001-1", "ABC123", "Cemento", "Con cuidado", "Luis Quispe"):
            assert dicho in texto


def test_guia_of_a_carrier_is_accepted(admin: TestClient, emisora: Emisora) -> None:
    persona = {"tipo_doc": "1", "numero_doc": "45678912", "razon_social": "Ana Quispe"}
    relacionada = {"tipo": "09", "numero": "T001-7", "emisor": "20100006376"}
    body = guia(emisora, tipo="31", remitente=persona, relacionados=[relacionada])
    hecha = hacer(admin, GUIAS, body)
    assert (hecha["tipo"], hecha["serie"]) == ("31", "V001")
    terminar(admin, emisora, hecha["id"])
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"


def test_guia_of_a_venta_takes_over_goods_customer_and_comprobante(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente)
    venta_id = cajero.post("/api/ventas/", json=venta).json()["id"]
    emisora.trabajar()
    body = guia(emisora, venta_id=venta_id, bienes=[])
    del body["cliente_id"]
    hecha = hacer(admin, GUIAS, body)
    answer = admin.get(f"{COMPROBANTES}{hecha['id']}/xml/")
    xml = etree.fromstring(answer.content)
    assert xml.findtext(".//{*}AdditionalDocumentReference/{*}ID") == "F001-1"
    assert xml.findtext(".//{*}DeliveryCustomerParty//{*}RegistrationName") == "Cliente S.A."
    vendidas = read(
        emisora.runtime, f"SELECT count(*) FROM detalle_venta WHERE venta_id={venta_id}"
    )
    assert len(xml.findall("{*}DespatchLine")) == vendidas[0][0]
    terminar(admin, emisora, hecha["id"])
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"
    assert admin.get(f"{COMPROBANTES}?venta_id={venta_id}&tipo=01").json()["items"]


def test_guia_of_nothing_is_of_the_sucursal_of_its_series_or_of_who_issues_it(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    suya, norte = emisora.shop.sucursales
    series = "/api/facturacion/series/"
    hacer(admin, series, {"tipo": "09", "serie": "T009", "sucursal_id": norte})
    assert hacer(admin, GUIAS, guia(emisora))["sucursal_id"] is None
    assert hacer(admin, GUIAS, guia(emisora, serie="T009"))["sucursal_id"] == norte
    assert hacer(admin, GUIAS, guia(emisora, sucursal_id=suya))["sucursal_id"] == suya
    assert hacer(cajero, GUIAS, guia(emisora))["sucursal_id"] == suya
    answer = cajero.post(GUIAS, json=guia(emisora, serie="T009"))
    assert (answer.status_code, answer.json()["code"]) == (403, "fila_fuera_de_alcance")


def test_guia_that_sunat_would_reject_uses_no_number(admin: TestClient, emisora: Emisora) -> None:
    malo = guia(emisora, vehiculos=[], peso_bruto="0", motivo="99")
    answer = admin.post(GUIAS, json=malo)
    assert (answer.status_code, answer.json()["code"]) == (400, "comprobante_no_valido")
    assert {(e["field"], e["code"]) for e in answer.json()["errors"]} == {
        ("vehiculos", "2566"),
        ("peso_bruto", "2880"),
        ("motivo", "3405"),
    }
    assert hacer(admin, GUIAS, guia(emisora))["numero"] == 1


def test_guia_that_lacks_all_tells_all_at_once(admin: TestClient, emisora: Emisora) -> None:
    answer = admin.post(GUIAS, json={})
    assert answer.status_code == 400
    campos = [uno["field"] for uno in answer.json()["errors"]]
    assert sorted(campos) == [
        "bienes",
        "conductores",
        "destinatario",
        "llegada.direccion",
        "llegada.ubigeo",
        "partida.direccion",
        "partida.ubigeo",
        "peso_bruto",
        "vehiculos",
    ]
    malo = guia(
        emisora,
        peso_bruto=None,
        vehiculos=[{"placa": "AB-1"}],
        conductores=[{}],
        bienes=[{"descripcion": "Cemento"}],
    )
    dichos = {uno["field"] for uno in admin.post(GUIAS, json=malo).json()["errors"]}
    assert dichos == {
        "peso_bruto",
        "vehiculos.0.placa",
        "conductores.0.numero_doc",
        "conductores.0.nombres",
        "conductores.0.apellidos",
        "conductores.0.licencia",
        "bienes.0.cantidad",
    }


@pytest.mark.parametrize("dicha", ["ABC-123", "abc 123", " Abc - 123 ", "ABC\u2013123", "ABC123"])
def test_plate_is_taken_as_people_write_it(admin: TestClient, emisora: Emisora, dicha: str) -> None:
    hecha = hacer(admin, GUIAS, guia(emisora, vehiculos=[{"placa": dicha}]))
    vista = admin.get(f"{GUIAS}{hecha['guia_id']}/").json()
    assert vista["vehiculos"][0]["placa"] == "ABC123"


def test_guia_that_sunat_rejects_burns_its_number(admin: TestClient, emisora: Emisora) -> None:
    emisora.sunat.ajustar(inactivos=["20123456786"])
    hecha = hacer(admin, GUIAS, guia(emisora))
    terminar(admin, emisora, hecha["id"])
    vista = ver(admin, hecha["id"])
    assert (vista["estado_sunat"], vista["codigo_sunat"]) == ("RECHAZADO", "2010")


@pytest.mark.parametrize("falla", ["perder_respuesta", "perder_envio", "cortar", "error_503"])
def test_guia_whose_answer_is_lost_is_registered_once(
    admin: TestClient, emisora: Emisora, falla: str
) -> None:
    emisora.sunat.ajustar(por_serie={"T001": falla})
    hecha = hacer(admin, GUIAS, guia(emisora))
    emisora.trabajar(1)
    assert ver(admin, hecha["id"])["estado_sunat"] == "ENVIADO"
    emisora.sunat.ajustar(por_serie={})
    terminar(admin, emisora, hecha["id"])
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"
    assert emisora.sunat.registrados() == [("09", "T001", 1, 1, 1)]


def terminar(admin: TestClient, emisora: Emisora, comprobante_id: int) -> None:
    """Work until a comprobante has its answer; time passes in place of waiting."""
    for _ in range(20):
        emisora.trabajar()
        if ver(admin, comprobante_id)["estado_sunat"] not in ("PENDIENTE", "ENVIADO"):
            return
        with emisora.runtime.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE comprobantes SET proximo_intento = now()")
            connection.exec_driver_sql("UPDATE andes_jobs SET run_at = now() WHERE run_at > now()")


def test_guia_while_sunat_is_down_waits_and_goes_by_itself(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    hecha = hacer(admin, GUIAS, guia(emisora))
    emisora.trabajar(1)
    assert ver(admin, hecha["id"])["estado_sunat"] == "CONTINGENCIA"
    emisora.sunat.ajustar(siempre=None)
    reconectar(emisora)
    terminar(admin, emisora, hecha["id"])
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"


def test_guia_with_a_token_that_ended_asks_for_another(admin: TestClient, emisora: Emisora) -> None:
    primera = hacer(admin, GUIAS, guia(emisora))
    terminar(admin, emisora, primera["id"])
    SunatRest(emisora.sunat).olvidar_fichas()
    segunda = hacer(admin, GUIAS, guia(emisora))
    terminar(admin, emisora, segunda["id"])
    assert ver(admin, segunda["id"])["estado_sunat"] == "ACEPTADO"


def test_guia_is_not_voided_here(admin: TestClient, emisora: Emisora) -> None:
    hecha = hacer(admin, GUIAS, guia(emisora))
    answer = admin.post(f"{COMPROBANTES}{hecha['id']}/anular/", json={"motivo": "Se equivocó"})
    assert (answer.status_code, answer.json()["code"]) == (409, "estado_no_permite")


# Retenciones --------------------------------------------------------------------------------------


def retencion(emisora: Emisora, **cambios: Any) -> dict[str, Any]:
    """Return the body of a retención of a supplier that was paid today."""
    hoy = emisora.runtime.clock().astimezone(LIMA).date().isoformat()
    pago = {
        "numero": "F001-55",
        "fecha_emision": hoy,
        "fecha_pago": hoy,
        "total": "1180.00",
        "pago": "1180.00",
    }
    sujeto = {"tipo_doc": "6", "numero_doc": "20100006376", "razon_social": "Proveedor S.A."}
    return {"sujeto": sujeto, "pagos": [pago], "fecha_emision": hoy, **cambios}


@pytest.mark.parametrize(
    ("tipo", "serie", "monto", "neto"),
    [("20", "R001", "35.40", "1144.60"), ("40", "P001", "23.60", "1203.60")],
)
def test_retencion_is_computed_accepted_and_reverted(
    contador: TestClient,
    admin: TestClient,
    emisora: Emisora,
    tipo: str,
    serie: str,
    monto: str,
    neto: str,
) -> None:
    hecha = hacer(contador, RETENCIONES, retencion(emisora, tipo=tipo))
    assert (hecha["tipo"], hecha["serie"], hecha["cliente_id"]) == (tipo, serie, None)
    emisora.trabajar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"
    (fila,) = admin.get(RETENCIONES).json()["items"]
    assert (fila["total_retenido"], fila["total_pagado"]) == (monto, neto)
    answer = contador.post(f"{COMPROBANTES}{hecha['id']}/anular/", json={"motivo": "Pago anulado"})
    assert answer.status_code == 201, answer.text
    terminar_resumen(emisora)
    assert ver(admin, hecha["id"])["estado_sunat"] == "ANULADO"
    (resumen,) = admin.get("/api/facturacion/resumen-diario/").json()["items"]
    assert (resumen["tipo"], resumen["estado_envio"]) == ("RR", "ACEPTADO")


def terminar_resumen(emisora: Emisora) -> None:
    for _ in range(10):
        emisora.trabajar()
        with emisora.runtime.database.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE resumen_diario SET proximo_intento = now()")
            connection.exec_driver_sql("UPDATE andes_jobs SET run_at = now() WHERE run_at > now()")


def test_retencion_that_sunat_would_reject_uses_no_number(
    contador: TestClient, emisora: Emisora
) -> None:
    answer = contador.post(RETENCIONES, json=retencion(emisora, regimen="09", pagos=[]))
    assert answer.status_code == 400
    assert {e["code"] for e in answer.json()["errors"]} == {"2618", "2693"}


# Validity -----------------------------------------------------------------------------------------


def test_validez_tells_what_sunat_has(
    contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar()
    dicho = contador.post(f"{COMPROBANTES}{hecha['id']}/validez/")
    assert dicho.status_code == 200, dicho.text
    assert (dicho.json()["valido"], dicho.json()["estado"]) == (True, "Aceptado")
    consulta = {
        "ruc": "20123456786",
        "serie": "F001",
        "numero": 1,
        "fecha_emision": hecha["fecha_emision"],
        "monto": "23.61",
    }
    otro = contador.post(VALIDEZ, json=consulta).json()
    assert (otro["valido"], otro["estado"], otro["estado_ruc"]) == (False, "No existe", "Activo")


def test_validez_while_sunat_is_down_says_so(
    contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    answer = contador.post(f"{COMPROBANTES}{hecha['id']}/validez/")
    assert (answer.status_code, answer.json()["code"]) == (503, "sunat_no_responde")


def test_validez_that_sunat_is_slow_to_tell_leaves_threads_to_others(
    contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.sunat.ajustar(demora=1.5)
    path = f"{COMPROBANTES}{hecha['id']}/validez/"
    with ThreadPoolExecutor(A_LA_VEZ + 2) as pool:
        dichas = [uno.result() for uno in [pool.submit(contador.post, path) for _ in range(5)]]
    estados = Counter(uno.status_code for uno in dichas)
    assert estados == {200: A_LA_VEZ, 503: 2}
    (dicho,) = {uno.json()["detail"] for uno in dichas if uno.status_code == 503}
    assert dicho == OCUPADA
    emisora.sunat.ajustar(demora=0)
    assert contador.post(path).status_code == 200
