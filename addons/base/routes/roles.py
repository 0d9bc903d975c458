"""Roles and permissions."""

from addons.base import schemas
from addons.base.services import roles
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.identity import Rol
from kernel.resource import Resource
from kernel.schemas import QueryId

ROLES = Resource(
    path="/api/roles/",
    model=Rol,
    modulo="roles",
    fields=("id", "nombre", "descripcion", "exige_2fa"),
    create=schemas.RolNuevo,
    sort=("id", "nombre"),
    actions=("list", "detail", "create", "update"),
    update_with=roles.cambiar_rol,
)


@endpoint("GET", "/api/roles/{id}/permisos/", permission="roles.ver")
def ver_permisos(ctx: Ctx, id: QueryId) -> schemas.PermisosDelRol:
    """Lo que un rol puede hacer."""
    return roles.permisos_del_rol(ctx, id)


@endpoint("PUT", "/api/roles/{id}/permisos/", permission="roles.editar")
def cambiar_permisos(
    ctx: Ctx, id: QueryId, cambio: schemas.PermisosCambio
) -> schemas.PermisosDelRol:
    """Cambia lo que un rol puede hacer."""
    return roles.actualizar_permisos(ctx, id, cambio)


@endpoint("DELETE", "/api/roles/{id}/", permission="roles.eliminar", status=204, statuses=(409,))
def eliminar_rol(ctx: Ctx, id: QueryId) -> None:
    """Elimina un rol que nadie tiene."""
    roles.eliminar_rol(ctx, id)


@endpoint("GET", "/api/permisos/", permission="roles.ver")
def ver_catalogo(ctx: Ctx) -> list[schemas.ModuloDePermisos]:
    """Todas las acciones de los módulos instalados."""
    return roles.catalogo(ctx)
