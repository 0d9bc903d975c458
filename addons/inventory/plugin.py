"""What inventory declares to the kernel."""

import typer

from addons.inventory import commands, demo, jobs, models, permissions, routes, services, views
from kernel.demo import DemoData
from kernel.events import Subscriber
from kernel.health import HealthCheck
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.jobs import Job
from kernel.model import Model
from kernel.rbac import Permission, RowRule, Scope
from kernel.resource import Resource
from kernel.views import Menu, Patch, View


@hookimpl
def register_models() -> list[type[Model]]:
    """Warehouses, their stock, its movements."""
    return models.TABLES


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Warehouses, stock, movements, entries."""
    return [*routes.RESOURCES, *endpoints_in(routes)]


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may look at stock and move it."""
    return permissions.PERMISSIONS


@hookimpl
def register_scopes() -> list[Scope]:
    """Users can be confined to almacenes, besides their sucursales."""
    return services.SCOPES


@hookimpl
def register_row_rules() -> list[RowRule]:
    """A user confined to almacenes sees and moves these only."""
    return permissions.ROW_RULES


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """A sale takes its goods out of stock; who is confined makes nobody who is not."""
    return services.SUBSCRIBERS


@hookimpl
def register_jobs() -> list[Job]:
    """Notices of low stock."""
    return jobs.JOBS


@hookimpl
def register_commands() -> list[typer.Typer]:
    """``server.py inventory check``."""
    return commands.COMMANDS


@hookimpl
def register_health() -> list[HealthCheck]:
    """Stock is the sum of its movements."""
    cure = "Revise ese producto con /api/inventario/movimientos/ y registre un ajuste."
    return [HealthCheck("stock_igual_al_libro", services.revisar_libro, cure)]


@hookimpl
def register_views() -> list[View]:
    """Stock, movements, almacenes."""
    return views.VIEWS


@hookimpl
def register_view_patches() -> list[Patch]:
    """Stock on the screens of products."""
    return views.PATCHES


@hookimpl
def register_menus() -> list[Menu]:
    """Menu entries of those lists."""
    return views.MENUS


@hookimpl
def register_demo() -> list[DemoData]:
    """Warehouses and the movements of the demo's sales."""
    return [demo.DEMO]
