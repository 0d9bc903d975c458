"""What somebody may give to others: never more than they have. Source: módulo 9, "RBAC".

Whoever may change roles or users could otherwise give themselves everything. Only ADMIN, signed in
as a person, is free; an API key of theirs gives no more than its own list.
"""

from collections.abc import Iterable

from addons.base.models import Usuario
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, FieldError, Forbidden
from kernel.messages import refused
from kernel.rbac import ADMIN

EDITAR_ROLES = "roles.editar"
"""The permission that somebody must always have, for without it nobody gets one any more."""

DEL_ROL = Statement(
    "permisos_del_rol",
    """
    SELECT r.nombre, array_remove(array_agg(p.modulo || '.' || p.accion), NULL)
      FROM roles r LEFT JOIN permisos p ON p.rol_id = r.id AND p.permitido
     WHERE r.id = %(rol)s GROUP BY r.id
    """,
    reads=True,
)
UNO_A_UNO = Statement(
    "administracion_uno_a_uno",
    "SELECT pg_advisory_xact_lock(hashtext('base.administracion'))",
)
QUEDA_ALGUIEN = Statement(
    "administracion_queda_alguien",
    """
    SELECT EXISTS (SELECT FROM permisos p JOIN usuarios u ON u.rol_id = p.rol_id AND u.activo
                    WHERE p.modulo || '.' || p.accion = %(permiso)s AND p.permitido)
    """,
    reads=True,
)


def es_libre(ctx: Ctx) -> bool:
    """Return whether the user may give what they don't have: the system, and ADMIN in person."""
    return ctx.user is None or (ctx.user.rol == ADMIN and ctx.user.clave_id is None)


def comprobar_permisos(ctx: Ctx, permisos: Iterable[tuple[str, str]]) -> None:
    """Refuse to give permissions (field, ``modulo.accion``) that the giver doesn't have.

    Raises:
        ValidationFailed: every such field is named.
    """
    faults = [
        FieldError(campo, "sin_permiso", f"No puede dar «{permiso}»: usted no lo tiene.")
        for campo, permiso in permisos
        if not ctx.can(permiso)
    ]
    if faults:
        raise refused(faults)


def comprobar_rol(ctx: Ctx, rol_id: int, campo: str | None = None) -> None:
    """Refuse to give or change a role that may do more than the user.

    Raises:
        Forbidden: the role has a permission that the user lacks, or is ADMIN.
    """
    if es_libre(ctx):
        return
    for nombre, permisos in ctx.sql(DEL_ROL, rol=rol_id):
        if nombre == ADMIN or not all(ctx.can(permiso) for permiso in permisos):
            raise Forbidden(
                f"El rol {nombre} puede más que usted; pídalo a un administrador.",
                code="rol_superior",
                field=campo,
            )


def comprobar_lugares(ctx: Ctx, lugares: frozenset[int] | None, campo: str | None = None) -> None:
    """Refuse to open sucursales (None: all) that are out of the user's own reach.

    Raises:
        Forbidden: the user is confined, and not all of these are theirs.
    """
    propios = ctx.scope("sucursales")
    if propios is not None and (lugares is None or not lugares <= propios):
        raise Forbidden(
            "Usted está limitado a sus sucursales y solo dispone sobre ellas.",
            code="lugar_ajeno",
            field=campo,
        )


def comprobar_usuario(ctx: Ctx, usuario: Usuario, lugares: frozenset[int] | None) -> None:
    """Refuse to change somebody who may do more, or works where the user doesn't.

    ``usuario`` and ``lugares`` are as the database has them.
    """
    comprobar_rol(ctx, usuario.rol_id)
    comprobar_lugares(ctx, lugares)


def comprobar_administracion(ctx: Ctx) -> None:
    """Refuse, after a flush, what would leave nobody who can change roles.

    Two who do it at once wait for each other here, so that the second sees what the first did.

    Raises:
        Conflict: no active user would have ``roles.editar``.
    """
    ctx.session.flush()
    ctx.sql(UNO_A_UNO)
    if not ctx.sql(QUEDA_ALGUIEN, permiso=EDITAR_ROLES)[0][0]:
        raise Conflict(
            "Nadie más podría cambiar los roles: quedaría la empresa sin administrador.",
            code="ultimo_administrador",
        )


def es_plantilla(ctx: Ctx, nombre: str) -> bool:
    """Return whether an installed addon brings the role of this name: then it stays."""
    return nombre == ADMIN or any(uno.nombre == nombre for uno in ctx.runtime.registry.roles())
