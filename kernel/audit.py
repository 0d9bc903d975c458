"""Audit: who changed what, before and after, in the same transaction.

ORM writes of audited tables leave a row each by themselves (``watch``); acts that are no row change
say so with ``Ctx.audit``. The table is append-only: the application role may insert and select,
and a trigger refuses the rest to everybody. Source: spec/erp-modules.md, módulo 9, "Auditoría".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json
from sqlalchemy import BigInteger, Index, event, func, inspect, text
from sqlalchemy.orm import Mapped, Session, UOWTransaction, mapped_column

from kernel.model import Id, Model, addon_of, table_of

if TYPE_CHECKING:
    from kernel.context import Ctx

HIDDEN = frozenset({"password_hash", "dos_fa_secret"})
"""Attributes whose values never enter the audit, like all binary ones; that they changed does."""

NUL = "\\u0000"
"""A character that JSON can carry and PostgreSQL cannot store."""


class AuditLog(Model):
    """One act. Never changed, never deleted."""

    __tablename__ = "audit_logs"
    __audited__ = False
    __table_args__ = (
        Index("ix_audit_logs_objeto", "objeto_tipo", "objeto_id", "id"),
        Index("ix_audit_logs_created_at", "created_at"),
        Index("ix_audit_logs_usuario_id", "usuario_id", "id"),
    )

    id: Mapped[Id]
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    modulo: Mapped[str]
    accion: Mapped[str]
    objeto_tipo: Mapped[str]
    objeto_id: Mapped[str | None]
    datos_anteriores_json: Mapped[dict[str, Any] | None]
    datos_nuevos_json: Mapped[dict[str, Any] | None]
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    request_id: Mapped[str | None]
    tx_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint")
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


@dataclass(frozen=True, slots=True)
class Entry:
    """An act to be written with the commit."""

    modulo: str
    accion: str
    objeto_tipo: str
    objeto_id: int | str | None
    antes: Mapping[str, Any] | None
    despues: Mapping[str, Any] | None


INSERT = """
INSERT INTO audit_logs (usuario_id, modulo, accion, objeto_tipo, objeto_id,
                        datos_anteriores_json, datos_nuevos_json, ip, user_agent, request_id)
SELECT %(usuario_id)s, a.modulo, a.accion, a.objeto_tipo, a.objeto_id, a.antes, a.despues,
       %(ip)s, %(user_agent)s, %(request_id)s
  FROM jsonb_to_recordset(%(audited)s::jsonb) AS a(
       modulo text, accion text, objeto_tipo text, objeto_id text, antes jsonb, despues jsonb)
"""
"""Part of the statement that ``Ctx.finish`` writes everything with."""


def rows(entries: Iterable[Entry]) -> str:
    """Return the entries as the JSON that INSERT reads."""
    return to_json([_row(entry) for entry in entries], fallback=str).decode().replace(NUL, "")


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "modulo": entry.modulo,
        "accion": entry.accion,
        "objeto_tipo": entry.objeto_tipo,
        "objeto_id": None if entry.objeto_id is None else str(entry.objeto_id),
        "antes": entry.antes,
        "despues": entry.despues,
    }


def watch(session: Session, ctx: Ctx) -> None:
    """Collect a before/after entry for each ORM write of an audited table in this session."""

    @event.listens_for(session, "after_flush")
    def collect(flushed: Session, _context: UOWTransaction) -> None:
        for instance in flushed.new:
            _record(ctx, instance, "crear")
        for instance in flushed.dirty:
            if flushed.is_modified(instance):
                _record(ctx, instance, "editar")
        for instance in flushed.deleted:
            _record(ctx, instance, "eliminar")


def _record(ctx: Ctx, instance: Any, accion: str) -> None:
    model = type(instance)
    if not model.__audited__:
        return
    antes, despues = _difference(instance, accion)
    if accion == "editar" and not despues:
        return
    ctx.audited.append(
        Entry(
            addon_of(model.__module__),
            accion,
            table_of(model).name,
            inspect(instance).identity_key[1][0] if accion != "crear" else _key(instance),
            antes,
            despues,
        )
    )


def _key(instance: Any) -> Any:
    return inspect(type(instance)).primary_key_from_instance(instance)[0]


def _difference(
    instance: Any, accion: str
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    state = inspect(instance)
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    for attribute in state.mapper.column_attrs:
        name = attribute.key
        history = state.attrs[name].history
        if accion == "editar" and not history.has_changes():
            continue
        value = state.dict.get(name)
        old = history.deleted[0] if history.deleted else None
        before[name] = _shown(name, old if accion == "editar" else value)
        after[name] = _shown(name, value)
    if accion == "crear":
        return None, after
    if accion == "eliminar":
        return before, None
    return before, after


def _shown(name: str, value: Any) -> Any:
    secret = name in HIDDEN or isinstance(value, bytes)
    return "…" if secret and value is not None else value
