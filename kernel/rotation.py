"""Rotation: every stored secret wrapped anew by the newest master key, so that older ones can go.

What is sealed is found in the database itself, so secrets of addons that are disabled are not left
behind; columns that a table declares (``kernel.sealed``) must be readable, and are reported when
not. A batch is a transaction of its own, and one that is done is not done again: an interrupted
run is started once more. Source: OWASP ASVS 5.0, 13.3.4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy.orm import Session

from kernel import db
from kernel.backup_tables import BINARY, SEALED_HEAD, SHORTEST_SEALED
from kernel.context import Ctx
from kernel.model import Model, table_of
from kernel.runtime import Runtime
from kernel.sealed import Sealed
from kernel.secrets import SecretUnreadable, Vault

BATCH = 500

_SEALED = "octet_length({column}) >= {shortest} AND substr({column}, 1, 1) = '\\x01'"
_VERSIONS = f"SELECT substr({{column}}, 2, 4), count(*) FROM {{table}} WHERE {_SEALED} GROUP BY 1"  # noqa: S608
_ODD = f"SELECT count(*) FROM {{table}} WHERE {{column}} IS NOT NULL AND NOT ({_SEALED})"  # noqa: S608
_NEXT = f"""
SELECT ctid::text, {{column}} FROM {{table}}
 WHERE {_SEALED} AND substr({{column}}, 2, 4) <> %(current)s AND ctid > %(after)s::tid
 ORDER BY ctid LIMIT %(limit)s
"""  # noqa: S608  # identifiers of the catalogue, quoted
_SWAP = """
UPDATE {table} SET {column} = %(new)s WHERE ctid = %(place)s::tid AND {column} = %(old)s
"""

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column that holds sealed values, or may; ``declared`` by a table of an installed addon."""

    schema: str
    table: str
    name: str
    declared: bool

    def compose(self, query: str) -> sql.Composed:
        """Return a query about this column."""
        return sql.SQL(query).format(
            table=sql.Identifier(self.schema, self.table),
            column=sql.Identifier(self.name),
            shortest=SHORTEST_SEALED,
            head=SEALED_HEAD,
        )

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


@dataclass(frozen=True, slots=True)
class Standing:
    """How many values of a column each version of the master key wraps; ``odd`` are not sealed."""

    column: Column
    versions: Mapping[int, int]
    odd: int


@dataclass(slots=True)
class Done:
    """What a rotation did with a column; ``unreadable`` says why some were left, and how many."""

    column: Column
    rewrapped: int = 0
    unreadable: dict[str, int] = field(default_factory=dict)


def standing(runtime: Runtime) -> list[Standing]:
    """Return which keys wrap what, for columns that hold anything sealed."""

    def look(session: Session) -> list[Standing]:
        connection = db.driver(session)
        found = [_standing(connection, one) for one in _columns(connection)]
        return [one for one in found if one.versions or one.column.declared]

    return runtime.database.run(look)


def rotate(runtime: Runtime) -> list[Done]:
    """Wrap every value by the newest key; leave one audit row with the counts."""
    columns = [one.column for one in standing(runtime)]
    done = [_rotate(runtime, column) for column in columns]
    runtime.transact(partial(_audit, done=done))
    return done


def _columns(connection: Connection) -> Iterator[Column]:
    declared = set(_declared())
    for schema, table, name in connection.execute(BINARY).fetchall():
        yield Column(schema, table, name, (table, name) in declared)


def _declared() -> Iterator[tuple[str, str]]:
    """Yield table and column of each ``Sealed`` attribute of the installed addons."""
    for mapper in Model.registry.mappers:
        for base in mapper.class_.__mro__:
            for value in vars(base).values():
                if isinstance(value, Sealed):
                    yield table_of(mapper.class_).name, mapper.columns[value.stored].name


def _standing(connection: Connection, column: Column) -> Standing:
    rows = connection.execute(column.compose(_VERSIONS)).fetchall()
    versions = {int.from_bytes(version, "big"): count for version, count in sorted(rows)}
    odd = connection.execute(column.compose(_ODD)).fetchall()[0][0] if column.declared else 0
    return Standing(column, versions, odd)


def _rotate(runtime: Runtime, column: Column) -> Done:
    """Pass over a column until a pass finds nothing: rows move while others write to them."""
    done = Done(column)
    rewrapped = 1
    while rewrapped:
        rewrapped, done.unreadable = _pass(runtime, column)
        done.rewrapped += rewrapped
    return done


def _pass(runtime: Runtime, column: Column) -> tuple[int, dict[str, int]]:
    rewrapped, left, place = 0, Counter[str](), "(0,0)"
    while place:
        place, count, causes = runtime.database.run(partial(_batch, runtime.vault, column, place))
        rewrapped += count
        left.update(causes)
    return rewrapped, dict(left)


def _batch(
    vault: Vault, column: Column, after: str, session: Session
) -> tuple[str, int, list[str]]:
    """Wrap the next values; return where they ended, how many, and why others were left.

    At the end of the table the place is empty.
    """
    connection = db.driver(session)
    given = {"current": vault.current.to_bytes(4, "big"), "after": after, "limit": BATCH}
    rows = connection.execute(column.compose(_NEXT), given).fetchall()
    swaps, causes = [], []
    for place, blob in rows:
        try:
            swaps.append({"place": place, "old": blob, "new": vault.rewrap(blob)})
        except SecretUnreadable as fault:
            causes.append(str(fault.cause))
    with connection.cursor() as cursor:
        cursor.executemany(column.compose(_SWAP), swaps)
        count = max(0, cursor.rowcount) if swaps else 0
    return (rows[-1][0] if rows else ""), count, causes


def _audit(ctx: Ctx, done: list[Done]) -> None:
    counts = {str(one.column): one.rewrapped for one in done if one.rewrapped}
    version = ctx.runtime.vault.current
    ctx.audit("rotar_llave", "llave_maestra", version, despues={"valores": counts}, modulo="kernel")
