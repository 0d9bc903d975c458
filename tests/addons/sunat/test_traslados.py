"""Guías, retenciones, percepciones: XSD, signature by another library, rules broken one by one."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from addons.sunat.documents import guia_ubl, retencion_ubl
from addons.sunat.documents.firma import firmar
from addons.sunat.documents.guia import Bien, DocumentoRelacionado, Guia, Vehiculo
from addons.sunat.documents.modelo import Adquirente, Lugar
from addons.sunat.documents.reglas import Entorno, guias, guias_vehiculos, retenciones
from addons.sunat.documents.retencion import SIN_SUMAR, Retencion, calcular
from tests.addons.sunat.facturas import EMISOR, HOY, PERSONA, RUC, XSD, D, llave, manana
from tests.addons.sunat.test_documentos import verificar
from tests.addons.sunat.traslados import (
    AYER,
    CLIENTE,
    CONDUCTOR,
    DESPUES,
    GUIAS,
    PROPIA,
    RETENCIONES,
    TRANSPORTISTA,
    entre_locales,
    guia,
    pago,
    percepcion,
    publica,
    retencion,
    transportista,
)

ENTORNO = Entorno(HOY)
necesita_xsd = pytest.mark.skipif(not XSD.is_dir(), reason="SUNAT's schemas are not beside us")
cada = pytest.mark.parametrize("caso", [*GUIAS, *RETENCIONES])


@cache
def esquema(nombre: str) -> etree.XMLSchema:
    carpeta, prefijo, version = (
        ("ubl-2.1", "UBL", "2.1") if nombre == "DespatchAdvice" else ("sunat-1.0", "UBLPE", "1.0")
    )
    return etree.XMLSchema(
        etree.parse(XSD / carpeta / "maindoc" / f"{prefijo}-{nombre}-{version}.xsd")
    )


def escrito(caso: str) -> str:
    if caso in GUIAS:
        return guia_ubl.escribir(GUIAS[caso]())
    return retencion_ubl.escribir(RETENCIONES[caso]())


@necesita_xsd
@cada
def test_escribir_of_each_kind_is_valid_for_the_xsd_when_signed(caso: str) -> None:
    documento = etree.fromstring(firmar(escrito(caso), llave()).xml)
    suyo = esquema(etree.QName(documento).localname)
    assert suyo.validate(documento), suyo.error_log


@cada
def test_firmar_of_each_kind_is_verified_by_xmlsec(caso: str) -> None:
    verificar(etree.fromstring(firmar(escrito(caso), llave()).xml))


@cada
def test_escribir_of_each_kind_is_canonical(caso: str) -> None:
    xml = escrito(caso).encode()
    assert etree.tostring(etree.fromstring(xml), method="c14n") == xml


@pytest.mark.parametrize("caso", GUIAS)
def test_revisar_of_a_good_guia_finds_nothing(caso: str) -> None:
    assert guias_vehiculos.revisar_guia(GUIAS[caso](), ENTORNO) == []


@pytest.mark.parametrize("caso", RETENCIONES)
def test_revisar_of_a_good_retencion_finds_nothing(caso: str) -> None:
    assert retenciones.LISTA.revisar(RETENCIONES[caso](), ENTORNO) == []


def con_bien(**cambios: object) -> Guia:
    return guia(bienes=(replace(Bien("Cemento", D(1)), **cambios),))


def conducida(**cambios: object) -> Guia:
    return guia(conductores=(replace(CONDUCTOR, **cambios),))


def relacionada(tipo: str, numero: str, emisor: str = "") -> Guia:
    return guia(relacionados=(DocumentoRelacionado(tipo, numero, emisor),))


ROTAS: list[tuple[str, str, Guia]] = [
    ("1001", "serie", guia(serie="V001")),
    ("1001", "serie", transportista(serie="T001")),
    ("1001", "numero", guia(numero=100_000_000)),
    ("2329", "fecha_emision", guia(fecha_emision=DESPUES, fecha_traslado=DESPUES)),
    ("2108", "fecha_emision", guia(fecha_emision=manana(-2))),
    ("1034", "emisor.ruc", guia(emisor=replace(EMISOR, ruc="20123456789"))),
    ("2757", "destinatario.numero_doc", guia(destinatario=Adquirente("6", "", "X"))),
    ("2760", "destinatario.tipo_doc", guia(destinatario=Adquirente("9", "1", "X"))),
    ("2758", "destinatario.numero_doc", guia(destinatario=Adquirente("1", "123", "X"))),
    ("2761", "destinatario.razon_social", guia(destinatario=replace(PERSONA, razon_social=" "))),
    ("3405", "motivo", guia(motivo="99")),
    ("3404", "motivo", guia(motivo="")),
    ("3457", "motivo_descripcion", guia(motivo="13")),
    ("2554", "destinatario.numero_doc", guia(motivo="02")),
    ("2555", "destinatario.numero_doc", guia(destinatario=PROPIA)),
    ("3417", "destinatario.tipo_doc", guia(motivo="05", destinatario=PERSONA)),
    ("3343", "fecha_traslado", guia(fecha_traslado=AYER)),
    ("2880", "peso_bruto", guia(peso_bruto=D(0))),
    ("2523", "peso_bruto", guia(peso_bruto=D("1.0001"))),
    ("2881", "unidad_peso", guia(unidad_peso="LBR")),
    ("2772", "bultos", guia(bultos=0)),
    ("3419", "bultos", guia(motivo="09")),
    ("3440", "relacionados", guia(motivo="09", bultos=1)),
    ("3445", "relacionados.0.tipo", relacionada("99", "F001-1", RUC)),
    ("3441", "relacionados.0.numero", relacionada("01", "F001 1", RUC)),
    ("3380", "relacionados.0.emisor", relacionada("01", "F001-1")),
    (
        "3340",
        "relacionados.1.numero",
        guia(relacionados=(DocumentoRelacionado("01", "F001-1", RUC),) * 2),
    ),
    ("3435", "bienes", guia(bienes=())),
    ("2780", "bienes.0.cantidad", con_bien(cantidad=D(0))),
    ("2781", "bienes.0.descripcion", con_bien(descripcion=" ")),
    ("2782", "bienes.0.descripcion", con_bien(descripcion="x" * 501)),
    ("3446", "bienes.0.unidad_medida", con_bien(unidad_medida="ZZ")),
    ("2773", "modalidad", guia(modalidad="03")),
    ("2775", "partida.ubigeo", guia(partida=Lugar("", "Av. Uno"))),
    ("2776", "llegada.ubigeo", guia(llegada=Lugar("15", "Av. Uno"))),
    ("2777", "partida.direccion", guia(partida=Lugar("150101", " "))),
    ("2778", "llegada.direccion", guia(llegada=Lugar("150101", "ab"))),
    ("3365", "partida.codigo_anexo", entre_locales(partida=replace(CLIENTE, ruc=RUC))),
    ("3369", "llegada.codigo_anexo", entre_locales(llegada=replace(CLIENTE, ruc=RUC))),
    (
        "3414",
        "llegada.ruc",
        entre_locales(llegada=replace(CLIENTE, codigo_anexo="0001", ruc="20100006376")),
    ),
    ("3410", "llegada.ruc", guia(llegada=replace(CLIENTE, codigo_anexo="0001"))),
    ("2558", "transportista", publica(transportista=None)),
    (
        "2559",
        "transportista.numero_doc",
        publica(transportista=replace(TRANSPORTISTA, numero_doc="20100006377")),
    ),
    (
        "2560",
        "transportista.numero_doc",
        publica(transportista=replace(TRANSPORTISTA, numero_doc=RUC)),
    ),
    (
        "2563",
        "transportista.razon_social",
        publica(transportista=replace(TRANSPORTISTA, razon_social=" ")),
    ),
    ("3347", "transportista", guia(transportista=TRANSPORTISTA)),
    ("2774", "vehiculos", publica(vehiculos=(Vehiculo("ABC123"),))),
    ("2774", "conductores", publica(conductores=(CONDUCTOR,))),
    ("2566", "vehiculos", guia(vehiculos=())),
    ("2566", "vehiculos", transportista(vehiculos=())),
    ("2567", "vehiculos.0.placa", guia(vehiculos=(Vehiculo("ABC-123"),))),
    ("3355", "vehiculos.0.tuc", guia(vehiculos=(Vehiculo("ABC123", "1"),))),
    ("3357", "conductores", guia(conductores=())),
    ("2571", "conductores.0.tipo_doc", conducida(tipo_doc="6", numero_doc="20100006376")),
    ("2569", "conductores.0.numero_doc", conducida(numero_doc="123")),
    ("3360", "conductores.0.nombres", conducida(nombres=" ")),
    ("3361", "conductores.0.apellidos", conducida(apellidos=" ")),
    ("2573", "conductores.0.licencia", conducida(licencia="1")),
    ("3362", "conductores.1.numero_doc", guia(conductores=(CONDUCTOR,) * 2)),
    ("3383", "remitente", transportista(remitente=None)),
    ("3384", "remitente.numero_doc", transportista(remitente=Adquirente("1", "123", "Ana"))),
    ("3387", "remitente.razon_social", transportista(remitente=replace(PERSONA, razon_social=""))),
    ("3388", "pagador_flete", transportista(pagador_flete="Nadie")),
    ("3400", "pagador", transportista(pagador_flete="Tercero")),
]
"""A code, the field that it points to, and a guía with that one thing wrong."""

ROTAS_20: list[tuple[str, str, Retencion]] = [
    ("1001", "serie", retencion(serie="P001")),
    ("1001", "numero", percepcion(numero=100_000_000)),
    ("2329", "fecha_emision", retencion(fecha_emision=DESPUES)),
    ("2600", "fecha_emision", retencion(fecha_emision=manana(-60))),
    ("1034", "emisor.ruc", retencion(emisor=replace(EMISOR, ruc="20123456789"))),
    ("2723", "sujeto.numero_doc", retencion(sujeto=Adquirente("6", "", "X"))),
    ("2511", "sujeto.tipo_doc", retencion(sujeto=PERSONA)),
    ("2724", "sujeto.numero_doc", retencion(sujeto=Adquirente("6", "20100006377", "X"))),
    ("2620", "sujeto.numero_doc", retencion(sujeto=PROPIA)),
    ("2604", "sujeto.numero_doc", percepcion(sujeto=PROPIA)),
    ("2606", "sujeto.numero_doc", percepcion(sujeto=Adquirente("1", "123", "Ana"))),
    ("1500", "sujeto.razon_social", percepcion(sujeto=replace(PERSONA, razon_social=" "))),
    ("2618", "regimen", retencion(regimen="03")),
    ("2602", "regimen", percepcion(regimen="04")),
    ("2693", "pagos", retencion(pagos=())),
    ("2693", "pagos.0.numero", retencion(pago(numero=" "))),
    ("2692", "pagos.0.tipo", retencion(pago(tipo="03"))),
    ("2694", "pagos.0.numero", retencion(pago(numero="F001"))),
    ("2985", "pagos.0.fecha_emision", retencion(regimen="02")),
    ("2696", "pagos.0.total", retencion(pago(total=D(0)))),
    ("2736", "pagos.0.pago", retencion(pago(pago=D("1.001")))),
    ("2700", "pagos.0.pago", percepcion(pago(pago=D(0)))),
    ("2626", "pagos.1.numero_pago", retencion(pago(), pago())),
    ("2625", "pagos.0.fecha_pago", retencion(pago(fecha_pago=AYER))),
    ("2612", "pagos.0.fecha_pago", percepcion(pago(fecha_pago=DESPUES))),
    ("2719", "pagos.0.moneda", retencion(pago(moneda="SOL", tipo_cambio=D(1)))),
    ("2721", "pagos.0.tipo_cambio", retencion(pago(moneda="USD"))),
    ("2716", "pagos.0.tipo_cambio", retencion(pago(moneda="USD", tipo_cambio=D(0)))),
]
"""The same, of retenciones and percepciones."""


@pytest.mark.parametrize(("codigo", "campo", "de"), ROTAS, ids=[uno[0] for uno in ROTAS])
def test_revisar_of_a_guia_broken_in_one_place_tells_its_code_and_field(
    codigo: str, campo: str, de: Guia
) -> None:
    hallazgos = guias_vehiculos.revisar_guia(de, ENTORNO)
    assert (codigo, campo) in {(uno.codigo, uno.campo) for uno in hallazgos}


@pytest.mark.parametrize(("codigo", "campo", "de"), ROTAS_20, ids=[uno[0] for uno in ROTAS_20])
def test_revisar_of_a_retencion_broken_in_one_place_tells_its_code_and_field(
    codigo: str, campo: str, de: Retencion
) -> None:
    hallazgos = retenciones.LISTA.revisar(de, ENTORNO)
    assert (codigo, campo) in {(uno.codigo, uno.campo) for uno in hallazgos}


def test_rules_each_have_a_document_that_breaks_them() -> None:
    assert guias.LISTA.codigos == {codigo for codigo, _, _ in ROTAS}
    assert retenciones.LISTA.codigos == {codigo for codigo, _, _ in ROTAS_20}


@given(
    st.lists(
        st.tuples(st.sampled_from(["01", "07", "08"]), st.decimals("0.01", "99999.99", places=2)),
        min_size=1,
        max_size=20,
    ),
    st.sampled_from(["20", "40"]),
    st.decimals("0.5", "9.999999", places=6),
)
def test_calcular_adds_up_and_stays_within_sunats_tolerance(
    pagos: list[tuple[str, object]], tipo: str, cambio: object
) -> None:
    de = retencion(
        *(
            pago(tipo=cual, pago=monto, numero_pago=orden, moneda="USD", tipo_cambio=cambio)
            for orden, (cual, monto) in enumerate(pagos)
        ),
        tipo=tipo,
    )
    totales = calcular(de)
    suman = [uno for uno in totales.importes if uno.pago.tipo not in SIN_SUMAR]
    assert totales.monto == sum((uno.monto for uno in suman), D("0.00"))
    assert totales.neto == sum((uno.neto for uno in suman), D("0.00"))
    for uno in totales.importes:
        soles = uno.pago.pago * D(str(cambio))
        assert abs(uno.monto - soles * de.tasa / 100) <= D("0.005")
        signo = -1 if tipo == "20" else 1
        assert abs(uno.neto - (soles + signo * uno.monto)) <= D("0.005")


def test_no_cure_names_a_field_as_programs_do() -> None:
    carpeta = Path(guias.__file__).parent
    dichos = "".join(uno.read_text(encoding="utf-8") for uno in carpeta.glob("*.py"))
    assert len(dichos) > 100_000
    assert re.findall(r"«[a-z]+_[a-z_]+»", dichos) == []
