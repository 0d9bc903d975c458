"""Columns that tables of sunat have alike."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import mapped_column


def to(table: str, *, index: bool = False) -> Any:
    """Return a column that names a row of a table."""
    return mapped_column(BigInteger, ForeignKey(f"{table}.id"), index=index)
