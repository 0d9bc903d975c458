"""Plans: a page of a list as one prepared statement whose rows come as JSON texts.

A list is asked for far more often than its shape changes. Its SELECT is built and compiled once a
shape and run as a hot statement; PostgreSQL writes the JSON of each row, with the values as
pydantic would write them. Row rules that look nowhere else become part of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.sql.compiler import SQLCompiler

from kernel.errors import ConfigurationError
from kernel.prepared import Statement

MAX_RULED = 20
"""Shapes of row rules whose statements are kept for a SELECT."""

DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # untyped there
"""How statements are written for the driver."""

PLAIN = (bool, int, float, str, date, time)
"""Types whose JSON is the same everywhere."""

SECONDS: ColumnElement[str] = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS"Z"'""")
MICROSECONDS: ColumnElement[str] = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'""")
"""Instants as pydantic writes them: sessions run in UTC."""


class Page:
    """A SELECT with named values, kept with the hot statements that it became."""

    def __init__(self, select: Select[Any]) -> None:
        self.select = select
        self._plain: Statement | None = None
        self._ruled: dict[Any, tuple[Statement, SQLCompiler]] = {}

    def statement(
        self, visible: Sequence[ColumnElement[bool]], values: Mapping[str, Any]
    ) -> tuple[Statement, Mapping[str, Any]] | None:
        """Return the hot statement narrowed by conditions, and all of its values.

        None where a condition has an ``in_()``, which is written anew for each number of values.
        """
        if visible:
            return self._narrowed(self.select.where(*visible), values)
        if self._plain is None:
            self._plain = Statement("list", str(self.select.compile(dialect=DIALECT)), reads=True)
        return self._plain, values

    def _narrowed(
        self, select: Select[Any], values: Mapping[str, Any]
    ) -> tuple[Statement, Mapping[str, Any]] | None:
        """Conditions differ from user to user in values more than in shape."""
        key = cast("Any", select)._generate_cache_key()
        if key is None:
            return None
        plan = self._ruled.get(key.key)
        if plan is None:
            compiled = cast("Any", select)._compiler(DIALECT, cache_key=key)
            plan = Statement("list", str(compiled), reads=True), compiled
            if len(self._ruled) < MAX_RULED:
                self._ruled[key.key] = plan
        statement, compiled = plan
        if compiled.post_compile_params:
            return None
        return statement, compiled.construct_params(values, extracted_parameters=key.bindparams)


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
