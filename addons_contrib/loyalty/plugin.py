"""What loyalty declares to the kernel."""

from pydantic import BaseModel

from addons_contrib.loyalty import (
    jobs,
    models,
    permissions,
    reports,
    routes,
    schemas,
    services,
    views,
)
from kernel.events import Subscriber
from kernel.extensions import Extension
from kernel.health import HealthCheck
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.jobs import Job, Schedule
from kernel.model import Model
from kernel.rbac import Permission
from kernel.reports import Report
from kernel.resource import Resource
from kernel.views import Menu, Patch, View
from kernel.widgets import Widget
from kernel.words import Word


@hookimpl
def register_models() -> list[type[Model]]:
    """Movements of points; the column on clientes comes with the import."""
    return models.TABLES


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Movements, a cliente's points, redeeming."""
    return [*routes.RESOURCES, *endpoints_in(routes)]


@hookimpl
def register_extensions() -> list[Extension]:
    """Points at the address of clientes."""
    return routes.EXTENSIONS


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may see and redeem points."""
    return permissions.PERMISSIONS


@hookimpl
def register_words() -> list[Word]:
    """What its modules, acts and records are read as."""
    return permissions.WORDS


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """A sale gives points, an annulment or a return takes them back, each in its transaction."""
    return services.SUBSCRIBERS


@hookimpl
def register_jobs() -> list[Job]:
    """Points expire."""
    return jobs.JOBS


@hookimpl
def register_schedules() -> list[Schedule]:
    """They do so at night."""
    return jobs.SCHEDULES


@hookimpl
def register_settings() -> list[type[BaseModel]]:
    """What a point costs, and how long it lasts."""
    return [schemas.Fidelizacion]


@hookimpl
def register_reports() -> list[Report]:
    """Points by cliente."""
    return reports.REPORTS


@hookimpl
def register_widgets() -> list[Widget]:
    """Points as a badge with a star."""
    return views.WIDGETS


@hookimpl
def register_views() -> list[View]:
    """The list of movements."""
    return views.VIEWS


@hookimpl
def register_view_patches() -> list[Patch]:
    """A column in the list of clientes, a panel and a button in their form."""
    return views.PATCHES


@hookimpl
def register_menus() -> list[Menu]:
    """The list, in the menu."""
    return views.MENUS


@hookimpl
def register_health() -> list[HealthCheck]:
    """Points are the sum of their movements."""
    return services.HEALTH
