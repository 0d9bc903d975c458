"""Rules on lines: quantities, units, prices, how each stands to IGV, ISC and ICBPER."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.modelo import Comprobante, Linea
from addons.sunat.documents.reglas.formatos import cabe
from addons.sunat.documents.reglas.tabla import TODOS, VENTAS, Entorno, Falta, regla
from addons.sunat.documents.unidades import UNIDADES

MAX_LINEAS = 999
SISTEMAS_ISC = frozenset({"01", "02", "03"})
_CODIGO_SUNAT = re.compile(r"[0-9]{8}")


def _cada(de: Comprobante) -> Iterator[tuple[str, Linea]]:
    for indice, linea in enumerate(de.detalle):
        yield f"detalle.{indice}", linea


@regla(
    "2023",
    "El Numero de orden del item no cumple con el formato establecido",
    f"Un comprobante lleva de 1 a {MAX_LINEAS} líneas.",
    tipos=VENTAS,
)
@regla(
    "2137",
    "El Numero de orden del item no cumple con el formato establecido",
    f"Una nota lleva de 1 a {MAX_LINEAS} líneas.",
    tipos=codigos.NOTAS,
)
def cantidad_de_lineas(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """There are lines, and their order fits 3 digits."""
    if not 1 <= len(de.detalle) <= MAX_LINEAS:
        yield Falta("detalle")


@regla(
    "2024",
    "El XML no contiene el tag InvoicedQuantity en el detalle de los Items o es cero (0)",
    "La cantidad es mayor que cero.",
)
def cantidad_cero(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A quantity is above zero."""
    for lugar, linea in _cada(de):
        if linea.cantidad <= 0:
            yield Falta(f"{lugar}.cantidad")


