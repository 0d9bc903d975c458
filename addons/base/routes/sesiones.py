"""Sessions."""

from addons.base import schemas
from addons.base.services import cuentas, idiomas, sesiones
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.schemas import QueryId
from kernel.throttle import Limit


@endpoint(
    "POST",
    "/api/auth/refresh/",
    public=True,
    statuses=(401, 409),
    throttle=Limit("refresh", times=60),
)
def renovar(ctx: Ctx, renovacion: schemas.Renovacion) -> schemas.Tokens:
    """Cambia el token de renovación por tokens nuevos; cada uno sirve una vez."""
    return sesiones.renovar(ctx, renovacion.refresh)


@endpoint("POST", "/api/auth/logout/", permission="", status=204)
def salir(ctx: Ctx, salida: schemas.Salida = schemas.ESTA_SESION) -> None:
    """Cierra esta sesión, o todas las del usuario."""
    sesiones.salir(ctx, todas=salida.todas)


@endpoint("GET", "/api/auth/yo/", permission="")
def ver_yo(ctx: Ctx) -> schemas.Yo:
    """Quién ingresó, con qué rol y qué puede hacer."""
    return sesiones.quien_soy(ctx)


@endpoint("PUT", "/api/auth/idioma/", permission="")
def cambiar_idioma(ctx: Ctx, cambio: schemas.IdiomaCambio) -> schemas.IdiomaLeido:
    """Elige el idioma en que leo: correos, avisos y pantallas."""
    return idiomas.cambiar(ctx, cambio)


@endpoint("GET", "/api/auth/sesiones/", permission="")
def ver_sesiones(ctx: Ctx) -> list[schemas.SesionLeida]:
    """Mis sesiones abiertas, la más nueva primero."""
    return sesiones.sesiones_de(ctx, sesiones.mi_sesion(ctx).usuario_id)


@endpoint("DELETE", "/api/auth/sesiones/", permission="", status=204)
def cerrar_otras_sesiones(ctx: Ctx) -> None:
    """Cierra todas mis sesiones menos esta."""
    sesiones.cerrar_otras(ctx)


@endpoint("DELETE", "/api/auth/sesiones/{id}/", permission="", status=204)
def cerrar_sesion(ctx: Ctx, id: QueryId) -> None:
    """Cierra una de mis sesiones."""
    sesiones.cerrar_una(ctx, sesiones.mi_sesion(ctx).usuario_id, id)


@endpoint("GET", "/api/usuarios/{id}/sesiones/", permission="usuarios.ver")
def ver_sesiones_de_usuario(ctx: Ctx, id: QueryId) -> list[schemas.SesionLeida]:
    """Las sesiones abiertas de un usuario."""
    return cuentas.ver_sesiones(ctx, id)


@endpoint("DELETE", "/api/usuarios/{id}/sesiones/", permission="usuarios.editar", status=204)
def cerrar_sesiones_de_usuario(ctx: Ctx, id: QueryId) -> None:
    """Cierra todas las sesiones de un usuario."""
    cuentas.cerrar_sesiones(ctx, id)


@endpoint(
    "DELETE",
    "/api/usuarios/{id}/sesiones/{sesion_id}/",
    permission="usuarios.editar",
    status=204,
)
def cerrar_sesion_de_usuario(ctx: Ctx, id: QueryId, sesion_id: QueryId) -> None:
    """Cierra una sesión de un usuario."""
    cuentas.cerrar_sesiones(ctx, id, sesion_id)
