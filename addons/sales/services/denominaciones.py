"""Notes and coins in use, by currency; what a count of cash is typed by."""

from collections.abc import Mapping
from decimal import Decimal

DENOMINACIONES: Mapping[str, tuple[str, ...]] = {
    "PEN": ("200", "100", "50", "20", "10", "5", "2", "1", "0.50", "0.20", "0.10"),
    "CLP": ("20000", "10000", "5000", "2000", "1000", "500", "100", "50", "10"),
    "COP": ("100000", "50000", "20000", "10000", "5000", "2000", "1000", "500", "200", "100", "50"),
    "USD": ("100", "50", "20", "10", "5", "1", "0.50", "0.25", "0.10", "0.05", "0.01"),
}


def denominaciones(moneda: str) -> list[Decimal]:
    """Return the notes and coins of a currency, the largest first; none where we know none."""
    return [Decimal(una) for una in DENOMINACIONES.get(moneda, ())]
