"""What a database holds, table by table, to compare before and after."""

from __future__ import annotations

from sqlalchemy import inspect, text

from kernel.model import Model
from kernel.runtime import Runtime

COUNTED = "andes_intentos"
"""Attempts to sign in: they are counted whatever becomes of the request."""


def contents(runtime: Runtime, *without: str) -> dict[str, tuple[int, str]]:
    """Return (rows, digest of all values) of every table of Andes but those left out."""
    with runtime.database.engine.connect() as connection:
        there = set(inspect(connection).get_table_names())  # other tests' models have none here
    names = sorted((set(Model.metadata.tables) & there) - {COUNTED, *without})
    parts = (
        f"SELECT '{name}', count(*), md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), ''))"
        f" FROM {name} t"
        for name in names
    )
    with runtime.database.engine.connect() as connection:
        rows = connection.execute(text(" UNION ALL ".join(parts)))
        return {name: (count, digest) for name, count, digest in rows}


def changed(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> set[str]:
    """Return the tables that are not as they were."""
    return {name for name in before if before[name] != after[name]}