@regla(
    "2025",
    "InvoicedQuantity El dato ingresado no cumple con el estandar",
    "La cantidad tiene hasta 12 enteros y 10 decimales.",
    tipos=VENTAS,
)
@regla(
    "2139",
    "CreditedQuantity - El dato ingresado no cumple con el estandar",
    "La cantidad tiene hasta 12 enteros y 10 decimales.",
    tipos=codigos.NOTAS,
)
def cantidad(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A quantity has up to 12 digits and 10 decimals."""
    for lugar, linea in _cada(de):
        if not cabe(abs(linea.cantidad), 10):
            yield Falta(f"{lugar}.cantidad")


@regla(
    "2936",
    "El dato ingresado como unidad de medida no corresponde al valor esperado",
    "Use un código del catálogo 03: NIU unidad, ZZ servicio, KGM kilogramo …",
)
def unidad(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The unit of measure exists."""
    for lugar, linea in _cada(de):
        if linea.unidad_medida and linea.unidad_medida not in UNIDADES:
            yield Falta(f"{lugar}.unidad_medida")


@regla(
    "2883",
    "Es obligatorio indicar la unidad de medida del ítem",
    "Diga la unidad de medida: NIU unidad, ZZ servicio …",
    tipos=VENTAS,
)
@regla(
    "2138",
    "CreditedQuantity/@unitCode - El dato ingresado no cumple con el estandar",
    "Diga la unidad de medida: NIU unidad, ZZ servicio …",
    tipos=frozenset({codigos.NOTA_CREDITO}),
)
@regla(
    "2188",
    "DebitedQuantity/@unitCode El dato ingresado no cumple con el estandar",
    "Diga la unidad de medida: NIU unidad, ZZ servicio …",
    tipos=frozenset({codigos.NOTA_DEBITO}),
)
def sin_unidad(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The unit of measure is told."""
    for lugar, linea in _cada(de):
        if not linea.unidad_medida:
            yield Falta(f"{lugar}.unidad_medida")


@regla(
    "2027",
    "El XML no contiene el tag o no existe informacion de cac:Item/cbc:Description del item",
    "Describa la línea con 1 a 500 caracteres.",
)
def descripcion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """What a line says fits."""
    for lugar, linea in _cada(de):
        if len(linea.descripcion) > 500:
            yield Falta(f"{lugar}.descripcion")


@regla(
    "2026",
    "El XML no contiene el tag cac:Item/cbc:Description en el detalle de los Items",
    "Describa la línea con 1 a 500 caracteres.",
)
def sin_descripcion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A line says what it is."""
    for lugar, linea in _cada(de):
        if not linea.descripcion.strip():
            yield Falta(f"{lugar}.descripcion")


@regla(
    "2369",
    "El dato ingresado en PriceAmount del Valor de venta unitario por item no cumple con el "
    "formato establecido",
    "El precio no es negativo y tiene hasta 12 enteros y 10 decimales.",
)
def precio(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A unit price has up to 12 digits and 10 decimals."""
    for lugar, linea in _cada(de):
        if not cabe(linea.precio_unitario, 10):
            yield Falta(f"{lugar}.precio_unitario")


@regla(
    "2955",
    "El formato ingresado en el tag cac:InvoiceLine/cac:Allowancecharge/cbc:Amount no cumple con "
    "el formato establecido",
    "Descuentos y cargos no son negativos y tienen hasta 2 decimales.",
)
def cargos_de_linea(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Discounts and charges of a line are amounts."""
    for lugar, linea in _cada(de):
        for campo in ("descuento", "cargo", "descuento_no_afecto", "cargo_no_afecto"):
            if not cabe(getattr(linea, campo), 2):
                yield Falta(f"{lugar}.{campo}")


@regla(
    "2370",
    "El dato ingresado en LineExtensionAmount del item no cumple con el formato establecido",
    "El descuento de la línea pasa de su valor.",
)
def valor_de_linea(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A line is not worth less than nothing, and fits."""
    for lugar, linea in _cada(de):
        bruto = linea.cantidad * linea.precio_unitario
        if linea.descuento > bruto + linea.cargo:
            yield Falta(f"{lugar}.descuento")
        if bruto >= Decimal(10) ** 12:
            yield Falta(f"{lugar}.cantidad", "El valor de la línea es demasiado grande.")


@regla(
    "2040",
    "El tipo de afectacion del IGV es incorrecto",
    "Use un código del catálogo 07: 10 gravado, 20 exonerado, 30 inafecto, 40 exportación …",
)
def afectacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """How a line stands to IGV exists."""
    for lugar, linea in _cada(de):
        if linea.afectacion_igv not in codigos.AFECTACIONES:
            yield Falta(f"{lugar}.afectacion_igv")


@regla(
    "3105",
    "El XML debe contener al menos un tributo por linea de afectacion por IGV",
    "Una línea vale más que cero; lo que se regala lleva su valor de referencia y una afectación "
    "gratuita (11 a 16, 21, 31 a 37).",
    tipos=VENTAS,
)
def con_valor(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A line is worth something, so that a tribute has a base."""
    for lugar, linea in _cada(de):
        if linea.cantidad * linea.precio_unitario - linea.descuento + linea.cargo < Decimal("0.01"):
            yield Falta(f"{lugar}.precio_unitario")


@regla(
    "2642",
    "Operaciones de exportacion, deben consignar Tipo Afectacion igual a 40",
    "En una exportación cada línea lleva la afectación 40.",
)
def exportacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """An export exports, and nothing else does."""
    motivo = de.modifica.motivo_codigo if de.modifica else ""
    exporta = de.tipo_operacion in codigos.EXPORTACIONES or motivo == "11"
    for lugar, linea in _cada(de):
        if exporta and linea.afectacion_igv != "40":
            yield Falta(f"{lugar}.afectacion_igv")


@regla(
    "2644",
    "Comprobante operacion sujeta IVAP solo debe tener ítems con código de afectación del IGV "
    "igual a 17",
    "El arroz pilado (IVAP) va en un comprobante sin otras afectaciones.",
)
def solo_ivap(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """IVAP is not mixed with others."""
    if any(linea.afectacion_igv == "17" for linea in de.detalle):
        for lugar, linea in _cada(de):
            if linea.afectacion_igv != "17":
                yield Falta(f"{lugar}.afectacion_igv")


@regla(
    "2650",
    "Factura de operacion sujeta al IVAP , no debe consignar valor para ISC o debe ser 0",
    "Una línea con IVAP no lleva ISC.",
)
def ivap_sin_isc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """IVAP and ISC exclude each other."""
    for lugar, linea in _cada(de):
        if linea.afectacion_igv == "17" and linea.isc is not None:
            yield Falta(f"{lugar}.isc")


@regla(
    "3223",
    "La combinación de tributos no es permitida",
    "El ISC va solo en líneas gravadas con IGV (10).",
)
def isc_con_igv(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """ISC goes with IGV."""
    for lugar, linea in _cada(de):
        if linea.isc is not None and linea.afectacion_igv not in ("10", "17"):
            yield Falta(f"{lugar}.isc")


@regla(
    "2041",
    "El sistema de calculo del ISC es incorrecto",
    "El sistema del ISC es 01 al valor, 02 monto fijo o 03 precio de venta al público.",
    tipos=VENTAS,
)
@regla(
    "2199",
    "El sistema de calculo del ISC es incorrecto",
    "El sistema del ISC es 01 al valor, 02 monto fijo o 03 precio de venta al público.",
    tipos=codigos.NOTAS,
)
def sistema_isc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The system of ISC exists."""
    for lugar, linea in _cada(de):
        if linea.isc is not None and linea.isc.sistema not in SISTEMAS_ISC:
            yield Falta(f"{lugar}.isc.sistema")


@regla(
    "3104",
    "El factor de afectación de ISC por linea debe ser diferente a 0.00.",
    "Dé la tasa del ISC (01, 03), su monto por unidad (02) y el precio al público (03).",
)
def tasa_isc(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """ISC has what it is computed with."""
    pide = {"01": ("tasa",), "02": ("monto_unitario",), "03": ("tasa", "precio_publico")}
    for lugar, linea in _cada(de):
        for campo in pide.get(linea.isc.sistema, ()) if linea.isc else ():
            valor = getattr(linea.isc, campo)
            if not valor > 0 or (campo == "tasa" and valor >= 10):
                yield Falta(f"{lugar}.isc.{campo}")


@regla(
    "2892",
    "El valor del tag no cumple con el formato establecido",
    "Las bolsas se cuentan enteras, hasta 99999.",
)
def bolsas(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Bags are whole."""
    for lugar, linea in _cada(de):
        entera = linea.cantidad == linea.cantidad.to_integral_value()
        if linea.icbper and not (entera and linea.cantidad <= 99_999):
            yield Falta(f"{lugar}.cantidad")


@regla(
    "2949",
    "El impuesto ICBPER no se encuentra vigente",
    "El ICBPER rige desde el 1 de agosto de 2019.",
    hasta=date(2019, 7, 31),
)
def icbper_vigente(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """There was no ICBPER before August 2019."""
    for lugar, linea in _cada(de):
        if linea.icbper:
            yield Falta(f"{lugar}.icbper")


@regla(
    "3240",
    "El impuesto ICBPER no aplica para el NRUS",
    "Quite el ICBPER: un emisor del NRUS no lo cobra.",
    tipos=frozenset({codigos.BOLETA}),
)
def icbper_nrus(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """NRUS has no ICBPER."""
    for lugar, linea in _cada(de):
        if linea.icbper and de.tipo_operacion == codigos.NRUS:
            yield Falta(f"{lugar}.icbper")


@regla(
    "3181",
    "El dato ingresado como Codigo de producto SUNAT no corresponde al valor esperado.",
    "La operación 0112 lleva una línea con código SUNAT 84121901 o 80131501.",
    tipos=frozenset({codigos.FACTURA}),
)
def gastos_deducibles(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """What a natural person may deduct is told by its code."""
    suyos = {linea.codigo_sunat for linea in de.detalle} & codigos.PRODUCTOS_DEDUCIBLES
    if de.tipo_operacion == codigos.GASTOS_DEDUCIBLES and not suyos:
        yield Falta("detalle.0.codigo_sunat")


def _codigo_sunat(de: Comprobante) -> Iterator[Falta]:
    for lugar, linea in _cada(de):
        if linea.codigo_sunat and not _CODIGO_SUNAT.fullmatch(linea.codigo_sunat):
            yield Falta(f"{lugar}.codigo_sunat")


@regla(
    "4337",
    "El Código de producto de SUNAT no es válido",
    "El código SUNAT (UNSPSC) tiene 8 dígitos.",
    hasta=date(2026, 12, 31),
    severidad="OBSERV",
)
def codigo_sunat_observado(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A UNSPSC code has 8 digits; until 2026 only observed."""
    yield from _codigo_sunat(de)


@regla(
    "3496",
    "El Código producto de SUNAT no es válido",
    "El código SUNAT (UNSPSC) tiene 8 dígitos.",
    tipos=TODOS,
    desde=date(2027, 1, 1),
)
def codigo_sunat(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A UNSPSC code has 8 digits."""
    yield from _codigo_sunat(de)


@regla(
    "3462",
    "La tasa del IGV debe ser la misma en todas las líneas o ítems del documento y debe "
    "corresponder con una tasa vigente.",
    "Use la tasa general 0.18, o la reducida que rige en la fecha de emisión.",
)
def tasa_vigente(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The rate of IGV is in force; notes may correct a document of an earlier rate."""
    tasas = codigos.tasas_igv(de.fecha_emision)
    if de.tipo in codigos.NOTAS:
        tasas |= {tasa for _, _, tasa in codigos.TASAS_REDUCIDAS}
    if de.tasa_igv not in tasas:
        yield Falta("tasa_igv")
