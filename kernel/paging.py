"""Pages by key: a cursor carries the last row's sort value and id, never an offset."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_

from kernel.errors import ValidationFailed

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


def encode(sort: str, value: Any, row_id: int) -> str:
    """Return the cursor that continues after a row."""
    text = json.dumps([sort, _plain(value), row_id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value


def decode(cursor: str, sort: str, kind: type[Any]) -> tuple[Any, int]:
    """Return (sort value, id) of a cursor made for the same sort.

    Raises:
        ValidationFailed: the cursor is not one of ours, or belongs to another sort.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        made_for, value, row_id = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        if made_for != sort or not isinstance(row_id, int) or not 0 < row_id < 2**63:
            raise ValueError
        return _typed(value, kind), row_id
    except (ValueError, TypeError, binascii.Error, InvalidOperation, RecursionError):
        raise ValidationFailed(
            "El cursor no es válido para este orden; pida la primera página sin «next».",
            field="next",
            code="cursor",
        ) from None


def _typed(value: Any, kind: type[Any]) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError
        return moment
    if kind is date:
        return date.fromisoformat(value)
    if kind is Decimal:
        number = Decimal(value)
        if not number.is_finite() or abs(number.adjusted()) > 30:
            raise ValueError
        return number
    if kind is int and (isinstance(value, bool) or abs(value) >= 2**63):
        raise ValueError
    if not isinstance(value, kind):
        raise TypeError
    if isinstance(value, str) and b"\x00" in value.encode():  # which refuses lone surrogates
        raise ValueError
    return value


def after(
    statement: Select[Any],
    column: ColumnElement[Any],
    key: ColumnElement[Any],
    position: tuple[Any, Any],
    *,
    descending: bool,
) -> Select[Any]:
    """Return the statement restricted to the rows that follow a position."""
    value, row_id = position
    if column is key:
        return statement.where(key < row_id if descending else key > row_id)
    if descending:
        beyond = or_(column < value, and_(column == value, key < row_id))
        return statement.where(column <= value, beyond)
    beyond = or_(column > value, and_(column == value, key > row_id))
    return statement.where(column >= value, beyond)
