"""Money: exact decimals, one rounding function, and the pydantic types that accept them.

Floats are refused at the door: request bodies are parsed with ``Decimal`` and these types refuse a
``float`` object. Texts are plain decimals: no exponent, no blanks, no other alphabet's digits. What
is accepted carries the decimals of its column, so that an answer reads as it is stored.
Source: reference on SUNAT, arithmetic (1.4).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

CENT = Decimal("0.01")
_PLAIN = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)


def round_half_up(amount: Decimal, quantum: Decimal = CENT) -> Decimal:
    """Return ``amount`` rounded to the quantum (default: cents), halves away from zero."""
    return amount.quantize(quantum, rounding=ROUND_HALF_UP)


def share(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Return an amount in parts by weight, in cents, which add up to it exactly.

    Each part is what accumulates, so no cent is lost; none passes its weight as long as the amount
    does not pass their sum. Without any weight the first part is all of it.
    """
    total = sum(weights, Decimal(0))
    if not total:
        return [Decimal(0) if place else amount for place in range(len(weights))]
    parts, before, weight = [], Decimal(0), Decimal(0)
    for one in weights:
        weight += one
        after = round_half_up(amount * weight / total)
        parts.append(after - before)
        before = after
    return parts


def exact(value: object) -> object:
    """Return the value unless it is a float, a boolean, or a text that is no plain decimal."""
    if isinstance(value, float | bool):
        raise PydanticCustomError("decimal_type", "use an exact decimal or a text")
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        raise PydanticCustomError("decimal_parsing", "use digits and a point")
    return value


def _decimal(digits: int, places: int) -> object:
    return Field(max_digits=digits, decimal_places=places, allow_inf_nan=False)


def _stored(places: int) -> AfterValidator:
    """Give a value all its places, and zero no sign."""
    quantum = Decimal(1).scaleb(-places)
    return AfterValidator(lambda value: value.quantize(quantum) + 0)


Exact = BeforeValidator(exact)

Money = Annotated[Decimal, Exact, _decimal(12, 2), _stored(2)]
"""An amount in the company's currency, 2 decimals, any sign."""

Amount = Annotated[Decimal, Exact, _decimal(12, 2), Field(ge=0), _stored(2)]
"""An amount that cannot be negative, 2 decimals."""

UnitPrice = Annotated[Decimal, Exact, _decimal(16, 6), Field(ge=0), _stored(6)]
"""A unit price, up to 6 decimals."""

Quantity = Annotated[Decimal, Exact, _decimal(14, 4), Field(gt=0), _stored(4)]
"""A quantity of goods, above zero, up to 4 decimals."""

Counted = Annotated[Decimal, Exact, _decimal(14, 4), Field(ge=0), _stored(4)]
"""A quantity of goods that was counted: zero or more, up to 4 decimals."""

QuantityChange = Annotated[Decimal, Exact, _decimal(14, 4), _stored(4)]
"""By how much a quantity changes, any sign, up to 4 decimals."""
