"""Rules on the computed amounts of each line, and on what is collected or deposited of the whole.

A caller's fields may each be right and what follows from them not: an ISC above the price, a
discount above what the line costs, lines of so few cents that their IGV is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal

from addons.sunat.documents import codigos
from addons.sunat.documents.importes import Importe, Totales
from addons.sunat.documents.impuestos import SIN_IGV
from addons.sunat.documents.modelo import CERO, Comprobante
from addons.sunat.documents.reglas.formatos import DOCE_ENTEROS, TOPE
from addons.sunat.documents.reglas.tabla import VENTAS, Falta, regla_de_totales
from kernel.money import round_half_up

MIL = Decimal(1000)
REDONDEOS = Decimal("0.02")
"""What three roundings of a line may come to."""
TOLERANCIA = Decimal(1)


def _cada(totales: Totales, mal: Callable[[Importe], bool], campo: str) -> Iterator[Falta]:
    for indice, uno in enumerate(totales.lineas):
        if mal(uno):
            yield Falta(f"detalle.{indice}.{campo}")


@regla_de_totales(
    "2370",
    "El dato ingresado en LineExtensionAmount del item no cumple con el formato establecido",
    "El ISC pasa del precio de la línea: revise su monto por unidad o su precio al público.",
)
def valor_de_linea(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """ISC leaves a line some value, and what it comes to fits."""
    yield from _cada(totales, lambda uno: uno.valor_venta < 0, "isc")
    cura = "Lo que suma la línea es demasiado grande."
    for indice, uno in enumerate(totales.lineas):
        if uno.total >= TOPE:
            yield Falta(f"detalle.{indice}.cantidad", cura)


@regla_de_totales(
    "2369",
    "El dato ingresado en PriceAmount del Valor de venta unitario por item no cumple con el "
    "formato establecido",
    "El ISC pasa del precio: el cargo de la línea no lo cubre.",
)
def valor_unitario(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """ISC leaves a unit some value, charges aside."""
    yield from _cada(totales, lambda uno: uno.valor_venta >= 0 and uno.bruto < -REDONDEOS, "isc")


@regla_de_totales(
    "2367",
    "El dato ingresado en PriceAmount del Precio de venta unitario por item no cumple con el "
    "formato establecido",
    "El descuento de la línea pasa de lo que el cliente paga por ella.",
)
def precio_de_venta(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """A unit costs no less than nothing, and its price fits."""
    cura = "El precio por unidad es demasiado grande: revise la cantidad y los cargos."
    for indice, uno in enumerate(totales.lineas):
        if uno.total < 0:
            yield Falta(f"detalle.{indice}.descuento_no_afecto")
        elif uno.precio_venta >= DOCE_ENTEROS:
            yield Falta(f"detalle.{indice}.cantidad", cura)


@regla_de_totales(
    "3031",
    "El dato ingresado en TaxableAmount de la linea no cumple con el formato establecido",
    "La base del ISC es demasiado grande: revise el precio al público.",
)
def base_de_isc(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """The base of ISC fits."""
    yield from _cada(totales, lambda uno: uno.base_isc >= DOCE_ENTEROS, "isc.precio_publico")


@regla_de_totales(
    "3102",
    "El dato ingresado como factor de afectacion por linea no cumple con el formato establecido.",
    "El ISC por unidad pasa de diez veces el valor: revise su monto.",
)
def tasa_de_isc(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """The rate that soles a unit come to has 3 digits."""
    yield from _cada(totales, lambda uno: uno.tasa_isc >= MIL, "isc.monto_unitario")


@regla_de_totales(
    "3104",
    "El factor de afectación de ISC por linea debe ser diferente a 0.00.",
    "El ISC por unidad es tan poco que su tasa se redondea a cero.",
)
def isc_minimo(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """The rate that soles a unit come to is some."""
    yield from _cada(totales, lambda uno: uno.base_isc > 0 and not uno.tasa_isc, "isc")


@regla_de_totales(
    "3272",
    "La base imponible a nivel de línea difiere de la información consignada en el comprobante",
    "La línea es tan pequeña que a su ISC no le queda base: únala con otra.",
)
def isc_con_base(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """ISC has a base; without one SUNAT takes the line's value for what IGV is due on."""
    yield from _cada(totales, lambda uno: bool(uno.isc) and not uno.base_isc, "cantidad")


