"""The second factor of a user."""

from addons.base import schemas
from addons.base.services import dos_fa
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.schemas import QueryId


@endpoint("POST", "/api/usuarios/{id}/activar-2fa/", permission="", fresh=True, secret=True)
def activar_2fa(ctx: Ctx, id: QueryId) -> schemas.Secreto2fa:
    """Prepara el propio segundo factor: secreto y código QR; falta confirmarlo."""
    return dos_fa.activar(ctx, id)


@endpoint(
    "POST",
    "/api/usuarios/{id}/confirmar-2fa/",
    permission="",
    statuses=(429,),
    fresh=True,
    secret=True,
)
def confirmar_2fa(
    ctx: Ctx, id: QueryId, confirmacion: schemas.Codigo2fa
) -> schemas.CodigosRecuperacion:
    """Activa el segundo factor con su primer código; muestra los de recuperación una vez."""
    return dos_fa.confirmar(ctx, id, confirmacion.codigo)


@endpoint("POST", "/api/usuarios/{id}/desactivar-2fa/", permission="", status=204, fresh=True)
def desactivar_2fa(ctx: Ctx, id: QueryId) -> None:
    """Quita el segundo factor propio, o el de otro usuario si puede editarlo."""
    dos_fa.desactivar(ctx, id)


@endpoint(
    "POST", "/api/usuarios/{id}/codigos-recuperacion/", permission="", fresh=True, secret=True
)
def renovar_codigos(ctx: Ctx, id: QueryId) -> schemas.CodigosRecuperacion:
    """Reemplaza los códigos de recuperación propios por diez nuevos."""
    return dos_fa.renovar_codigos(ctx, id)
