"""The second step of signing in. Source: módulo 9, "Login con JWT + 2FA"."""

from addons.base import schemas
from addons.base.errors import SegundoFactorInvalido
from addons.base.models import Usuario
from addons.base.services import dos_fa, ingreso, intentos, pendientes
from kernel import throttle
from kernel.context import Ctx


def verificar(ctx: Ctx, segundo: schemas.Ingreso2faNuevo) -> schemas.Ingreso2fa:
    """Return the tokens of a new session; a first code also puts a new second factor in force.

    Raises:
        SegundoFactorInvalido: the code is wrong or was used, or the login is over.
        TooManyAttempts: the delay after earlier failures of the account is not over.
    """
    usuario, jti = pendientes.usuario_que_espera(ctx, segundo.token_2fa)
    cuenta = intentos.cuenta(ctx, "codigo", usuario.email)
    ctx.runtime.throttle.attempt(cuenta)
    pendientes.contar_intento(ctx, usuario, jti)
    codigos = _codigos_nuevos(ctx, usuario, segundo.codigo)
    throttle.forgive(ctx, cuenta)
    metodo = pendientes.cerrar(ctx, usuario, jti)
    abierta = ingreso.abrir_sesion(ctx, usuario, metodo, cookie=segundo.cookie)
    facts = {**abierta.model_dump(), "codigos_recuperacion": codigos}
    if isinstance(abierta, schemas.EnCookie):
        return schemas.EnCookieCon2fa(**facts)
    return schemas.TokensCon2fa(**facts)


def _codigos_nuevos(ctx: Ctx, usuario: Usuario, codigo: str) -> list[str]:
    """Return the recovery codes that the user must be shown now, or raise."""
    if not usuario.dos_fa_activo:
        codigos = dos_fa.poner_en_vigor(ctx, usuario, codigo)
        if codigos is not None:
            return codigos
    elif dos_fa.es_su_codigo(ctx, usuario, codigo):
        return []
    raise SegundoFactorInvalido("El código no es correcto o ya se usó.")


def configurar(ctx: Ctx, espera: schemas.Token2fa) -> schemas.Secreto2fa:
    """Return what to set up an app with, for who may not come in without one.

    Raises:
        SegundoFactorInvalido: the login is over.
        DosFaActivo: the user has one already.
    """
    usuario, _ = pendientes.usuario_que_espera(ctx, espera.token_2fa)
    return dos_fa.nuevo_secreto(ctx, usuario)
