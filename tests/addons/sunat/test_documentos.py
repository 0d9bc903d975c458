"""Documents: XSD, signature by another library's judgement, SUNAT's sums, canonical form."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from decimal import Decimal
from functools import cache

import pytest
import xmlsec
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from lxml import etree

from addons.sunat.documents import codigos, paquete, ubl
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.firma import firmar
from addons.sunat.documents.importes import Totales
from addons.sunat.documents.letras import en_letras
from addons.sunat.documents.modelo import Comprobante, Cuota
from addons.sunat.documents.reglas import Entorno, revisar
from addons.sunat.sandbox import juez_ventas
from tests.addons.sunat import facturas
from tests.addons.sunat.facturas import CASOS, HOY, XSD, D, factura, linea, llave

necesita_xsd = pytest.mark.skipif(not XSD.is_dir(), reason="SUNAT's schemas are not beside us")
cada_caso = pytest.mark.parametrize("caso", CASOS)


@cache
def esquema(nombre: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(XSD / "ubl-2.1" / "maindoc" / f"UBL-{nombre}-2.1.xsd"))


def firmado(de: Comprobante) -> etree._Element:
    return etree.fromstring(firmar(ubl.escribir(de), llave()).xml)


@necesita_xsd
@cada_caso
def test_escribir_of_each_kind_is_valid_for_the_xsd_when_signed(caso: str) -> None:
    documento = firmado(CASOS[caso]())
    suyo = esquema(etree.QName(documento).localname)
    assert suyo.validate(documento), suyo.error_log


@cada_caso
def test_firmar_of_each_kind_is_verified_by_xmlsec_and_not_when_altered(caso: str) -> None:
    documento = firmado(CASOS[caso]())
    verificar(documento)
    documento.find(".//{*}PayableAmount").text = "1.01"
    with pytest.raises(xmlsec.Error):
        verificar(documento)


def verificar(documento: etree._Element) -> None:
    contexto = xmlsec.SignatureContext()
    pem = llave().certificado.public_bytes(Encoding.PEM)
    contexto.key = xmlsec.Key.from_memory(pem, xmlsec.constants.KeyDataFormatCertPem)
    contexto.verify(xmlsec.tree.find_node(documento, "Signature"))


@cada_caso
def test_each_kind_passes_our_rules_and_the_sandbox_judges_it_good(caso: str) -> None:
    de = CASOS[caso]()
    hallazgos, totales = revisar(de, Entorno(HOY))
    assert not hallazgos
    assert totales is not None
    veredicto = juez_ventas.juzgar(firmado(de), de.tipo, HOY)
    assert (veredicto.codigo, veredicto.detalle) == (0, "")
    assert veredicto.hechos["importe"] == f"{totales.total:.2f}"


@given(facturas.comprobantes())
@settings(max_examples=150, deadline=None)
def test_calcular_of_random_documents_passes_sunats_sums(de: Comprobante) -> None:
    hallazgos, totales = revisar(de, Entorno(HOY))
    if totales is None or {"2062", "2999", "2514", "3253", "3105", "3111", "3272"} & {
        uno.codigo for uno in hallazgos
    }:
        return  # more discount than goods, cents in three parts, lines of nothing: refused
    assert not hallazgos
    xml = ubl.escribir(de, totales)
    veredicto = juez_ventas.juzgar(etree.fromstring(firmar(xml, llave()).xml), de.tipo, HOY)
    assert (veredicto.codigo, veredicto.detalle) == (0, "")
    assert_adds_up(de, totales)


def assert_adds_up(de: Comprobante, totales: Totales) -> None:
    """What every document must hold to the cent, beyond SUNAT's tolerance of one sol."""
    for uno in totales.lineas:
        assert uno.base_igv == uno.valor_venta + uno.isc
        assert all(monto.as_tuple().exponent == -2 for monto in (uno.valor_venta, uno.igv, uno.isc))
    if not de.cargos and not de.anticipos:
        assert totales.total == sum((uno.total for uno in totales.lineas), D("0.00"))
    if de.cuotas:
        assert sum((uno.monto for uno in totales.cuotas), D(0)) == totales.neto_pendiente


