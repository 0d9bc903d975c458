"""Retention: rows of ended jobs and of planned instants are deleted after a while, in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kernel.db import Statement, execute

if TYPE_CHECKING:
    from kernel.context import Ctx

DAYS = 30
BATCH = 5_000

PURGE_JOBS = Statement(
    "purge_jobs",
    """
    DELETE FROM andes_jobs WHERE id IN (
      SELECT id FROM andes_jobs
       WHERE status IN ('done', 'cancelled')
         AND finished_at < now() - make_interval(days => %(days)s)
       ORDER BY finished_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING id
    """,
)

PURGE_RUNS = Statement(
    "purge_schedule_runs",
    """
    DELETE FROM andes_schedule_runs WHERE (schedule, planned_at) IN (
      SELECT schedule, planned_at FROM andes_schedule_runs AS old
       WHERE planned_at < now() - make_interval(days => %(days)s)
         AND EXISTS (SELECT FROM andes_schedule_runs AS later
                      WHERE later.schedule = old.schedule AND later.planned_at > old.planned_at
                        AND later.planned_at <= now())
       LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING schedule
    """,
)


def purge_jobs(ctx: Ctx, days: int = DAYS) -> None:
    """Delete jobs that are done or cancelled for so many days; failed ones wait for a person.

    The last planned instant of each schedule stays: it tells what was missed.
    """
    total = 0
    for statement in (PURGE_JOBS, PURGE_RUNS):
        deleted = BATCH
        while deleted == BATCH:
            deleted = _purge(ctx, statement, days)
            total += deleted
            if ctx.job is not None:
                ctx.job.progress(total)
                ctx.job.check_cancelled()


def _purge(ctx: Ctx, statement: Statement, days: int) -> int:
    """Delete one batch in a transaction of its own, so that locks are short."""
    given = {"days": days, "limit": BATCH}
    return len(ctx.runtime.database.run(lambda session: execute(session, statement, given)))
