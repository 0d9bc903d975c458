"""Seals of the audit, as people see them: what covers a row, how much waits, the last verdict.

The chain itself is in ``kernel.chain``; whether it holds is for ``kernel.verification`` to say.
Source: spec/erp-modules.md, módulo 9, "Auditoría".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from kernel import chain, verification
from kernel.db import Statement
from kernel.schemas import Answer

if TYPE_CHECKING:
    from kernel.context import Ctx

# Seals are numbered one by one while the chain grows, so the first that covers a place is found by
# halving: some twenty rows by their key, however many seals there are.
COVERING = Statement(
    "audit_covering_seals",
    """
    WITH RECURSIVE halved (audit_id, position, low, high) AS (
      SELECT l.audit_id, l.position, 0::bigint,
             (SELECT max(number) FROM andes_audit_seals)
        FROM andes_audit_chain l WHERE l.audit_id = ANY(%(ids)s)
      UNION ALL
      SELECT h.audit_id, h.position,
             CASE WHEN s.position >= h.position THEN h.low ELSE s.number END,
             CASE WHEN s.position >= h.position THEN s.number ELSE h.high END
        FROM halved h JOIN andes_audit_seals s ON s.number = (h.low + h.high) / 2
       WHERE h.high - h.low > 1
    )
    SELECT h.audit_id, s.number, s.sealed_at
      FROM halved h JOIN andes_audit_seals s ON s.number = h.high
     WHERE h.high - h.low = 1 AND s.position >= h.position
    """,
    reads=True,
)
LAST = Statement(
    "audit_last_seal",
    "SELECT number, position, sealed_at FROM andes_audit_seals ORDER BY number DESC LIMIT 1",
    reads=True,
)
WAITING = Statement(
    "audit_waiting",
    f"""
    WITH {chain.LAST}
    SELECT count(*), min(a.created_at)
      FROM moment, last, audit_logs a
     WHERE a.id > last.low
       AND NOT EXISTS (SELECT FROM andes_audit_chain l WHERE l.audit_id = a.id)
    """,  # noqa: S608  # parts of constant text
    reads=True,
)
VERDICT = Statement(
    "audit_last_verdict",
    """
    SELECT created_at, datos_nuevos_json FROM audit_logs
     WHERE objeto_tipo = %(tipo)s AND objeto_id = %(id)s AND accion = %(accion)s
     ORDER BY id DESC LIMIT 1
    """,
    reads=True,
)


class Seal(NamedTuple):
    """A seal that covers an audit row."""

    number: int
    sealed_at: datetime


class SealedUntil(Answer):
    """The last seal: its number, and how many rows the chain holds up to it."""

    sello: int
    filas: int
    sellado_at: datetime


class LastVerification(Answer):
    """What the last verification of the whole chain found."""

    verificada_at: datetime
    intacta: bool
    mensaje: str
    comprobadas: int
    fila: int | None


class AuditState(Answer):
    """How far the audit is sealed, what waits for its seal, and whether it was found intact."""

    sellada_hasta: SealedUntil | None
    pendientes: int
    pendiente_desde: datetime | None
    ultima_verificacion: LastVerification | None


def covering(ctx: Ctx, ids: Sequence[int]) -> dict[int, Seal]:
    """Return the seal of each of these audit rows; a row that still waits has none."""
    return {row[0]: Seal(row[1], row[2]) for row in ctx.sql(COVERING, ids=list(ids))}


def state(ctx: Ctx) -> AuditState:
    """Return how far the audit is sealed and what its last verification found."""
    place = {"tipo": verification.PLACE[0], "id": verification.PLACE[1]}
    last = ctx.sql(LAST)
    [(waiting, since)] = ctx.sql(WAITING)
    verdict = ctx.sql(VERDICT, **place, accion=verification.ACT)
    return AuditState(
        sellada_hasta=_sealed_until(last),
        pendientes=waiting,
        pendiente_desde=since,
        ultima_verificacion=_verification(verdict),
    )


def _sealed_until(rows: Sequence[tuple[int, int, datetime]]) -> SealedUntil | None:
    for number, position, sealed_at in rows:
        return SealedUntil(sello=number, filas=position, sellado_at=sealed_at)
    return None


def _verification(rows: Sequence[tuple[datetime, dict[str, object]]]) -> LastVerification | None:
    for created_at, verdict in rows:
        return LastVerification.model_validate({**verdict, "verificada_at": created_at})
    return None
