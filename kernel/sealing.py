"""Sealing: gives committed audit rows their place in the chain, soon after their commit.

It is never done in the business transaction: there it would cost 3 to 7 times the throughput. One
sealer works at a time; a second one leaves. What the chain ends with goes to ``kernel.heads``.
Source: spec/erp-modules.md, módulo 9, "Auditoría".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg

from kernel import chain, db, logging
from kernel.db import Database
from kernel.heads import Head, HeadLog
from kernel.jobs import Job, Schedule
from kernel.verification import Verdict, verify, verify_and_note

if TYPE_CHECKING:
    from kernel.context import Ctx

__all__ = ["JOBS", "SCHEDULES", "Verdict", "seal", "seal_audit", "verify", "verify_and_note"]

log = logging.get(__name__)

BATCH = 10_000
"""Rows sealed in one transaction."""

LOCK = 7_203_115
"""Advisory lock that keeps two sealers apart."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction sealed; ``seal`` when it was the last of its run."""

    sealed: int
    highest: int
    complete: bool


@dataclass(frozen=True, slots=True)
class _Moment:
    known: bool
    """Whether the last seal is from this cluster."""
    system: int
    oldest: int
    next: int
    running: list[int]
    at: datetime
    running_text: str
    at_text: str


@dataclass(slots=True)
class _End:
    """The end of the chain, as rows are added to it."""

    position: int
    hash: bytes
    top: int
    number: int
    sealed_position: int
    """How far the last seal goes."""


def seal(
    database: Database, *, batch: int = BATCH, tell: Callable[[int], None] = lambda sealed: None
) -> int:
    """Seal every committed row and return how many; ``tell`` hears the sum after each batch."""
    total = after = 0
    while True:
        done = database.run(lambda session: _seal_batch(db.driver(session), after, batch))  # noqa: B023
        if done is None:
            return total
        total += done.sealed
        tell(total)
        if done.complete:
            return total
        after = done.highest if done.sealed == batch else 0


def seal_audit(ctx: Ctx) -> None:
    """Seal what was committed, in transactions of its own, and keep the head outside."""

    def tell(sealed: int) -> None:
        if ctx.job is not None:
            ctx.job.progress(sealed)
            ctx.job.check_cancelled()

    runtime = ctx.runtime
    seal(runtime.database, tell=tell)
    keep_head(runtime.database, HeadLog(runtime.settings.data_dir), runtime.clock())


def verify_audit(ctx: Ctx) -> None:
    """Verify the whole chain and leave the verdict; an altered audit is an error in the log."""
    verdict = verify_and_note(ctx)
    if not verdict.intact:
        log.error("audit_altered", audit_id=verdict.audit_id, reason=verdict.message)


def keep_head(database: Database, heads: HeadLog, now: datetime) -> Head | None:
    """Keep the end of the chain in the file, and in the log that may leave the host."""
    found = database.run(lambda session: chain.head(db.driver(session)))
    if found is not None and heads.keep(found, now):
        log.info("audit_head", number=found.number, position=found.position, hash=found.hash.hex())
    return found


def _seal_batch(connection: psycopg.Connection[Any], after: int, limit: int) -> Batch | None:
    """Seal rows with an id above ``after``; None when another sealer is at work."""
    locked = connection.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK]).fetchone()
    if locked is None or not locked[0]:
        return None
    end = _end(connection)
    found = connection.execute(chain.UNSEALED, {"after": after, "limit": limit}).fetchall()
    moment = _Moment(*found[0][: chain.MOMENT_WIDTH])
    rows = [row[chain.MOMENT_WIDTH :] for row in found if row[chain.MOMENT_WIDTH] is not None]
    _link(connection, end, rows)
    complete = after == 0 and len(rows) < limit
    if complete and end.position and (end.position > end.sealed_position or not moment.known):
        _seal(connection, end, moment)
    return Batch(len(rows), rows[-1][0] if rows else 0, complete)


def _end(connection: psycopg.Connection[Any]) -> _End:
    link = connection.execute(
        "SELECT position, hash FROM andes_audit_chain ORDER BY position DESC LIMIT 1"
    ).fetchone()
    seal = connection.execute(
        "SELECT position, hash, top, number FROM andes_audit_seals ORDER BY number DESC LIMIT 1"
    ).fetchone()
    position, digest = link or (0, chain.GENESIS)
    sealed_position, seal_digest, top, number = seal or (0, chain.GENESIS, 0, 0)
    if position <= sealed_position:
        return _End(sealed_position, seal_digest, top, number, sealed_position)
    highest = connection.execute(
        "SELECT max(audit_id) FROM andes_audit_chain WHERE position > %s", [sealed_position]
    ).fetchone()
    return _End(position, digest, max(top, *(highest or ())), number, sealed_position)


def _link(connection: psycopg.Connection[Any], end: _End, rows: Sequence[Sequence[Any]]) -> None:
    columns = "position, audit_id, hash"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY andes_audit_chain ({columns}) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(["int8", "int8", "bytea"])
        for row in rows:
            end.position += 1
            end.hash = chain.link_hash(end.hash, row)
            end.top = max(end.top, row[0])
            copy.write_row((end.position, row[0], end.hash))


def _seal(connection: psycopg.Connection[Any], end: _End, moment: _Moment) -> None:
    facts = (end.number + 1, end.position, end.top, moment.system, moment.oldest, moment.next)
    digest = chain.seal_hash(end.hash, (*facts, moment.running_text, moment.at_text))
    connection.execute(
        """
        INSERT INTO andes_audit_seals (number, position, top, system, oldest, next, running,
                                       sealed_at, hash)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (*facts, moment.running, moment.at, digest),
    )


JOBS = (
    Job(
        "kernel.seal_audit",
        seal_audit,
        "Sella la auditoría",
        max_attempts=5,
        timeout=timedelta(minutes=30),
    ),
    Job(
        "kernel.verify_audit",
        verify_audit,
        "Verifica la auditoría",
        max_attempts=2,
        timeout=timedelta(hours=2),
    ),
)
SCHEDULES = (
    Schedule("kernel.seal_audit", "* * * * *", "kernel.seal_audit"),
    Schedule("kernel.verify_audit", "20 4 * * *", "kernel.verify_audit"),
)
