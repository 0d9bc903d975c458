"""Users, and the places that they are confined to. Source: spec/erp-modules.md, módulo 9."""

from addons.base import schemas
from addons.base.models import Usuario
from kernel import passwords
from kernel.context import Ctx
from kernel.db import Statement

ALCANCE = Statement(
    "sucursales_del_usuario",
    """
    SELECT CASE WHEN sucursal_id IS NOT NULL THEN ARRAY[sucursal_id] END AS ids
      FROM usuarios WHERE id = %(usuario)s
    """,
)
"""The sucursales that a user is confined to, or NULL; hot statements embed it."""


def crear_usuario(ctx: Ctx, nuevo: schemas.UsuarioNuevo) -> Usuario:
    """Return a new user; the password is stored as a hash only."""
    passwords.check_policy(nuevo.password)
    cost = ctx.runtime.settings.password_cost
    usuario = Usuario(
        **nuevo.model_dump(exclude={"password", "email"}),
        email=nuevo.email.lower(),
        password_hash=passwords.hash_password(nuevo.password, cost=cost),
    )
    ctx.session.add(usuario)
    ctx.session.flush()
    return usuario


def sucursales_del_usuario(ctx: Ctx) -> frozenset[int] | None:
    """Return the sucursales that the user is confined to, or None for all."""
    if ctx.user is None:
        return None
    ids = ctx.sql(ALCANCE, usuario=ctx.user.id)[0][0]
    return None if ids is None else frozenset(ids)
