"""Notices of the own user."""

from addons.base import schemas
from addons.base.models import Notificacion
from addons.base.services import notificaciones
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.listing import Finish
from kernel.resource import Resource
from kernel.schemas import QueryId

NOTIFICACIONES = Resource(
    path="/api/notificaciones/",
    model=Notificacion,
    modulo="notificaciones",
    fields=("id", "tipo", "titulo", "texto", "enlace", "created_at", "leida_at"),
    filters=("tipo", "created_at", "leida_at"),
    sort=("-id",),
    actions=("list",),
    finish=Finish(notificaciones.traducir, ("titulo", "texto", "mensaje")),
)


@endpoint("GET", "/api/notificaciones/pendientes/", permission="notificaciones.ver")
def contar_notificaciones(ctx: Ctx) -> schemas.Pendientes:
    """Cuántas notificaciones faltan leer."""
    return notificaciones.pendientes(ctx)


@endpoint("POST", "/api/notificaciones/{id}/leer/", permission="notificaciones.ver")
def leer_notificacion(ctx: Ctx, id: QueryId) -> schemas.Pendientes:
    """Marca una notificación como leída."""
    return notificaciones.leer(ctx, id)


@endpoint("POST", "/api/notificaciones/leer-todas/", permission="notificaciones.ver")
def leer_notificaciones(ctx: Ctx) -> schemas.Leidas:
    """Marca todas las notificaciones como leídas."""
    return notificaciones.leer_todas(ctx)
