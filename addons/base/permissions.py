"""Who may administrate, and the roles that every company starts with. Source: módulo 9."""

from sqlalchemy import ColumnElement

from addons.base.models import Notificacion
from kernel.context import Ctx
from kernel.identity import ClaveApi
from kernel.rbac import Permission, Role, RowRule
from kernel.words import act, module, role, table

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
WORDS = [
    module("sucursales", "Sucursales"),
    module("usuarios", "Usuarios"),
    module("roles", "Roles"),
    module("claves_api", "Claves de API"),
    module("configuracion", "Datos de la empresa"),
    module("notificaciones", "Notificaciones"),
    act("aceptar_invitacion", "Aceptó la invitación"),
    act("cambiar_claves_demo", "Cambió las contraseñas de prueba"),
    act("cambiar_permisos", "Cambió los permisos"),
    act("cambiar_sucursales", "Cambió las sucursales"),
    act("cargar_demo", "Cargó los datos de prueba"),
    act("cerrar_sesion", "Registró una salida"),
    act("iniciar_sesion", "Registró un ingreso"),
    act("invitar", "Mandó la invitación"),
    act("pedir_enlace", "Pidió un enlace para su contraseña"),
    act("reautenticar", "Confirmó quién es"),
    act("renovar_codigos_recuperacion", "Renovó los códigos de recuperación"),
    act("restablecer_clave", "Cambió la contraseña"),
    act("revocar", "Revocó"),
    act("rotar", "Renovó la clave"),
    act("usar_codigo_recuperacion", "Usó un código de recuperación"),
    act("vincular_identidad", "Vinculó otra cuenta"),
    table("claves_api", "Clave de API"),
    table("configuracion", "Empresa"),
    table("notificaciones", "Notificación"),
    role("ADMIN", "Administrador"),
    role("GERENTE_VENTAS", "Gerente de ventas"),
    role("VENDEDOR", "Vendedor"),
    role("CAJERO", "Cajero"),
    role("SUPERVISOR_ALMACEN", "Supervisor de almacén"),
    role("CONTADOR", "Contador"),
    role("TRANSPORTISTA", "Transportista"),
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
