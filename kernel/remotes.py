"""Remotes: what the job processes know together about each outside system.

A remote that refuses our credentials is stopped until a person resumes it; one that is down is
paused, and when the pause ends a single job tries before the others follow. In both cases the jobs
stay queued and spend no attempts. The starts of the last minute are counted here as well, so that a
rate limit holds over all processes.

Jobs are grouped by a key: the name of their remote, or ``job:<name>`` for those without one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import ARRAY, DateTime, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from kernel.db import Statement, execute
from kernel.errors import NotFound
from kernel.jobs import Job
from kernel.model import Model

if TYPE_CHECKING:
    from kernel.context import Ctx

HOLD_SECONDS = 2
"""A claimed job starts within so many seconds, or is given back."""

WINDOW_SECONDS = 60 + HOLD_SECONDS
"""Starts are counted when claimed; so no minute has more than the limit."""

NO_REMOTE = "job:"
FIRST_PAUSE_SECONDS = 5
LONGEST_PAUSE_SECONDS = 300


class Remote(Model):
    """An outside system that was limited, paused or stopped at least once."""

    __tablename__ = "andes_remotes"
    __audited__ = False

    name: Mapped[str] = mapped_column(primary_key=True)
    stopped_at: Mapped[datetime | None]
    reason: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default="0")
    failed_at: Mapped[datetime | None]
    paused_until: Mapped[datetime | None]
    starts: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), server_default=text("'{}'")
    )


def limits(jobs: Iterable[Job]) -> dict[str, int]:
    """Return the starts a minute by key; the lowest counts where jobs of one remote differ."""
    found: dict[str, int] = {}
    for job in jobs:
        if job.per_minute is not None:
            key = key_of(job.name, job.remote)
            found[key] = min(job.per_minute, found.get(key, job.per_minute))
    return found


def key_of(name: str, remote: str | None) -> str:
    """Return the key that a job is counted under."""
    return remote or f"{NO_REMOTE}{name}"


@dataclass(frozen=True, slots=True)
class Room:
    """How many jobs of a key may start now, and when to ask again if that is not enough."""

    starts: int
    seconds: float


MAKE = Statement(
    "remotes_make",
    """
    INSERT INTO andes_remotes (name) SELECT unnest(%(names)s::text[])
    ON CONFLICT DO NOTHING
    """,
)

LOCK = Statement(
    "remotes_lock",
    """
    SELECT r.name, r.failures,
           r.stopped_at IS NOT NULL OR coalesce(r.paused_until > clock_timestamp(), false),
           ARRAY(SELECT extract(epoch FROM clock_timestamp() - s)::float8 FROM unnest(r.starts) s
                  WHERE s > clock_timestamp() - make_interval(secs => %(window)s)
                  ORDER BY s)
      FROM andes_remotes r WHERE r.name = ANY (%(names)s)
     ORDER BY r.name FOR UPDATE
    """,
)

START = Statement(
    "remotes_start",
    """
    UPDATE andes_remotes
       SET starts = ARRAY(SELECT s FROM unnest(starts) s
                           WHERE s > clock_timestamp() - make_interval(secs => %(window)s))
                    || array_fill(clock_timestamp(), ARRAY[%(count)s::int]),
           paused_until = CASE WHEN failures > 0
             THEN clock_timestamp() + make_interval(secs => %(probe)s) ELSE paused_until END
     WHERE name = %(name)s
    """,
)


def admit(
    session: Session,
    wanted: Mapping[str, int],
    limited: Mapping[str, int],
    probe_seconds: float,
) -> dict[str, Room]:
    """Return how many of the wanted starts each key has room for, and count them as started.

    A key that is missing from the answer has no limit. The rows stay locked until the commit.
    """
    names = sorted(wanted)
    if counted := [name for name in names if name in limited]:
        execute(session, MAKE, {"names": counted})
    rooms: dict[str, Room] = {}
    found = execute(session, LOCK, {"names": names, "window": WINDOW_SECONDS})
    for name, failures, closed, ages in found:
        if name not in limited and not failures and not closed:
            continue
        room = _room(limited.get(name), failures, closed, ages)
        rooms[name] = room
        if count := min(room.starts, wanted[name]):
            execute(
                session,
                START,
                {
                    "name": name,
                    "count": count,
                    "window": WINDOW_SECONDS,
                    "probe": probe_seconds,
                },
            )
    return rooms


def _room(limit: int | None, failures: int, closed: bool, ages: list[float]) -> Room:
    """Return the room of one key; ``ages`` are its starts in the window, oldest first."""
    if closed:
        return Room(0, 1.0)
    starts = 1 if failures else 10**6
    if limit is None:
        return Room(starts, 1.0)
    wait = WINDOW_SECONDS - ages[0] if ages else 1.0
    return Room(max(0, min(starts, limit - len(ages))), max(0.05, wait))


STOP = Statement(
    "remotes_stop",
    """
    INSERT INTO andes_remotes (name, stopped_at, reason)
    VALUES (%(name)s, clock_timestamp(), %(reason)s)
    ON CONFLICT (name) DO UPDATE
       SET stopped_at = coalesce(andes_remotes.stopped_at, excluded.stopped_at),
           reason = excluded.reason
    """,
)

PAUSE = Statement(
    "remotes_pause",
    """
    INSERT INTO andes_remotes AS r (name, failures, failed_at, reason, paused_until)
    VALUES (%(name)s, 1, clock_timestamp(), %(reason)s,
            clock_timestamp() + make_interval(secs => %(first)s))
    ON CONFLICT (name) DO UPDATE
       SET failures = r.failures + 1, failed_at = excluded.failed_at, reason = excluded.reason,
           paused_until = clock_timestamp() + make_interval(
             secs => least(%(longest)s, %(first)s * power(2, least(r.failures, 20))))
     WHERE r.failures = 0 OR r.failed_at IS NULL OR r.failed_at < %(started)s
    """,
)

RECOVER = Statement(
    "remotes_recover",
    """
    UPDATE andes_remotes SET failures = 0, paused_until = NULL, reason = NULL
     WHERE name = %(name)s AND failures > 0 AND stopped_at IS NULL
    """,
)

RESUME = Statement(
    "remotes_resume",
    """
    UPDATE andes_remotes
       SET stopped_at = NULL, failures = 0, paused_until = NULL, reason = NULL
     WHERE name = %(name)s
    RETURNING (SELECT coalesce(array_agg(id), '{}') FROM
               (SELECT id FROM andes_jobs WHERE status = 'queued' AND remote = %(name)s
                 ORDER BY priority DESC, run_at, id LIMIT 4) AS due)
    """,
)


def stop(session: Session, name: str, reason: str) -> None:
    """Stop a remote until a person resumes it."""
    execute(session, STOP, {"name": name, "reason": reason})


def pause(session: Session, name: str, reason: str, started: datetime) -> None:
    """Pause a remote, longer with each failure in a row: 5 s, 10 s, … 5 min.

    ``started`` is when the failed try began: several that ran side by side are one failure.
    """
    execute(
        session,
        PAUSE,
        {
            "name": name,
            "reason": reason,
            "started": started,
            "first": FIRST_PAUSE_SECONDS,
            "longest": LONGEST_PAUSE_SECONDS,
        },
    )


def recover(session: Session, name: str) -> None:
    """Let all jobs of a remote follow the one that just succeeded."""
    execute(session, RECOVER, {"name": name})


def resume_remote(ctx: Ctx, name: str) -> None:
    """Let the jobs of a stopped or paused remote run again; a person changed what was wrong.

    Raises:
        NotFound: the remote was never stopped.
    """
    rows = ctx.sql(RESUME, name=name)
    if not rows:
        raise NotFound
    ctx.audit("reanudar", Remote.__tablename__, name, modulo="jobs")
    due: Collection[int] = rows[0][0]
    ctx.after_commit(lambda: ctx.runtime.queue.wake(due))
