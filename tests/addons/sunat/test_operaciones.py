"""Rules of operations, concepts, journeys and origins, each broken in one place: code and field."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from addons.sunat.documents import conceptos
from addons.sunat.documents.calculo import calcular
from addons.sunat.documents.modelo import Comprobante, Cuota, Linea, Lugar, Viaje
from addons.sunat.documents.reglas import Entorno, Origen, revisar, revisar_con_origen, todas
from addons.sunat.documents.reglas.operaciones import ESTADO, HIPOTECA, PEDIDOS
from tests.addons.sunat import facturas, test_reglas
from tests.addons.sunat.facturas import HOY, VIAJE, D, boleta, con, factura, linea, manana, nota

ENTORNO = Entorno(HOY)
HECHO: dict[str, Any] = {
    "1002": lambda una: facturas.con_detraccion(una, operacion="1002", bien="004"),
    "0202": lambda una: facturas.exporta(replace(una, afectacion_igv="40"), operacion="0202"),
    "0301": lambda una: factura(una, tipo_operacion="0301"),
    "0302": facturas.en_tren,
}
"""A document of an operation, around a line."""
PRIMERA = facturas.propiedades("7002", v7002="3")


def sin(concepto: str, operacion: str, todos: frozenset[str]) -> Comprobante:
    """Return a document whose line tells all concepts of its operation but one."""
    hecho: Comprobante = HECHO[operacion](con(*sorted(todos - {concepto})))
    return hecho


def de_carga(viaje: Viaje | None, bien: str = "027") -> Comprobante:
    return facturas.con_detraccion(linea(viaje=viaje), operacion="1004", bien=bien)


def vacia(concepto: str) -> Linea:
    """Return a line with a concept that is named and not told."""
    (una,) = facturas.propiedades(concepto)
    return linea(propiedades=(replace(una, valor="", fecha=None, hora=None, cantidad=None),))


PROPIEDADES = "detalle.0.propiedades"
ROTOS: list[tuple[str, str, Comprobante]] = [
    *[
        (codigo, PROPIEDADES, sin(concepto, next(iter(operaciones)), frozenset(todos)))
        for operaciones, _, pedidos in PEDIDOS
        for todos in [[otro for _, otro, _ in pedidos]]
        for codigo, concepto, _ in pedidos
    ],
    *[
        (codigo, PROPIEDADES, factura(con(*(ESTADO.keys() - {concepto}))))
        for concepto, (codigo, _) in ESTADO.items()
    ],
    *[
        (codigo, PROPIEDADES, factura(linea(codigo_sunat="84121901", propiedades=PRIMERA)))
        for codigo, _, _, _ in HIPOTECA
    ],
    ("3241", PROPIEDADES, factura(con("7004", "7005"), con("7012"), tipo_operacion="2100")),
    ("3242", PROPIEDADES, factura(tipo_operacion="2104")),
    ("2898", PROPIEDADES, factura(con("7013", "7015"), tipo_operacion="2104")),
    (
        "2899",
        PROPIEDADES,
        factura(linea(propiedades=facturas.propiedades("7015", v7015="3")), tipo_operacion="2104"),
    ),
    ("2595", PROPIEDADES, boleta(con("7018", "7019"), tipo_operacion="2105")),
    ("2596", PROPIEDADES, boleta(con("7017", "7019"), tipo_operacion="2105")),
    ("2597", PROPIEDADES, boleta(con("7017", "7018"), tipo_operacion="2105")),
    ("3064", f"{PROPIEDADES}.0.valor", factura(vacia("5010"))),
    ("3064", f"{PROPIEDADES}.0.cantidad", boleta(vacia("7019"), tipo_operacion="2105")),
    ("3065", f"{PROPIEDADES}.0.fecha", factura(vacia("3005"))),
    ("3243", f"{PROPIEDADES}.0.fecha", factura(vacia("7014"))),
    ("3172", f"{PROPIEDADES}.0.hora", factura(vacia("3060"))),
    ("3135", f"{PROPIEDADES}.0.cantidad", factura(vacia("3006"))),
    ("3116", "detalle.0.viaje.origen.ubigeo", de_carga(replace(VIAJE, origen=Lugar("", "Av. 1")))),
    ("3117", "detalle.0.viaje.origen.direccion", de_carga(replace(VIAJE, origen=Lugar("150101")))),
    ("3118", "detalle.0.viaje.destino.ubigeo", de_carga(replace(VIAJE, destino=Lugar("", "Av.")))),
    ("3119", "detalle.0.viaje.destino.direccion", de_carga(replace(VIAJE, destino=Lugar("15")))),
    ("3120", "detalle.0.viaje.detalle", de_carga(replace(VIAJE, detalle=" "))),
    ("3122", "detalle.0.viaje", de_carga(None)),
    (
        "3123",
        "detalle.0.viaje.valor_servicio",
        de_carga(replace(VIAJE, valor_servicio=D("1.001"))),
    ),
    ("3124", "detalle.0.viaje.valor_servicio", de_carga(replace(VIAJE, valor_servicio=D(0)))),
    (
        "3125",
        "detalle.0.viaje.valor_carga_efectiva",
        de_carga(replace(VIAJE, valor_carga_efectiva=D(0))),
    ),
    ("3126", "detalle.0.viaje.valor_carga_util", de_carga(replace(VIAJE, valor_carga_util=D(0)))),
    ("3129", "detraccion.codigo", de_carga(VIAJE, bien="037")),
    ("3098", "pais_uso", facturas.exporta(operacion="0201")),
    ("3099", "pais_uso", facturas.exporta(operacion="0208", pais_uso="PE")),
    ("3099", "pais_uso", facturas.exporta(operacion="0208", pais_uso="ZZ")),
    ("3156", "agente_viajes", facturas.en_tren(con(*facturas.TREN), agente_viajes="123")),
    ("3173", "medio_pago", facturas.en_tren(con(*facturas.TREN), medio_pago="")),
    ("3175", "autorizacion_pago", facturas.en_tren(con(*facturas.TREN), autorizacion_pago="")),
]
"""A code, the field that it points to, and a document with that one thing wrong."""

ORIGEN = Origen("ACEPTADO", HOY, "PEN", D("23.60"), D("0.00"), contado=False)


def cuotas(monto: str, fecha: date | None = None) -> Comprobante:
    """Return a note that moves payments."""
    una = Cuota(fecha or manana(), D(monto))
    return nota(linea(precio_unitario=D(0)), motivo="13", contado=False, cuotas=(una,))


DE_ORIGEN: list[tuple[str, str, Comprobante, Origen]] = [
    ("2119", "comprobante_origen_id", nota(), replace(ORIGEN, estado="EXCEPCION")),
    ("2120", "comprobante_origen_id", nota(), replace(ORIGEN, estado="ANULADO")),
    ("2121", "comprobante_origen_id", nota(), replace(ORIGEN, estado="RECHAZADO")),
    ("2209", "comprobante_origen_id", nota(tipo="08"), replace(ORIGEN, estado="EXCEPCION")),
    ("2207", "comprobante_origen_id", nota(tipo="08"), replace(ORIGEN, estado="ANULADO")),
    ("2208", "comprobante_origen_id", nota(tipo="08"), replace(ORIGEN, estado="RECHAZADO")),
    ("3209", "moneda", nota(), replace(ORIGEN, moneda="USD")),
    ("2885", "fecha_emision", nota(), replace(ORIGEN, fecha_emision=manana())),
    ("3260", "motivo_codigo", cuotas("10.00"), replace(ORIGEN, contado=True)),
    ("3320", "cuotas", cuotas("24.00"), ORIGEN),
    ("3321", "cuotas.0.fecha", cuotas("10.00", HOY), ORIGEN),
    ("3286", "detalle", nota(), replace(ORIGEN, acreditado=D("0.01"))),
]
"""The same, with what the note changes."""


@pytest.mark.parametrize(("codigo", "campo", "de"), ROTOS, ids=[uno[0] for uno in ROTOS])
def test_revisar_of_an_operation_broken_in_one_place_tells_its_code_and_field(
    codigo: str, campo: str, de: Comprobante
) -> None:
    hallazgos, _ = revisar(de, ENTORNO)
    assert (codigo, campo) in {(uno.codigo, uno.campo) for uno in hallazgos}
    assert all(uno.cura and uno.texto for uno in hallazgos)


@pytest.mark.parametrize(
    ("codigo", "campo", "de", "origen"), DE_ORIGEN, ids=[uno[0] for uno in DE_ORIGEN]
)
def test_revisar_con_origen_of_a_note_that_does_not_fit_tells_its_code_and_field(
    codigo: str, campo: str, de: Comprobante, origen: Origen
) -> None:
    hallados = revisar_con_origen(de, calcular(de), origen)
    assert [(uno.codigo, uno.campo) for uno in hallados] == [(codigo, campo)]


@pytest.mark.parametrize("tipo", ["07", "08"])
def test_revisar_con_origen_of_a_note_that_fits_finds_nothing(tipo: str) -> None:
    de = nota(tipo=tipo)
    assert revisar_con_origen(de, calcular(de), ORIGEN) == []


def test_rules_each_have_a_document_that_breaks_them() -> None:
    por_fecha = {"2949", "3496"}
    rotos = {codigo for codigo, _, _ in (*test_reglas.ROTOS, *ROTOS)}
    rotos |= {codigo for codigo, _, _, _ in DE_ORIGEN}
    assert {una.codigo for una in todas()} - rotos == por_fecha


def test_conceptos_are_each_told_in_one_way() -> None:
    partes = (conceptos.TEXTOS, conceptos.FECHAS, conceptos.HORAS, conceptos.CANTIDADES)
    assert sum(map(len, partes)) + 1 == len(conceptos.CONCEPTOS)
    assert all(1 <= len(nombre) <= 100 for nombre in conceptos.CONCEPTOS.values())
