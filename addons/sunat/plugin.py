"""What sunat declares to the kernel."""

from pydantic import BaseModel

from addons.sunat import (
    demo,
    jobs,
    models,
    pages,
    permissions,
    reports,
    routes,
    schemas,
    views,
)
from addons.sunat.services import empresa
from kernel.context import Ctx
from kernel.demo import DemoData
from kernel.events import EventType, Subscriber
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoints_in
from kernel.jobs import Job, Schedule
from kernel.model import Model
from kernel.rbac import Permission, RowRule
from kernel.reports import Report
from kernel.resource import Resource
from kernel.sequences import Sequence
from kernel.views import Menu, Patch, View
from kernel.words import Word


@hookimpl
def register_models() -> list[type[Model]]:
    """Comprobantes, what was told and asked of them, and what the company issues with."""
    return models.TABLES


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """Issuing, notes, files, resending, and what the company issues with."""
    return [*routes.RESOURCES, *endpoints_in(*routes.SUBJECTS)]


@hookimpl
def register_pages() -> list[Endpoint]:
    """Numbers of each series, and what waits for SUNAT."""
    return pages.PAGES


@hookimpl
def register_permissions() -> list[Permission]:
    """Who may issue, look and set up."""
    return permissions.PERMISSIONS


@hookimpl
def register_words() -> list[Word]:
    """What its modules, acts and records are read as."""
    return permissions.WORDS


@hookimpl
def register_row_rules() -> list[RowRule]:
    """A user confined to a sucursal sees its comprobantes only."""
    return permissions.ROW_RULES


@hookimpl
def register_events() -> list[EventType]:
    """SUNAT answered."""
    name = "comprobante_respondido"
    return [EventType(name, schemas.ComprobanteCambio, "SUNAT respondió a un comprobante.")]


@hookimpl
def register_subscribers() -> list[Subscriber]:
    """A sale has its comprobante; an annulled one has it voided."""
    return jobs.SUBSCRIBERS


@hookimpl
def register_jobs() -> list[Job]:
    """Sending and retrying."""
    return jobs.JOBS


@hookimpl
def register_schedules() -> list[Schedule]:
    """What waits is tried again every quarter of an hour."""
    return jobs.SCHEDULES


@hookimpl
def register_sequences() -> list[Sequence]:
    """Comprobantes are numbered without gaps, by type and series; resúmenes by day."""
    return [Sequence("comprobante"), Sequence("resumen")]


@hookimpl
def register_settings() -> list[type[BaseModel]]:
    """To whom the company sends, and what it issues by itself."""
    return [schemas.Facturacion]


@hookimpl
def register_reports() -> list[Report]:
    """What became of every number."""
    return reports.REPORTS


@hookimpl
def register_views() -> list[View]:
    """Lists of comprobantes, sendings, series and certificates."""
    return views.VIEWS


@hookimpl
def register_view_patches() -> list[Patch]:
    """A sale leads to its comprobantes."""
    return views.PATCHES


@hookimpl
def register_menus() -> list[Menu]:
    """Menu entries of those lists."""
    return views.MENUS


@hookimpl
def addon_installed(ctx: Ctx) -> None:
    """Give the company its usual series."""
    empresa.preparar(ctx)


@hookimpl
def register_demo() -> list[DemoData]:
    """The last sales of the demo have comprobantes."""
    return [demo.DEMO]
