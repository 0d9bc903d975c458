"""Passwords and e-mail of who is signed in, and forgotten ones."""

from addons.base import schemas
from addons.base.services import claves
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.throttle import Limit


@endpoint("POST", "/api/auth/reautenticar/", permission="", status=204, statuses=(429,))
def reautenticar(ctx: Ctx, prueba: schemas.Reautenticacion) -> None:
    """Confirma quién es para los próximos 10 minutos."""
    claves.reautenticar(ctx, prueba)


@endpoint(
    "POST", "/api/auth/cambiar-clave/", permission="", status=204, fresh=True, statuses=(429,)
)
def cambiar_clave(ctx: Ctx, cambio: schemas.CambioClave) -> None:
    """Cambia la contraseña propia y cierra las demás sesiones."""
    claves.cambiar_clave(ctx, cambio)


@endpoint("POST", "/api/auth/cambiar-correo/", permission="", status=204, fresh=True)
def cambiar_correo(ctx: Ctx, cambio: schemas.CambioCorreo) -> None:
    """Cambia el correo con el que se ingresa."""
    claves.cambiar_correo(ctx, cambio)


@endpoint("POST", "/api/auth/olvide-clave/", public=True, status=202, throttle=Limit("olvide"))
def olvide_clave(ctx: Ctx, olvidada: schemas.ClaveOlvidada) -> None:
    """Envía un enlace para elegir una contraseña nueva, si el correo es de alguien."""
    claves.olvide_clave(ctx, olvidada.email)


@endpoint("POST", "/api/auth/restablecer-clave/", public=True, status=204, throttle=Limit("enlace"))
def restablecer_clave(ctx: Ctx, cambio: schemas.ClaveNueva) -> None:
    """Elige una contraseña nueva con el código del enlace."""
    claves.restablecer_clave(ctx, cambio)
