"""Who may administrate, and the roles that every company starts with. Source: módulo 9."""

from sqlalchemy import ColumnElement

from addons.base.models import Notificacion
from kernel.context import Ctx
from kernel.identity import ClaveApi
from kernel.rbac import Permission, Role, RowRule

ALL = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO", "SUPERVISOR_ALMACEN", "CONTADOR", "TRANSPORTISTA")

PERMISSIONS = [
    Permission("sucursales", "ver", "Ver las sucursales", ALL),
    Permission("sucursales", "crear", "Crear sucursales"),
    Permission("sucursales", "editar", "Editar sucursales"),
    Permission("sucursales", "eliminar", "Eliminar sucursales"),
    Permission("sucursales", "exportar", "Exportar sucursales"),
    Permission("usuarios", "ver", "Ver los usuarios"),
    Permission("usuarios", "crear", "Crear usuarios"),
    Permission("usuarios", "editar", "Editar usuarios"),
    Permission("roles", "ver", "Ver los roles"),
    Permission("roles", "crear", "Crear roles"),
    Permission("roles", "editar", "Cambiar lo que un rol puede hacer"),
    Permission("roles", "eliminar", "Eliminar roles"),
    Permission("claves_api", "ver", "Ver sus claves API"),
    Permission("claves_api", "crear", "Crear y renovar sus claves API"),
    Permission("claves_api", "eliminar", "Revocar claves API"),
    Permission("claves_api", "administrar", "Ver y revocar las claves API de otros"),
    Permission("configuracion", "ver", "Ver los datos de la empresa", ALL),
    Permission("configuracion", "editar", "Cambiar los datos de la empresa"),
    Permission("notificaciones", "ver", "Ver sus notificaciones", ALL),
]


def _claves_api(ctx: Ctx) -> ColumnElement[bool] | None:
    return None if ctx.can("claves_api.administrar") else ClaveApi.usuario_id == ctx.user_id


def _notificaciones(ctx: Ctx) -> ColumnElement[bool]:
    return Notificacion.usuario_id == ctx.user_id


ROW_RULES = [
    RowRule("base.notificaciones", Notificacion, _notificaciones, "Solo sus notificaciones."),
    RowRule("base.claves_api", ClaveApi, _claves_api, "Solo sus propias claves API."),
]

ROLES = [
    Role("ADMIN", "Administra todo"),
    Role("GERENTE_VENTAS", "Dirige las ventas de sus sucursales"),
    Role("VENDEDOR", "Vende y cotiza"),
    Role("CAJERO", "Vende en caja"),
    Role("SUPERVISOR_ALMACEN", "Dirige sus almacenes"),
    Role("CONTADOR", "Lleva los libros y los tributos"),
    Role("TRANSPORTISTA", "Reparte pedidos"),
]
