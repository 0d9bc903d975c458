"""Sessions: refreshing, ending, listing and confirming them. Source: módulo 9, "Caducidad forzada".

The row in ``sesiones`` is the truth about a login; every request asks for it, so that what ends it
counts from the next request on (docs/decisions/0010-sessions-in-postgresql.md).

A refresh token is good once. The row names the last one that was given; one conditional UPDATE
replaces it, so of several uses at once a single one wins. An older token that comes back later was
copied by somebody: the login ends, whoever holds the newest one.
Source: OWASP ASVS 5.0, 7.2.4, 7.4, 7.5, 10.4.5, 10.4.8; RFC 9700, 4.14.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, select, update

from addons.base import schemas
from addons.base.errors import RefreshEnCurso, SinSesion
from addons.base.models import IngresoSso, Usuario
from addons.base.services import avisos, usuarios
from kernel import credentials, identity
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import NotFound
from kernel.identity import Rol, Sesion
from kernel.tokens import TokenInvalid

MUCHAS_SUCURSALES = 100
"""A token that would name more of them names none; it only informs."""

_VIVE = """
    s.activo AND s.expires_at > now() AND u.activo
    AND coalesce(s.rotada_at, s.created_at) > now() - make_interval(secs => %(idle)s)
"""
ROTAR = Statement(
    "rotar_refresh",
    f"""
    UPDATE sesiones s
       SET refresh_jti = %(nuevo)s, refresh_anterior = s.refresh_jti, rotada_at = now()
      FROM usuarios u JOIN roles r ON r.id = u.rol_id
     WHERE s.id = %(sesion)s AND s.refresh_jti = %(jti)s
       AND u.id = s.usuario_id AND u.id = %(usuario)s AND {_VIVE}
    RETURNING r.nombre, s.token_jti, extract(epoch FROM s.expires_at - now())::int
    """,  # noqa: S608  # our own pieces
)
MIRAR = Statement(
    "mirar_sesion",
    f"""
    SELECT s.refresh_anterior = %(jti)s AND s.rotada_at > now() - interval '10 seconds'
      FROM sesiones s JOIN usuarios u ON u.id = s.usuario_id
     WHERE s.id = %(sesion)s AND s.refresh_jti <> %(jti)s AND u.id = %(usuario)s AND {_VIVE}
    """,  # noqa: S608  # our own pieces
)
REVOCAR = Statement(
    "revocar_sesion",
    "UPDATE sesiones SET activo = false WHERE id = %(sesion)s AND activo RETURNING id",
)


class Titular(NamedTuple):
    """Whose tokens are issued: the user, their role, and the session's names; seconds left."""

    usuario_id: int
    rol: str
    sesion_id: int
    token_jti: str
    refresh_jti: str
    queda: int


class RefreshReusado(TokenInvalid):
    """The refresh token was used before: its login was ended, and stays so after this refusal."""

    stands = True

    def __init__(self) -> None:
        super().__init__("claims")


def emitir_tokens(ctx: Ctx, titular: Titular) -> schemas.Tokens:
    """Return an access token and the refresh token that follows.

    What the access token says of role and sucursales is for the client to show; the server asks
    the database.
    """
    settings = ctx.runtime.settings
    signer = ctx.runtime.signer
    access = min(settings.access_token_seconds, titular.queda)
    dicho: dict[str, object] = {"user_id": titular.usuario_id, "rol": titular.rol}
    sucursales = usuarios.sucursales_de(ctx, titular.usuario_id)
    if sucursales is None or len(sucursales) <= MUCHAS_SUCURSALES:
        dicho["sucursales_permitidas"] = sucursales and sorted(sucursales)
    return schemas.Tokens(
        access=signer.issue("access", titular.usuario_id, titular.token_jti, access, **dicho),
        refresh=signer.issue(
            "refresh",
            titular.usuario_id,
            titular.refresh_jti,
            min(settings.session_idle_seconds, titular.queda),
            sesion=titular.sesion_id,
        ),
        expires_in=access,
    )


def renovar(ctx: Ctx, refresh: str) -> schemas.Tokens:
    """Return new tokens for a refresh token, which is good no more.

    Raises:
        TokenInvalid: it is no good refresh token, or its login or user no longer counts.
        RefreshEnCurso: another request used it a moment ago.
        RefreshReusado: it was used before; the login is ended.
    """
    claims = ctx.runtime.signer.read(refresh, "refresh")
    sesion_id = claims.extra.get("sesion")
    if type(sesion_id) is not int:
        raise TokenInvalid("claims")
    nuevo = nuevo_jti()
    idle = ctx.runtime.settings.session_idle_seconds
    facts = {"sesion": sesion_id, "usuario": claims.subject, "jti": claims.jti, "idle": idle}
    rotada = ctx.sql(ROTAR, nuevo=nuevo, **facts)
    if not rotada:
        mirada = ctx.sql(MIRAR, **facts)
        raise _rechazo(ctx, claims.subject, sesion_id, mirada[0][0] if mirada else None)
    rol, token_jti, queda = rotada[0]
    return emitir_tokens(ctx, Titular(claims.subject, rol, sesion_id, token_jti, nuevo, queda))


def _rechazo(
    ctx: Ctx, usuario_id: int, sesion_id: int, reciente: bool | None
) -> RefreshEnCurso | TokenInvalid:
    """Return why a refresh token was not taken, having ended the login of one that came twice.

    ``reciente`` says whether it was replaced just now; None: its login is over.
    """
    if reciente is None:
        return TokenInvalid("claims")
    if reciente:
        return RefreshEnCurso()
    if ctx.sql(REVOCAR, sesion=sesion_id):
        despues = {"usuario_id": usuario_id, "motivo": "refresh_reusado"}
        ctx.audit("revocar", "sesiones", sesion_id, despues=despues, modulo="base")
        avisos.avisar(ctx, usuario_id, "refresh_reusado")
    return RefreshReusado()


