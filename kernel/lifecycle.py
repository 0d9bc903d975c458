"""Life of an addon: which are installed, and how their tables come to be.

Everything of one change happens in one transaction of the owner role: migrations in dependency
order, privileges of the application role, permissions, and the addons' own first rows.
"""

from __future__ import annotations

from typing import Any

from psycopg.sql import Identifier
from sqlalchemy import Connection, create_engine, make_url, text
from sqlalchemy.orm import Session

from kernel import audit, db, installed, logging, migrations, rbac
from kernel.context import Ctx
from kernel.manifest import Manifest
from kernel.runtime import Runtime
from kernel.settings import Settings

log = logging.get(__name__)

LOCK = 7_203_114
"""Advisory lock that keeps two installations apart."""


def migrate(runtime: Runtime) -> list[str]:
    """Install the addons of the runtime's registry and bring each to its newest revision.

    Returns what was done, a line each.
    """
    done: list[str] = []
    engine = create_engine(
        runtime.settings.owner_url, connect_args={"application_name": "migrate", **db.CONNECT}
    )
    try:
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            before = installed.versions(connection)
            for one in (migrations.KERNEL, *runtime.registry.manifests):
                done.extend(_upgrade(connection, one))
            for statement in grants(runtime.settings):
                connection.execute(text(statement))
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


def grants(settings: Settings) -> tuple[str, ...]:
    """Return the statements that give the application role what it needs and no more.

    Audit rows are append-only. None where the application enters as the owner.
    """
    role = make_url(settings.database_url).username
    if not role or role == make_url(settings.owner_url).username:
        return ()
    quoted = Identifier(role).as_string()
    return (
        f"GRANT USAGE ON SCHEMA public TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {quoted}",
        f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {quoted}",
        *audit.privileges(quoted),
    )
