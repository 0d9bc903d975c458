"""What inventory declares to the kernel."""

import typer
from pydantic import BaseModel

from addons.inventory import (
    commands,
    demo,
    jobs,
    models,
    pages,
    permissions,
    reports,
    routes,
    services,
    views,
)
from addons.inventory.services import alcance, alertas, importaciones, ventas
from kernel.demo import DemoData
from kernel.events import EventType, Subscriber
from kernel.extensions import Extension
from kernel.health import HealthCheck
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.imports import Import
from kernel.jobs import Job, Schedule
from kernel.model import Model
from kernel.rbac import FieldRule, Permission, RowRule, Scope
from kernel.reports import Report
from kernel.resource import Resource
from kernel.views import Menu, Patch, Step, View
from kernel.words import Word


@hookimpl
def register_models() -> list[type[Model]]:
    """Warehouses, lots, stock and its movements, transfers, counts."""
    return models.TABLES


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Warehouses, stock, and all that moves it."""
    return [*routes.RESOURCES, *endpoints_in(*routes.SUBJECTS)]


@hookimpl
def register_extensions() -> list[Extension]:
    """How a product is traced, at the address of products."""
    return routes.EXTENSIONS


@hookimpl
def register_pages() -> list[Endpoint]:
    """The kardex of a product, the trace of a lot."""
    return pages.PAGES


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may look at stock and move it."""
    return permissions.PERMISSIONS


@hookimpl
def register_words() -> list[Word]:
    """What its modules, acts and records are read as."""
    return permissions.WORDS


@hookimpl
def register_scopes() -> list[Scope]:
    """Users can be confined to almacenes, besides their sucursales."""
    return alcance.SCOPES


@hookimpl
def register_row_rules() -> list[RowRule]:
    """A user confined to almacenes sees and moves these only."""
    return permissions.ROW_RULES


@hookimpl
def register_events() -> list[EventType]:
    """The goods of a transfer left."""
    return services.EVENTS


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """What sales do to stock; who is confined makes nobody who is not."""
    return [*ventas.SUBSCRIBERS, *alcance.SUBSCRIBERS]


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Costs are not for everybody."""
    return permissions.FIELD_RULES


@hookimpl
def register_jobs() -> list[Job]:
    """Alerts, reservations that end, partitions."""
    return jobs.JOBS


@hookimpl
def register_schedules() -> list[Schedule]:
    """Alerts at eight; partitions at night."""
    return jobs.SCHEDULES


@hookimpl
def register_settings() -> list[type[BaseModel]]:
    """Which alerts there are."""
    return [alertas.Alertas]


@hookimpl
def register_reports() -> list[Report]:
    """The kardex, what the stock is worth, the sheet of a count."""
    return reports.REPORTS


@hookimpl
def register_imports() -> list[Import]:
    """Opening stock."""
    return importaciones.IMPORTS


@hookimpl
def register_commands() -> list[typer.Typer]:
    """``server.py inventory check``."""
    return commands.COMMANDS


@hookimpl
def register_health() -> list[HealthCheck]:
    """Stock is the sum of its movements, costs are what they come to, partitions are ahead."""
    return services.HEALTH


@hookimpl
def register_views() -> list[View]:
    """Lists of stock, movements, lots, transfers, counts."""
    return views.VIEWS


@hookimpl
def register_view_patches() -> list[Patch]:
    """Stock on the screens of products."""
    return views.PATCHES


@hookimpl
def register_steps() -> list[Step]:
    """A warehouse."""
    return views.STEPS


@hookimpl
def register_menus() -> list[Menu]:
    """Menu entries of those lists."""
    return views.MENUS


@hookimpl
def register_demo() -> list[DemoData]:
    """Warehouses and the movements of the demo's sales."""
    return [demo.DEMO]
