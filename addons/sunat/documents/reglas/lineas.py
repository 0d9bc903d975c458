"""Rules on lines: quantities, units, prices, how each stands to IGV, ISC and ICBPER."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.modelo import Comprobante, Linea
from addons.sunat.documents.reglas.formatos import TOPE, cabe, en_una_linea, visible
from addons.sunat.documents.reglas.tabla import TODOS, VENTAS, Entorno, Falta, regla
from addons.sunat.documents.unidades import UNIDADES
from kernel.money import round_half_up

MAX_LINEAS = 999
_CODIGO_SUNAT = re.compile(r"[0-9]{8}")


def cada_linea(de: Comprobante) -> Iterator[tuple[str, Linea]]:
    """Yield each line and where it stands."""
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
    for lugar, linea in cada_linea(de):
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
    for lugar, linea in cada_linea(de):
        if not cabe(abs(linea.cantidad), 10):
            yield Falta(f"{lugar}.cantidad")


@regla(
    "2936",
    "El dato ingresado como unidad de medida no corresponde al valor esperado",
    "Use un código del catálogo 03: NIU unidad, ZZ servicio, KGM kilogramo …",
)
def unidad(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """The unit of measure exists."""
    for lugar, linea in cada_linea(de):
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
    for lugar, linea in cada_linea(de):
        if not linea.unidad_medida:
            yield Falta(f"{lugar}.unidad_medida")


@regla(
    "2027",
    "El XML no contiene el tag o no existe informacion de cac:Item/cbc:Description del item",
    "Describa la línea con 1 a 500 caracteres.",
)
def descripcion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """What a line says fits."""
    for lugar, linea in cada_linea(de):
        if len(linea.descripcion) > 500:
            yield Falta(f"{lugar}.descripcion")


@regla(
    "2026",
    "El XML no contiene el tag cac:Item/cbc:Description en el detalle de los Items",
    "Describa la línea con 1 a 500 caracteres.",
)
def sin_descripcion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A line says what it is."""
    for lugar, linea in cada_linea(de):
        if not visible(linea.descripcion):
            yield Falta(f"{lugar}.descripcion")


@regla(
    "2369",
    "El dato ingresado en PriceAmount del Valor de venta unitario por item no cumple con el "
    "formato establecido",
    "El precio no es negativo y tiene hasta 12 enteros y 10 decimales.",
)
def precio(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """A unit price has up to 12 digits and 10 decimals."""
    for lugar, linea in cada_linea(de):
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
    for lugar, linea in cada_linea(de):
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
    for lugar, linea in cada_linea(de):
        bruto = linea.cantidad * linea.precio_unitario
        if bruto + linea.cargo >= TOPE:
            yield Falta(f"{lugar}.cantidad", "El valor de la línea es demasiado grande.")
        elif linea.descuento > round_half_up(bruto) + linea.cargo:
            yield Falta(f"{lugar}.descuento")


@regla(
    "2040",
    "El tipo de afectacion del IGV es incorrecto",
    "Use un código del catálogo 07: 10 gravado, 20 exonerado, 30 inafecto, 40 exportación …",
)
def afectacion(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """How a line stands to IGV exists."""
    for lugar, linea in cada_linea(de):
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
    for lugar, linea in cada_linea(de):
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
    for lugar, linea in cada_linea(de):
        if exporta and linea.afectacion_igv != "40":
            yield Falta(f"{lugar}.afectacion_igv")


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
    for lugar, linea in cada_linea(de):
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
    "4084",
    "Descripción del Ítem - El dato ingresado no cumple con el formato establecido.",
    "Describa la línea con 3 caracteres o más.",
    tipos=codigos.NOTAS,
    severidad="OBSERV",
)
def descripcion_corta(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """What a line of a note says has three letters."""
    for lugar, linea in cada_linea(de):
        if len(linea.descripcion) < 3:
            yield Falta(f"{lugar}.descripcion")


@regla(
    "4269",
    "El dato ingresado como codigo de producto no cumple con el formato establecido.",
    "El código del producto va en una línea, hasta 30 caracteres.",
    tipos=VENTAS,
    severidad="OBSERV",
)
@regla(
    "4234",
    "El código de producto no cumple con el formato establecido",
    "El código del producto va en una línea, hasta 30 caracteres.",
    tipos=codigos.NOTAS,
    severidad="OBSERV",
)
def codigo_producto(de: Comprobante, _: Entorno) -> Iterator[Falta]:
    """Our code of a product is a line."""
    for lugar, linea in cada_linea(de):
        if linea.codigo_producto and not en_una_linea(linea.codigo_producto, 1, 30):
            yield Falta(f"{lugar}.codigo_producto")
