"""Addresses on addons: what there is, what a change would do, asking for it, and how it goes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints
from sqlalchemy.exc import IntegrityError

from kernel import addon_archive, addon_changes, apart, db, generations, installed, manifest
from kernel.addon_changes import Action
from kernel.context import Ctx
from kernel.errors import NotFound, Unprocessable
from kernel.http import endpoint
from kernel.manifest import Manifest
from kernel.rbac import Permission
from kernel.schemas import Answer, QueryId, Schema, Text

PLAN_SECONDS = 120.0

PERMISSIONS = [
    Permission("addons", "ver", "Ver los addons y lo que haría un cambio"),
    Permission("addons", "cambiar", "Instalar, activar, desactivar y quitar addons"),
]

State = Literal["enabled", "disabled", "archived", "available", "invalid", "missing"]


class Addon(Answer):
    """An addon that this host offers or the database knows."""

    name: str
    title: str
    state: State
    reason: str = Field(default="", description="Por qué no se puede usar o no está activo.")
    version: str = Field(default="", description="La de este equipo.")
    installed: str = Field(default="", description="La de la base de datos.")
    upgrade: bool = Field(default=False, description="Si este equipo tiene otra versión.")
    summary: dict[str, str] = Field(default_factory=dict)
    depends: dict[str, str] = Field(default_factory=dict)
    conflicts: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    country: str = ""
    icon: str = ""
    retention_years: int = 0
    retained_until: date | None = Field(default=None, description="Hasta cuándo no se purga.")
    required: bool = False
    archives: tuple[str, ...] = Field(default=(), description="Archivos que se pueden importar.")


class Process(Answer):
    """A process of a host: which generation it serves and how it is."""

    host: str
    name: str
    kind: str
    pid: int
    generation: int
    state: str
    error: str
    seen_at: datetime


class GenerationState(Answer):
    """A change of addons, and who serves its generation."""

    generation: int
    action: str
    addons: list[str] = Field(description="De qué addons trata el cambio.")
    served: dict[str, str] = Field(description="Qué se sirve: addon → versión.")
    state: str
    error: str
    archive: str
    statements: list[str]
    created_at: datetime
    rolled_at: datetime | None = Field(description="Cuándo la servían todos los procesos.")
    finished_at: datetime | None
    processes: list[Process]
    acknowledged: int = Field(description="Procesos que ya la sirven.")
    awaited: int = Field(description="Procesos de los equipos en marcha.")


class Asked(Answer):
    """A change that was taken on."""

    generation: int
    state: str = "requested"


class Together(Schema):
    """Other addons that change in the same transaction."""

    also: Annotated[tuple[Text, ...], Field(max_length=100)] = ()


class Purge(Together):
    """What is needed to delete rows for good."""

    confirm: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=6_000),
        Field(
            description="El nombre del addon, escrito otra vez; si se purgan varios a la vez "
            "(`also`), los nombres de todos, separados por comas, en cualquier orden."
        ),
    ]


class Import(Schema):
    """Which archive to read."""

    archive: Annotated[Text, Field(description="Clave del archivo, como la da la lista de addons.")]


class PlanQuery(Schema):
    """Of which action."""

    action: Literal["install", "upgrade", "enable", "disable", "archive", "purge"]


@endpoint("GET", "/api/addons/", permission="addons.ver")
def list_addons(ctx: Ctx) -> list[Addon]:
    """Los addons: los instalados en orden de dependencia, y los demás de este equipo."""
    connection = db.connection(ctx.session)
    survey = manifest.survey(ctx.runtime.settings.addon_roots)
    rows = {row.name: row for row in installed.rows(connection)}
    found = generations.target(connection)
    served = found.addons if found else {}
    first = [one.name for one in ctx.runtime.registry.manifests]
    rest = sorted({*survey.manifests, *survey.invalid, *rows} - {*first})
    return [_addon(ctx, name, survey, rows.get(name), served.get(name)) for name in (*first, *rest)]


def _addon(ctx: Ctx, name: str, survey: manifest.Survey, row: Any, served: Any) -> Addon:
    one = survey.manifests.get(name)
    known = {"installed": row.version if row else "", "reason": row.reason if row else ""}
    if name in survey.invalid:
        bad = survey.invalid[name]
        return Addon(name=name, title=name, state="invalid", **{**known, "reason": bad.reason})
    if one is None:
        reason = "Su código no está en este equipo."
        return Addon(name=name, title=name, state="missing", **{**known, "reason": reason})
    last = row.archive if row else ""
    keys = tuple(addon_archive.archives(ctx.runtime.storage, name, last))
    facts = {
        **one.model_dump(),
        **known,
        "state": row.state if row else "available",
        "upgrade": served is not None and served["version"] != one.version,
        "archives": keys,
        "retained_until": _retained(ctx, one) if row else None,
    }
    return Addon.model_validate(facts)


def _retained(ctx: Ctx, one: Manifest) -> date | None:
    return addon_changes.retained_until(db.connection(ctx.session), one)


@endpoint("GET", "/api/addons/{name}/plan/", permission="addons.ver", statuses=(404, 409, 422))
def show_plan(ctx: Ctx, name: str, query: PlanQuery) -> dict[str, Any]:
    """Lo que haría un cambio en esta base de datos: sentencias, candados, filas, rutas."""
    connection = db.connection(ctx.session)
    addon_changes.prepare(connection, ctx.runtime.settings, query.action, [name])
    answer = apart.run(
        ctx.runtime.settings,
        ["addon", "plan", query.action, name, "--json"],
        PLAN_SECONDS,
    )
    if answer.code != 0:
        raise Unprocessable(answer.error, code="plan_imposible")
    found: dict[str, Any] = json.loads(answer.output)
    return found


def _ask(ctx: Ctx, action: Action, name: str, together: Sequence[str] = (), **how: Any) -> Asked:
    connection = db.connection(ctx.session)
    names = list(dict.fromkeys([name, *together]))
    change = addon_changes.prepare(connection, ctx.runtime.settings, action, names, **how)
    try:
        number = generations.insert(
            connection,
            action=action,
            targets=change.targets,
            addons=change.facts,
            state="requested",
            archive=change.archive,
            usuario_id=ctx.user_id,
        )
    except IntegrityError:  # somebody asked at the same moment
        raise addon_changes.ChangeUnderWay(
            "Otro cambio de addons acaba de empezar: espere a que termine."
        ) from None
    for one in change.targets:
        ctx.audit(action, "addons", one, despues={"generation": number}, modulo="kernel")
    return Asked(generation=number)


CHANGES = {"permission": "addons.cambiar", "status": 202, "statuses": (404, 409, 422)}


@endpoint("POST", "/api/addons/{name}/install/", **CHANGES)  # type: ignore[arg-type]  # as above
def install(ctx: Ctx, name: str, others: Together = Together()) -> Asked:  # noqa: B008  # frozen
    """Instala un addon y aquello de lo que depende."""
    return _ask(ctx, "install", name, others.also)


@endpoint("POST", "/api/addons/{name}/upgrade/", **CHANGES)  # type: ignore[arg-type]  # as above
def upgrade(ctx: Ctx, name: str, others: Together = Together()) -> Asked:  # noqa: B008  # frozen
    """Lleva un addon a la versión del código de este equipo."""
    return _ask(ctx, "upgrade", name, others.also)


@endpoint("POST", "/api/addons/{name}/disable/", **CHANGES)  # type: ignore[arg-type]  # as above
def disable(ctx: Ctx, name: str, others: Together = Together()) -> Asked:  # noqa: B008  # frozen
    """Desactiva un addon; sus datos quedan."""
    return _ask(ctx, "disable", name, others.also)


@endpoint("POST", "/api/addons/{name}/enable/", **CHANGES)  # type: ignore[arg-type]  # as above
def enable(ctx: Ctx, name: str, others: Together = Together()) -> Asked:  # noqa: B008  # frozen
    """Vuelve a activar un addon."""
    return _ask(ctx, "enable", name, others.also)


@endpoint("POST", "/api/addons/{name}/archive/", **CHANGES)  # type: ignore[arg-type]  # as above
def archive(ctx: Ctx, name: str, others: Together = Together()) -> Asked:  # noqa: B008  # frozen
    """Escribe las filas de un addon en un archivo y luego quita sus tablas."""
    return _ask(ctx, "archive", name, others.also)


@endpoint("POST", "/api/addons/{name}/purge/", fresh=True, **CHANGES)  # type: ignore[arg-type]  # as above
def purge(ctx: Ctx, name: str, order: Purge) -> Asked:
    """Borra para siempre un addon y todo lo que guarda."""
    return _ask(ctx, "purge", name, order.also, confirm=order.confirm)


@endpoint("POST", "/api/addons/{name}/import/", **CHANGES)  # type: ignore[arg-type]  # as above
def import_archive(ctx: Ctx, name: str, order: Import) -> Asked:
    """Llena un addon con las filas de su archivo; lo instala si hace falta."""
    found = addon_archive.read(ctx.runtime.storage, order.archive)
    if name not in found.addons:
        raise addon_changes.ChangeRefused(f"Ese archivo no es de «{name}».")
    others = [one for one in found.addons if one != name]
    return _ask(ctx, "import", name, others, archive=order.archive)


@endpoint("GET", "/api/generations/", permission="addons.ver")
def list_generations(ctx: Ctx) -> list[GenerationState]:
    """Los últimos cambios de addons, el más reciente primero."""
    rows = ctx.sql(LATEST)
    return [_generation(ctx, row, shown=False) for row in rows]


@endpoint("GET", "/api/generations/{number}/", permission="addons.ver", statuses=(404,))
def show_generation(ctx: Ctx, number: QueryId) -> GenerationState:
    """Un cambio de addons, con el estado de cada proceso."""
    rows = ctx.sql(ONE, number=number)
    if not rows:
        raise NotFound
    return _generation(ctx, rows[0], shown=True)


_COLUMNS = """
    id, action, targets, addons, state, error, archive, statements, created_at, rolled_at,
    finished_at
