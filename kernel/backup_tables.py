"""What a backup compares: rows and checksums of tables, and which keys sealed their secrets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from kernel.secrets import SecretUnreadable, key_version

Connection = psycopg.Connection[tuple[Any, ...]]

SPELLING = (
    "SET LOCAL datestyle = 'ISO, MDY'",
    "SET LOCAL intervalstyle = 'postgres'",
    "SET LOCAL timezone = 'UTC'",
    "SET LOCAL extra_float_digits = 1",
    "SET LOCAL bytea_output = 'hex'",
)
"""How values become text, so that the same rows have the same checksum everywhere."""

WORKSHOP = "andes_plan"
"""The schema in which changes of addons are rehearsed (``kernel.rehearsal``): nothing to keep."""

TABLES = f"""
SELECT n.nspname, c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND n.nspname <> '{WORKSHOP}'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1, 2
"""  # noqa: S608  # ours
PRESENT = """
SELECT n.nspname || '.' || c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
   AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
 ORDER BY 1 LIMIT 1
"""
BINARY = f"""
SELECT n.nspname, c.relname, a.attname
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE a.atttypid = 'bytea'::regtype AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind = 'r'
   AND n.nspname NOT IN ('information_schema', '{WORKSHOP}') AND n.nspname !~ '^pg_'
   AND c.relname !~ '^huey_'
   AND c.relname NOT IN ('andes_idempotency_keys', 'andes_audit_chain', 'andes_audit_seals')
 ORDER BY 1, 2, 3
"""  # noqa: S608  # ours
SEALED_HEAD = 5
SHORTEST_SEALED = 93


@dataclass(frozen=True, slots=True)
class Content:
    """How many rows a table has and the sum of their digests, which no order changes."""

    rows: int
    checksum: str


def contents(connection: Connection) -> dict[str, Content]:
    """Return the content of every table, by ``schema.table``, as the transaction sees it."""
    for statement in SPELLING:
        connection.execute(statement)
    found = {}
    for schema, table in connection.execute(TABLES).fetchall():
        (row,) = connection.execute(measure(schema, table)).fetchall()
        found[f"{schema}.{table}"] = Content(row[0], row[1])
    return found


def measure(schema: str, table: str) -> sql.Composed:
    """Return the SELECT of the number of rows of a table, and of the sum of their digests."""
    return sql.SQL(
        "SELECT count(*), coalesce(sum(('x' || left(encode(sha256(convert_to(andes_row::text,"
        " 'UTF8')), 'hex'), 15))::bit(60)::bigint), 0)::text FROM {} AS andes_row"
    ).format(sql.Identifier(schema, table))


def comparison(expected: Mapping[str, Content]) -> str:
    """Return the statement that fails unless every table has its expected content."""
    checks = []
    for name, content in expected.items():
        said = f"{name}: {content.rows} rows expected, or their checksum differs; rows found: "
        schema, _, table = name.partition(".")
        query = (
            measure(schema, table).as_string().replace(" FROM ", " INTO rows, checksum FROM ", 1)
        )
        checks.append(
            f"{query};\n"
            f"IF rows <> {content.rows} OR checksum <> {sql.Literal(content.checksum).as_string()}"
            " THEN RAISE EXCEPTION USING MESSAGE = "
            f"{sql.Literal(said).as_string()} || rows; END IF;"
        )
    body = "\n".join(checks)
    settings = "\n".join(f"{statement};" for statement in SPELLING)
    return f"""
{settings}
DO $andes$ DECLARE rows bigint; checksum text; BEGIN
{body}
END $andes$;
"""


def first_present(connection: Connection) -> str | None:
    """Return the name of something in the database, or None when it is empty."""
    row = connection.execute(PRESENT).fetchone()
    return str(row[0]) if row is not None else None


def sealed_values(connection: Connection, samples: int) -> Iterator[tuple[str, str, list[bytes]]]:
    """Yield (table, column, some sealed values) of each column that holds any."""
    for schema, table, column in connection.execute(BINARY).fetchall():
        query = _sealed(sql.Identifier(column), schema, table, column) + sql.SQL(
            " LIMIT {}"
        ).format(samples)
        blobs = [bytes(row[0]) for row in connection.execute(query).fetchall()]
        found = [blob for blob in blobs if _version(blob)]
        if found:
            yield table, column, found


def sealing_versions(connection: Connection) -> set[int]:
    """Return the versions of the master keys that sealed something in this database."""
    found: set[int] = set()
    for schema, table, column in connection.execute(BINARY).fetchall():
        head = sql.SQL("DISTINCT substr({}, 1, {})").format(sql.Identifier(column), SEALED_HEAD)
        rows = connection.execute(_sealed(head, schema, table, column)).fetchall()
        found |= {int.from_bytes(row[0][1:], "big") for row in rows}
    return found


def _sealed(what: sql.Composable, schema: str, table: str, column: str) -> sql.Composed:
    return sql.SQL(
        "SELECT {} FROM {} WHERE octet_length({}) >= {} AND substr({}, 1, 1) = '\\x01'"
    ).format(
        what,
        sql.Identifier(schema, table),
        sql.Identifier(column),
        SHORTEST_SEALED,
        sql.Identifier(column),
    )


def _version(blob: bytes) -> int:
    try:
        return key_version(blob)
    except SecretUnreadable:
        return 0


def total(tables: Iterable[Content]) -> int:
    """Return the rows of tables together."""
    return sum(content.rows for content in tables)
