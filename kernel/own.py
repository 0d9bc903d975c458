"""The kernel's own plugin: its endpoints and permissions go through the same hooks as any addon's.

Menus and views as data, and the explanation of a verdict, have their addresses here; the rest is
gathered from the kernel's modules.
"""

from __future__ import annotations

import sys

from pydantic import BaseModel

from kernel import (
    addon_routes,
    attachments,
    bulk,
    import_routes,
    import_runs,
    import_tables,
    job_routes,
    jobs,
    own_views,
    own_words,
    rbac,
    saved_views,
    schedules,
    sealing,
    settings_routes,
    throttle,
    timeline,
    visits,
    worker,
)
from kernel.attachments import Adjunto
from kernel.audit import AuditLog
from kernel.chain import AuditLink, AuditSeal
from kernel.context import Ctx
from kernel.errors import NotFound
from kernel.generations import GenerationRow, ProcessRow
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoint, endpoints_in
from kernel.idempotency import IdempotencyKey
from kernel.identity import ClaveApi, Permiso, Rol, Sesion, Usuario
from kernel.installed import AddonRow
from kernel.jobs import JobAttempt, JobRow
from kernel.model import Model
from kernel.preferences import Mapa, Preference, Regional
from kernel.rbac import Permission
from kernel.remotes import Remote
from kernel.resource import Resource
from kernel.schedules import ScheduleRun
from kernel.schemas import QueryId, Schema
from kernel.sequences import Counter
from kernel.throttle import Intentos
from kernel.views import Menu, View
from kernel.words import Word


class WhyQuery(Schema):
    """Which verdict to explain."""

    accion: str
    modelo: str = ""
    id: QueryId | None = None
    usuario_id: QueryId | None = None


@endpoint("GET", "/api/menus/", permission="")
def list_menus(ctx: Ctx) -> list[Menu]:
    """Las entradas de menú que el usuario puede abrir, y los grupos en que están."""
    return ctx.runtime.registry.screens.entries(ctx.can)


@endpoint("GET", "/api/views/{id}/", permission="")
def show_view(ctx: Ctx, id: str) -> View:
    """Una pantalla declarada, como datos: con lo que los addons le añaden, y lo que usted ve."""
    registry = ctx.runtime.registry
    found = registry.screens.shown(id, registry.eyes(ctx.can))
    if found is None:
        raise NotFound
    return found


@endpoint("GET", "/api/why/", permission="", statuses=(404,))
def explain_verdict(ctx: Ctx, query: WhyQuery) -> rbac.Verdict:
    """Por qué un usuario puede o no hacer algo, regla por regla."""
    return rbac.why(ctx, query.accion, query.modelo, query.id, query.usuario_id)


@hookimpl
def register_models() -> list[type[Model]]:
    """The kernel's tables."""
    return [
        Rol,
        Permiso,
        Usuario,
        Sesion,
        ClaveApi,
        Intentos,
        Adjunto,
        AuditLog,
        AuditLink,
        AuditSeal,
        JobRow,
        JobAttempt,
        ScheduleRun,
        Remote,
        AddonRow,
        GenerationRow,
        ProcessRow,
        Counter,
        IdempotencyKey,
        Preference,
        saved_views.VistaGuardada,
        visits.RegistroVisto,
        import_tables.Importacion,
        import_tables.FilaRechazada,
        import_tables.MapeoRecordado,
    ]


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """The kernel's endpoints."""
    mine = sys.modules[__name__], job_routes, settings_routes
    others = saved_views, addon_routes, attachments, timeline, import_routes
    resources = timeline, job_routes, attachments, import_routes
    return [*(one.RESOURCE for one in resources), *endpoints_in(*mine, *others)]


@hookimpl
def register_permissions() -> list[Permission]:
    """What can be granted about the kernel's own tables."""
    return [
        *timeline.PERMISSIONS,
        *job_routes.PERMISSIONS,
        *addon_routes.PERMISSIONS,
        *settings_routes.PERMISSIONS,
        Permission("permisos", "ver", "Ver los permisos de otros"),
        *attachments.PERMISSIONS,
        *saved_views.PERMISSIONS,
        *import_routes.PERMISSIONS,
    ]


@hookimpl
def register_words() -> list[Word]:
    """What the kernel's own codes are read as."""
    return own_words.WORDS


@hookimpl
def register_row_rules() -> list[rbac.RowRule]:
    """Attachments are seen with their records, imports by who made them, acts by who may."""
    return [*attachments.ROW_RULES, *timeline.ROW_RULES, *import_routes.ROW_RULES]


@hookimpl
def register_settings() -> list[type[BaseModel]]:
    """Where the company is, and where its maps come from."""
    return [Regional, Mapa]


@hookimpl
def register_views() -> list[View]:
    """What the system does, and did."""
    return [*job_routes.VIEWS, *own_views.VIEWS]


@hookimpl
def register_menus() -> list[Menu]:
    """The group of the system, and its lists."""
    return own_views.MENUS


@hookimpl
def register_jobs() -> list[jobs.Job]:
    """Deliveries of events, imports, acts on all that match, and the cleaning of old rows."""
    mine = (worker, sealing, attachments, throttle, import_runs, bulk)
    return [one for module in mine for one in module.JOBS]


@hookimpl
def register_schedules() -> list[jobs.Schedule]:
    """When the cleaning runs."""
    mine = (schedules, sealing, attachments, throttle, import_runs)
    return [one for module in mine for one in module.SCHEDULES]
