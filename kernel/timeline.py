"""The audit as people browse it: the list, the timeline of one record, how far it is sealed.

Whoever is confined to some places sees their own acts in the list. The timeline of a record is for
who may see the record: its module and its row. Both leave out what a field rule hides.
Source: spec/erp-modules.md, módulo 9, "Auditoría"; OWASP ASVS 5.0, 8.2.2, 8.2.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import ColumnElement

from kernel import seals
from kernel.audit import AuditLog, key_in
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Forbidden, NotFound
from kernel.http import endpoint
from kernel.listing import Finish
from kernel.model import Model, table_of
from kernel.rbac import Permission, Protected, RowRule
from kernel.resource import Resource
from kernel.rules import Rules
from kernel.schemas import MAX_ID, Answer, Page, QueryId, Schema

SEE_AUDIT = "auditoria.ver"
BY_ORM = frozenset({"crear", "editar", "eliminar"})
"""Acts whose before and after are columns of the record."""

NAMES = Statement(
    "audit_names", "SELECT id, nombre FROM usuarios WHERE id = ANY(%(ids)s)", reads=True
)
ACTS = Statement(
    "audit_timeline",
    """
    SELECT id, created_at, accion, modulo, objeto_tipo, usuario_id, datos_anteriores_json,
           datos_nuevos_json, ip, user_agent
      FROM audit_logs
     WHERE objeto_tipo = %(tipo)s AND objeto_id = %(id)s AND id < %(before)s
     ORDER BY id DESC LIMIT %(limit)s
    """,
    reads=True,
)
COLUMNS = (
    "id", "created_at", "accion", "modulo", "objeto_tipo", "usuario_id", "datos_anteriores_json",
    "datos_nuevos_json", "ip", "user_agent",
)  # fmt: skip


class TimelineQuery(Schema):
    """Which record: the table and id of its audit rows. ``next`` continues a page."""

    objeto_tipo: Annotated[str, Field(min_length=1, max_length=100)]
    objeto_id: Annotated[str, Field(min_length=1, max_length=200)]
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    next: QueryId | None = None


class Change(Answer):
    """A field of the record, before and after."""

    campo: str
    antes: Any
    despues: Any


class Act(Answer):
    """An act on a record; ``sello`` is the seal that covers it, or null while it waits."""

    id: int
    created_at: datetime
    accion: str
    modulo: str
    usuario_id: int | None
    usuario: str | None
    clave_api_id: int | None
    cambios: list[Change]
    sello: int | None
    sellado_at: datetime | None
    ip: Annotated[str | None, Protected(SEE_AUDIT)]
    user_agent: Annotated[str | None, Protected(SEE_AUDIT)]


@endpoint(
    "GET", "/api/audit-logs/linea-de-tiempo/", permission="auditoria.historial", statuses=(404,)
)
def show_timeline(ctx: Ctx, query: TimelineQuery) -> Page[Act]:
    """La historia de un registro: quién cambió qué y cuándo."""
    _require_record(ctx, query.objeto_tipo, query.objeto_id)
    found = ctx.sql(
        ACTS,
        tipo=query.objeto_tipo,
        id=query.objeto_id,
        before=query.next or MAX_ID,
        limit=query.limit + 1,
    )
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in found[: query.limit]]
    finish(ctx, rows)
    following = str(rows[-1]["id"]) if len(found) > query.limit else None
    return Page[Act](items=[_act(row) for row in rows], next=following)


@endpoint("GET", "/api/audit-logs/estado/", permission=SEE_AUDIT)
def show_state(ctx: Ctx) -> seals.AuditState:
    """Hasta dónde está sellada la auditoría y qué dijo su última verificación."""
    return seals.state(ctx)


def _act(row: Mapping[str, Any]) -> Act:
    changes = _changes(row["datos_anteriores_json"] or {}, row["datos_nuevos_json"] or {})
    return Act.model_validate({**row, "cambios": changes})


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    names = dict.fromkeys([*before, *after])
    return [
        Change(campo=name, antes=before.get(name), despues=after.get(name))
        for name in names
        if before.get(name) != after.get(name)
    ]


# Who may see a record ----------------------------------------------------------------------------


def _require_record(ctx: Ctx, kind: str, key: str) -> None:
    """Refuse who may not see a record; one that is gone is for who browses the whole audit.

    Raises:
        Forbidden: the user's role doesn't see such records.
        NotFound: there is no such record, or it is out of the user's sight.
    """
    resources = [one for one in ctx.runtime.registry.resources if _table(one.model) == kind]
    if not resources:
        ctx.require(SEE_AUDIT)
        if _is_confined(ctx):
            raise NotFound
        return
    if not any(ctx.can(f"{one.modulo}.ver") for one in resources):
        raise Forbidden(f"Su rol no tiene el permiso «{resources[0].modulo}.ver».")
    if _is_visible(ctx, resources[0].model, key):
        return
    narrowed = Rules(ctx, ctx.runtime.rule_book).condition(kind) is not None
    if narrowed or not ctx.can(SEE_AUDIT):
        raise NotFound


def _table(model: type[Model]) -> str:
    return table_of(model).name


def _is_visible(ctx: Ctx, model: type[Model], key: str) -> bool:
    columns = model.__mapper__.primary_key
    texts = key.split(",")
    if len(texts) != len(columns):
        return False
    values: list[Any] = []
    for column, text in zip(columns, texts, strict=True):
        number = column.type.python_type is int
        if number and not (text.isascii() and text.isdigit() and int(text) <= MAX_ID):
            return False
        values.append(int(text) if number else text)
    return ctx.session.get(model, tuple(values)) is not None


def _is_confined(ctx: Ctx) -> bool:
    return any(ctx.scope(name) is not None for name in ctx.runtime.registry.scopes)


def _own_acts(ctx: Ctx) -> ColumnElement[bool] | None:
    return AuditLog.usuario_id == ctx.user_id if _is_confined(ctx) else None


# What is added to a row, and what is taken out ---------------------------------------------------


def finish(ctx: Ctx, rows: list[dict[str, Any]]) -> None:
    """Give rows the user's name, the API key and the seal; take out what a field rule hides."""
    names = _names(ctx, rows)
    covered = seals.covering(ctx, [row["id"] for row in rows])
    hidden = _hidden(ctx)
    for row in rows:
        seal = covered.get(row["id"])
        row["usuario"] = names.get(row["usuario_id"])
        row["clave_api_id"] = key_in(row["user_agent"])
        row["sello"] = seal.number if seal else None
        row["sellado_at"] = seal.sealed_at if seal else None
        if hidden:
            _conceal(ctx, row, hidden)


