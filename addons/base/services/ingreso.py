"""Signing in: a password becomes a session and its tokens. Source: módulo 9, "Login con JWT".

Whoever proved a first factor (password, link, another provider) goes through ``continuar_ingreso``,
which asks for the second one where there is one; ``abrir_sesion`` alone opens sessions.
"""

from datetime import timedelta

from sqlalchemy import delete, func, select

from addons.base import schemas
from addons.base.errors import CredencialesInvalidas
from addons.base.models import Usuario
from addons.base.services import avisos, contrasenas, intentos, pendientes, sesiones
from addons.base.services.sesiones import Titular
from kernel import credentials, throttle
from kernel.context import Ctx
from kernel.credentials import ForeignPage
from kernel.db import Statement
from kernel.identity import Rol, Sesion

ULTIMO_ACCESO = Statement(
    "ultimo_acceso",
    """
    UPDATE usuarios u SET ultimo_acceso = %(ahora)s WHERE u.id = %(usuario)s AND u.activo
    RETURNING (SELECT nombre FROM roles WHERE id = u.rol_id)
    """,
)
"""No edit of the user: two logins at once are no conflict, and no news for the audit."""


def iniciar_sesion(ctx: Ctx, login: schemas.Login) -> schemas.Ingreso | schemas.SegundoFactor:
    """Return the tokens of a new session, or with what to show the second factor.

    Raises:
        CredencialesInvalidas: unknown e-mail, wrong password or inactive user, all alike.
        TooManyAttempts: the delay after earlier failures is not over.
    """
    cuenta = intentos.cuenta(ctx, "clave", login.email)
    ctx.runtime.throttle.attempt(cuenta)  # before hashing, and it stands when this fails
    query = select(Usuario).where(func.lower(Usuario.email) == login.email.lower())
    usuario = ctx.session.scalars(query).one_or_none()
    if not contrasenas.es_la_clave(ctx, usuario, login.password) or usuario is None:
        raise CredencialesInvalidas("El correo o la contraseña no son correctos.")
    throttle.forgive(ctx, cuenta)
    return continuar_ingreso(ctx, usuario, "clave", cookie=login.cookie)


def continuar_ingreso(
    ctx: Ctx, usuario: Usuario, metodo: str, *, cookie: bool = False
) -> schemas.Ingreso | schemas.SegundoFactor:
    """Return what comes after a first factor: a session, or the question for the second one.

    ``metodo`` says which factor it was and is kept with the session: ``clave``, ``google`` …
    """
    if usuario.dos_fa_activo or ctx.session.get_one(Rol, usuario.rol_id).exige_2fa:
        return pendientes.pedir_segundo_factor(ctx, usuario, metodo)
    return abrir_sesion(ctx, usuario, metodo, cookie=cookie)


def abrir_sesion(
    ctx: Ctx, usuario: Usuario, metodo: str = "clave", *, cookie: bool = False
) -> schemas.Ingreso:
    """Return the tokens of a new session of a user who proved who they are.

    With ``cookie`` the browser holds the session, and there is no token that the script of a page
    could read.

    Raises:
        CredencialesInvalidas: the user was deactivated meanwhile.
        ForeignPage: a page that is not ours asks for the cookie.
    """
    if cookie and not ctx.request.own_page:
        raise ForeignPage
    anotado = ctx.sql(ULTIMO_ACCESO, usuario=usuario.id, ahora=ctx.now)
    if not anotado:
        raise CredencialesInvalidas("El correo o la contraseña no son correctos.")
    avisos.avisar_equipo_nuevo(ctx, usuario.id)
    secreto = credentials.new_cookie() if cookie else sesiones.nuevo_jti()
    sesion = _nueva(ctx, usuario, metodo)
    sesion.token_jti = credentials.digest(secreto) if cookie else secreto
    sesion.refresh_jti = None if cookie else sesiones.nuevo_jti()
    ctx.session.add(sesion)
    ctx.session.flush()
    despues = {"sesion_id": sesion.id, "metodo": metodo}
    ctx.audit(
        "iniciar_sesion",
        "usuarios",
        usuario.id,
        despues=despues,
        modulo="base",
        usuario_id=usuario.id,
    )
    queda = ctx.runtime.settings.refresh_token_seconds
    if sesion.refresh_jti is None:
        ctx.set_cookie(secreto, queda)
        return schemas.EnCookie(expires_in=queda)
    titular = Titular(usuario.id, anotado[0][0], sesion.id, secreto, sesion.refresh_jti, queda)
    return sesiones.emitir_tokens(ctx, titular)


def _nueva(ctx: Ctx, usuario: Usuario, metodo: str) -> Sesion:
    return Sesion(
        usuario_id=usuario.id,
        metodo=metodo,
        ip=ctx.request.ip,
        user_agent=ctx.request.user_agent,
        expires_at=ctx.now + timedelta(seconds=ctx.runtime.settings.refresh_token_seconds),
    )


def borrar_sesiones_vencidas(ctx: Ctx) -> None:
    """Delete the sessions that ended over a month ago."""
    ctx.session.execute(delete(Sesion).where(Sesion.expires_at < ctx.now - timedelta(days=30)))
