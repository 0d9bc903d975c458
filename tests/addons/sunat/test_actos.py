"""What people do with comprobantes: correct, send by mail, download many, begin a series."""

from __future__ import annotations

import email
import io
import zipfile
from datetime import timedelta
from email.policy import default
from typing import Any

from sqlalchemy import text
from starlette.testclient import TestClient

from addons.sunat.services import alarmas
from kernel import pdf
from tests.addons.base.signed_in import read
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir, ver
from tests.shop import abrir_caja

SERIES = "/api/facturacion/series/"
DESCARGA = "/api/facturacion/descarga/"


def corregir(client: TestClient, comprobante_id: object, **cambios: object) -> Any:
    return client.post(f"{COMPROBANTES}{comprobante_id}/corregir/", json=cambios)


# Corrections --------------------------------------------------------------------------------------


def test_corregir_rechazado_gets_the_next_number_and_the_sale_keeps_one(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(inactivos=["20123456786"])
    caja = abrir_caja(cajero, emisora.shop)
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente)
    venta_id = cajero.post("/api/ventas/", json=venta).json()["id"]
    emisora.terminar()
    (rechazada,) = admin.get(COMPROBANTES).json()["items"]
    assert rechazada["estado_sunat"] == "RECHAZADO"
    emisora.sunat.ajustar(inactivos=[])
    answer = corregir(admin, rechazada["id"])
    assert answer.status_code == 201, answer.text
    hecha = answer.json()
    assert (hecha["numero"], hecha["venta_id"], hecha["corrige_id"]) == (
        2,
        venta_id,
        rechazada["id"],
    )
    assert corregir(admin, rechazada["id"]).status_code == 409
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"
    assert corregir(admin, hecha["id"]).status_code == 409
    assert [uno[2:4] for uno in emisora.sunat.registrados()] == [(1, 0), (2, 1)]


def test_corregir_excepcion_keeps_its_number_with_what_was_put_right(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    with emisora.runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE comprobantes SET estado_sunat = 'EXCEPCION', codigo_sunat = '0306'")
        )
    detalle = [{"descripcion": "Cal", "cantidad": "1", "precio_unitario": "5.90"}]
    answer = corregir(admin, hecha["id"], detalle=detalle)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["id"], answer.json()["numero"]) == (hecha["id"], 1)
    assert (answer.json()["total_venta"], answer.json()["estado_sunat"]) == ("5.90", "PENDIENTE")
    assert answer.json()["hash"] != hecha["hash"]
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"
    lineas = read(emisora.runtime, "SELECT descripcion FROM detalle_comprobante")
    assert lineas == [("Cal",)]


