"""The lines "Cómo validar" of módulo 3, one test each, and what belongs to them."""

from __future__ import annotations

import io
import zipfile

import pytest
from lxml import etree
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from starlette.testclient import TestClient

from addons.sunat.models import Comprobante, EnvioSunat
from kernel.context import Ctx
from tests.addons.sunat.conftest import Emisora
from tests.addons.sunat.facturas import XSD
from tests.shop import abrir_caja

EMITIR = "/api/facturacion/emitir/"
COMPROBANTES = "/api/facturacion/comprobantes/"


def ver(client: TestClient, comprobante_id: int) -> dict[str, object]:
    answer = client.get(f"{COMPROBANTES}{comprobante_id}/")
    assert answer.status_code == 200, answer.text
    found: dict[str, object] = answer.json()
    return found


def emitir(client: TestClient, body: dict[str, object]) -> dict[str, object]:
    answer = client.post(EMITIR, json=body)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


def test_factura_ruc_valido_aceptada(admin: TestClient, emisora: Emisora) -> None:
    """Emitir factura con RUC válido → recibir CDR de SUNAT con código 0 (aceptado)"""
    hecha = emitir(admin, emisora.factura())
    assert (hecha["tipo"], hecha["serie"], hecha["numero"]) == ("01", "F001", 1)
    assert (hecha["estado_sunat"], hecha["total_venta"]) == ("PENDIENTE", "23.60")
    emisora.trabajar()
    vista = ver(admin, hecha["id"])
    assert (vista["estado_sunat"], vista["codigo_sunat"]) == ("ACEPTADO", "0")
    answer = admin.get(f"{COMPROBANTES}{hecha['id']}/cdr/")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as paquete:
        cdr = etree.fromstring(paquete.read("R-20123456786-01-F001-1.xml"))
    assert cdr.findtext(".//{*}ResponseCode") == "0"
    assert emisora.sunat.registrados() == [("01", "F001", 1, 1, 1)]


def test_ruc_invalido_se_rechaza_antes_de_gastar_un_numero(
    admin: TestClient, emisora: Emisora
) -> None:
    """Emitir con RUC inválido → SUNAT retorna error, estado = `RECHAZADO`, se registra en \
`envios_sunat`

    A RUC whose digit is wrong never leaves (the reference is right there: no number is burnt);
    what SUNAT alone can know is rejected by it and recorded.
    """
    malo = emisora.factura(cliente_id=_cliente_malo(emisora))
    answer = admin.post(EMITIR, json=malo)
    assert (answer.status_code, answer.json()["code"]) == (400, "comprobante_no_valido")
    assert [(e["field"], e["code"]) for e in answer.json()["errors"]] == [("cliente_id", "2017")]
    emisora.sunat.ajustar(inactivos=["20123456786"])
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar()
    vista = ver(admin, hecha["id"])
    assert (vista["numero"], vista["estado_sunat"], vista["codigo_sunat"]) == (
        1,
        "RECHAZADO",
        "2010",
    )
    envios = admin.get(f"/api/facturacion/envios/?comprobante_id={hecha['id']}").json()["items"]
    assert [(uno["estado"], uno["codigo_respuesta"]) for uno in envios] == [("rechazado", "2010")]


def _cliente_malo(emisora: Emisora) -> int:
    from addons.sales.models import Cliente

    def work(ctx: Ctx) -> int:
        malo = Cliente(tipo_doc="6", numero_doc="20123456789", razon_social="Mal S.A.")
        ctx.session.add(malo)
        ctx.session.flush()
        return malo.id

    return emisora.runtime.transact(work)


def test_serie_numero_unico(admin: TestClient, emisora: Emisora) -> None:
    """No se pueden crear dos comprobantes con la misma serie+número (constraint único en BD)"""
    hecha = emitir(admin, emisora.factura())

    def doblar(ctx: Ctx) -> None:
        uno = ctx.session.get_one(Comprobante, hecha["id"])
        nombres = [c.key for c in Comprobante.__table__.columns if c.key != "id"]
        ctx.session.add(Comprobante(**{nombre: getattr(uno, nombre) for nombre in nombres}))

    with pytest.raises(IntegrityError, match="uq_comprobantes_tipo_serie_numero"):
        emisora.runtime.transact(doblar)
    assert emitir(admin, emisora.factura())["numero"] == 2


