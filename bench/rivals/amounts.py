"""Amounts of a sale, as every rival computes them: prices carry IGV, header and lines agree."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")
ZERO = Decimal("0.00")


def rounded(value: Decimal) -> Decimal:
    """Return an amount rounded half-up to cents."""
    return value.quantize(CENT, ROUND_HALF_UP)


def split(
    lines: Iterable[tuple[Decimal, Decimal, Decimal, Decimal]],
) -> list[tuple[Decimal, Decimal, Decimal]]:
    """Return (subtotal, igv, total) of lines given as quantity, price, discount and rate."""
    sums: dict[Decimal, Decimal] = {}
    found = []
    for quantity, price, discount, rate in lines:
        before = sums.get(rate, ZERO)
        value = rounded(quantity * price) - discount
        now = sums[rate] = before + value
        base = rounded(now / (1 + rate)) - rounded(before / (1 + rate))
        found.append((base, value - base, value))
    return found
