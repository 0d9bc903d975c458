"""What base declares to the kernel."""

from addons.base import jobs, models, routes, services
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.jobs import Job, Schedule
from kernel.model import Model
from kernel.rbac import Permission, Role, Scope
from kernel.resource import Resource

ALL = ("GERENTE_VENTAS", "VENDEDOR", "CAJERO", "SUPERVISOR_ALMACEN", "CONTADOR", "TRANSPORTISTA")


@hookimpl
def register_models() -> list[type[Model]]:
    """``configuracion`` and ``sucursales``."""
    return [models.Sucursal, models.Configuracion]


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Login, users, roles, company, sucursales."""
    return [routes.SUCURSALES, routes.USUARIOS, routes.ROLES, *endpoints_in(routes)]


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may administrate."""
    return [
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
        Permission("configuracion", "ver", "Ver los datos de la empresa", ALL),
        Permission("configuracion", "editar", "Cambiar los datos de la empresa"),
    ]


@hookimpl
def register_roles() -> list[Role]:
    """The roles of the specification, as templates."""
    return [Role(nombre, descripcion) for nombre, descripcion in services.ROLES.items()]


@hookimpl
def register_scopes() -> list[Scope]:
    """Users can be confined to a sucursal."""
    return [Scope("sucursales", services.sucursales_del_usuario)]


@hookimpl
def register_jobs() -> list[Job]:
    """Cleaning of old sessions."""
    return jobs.JOBS


@hookimpl
def register_schedules() -> list[Schedule]:
    """When old sessions are cleaned."""
    return jobs.SCHEDULES
