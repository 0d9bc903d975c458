"""Jobs over REST and on pages: what runs, ran and failed; to cancel, to try again."""

from __future__ import annotations

from kernel import jobs, remotes
from kernel.context import Ctx
from kernel.http import endpoint
from kernel.jobs import JobRow
from kernel.rbac import Permission
from kernel.resource import Resource
from kernel.schemas import QueryId
from kernel.views import (
    Button,
    Choice,
    Column,
    Field,
    Filter,
    FormView,
    ListView,
    Section,
    StateBar,
    View,
)

RESOURCE = Resource(
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

PERMISSIONS = (
    Permission("jobs", "ver", "Ver los trabajos en segundo plano"),
    Permission("jobs", "exportar", "Exportar los trabajos"),
    Permission("jobs", "editar", "Reintentar y cancelar trabajos"),
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
            Column("name", "Tarea", "job"),
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
]


@endpoint("POST", "/api/jobs/{id}/retry/", permission="jobs.editar")
def retry_job(ctx: Ctx, id: QueryId) -> dict[str, str]:
    """Vuelve a ejecutar un trabajo fallido o cancelado."""
    return {"status": jobs.retry(ctx, id)}


@endpoint("POST", "/api/jobs/{id}/cancel/", permission="jobs.editar")
def cancel_job(ctx: Ctx, id: QueryId) -> dict[str, str]:
    """Cancela un trabajo en espera o pide que se detenga."""
    return {"status": jobs.cancel(ctx, id)}


@endpoint("POST", "/api/remotes/{name}/resume/", permission="jobs.editar")
def resume_remote(ctx: Ctx, name: str) -> dict[str, str]:
    """Permite otra vez los trabajos de un servicio detenido."""
    remotes.resume_remote(ctx, name)
    return {"name": name}