@regla_de_totales(
    "3108",
    "El producto del factor y monto base de la afectación del ISC no corresponde al monto de "
    "afectacion de linea.",
    "La línea es tan grande que su ISC no se puede decir con una tasa: divídala en varias.",
)
def isc_con_su_tasa(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """ISC is what its rate of 5 decimals says, to a sol."""

    def mal(uno: Importe) -> bool:
        if not 0 < uno.tasa_isc < MIL or uno.base_isc >= DOCE_ENTEROS:
            return False
        return abs(uno.isc - round_half_up(uno.base_isc * uno.tasa_isc / 100)) > TOLERANCIA

    yield from _cada(totales, mal, "isc")


@regla_de_totales(
    "3111",
    "El monto de afectación de IGV por linea debe ser diferente a 0.00.",
    "La línea es tan pequeña que su IGV se redondea a cero: únala con otra.",
)
def con_igv(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """A taxed line of more than six cents has a tax."""
    yield from _cada(
        totales, lambda uno: bool(uno.tasa) and uno.base_igv > SIN_IGV and not uno.igv, "cantidad"
    )


@regla_de_totales(
    "3105",
    "El XML debe contener al menos un tributo por linea de afectacion por IGV",
    "La línea es tan pequeña que no le queda valor sin el IGV: únala con otra.",
    tipos=VENTAS,
)
def con_base(_: Comprobante, totales: Totales) -> Iterator[Falta]:
    """A line has a base."""
    yield from _cada(totales, lambda uno: not uno.base_igv, "cantidad")


@regla_de_totales(
    "2968",
    "El dato ingresado en cac:AllowanceCharge/cbc:Amount no cumple con el formato establecido.",
    "El total es tan poco que la percepción se redondea a cero.",
    tipos=VENTAS,
)
def percepcion_de_algo(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """Percepción comes to something."""
    if de.percepcion is not None and totales.percepcion <= 0:
        yield Falta("percepcion")


@regla_de_totales(
    "3233",
    "Para cargo Percepción, debe ingresar monto base y debe ser mayor a 0.00",
    "Una venta con percepción tiene un total mayor que cero.",
    tipos=VENTAS,
)
def percepcion_con_base(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """Percepción is of something."""
    if de.percepcion is not None and totales.total <= 0:
        yield Falta("percepcion")


@regla_de_totales(
    "3037",
    "El dato ingresado en monto de detraccion no cumple con el formato establecido",
    "El total es tan poco que la detracción se redondea a cero.",
    tipos=VENTAS,
)
def detraccion_de_algo(de: Comprobante, totales: Totales) -> Iterator[Falta]:
    """A deposit is of something."""
    if de.detraccion is not None and totales.detraccion <= 0:
        yield Falta("detraccion")


@regla_de_totales(
    "3280",
    "El importe total del comprobante no coincide con el valor calculado",
    "En una nota sobre una factura el descuento va en el precio de la línea.",
    tipos=codigos.NOTAS,
)
def nota_sin_descuentos(de: Comprobante, _: Totales) -> Iterator[Falta]:
    """A note on a factura has no discounts beside its prices; SUNAT adds up without them."""
    if de.modifica is None or de.modifica.tipo != codigos.FACTURA:
        return
    for indice, linea in enumerate(de.detalle):
        if linea.descuento_no_afecto != CERO:
            yield Falta(f"detalle.{indice}.descuento_no_afecto")
    for indice, cargo in enumerate(de.cargos):
        if cargo.codigo == "03":
            yield Falta(f"cargos.{indice}.codigo")


@regla_de_totales(
    "3277",
    "La sumatoria del total valor de venta - operaciones gravadas de línea no corresponden al "
    "total",
    "En una nota sobre una factura lo que cambia la base (02, 49) va en el precio de la línea.",
    tipos=codigos.NOTAS,
)
def nota_sin_cargos(de: Comprobante, _: Totales) -> Iterator[Falta]:
    """The base of a note on a factura is that of its lines alone."""
    if de.modifica is None or de.modifica.tipo != codigos.FACTURA:
        return
    for indice, cargo in enumerate(de.cargos):
        if codigos.CARGOS_GLOBALES[cargo.codigo].afecta_base:
            yield Falta(f"cargos.{indice}.codigo")
