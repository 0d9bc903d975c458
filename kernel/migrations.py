"""Migrations: one linear Alembic history and one version table per addon (``alembic_<addon>``).

The kernel's own history is that of the addon ``kernel``. All upgrades of one run share a
transaction, so that a failed step leaves the schema as it was.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection
from sqlalchemy.orm import Mapper

from kernel.manifest import ROOT, Manifest
from kernel.model import Model, addon_of, extension_authors, extension_columns


def config(manifest: Manifest, connection: Connection | None = None) -> Config:
    """Return Alembic's configuration for one addon."""
    made = Config()
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.set_main_option("version_locations", str(manifest.migrations))
    made.set_main_option("path_separator", "newline")
    made.attributes["connection"] = connection
    made.attributes["addon"] = manifest.name
    return made


def upgrade(connection: Connection, manifest: Manifest, target: str = "head") -> None:
    """Bring an addon's tables to a revision, in the connection's transaction."""
    command.upgrade(config(manifest, connection), target)


def downgrade(connection: Connection, manifest: Manifest, target: str = "base") -> None:
    """Take an addon's tables back to a revision, in the connection's transaction."""
    command.downgrade(config(manifest, connection), target)


def make(connection: Connection, manifest: Manifest, message: str) -> Path:
    """Write the next revision of an addon by comparing its tables with the database.

    The addon's models must be loaded and its database be at head.
    """
    manifest.migrations.mkdir(parents=True, exist_ok=True)
    number = len(list(manifest.migrations.glob("[0-9]*.py"))) + 1
    script: Any = command.revision(
        config(manifest, connection),
        message,
        autogenerate=True,
        rev_id=f"{number:04d}",
    )
    return Path(script.path)


def owned_tables(addon: str) -> set[str]:
    """Return the names of the tables that an addon declares."""
    return {
        mapper.local_table.name  # type: ignore[attr-defined]  # every model maps a Table
        for mapper in _mappers()
        if addon_of(mapper.class_.__module__) == addon
    }


def _mappers() -> list[Mapper[Any]]:
    return list(Model.registry.mappers)


def belongs(addon: str, kind: str, table: str, name: str) -> bool:
    """Return whether a table, or a column added to another addon's table, is of the addon."""
    extensions = set(extension_columns(addon))
    if table in owned_tables(addon):
        return kind != "column" or (table, name) not in _added_by_others(addon)
    if kind == "table":
        return any(table == extended for extended, _ in extensions)
    return kind == "column" and (table, name) in extensions


def _added_by_others(addon: str) -> set[tuple[str, str]]:
    authors = extension_authors() - {addon}
    return {pair for author in authors for pair in extension_columns(author)}
