"""Sealed columns: bound to their row, never in clear in the database or the audit."""

from __future__ import annotations

import pytest
from sqlalchemy import LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.model import Id, Model, map_models, table_of
from kernel.runtime import Runtime
from kernel.sealed import Sealed
from kernel.secrets import SecretUnreadable


class Caja(Model):
    """A row with a secret."""

    __tablename__ = "t_sealed_cajas"

    id: Mapped[Id]
    clave_sellada: Mapped[bytes | None] = mapped_column(LargeBinary)
    clave = Sealed("clave_sellada")


@pytest.fixture(autouse=True)
def table(runtime: Runtime) -> None:
    from sqlalchemy import create_engine

    map_models()
    engine = create_engine(runtime.settings.owner_url)
    with engine.begin() as connection:
        table_of(Caja).create(connection, checkfirst=True)
        connection.execute(text("GRANT ALL ON t_sealed_cajas TO andes_app"))
    engine.dispose()


def put(ctx: Ctx, secret: str) -> int:
    caja = Caja()
    ctx.session.add(caja)
    ctx.session.flush()
    caja.clave = secret
    ctx.session.flush()
    return caja.id


def test_sealed_set_and_read_again_returns_the_secret(runtime: Runtime) -> None:
    caja_id = runtime.transact(lambda ctx: put(ctx, "ábrete"))
    assert runtime.transact(lambda ctx: ctx.session.get_one(Caja, caja_id).clave) == "ábrete"


def test_sealed_in_database_and_audit_is_not_in_clear(runtime: Runtime) -> None:
    runtime.transact(lambda ctx: put(ctx, "ábrete"))
    with runtime.database.engine.connect() as connection:
        blob = connection.execute(text("SELECT clave_sellada FROM t_sealed_cajas")).scalar_one()
        rows = connection.execute(
            text("SELECT datos_nuevos_json FROM audit_logs WHERE objeto_tipo = 't_sealed_cajas'")
        ).scalars()
        assert "ábrete".encode() not in bytes(blob)
        assert [row.get("clave_sellada") for row in rows] == [None, "…"]


def test_sealed_moved_to_another_row_is_unreadable(runtime: Runtime) -> None:
    first = runtime.transact(lambda ctx: put(ctx, "uno"))
    second = runtime.transact(lambda ctx: put(ctx, "dos"))

    def swap(ctx: Ctx) -> None:
        one, two = (ctx.session.get_one(Caja, row) for row in (first, second))
        two.clave_sellada = one.clave_sellada

    runtime.transact(swap)
    with pytest.raises(SecretUnreadable):
        runtime.transact(lambda ctx: ctx.session.get_one(Caja, second).clave)


def test_sealed_before_flush_says_what_to_do(runtime: Runtime) -> None:
    def early(ctx: Ctx) -> None:
        caja = Caja()
        ctx.session.add(caja)
        caja.clave = "pronto"

    with pytest.raises(ConfigurationError, match="Flush Caja"):
        runtime.transact(early)
