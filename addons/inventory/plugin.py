"""What inventory declares to the kernel."""

from addons.inventory import jobs, models, routes, services, views
from kernel.events import Subscriber
from kernel.health import HealthCheck
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.jobs import Job
from kernel.model import Model
from kernel.rbac import Permission
from kernel.resource import Resource
from kernel.views import Menu, View

CUIDAN = ("SUPERVISOR_ALMACEN",)
MIRAN = (*CUIDAN, "GERENTE_VENTAS", "CONTADOR")


@hookimpl
def register_models() -> list[type[Model]]:
    """Warehouses, their stock, its movements."""
    return [models.Almacen, models.ProductoAlmacen, models.MovimientoStock]


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Warehouses, stock, movements, entries."""
    return [routes.ALMACENES, routes.STOCK, routes.MOVIMIENTOS, *endpoints_in(routes)]


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may look at stock and move it."""
    return [
        Permission("almacenes", "ver", "Ver los almacenes", (*MIRAN, "VENDEDOR", "CAJERO")),
        Permission("almacenes", "crear", "Crear almacenes"),
        Permission("almacenes", "editar", "Editar almacenes"),
        Permission("almacenes", "eliminar", "Eliminar almacenes"),
        Permission("almacenes", "exportar", "Exportar los almacenes"),
        Permission("stock", "ver", "Ver el stock y sus movimientos", MIRAN),
        Permission("stock", "exportar", "Exportar el stock", MIRAN),
        Permission("stock", "entrada", "Registrar entradas", CUIDAN),
    ]


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """A sale takes its goods out of stock, in its own transaction."""
    return [Subscriber("venta_registrada", services.descontar_venta)]


@hookimpl
def register_jobs() -> list[Job]:
    """Notices of low stock."""
    return jobs.JOBS


@hookimpl
def register_health() -> list[HealthCheck]:
    """Stock is the sum of its movements."""
    cure = "Revise ese producto con /api/inventario/movimientos/ y registre un ajuste."
    return [HealthCheck("stock_igual_al_libro", services.revisar_libro, cure)]


@hookimpl
def register_views() -> list[View]:
    """Lists of stock and movements."""
    return views.VIEWS


@hookimpl
def register_menus() -> list[Menu]:
    """Menu entries of those lists."""
    return views.MENUS