@given(facturas.comprobantes())
@settings(max_examples=60, deadline=None)
def test_escribir_of_random_documents_is_canonical(de: Comprobante) -> None:
    if revisar(de, Entorno(HOY))[1] is None:
        return
    xml = ubl.escribir(de).encode()
    assert etree.tostring(etree.fromstring(xml), method="c14n") == xml


def test_escribir_canonicalises_every_character_that_xml_can_hold() -> None:
    raro = "".join(map(chr, [*range(1, 300), 0x2028, 0xFFFD, 0x1F600])) + "\"'&<>\t\r\n]]>"
    xml = ubl.escribir(factura(linea(descripcion=raro), orden_compra=raro)).encode()
    assert etree.tostring(etree.fromstring(xml), method="c14n") == xml


def test_calcular_with_taxes_inside_charges_what_the_shelf_says() -> None:
    de = factura(*[linea(cantidad=D(1), precio_unitario=D("1.00"))] * 500)
    totales = calcular(de)
    assert totales.total == D("500.00")
    assert abs(totales.monto(codigos.IGV) - totales.base(codigos.IGV) * D("0.18")) < D("0.01")


def test_calcular_cuotas_without_amounts_share_what_is_due() -> None:
    de = factura(contado=False, cuotas=tuple(Cuota(facturas.manana(n)) for n in (1, 2, 3)))
    assert [uno.monto for uno in calcular(de).cuotas] == [D("7.87"), D("7.86"), D("7.87")]


def test_firmar_digest_is_that_of_the_canonical_document() -> None:
    xml = ubl.escribir(factura())
    hecho = firmar(xml, llave())
    assert hecho.digest == base64.b64encode(hashlib.sha256(xml.encode()).digest()).decode()


def test_empaquetar_holds_one_entry_and_is_the_same_each_time() -> None:
    xml = firmar(ubl.escribir(factura()), llave()).xml
    hecho = paquete.empaquetar("20123456786-01-F001-1", xml)
    assert hecho == paquete.empaquetar("20123456786-01-F001-1", xml)
    with zipfile.ZipFile(io.BytesIO(hecho)) as abierto:
        assert abierto.namelist() == ["20123456786-01-F001-1.xml"]
        assert abierto.read("20123456786-01-F001-1.xml") == xml


def test_texto_qr_has_the_ten_facts() -> None:
    de = factura()
    assert paquete.texto_qr(de, calcular(de), "abc=") == (
        "20123456786|01|F001|1|3.60|23.60|2026-11-25|6|20100006376|abc=|"
    )


@pytest.mark.parametrize(
    ("monto", "palabras"),
    [
        ("0.00", "CERO CON 00/100 SOLES"),
        ("1.05", "UNO CON 05/100 SOLES"),
        ("21.00", "VEINTIUNO CON 00/100 SOLES"),
        ("100.10", "CIEN CON 10/100 SOLES"),
        ("118.50", "CIENTO DIECIOCHO CON 50/100 SOLES"),
        ("1000.00", "MIL CON 00/100 SOLES"),
        ("21031.99", "VEINTIÚN MIL TREINTA Y UNO CON 99/100 SOLES"),
        ("1000000.00", "UN MILLÓN CON 00/100 SOLES"),
        ("31001101.00", "TREINTA Y UN MILLONES MIL CIENTO UNO CON 00/100 SOLES"),
        ("700700700.00", "SETECIENTOS MILLONES SETECIENTOS MIL SETECIENTOS CON 00/100 SOLES"),
    ],
)
def test_en_letras_reads_as_people_say(monto: str, palabras: str) -> None:
    assert en_letras(Decimal(monto), "PEN") == palabras
