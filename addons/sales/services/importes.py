"""Amounts of a sale: exact decimals, header and lines that agree to the cent.

Prices carry IGV or not (a setting of the company). The header is computed first on the sum, and
lines get what accumulates, so that the lines always add up to the header and rounding never drifts
with their number. Source: reference on SUNAT, arithmetic (1.4): the base of each rate is a sum of
line bases rounded to cents, IGV is computed on the sum of bases.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from kernel.money import round_half_up, share

CERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Linea:
    """A line to compute: unit price and discounts in the company's terms, rate 0 or e.g. 0.18."""

    cantidad: Decimal
    precio_unitario: Decimal
    descuento: Decimal
    tasa: Decimal
    descuento_global: Decimal = CERO
    """Its share of what is taken off all lines together."""


@dataclass(frozen=True, slots=True)
class Importe:
    """Computed amounts, 2 decimals: ``subtotal`` without IGV, ``total`` with it."""

    subtotal: Decimal
    igv: Decimal
    total: Decimal


def bruto(linea: Linea) -> Decimal:
    """Return price by quantity less the discounts, rounded to cents, in the company's terms."""
    importe = round_half_up(linea.cantidad * linea.precio_unitario)
    return importe - linea.descuento - linea.descuento_global


def con_descuento_global(lineas: Sequence[Linea], monto: Decimal) -> list[Linea]:
    """Return the lines, each with its share of a discount on all of them."""
    if not monto:
        return list(lineas)
    partes = share(monto, [max(bruto(linea), CERO) for linea in lineas])
    return [
        replace(linea, descuento_global=parte) for linea, parte in zip(lineas, partes, strict=True)
    ]


def parte_devuelta(linea: Importe, cantidad: Decimal, antes: Decimal, ahora: Decimal) -> Importe:
    """Return what of a line's amounts goes back with ``ahora`` units after ``antes`` went back.

    What accumulates is rounded, so that the parts add up to the whole line when all went back.
    """
    desde = round_half_up(linea.total * antes / cantidad)
    hasta = round_half_up(linea.total * (antes + ahora) / cantidad)
    subtotal = _base_de(hasta, linea) - _base_de(desde, linea)
    return Importe(subtotal, hasta - desde - subtotal, hasta - desde)


def _base_de(parte: Decimal, linea: Importe) -> Decimal:
    """Return the part of a line's base that goes with a part of its total; it grows with it."""
    return round_half_up(parte * linea.subtotal / linea.total) if linea.total else CERO


def calcular(lineas: Sequence[Linea], *, incluyen_igv: bool) -> tuple[Importe, list[Importe]]:
    """Return the header and each line's amounts.

    With IGV included the customer pays exactly the sum of the shelf prices, and what is split is
    the base; without it, bases add up and IGV is split.
    """
    suma: dict[Decimal, Decimal] = {}
    importes = []
    for linea in lineas:
        antes = suma.get(linea.tasa, CERO)
        ahora = suma[linea.tasa] = antes + bruto(linea)
        importes.append(_tramo(antes, ahora, linea.tasa, incluyen_igv=incluyen_igv))
    return _sumar(importes), importes


def _tramo(antes: Decimal, ahora: Decimal, tasa: Decimal, *, incluyen_igv: bool) -> Importe:
    """Return the amounts of what a line adds to the running sum of its rate."""
    valor = ahora - antes
    if incluyen_igv:
        base = round_half_up(ahora / (1 + tasa)) - round_half_up(antes / (1 + tasa))
        return Importe(base, valor - base, valor)
    igv = round_half_up(ahora * tasa) - round_half_up(antes * tasa)
    return Importe(valor, igv, valor + igv)


def _sumar(importes: Sequence[Importe]) -> Importe:
    subtotal = sum((uno.subtotal for uno in importes), CERO)
    igv = sum((uno.igv for uno in importes), CERO)
    return Importe(subtotal, igv, subtotal + igv)
