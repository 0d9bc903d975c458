"""Signing in."""

from addons.base import schemas
from addons.base.services import ingreso, ingreso_2fa, invitaciones, primer_admin
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.throttle import Limit


@endpoint("POST", "/api/auth/login/", public=True, statuses=(401, 403), throttle=Limit("login"))
def login(ctx: Ctx, credenciales: schemas.Login) -> schemas.Ingreso | schemas.SegundoFactor:
    """Inicia sesión con correo y contraseña."""
    return ingreso.iniciar_sesion(ctx, credenciales)


@endpoint("POST", "/api/auth/login/2fa/", public=True, statuses=(401, 403), throttle=Limit("2fa"))
def login_2fa(ctx: Ctx, segundo: schemas.Ingreso2faNuevo) -> schemas.Ingreso2fa:
    """Termina un ingreso con el código de la aplicación o uno de recuperación."""
    return ingreso_2fa.verificar(ctx, segundo)


@endpoint(
    "POST",
    "/api/auth/login/2fa/configurar/",
    public=True,
    statuses=(401,),
    throttle=Limit("2fa_configurar"),
)
def configurar_2fa(ctx: Ctx, espera: schemas.Token2fa) -> schemas.Secreto2fa:
    """Configura la aplicación de quien no puede ingresar sin segundo factor."""
    return ingreso_2fa.configurar(ctx, espera)


@endpoint(
    "POST", "/api/auth/primer-admin/", public=True, status=201, throttle=Limit("primer_admin")
)
def crear_primer_admin(ctx: Ctx, nuevo: schemas.PrimerAdminNuevo) -> schemas.PrimerAdmin:
    """Crea el primer administrador con el enlace que mostró el servidor."""
    return schemas.PrimerAdmin.model_validate(primer_admin.crear_primer_admin(ctx, nuevo))


@endpoint(
    "POST", "/api/auth/aceptar-invitacion/", public=True, status=204, throttle=Limit("enlace")
)
def aceptar_invitacion(ctx: Ctx, aceptada: schemas.InvitacionAceptada) -> None:
    """Elige la contraseña de una cuenta a la que se fue invitado."""
    invitaciones.aceptar(ctx, aceptada)
