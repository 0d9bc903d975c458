"""Records that a user opened lately, and those with their star: where they go back to.

A row says that somebody was at a record, never what it is called: names are read when they are
shown, with the permissions of that moment. What is without a star goes when others push it out.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, delete, func, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from kernel.context import Ctx
from kernel.model import Model

KEPT = 30
"""Records without a star that are kept of each user."""
AGAIN = timedelta(minutes=1)
"""Before a visit of the same record counts anew."""


class RegistroVisto(Model):
    """A record of a resource that a user opened."""

    __tablename__ = "registros_vistos"
    __audited__ = False

    usuario_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    recurso: Mapped[str] = mapped_column(primary_key=True)
    registro_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    visto_at: Mapped[datetime] = mapped_column(server_default=func.now())
    destacado: Mapped[bool] = mapped_column(server_default="false", default=False)


def note(ctx: Ctx, resource: str, record_id: int) -> bool:
    """Note that the user opened a record, and return whether it has their star."""
    mine = _mine(ctx, resource, record_id)
    made = insert(RegistroVisto).values(**mine)
    noted = made.on_conflict_do_update(
        index_elements=list(mine),
        set_={"visto_at": func.now()},
        where=RegistroVisto.visto_at < func.now() - AGAIN,
    ).returning(RegistroVisto.destacado)
    found = ctx.session.execute(noted).scalar()
    if found is None:
        found = ctx.session.scalar(select(RegistroVisto.destacado).filter_by(**mine))
    elif not found:
        _forget_oldest(ctx)
    return bool(found)


def turn_star(ctx: Ctx, resource: str, record_id: int) -> None:
    """Give a record the user's star, or take it away."""
    mine = _mine(ctx, resource, record_id)
    made = insert(RegistroVisto).values(**mine, destacado=True)
    turned = {"destacado": not_(RegistroVisto.destacado)}
    ctx.session.execute(made.on_conflict_do_update(index_elements=list(mine), set_=turned))


def of_user(ctx: Ctx, *, starred: bool, most: int) -> list[tuple[str, int]]:
    """Return resource and id of the user's records, the latest first."""
    query = (
        select(RegistroVisto.recurso, RegistroVisto.registro_id)
        .where(RegistroVisto.usuario_id == ctx.user_id, RegistroVisto.destacado == starred)
        .order_by(RegistroVisto.visto_at.desc())
        .limit(most)
    )
    return [(resource, record_id) for resource, record_id in ctx.session.execute(query)]


def _mine(ctx: Ctx, resource: str, record_id: int) -> dict[str, object]:
    return {"usuario_id": ctx.user_id, "recurso": resource, "registro_id": record_id}


def _forget_oldest(ctx: Ctx) -> None:
    without = (RegistroVisto.usuario_id == ctx.user_id, not_(RegistroVisto.destacado))
    last = (
        select(RegistroVisto.visto_at)
        .where(*without)
        .order_by(RegistroVisto.visto_at.desc())
        .offset(KEPT - 1)
        .limit(1)
        .scalar_subquery()
    )
    ctx.session.execute(delete(RegistroVisto).where(*without, RegistroVisto.visto_at < last))
