"""What sales declares to the kernel."""

from pydantic import BaseModel

from addons.sales import (
    demo,
    jobs,
    models,
    pages,
    permissions,
    reports,
    routes,
    schemas,
    services,
    views,
)
from addons.sales.services import importaciones
from kernel.context import Ctx
from kernel.demo import DemoData
from kernel.events import EventType
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.imports import Import
from kernel.jobs import Job, Schedule
from kernel.model import Model
from kernel.rbac import FieldRule, Permission, RowRule
from kernel.reports import Report
from kernel.resource import Resource
from kernel.sequences import Sequence
from kernel.views import Menu, Step, View
from kernel.words import Word


@hookimpl
def register_models() -> list[type[Model]]:
    """Customers, products, cash drawers, sales."""
    return models.TABLES


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Resources and the endpoints with rules of their own."""
    return [*routes.RESOURCES, *endpoints_in(*routes.SUBJECTS)]


@hookimpl
def register_pages() -> list[Endpoint]:
    """The till."""
    return pages.PAGES


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may sell, and what else."""
    return permissions.PERMISSIONS


@hookimpl
def register_words() -> list[Word]:
    """What its modules, acts and records are read as."""
    return permissions.WORDS


@hookimpl
def register_row_rules() -> list[RowRule]:
    """A user confined to a sucursal sees its cajas and ventas only."""
    return permissions.ROW_RULES


@hookimpl
def register_field_rules() -> list[FieldRule]:
    """Costs are not for everybody."""
    return [FieldRule(models.Producto, "costo", "productos.ver_costo")]


@hookimpl
def register_events() -> list[EventType]:
    """What happens to sales and orders."""
    return services.EVENTS


@hookimpl
def register_jobs() -> list[Job]:
    """Notices, mail, the nightly end of offers."""
    return jobs.JOBS


@hookimpl
def register_schedules() -> list[Schedule]:
    """Offers end at night."""
    return jobs.SCHEDULES


@hookimpl
def register_settings() -> list[type[BaseModel]]:
    """For how long offers are good, and offline sales may take."""
    return [schemas.Ventas]


@hookimpl
def register_sequences() -> list[Sequence]:
    """Numbers without gaps: of sales within a caja, of closings within a sucursal, of the rest."""
    return services.SEQUENCES


@hookimpl
def register_reports() -> list[Report]:
    """Sales by day."""
    return reports.REPORTS


@hookimpl
def register_imports() -> list[Import]:
    """Customers, products, prices of lists."""
    return importaciones.IMPORTS


@hookimpl
def register_views() -> list[View]:
    """Sales, products, customers, cash drawers."""
    return views.VIEWS


@hookimpl
def register_steps() -> list[Step]:
    """Products, and a caja to sell them."""
    return views.STEPS


@hookimpl
def register_menus() -> list[Menu]:
    """Menu entries of those lists."""
    return views.MENUS


@hookimpl
def addon_installed(ctx: Ctx) -> None:
    """Load the usual payment methods."""
    ctx.session.add_all(models.MetodoPago(**one) for one in permissions.METODOS_PAGO)


@hookimpl
def register_demo() -> list[DemoData]:
    """Products, customers, and three months of sales."""
    return [demo.DEMO]