"""
LATEST = db.Statement(
    "generations_latest",
    f"SELECT {_COLUMNS} FROM andes_generations ORDER BY id DESC LIMIT 50",  # noqa: S608  # ours
)
ONE = db.Statement(
    "generation",
    f"SELECT {_COLUMNS} FROM andes_generations WHERE id = %(number)s::bigint",  # noqa: S608  # ours
)
PROCESSES = db.Statement(
    "generation_processes",
    """
    SELECT host, name, kind, pid, generation, state, error, seen_at FROM andes_processes
     WHERE seen_at > now() - interval '10 seconds' ORDER BY host, name, pid
    """,
)


def _generation(ctx: Ctx, row: Sequence[Any], *, shown: bool) -> GenerationState:
    names = ("generation", "action", "addons", "served", "state", "error", "archive")
    facts = dict(
        zip((*names, "statements", "created_at", "rolled_at", "finished_at"), row, strict=True)
    )
    served = {name: one["version"] for name, one in facts["served"].items()}
    processes = [
        Process.model_validate(dict(zip(Process.model_fields, one, strict=True)))
        for one in (ctx.sql(PROCESSES) if shown else ())
    ]
    serving = [one for one in processes if one.kind in ("web", "worker") and one.state != "failed"]
    return GenerationState(
        **{**facts, "served": served},
        processes=processes,
        acknowledged=sum(
            one.generation == facts["generation"] and one.state == "ready" for one in serving
        ),
        awaited=len(serving),
    )
