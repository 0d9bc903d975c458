"""Alembic's environment, shared by every addon: the kernel passes the connection and the addon."""

from typing import Any

from alembic import context

from kernel import installed, migrations
from kernel.model import Model

attributes = context.config.attributes
addon: str = attributes["addon"]


def include_object(thing: Any, name: str | None, kind: str, reflected: bool, _to: Any) -> bool:
    """Compare only what belongs to the addon."""
    if reflected and kind == "table":
        return False
    if kind == "table":
        return migrations.belongs(addon, kind, name or "", "")
    table = thing.table.name
    if kind == "column":
        return migrations.belongs(addon, kind, table, name or "")
    if table in migrations.owned_tables(addon):
        return True
    columns = [column.name for column in thing.columns]
    return any(migrations.belongs(addon, "column", table, column) for column in columns)


context.configure(
    connection=attributes["connection"],
    target_metadata=Model.metadata,
    version_table=installed.version_table(addon),
    include_object=include_object,
    compare_server_default=False,
)
context.run_migrations()
