"""Roles and what they may do. Source: spec/erp-modules.md, módulo 9."""

from sqlalchemy import select

from addons.base import schemas
from kernel.context import Ctx
from kernel.errors import FieldError, NotFound
from kernel.identity import Permiso, Rol
from kernel.messages import refused


def permisos_del_rol(ctx: Ctx, rol_id: int) -> schemas.PermisosDelRol:
    """Return what a role may do."""
    if ctx.session.get(Rol, rol_id) is None:
        raise NotFound
    query = select(Permiso).where(Permiso.rol_id == rol_id, Permiso.permitido)
    names = sorted(f"{one.modulo}.{one.accion}" for one in ctx.session.scalars(query))
    return schemas.PermisosDelRol(rol_id=rol_id, permisos=names)


def actualizar_permisos(
    ctx: Ctx, rol_id: int, cambio: schemas.PermisosCambio
) -> schemas.PermisosDelRol:
    """Return the role's permissions after the change.

    Raises:
        ValidationFailed: an installed addon declares no such action.
    """
    if ctx.session.get(Rol, rol_id) is None:
        raise NotFound
    known = ctx.runtime.registry.permissions
    faults = [
        FieldError(f"permisos.{index}.accion", "no_existe", "Ningún addon declara esta acción.")
        for index, uno in enumerate(cambio.permisos)
        if f"{uno.modulo}.{uno.accion}" not in known
    ]
    if faults:
        raise refused(faults)
    for uno in cambio.permisos:
        _poner_permiso(ctx, rol_id, uno)
    ctx.session.flush()
    return permisos_del_rol(ctx, rol_id)


def _poner_permiso(ctx: Ctx, rol_id: int, cambio: schemas.PermisoCambio) -> None:
    query = select(Permiso).where(
        Permiso.rol_id == rol_id, Permiso.modulo == cambio.modulo, Permiso.accion == cambio.accion
    )
    fila = ctx.session.scalars(query).one_or_none()
    if fila is None:
        ctx.session.add(Permiso(rol_id=rol_id, **cambio.model_dump()))
    else:
        fila.permitido = cambio.permitido
