"""Money: exact decimals, one rounding function, and the pydantic types that accept them.

Floats are refused at the door: request bodies are parsed with ``Decimal`` and these types refuse a
``float`` object. Answers carry exact decimal strings. Source: reference on SUNAT, arithmetic (1.4).
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

CENT = Decimal("0.01")


def round_half_up(amount: Decimal, quantum: Decimal = CENT) -> Decimal:
    """Return ``amount`` rounded to the quantum (default: cents), halves away from zero."""
    return amount.quantize(quantum, rounding=ROUND_HALF_UP)


def refuse_float(value: object) -> object:
    """Return the value unless it is a binary float or a boolean, which are not amounts."""
    if isinstance(value, float | bool):
        raise ValueError("use un número decimal exacto o un texto, no un binario de coma flotante")
    return value


def _decimal(digits: int, places: int) -> object:
    return Field(max_digits=digits, decimal_places=places, allow_inf_nan=False)


Exact = BeforeValidator(refuse_float)

Money = Annotated[Decimal, Exact, _decimal(12, 2)]
"""An amount in the company's currency, 2 decimals, any sign."""

Amount = Annotated[Decimal, Exact, _decimal(12, 2), Field(ge=0)]
"""An amount that cannot be negative, 2 decimals."""

UnitPrice = Annotated[Decimal, Exact, _decimal(16, 6), Field(ge=0)]
"""A unit price, up to 6 decimals."""

Quantity = Annotated[Decimal, Exact, _decimal(14, 4), Field(gt=0)]
"""A quantity of goods, above zero, up to 4 decimals."""
