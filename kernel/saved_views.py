"""Saved views: the query of a list under a name, for oneself or for all, and which one opens first.

A row holds what stands after the ``?`` of a page: filters, search, sort, groups, columns. What an
addon takes away from the list later is left out when it is opened, and nothing breaks.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import BigInteger, Index, or_, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from kernel.context import Ctx
from kernel.errors import Forbidden, NotFound
from kernel.http import endpoint
from kernel.model import Id, Model, Timestamps
from kernel.rbac import Permission
from kernel.schemas import Answer, Flag, QueryId, Schema, Text

SHARE = "vistas.compartir"
PERMISSIONS = [Permission("vistas", "compartir", "Compartir vistas guardadas y quitarlas")]
MOST = 200
"""Views of a list that one user is shown."""


class VistaGuardada(Timestamps, Model):
    """A saved view of one user; ``compartida`` shows it to who may open the list."""

    __tablename__ = "vistas_guardadas"
    __audited__ = False
    __table_args__ = (
        Index("ix_vistas_guardadas_vista", "vista", "usuario_id"),
        Index(
            "uq_vistas_guardadas_predeterminada",
            "usuario_id",
            "vista",
            unique=True,
            postgresql_where=text("predeterminada"),
        ),
    )

    id: Mapped[Id]
    usuario_id: Mapped[int] = mapped_column(BigInteger)
    vista: Mapped[str]
    nombre: Mapped[str]
    consulta: Mapped[str] = mapped_column(server_default="", default="")
    compartida: Mapped[bool] = mapped_column(server_default="false", default=False)
    predeterminada: Mapped[bool] = mapped_column(server_default="false", default=False)


class VistaNueva(Schema):
    """A view to save: the list's id, a name, and the query of its page."""

    vista: Text
    nombre: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    consulta: Annotated[str, StringConstraints(max_length=2000)] = ""
    compartida: Flag = False
    predeterminada: Flag = False


class VistaLeida(Answer):
    """A saved view; ``propia`` is one of who asks."""

    id: int
    vista: str
    nombre: str
    consulta: str
    compartida: bool
    predeterminada: bool
    propia: bool


class VistasDe(Schema):
    """Of which list."""

    vista: Text


@endpoint("GET", "/api/vistas-guardadas/", permission="", statuses=(404,))
def listar_vistas(ctx: Ctx, query: VistasDe) -> list[VistaLeida]:
    """Las vistas guardadas de una lista: las propias y las compartidas."""
    _require_list(ctx, query.vista)
    seen = or_(VistaGuardada.usuario_id == ctx.user_id, VistaGuardada.compartida)
    found = select(VistaGuardada).where(VistaGuardada.vista == query.vista, seen)
    rows = ctx.session.scalars(found.order_by(VistaGuardada.nombre).limit(MOST))
    return [_read(ctx, one) for one in rows]


@endpoint("POST", "/api/vistas-guardadas/", permission="", status=201, statuses=(404,))
def guardar_vista(ctx: Ctx, nueva: VistaNueva) -> VistaLeida:
    """Guarda una vista; la que se abría primero deja de hacerlo si esta lo hace."""
    _require_list(ctx, nueva.vista)
    if nueva.compartida:
        ctx.require(SHARE)
    if nueva.predeterminada:
        mine = (VistaGuardada.usuario_id == ctx.user_id, VistaGuardada.vista == nueva.vista)
        ctx.session.execute(update(VistaGuardada).where(*mine).values(predeterminada=False))
    made = VistaGuardada(usuario_id=ctx.user_id, **nueva.model_dump())
    ctx.session.add(made)
    ctx.session.flush()
    return _read(ctx, made)


@endpoint("DELETE", "/api/vistas-guardadas/{id}/", permission="", status=204)
def eliminar_vista(ctx: Ctx, id: QueryId) -> None:
    """Elimina una vista guardada: una propia, o una compartida con permiso."""
    found = ctx.session.get(VistaGuardada, id)
    if found is None or not (found.usuario_id == ctx.user_id or found.compartida):
        raise NotFound
    if found.usuario_id != ctx.user_id and not ctx.can(SHARE):
        raise Forbidden("Esta vista es de otra persona; solo ella puede eliminarla.")
    ctx.session.delete(found)
    ctx.session.flush()


def _require_list(ctx: Ctx, view_id: str) -> None:
    view = ctx.runtime.registry.screens.views.get(view_id)
    if view is None or not ctx.can(view.permission):
        raise NotFound


def _read(ctx: Ctx, one: VistaGuardada) -> VistaLeida:
    facts = {name: getattr(one, name) for name in VistaLeida.model_fields if name != "propia"}
    return VistaLeida(**facts, propia=one.usuario_id == ctx.user_id)
