"""The kernel's own plugin: its endpoints and permissions go through the same hooks as any addon's.

Jobs, audit, installed addons, menus and views, and the explanation of a verdict.
"""

from __future__ import annotations

from typing import Any

from kernel import jobs, rbac, schedules, worker
from kernel.audit import AuditLog
from kernel.context import Ctx
from kernel.errors import NotFound
from kernel.hookspecs import hookimpl
from kernel.http import Endpoint, endpoint
from kernel.identity import Permiso, Rol, Sesion, Usuario
from kernel.idempotency import IdempotencyKey
from kernel.installed import AddonRow
from kernel.jobs import JobAttempt, JobRow
from kernel.model import Model
from kernel.preferences import Preference
from kernel.rbac import Permission
from kernel.remotes import Remote
from kernel.resource import Resource
from kernel.schemas import Answer, QueryId, Schema
from kernel.sequences import Counter

AUDIT = Resource(
    path="/api/audit-logs/",
    model=AuditLog,
    modulo="auditoria",
    fields=(
        "id", "usuario_id", "modulo", "accion", "objeto_tipo", "objeto_id",
        "datos_anteriores_json", "datos_nuevos_json", "ip", "user_agent", "request_id",
        "created_at",
    ),
    filters=("usuario_id", "modulo", "accion", "objeto_tipo", "objeto_id", "created_at"),
    sort=("-id", "created_at"),
    actions=("list", "detail", "export"),
)

JOBS = Resource(
    path="/api/jobs/",
    model=JobRow,
    modulo="jobs",
    fields=(
        "id", "name", "args", "status", "priority", "run_at", "deadline", "attempts",
        "max_attempts", "remote", "progress_done", "progress_total", "progress_line", "error",
        "usuario_id", "request_id", "created_at", "finished_at",
    ),
    filters=("name", "status", "remote", "usuario_id", "created_at"),
    sort=("-id", "run_at"),
    actions=("list", "detail", "export"),
)


class InstalledAddon(Answer):
    """An addon of the running generation."""

    name: str
    title: str
    version: str
    depends: dict[str, str]
    required: bool


class MenuEntry(Answer):
    """A menu entry that the user may open."""

    id: str
    title: str
    view: str
    parent: str
    icon: str
    order: int


class WhyQuery(Schema):
    """Which verdict to explain."""

    accion: str
    modelo: str = ""
    id: QueryId | None = None
    usuario_id: QueryId | None = None


@endpoint("POST", "/api/jobs/{id}/retry/", permission="jobs.editar")
def retry_job(ctx: Ctx, id: QueryId) -> dict[str, str]:
    """Run a failed or cancelled job again."""
    return {"status": jobs.retry(ctx, id)}


@endpoint("POST", "/api/jobs/{id}/cancel/", permission="jobs.editar")
def cancel_job(ctx: Ctx, id: QueryId) -> dict[str, str]:
    """Cancel a waiting job, or ask a running one to stop."""
    return {"status": jobs.cancel(ctx, id)}


@endpoint("GET", "/api/addons/", permission="addons.ver")
def list_addons(ctx: Ctx) -> list[InstalledAddon]:
    """The addons of the running generation, in dependency order."""
    return [InstalledAddon.model_validate(one) for one in ctx.runtime.registry.manifests]


@endpoint("GET", "/api/menus/", permission="")
def list_menus(ctx: Ctx) -> list[MenuEntry]:
    """The menu entries whose screen the user may open."""
    registry = ctx.runtime.registry
    views = {view.id: view for view in registry.gather("register_views")}
    return [
        MenuEntry.model_validate(menu)
        for menu in registry.gather("register_menus")
        if ctx.can(views[menu.view].permission)
    ]


@endpoint("GET", "/api/views/{id}/", permission="")
def show_view(ctx: Ctx, id: str) -> dict[str, Any]:
    """A declared screen, as data."""
    for view in ctx.runtime.registry.gather("register_views"):
        if view.id == id and ctx.can(view.permission):
            return {
                "id": view.id,
                "kind": view.kind,
                "title": view.title,
                "resource": view.resource,
                "fields": [
                    {"name": one.name, "label": one.label, "widget": one.widget}
                    for one in view.fields
                ],
            }
    raise NotFound


@endpoint("GET", "/api/why/", permission="")
def explain_verdict(ctx: Ctx, query: WhyQuery) -> rbac.Verdict:
    """Why a user may or may not do something, rule by rule."""
    return rbac.why(ctx, query.accion, query.modelo, query.id, query.usuario_id)


@hookimpl
def register_models() -> list[type[Model]]:
    """The kernel's tables."""
    return [
        Rol, Permiso, Usuario, Sesion, AuditLog, JobRow, JobAttempt, AddonRow, Counter,
        IdempotencyKey, Preference, Remote,
    ]


@hookimpl
def register_routes() -> list[Endpoint | Resource]:
    """The kernel's endpoints."""
    own = [retry_job, cancel_job, list_addons, list_menus, show_view, explain_verdict]
    return [AUDIT, JOBS, *own]


@hookimpl
def register_permissions() -> list[Permission]:
    """What can be granted about the kernel's own tables."""
    return [
        Permission("auditoria", "ver", "Ver la auditoría", ("CONTADOR",)),
        Permission("auditoria", "exportar", "Exportar la auditoría"),
        Permission("jobs", "ver", "Ver los trabajos en segundo plano"),
        Permission("jobs", "exportar", "Exportar los trabajos"),
        Permission("jobs", "editar", "Reintentar y cancelar trabajos"),
        Permission("addons", "ver", "Ver los addons instalados"),
        Permission("permisos", "ver", "Ver los permisos de otros"),
    ]


@hookimpl
def register_jobs() -> list[jobs.Job]:
    """Deliveries of events and the cleaning of old rows."""
    return [*worker.JOBS]


@hookimpl
def register_schedules() -> list[jobs.Schedule]:
    """When the cleaning runs."""
    return [*schedules.SCHEDULES]