def test_contingencia_entra_y_sale_sola(admin: TestClient, emisora: Emisora) -> None:
    """Modo contingencia: simular caída de SUNAT → comprobante queda en cola → al "reconectar" se \
envía automáticamente"""
    emisora.sunat.ajustar(siempre="rechazar_conexion")
    primera = emitir(admin, emisora.factura())
    emisora.trabajar(1)
    vista = ver(admin, primera["id"])
    assert (vista["estado_sunat"], vista["modo_emision"]) == ("CONTINGENCIA", "contingencia")
    segunda = emitir(admin, emisora.factura())
    assert segunda["estado_sunat"] == "CONTINGENCIA"
    cola = admin.get("/api/facturacion/cola-contingencia/").json()
    assert [uno["numero"] for uno in cola["items"]] == [1, 2]
    assert cola["caida"] is True
    emisora.sunat.ajustar(siempre=None)
    reconectar(emisora)
    emisora.trabajar()
    assert [ver(admin, uno["id"])["estado_sunat"] for uno in (primera, segunda)] == [
        "ACEPTADO",
        "ACEPTADO",
    ]
    cola = admin.get("/api/facturacion/cola-contingencia/").json()
    assert (cola["items"], cola["caida"]) == ([], False)


def reconectar(emisora: Emisora) -> None:
    """Let the pause of the remote be over, in place of time that passes."""
    from sqlalchemy import text

    with emisora.runtime.database.engine.begin() as connection:
        connection.execute(text("UPDATE andes_remotes SET paused_until = now()"))


@pytest.mark.skipif(not XSD.is_dir(), reason="SUNAT's schemas are not beside us")
def test_xml_pasa_validador(admin: TestClient, emisora: Emisora) -> None:
    """El XML generado pasa validación con el validador de SUNAT (Anexo 8, UBL 2.1)"""
    hecha = emitir(admin, emisora.factura())
    answer = admin.get(f"{COMPROBANTES}{hecha['id']}/xml/")
    assert 'filename="20123456786-01-F001-1.xml"' in answer.headers["content-disposition"]
    esquema = etree.XMLSchema(etree.parse(XSD / "ubl-2.1" / "maindoc" / "UBL-Invoice-2.1.xsd"))
    assert esquema.validate(etree.fromstring(answer.content)), esquema.error_log


def test_venta_gets_its_comprobante_by_itself(
    cajero: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    caja = abrir_caja(cajero, emisora.shop)
    for cliente in (emisora.shop.cliente, emisora.cliente):
        venta = emisora.shop.venta(caja, cliente_id=cliente)
        assert cajero.post("/api/ventas/", json=venta).status_code == 201
    emisora.trabajar()
    items = admin.get(f"{COMPROBANTES}?sort=numero").json()["items"]
    assert sorted((uno["tipo"], uno["estado_sunat"], uno["total_venta"]) for uno in items) == [
        ("01", "ACEPTADO", "47.20"),
        ("03", "ACEPTADO", "47.20"),
    ]
    assert {uno["venta_id"] for uno in items} == {1, 2} or len(items) == 2


def test_nota_credito_of_a_factura_is_accepted_and_limited(
    contador: TestClient, admin: TestClient, emisora: Emisora
) -> None:
    hecha = emitir(admin, emisora.factura())
    emisora.trabajar()
    nota = {"comprobante_origen_id": hecha["id"], "motivo_codigo": "01"}
    answer = contador.post("/api/facturacion/notas/", json=nota)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["tipo"], answer.json()["serie"]) == ("07", "FC01")
    emisora.trabajar()
    assert ver(admin, answer.json()["id"])["estado_sunat"] == "ACEPTADO"
    otra = contador.post("/api/facturacion/notas/", json=nota)
    assert [e["code"] for e in otra.json()["errors"]] == ["3286"]
    with emisora.runtime.database.engine.connect() as connection:
        estados = connection.execute(select(EnvioSunat.estado)).scalars().all()
    assert estados == ["aceptado", "aceptado"]
