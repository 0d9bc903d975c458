"""Signing in: a password becomes a session and its tokens. Source: módulo 9, "Login con JWT"."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, func, select

from addons.base import schemas
from addons.base.errors import CredencialesInvalidas
from addons.base.models import Usuario
from kernel import passwords
from kernel.context import Ctx
from kernel.identity import Sesion


def iniciar_sesion(ctx: Ctx, login: schemas.Login) -> schemas.Tokens:
    """Return the tokens of a new session.

    Raises:
        CredencialesInvalidas: unknown e-mail, wrong password or inactive user, all alike.
    """
    cost = ctx.runtime.settings.password_cost
    query = select(Usuario).where(func.lower(Usuario.email) == login.email.lower())
    usuario = ctx.session.scalars(query).one_or_none()
    if usuario is None or not usuario.activo:
        passwords.verify_dummy(login.password, cost=cost)
        raise CredencialesInvalidas("El correo o la contraseña no son correctos.")
    if not passwords.verify_password(login.password, usuario.password_hash, cost=cost):
        raise CredencialesInvalidas("El correo o la contraseña no son correctos.")
    return abrir_sesion(ctx, usuario)


def abrir_sesion(ctx: Ctx, usuario: Usuario) -> schemas.Tokens:
    """Return the tokens of a new session of a user who proved who they are."""
    settings = ctx.runtime.settings
    jti = secrets.token_urlsafe(24)
    life = settings.refresh_token_seconds
    ctx.session.add(
        Sesion(
            usuario_id=usuario.id,
            token_jti=jti,
            ip=ctx.request.ip,
            user_agent=ctx.request.user_agent,
            expires_at=ctx.now + timedelta(seconds=life),
        )
    )
    usuario.ultimo_acceso = ctx.now
    ctx.audit("iniciar_sesion", "usuarios", usuario.id, modulo="base")
    signer = ctx.runtime.signer
    access = settings.access_token_seconds
    return schemas.Tokens(
        access=signer.issue("access", usuario.id, jti, access),
        refresh=signer.issue("refresh", usuario.id, jti, life),
        expires_in=access,
    )


def borrar_sesiones_vencidas(ctx: Ctx) -> None:
    """Delete the sessions that ended over a month ago."""
    ctx.session.execute(delete(Sesion).where(Sesion.expires_at < ctx.now - timedelta(days=30)))
