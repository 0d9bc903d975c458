"""The schema of a database, read from PostgreSQL's catalogue, to be compared."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import Connection, text

Schema = dict[str, frozenset[str]]
"""Table (or ``-`` for what belongs to none) → a line per column, constraint, index, trigger…"""

QUERIES = (
    # Columns, without their order: one that was dropped and made again stands last.
    """
    SELECT c.relname, concat_ws(' ', 'column', a.attname, format_type(a.atttypid, a.atttypmod),
             CASE WHEN a.attnotnull THEN 'not null' END, a.attidentity, a.attgenerated,
             pg_get_expr(d.adbin, d.adrelid))
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
       AND a.attnum > 0 AND NOT a.attisdropped
    """,
    """
    SELECT c.relname, concat_ws(' ', 'constraint', k.conname, pg_get_constraintdef(k.oid))
      FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
     WHERE c.relnamespace = 'public'::regnamespace AND k.contype <> 'n'
    """,
    """
    SELECT tablename, 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    """,
    """
    SELECT c.relname, 'trigger ' || pg_get_triggerdef(t.oid)
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal
    """,
    """
    SELECT relname, concat_ws(' ', relkind::text, relpersistence::text, relrowsecurity::text,
                              array_to_string(reloptions, ','))
      FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
    """,
    """
    SELECT '-', 'sequence ' || relname FROM pg_class
     WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
    """,
    """
    SELECT '-', 'function ' || pg_get_functiondef(oid) FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')
    """,
)


def read(connection: Connection) -> Schema:
    """Return the schema that a connection sees, without the tables of Alembic."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for query in QUERIES:
        for table, line in connection.execute(text(query)):
            found[table].add(line)
    return {
        table: frozenset(lines)
        for table, lines in found.items()
        if not table.startswith("alembic_")
    }


def difference(one: Schema, other: Schema) -> list[str]:
    """Return a line for each thing that only one of two schemas has."""
    return sorted(
        f"{sign} {table}: {line}"
        for sign, these, those in (("-", one, other), ("+", other, one))
        for table, lines in these.items()
        for line in lines - those.get(table, frozenset())
    )
