"""Addons with one fault each, written into a folder of ``ADDON_ROOTS`` for tests of their life."""

from __future__ import annotations

import os
from pathlib import Path

MANIFEST = """
title = "{name}"
version = "{version}"
package = "{name}"
[summary]
es = "Con un defecto, para probar."
[depends]
sales = ">=0.1"
"""
PLUGIN = '''"""Declares little."""

from sqlalchemy import text

from addons.sales.schemas import VentaRegistrada
from kernel.context import Ctx
from kernel.events import Subscriber
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoint


@endpoint("GET", "/api/{name}/", permission="")
def ver(ctx: Ctx) -> dict[str, str]:
    """Answer with the version."""
    return {{"version": "{version}"}}


def oir(ctx: Ctx, venta: VentaRegistrada) -> None:
    """Hear of a sale."""
    {hearing}


@hookimpl
def register_routes() -> list[Endpoint]:
    """One address."""
    return [ver]


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """Hears sales."""
    return [Subscriber("venta_registrada", oir)]


{more}
'''
MIGRATION = """
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE TABLE cosas_{name} (id bigint PRIMARY KEY, venta_id bigint"
               " REFERENCES ventas (id))")
    op.execute("ALTER TABLE clientes ADD COLUMN nota_{name} text")
    {more}


def downgrade() -> None:
    op.execute("ALTER TABLE clientes DROP COLUMN nota_{name}")
    op.execute("DROP TABLE cosas_{name}")
"""


def write(
    root: Path,
    name: str,
    *,
    plugin: str = "",
    hearing: str = "return",
    migrating: str = "",
    version: str = "1.0",
) -> Path:
    """Write an addon; what is given is its fault: code of the plugin, of the subscriber, …"""
    package = root / name
    histories = root / "migrations" / name
    for folder in (root / "manifests", package, histories):
        folder.mkdir(parents=True, exist_ok=True)
    facts = {"name": name, "version": version}
    (root / "manifests" / f"{name}.toml").write_text(MANIFEST.format(**facts), encoding="utf-8")
    (package / "__init__.py").write_text('"""Para probar."""\n', encoding="utf-8")
    code = PLUGIN.format(**facts, more=plugin, hearing=hearing)
    (package / "plugin.py").write_text(code, encoding="utf-8")
    migration = MIGRATION.format(name=name, more=migrating)
    (histories / "0001_initial_tables.py").write_text(migration, encoding="utf-8")
    return root


def path(root: Path) -> str:
    """Return a PYTHONPATH with which a server finds the addons of a folder."""
    return os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH", "")]))
