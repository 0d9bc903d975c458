"""What nobody should be able to do with numbers: lose one, double one, or stop the queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from addons.sunat.sandbox.servicio import certificado
from tests.addons.base.signed_in import read
from tests.addons.sales.test_ventas import set_company
from tests.addons.sunat import facturas
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.test_modulo_3 import COMPROBANTES, emitir, ver
from tests.addons.sunat.test_resumenes import anular
from tests.shop import abrir_caja

EMITIR = "/api/facturacion/emitir/"
NOTAS = "/api/facturacion/notas/"
SERIES = "/api/facturacion/series/"
OTRO_RUC = "20131312955"


def nota(cliente: TestClient, origen: int, motivo: str = "01", **cambios: Any) -> Any:
    body = {"comprobante_origen_id": origen, "motivo_codigo": motivo, **cambios}
    return cliente.post(NOTAS, json=body)


def vender(cajero: TestClient, emisora: Emisora, caja: int = 0) -> int:
    caja = caja or abrir_caja(cajero, emisora.shop)
    answer = cajero.post("/api/ventas/", json=emisora.shop.venta(caja, cliente_id=emisora.cliente))
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


@pytest.mark.parametrize("tipo_nota", ["07", "08"])
def test_nota_on_what_is_being_voided_is_refused(
    admin: TestClient, contador: TestClient, emisora: Emisora, tipo_nota: str
) -> None:
    """Voided and credited, the sale would be taken back twice."""
    factura = emitir(admin, emisora.factura())
    emisora.terminar()
    emisora.sunat.ajustar(por_serie={"RA": "ticket_eterno"})
    assert anular(admin, factura["id"]).status_code == 201
    emisora.trabajar()
    detalle = [{"descripcion": "Cemento", "cantidad": "1", "precio_unitario": "1.80"}]
    answer = nota(contador, factura["id"], tipo_nota=tipo_nota, detalle=detalle)
    assert (answer.status_code, answer.json()["code"]) == (409, "estado_no_permite")


@pytest.mark.parametrize("motivo", ["04", "05", "07", "08", "09"])
def test_nota_about_a_part_says_its_lines(
    admin: TestClient, contador: TestClient, emisora: Emisora, motivo: str
) -> None:
    factura = emitir(admin, emisora.factura())
    answer = nota(contador, factura["id"], motivo)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "detalle")


def test_nota_de_debito_without_lines_does_not_charge_all_again(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    factura = emitir(admin, emisora.factura())
    answer = nota(contador, factura["id"], tipo_nota="08")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "detalle")


def test_nota_goes_after_the_comprobante_that_it_changes(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    """SUNAT rejects a note on what it doesn't know (2119), and the number is burnt."""
    emisora.sunat.ajustar(por_serie={"F001": "error_0306"})
    factura = emitir(admin, emisora.factura())
    suya = nota(contador, factura["id"]).json()
    emisora.trabajar()
    assert ver(admin, factura["id"])["estado_sunat"] == "EXCEPCION"
    for _ in range(3):
        emisora.encargar("sunat.reintentar")
        emisora.terminar()
        emisora.pasar(minutes=15)
    assert ver(admin, suya["id"])["estado_sunat"] == "PENDIENTE"
    emisora.sunat.ajustar(por_serie={})
    assert admin.post(f"{COMPROBANTES}{factura['id']}/reenviar/").status_code == 200
    emisora.terminar()
    assert ver(admin, suya["id"])["estado_sunat"] == "ACEPTADO"