def nuevo_jti() -> str:
    """Return a name that nobody can guess."""
    return secrets.token_urlsafe(24)


def mi_sesion(ctx: Ctx) -> Sesion:
    """Return the session of this request.

    Raises:
        SinSesion: an API key asks.
    """
    if ctx.user is None or ctx.user.sesion_id is None:
        raise SinSesion
    return ctx.session.get_one(Sesion, ctx.user.sesion_id)


def salir(ctx: Ctx, *, todas: bool) -> None:
    """End this session, or all of the user's."""
    sesion = mi_sesion(ctx)
    cerradas = cerrar(ctx, sesion.usuario_id, *(() if todas else (Sesion.id == sesion.id,)))
    _auditar_cierre(ctx, sesion.usuario_id, cerradas)
    if _es_de_navegador(sesion):
        ctx.forget_cookie()


def cerrar(ctx: Ctx, usuario_id: int, *cuales: ColumnElement[bool]) -> list[int]:
    """Return the ids of a user's sessions that were open and are ended now: all, or these.

    An external account that one of them began to link would open others; that ends as well.
    """
    ctx.session.execute(delete(IngresoSso).where(IngresoSso.usuario_id == usuario_id))
    orden = (
        update(Sesion)
        .where(Sesion.usuario_id == usuario_id, Sesion.activo, *cuales)
        .values(activo=False)
        .returning(Sesion.id)
        .execution_options(synchronize_session=False)
    )
    return sorted(ctx.session.scalars(orden))


def cerrar_otras(ctx: Ctx) -> None:
    """End every session of the user but this one."""
    sesion = mi_sesion(ctx)
    _auditar_cierre(ctx, sesion.usuario_id, cerrar(ctx, sesion.usuario_id, Sesion.id != sesion.id))


def sesiones_de(ctx: Ctx, usuario_id: int) -> list[schemas.SesionLeida]:
    """Return the open sessions of a user, the newest first; ``actual`` is that of this request."""
    actual = ctx.user.sesion_id if ctx.user else None
    query = (
        select(Sesion)
        .where(Sesion.usuario_id == usuario_id, Sesion.activo, Sesion.expires_at > func.now())
        .where(func.coalesce(Sesion.rotada_at, Sesion.created_at) > _desde(ctx))
        .order_by(Sesion.id.desc())
    )
    return [_leida(one, actual) for one in ctx.session.scalars(query)]


def _desde(ctx: Ctx) -> ColumnElement[datetime]:
    return func.now() - timedelta(seconds=ctx.runtime.settings.session_idle_seconds)


def _leida(sesion: Sesion, actual: int | None) -> schemas.SesionLeida:
    return schemas.SesionLeida(
        id=sesion.id,
        dispositivo=sesion.user_agent or "",
        ip=sesion.ip or "",
        metodo=sesion.metodo,
        created_at=sesion.created_at,
        ultimo_uso=sesion.rotada_at or sesion.created_at,
        expires_at=sesion.expires_at,
        actual=sesion.id == actual,
    )


def cerrar_una(ctx: Ctx, usuario_id: int, sesion_id: int) -> None:
    """End one open session of a user.

    Raises:
        NotFound: it is another's, or over.
    """
    cerradas = cerrar(ctx, usuario_id, Sesion.id == sesion_id)
    if not cerradas:
        raise NotFound
    _auditar_cierre(ctx, usuario_id, cerradas)


def cerrar_todas(ctx: Ctx, usuario_id: int) -> None:
    """End every open session of a user."""
    _auditar_cierre(ctx, usuario_id, cerrar(ctx, usuario_id))


def _auditar_cierre(ctx: Ctx, usuario_id: int, cerradas: Sequence[int]) -> None:
    if cerradas:
        despues = {"sesiones": list(cerradas)}
        ctx.audit("cerrar_sesion", "usuarios", usuario_id, despues=despues, modulo="base")


def confirmar(ctx: Ctx) -> None:
    """Note that the user just proved again who they are; the cookie of a browser is replaced."""
    sesion = mi_sesion(ctx)
    sesion.reautenticada_at = func.now()
    renovar_cookie(ctx, sesion)
    ctx.audit("reautenticar", "usuarios", sesion.usuario_id, modulo="base")


def renovar_cookie(ctx: Ctx, sesion: Sesion) -> None:
    """Give the session's browser a new value; the old one is good no more."""
    if _es_de_navegador(sesion):
        valor = credentials.new_cookie()
        sesion.token_jti = credentials.digest(valor)
        ctx.set_cookie(valor, int((sesion.expires_at - ctx.now).total_seconds()))


def _es_de_navegador(sesion: Sesion) -> bool:
    """Return whether a cookie holds it: those have no refresh tokens."""
    return sesion.refresh_jti is None


def quien_soy(ctx: Ctx) -> schemas.Yo:
    """Return the user of this request, their role and what they may do now."""
    if ctx.user is None:
        raise NotFound
    usuario = ctx.session.get_one(Usuario, ctx.user.id)
    rol = ctx.session.get_one(Rol, usuario.rol_id)
    sucursales = usuarios.sucursales_del_usuario(ctx)
    return schemas.Yo(
        id=usuario.id,
        nombre=usuario.nombre,
        email=usuario.email,
        rol_id=rol.id,
        rol=rol.nombre,
        permisos=sorted(identity.permissions_of(ctx.session, ctx.user)),
        sucursales=None if sucursales is None else sorted(sucursales),
        dos_fa_activo=usuario.dos_fa_activo,
        idioma=usuario.idioma,
    )
