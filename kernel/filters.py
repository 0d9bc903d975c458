"""Filters of a list: declared columns, the comparisons their type allows, nothing else.

``?estado=abierta&fecha__gte=2026-01-01&total__lt=100&cliente_id__in=1,2&q=perez``
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError
from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import InstrumentedAttribute

from kernel.errors import ConfigurationError, FieldError
from kernel.messages import TEXTS

MAX_IN = 100
MAX_SEARCH = 100

Operator = Callable[[Any, Any], ColumnElement[bool]]

EQUAL: Mapping[str, Operator] = {"": lambda column, value: column == value}
ORDER: Mapping[str, Operator] = {
    "__gte": lambda column, value: column >= value,
    "__gt": lambda column, value: column > value,
    "__lte": lambda column, value: column <= value,
    "__lt": lambda column, value: column < value,
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
    """A query parameter over one column."""

    parameter: str
    column: InstrumentedAttribute[Any]
    operator: str

    @property
    def kind(self) -> type[Any]:
        """Python type of the column."""
        return python_type(self.column)

    def condition(self, text: str, zone: ZoneInfo) -> ColumnElement[bool]:
        """Return the SQL condition of a value.

        Raises:
            ValueError: (pydantic's ValidationError) the text is not of the column's type.
        """
        if self.operator == "__in":
            return self.column.in_([self._value(part) for part in IN.validate_python(text)])
        if self.kind is datetime and len(text) == len("2026-01-31"):
            return self._whole_day(DAY.validate_python(text), zone)
        value = self._value(text)
        if isinstance(value, datetime) and value.tzinfo is None:
            value = value.replace(tzinfo=zone)
        return {**EQUAL, **ORDER}[self.operator](self.column, value)

    def check(self, text: str) -> str:
        """Return the text if it is a value of the filter; what a query's schema asks."""
        try:
            self.condition(text, UTC)
        except (ValidationError, OverflowError) as error:
            fault = _fault(self.parameter, error)
            facts = {"message": fault.message}
            raise PydanticCustomError(fault.code, "{message}", facts) from None
        return text

    def _value(self, text: str) -> Any:
        shape = SHAPES.get(self.kind)
        plain = text if shape is None or shape.fullmatch(text) else "?"  # which no type accepts
        return ADAPTERS[self.kind].validate_python(plain)

    def _whole_day(self, day: date, zone: ZoneInfo) -> ColumnElement[bool]:
        start = datetime.combine(day, time(), zone)
        end = datetime.combine(day + timedelta(days=1), time(), zone)
        if self.operator == "":
            return (self.column >= start) & (self.column < end)
        edge = end if self.operator in ("__gt", "__lte") else start
        operator = {"__gt": "__gte", "__lte": "__lt"}.get(self.operator, self.operator)
        return ORDER[operator](self.column, edge)


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
            found[name] = Filter(name, column, operator)
    return found


def conditions(
    filters: Mapping[str, Filter], values: Mapping[str, str], zone: ZoneInfo
) -> tuple[list[ColumnElement[bool]], list[FieldError]]:
    """Return the conditions of the query, and an error for each bad or unknown parameter."""
    found: list[ColumnElement[bool]] = []
    faults: list[FieldError] = []
    for name, text in values.items():
        one = filters.get(name)
        if one is None:
            faults.append(FieldError(name, "filtro_desconocido", "Esta lista no tiene ese filtro."))
            continue
        try:
            found.append(one.condition(text, zone))
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


def search(columns: Sequence[ColumnElement[Any]], text: str) -> ColumnElement[bool]:
    """Return the condition that any column contains the text, in any case."""
    return or_(*(column.icontains(text[:MAX_SEARCH], autoescape=True) for column in columns))