def test_nota_issued_while_sunat_is_away_waits_for_its_factura(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    factura = emitir(admin, emisora.factura())
    suya = nota(contador, factura["id"]).json()
    emisora.trabajar()
    emisora.sunat.ajustar(siempre=None, por_serie={"F001": "perder_envio"})
    emisora.pasar(minutes=1)
    emisora.trabajar()
    assert ver(admin, suya["id"])["intentos"] <= 1
    emisora.sunat.ajustar(por_serie={})
    emisora.terminar()
    estados = [ver(admin, uno["id"])["estado_sunat"] for uno in (factura, suya)]
    assert estados == ["ACEPTADO", "ACEPTADO"]


def test_emitir_of_an_annulled_sale_is_refused(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    emisora.ajustar(emitir_ventas=False)
    venta = vender(cajero, emisora)
    assert admin.post(f"/api/ventas/{venta}/anular/", json={"motivo": "Error"}).is_success
    answer = admin.post(EMITIR, json={"venta_id": venta})
    assert (answer.status_code, answer.json()["code"]) == (409, "estado_no_permite")
    assert read(emisora.runtime, "SELECT count(*) FROM comprobantes") == [(0,)]


def test_reenviar_of_an_annulled_sale_is_refused(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(por_serie={"F001": "error_0306"})
    venta = vender(cajero, emisora)
    emisora.trabajar()
    (suyo,) = admin.get(COMPROBANTES).json()["items"]
    assert suyo["estado_sunat"] == "EXCEPCION"
    assert admin.post(f"/api/ventas/{venta}/anular/", json={"motivo": "Error"}).is_success
    emisora.sunat.ajustar(por_serie={})
    answer = admin.post(f"{COMPROBANTES}{suyo['id']}/reenviar/")
    assert (answer.status_code, "anulada" in answer.text) == (409, True)


def test_queue_of_another_ruc_stops_nobody_and_goes_when_the_company_is_that_again(
    admin: TestClient, contador: TestClient, emisora: Emisora
) -> None:
    """SUNAT refuses files of a RUC that is not the user's (0154), and that stops a remote."""
    emisora.ajustar(boletas="resumen")
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    factura = emitir(admin, emisora.factura())
    boleta = emitir(admin, emisora.factura(cliente_id=emisora.persona))
    emisora.trabajar()
    emisora.sunat.ajustar(siempre=None)
    set_company(emisora.runtime, ruc=OTRO_RUC)
    emisora.pasar(minutes=1)
    emisora.encargar("sunat.resumen_diario")
    emisora.encargar("sunat.reintentar")
    emisora.terminar()
    assert read(
        emisora.runtime, "SELECT count(*) FROM andes_remotes WHERE stopped_at IS NOT NULL"
    ) == [(0,)]
    assert read(emisora.runtime, "SELECT count(*) FROM resumen_diario") == [(0,)]
    assert nota(contador, factura["id"]).status_code in (409, 422)
    set_company(emisora.runtime, ruc="20123456786")
    emisora.encargar("sunat.resumen_diario")
    emisora.encargar("sunat.reintentar")
    emisora.terminar()
    for uno in (factura, boleta):
        assert ver(admin, uno["id"])["estado_sunat"] == "ACEPTADO"


def test_ruc_is_not_changed_while_documents_of_it_wait_for_sunat(
    admin: TestClient, emisora: Emisora
) -> None:
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    factura = emitir(admin, emisora.factura())
    baja = {"motivo": "Error en el cliente"}
    pedida = admin.post(f"{COMPROBANTES}{factura['id']}/anular/", json=baja).json()
    otro = {"ruc": OTRO_RUC, "razon_social": "Otra S.A.C."}
    answer = admin.put("/api/configuracion/", json=otro)
    assert (answer.status_code, answer.json()["code"]) == (409, "estado_no_permite")
    assert answer.json()["errors"][0]["field"] == "ruc"
    assert "1 comprobantes, 0 resúmenes y 1 bajas" in answer.text
    leida = admin.get("/api/configuracion/").json()
    assert (leida["ruc"], leida["razon_social"]) == ("20123456786", "Tienda de Prueba S.A.C.")
    assert admin.put("/api/configuracion/", json={"razon_social": "Nueva S.A.C."}).is_success
    assert admin.post(f"/api/facturacion/bajas/{pedida['id']}/retirar/").is_success
    emisora.sunat.ajustar(siempre=None)
    emisora.terminar()
    assert ver(admin, factura["id"])["estado_sunat"] == "ACEPTADO"
    assert admin.put("/api/configuracion/", json=otro).json()["ruc"] == OTRO_RUC


def test_clock_that_ran_ahead_holds_up_no_document(admin: TestClient, emisora: Emisora) -> None:
    """An attempt planned on a day that was none is due once the clock is right again."""
    emisora.sunat.ajustar(por_serie={"F001": "perder_envio", "RA": "perder_envio"})
    factura = emitir(admin, emisora.factura())
    emisora.trabajar()
    manana = emisora.runtime.clock() + timedelta(days=400)
    with emisora.runtime.database.engine.begin() as connection:
        query = text("UPDATE comprobantes SET proximo_intento = :manana")
        assert connection.execute(query, {"manana": manana}).rowcount == 1
        connection.execute(text("DELETE FROM andes_jobs WHERE status = 'queued'"))
    emisora.sunat.ajustar(por_serie={})
    emisora.encargar("sunat.reintentar")
    emisora.terminar()
    assert ver(admin, factura["id"])["estado_sunat"] == "ACEPTADO"


def test_series_of_another_sucursal_is_refused_and_a_shared_one_numbers_for_both(
    admin: TestClient, emisora: Emisora
) -> None:
    otra, norte = emisora.shop.sucursales
    propia = {"tipo": "01", "serie": "F009", "sucursal_id": norte}
    assert admin.post(SERIES, json=propia).status_code == 201
    answer = admin.post(EMITIR, json=emisora.factura(serie="F009", sucursal_id=otra))
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "serie")
    assert emitir(admin, emisora.factura(sucursal_id=norte))["serie"] == "F009"
    numeros = [
        emitir(admin, emisora.factura(serie="F001", sucursal_id=cual))["numero"]
        for cual in (otra, norte, None)
    ]
    assert numeros == [1, 2, 3]


def test_sales_made_after_the_certificate_expired_get_their_comprobantes_with_the_next(
    admin: TestClient, cajero: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    con = vender(cajero, emisora, caja)
    emisora.terminar()
    (hasta,) = read(emisora.runtime, "SELECT hasta FROM certificados")[0]
    dias = (hasta - emisora.runtime.clock()).days + 2
    emisora.pasar(days=dias)
    sin = vender(cajero, emisora, caja)
    emisora.terminar()
    assert read(emisora.runtime, "SELECT venta_id FROM comprobantes") == [(con,)]
    nuevo = certificado(facturas.RUC, "Tienda", emisora.runtime.clock(), clave="otra", dias=365)
    subido = admin.post(
        "/api/facturacion/certificados/",
        files={"archivo": ("nuevo.pfx", nuevo, "application/x-pkcs12")},
        data={"clave": "otra"},
    )
    assert subido.status_code == 201, subido.text
    emisora.terminar()
    ventas = read(emisora.runtime, "SELECT venta_id, estado_sunat FROM comprobantes ORDER BY id")
    assert ventas == [(con, "ACEPTADO"), (sin, "ACEPTADO")]
