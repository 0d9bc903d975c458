"""Developer's tools: the next migration of an addon."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from kernel import manifest, migrations, registry, revisions, solver
from kernel.errors import ConfigurationError
from kernel.manifest import Manifest
from kernel.settings import Settings

WORKSHOP = "andes_workshop"
"""The schema that exists within the transaction of ``make_migration``, and nowhere else."""


def make_migration(settings: Settings, addon: str, message: str) -> Path:
    """Return the file of a new revision: what the addon's models have beyond its history.

    The histories of the addon and of what it depends on are run in a schema of their own, and
    compared and rolled back there: what else the database holds, such as columns that other addons
    added to these tables, neither counts nor changes.

    Raises:
        ConfigurationError: this host has no such addon.
    """
    available = {**manifest.discover(settings.addon_roots), "kernel": manifest.KERNEL}
    if addon not in available:
        raise ConfigurationError(f"There is no addon «{addon}»; there are: {sorted(available)}.")
    closure = [] if addon == "kernel" else solver.solve(available, [addon])
    registry.load(closure)
    engine = create_engine(settings.owner_url)
    try:
        with engine.connect() as connection:
            _run_histories(connection, (manifest.KERNEL, *closure))
            return migrations.make(connection, available[addon], message)
    finally:
        engine.dispose()


def _run_histories(connection: Connection, manifests: Iterable[Manifest]) -> None:
    connection.execute(text(f"CREATE SCHEMA {WORKSHOP}"))
    connection.execute(text(f"SET LOCAL search_path = {WORKSHOP}"))
    for one in manifests:
        if revisions.head(one) is not None:
            migrations.upgrade(connection, one)
