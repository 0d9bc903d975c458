"""The kernel's own plugin: its endpoints and permissions go through the same hooks as any addon's.

Jobs, audit, installed addons, menus and views, and the explanation of a verdict.
"""

from __future__ import annotations

import sys
from typing import Any, cast

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as SchemaField

from kernel import (
    addon_routes,
    attachments,
    bulk,
    import_routes,
    import_runs,
    import_tables,
    jobs,
    preferences,
    rbac,
    remotes,
    saved_views,
    schedules,
    sealing,
    throttle,
    timeline,
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
from kernel.messages import validation_failed
from kernel.model import Model
from kernel.preferences import Mapa, Preference, Regional
from kernel.rbac import Permission
from kernel.remotes import Remote
from kernel.resource import Resource
from kernel.schedules import ScheduleRun
from kernel.schemas import Answer, QueryId, Schema
from kernel.sequences import Counter
from kernel.throttle import Intentos
from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    ListView,
    Menu,
    Section,
    StateBar,
    View,
)

JOBS = Resource(
    path="/api/jobs/",
    model=JobRow,
    modulo="jobs",
    fields=(
        "id",
        "name",
        "args",
        "status",
        "priority",
        "run_at",
        "deadline",
        "attempts",
        "max_attempts",
        "remote",
        "progress_done",
        "progress_total",
        "progress_line",
        "error",
        "usuario_id",
        "request_id",
        "created_at",
        "finished_at",
    ),
    filters=("name", "status", "remote", "usuario_id", "created_at"),
    sort=("-id", "run_at"),
    actions=("list", "detail", "export"),
)


ESTADOS = (
    Choice("queued", "En espera", "info"),
    Choice("running", "En curso", "info"),
    Choice("done", "Hecha", "good"),
    Choice("failed", "Fallida", "bad"),
    Choice("parked", "Apartada", "warn"),
    Choice("cancelled", "Cancelada"),
)
VIEWS: list[View] = [
    ListView(
        "kernel.jobs.list",
        "Tareas",
        "jobs.ver",
        "/api/jobs/",
        (
            Column("id", "N.º"),
            Column("name", "Tarea"),
            Column("status", "Estado", choices=ESTADOS),
            Column("progress_line", "Avance"),
            Column("attempts", "Intentos", optional=True),
            Column("error", "Error"),
            Column("run_at", "Para", optional=True),
            Column("created_at", "Creada"),
            Column("finished_at", "Terminada"),
        ),
        filters=(Filter("fallidas", "Fallidas", "status=failed"),),
        icon="workflow",
        empty="Todavía no hubo trabajo en segundo plano.",
    ),
    FormView(
        "kernel.jobs.form",
        "Tarea",
        "jobs.ver",
        "/api/jobs/",
        (
            Section(
                "tarea",
                fields=(
                    Field("progress_line", "Avance", span=2),
                    Field("progress_done", "Hecho"),
                    Field("progress_total", "Total"),
                    Field("attempts", "Intentos"),
                    Field("max_attempts", "Intentos como máximo"),
                    Field("run_at", "Para"),
                    Field("deadline", "Plazo"),
                    Field("remote", "Servicio"),
                    Field("usuario_id", "Usuario"),
                    Field("created_at", "Creada"),
                    Field("finished_at", "Terminada"),
                    Field("args", "Parámetros", span=4),
                    Field("error", "Error", span=4),
                ),
            ),
        ),
        buttons=(
            Button(
                "reintentar",
                "Reintentar",
                "/api/jobs/{id}/retry/",
                "rotate-ccw",
                when=("failed", "cancelled"),
            ),
            Button(
                "cancelar",
                "Cancelar",
                "/api/jobs/{id}/cancel/",
                "ban",
                when=("queued", "running", "parked"),
            ),
        ),
        states=StateBar("status", ESTADOS),
        name="name",
        live=("queued", "running"),
    ),
    ListView(
        "kernel.audit.list",
        "Auditoría",
        "auditoria.ver",
        "/api/audit-logs/",
        (
            Column("created_at", "Cuándo"),
            Column("usuario", "Quién"),
            Column("modulo", "Módulo"),
            Column("accion", "Acción"),
            Column("objeto_tipo", "Registro"),
            Column("objeto_id", "N.º"),
            Column("ip", "Dirección IP", optional=True),
            Column("sello", "Sello", optional=True),
        ),
        filters=(Filter("hoy", "Hoy", "created_at__gte=@today"),),
        icon="history",
    ),
    FormView(
        "kernel.audit.form",
        "Acto",
        "auditoria.ver",
        "/api/audit-logs/",
        (
            Section(
                "acto",
                fields=(
                    Field("created_at", "Cuándo"),
                    Field("usuario", "Quién", span=2),
                    Field("accion", "Acción"),
                    Field("modulo", "Módulo"),
                    Field("objeto_tipo", "Registro"),
                    Field("objeto_id", "N.º"),
                    Field("sello", "Sello"),
                    Field("ip", "Dirección IP"),
                    Field("user_agent", "Programa", span=3),
                ),
            ),
            Section(
                "cambios",
                "Cambios",
                (
                    Field("datos_anteriores_json", "Antes", "changes", span=2),
                    Field("datos_nuevos_json", "Después", "changes", span=2),
                ),
            ),
        ),
        name="accion",
    ),
]
MENUS = [
    Menu("kernel.sistema", "Sistema", order=900, icon="settings"),
    Menu(
        "kernel.addons",
        "Aplicaciones",
        parent="kernel.sistema",
        icon="puzzle",
        order=910,
        page="/app/aplicaciones/",
        permission="addons.ver",
    ),
    Menu(
        "kernel.importaciones",
        "Importar",
        parent="kernel.sistema",
        icon="upload",
        order=915,
        page="/app/importaciones/",
        permission="importaciones.crear",
    ),
    Menu("kernel.jobs", "Tareas", "kernel.jobs.list", "kernel.sistema", "workflow", 920),
    Menu(
        "kernel.settings",
        "Configuración",
        parent="kernel.sistema",
        icon="settings",
        order=990,
        page="/app/ajustes/",
        permission="ajustes.ver",
    ),
    Menu("kernel.audit", "Auditoría", "kernel.audit.list", "kernel.sistema", "history", 930),
]


