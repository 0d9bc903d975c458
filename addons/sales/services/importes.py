"""Amounts of a sale: exact decimals, header and lines that agree to the cent.

Prices carry IGV or not (a setting of the company). The header is computed first on the sum, and
lines get what accumulates, so that the lines always add up to the header and rounding never drifts
with their number. Source: reference on SUNAT, arithmetic (1.4): the base of each rate is a sum of
line bases rounded to cents, IGV is computed on the sum of bases.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kernel.money import round_half_up

CERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Linea:
    """A line to compute: unit price and discount in the company's terms, rate 0 or e.g. 0.18."""

    cantidad: Decimal
    precio_unitario: Decimal
    descuento: Decimal
    tasa: Decimal


@dataclass(frozen=True, slots=True)
class Importe:
    """Computed amounts, 2 decimals: ``subtotal`` without IGV, ``total`` with it."""

    subtotal: Decimal
    igv: Decimal
    total: Decimal


def bruto(linea: Linea) -> Decimal:
    """Return price by quantity less the discount, rounded to cents, in the company's terms."""
    return round_half_up(linea.cantidad * linea.precio_unitario) - linea.descuento


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
