"""What the application's role may do in the database: what it needs, and no more.

Journals, which are the tables whose migration gave them a trigger ``<table>_append_only`` and their
partitions, are added to and read; the role never has the right to change what was written.
"""

from __future__ import annotations

from psycopg.sql import Identifier
from sqlalchemy import Connection, make_url, text

from kernel import audit
from kernel.settings import Settings


def needed(settings: Settings, connection: Connection | None = None) -> tuple[str, ...]:
    """Return the statements that give the application role what it needs and no more.

    Journals are append-only, the audit first of all. None where the application enters as the
    owner. With a ``connection``, tables that have what they need are left in peace.
    """
    role = make_url(settings.database_url).username
    if not role or role == make_url(settings.owner_url).username:
        return ()
    quoted = Identifier(role).as_string()
    if connection is not None and (lacking := _lacking(connection, role)) is not None:
        return (
            *(f"GRANT {RIGHTS[kind]} ON {_quoted(name)} TO {quoted}" for name, kind in lacking),
            *(
                f"REVOKE UPDATE, DELETE, TRUNCATE ON {_quoted(name)} FROM {quoted}"
                for name in connection.scalars(LOOSE, {"role": role})
            ),
        )
    return (
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        *audit.privileges(quoted),
    )


RIGHTS = {
    "r": "SELECT, INSERT, UPDATE, DELETE",
    "S": "USAGE, SELECT, UPDATE",
    "journal": "SELECT, INSERT",
}
"""What the application needs of a table, of a sequence, and of what nobody changes."""

LACKING = text(
    """
    SELECT c.relname,
           CASE WHEN EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid
                                AND t.tgname LIKE '%\\_append\\_only') THEN 'journal'
                WHEN c.relkind = 'S' THEN 'S' ELSE 'r' END
      FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'S')
       AND c.relname <> ALL (:protected)
       AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(:role, c.oid, 'USAGE')
                ELSE NOT has_table_privilege(:role, c.oid, 'SELECT') END
     ORDER BY 1
    """
)
LOOSE = text(
    """
    SELECT c.relname FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace
       AND EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid
                      AND t.tgname LIKE '%\\_append\\_only')
       AND (has_table_privilege(:role, c.oid, 'UPDATE') OR
            has_table_privilege(:role, c.oid, 'DELETE') OR
            has_table_privilege(:role, c.oid, 'TRUNCATE'))
     ORDER BY 1
    """
)
"""Journals that the role may change: a partition that was made while nobody migrated."""
GRANTED = text("SELECT has_table_privilege(:role, 'audit_logs', 'SELECT')")


def _lacking(connection: Connection, role: str) -> list[tuple[str, str]] | None:
    """Return what the role cannot use yet; None where it has nothing at all."""
    if not connection.scalar(GRANTED, {"role": role}):
        return None
    given = {"role": role, "protected": list(audit.APPEND_ONLY)}
    return [(name, kind) for name, kind in connection.execute(LACKING, given)]


def _quoted(name: str) -> str:
    return Identifier(name).as_string()
