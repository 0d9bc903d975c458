"""Which addons have their tables in this database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, func, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Statement
from kernel.model import Model


class AddonRow(Model):
    """An installed addon and the version of its tables."""

    __tablename__ = "andes_addons"
    __audited__ = False

    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())


RECORD = Statement(
    "addon_record",
    """
    INSERT INTO andes_addons (name, version) VALUES (%(name)s, %(version)s)
    ON CONFLICT (name) DO UPDATE SET version = excluded.version
    """,
)


def versions(source: Engine | Connection) -> dict[str, str]:
    """Return the installed addons and their versions; nothing on an empty database."""
    if isinstance(source, Engine):
        with source.connect() as connection:
            return versions(connection)
    if source.scalar(text("SELECT to_regclass('andes_addons')")) is None:
        return {}
    rows = source.execute(
        text("SELECT name, version FROM andes_addons ORDER BY installed_at, name")
    )
    return {row.name: row.version for row in rows}
