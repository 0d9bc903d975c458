"""Columns that several tables share."""

from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from kernel.model import MoneyColumn

CERO = Decimal("0.00")


def to(table: str, **facts: Any) -> Any:
    """Return a column that refers to another table's ``id``."""
    return mapped_column(BigInteger, ForeignKey(f"{table}.id"), **facts)


def amount() -> Any:
    """Return a column of money that is zero unless something else is said."""
    return mapped_column(server_default="0", default=CERO)


class Importes:
    """What a document comes to; ``descuento_global`` is what was taken off all lines together."""

    subtotal: Mapped[MoneyColumn]
    igv: Mapped[MoneyColumn]
    total: Mapped[MoneyColumn]
    descuento_global: Mapped[MoneyColumn] = amount()
