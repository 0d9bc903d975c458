"""Schedules: jobs at planned instants of the company's time zone.

Each planned instant is a row, written with its job in one transaction; the row's key makes several
processes plan it once. What was missed while nothing ran is planned afterwards: the last instant,
or each of them. A schedule that is seen for the first time fires from then on.

When clocks change: an expression that names hours (``30 0 * * *``) means local times, so a time
that doesn't exist becomes the first minute after the gap, and a time that happens twice counts the
first time only. One that runs in every hour (``*/15 * * * *``) goes on by elapsed time.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from cronsim import CronSim
from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from kernel import logging
from kernel.db import Statement
from kernel.jobs import Job, Schedule
from kernel.model import Model

if TYPE_CHECKING:
    from kernel.context import Ctx
    from kernel.runtime import Runtime

log = logging.get(__name__)

MOST_CAUGHT_UP = 1000
"""So many missed instants of one schedule are planned at most, the latest ones."""

LONGEST_SHIFT = timedelta(hours=3)
"""No time zone moves its clocks further than this at once (save for skipping whole days)."""

SPANS = tuple(timedelta(days=days) for days in (0.1, 1, 8, 32, 370, 1500))
"""How far back is looked for missed instants, shorter first."""

LONG_AGO = datetime.min.replace(tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
EVERY_MINUTE = timedelta(minutes=1)
LOOK_SECONDS = 60

SCHEDULES = (Schedule("kernel.purge_jobs", "17 3 * * *", "kernel.purge_jobs"),)


class ScheduleRun(Model):
    """A planned instant and the job it became; without a job, when the schedule was first seen."""

    __tablename__ = "andes_schedule_runs"
    __audited__ = False

    schedule: Mapped[str] = mapped_column(primary_key=True)
    planned_at: Mapped[datetime] = mapped_column(primary_key=True)
    job_id: Mapped[int | None] = mapped_column(BigInteger)


def instants(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the instants (UTC) of an expression after an instant, in order."""
    last = after
    for instant in _elapsed(cron, zone, after) or _local(cron, zone, after):
        if instant > last:
            last = instant
            yield instant


def _elapsed(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime] | None:
    """Return the instants of an expression that runs in every hour; None for any other."""
    times = CronSim(cron, after.astimezone(zone))
    if len(times.hours) < 24:
        return None
    return (moment.astimezone(UTC) for moment in times)


def _local(cron: str, zone: ZoneInfo, after: datetime) -> Iterator[datetime]:
    """Yield the instants of an expression that names local hours."""
    clock = after.astimezone(zone).replace(tzinfo=None, fold=0)
    # In the second pass of a repeated hour, the first pass's times were the right ones.
    for moment in CronSim(cron, clock - LONGEST_SHIFT):
        yield instant_of(moment, zone)


def instant_of(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return when a local clock first shows a time, or the first minute after one it skips."""
    while True:
        instant = moment.replace(tzinfo=zone, fold=0).astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None, fold=0) == moment:
            return instant
        moment += EVERY_MINUTE


def missed(
    schedule: Schedule, zone: ZoneInfo, after: datetime, until: datetime
) -> Sequence[datetime]:
    """Return the instants to plan in ``(after, until]``: the last one, or all up to a limit."""
    most = 1 if schedule.catch_up == "latest" else MOST_CAUGHT_UP
    found: list[datetime] = []
    for span in SPANS:
        start = max(after, until - span)
        found = []
        for instant in instants(schedule.cron, zone, start):
            if instant > until:
                break
            found.append(instant)
        if len(found) >= most or start == after:
            break
    return found[-most:]


LOCK = Statement(
    "schedules_lock", "SELECT pg_try_advisory_xact_lock(hashtextextended('andes_schedules', 0))"
)

LAST = Statement(
    "schedules_last",
    """
    SELECT schedule, max(planned_at) FROM andes_schedule_runs
     WHERE schedule = ANY (%(names)s) AND planned_at <= %(now)s GROUP BY schedule
    """,
)

PLAN = Statement(
    "schedules_plan",
    """
    INSERT INTO andes_schedule_runs (schedule, planned_at)
    SELECT %(schedule)s, unnest(%(instants)s::timestamptz[])
    ON CONFLICT DO NOTHING RETURNING planned_at
    """,
)

START = Statement(
    "schedules_start",
    """
    WITH made AS (
      INSERT INTO andes_jobs (name, args, run_at, deadline, max_attempts, remote)
      SELECT %(job)s,
             CASE WHEN %(told)s
               THEN jsonb_build_object('planned_at', to_char(t AT TIME ZONE 'UTC',
                                                             'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'))
               ELSE '{}'::jsonb END,
             t, now() + %(deadline)s::interval, %(max_attempts)s, %(remote)s
        FROM unnest(%(instants)s::timestamptz[]) AS t ORDER BY t
      RETURNING id, run_at)
    UPDATE andes_schedule_runs r SET job_id = made.id FROM made
     WHERE r.schedule = %(schedule)s AND r.planned_at = made.run_at
    RETURNING r.job_id
    """,
)


@dataclass
class Planner:
    """Plans the schedules of one process's generation; every job process has one."""

    runtime: Runtime
    _next: dict[str, datetime] = field(default_factory=dict)
    _look_at: datetime = LONG_AGO

    def plan(self) -> list[int]:
        """Return the ids of the jobs that this process planned now."""
        now = self.runtime.clock()
        if now >= self._look_at:  # the time zone, or the clock, may have changed
            self._next.clear()
            self._look_at = now + timedelta(seconds=LOOK_SECONDS)
        schedules = self.runtime.registry.schedules.values()
        due = [one for one in schedules if self._next.get(one.name, now) <= now]
        return self.runtime.transact(lambda ctx: self._plan(ctx, due, now)) if due else []

    def _plan(self, ctx: Ctx, due: Sequence[Schedule], now: datetime) -> list[int]:
        if not ctx.sql(LOCK)[0][0]:
            return []
        names = [schedule.name for schedule in due]
        last: dict[str, datetime] = dict(ctx.sql(LAST, names=names, now=now))
        zone = ctx.time_zone
        planned: list[int] = []
        for schedule in due:
            seen = last.get(schedule.name)
            times = [now] if seen is None else missed(schedule, zone, seen, now)
            fresh = ctx.sql(PLAN, schedule=schedule.name, instants=list(times)) if times else []
            if fresh and seen is not None:
                planned += self._start(ctx, schedule, [row[0] for row in fresh])
            upcoming = islice(instants(schedule.cron, zone, now), 1)
            self._next[schedule.name] = next(upcoming, NEVER)
        if planned:
            ctx.after_commit(lambda: ctx.runtime.queue.wake(planned))
        return planned

    def _start(self, ctx: Ctx, schedule: Schedule, times: list[datetime]) -> list[int]:
        job = self.runtime.registry.job(schedule.job)
        rows = ctx.sql(
            START,
            schedule=schedule.name,
            job=job.name,
            told=takes_instant(job),
            instants=times,
            deadline=job.deadline,
            max_attempts=job.max_attempts,
            remote=job.remote,
        )
        log.info("schedule_planned", schedule=schedule.name, jobs=len(rows))
        return [row[0] for row in rows]


def takes_instant(job: Job) -> bool:
    """Return whether the job's function wants to know which instant it runs for."""
    return "planned_at" in inspect.signature(job.run).parameters
