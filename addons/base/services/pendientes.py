"""Logins that wait for the second factor. Source: módulo 9, "Login con JWT + 2FA".

The temporary token is worth nothing without its row: bound to the login that made it, five tries,
five minutes, one use. A try is counted and committed before the code is looked at, so a refusal
cannot take it back.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete, select

from addons.base import schemas
from addons.base.errors import SegundoFactorInvalido
from addons.base.models import IngresoPendiente, Usuario
from kernel.context import Ctx
from kernel.db import Statement

VIDA = timedelta(minutes=5)
INTENTOS = 5
TERMINADO = "El ingreso venció o agotó sus intentos; empiece de nuevo."

CONTAR = Statement(
    "contar_ingreso_pendiente",
    """
    UPDATE ingresos_pendientes SET intentos = intentos + 1
     WHERE jti = %(jti)s AND usuario_id = %(usuario)s AND intentos < %(maximo)s
    RETURNING id
    """,
)
CERRAR = Statement(
    "cerrar_ingreso_pendiente",
    """
    DELETE FROM ingresos_pendientes WHERE jti = %(jti)s AND usuario_id = %(usuario)s
    RETURNING metodo
    """,
)


def pedir_segundo_factor(ctx: Ctx, usuario: Usuario, metodo: str) -> schemas.SegundoFactor:
    """Return with what the second factor is shown, after a first one was right."""
    jti = secrets.token_urlsafe(24)
    ctx.session.add(
        IngresoPendiente(
            usuario_id=usuario.id,
            jti=jti,
            metodo=metodo,
            ip=ctx.request.ip,
            user_agent=ctx.request.user_agent,
            expires_at=ctx.now + VIDA,
        )
    )
    seconds = int(VIDA.total_seconds())
    return schemas.SegundoFactor(
        requiere_2fa=True,
        configurar=not usuario.dos_fa_activo,
        token_2fa=ctx.runtime.signer.issue("second_factor", usuario.id, jti, seconds),
        expires_in=seconds,
    )


def usuario_que_espera(ctx: Ctx, token: str) -> tuple[Usuario, str]:
    """Return whose login waits, and its jti.

    Raises:
        SegundoFactorInvalido: the login is over.
        TokenInvalid: the token is not ours or of another kind.
    """
    claims = ctx.runtime.signer.read(token, "second_factor")
    waiting = select(IngresoPendiente.id).where(
        IngresoPendiente.jti == claims.jti,
        IngresoPendiente.usuario_id == claims.subject,
        IngresoPendiente.expires_at > ctx.now,
    )
    usuario = ctx.session.get(Usuario, claims.subject)
    if usuario is None or not usuario.activo or ctx.session.scalars(waiting).first() is None:
        raise SegundoFactorInvalido(TERMINADO)
    return usuario, claims.jti


def contar_intento(ctx: Ctx, usuario: Usuario, jti: str) -> None:
    """Count one of the five tries; it stands whatever comes of it.

    Raises:
        SegundoFactorInvalido: there were five.
    """
    given = {"jti": jti, "usuario": usuario.id, "maximo": INTENTOS}
    if not ctx.runtime.throttle.apart(CONTAR, **given):
        raise SegundoFactorInvalido(TERMINADO)


def cerrar(ctx: Ctx, usuario: Usuario, jti: str) -> str:
    """Return the first factor of the login that waited and now is over.

    Raises:
        SegundoFactorInvalido: somebody used it in the same moment.
    """
    rows = ctx.sql(CERRAR, jti=jti, usuario=usuario.id)
    if not rows:
        raise SegundoFactorInvalido(TERMINADO)
    return str(rows[0][0])


def olvidar(ctx: Ctx, usuario_id: int) -> None:
    """End the logins of a user that wait: what their first factor was counts no longer."""
    ctx.session.execute(delete(IngresoPendiente).where(IngresoPendiente.usuario_id == usuario_id))


def borrar_vencidos(ctx: Ctx) -> None:
    """Delete the logins whose second factor never came."""
    ctx.session.execute(delete(IngresoPendiente).where(IngresoPendiente.expires_at < ctx.now))
