"""Which addons have their tables in this database, and in which state each is.

``enabled`` ones are served; ``disabled`` ones keep their tables and rest; of ``archived`` ones only
a file is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, func, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Statement
from kernel.model import Model

State = Literal["enabled", "disabled", "archived"]


class AddonRow(Model):
    """An addon that has or had tables here, and their version."""

    __tablename__ = "andes_addons"
    __audited__ = False

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[str] = mapped_column(server_default="enabled")
    reason: Mapped[str] = mapped_column(server_default="")
    """Why it is disabled, where Andes did it: a traceback."""
    routes: Mapped[list[Any]] = mapped_column(server_default="[]")
    """Its addresses, which answer 404 ``addon_disabled`` while it is not served."""
    archive: Mapped[str] = mapped_column(server_default="")
    """Key of the file that holds its rows, once archived."""


RECORD = Statement(
    "addon_record",
    """
    INSERT INTO andes_addons (name, version, routes) VALUES (%(name)s, %(version)s, %(routes)s)
    ON CONFLICT (name) DO UPDATE
       SET version = excluded.version, routes = excluded.routes, state = 'enabled', reason = '',
           installed_at = CASE WHEN andes_addons.state = 'archived'
                               THEN now() ELSE andes_addons.installed_at END
    """,
)


def versions(source: Engine | Connection) -> dict[str, str]:
    """Return the addons that have tables, and their versions; nothing on an empty database."""
    return {row.name: row.version for row in rows(source) if row.state != "archived"}


def rows(source: Engine | Connection) -> Sequence[Any]:
    """Return ``name, version, state, reason, archive, installed_at`` of every known addon."""
    if isinstance(source, Engine):
        with source.connect() as connection:
            return rows(connection)
    if source.scalar(text("SELECT to_regclass('andes_addons')")) is None:
        return ()
    if not source.scalar(text(HAS_STATE)):  # tables of before generations, about to be migrated
        return source.execute(EARLIER).all()
    return source.execute(KNOWN).all()


KNOWN = text(
    "SELECT name, version, state, reason, archive, installed_at FROM andes_addons"
    " ORDER BY installed_at, name"
)
EARLIER = text(
    "SELECT *, 'enabled' AS state, '' AS reason, '' AS archive FROM andes_addons"
    " ORDER BY installed_at, name"
)


def version_table(addon: str) -> str:
    """Return the name of the table in which an addon's history notes where it stands."""
    return f"alembic_{addon}"


def revision(connection: Connection, addon: str) -> str | None:
    """Return the revision that the database has of an addon, or None."""
    table = version_table(addon)
    if connection.scalar(text("SELECT to_regclass(:name)"), {"name": table}) is None:
        return None
    found = connection.scalar(text(f"SELECT version_num FROM {table}"))  # noqa: S608  # our name
    return str(found) if found else None


HAS_STATE = """
SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'andes_addons'::regclass
                AND attname = 'state' AND NOT attisdropped)
"""
