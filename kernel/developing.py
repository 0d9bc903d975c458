"""Developer's tools: the next migration of an addon."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine

from kernel import manifest, migrations, registry
from kernel.errors import ConfigurationError
from kernel.settings import Settings


def make_migration(settings: Settings, addon: str, message: str) -> Path:
    """Return the file of a new revision, made by comparing the addon's tables with the database.

    The database is brought to head first; only the addon and what it depends on are imported.

    Raises:
        ConfigurationError: this host has no such addon.
    """
    available = {**manifest.discover(settings.addon_roots), "kernel": migrations.KERNEL}
    if addon not in available:
        raise ConfigurationError(f"There is no addon «{addon}»; there are: {sorted(available)}.")
    closure = [] if addon == "kernel" else manifest.solve(available, [addon])
    registry.load(closure)
    engine = create_engine(settings.owner_url)
    try:
        with engine.begin() as connection:
            for one in (migrations.KERNEL, *closure):
                if migrations.head(one) is not None:
                    migrations.upgrade(connection, one)
            return migrations.make(connection, available[addon], message)
    finally:
        engine.dispose()