def _names(ctx: Ctx, rows: Sequence[Mapping[str, Any]]) -> dict[int | None, str]:
    ids = {row["usuario_id"] for row in rows} - {None}
    return {row[0]: row[1] for row in ctx.sql(NAMES, ids=sorted(ids))}


def _hidden(ctx: Ctx) -> dict[str, set[str]]:
    """Return the fields that the user may not see, by table."""
    found: dict[str, set[str]] = {}
    for model, rules in ctx.runtime.rule_book.fields.items():
        for rule in rules:
            if not ctx.can(rule.permission):
                column = model.__mapper__.columns[rule.field]
                found.setdefault(_table(model), set()).update({rule.field, column.name})
    return found


def _conceal(ctx: Ctx, row: dict[str, Any], hidden: Mapping[str, set[str]]) -> None:
    """Take hidden fields out of a row's before and after.

    What the ORM wrote are columns of the record, whose own rules count. Whatever else a service
    wrote there may come from any table: there, and inside lists and objects, each hidden name goes.
    """
    everywhere = set().union(*hidden.values())
    of_record = row["objeto_tipo"] in ctx.runtime.rule_book.audited and row["accion"] in BY_ORM
    top = hidden.get(row["objeto_tipo"], set()) if of_record else everywhere
    for name in ("datos_anteriores_json", "datos_nuevos_json"):
        if name in row and isinstance(row[name], dict):
            row[name] = {
                field: _without(value, everywhere)
                for field, value in row[name].items()
                if field not in top
            }


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(one, names) for name, one in value.items() if name not in names}
    return [_without(one, names) for one in value] if isinstance(value, list) else value


RESOURCE = Resource(
    path="/api/audit-logs/",
    model=AuditLog,
    modulo="auditoria",
    fields=(
        "id",
        "usuario_id",
        "modulo",
        "accion",
        "objeto_tipo",
        "objeto_id",
        "datos_anteriores_json",
        "datos_nuevos_json",
        "ip",
        "user_agent",
        "request_id",
        "created_at",
    ),
    filters=("usuario_id", "modulo", "accion", "objeto_tipo", "objeto_id", "created_at"),
    sort=("-id", "created_at"),
    actions=("list", "detail", "export"),
    finish=Finish(
        finish,
        reads=("id", "usuario_id", "accion", "objeto_tipo", "user_agent"),
        adds={
            "usuario": str | None,
            "clave_api_id": int | None,
            "sello": int | None,
            "sellado_at": datetime | None,
        },
    ),
)
PERMISSIONS = [
    Permission("auditoria", "ver", "Ver la auditoría", ("CONTADOR",)),
    Permission("auditoria", "exportar", "Exportar la auditoría"),
    Permission(
        "auditoria",
        "historial",
        "Ver la historia de los registros a su alcance",
        ("GERENTE_VENTAS", "SUPERVISOR_ALMACEN", "CONTADOR"),
    ),
]
ROW_RULES = [
    RowRule(
        "kernel.auditoria",
        AuditLog,
        _own_acts,
        "Quien está limitado a ciertos lugares ve solo sus propios actos.",
    )
]
