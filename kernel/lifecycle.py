"""Life of an addon: which are installed, and how their tables come to be.

Everything of one change happens in one transaction of the owner role: migrations in dependency
order, privileges of the application role, permissions, and the addons' own first rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.orm import Session

from kernel import audit, installed, logging, manifest, migrations, rbac, registry
from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.manifest import Manifest
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.settings import Settings

log = logging.get(__name__)

LOCK = 7_203_114
"""Advisory lock that keeps two installations apart."""


def load(settings: Settings, names: Iterable[str]) -> Registry:
    """Return the registry of these addons and what they depend on."""
    available = manifest.discover(settings.addon_roots)
    return registry.load(manifest.solve(available, names))


def load_installed(settings: Settings, engine: Engine) -> Registry:
    """Return the registry of what the database says is installed.

    Raises:
        ConfigurationError: nothing is installed yet, or an addon's code is missing on this host.
    """
    names = installed.versions(engine)
    if not names:
        raise ConfigurationError(
            "The database is empty: run «server.py migrate --install base,sales,inventory»."
        )
    return load(settings, names)


def migrate(runtime: Runtime) -> list[str]:
    """Install the addons of the runtime's registry and bring each to its newest revision.

    Returns what was done, a line each.
    """
    done: list[str] = []
    engine = create_engine(runtime.settings.owner_url, connect_args={"application_name": "migrate"})
    try:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            before = installed.versions(connection)
            for one in (migrations.KERNEL, *runtime.registry.manifests):
                done.extend(_upgrade(connection, one))
            _grant(connection, runtime.settings)
            _tell_addons(connection, runtime, before)
    finally:
        engine.dispose()
    return done


def _upgrade(connection: Connection, one: Manifest) -> list[str]:
    old = migrations.current(connection, one.name)
    if old == migrations.head(one):
        return []
    migrations.upgrade(connection, one)
    new = migrations.current(connection, one.name)
    log.info("addon_migrated", addon=one.name, before=old, after=new)
    return [f"{one.name}: {old or '—'} → {new}"]


def _tell_addons(connection: Connection, runtime: Runtime, before: dict[str, str]) -> None:
    with Session(connection, expire_on_commit=False) as session:
        ctx = runtime.ctx(session)
        rbac.sync_permissions(session, runtime.registry)
        for one in runtime.registry.manifests:
            if before.get(one.name) != one.version:
                _tell(ctx, one, before.get(one.name))
        ctx.write()


def _tell(ctx: Ctx, one: Manifest, previous: str | None) -> None:
    plugin: Any = ctx.runtime.registry.plugins.get_plugin(one.name)
    if previous is None and hasattr(plugin, "addon_installed"):
        plugin.addon_installed(ctx)
    elif previous is not None and hasattr(plugin, "addon_upgraded"):
        plugin.addon_upgraded(ctx, previous)
    ctx.sql(installed.RECORD, name=one.name, version=one.version)
    ctx.audit("instalar", "addons", one.name, despues={"version": one.version}, modulo="kernel")


def _grant(connection: Connection, settings: Settings) -> None:
    """Give the application role what it needs and no more: audit rows are append-only."""
    role = make_url(settings.database_url).username
    owner = make_url(settings.owner_url).username
    if not role or role == owner:
        return
    quoted = connection.dialect.identifier_preparer.quote(role)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        *audit.privileges(quoted),
    ):
        connection.execute(text(statement))
