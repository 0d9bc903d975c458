"""Chain: how audit rows hang together by hash, and which of them still wait for their place.

``hash(n) = sha256(hash(n-1) + row)``, in the order in which rows are sealed. Each run of the sealer
(``kernel.sealing``) ends with a *seal*, part of the chain too, which keeps the snapshot that it
saw: every row of a transaction visible there is sealed. So a row that turns up later and claims
such a transaction was back-dated, and so was one whose id is below the sealed ones while its
transaction began afterwards. Source: spec/erp-modules.md, módulo 9, "Auditoría".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import psycopg
from sqlalchemy import ARRAY, BigInteger, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from kernel.heads import Head
from kernel.model import Model

GENESIS = hashlib.sha256(b"andes audit chain, 1").digest()
ROW, SEAL = b"row1", b"seal1"
"""What is hashed begins with its kind and the version of its serialisation."""

LONGEST_CANONICAL = 500
"""JSON with more objects and lists than this is hashed as PostgreSQL writes it."""


class AuditLink(Model):
    """The place of an audit row in the chain."""

    __tablename__ = "andes_audit_chain"
    __audited__ = False

    position: Mapped[int] = mapped_column(BigInteger, unique=True)
    audit_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditSeal(Model):
    """The end of a run of the sealer: what it saw and how far the chain went."""

    __tablename__ = "andes_audit_seals"
    __audited__ = False

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    top: Mapped[int] = mapped_column(BigInteger)
    """The highest id of a sealed row."""
    system: Mapped[int] = mapped_column(BigInteger)
    """The database cluster whose transaction numbers these are."""
    oldest: Mapped[int] = mapped_column(BigInteger)
    """Every transaction before this one had ended."""
    next: Mapped[int] = mapped_column(BigInteger)
    """No transaction from this one on had begun."""
    running: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    sealed_at: Mapped[datetime]
    hash: Mapped[bytes] = mapped_column(LargeBinary)


# What is hashed ----------------------------------------------------------------------------------

FIELDS = """
    a.id, a.tx_id, a.usuario_id, a.modulo, a.accion, a.objeto_tipo, a.objeto_id,
    a.datos_anteriores_json::text, a.datos_nuevos_json::text, a.ip, a.user_agent, a.request_id,
    extract(epoch FROM a.created_at)::text
"""
JSON_FIELDS = (7, 8)
SEAL_FIELDS = """
    s.number, s.position, s.top, s.system, s.oldest, s.next, s.running::text,
    extract(epoch FROM s.sealed_at)::text
"""


def link_hash(previous: bytes, row: Sequence[Any]) -> bytes:
    """Return the hash of an audit row (``FIELDS``) after another."""
    values = list(row)
    for number in JSON_FIELDS:
        values[number] = canonical_json(values[number])
    return hashlib.sha256(previous + serialise(ROW, values)).digest()


def seal_hash(previous: bytes, seal: Sequence[Any]) -> bytes:
    """Return the hash of a seal (``SEAL_FIELDS``) after what it covers."""
    return hashlib.sha256(previous + serialise(SEAL, seal)).digest()


def serialise(kind: bytes, values: Sequence[Any]) -> bytes:
    """Return values as bytes that no other values have: each with its length, or ``-``."""
    parts = [b"-" if value is None else _measured(str(value).encode()) for value in values]
    return kind + b"".join(parts)


def _measured(data: bytes) -> bytes:
    return b"%d:%b" % (len(data), data)


def canonical_json(text: str | None) -> str | None:
    """Return JSON in one spelling: sorted keys, no spaces, numbers digit by digit.

    A number becomes a string that begins with NUL, which no string of jsonb can.
    """
    if text is None or text.count("{") + text.count("[") > LONGEST_CANONICAL:
        return text
    return _ENCODER.encode(_DECODER.decode(text))


def _digits(text: str) -> str:
    return f"\0{text}"


_DECODER = json.JSONDecoder(parse_int=_digits, parse_float=_digits)
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


# What is still to be sealed ----------------------------------------------------------------------

LAST = """
    moment AS MATERIALIZED (
      SELECT pg_snapshot_xmin(now.snapshot)::text::bigint AS oldest,
             pg_snapshot_xmax(now.snapshot)::text::bigint AS next,
             ARRAY(SELECT xip::text::bigint FROM pg_snapshot_xip(now.snapshot) AS xip
                    ORDER BY 1) AS running,
             (SELECT system_identifier FROM pg_control_system()) AS system, now() AS at
        FROM (SELECT pg_current_snapshot() AS snapshot) AS now),
    last AS MATERIALIZED (
      SELECT s.number IS NOT NULL AS known, coalesce(s.oldest, 0) AS oldest,
             coalesce(s.next, 0) AS next, coalesce(s.running, '{}') AS running,
             coalesce(s.top, 0) AS top,
             coalesce((SELECT earlier.top FROM andes_audit_seals earlier
                        WHERE earlier.system = s.system AND earlier.next <= s.oldest
                        ORDER BY earlier.number DESC LIMIT 1), 0) AS low
        FROM moment LEFT JOIN
             (SELECT * FROM andes_audit_seals ORDER BY number DESC LIMIT 1) AS s
             ON s.system = moment.system)
"""
"""The present snapshot and the last seal, unless it is from another cluster.

A row that was not sealed then has an id above ``low``: its transaction began after that seal.
"""

GENUINE = """
    (a.tx_id >= last.next OR a.tx_id = ANY (last.running))
    AND (a.id > last.top OR a.tx_id < last.next)
    AND (a.tx_id < moment.next OR NOT last.known)
"""
"""Whether an unsealed row may be one that was written after the last seal."""

UNSEALED = f"""
WITH {LAST}
SELECT last.known, moment.system, moment.oldest, moment.next, moment.running, moment.at,
       moment.running::text, extract(epoch FROM moment.at)::text, row.*
  FROM moment CROSS JOIN last LEFT JOIN LATERAL (
    SELECT {FIELDS} FROM audit_logs a
     WHERE a.id > greatest(last.low, %(after)s) AND {GENUINE}
       AND NOT EXISTS (SELECT FROM andes_audit_chain l WHERE l.audit_id = a.id)
     ORDER BY a.id LIMIT %(limit)s) AS row ON true
"""  # noqa: S608  # parts of constant text
"""The moment, and after it (``MOMENT_WIDTH``) the rows to be sealed, or one without any."""
MOMENT_WIDTH = 8

PENDING = f"""
WITH {LAST}
SELECT count(*), min(a.id) FILTER (WHERE NOT ({GENUINE})), min(a.created_at)
  FROM moment, last, audit_logs a
 WHERE NOT EXISTS (SELECT FROM andes_audit_chain l WHERE l.audit_id = a.id)
"""  # noqa: S608  # parts of constant text
"""How many rows are not sealed, the first that cannot be genuine, the oldest instant."""


def head(connection: psycopg.Connection[Any]) -> Head | None:
    """Return the end of the chain at its last seal."""
    row = connection.execute(
        "SELECT number, position, hash FROM andes_audit_seals ORDER BY number DESC LIMIT 1"
    ).fetchone()
    return Head(*row) if row is not None else None
