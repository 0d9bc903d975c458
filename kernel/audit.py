"""Audit: who changed what, before and after, in the same transaction.

ORM writes of audited tables leave a row each by themselves (``watch``); acts that are no row change
say so with ``Ctx.audit``. The table is append-only: the application role may insert and select,
and a trigger refuses the rest to everybody. ``kernel.sealing`` chains the rows, so that not even an
administrator of the database changes one unseen.
Source: spec/erp-modules.md, módulo 9, "Auditoría".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic_core import to_json
from sqlalchemy import BigInteger, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.changes import HIDDEN, Entry, watch
from kernel.model import Id, Model

__all__ = [
    "APPEND_ONLY",
    "HIDDEN",
    "INSERT",
    "PROTECT",
    "UNPROTECT",
    "AuditLog",
    "Entry",
    "agent",
    "key_in",
    "privileges",
    "rows",
    "watch",
]


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
    # The first column of the table: defaults are computed in that order, so a transaction has its
    # number before it draws an id. kernel.sealing tells a late row from a back-dated one by it.
    tx_id: Mapped[int] = mapped_column(
        BigInteger, server_default=text("pg_current_xact_id()::text::bigint"), sort_order=-1
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())


# Protection --------------------------------------------------------------------------------------

GIVEN = (
    "usuario_id", "modulo", "accion", "objeto_tipo", "objeto_id", "datos_anteriores_json",
    "datos_nuevos_json", "ip", "user_agent", "request_id",
)  # fmt: skip
"""Columns that the application gives; id, transaction and instant are the database's."""

CHAIN = ("andes_audit_chain", "andes_audit_seals")
APPEND_ONLY = ("audit_logs", *CHAIN)

PROTECT = (
    """
    CREATE FUNCTION andes_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = TG_TABLE_NAME || ' is append-only: ' || TG_OP || ' refused';
    END $$
    """,
    *(
        statement
        for table in APPEND_ONLY
        for statement in (
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION andes_refuse_change()",
            # Also for sessions that replicate, which skip ordinary triggers.
            f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only",
        )
    ),
)
"""Statements that refuse every change of what was written, to everybody; for the migration."""

UNPROTECT = (
    *(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}" for table in APPEND_ONLY),
    "DROP FUNCTION IF EXISTS andes_refuse_change()",
)
"""The way back of PROTECT."""


JOURNALS = """
DO $andes$ DECLARE journal regclass; BEGIN
  FOR journal IN SELECT DISTINCT tgrelid::regclass FROM pg_trigger
                  WHERE tgname LIKE '%_append_only' LOOP
    EXECUTE concat('REVOKE UPDATE, DELETE, TRUNCATE ON ', journal, ' FROM {role}');
  END LOOP;
END $andes$
"""
"""Takes the right to change what was written from a role, for every table whose migration gave it
a trigger ``<table>_append_only``; so an addon's journal is protected as the audit is."""


def privileges(role: str) -> tuple[str, ...]:
    """Return the statements that let the application role (quoted) add to journals and read them.

    The audit first of all; other tables that are append-only follow from their triggers.
    """
    return (
        JOURNALS.format(role=role.replace("'", "''")),
        *(f"REVOKE ALL ON {table} FROM {role}" for table in APPEND_ONLY),
        *(f"GRANT SELECT ON {table} TO {role}" for table in APPEND_ONLY),
        *(f"GRANT INSERT ON {table} TO {role}" for table in CHAIN),
        f"GRANT INSERT ({', '.join(GIVEN)}) ON audit_logs TO {role}",
    )


# Writing -----------------------------------------------------------------------------------------

KEY_MARK = "clave_api:"
"""How ``user_agent`` begins where an API key acted; its id follows, then what the caller said."""

_KEY_NAMED = re.compile(rf"{KEY_MARK}([0-9]{{1,18}})(?: |\Z)")


def agent(clave_id: int | None, user_agent: str | None) -> str | None:
    """Return the ``user_agent`` of the rows; a caller without a key cannot look like one."""
    if clave_id is not None:
        return f"{KEY_MARK}{clave_id} {user_agent or ''}".rstrip()
    if user_agent is not None and user_agent.startswith(KEY_MARK):
        return f"'{user_agent}"
    return user_agent


def key_in(user_agent: str | None) -> int | None:
    """Return the API key that acted, from a row's ``user_agent``; None for a login."""
    found = _KEY_NAMED.match(user_agent or "")
    return int(found[1]) if found else None


INSERT = """
INSERT INTO audit_logs (usuario_id, modulo, accion, objeto_tipo, objeto_id,
                        datos_anteriores_json, datos_nuevos_json, ip, user_agent, request_id)
SELECT coalesce(a.usuario_id, %(usuario_id)s), a.modulo, a.accion, a.objeto_tipo, a.objeto_id,
       a.antes, a.despues, %(ip)s, %(user_agent)s, %(request_id)s
  FROM jsonb_to_recordset(%(audited)s::jsonb) AS a(
       usuario_id bigint, modulo text, accion text, objeto_tipo text, objeto_id text,
       antes jsonb, despues jsonb)
"""
"""Part of the statement that ``Ctx.finish`` writes everything with."""

NUL = "\\u0000"
"""A character that JSON can carry and PostgreSQL cannot store."""

_ESCAPE = re.compile(r"\\(u0000|.)")


def rows(entries: Iterable[Entry]) -> str:
    """Return the entries as the JSON that INSERT reads, without NUL."""
    made = to_json(
        [_row(entry) for entry in entries], fallback=str, bytes_mode="hex", inf_nan_mode="strings"
    ).decode()
    if NUL not in made:
        return made
    return _ESCAPE.sub(lambda escape: "" if escape[0] == NUL else escape[0], made)


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "usuario_id": entry.usuario_id,
        "modulo": entry.modulo,
        "accion": entry.accion,
        "objeto_tipo": entry.objeto_tipo,
        "objeto_id": None if entry.objeto_id is None else str(entry.objeto_id),
        "antes": entry.antes,
        "despues": entry.despues,
    }
