"""Plans: a page of a list as one prepared statement whose rows come as JSON texts.

A list is asked for far more often than its shape changes. Its SELECT is built by SQLAlchemy, found
again by its cache key, and run as a hot statement; PostgreSQL writes the JSON of each row, exactly
as pydantic would.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    JSON,
    ColumnElement,
    Dialect,
    Select,
    Text,
    case,
    func,
    literal_column,
)
from sqlalchemy.sql.compiler import SQLCompiler

from kernel.errors import ConfigurationError
from kernel.prepared import Statement

MAX_PLANS = 1000
"""Shapes remembered before the memory starts afresh."""

PLAIN = (bool, int, float, str, date, time)
"""Types whose JSON is the same everywhere."""

SECONDS: ColumnElement[str] = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS"Z"'""")
MICROSECONDS: ColumnElement[str] = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'""")
"""Instants as pydantic writes them: sessions run in UTC."""


_plans: dict[Any, tuple[Statement, SQLCompiler] | None] = {}


def find(select: Select[Any], dialect: Dialect) -> tuple[Statement, Mapping[str, Any]] | None:
    """Return a select as a hot statement and its values; None when the ORM has to run it."""
    key = cast("Any", select)._generate_cache_key()
    if key is None:
        return None
    try:
        plan = _plans[key.key]
    except KeyError:
        if len(_plans) >= MAX_PLANS:
            _plans.clear()
        plan = _plans[key.key] = _compile(select, dialect, key)
    if plan is None:
        return None
    statement, compiled = plan
    return statement, compiled.construct_params(extracted_parameters=key.bindparams)


def _compile(
    select: Select[Any], dialect: Dialect, key: Any
) -> tuple[Statement, SQLCompiler] | None:
    compiled = cast("SQLCompiler", cast("Any", select)._compiler(dialect, cache_key=key))
    if compiled.post_compile_params or compiled.literal_execute_params:
        return None  # an IN list is written anew for each length
    return Statement("list", str(compiled), reads=True), compiled


def json_row(columns: Mapping[str, ColumnElement[Any]]) -> ColumnElement[str]:
    """Return the expression that writes a row as JSON text.

    Raises:
        ConfigurationError: PostgreSQL writes the values of a column in another way than Python.
    """
    pairs = [
        part for name, one in columns.items() for part in (literal_column(f"'{name}'"), _json(one))
    ]
    return func.json_build_object(*pairs).cast(Text)


def _json(column: ColumnElement[Any]) -> ColumnElement[Any]:
    kind = column.type
    if isinstance(kind, JSON | ARRAY):
        return column
    python = kind.python_type
    if issubclass(python, datetime):
        return func.to_char(column, case((_whole(column), SECONDS), else_=MICROSECONDS))
    if issubclass(python, Decimal | UUID):
        return column.cast(Text)
    if not issubclass(python, PLAIN):
        raise ConfigurationError(f"A list cannot show «{column}», which is {python.__name__}.")
    return column


def _whole(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.date_trunc(literal_column("'second'"), column) == column
