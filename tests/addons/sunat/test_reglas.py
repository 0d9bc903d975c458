"""Each rule, broken by a good document that is changed in one place: its code, and the field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from addons.sunat.documents import codigos
from addons.sunat.documents.modelo import (
    Adquirente,
    Anticipo,
    CargoGlobal,
    Comprobante,
    Cuota,
    Detraccion,
    Isc,
    Linea,
    Modifica,
    Percepcion,
    Relacionado,
)
from addons.sunat.documents.reglas import Entorno, revisar
from tests.addons.sunat.facturas import (
    CUENTA,
    EMISOR,
    EMPRESA,
    HOY,
    PERSONA,
    D,
    boleta,
    factura,
    linea,
    manana,
    nota,
)

ENTORNO = Entorno(HOY)
FACTURA_VIEJA = {"fecha_emision": HOY - timedelta(days=4)}


def emisor(**cambios: Any) -> Comprobante:
    return factura(emisor=replace(EMISOR, **cambios))


def cliente(tipo: str, numero: str, nombre: str = "Cliente S.A.") -> Comprobante:
    return boleta(adquirente=Adquirente(tipo, numero, nombre))


def con_isc(**cambios: Any) -> Comprobante:
    return factura(linea(isc=Isc(**{"sistema": "01", "tasa": D("0.1"), **cambios})))


def detraccion(**cambios: Any) -> Comprobante:
    una = replace(Detraccion("037", D(12), CUENTA), **cambios)
    return factura(tipo_operacion="1001", detraccion=una)


def con_percepcion(*lineas: Linea) -> Comprobante:
    return boleta(*lineas, tipo_operacion="2001", percepcion=Percepcion())


DIMINUTA = {"cantidad": D("0.0000000001"), "precio_unitario": D("900000000000")}


def modifica(tipo: str = "07", de: str = "FC01", /, **cambios: Any) -> Comprobante:
    una = replace(Modifica("01", "F001", 1, "01", "Anulación"), **cambios)
    return nota(tipo=tipo, serie=de, modifica=una)


def nota_de(origen: str, tipo: str, serie: str, motivo: str = "01") -> Comprobante:
    numero = "F001" if origen == "01" else "B001"
    una = Modifica(origen, numero, 1, motivo, "Anulación")
    return nota(tipo=tipo, serie=serie, modifica=una)


LEIDOS_OTRA_VEZ: list[tuple[str, str, Comprobante]] = [
    ("1037", "emisor.razon_social", emisor(razon_social="\x01\x02\x03")),
    ("2014", "adquirente.numero_doc", cliente("7", "\x01")),
    ("2021", "adquirente.razon_social", cliente("1", "45678912", "\x01")),
    ("2026", "detalle.0.descripcion", factura(linea(descripcion="\x01\x02"))),
    ("2136", "motivo_descripcion", modifica(motivo_descripcion="\x1f")),
    (
        "2800",
        "adquirente.tipo_doc",
        factura(adquirente=Adquirente("7", "X99123", "Jane Doe"), tipo_operacion="0112"),
    ),
    (
        "2800",
        "adquirente.tipo_doc",
        boleta(linea(afectacion_igv="40"), tipo_operacion="0207", adquirente=EMPRESA),
    ),
    ("2116", "serie", nota_de("03", "07", "FC01", "10")),
    ("2204", "serie", nota_de("03", "08", "FD01", "03")),
    ("2399", "serie", nota_de("01", "07", "BC01", "10")),
    ("2400", "serie", nota_de("01", "08", "BD01", "03")),
    ("2644", "detalle.0.afectacion_igv", nota(linea(afectacion_igv="11"), motivo="12")),
    ("2370", "detalle.0.isc", factura(linea(isc=Isc("02", monto_unitario=D("20"))))),
    ("2370", "detalle.0.cantidad", factura(linea(cantidad=D("1000000000")))),
    (
        "2369",
        "detalle.0.isc",
        factura(linea(precio_unitario=D(0), cargo=D(20), isc=Isc("02", monto_unitario=D(5)))),
    ),
    (
        "2367",
        "detalle.0.descuento_no_afecto",
        factura(linea(descuento_no_afecto=D(99)), linea(cantidad=D(10))),
    ),
    ("2367", "detalle.0.cantidad", factura(linea(**DIMINUTA, cargo=D("100.00")))),
    ("2367", "detalle.0.cantidad", factura(linea(**DIMINUTA, cargo=D("9000000000.00")))),
    (
        "3031",
        "detalle.0.isc.precio_publico",
        factura(
            linea(
                precio_unitario=D(100_000_000),
                isc=Isc("03", tasa=D("0.00001"), precio_publico=D("600000000000")),
            )
        ),
    ),
    (
        "3102",
        "detalle.0.isc.monto_unitario",
        factura(
            linea(precio_unitario=D(1), isc=Isc("02", monto_unitario=D(50))),
            precios_incluyen_igv=False,
        ),
    ),
    ("3104", "detalle.0.isc", factura(linea(isc=Isc("02", monto_unitario=D("0.001"))))),
    (
        "3272",
        "detalle.0.cantidad",
        factura(linea(cantidad=D(1), precio_unitario=D("0.02"), isc=Isc("01", tasa=D("7")))),
    ),
    (
        "3291",
        "anticipos",
        factura(
            linea(isc=Isc("01", tasa=D("1"))),
            anticipos=(Anticipo("02", "F001-7", D("13.50")),),
        ),
    ),
    (
        "3108",
        "detalle.0.isc",
        factura(
            linea(
                cantidad=D(1),
                precio_unitario=D(3_333_333_333),
                isc=Isc("02", monto_unitario=D("1111111.11")),
            ),
            precios_incluyen_igv=False,
        ),
    ),
    (
        "3111",
        "detalle.0.cantidad",
        factura(linea(cantidad=D(1), precio_unitario=D("0.10"), afectacion_igv="17")),
    ),
    (
        "3105",
        "detalle.3.cantidad",
        factura(*[linea(cantidad=D(1), precio_unitario=D("0.01"))] * 4),
    ),
    ("2968", "percepcion", con_percepcion(linea(cantidad=D(1), precio_unitario=D("0.10")))),
    ("3233", "percepcion", con_percepcion(linea(afectacion_igv="11"))),
    (
        "3037",
        "detraccion",
        replace(detraccion(), detalle=(linea(cantidad=D(1), precio_unitario=D("0.01")),)),
    ),
    ("3280", "detalle.0.descuento_no_afecto", nota(linea(descuento_no_afecto=D(1)))),
    ("3280", "cargos.0.codigo", nota(cargos=(CargoGlobal("03", D(1)),))),
    ("3277", "cargos.0.codigo", nota(cargos=(CargoGlobal("02", D(1)),))),
    ("2062", "detalle", factura(*[linea(cantidad=D(400_000_000))] * 3)),
    ("2999", "detalle", factura(*[linea(cantidad=D(400_000_000), afectacion_igv="21")] * 3)),
    ("3174", "medio_pago", factura(medio_pago="ZZZ")),
    ("4041", "pais_uso", factura(pais_uso="US")),
    ("4084", "detalle.0.descripcion", nota(linea(descripcion="ab"))),
    ("4094", "emisor.direccion", emisor(direccion="x" * 201)),
    ("4234", "detalle.0.codigo_producto", nota(linea(codigo_producto="a\nb"))),
    ("4269", "detalle.0.codigo_producto", factura(linea(codigo_producto="a\nb"))),
]
"""What a second reading of the sheet found: faults that no rule told of, or not as SUNAT does."""

ROTOS: list[tuple[str, str, Comprobante]] = [
    ("1001", "serie", factura(serie="B001")),
    ("1001", "serie", boleta(serie="F001")),
    ("1001", "numero", factura(numero=100_000_000)),
    ("2329", "fecha_emision", factura(fecha_emision=HOY + timedelta(days=1))),
    ("2108", "fecha_emision", factura(**FACTURA_VIEJA)),
    ("1079", "fecha_emision", boleta(fecha_emision=HOY - timedelta(days=6))),
    ("3206", "tipo_operacion", factura(tipo_operacion="9999")),
    ("3206", "tipo_operacion", boleta(tipo_operacion="0112")),
    ("3088", "moneda", factura(moneda="SOL")),
    ("1034", "emisor.ruc", emisor(ruc="20123456789")),
    ("1037", "emisor.razon_social", emisor(razon_social="X")),
    ("3030", "emisor.codigo_anexo", emisor(codigo_anexo="1")),
    ("4093", "emisor.ubigeo", emisor(ubigeo="15")),
    ("2014", "adquirente.numero_doc", cliente("6", "")),
    ("2679", "adquirente.numero_doc", nota(adquirente=Adquirente("6", "", "Cliente S.A."))),
    ("2021", "adquirente.razon_social", cliente("1", "45678912", " ")),
    ("3205", "tipo_operacion", factura(tipo_operacion="")),
    ("2070", "moneda", factura(moneda="")),
    (
        "1500",
        "emisor.nombre_comercial",
        nota(tipo="08", emisor=replace(EMISOR, nombre_comercial="X")),
    ),
    ("2137", "detalle", nota(*[linea()] * 1000)),
    ("2139", "detalle.0.cantidad", nota(linea(cantidad=D("0.12345678901")))),
    ("2883", "detalle.0.unidad_medida", factura(linea(unidad_medida=""))),
    ("2138", "detalle.0.unidad_medida", nota(linea(unidad_medida=""))),
    ("2188", "detalle.0.unidad_medida", nota(linea(unidad_medida=""), tipo="08")),
    ("2026", "detalle.0.descripcion", factura(linea(descripcion=" "))),
    ("2128", "motivo_codigo", modifica(motivo_codigo="")),
    ("2136", "motivo_descripcion", modifica(motivo_descripcion=" ")),
    ("3107", "detalle.0.afectacion_igv", nota(motivo="12")),
    ("3221", "detalle.0.afectacion_igv", nota(linea(afectacion_igv="20"), motivo="12")),
    (
        "2643",
        "detalle.0.precio_unitario",
        nota(linea(afectacion_igv="17", precio_unitario=D(0)), tipo="08", motivo="12"),
    ),
    ("3074", "cargos.0.monto", factura(cargos=(CargoGlobal("45", D(0)),))),
    ("3316", "cargos", factura(tipo_operacion="2002")),
    ("3317", "cargos.0.codigo", factura(cargos=(CargoGlobal("63", D(1)),))),
    (
        "3265",
        "pagado",
        factura(contado=False, cuotas=(Cuota(manana()),), pagado=D("-10.00")),
    ),
    (
        "3266",
        "cuotas.0.monto",
        factura(contado=False, cuotas=(Cuota(manana(), D("99.00")),)),
    ),
    ("2016", "adquirente.tipo_doc", cliente("9", "123")),
    ("2800", "adquirente.tipo_doc", factura(adquirente=PERSONA)),
    ("2800", "adquirente.tipo_doc", factura(linea(afectacion_igv="40"), tipo_operacion="0200")),
    ("2017", "adquirente.numero_doc", cliente("6", "2010000637")),
    ("2017", "adquirente.numero_doc", cliente("6", "20100006377")),
    ("2801", "adquirente.numero_doc", cliente("1", "1234567")),
    ("2802", "adquirente.numero_doc", cliente("7", "1234567890123456")),
    ("2022", "adquirente.razon_social", cliente("1", "45678912", "a\nb")),
    ("3027", "leyendas.0", factura(leyendas=("9999",))),
    ("2364", "relacionados.1.numero", factura(relacionados=(Relacionado("09", "T001-1"),) * 2)),
    ("4006", "relacionados.0.numero", factura(relacionados=(Relacionado("09", "X-1"),))),
    ("4233", "orden_compra", factura(orden_compra="x" * 21)),
    ("2023", "detalle", factura(*[linea()] * 1000)),
    ("2024", "detalle.0.cantidad", factura(linea(cantidad=D(0)))),
    ("2025", "detalle.0.cantidad", factura(linea(cantidad=D("0.12345678901")))),
    ("2936", "detalle.0.unidad_medida", factura(linea(unidad_medida="XXX"))),
    ("2027", "detalle.0.descripcion", factura(linea(descripcion="x" * 501))),
    ("2369", "detalle.0.precio_unitario", factura(linea(precio_unitario=D(-1)))),
    ("2955", "detalle.0.descuento", factura(linea(descuento=D("0.001")))),
    ("2370", "detalle.0.descuento", factura(linea(descuento=D("99.00")))),
    ("2040", "detalle.0.afectacion_igv", factura(linea(afectacion_igv="99"))),
    ("3105", "detalle.0.precio_unitario", factura(linea(precio_unitario=D(0)))),
    (
        "2642",
        "detalle.0.afectacion_igv",
        factura(tipo_operacion="0200", adquirente=Adquirente("0", "X1", "Acme")),
    ),
    ("2644", "detalle.1.afectacion_igv", factura(linea(afectacion_igv="17"), linea())),
    ("2650", "detalle.0.isc", factura(linea(afectacion_igv="17", isc=Isc("01", D("0.1"))))),
    ("3223", "detalle.0.isc", factura(linea(afectacion_igv="20", isc=Isc("01", D("0.1"))))),
    ("2041", "detalle.0.isc.sistema", con_isc(sistema="04")),
    ("2199", "detalle.0.isc.sistema", nota(linea(isc=Isc("04", D("0.1"))))),
    ("3104", "detalle.0.isc.tasa", con_isc(tasa=D(0))),
    ("2892", "detalle.0.cantidad", boleta(linea(cantidad=D("1.5"), icbper=True))),
    (
        "3240",
        "detalle.0.icbper",
        boleta(linea(afectacion_igv="30", icbper=True), tipo_operacion="0113"),
    ),
    ("3181", "detalle.0.codigo_sunat", factura(tipo_operacion="0112")),
    ("4337", "detalle.0.codigo_sunat", factura(linea(codigo_sunat="123"))),
    ("3462", "tasa_igv", factura(tasa_igv=D("0.10"))),
    ("3071", "cargos.0.codigo", factura(cargos=(CargoGlobal("99", D(1)),))),
    ("2968", "cargos.0.monto", factura(cargos=(CargoGlobal("03", D(0)),))),
    (
        "3277",
        "cargos.0.codigo",
        factura(linea(afectacion_igv="20"), cargos=(CargoGlobal("02", D(1)),)),
    ),
    ("2505", "anticipos.0.tipo", factura(anticipos=(Anticipo("01", "F001-1", D(1)),))),
    ("2521", "anticipos.0.numero", factura(anticipos=(Anticipo("02", "F0011", D(1)),))),
    ("2503", "anticipos.0.monto", factura(anticipos=(Anticipo("02", "F001-1", D(0)),))),
    ("2365", "anticipos.1.numero", factura(anticipos=(Anticipo("02", "F001-1", D(1)),) * 2)),
    ("3252", "cuotas", factura(cuotas=(Cuota(manana()),))),
    ("3249", "cuotas", factura(contado=False)),
    ("3253", "cuotas.0.monto", factura(contado=False, cuotas=(Cuota(manana(), D(0)),))),
    ("3267", "cuotas.0.fecha", factura(contado=False, cuotas=(Cuota(HOY),))),
    ("3127", "detraccion", factura(tipo_operacion="1001")),
    ("3128", "tipo_operacion", factura(detraccion=Detraccion("037", D(12), CUENTA))),
    ("3033", "detraccion.codigo", detraccion(codigo="999")),
    ("3034", "detraccion.cuenta", detraccion(cuenta="")),
    ("3174", "detraccion.medio_pago", detraccion(medio_pago="555")),
    ("3037", "detraccion.porcentaje", detraccion(porcentaje=D(0))),
    ("3093", "percepcion", factura(tipo_operacion="2001")),
    ("3308", "tipo_operacion", factura(percepcion=Percepcion())),
    (
        "3330",
        "contado",
        factura(
            tipo_operacion="2001",
            percepcion=Percepcion(),
            contado=False,
            cuotas=(Cuota(manana()),),
        ),
    ),
    ("3262", "retencion", factura(adquirente=PERSONA, retencion=True)),
    ("3303", "redondeo", factura(redondeo=D("1.01"))),
    ("2048", "retencion", boleta(retencion=True)),
    ("2524", "modifica", nota(modifica=None)),
    ("2172", "motivo_codigo", modifica(motivo_codigo="99")),
    ("2135", "motivo_descripcion", modifica(motivo_descripcion="a\nb")),
    ("2116", "serie", nota_de("03", "07", "FC01")),
    ("2204", "serie", nota_de("03", "08", "FD01")),
    ("2399", "serie", nota_de("01", "07", "BC01")),
    ("2400", "serie", nota_de("01", "08", "BD01")),
    ("2117", "modifica.numero", modifica(serie="X")),
    ("2205", "modifica.numero", modifica("08", "FD01", serie="X")),
    ("3259", "modifica.tipo", nota_de("03", "07", "BC01", motivo="13")),
    ("3257", "cuotas", nota(linea(precio_unitario=D(0)), motivo="13")),
    ("3246", "cuotas", nota(contado=False, cuotas=(Cuota(manana()),))),
    ("3230", "motivo_codigo", nota(linea(afectacion_igv="17"))),
    ("2062", "anticipos", factura(anticipos=(Anticipo("02", "F001-1", D(99)),))),
    ("2999", "anticipos", factura(anticipos=(Anticipo("02", "F001-1", D(99)),))),
    ("3278", "anticipos.0.codigo", factura(anticipos=(Anticipo("02", "F001-1", D(1), "05"),))),
    (
        "2514",
        "adquirente.numero_doc",
        boleta(linea(cantidad=D(100)), adquirente=Adquirente("0", "00000000", "Clientes varios")),
    ),
    ("3319", "cuotas", factura(contado=False, cuotas=(Cuota(manana(), D("10.00")),))),
    (
        "3315",
        "detalle.0.precio_unitario",
        nota(motivo="13", contado=False, cuotas=(Cuota(manana(), D(1)),)),
    ),
    *[
        (codigo, "leyendas.0", factura(leyendas=(leyenda,)))
        for leyenda, codigo in (
            ("2001", "3283"),
            ("2002", "3284"),
            ("2003", "3285"),
            ("2008", "3289"),
        )
    ],
    *LEIDOS_OTRA_VEZ,
]
"""A code, the field that it points to, and a document with that one thing wrong."""


@pytest.mark.parametrize(("codigo", "campo", "de"), ROTOS, ids=[uno[0] for uno in ROTOS])
def test_revisar_of_a_document_broken_in_one_place_tells_its_code_and_field(
    codigo: str, campo: str, de: Comprobante
) -> None:
    hallazgos, _ = revisar(de, ENTORNO)
    assert (codigo, campo) in {(uno.codigo, uno.campo) for uno in hallazgos}
    assert all(uno.cura and uno.texto for uno in hallazgos)


@pytest.mark.parametrize(
    ("codigo", "cuando", "de"),
    [
        ("2949", date(2019, 7, 31), boleta(linea(icbper=True))),
        ("3496", date(2027, 1, 1), factura(linea(codigo_sunat="123"))),
        ("4337", date(2026, 12, 31), factura(linea(codigo_sunat="123"))),
    ],
)
def test_rules_hold_from_their_day_to_their_day(codigo: str, cuando: date, de: Comprobante) -> None:
    ese_dia = replace(de, fecha_emision=cuando, tasa_igv=D("0.18"))
    assert codigo in {uno.codigo for uno in revisar(ese_dia, Entorno(cuando))[0]}
    otro = cuando + timedelta(days=1) if codigo != "3496" else cuando - timedelta(days=1)
    otro_dia = replace(ese_dia, fecha_emision=otro)
    assert codigo not in {uno.codigo for uno in revisar(otro_dia, Entorno(otro))[0]}


def test_revisar_tells_all_findings_at_once() -> None:
    malo = factura(
        linea(unidad_medida="XXX", afectacion_igv="99", cantidad=D(0)),
        moneda="SOL",
        adquirente=Adquirente("6", "20100006377", "Z"),
    )
    codigos = {uno.codigo for uno in revisar(malo, ENTORNO)[0]}
    assert codigos >= {"2936", "2040", "2024", "3088", "2017", "2022"}


@pytest.mark.parametrize(
    "de",
    [
        factura(linea(afectacion_igv="40"), tipo_operacion="0207"),
        factura(
            linea(codigo_sunat="80131501"),
            adquirente=PERSONA,
            tipo_operacion="0112",
        ),
        factura(tipo_operacion="2001", percepcion=Percepcion(), tipo_cambio=D("3.80")),
    ],
    ids=["2800 0207 con RUC", "2800 0112 con DNI", "2797 soles con tipo de cambio"],
)
def test_revisar_finds_nothing_where_sunat_takes_it(de: Comprobante) -> None:
    hallazgos, totales = revisar(de, ENTORNO)
    assert not hallazgos
    assert totales is not None
    assert totales.percepcion in (D("0.00"), D("0.47"))


def test_calcular_moves_a_cent_rather_than_leave_a_small_line_without_its_igv() -> None:
    pequenas = [linea(cantidad=D(1), precio_unitario=D("0.08"))] * 3
    de = factura(*pequenas, linea(), tasa_igv=D("0.105"))
    hallazgos, totales = revisar(de, ENTORNO)
    assert not hallazgos
    assert totales is not None
    assert all(uno.igv and uno.base_igv + uno.igv == uno.total for uno in totales.lineas)
    assert totales.total == D("23.84")
    assert totales.monto(codigos.IGV) == D("23.84") - (D("23.84") / D("1.105")).quantize(D("0.01"))