class SettingsGroup(Answer):
    """A group of settings: its values, and the JSON Schema they follow."""

    name: str
    values: dict[str, Any]
    schema_: dict[str, Any] = SchemaField(alias="schema", serialization_alias="schema")

    model_config = ConfigDict(populate_by_name=True)


class SettingsChange(Schema):
    """Values to change."""

    values: dict[str, Any]


class WhyQuery(Schema):
    """Which verdict to explain."""

    accion: str
    modelo: str = ""
    id: QueryId | None = None
    usuario_id: QueryId | None = None


@endpoint("POST", "/api/jobs/{id}/retry/", permission="jobs.editar")
def retry_job(ctx: Ctx, id: QueryId) -> dict[str, str]:
    """Vuelve a ejecutar un trabajo fallido o cancelado."""
    return {"status": jobs.retry(ctx, id)}


@endpoint("POST", "/api/jobs/{id}/cancel/", permission="jobs.editar")
def cancel_job(ctx: Ctx, id: QueryId) -> dict[str, str]:
    """Cancela un trabajo en espera o pide que se detenga."""
    return {"status": jobs.cancel(ctx, id)}


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


@endpoint("GET", "/api/settings/", permission="ajustes.ver")
def list_settings(ctx: Ctx) -> list[SettingsGroup]:
    """Los ajustes del núcleo y de los addons."""
    groups = ctx.runtime.registry.gather("register_settings")
    return [_group(ctx, kind) for kind in groups]


@endpoint("GET", "/api/settings/{name}/", permission="ajustes.ver")
def show_settings(ctx: Ctx, name: str) -> SettingsGroup:
    """Los ajustes de un grupo."""
    return _group(ctx, _settings_kind(ctx, name))


@endpoint("PUT", "/api/settings/{name}/", permission="ajustes.editar")
def change_settings(ctx: Ctx, name: str, change: SettingsChange) -> SettingsGroup:
    """Cambia valores de un grupo; el resto queda."""
    kind = _settings_kind(ctx, name)
    try:
        together = {**ctx.config(kind).model_dump(), **change.values}
        value = kind.model_validate(together, extra="forbid")
    except ValidationError as error:
        raise validation_failed(error, "values.") from None
    ctx.runtime.preferences.write(ctx.session, value)
    return _group(ctx, kind)


def _settings_kind(ctx: Ctx, name: str) -> type[BaseModel]:
    for kind in ctx.runtime.registry.gather("register_settings"):
        if preferences.name_of(kind) == name:
            return cast("type[BaseModel]", kind)
    raise NotFound


def _group(ctx: Ctx, kind: type[BaseModel]) -> SettingsGroup:
    return SettingsGroup(
        name=preferences.name_of(kind),
        values=ctx.config(kind).model_dump(mode="json"),
        schema_=kind.model_json_schema(),
    )


@endpoint("POST", "/api/remotes/{name}/resume/", permission="jobs.editar")
def resume_remote(ctx: Ctx, name: str) -> dict[str, str]:
    """Permite otra vez los trabajos de un servicio detenido."""
    remotes.resume_remote(ctx, name)
    return {"name": name}


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
        import_tables.Importacion,
        import_tables.FilaRechazada,
        import_tables.MapeoRecordado,
    ]


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """The kernel's endpoints."""
    mine = (sys.modules[__name__], saved_views, addon_routes, attachments, timeline, import_routes)
    resources = (timeline.RESOURCE, JOBS, attachments.RESOURCE, import_routes.RESOURCE)
    return [*resources, *endpoints_in(*mine)]


@hookimpl
def register_permissions() -> list[Permission]:
    """What can be granted about the kernel's own tables."""
    return [
        *timeline.PERMISSIONS,
        Permission("jobs", "ver", "Ver los trabajos en segundo plano"),
        Permission("jobs", "exportar", "Exportar los trabajos"),
        Permission("jobs", "editar", "Reintentar y cancelar trabajos"),
        *addon_routes.PERMISSIONS,
        Permission("ajustes", "ver", "Ver los ajustes"),
        Permission("ajustes", "editar", "Cambiar los ajustes"),
        Permission("permisos", "ver", "Ver los permisos de otros"),
        *attachments.PERMISSIONS,
        *saved_views.PERMISSIONS,
        *import_routes.PERMISSIONS,
    ]


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
    return VIEWS


@hookimpl
def register_menus() -> list[Menu]:
    """The group of the system, and its lists."""
    return MENUS


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
