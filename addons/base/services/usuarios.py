"""The places that users are confined to. Source: spec/erp-modules.md, módulo 9, "RBAC"."""

from kernel.context import Ctx
from kernel.db import Statement

ALCANCE = Statement(
    "sucursales_del_usuario",
    """
    SELECT nullif(array_remove(u.sucursal_id || ARRAY(
             SELECT s.sucursal_id FROM usuario_sucursales s
              WHERE s.usuario_id = u.id AND s.sucursal_id IS DISTINCT FROM u.sucursal_id
              ORDER BY 1), NULL), '{}') AS ids
      FROM usuarios u WHERE u.id = %(usuario)s
    """,
    reads=True,
)
"""The sucursales that a user is confined to, the home one first, or NULL; hot statements embed it.

Who has neither a home sucursal nor others works in all of them.
"""


def sucursales_del_usuario(ctx: Ctx) -> frozenset[int] | None:
    """Return the sucursales that the user is confined to, or None for all."""
    return None if ctx.user is None else sucursales_de(ctx, ctx.user.id)


def sucursales_de(ctx: Ctx, usuario_id: int) -> frozenset[int] | None:
    """Return the sucursales that any user is confined to, or None for all; nobody has none."""
    rows = ctx.sql(ALCANCE, usuario=usuario_id)
    ids = rows[0][0] if rows else []
    return None if ids is None else frozenset(ids)
