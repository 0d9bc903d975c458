"""Filters of a list: declared columns, the comparisons their type allows, nothing else.

``?estado=abierta&fecha__gte=2026-01-01&total__lt=100&cliente_id__in=1,2&q=perez``
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Text,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
)
from sqlalchemy.orm import InstrumentedAttribute

from kernel.errors import ConfigurationError, FieldError
from kernel.messages import TEXTS

MAX_IN = 100
MAX_SEARCH = 100
_ACCENTED: ColumnElement[str] = literal_column(
    "'áàâäãåéèêëíìîïóòôöõúùûüýÿñçÁÀÂÄÃÅÉÈÊËÍÌÎÏÓÒÔÖÕÚÙÛÜÝÑÇ'"
)
_PLAIN: ColumnElement[str] = literal_column(
    "'aaaaaaeeeeiiiiooooouuuuyyncaaaaaaeeeeiiiiooooouuuuync'"
)
"""Letters that a search takes for one, also where the database lowers those of ASCII only."""

Operator = Callable[[Any, Any], ColumnElement[bool]]
Terms = tuple[tuple[str, Any], ...]
"""What a filter's text comes to: operators and values, all of which must hold."""

ORDER: Mapping[str, Operator] = {
    "__gte": lambda column, value: column >= value,
    "__gt": lambda column, value: column > value,
    "__lte": lambda column, value: column <= value,
    "__lt": lambda column, value: column < value,
}
OPERATORS: Mapping[str, Operator] = {
    "": lambda column, value: column == value,
    "__in": lambda column, value: column == any_(value),
    **ORDER,
}
ORDERED = (int, Decimal, datetime, date)

UTC = ZoneInfo("UTC")

IN: TypeAdapter[list[str]] = TypeAdapter(
    Annotated[list[str], BeforeValidator(lambda text: text.split(",")), Field(max_length=MAX_IN)]
)
Int = Annotated[int, Field(gt=-(2**63), lt=2**63)]
Number = Annotated[Decimal, Field(max_digits=20, decimal_places=10, allow_inf_nan=False)]
ADAPTERS: Mapping[type[Any], TypeAdapter[Any]] = {
    int: TypeAdapter(Int),
    Decimal: TypeAdapter(Number),
    str: TypeAdapter(Annotated[str, Field(max_length=250)]),
    bool: TypeAdapter(bool),
    datetime: TypeAdapter(datetime),
    date: TypeAdapter(date),
}
DAY = TypeAdapter(date)
SHAPES: Mapping[type[Any], re.Pattern[str]] = {
    int: re.compile(r"-?[0-9]+"),
    Decimal: re.compile(r"-?[0-9]+(\.[0-9]+)?"),
    bool: re.compile(r"true|false"),
    datetime: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*"),
    date: re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}
"""How a value is written; pydantic alone also reads "1_000", "yes" or the seconds of 1970."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter over one column, whose values are of the Python type ``kind``."""

    parameter: str
    column: InstrumentedAttribute[Any]
    operator: str
    kind: type[Any]

    def terms(self, text: str, zone: ZoneInfo) -> Terms:
        """Return what a text asks of the column.

        Raises:
            ValueError: (pydantic's ValidationError) the text is not of the column's type.
        """
        if self.operator == "__in":
            parts = IN.validate_python(text)
            return (("__in", [self._value(part) for part in parts]),)
        if self.kind is datetime and len(text) == len("2026-01-31"):
            return self._whole_day(DAY.validate_python(text), zone)
        value = self._value(text)
        if isinstance(value, datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=zone)
        return ((self.operator, value),)

    def comparisons(self, operators: Iterable[str]) -> list[ColumnElement[bool]]:
        """Return the conditions of terms with these operators; ``name`` names their values."""
        kind = self.column.type
        return [
            OPERATORS[one](
                self.column,
                bindparam(self.name(place), type_=ARRAY(kind) if one == "__in" else kind),
            )
            for place, one in enumerate(operators)
        ]

    def name(self, place: int) -> str:
        """Return the name of the value of a term."""
        return f"{self.parameter}_{place}"

    def check(self, text: str) -> str:
        """Return the text if it is a value of the filter; what a query's schema asks."""
        try:
            self.terms(text, UTC)
        except (ValidationError, OverflowError) as error:
            fault = _fault(self.parameter, error)
            facts = {"message": fault.message}
            raise PydanticCustomError(fault.code, "{message}", facts) from None
        return text

    def _value(self, text: str) -> Any:
        shape = SHAPES.get(self.kind)
        plain = text if shape is None or shape.fullmatch(text) else "?"  # which no type accepts
        return ADAPTERS[self.kind].validate_python(plain)

    def _whole_day(self, day: date, zone: ZoneInfo) -> Terms:
        start = datetime.combine(day, time(), zone)
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        if self.operator == "":
            return (("__gte", start), ("__lt", end))
        edge = end if self.operator in ("__gt", "__lte") else start
        return (({"__gt": "__gte", "__lte": "__lt"}.get(self.operator, self.operator), edge),)


def python_type(column: InstrumentedAttribute[Any] | ColumnElement[Any]) -> type[Any]:
    """Return the Python type of a column's values."""
    kind: type[Any] = column.type.python_type
    return kind


def declared(columns: Sequence[InstrumentedAttribute[Any]]) -> dict[str, Filter]:
    """Return every query parameter that these filterable columns allow.

    Raises:
        ConfigurationError: the values of a column cannot be compared with a text.
    """
    found = {}
    for column in columns:
        kind = python_type(column)
        if kind not in ADAPTERS:
            raise ConfigurationError(f"Cannot filter by «{column}», which is {kind.__name__}.")
        operators = ["", "__in"] if kind in (int, str) else [""]
        if kind in ORDERED:
            operators.extend(ORDER)
        for operator in operators:
            name = f"{column.key}{operator}"
            found[name] = Filter(name, column, operator, kind)
    return found


def read(
    filters: Mapping[str, Filter], values: Mapping[str, str], zone: ZoneInfo
) -> tuple[dict[str, Terms], list[FieldError]]:
    """Return the terms of each parameter, and an error for each bad or unknown one."""
    found: dict[str, Terms] = {}
    faults: list[FieldError] = []
    for name, text in values.items():
        one = filters.get(name)
        if one is None:
            faults.append(FieldError(name, "filtro_desconocido", "Esta lista no tiene ese filtro."))
            continue
        try:
            found[name] = one.terms(text, zone)
        except (ValidationError, OverflowError) as error:
            faults.append(_fault(name, error))
    return found, faults


def _fault(name: str, error: Exception) -> FieldError:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        text = TEXTS.get(first["type"], first["msg"])
        return FieldError(name, first["type"], text.format_map(_Facts(first.get("ctx") or {})))
    return FieldError(name, "rango", "El valor está fuera de rango.")


class _Facts(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return key


def search(columns: Sequence[ColumnElement[Any]]) -> ColumnElement[bool]:
    """Return the condition that any column contains the text ``q``, in any case, accents apart."""
    text: BindParameter[str] = bindparam("q", type_=Text)
    return or_(*(_plain(column).contains(_plain(text), escape="/") for column in columns))


def _plain(text: ColumnElement[Any]) -> ColumnElement[str]:
    return func.translate(func.lower(text), _ACCENTED, _PLAIN)


def searched(text: str) -> str:
    """Return the value of ``q`` for a text that is looked for as it is."""
    plain = text[:MAX_SEARCH]
    return plain.replace("/", "//").replace("%", "/%").replace("_", "/_")