def test_corregir_a_number_that_is_somebody_elses_takes_the_next(
    admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    with emisora.runtime.database.engine.begin() as connection:
        connection.execute(
            text("UPDATE comprobantes SET estado_sunat = 'EXCEPCION', codigo_sunat = '1033'")
        )
    answer = corregir(admin, hecha["id"])
    assert (answer.status_code, answer.json()["numero"]) == (201, 2)
    assert ver(admin, hecha["id"])["estado_sunat"] == "RECHAZADO"


def test_corregir_nota_rechazada_stays_on_its_factura(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    emisora.sunat.ajustar(inactivos=["20123456786"])
    nota = {"comprobante_origen_id": factura["id"], "motivo_codigo": "01"}
    rechazada = contador.post("/api/facturacion/notas/", json=nota).json()
    emisora.terminar()
    emisora.sunat.ajustar(inactivos=[])
    hecha = corregir(admin, rechazada["id"]).json()
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"
    filas = read(
        emisora.runtime,
        "SELECT comprobante_origen_id, numero, estado_sunat FROM notas_credito_debito ORDER BY id",
    )
    assert filas == [(factura["id"], 1, "RECHAZADO"), (factura["id"], 2, "ACEPTADO")]


def test_corregir_nota_is_held_to_what_its_factura_has_left(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    emisora.sunat.ajustar(inactivos=["20123456786"])
    nota = {"comprobante_origen_id": factura["id"], "motivo_codigo": "01"}
    rechazada = contador.post("/api/facturacion/notas/", json=nota).json()
    emisora.terminar()
    emisora.sunat.ajustar(inactivos=[])
    detalle = [{"descripcion": "Cemento", "cantidad": "3", "precio_unitario": "11.80"}]
    answer = corregir(admin, rechazada["id"], detalle=detalle)
    assert [uno["code"] for uno in answer.json()["errors"]] == ["3286"]
    assert corregir(admin, rechazada["id"]).status_code == 201


def test_nota_without_lines_takes_back_discounts_and_charges_of_the_whole_as_well(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    cargos = [{"codigo": "02", "monto": "5.00"}, {"codigo": "46", "monto": "2.00"}]
    detalle = [
        {"descripcion": "Cemento", "cantidad": "2", "precio_unitario": "11.80"},
        {"descripcion": "Libro", "cantidad": "1", "precio_unitario": "9", "afectacion_igv": "20"},
        {"descripcion": "Cal", "cantidad": "3", "precio_unitario": "3.33"},
    ]
    factura = emitir(admin, emisora.factura(detalle=detalle, cargos=cargos))
    emisora.terminar()
    nota = {"comprobante_origen_id": factura["id"], "motivo_codigo": "01"}
    hecha = contador.post("/api/facturacion/notas/", json=nota).json()
    sumas = ("total_venta", "total_igv", "total_gravada", "total_exonerada")
    assert [hecha[una] for una in sumas] == [factura[una] for una in sumas]
    assert hecha["total_venta"] == "39.59"
    emisora.terminar()
    assert ver(admin, hecha["id"])["estado_sunat"] == "ACEPTADO"


def test_corregir_of_an_annulled_sale_is_refused(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(inactivos=["20123456786"])
    caja = abrir_caja(cajero, emisora.shop)
    venta = emisora.shop.venta(caja, cliente_id=emisora.cliente)
    venta_id = cajero.post("/api/ventas/", json=venta).json()["id"]
    emisora.terminar()
    (rechazada,) = admin.get(COMPROBANTES).json()["items"]
    assert admin.post(f"/api/ventas/{venta_id}/anular/", json={"motivo": "Error"}).is_success
    answer = corregir(admin, rechazada["id"])
    assert (answer.status_code, "anulada" in answer.text) == (409, True)


# Mail ---------------------------------------------------------------------------------------------


def cartas(emisora: Emisora) -> list[Any]:
    carpeta = emisora.runtime.settings.data_dir / "mail"
    archivos = sorted(carpeta.glob("*.eml")) if carpeta.is_dir() else []
    return [email.message_from_bytes(uno.read_bytes(), policy=default) for uno in archivos]


def test_correo_goes_with_the_files_when_it_is_accepted_and_when_asked(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(enviar_correo=True)
    cliente = f"/api/clientes/{emisora.cliente}/"
    assert admin.put(cliente, json={"email": "compras@cliente.pe"}).status_code == 200
    con, sin = (
        emitir(admin, emisora.factura()),
        emitir(admin, emisora.factura(cliente_id=emisora.persona)),
    )
    pedir = f"{COMPROBANTES}{sin['id']}/enviar-correo/"
    assert admin.post(pedir, json={}).status_code == 409, "not accepted yet"
    emisora.terminar()
    (carta,) = cartas(emisora)
    assert carta["To"] == "compras@cliente.pe"
    assert carta["Subject"] == "Factura electrónica F001-1"
    adjuntos = [parte.get_filename() for parte in carta.iter_attachments()]
    assert "20123456786-01-F001-1.xml" in adjuntos
    assert ("20123456786-01-F001-1.pdf" in adjuntos) is (pdf.missing() is None)
    assert "S/ 23.60" in carta.get_body().get_content()
    vista = ver(admin, con["id"])
    assert (vista["correo"], bool(vista["correo_enviado_at"])) == ("compras@cliente.pe", True)
    assert admin.post(pedir, json={}).json()["errors"][0]["field"] == "email"
    answer = admin.post(pedir, json={"email": "ana@casa.pe"})
    assert (answer.status_code, answer.json()["email"]) == (202, "ana@casa.pe")
    emisora.terminar()
    assert {uno["To"] for uno in cartas(emisora)} == {"compras@cliente.pe", "ana@casa.pe"}


# Downloads ----------------------------------------------------------------------------------------


def test_descarga_holds_xml_and_cdr_of_what_is_asked_for(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    emitir(admin, emisora.factura())
    emisora.terminar()
    emitir(admin, emisora.factura())
    emitir(admin, emisora.factura(cliente_id=emisora.persona))
    assert cajero.get(DESCARGA).status_code == 403
    answer = admin.get(DESCARGA, params={"tipo": "01"})
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as paquete:
        assert paquete.testzip() is None
        assert paquete.namelist() == [
            "20123456786-01-F001-1.xml",
            "R-20123456786-01-F001-1.zip",
            "20123456786-01-F001-2.xml",
        ]
        suyo = admin.get(f"{COMPROBANTES}1/xml/").content
        assert paquete.read("20123456786-01-F001-1.xml") == suyo
    assert admin.get(DESCARGA, params={"serie": "F999"}).status_code == 404
    assert admin.get(DESCARGA, params={"desde": "2020-01-01", "hasta": "2020-01-02"}).is_error


# Series -------------------------------------------------------------------------------------------


def test_serie_begins_where_another_system_left_it_and_never_goes_back(
    admin: TestClient, emisora: Emisora
) -> None:
    body = {"tipo": "01", "serie": "F002", "inicio": 501}
    serie = admin.post(SERIES, json=body).json()
    assert serie["inicio"] == 501
    hecha = emitir(admin, emisora.factura(serie="F002"))
    assert hecha["numero"] == 501
    atras = admin.put(f"{SERIES}{serie['id']}/", json={"inicio": 500})
    assert (atras.status_code, atras.json()["code"]) == (409, "estado_no_permite")
    assert admin.put(f"{SERIES}{serie['id']}/", json={"inicio": 600}).status_code == 200
    assert emitir(admin, emisora.factura(serie="F002"))["numero"] == 600
    (fila,) = admin.get("/api/reportes/correlativos/").json()["items"]
    assert (fila["serie"], fila["huecos"], fila["faltan"]) == ("F002", 98, "502-599")
    assert fila["duplicados"] == 0


def test_correlativos_without_gaps_says_so(admin: TestClient, emisora: Emisora) -> None:
    for _ in range(3):
        emitir(admin, emisora.factura())
    (fila,) = admin.get("/api/reportes/correlativos/").json()["items"]
    assert (fila["desde"], fila["hasta"], fila["emitidos"]) == (1, 3, 3)
    assert (fila["huecos"], fila["faltan"], fila["inicio"]) == (0, "", 1)


# Alarms -------------------------------------------------------------------------------------------


def test_alarmar_speaks_of_the_certificate_30_15_7_and_1_days_before(
    admin: TestClient, emisora: Emisora
) -> None:
    (hasta,) = read(emisora.runtime, "SELECT hasta FROM certificados")[0]
    dichos = []
    for dias in range(32, -2, -1):
        emisora.runtime.clock = lambda dias=dias: hasta - timedelta(days=dias, hours=-1)
        antes = read(emisora.runtime, "SELECT count(*) FROM notificaciones")
        emisora.runtime.transact(alarmas.avisar)
        if read(emisora.runtime, "SELECT count(*) FROM notificaciones") != antes:
            dichos.append(dias - 1)
    assert dichos == [30, 15, 7, 1, 0, -1, -2]
