"""Roles and what they may do. Source: spec/erp-modules.md, módulo 9."""

from sqlalchemy import func, select

from addons.base import schemas
from addons.base.models import Usuario
from addons.base.services.privilegios import (
    EDITAR_ROLES,
    comprobar_administracion,
    comprobar_permisos,
    comprobar_rol,
    es_libre,
    es_plantilla,
)
from kernel import words
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Conflict, FieldError, NotFound
from kernel.identity import Permiso, Rol
from kernel.messages import refused

NOMBRE = Statement("rol_nombre", "SELECT nombre FROM roles WHERE id = %(rol)s", reads=True)


def catalogo(ctx: Ctx) -> list[schemas.ModuloDePermisos]:
    """Return every action of every module that the installed addons declare."""
    return [
        schemas.ModuloDePermisos(modulo=modulo, titulo=_titulo(ctx, modulo), acciones=acciones)
        for modulo, acciones in _por_modulo(ctx).items()
    ]


def _por_modulo(ctx: Ctx) -> dict[str, list[schemas.AccionDePermiso]]:
    registry = ctx.runtime.registry
    modulos: dict[str, list[schemas.AccionDePermiso]] = {}
    for nombre, uno in registry.permissions.items():
        addon = registry.owners[f"permission:{nombre}"]
        modulos.setdefault(uno.modulo, []).append(
            schemas.AccionDePermiso(accion=uno.accion, titulo=uno.titulo, addon=addon)
        )
    return modulos


def _titulo(ctx: Ctx, modulo: str) -> str:
    return words.of(ctx.runtime.registry, words.MODULE, modulo)


def permisos_del_rol(ctx: Ctx, rol_id: int) -> schemas.PermisosDelRol:
    """Return what a role may do, and the whole matrix.

    Raises:
        NotFound: there is no such role.
    """
    rol = _buscar(ctx, rol_id)
    tiene = _permitidos(ctx, rol_id)
    matriz = [
        schemas.ModuloDelRol(
            modulo=modulo,
            titulo=_titulo(ctx, modulo),
            acciones=[
                schemas.AccionDelRol(
                    **una.model_dump(), permitido=f"{modulo}.{una.accion}" in tiene
                )
                for una in acciones
            ],
        )
        for modulo, acciones in _por_modulo(ctx).items()
    ]
    return schemas.PermisosDelRol(
        rol_id=rol_id, rol=rol.nombre, permisos=sorted(tiene), matriz=matriz
    )


def actualizar_permisos(
    ctx: Ctx, rol_id: int, cambio: schemas.PermisosCambio
) -> schemas.PermisosDelRol:
    """Return the role's permissions after the change.

    Raises:
        NotFound: there is no such role.
        ValidationFailed: an installed addon declares no such action, or the user gives what they
            don't have.
        Forbidden: the role may do more than the user.
        Conflict: nobody could change roles any more.
    """
    _buscar(ctx, rol_id)
    _comprobar_declarados(ctx, cambio)
    comprobar_rol(ctx, rol_id)
    if not es_libre(ctx):
        comprobar_permisos(ctx, _otorgados(cambio))
    antes = _permitidos(ctx, rol_id)
    _poner_permisos(ctx, rol_id, cambio)
    ctx.session.flush()
    despues = _permitidos(ctx, rol_id)
    if EDITAR_ROLES in antes - despues:
        comprobar_administracion(ctx)
    if antes != despues:
        ctx.audit(
            "cambiar_permisos",
            "roles",
            rol_id,
            antes={"permisos": sorted(antes - despues)},
            despues={"permisos": sorted(despues - antes)},
            modulo="base",
        )
    return permisos_del_rol(ctx, rol_id)


def _comprobar_declarados(ctx: Ctx, cambio: schemas.PermisosCambio) -> None:
    known = ctx.runtime.registry.permissions
    faults = [
        FieldError(f"permisos.{index}.accion", "no_existe", "Ningún addon declara esta acción.")
        for index, uno in enumerate(cambio.permisos)
        if f"{uno.modulo}.{uno.accion}" not in known
    ]
    if faults:
        raise refused(faults)


def _otorgados(cambio: schemas.PermisosCambio) -> list[tuple[str, str]]:
    return [
        (f"permisos.{index}.accion", f"{uno.modulo}.{uno.accion}")
        for index, uno in enumerate(cambio.permisos)
        if uno.permitido
    ]


def _permitidos(ctx: Ctx, rol_id: int) -> set[str]:
    query = select(Permiso.modulo, Permiso.accion).where(
        Permiso.rol_id == rol_id, Permiso.permitido
    )
    return {f"{modulo}.{accion}" for modulo, accion in ctx.session.execute(query)}


def _poner_permisos(ctx: Ctx, rol_id: int, cambio: schemas.PermisosCambio) -> None:
    """Write the change; a permission that is taken keeps its row, so that no upgrade gives it."""
    query = select(Permiso).where(Permiso.rol_id == rol_id).with_for_update()
    filas = {(one.modulo, one.accion): one for one in ctx.session.scalars(query)}
    for uno in cambio.permisos:
        fila = filas.get((uno.modulo, uno.accion))
        if fila is None:
            fila = Permiso(rol_id=rol_id, modulo=uno.modulo, accion=uno.accion)
            filas[uno.modulo, uno.accion] = fila
            ctx.session.add(fila)
        fila.permitido = uno.permitido


def cambiar_rol(ctx: Ctx, rol: Rol, cambio: schemas.RolNuevo) -> None:
    """Refuse, before it is written, a change that the role doesn't allow.

    Raises:
        Conflict: an addon brings the role and knows it by its name.
        Forbidden: the role may do more than the user.
    """
    comprobar_rol(ctx, rol.id)
    [(nombre,)] = ctx.sql(NOMBRE, rol=rol.id)
    if rol.nombre != nombre and es_plantilla(ctx, nombre):
        raise Conflict(
            f"{nombre} es un rol de plantilla y conserva su nombre; cree otro rol.",
            code="rol_de_plantilla",
            field="nombre",
        )


def eliminar_rol(ctx: Ctx, rol_id: int) -> None:
    """Delete a role that nobody has.

    Raises:
        NotFound: there is no such role.
        Conflict: an addon brings it, or users have it.
        Forbidden: the role may do more than the user.
    """
    rol = _buscar(ctx, rol_id)
    comprobar_rol(ctx, rol_id)
    if es_plantilla(ctx, rol.nombre):
        raise Conflict("Un rol de plantilla no se elimina.", code="rol_de_plantilla")
    query = select(func.count()).select_from(Usuario).where(Usuario.rol_id == rol_id)
    usuarios = ctx.session.scalar(query) or 0
    if usuarios:
        raise Conflict(f"{usuarios} usuario(s) tienen este rol; deles otro primero.", code="en_uso")
    ctx.session.delete(rol)
    ctx.session.flush()


def _buscar(ctx: Ctx, rol_id: int) -> Rol:
    rol = ctx.session.get(Rol, rol_id)
    if rol is None:
        raise NotFound
    return rol
