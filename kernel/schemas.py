"""What enters and leaves: base classes and common field types of request and answer bodies.

A ``Schema`` refuses unknown fields, so that a misspelt one is an error and not a silence.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from kernel.money import Exact, round_half_up

ItemT = TypeVar("ItemT")

MAX_ID = 2**63 - 1
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}")


class Schema(BaseModel):
    """A body that a caller sends."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """A body that Andes sends; read from rows or built by a service."""

    model_config = ConfigDict(from_attributes=True)


class Page(Answer, Generic[ItemT]):
    """A page of a list; ``next`` is the cursor of the following page, or null at the end."""

    items: list[ItemT]
    next: str | None = None


def _digits(value: object) -> object:
    if isinstance(value, str) and not (value.isascii() and value.isdigit()):
        raise PydanticCustomError("int_parsing", "use digits only")
    return value


def _iso_instant(value: object) -> object:
    """Refuse a number: whether it counts seconds or days, and since when, nobody can tell."""
    if isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.match(value)):
        return value
    raise PydanticCustomError("datetime_type", "write the instant as a text")


def _iso_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise PydanticCustomError("date_parsing", "write the day as AAAA-MM-DD")
    if isinstance(value, int | float | Decimal):
        raise PydanticCustomError("date_type", "write the day as a text")
    return value


RefId = Annotated[int, Strict(), Field(ge=1, le=MAX_ID)]
"""The id of another record, in a body."""

QueryId = Annotated[int, BeforeValidator(_digits), Field(ge=1, le=MAX_ID)]
"""The id of a record, in a path or query string."""

Flag = Annotated[bool, Strict()]
"""True or false, and no word or number for it."""


def _place(most: int) -> object:
    return Field(ge=-most, le=most, decimal_places=15, allow_inf_nan=False)


_DEGREES = AfterValidator(lambda value: round_half_up(value, Decimal("0.000001")) + 0)

Latitude = Annotated[Decimal, Exact, _place(90), _DEGREES]
"""Degrees north (WGS 84), kept to 6 decimals: 10 centimetres."""

Longitude = Annotated[Decimal, Exact, _place(180), _DEGREES]
"""Degrees east (WGS 84), kept to 6 decimals."""

Version = Annotated[int, Strict(), Field(ge=1, le=MAX_ID)]
"""The ``version`` of a record that an edit starts from."""

Day = Annotated[date, BeforeValidator(_iso_day), Field(ge=date(1900, 1, 1), le=date(2999, 12, 31))]
"""A calendar day, AAAA-MM-DD, of the centuries that business is done in."""

Instant = Annotated[AwareDatetime, BeforeValidator(_iso_instant)]
"""An instant with its time zone, as ISO 8601 text."""

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=250)]
"""A line of text that cannot be blank."""

OptionalText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=250)]
"""A line of text that can be blank."""

LongText = Annotated[str, StringConstraints(max_length=10_000)]
"""Paragraphs."""


def members(kind: type[BaseModel]) -> dict[str, Any]:
    """Return the fields of a schema, by name."""
    return dict(kind.model_fields)


def plain_type(kind: Any) -> Any:
    """Return the type behind Annotated and ``| None``."""
    origin = get_origin(kind)
    if origin is list:
        return list
    if origin is Literal:
        return type(get_args(kind)[0])
    arguments = [one for one in get_args(kind) if one is not NoneType]
    if hasattr(kind, "__metadata__"):
        return plain_type(arguments[0])
    if isinstance(kind, type) and not arguments:
        return kind
    return plain_type(arguments[0]) if arguments else kind
