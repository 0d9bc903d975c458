"""Rows of tables as the database itself writes them: read in bulk, counted, summed up.

Used by archives of addons, and to tell whether what an addon would lose changed meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed, Identifier
from sqlalchemy import Connection, text

from kernel.backup_tables import SPELLING, measure

UNFILLED = "0:0"
"""``column_checksum`` of a column that nobody wrote to."""


def checksum(connection: Connection, table: str) -> str:
    """Return the number of rows of a table and the sum of their digests, which no order changes."""
    spell(connection)
    count, total = connection.execute(text(measure("public", table).as_string())).one()
    return f"{count}:{total}"


def spell(connection: Connection) -> None:
    """Have values written the same way everywhere."""
    for statement in SPELLING:
        connection.execute(text(statement))


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """Return the driver's connection below."""
    driven: Any = connection.connection.driver_connection
    return driven  # type: ignore[no-any-return]  # SQLAlchemy types it as Any


def listed(names: Sequence[str]) -> Composed:
    """Return names as SQL lists them."""
    return SQL(", ").join(map(Identifier, names))


def filled(connection: Connection, table: str, column: str, what: str = "count(*)") -> str:
    """Return a SELECT over the rows of a table whose column is not just what it began with."""
    default = connection.scalar(
        text(
            """
            SELECT pg_get_expr(d.adbin, d.adrelid)
              FROM pg_attribute a LEFT JOIN pg_attrdef d
                   ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = CAST(:table AS regclass) AND a.attname = :column
            """
        ),
        {"table": f'"{table}"', "column": column},
    )
    # Names and the expression are the database's own.
    return f'SELECT {what} FROM "{table}" WHERE "{column}" IS DISTINCT FROM ({default or "NULL"})'  # noqa: S608


def column_checksum(connection: Connection, table: str, column: str) -> str:
    """Return the number of rows that ``filled`` finds and the sum of their digests."""
    spell(connection)
    parts = listed([*key_of(connection, table), column]).as_string()
    what = f"count(*) || ':' || coalesce(sum(hashtextextended(ROW({parts})::text, 0)), 0)"
    return str(measured(connection, table, column, what))


def measured(connection: Connection, table: str, column: str, what: str = "count(*)") -> Any:
    """Return a figure over the rows that ``filled`` finds."""
    query = filled(connection, table, column, what)
    return connection.scalar(
        text(query.replace(":", "\\:"))
    )  # no parameters, whatever a default says


def columns_of(connection: Connection, table: str) -> list[str]:
    """Return the columns of a table that rows are written with."""
    found = connection.scalars(
        text(
            """
            SELECT attname FROM pg_attribute
             WHERE attrelid = to_regclass(:table) AND attnum > 0 AND NOT attisdropped
               AND attgenerated = '' ORDER BY attnum
            """
        ),
        {"table": f'"{table}"'},
    )
    return [str(name) for name in found]


def key_of(connection: Connection, table: str) -> list[str]:
    """Return the columns of a table's primary key."""
    found = connection.scalars(
        text(
            """
            SELECT a.attname FROM pg_index i
              JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
             WHERE i.indrelid = to_regclass(:table) AND i.indisprimary
             ORDER BY array_position(i.indkey, a.attnum)
            """
        ),
        {"table": f'"{table}"'},
    )
    return [str(name) for name in found]


def sequences_of(connection: Connection, table: str, columns: Sequence[str]) -> dict[str, int]:
    """Return the last value that was drawn for each identity column."""
    found = {}
    for column in columns:
        given = {"table": f'"{table}"', "column": column}
        query = "SELECT pg_get_serial_sequence(:table, :column)"
        if (sequence := connection.scalar(text(query), given)) is not None:
            last = text(f"SELECT CASE WHEN is_called THEN last_value END FROM {sequence}")  # noqa: S608  # quoted by PostgreSQL
            if (value := connection.scalar(last)) is not None:
                found[column] = int(value)
    return found
