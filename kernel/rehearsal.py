"""Rehearsal: histories run in a schema of their own, to see what they do without doing it.

They are run up to where this database stands; then the steps in question with every statement
noted, together with the locks that PostgreSQL took for it. That part is rolled back and the schema
dropped, so that tables in use are neither locked nor changed. What is run for good later is the
same statements in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from kernel import migrations, revisions
from kernel.backup_tables import WORKSHOP
from kernel.manifest import Manifest
from kernel.revisions import Step

LOCK = 7_203_115
"""Advisory lock that keeps two rehearsals apart."""

HARMLESS = ("AccessShareLock", "RowShareLock")
"""Locks that hold up neither readers nor writers."""

READING = ("SELECT", "SHOW", "SET", "SAVEPOINT", "RELEASE", "ROLLBACK")

LOCKS = text(
    """
    SELECT c.relname, l.mode
      FROM pg_locks l
      JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
      JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = :schema
     WHERE l.pid = pg_backend_pid() AND l.granted
    """
)
ROWS = text(
    """
    SELECT c.relname, greatest(c.reltuples, 0)::bigint
      FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    """
)
COLUMNS = text(
    """
    SELECT c.relname, a.attname
      FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
     WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind IN ('r', 'p')
       AND NOT c.relispartition AND NOT a.attisdropped AND c.relname !~ '^alembic_'
    """
)

Column = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a table that exists already: its mode, and about how many rows are behind it."""

    table: str
    mode: str
    rows: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a migration, and what it holds up until the change commits."""

    addon: str
    sql: str
    locks: tuple[Lock, ...]
    phase: str = "expand"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the steps do: their statements, and the columns that they make and take away."""

    statements: tuple[Statement, ...] = ()
    made: frozenset[Column] = frozenset()
    gone: frozenset[Column] = frozenset()

    def tables_gone(self) -> list[str]:
        """Return the tables that vanish whole."""
        left = {table for table, _ in self.kept}
        return sorted({table for table, _ in self.gone} - left)

    def columns_gone(self) -> list[Column]:
        """Return the columns that vanish from tables that stay."""
        tables = set(self.tables_gone())
        return sorted(column for column in self.gone if column[0] not in tables)

    kept: frozenset[Column] = frozenset()


def rehearse(
    engine: Engine,
    manifests: Sequence[Manifest],
    present: Mapping[str, str | None],
    steps: Sequence[Step],
) -> Outcome:
    """Return what the steps do; ``manifests`` are all histories in play, dependencies first."""
    if not steps:
        return Outcome()
    by_name = {one.name: one for one in manifests}
    with _workshop(engine) as connection:
        for one in manifests:
            reached = present.get(one.name)
            if reached is not None and revisions.head(one) is not None:
                migrations.upgrade(connection, one, reached)
        connection.commit()
        before = columns(connection, WORKSHOP)
        notes = _Notes(connection)
        with noted(connection, notes.note):
            for step in steps:
                notes.addon, notes.phase = step.addon, step.phase
                run_step(connection, by_name[step.addon], step)
        after = columns(connection, WORKSHOP)
        return Outcome(tuple(notes.statements), after - before, before - after, kept=before & after)


@dataclass(frozen=True, slots=True)
class Owned:
    """What histories make: tables, and columns of tables that others make."""

    tables: frozenset[str]
    columns: frozenset[Column]


def owned(engine: Engine, manifests: Sequence[Manifest], names: Collection[str]) -> Owned:
    """Return what the histories of these names make; ``manifests`` are theirs and all before."""
    if not names:
        return Owned(frozenset(), frozenset())
    tables: set[str] = set()
    added: set[Column] = set()
    with _workshop(engine) as connection:
        for one in manifests:
            before = columns(connection, WORKSHOP)
            if (newest := revisions.head(one)) is not None:
                migrations.upgrade(connection, one, newest)
            if one.name in names:
                made = columns(connection, WORKSHOP) - before
                known = {table for table, _ in before}
                tables |= {table for table, _ in made} - known
                added |= {column for column in made if column[0] in known}
    return Owned(frozenset(tables), frozenset(added))


def run_step(connection: Connection, one: Manifest, step: Step) -> None:
    """Run a step in the connection's transaction."""
    if step.after is None:
        migrations.downgrade(connection, one)
    else:
        migrations.upgrade(connection, one, step.after)


def columns(connection: Connection, schema: str = "public") -> frozenset[Column]:
    """Return every (table, column) of a schema; partitions count as their table."""
    rows = connection.execute(COLUMNS, {"schema": schema})
    return frozenset((table, column) for table, column in rows)


class _Notes:
    """Notes each statement with the locks that it added."""

    def __init__(self, connection: Connection) -> None:
        self.addon = ""
        self.phase = "expand"
        self.statements: list[Statement] = []
        self._connection = connection
        self._rows = {name: int(count) for name, count in connection.execute(ROWS)}
        self._existing = set(inspect(connection).get_table_names())
        self._held = self._locks()

    def note(self, sql: str) -> None:
        """Note a statement that was just run."""
        now = self._locks()
        gained = [(table, mode) for table, mode in now - self._held if table in self._existing]
        locks = tuple(Lock(table, mode, self._rows.get(table, 0)) for table, mode in sorted(gained))
        self.statements.append(Statement(self.addon, sql, locks, self.phase))
        self._held = now

    def _locks(self) -> set[tuple[str, str]]:
        rows = self._connection.execute(LOCKS, {"schema": WORKSHOP})
        return {(table, mode) for table, mode in rows if mode not in HARMLESS}


@contextmanager
def noted(connection: Connection, note: Callable[[str], None]) -> Iterator[None]:
    """Call ``note`` with each statement that changes something, but for Alembic's own records."""

    def after(*facts: Any) -> None:
        sql = str(facts[2]).strip()
        verb = sql.partition(" ")[0].upper()
        if verb not in READING and "alembic_" not in sql:
            note(sql)

    event.listen(connection, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(connection, "after_cursor_execute", after)


def sweep(engine: Engine) -> None:
    """Drop what a rehearsal left behind whose process was killed; the next one would, too."""
    with suppress(DBAPIError), engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        connection.execute(text(f"DROP SCHEMA IF EXISTS {WORKSHOP} CASCADE"))


@contextmanager
def _workshop(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.execute(text(f"DROP SCHEMA IF EXISTS {WORKSHOP} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {WORKSHOP}"))
        connection.execute(text(f"SET search_path = {WORKSHOP}"))
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text(f"DROP SCHEMA {WORKSHOP} CASCADE"))
            connection.execute(text("RESET search_path"))
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
            connection.commit()
