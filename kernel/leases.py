"""Leases: how job processes share ``andes_jobs`` without losing or doubling a job.

A process claims due rows for a while (the lease) and extends the lease while it works (heartbeat).
Whatever a process does with a claim is guarded by its owner and the number of the try, so that a
process which was taken for dead can write nothing. A try counts when it is claimed; a claim that is
given back unstarted is not counted.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from kernel import remotes
from kernel.claims import CLAIM, Claim
from kernel.db import Database, Statement, execute
from kernel.jobs import Job, LeaseLost, Status

LEASE_SECONDS = 15.0
LONGEST_ERROR = 20_000
SWEEP_ROWS = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to the next try: random, below ``base`` · 2^tries and ``cap`` (full jitter)."""

    base: float = 5.0
    cap: float = 3600.0


DONE = Statement(
    "jobs_done",
    """
    UPDATE andes_jobs
       SET status = 'done', finished_at = clock_timestamp(), lease_until = NULL, leased_by = NULL,
           error = NULL
     WHERE id = %(id)s AND leased_by = %(owner)s AND attempts = %(attempt)s AND status = 'running'
    RETURNING id
    """,
)

_END = """
    ended AS (
      UPDATE andes_jobs j
         SET status = job.verdict, lease_until = NULL, leased_by = NULL, error = %(error)s,
             run_at = CASE WHEN job.verdict = 'queued' AND (%(failed)s OR job.attempts > 2)
               THEN clock_timestamp() + make_interval(secs =>
                    random() * least(%(cap)s, %(base)s * power(2, least(job.attempts, 30))))
               ELSE j.run_at END,
             finished_at = CASE WHEN job.verdict = 'queued' THEN NULL ELSE clock_timestamp() END
        FROM job WHERE j.id = job.id)
    INSERT INTO andes_job_attempts (job_id, number, started_at, worker, error)
    SELECT id, attempts, started_at, leased_by, %(trace)s FROM job
    RETURNING job_id, (SELECT verdict FROM job WHERE job.id = job_id)
"""

_VERDICT = """
      CASE WHEN cancel_requested THEN 'cancelled'
           WHEN NOT %(again)s OR attempts >= max_attempts OR deadline < clock_timestamp()
           THEN 'failed' ELSE 'queued' END AS verdict
"""

FAIL = Statement(
    "jobs_fail",
    f"""
    WITH job AS (
      SELECT id, attempts, started_at, leased_by, {_VERDICT} FROM andes_jobs
       WHERE id = %(id)s AND leased_by = %(owner)s AND attempts = %(attempt)s
         AND status = 'running' FOR UPDATE),
    {_END}
    """,  # noqa: S608  # made of constants
)

SWEEP = Statement(
    "jobs_sweep",
    f"""
    WITH job AS (
      SELECT id, attempts, started_at, leased_by, {_VERDICT} FROM andes_jobs
       WHERE status = 'running' AND lease_until < now()
       ORDER BY lease_until LIMIT %(limit)s FOR UPDATE SKIP LOCKED),
    {_END}
    """,  # noqa: S608  # made of constants
)

OVERDUE = Statement(
    "jobs_overdue",
    """
    UPDATE andes_jobs SET status = 'failed', finished_at = clock_timestamp(), error = %(error)s
     WHERE id IN (SELECT id FROM andes_jobs
                   WHERE status = 'queued' AND deadline < now()
                   ORDER BY deadline LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING id
    """,
)

GIVE_BACK = Statement(
    "jobs_give_back",
    """
    UPDATE andes_jobs j
       SET status = CASE WHEN j.cancel_requested THEN 'cancelled' ELSE 'queued' END,
           finished_at = CASE WHEN j.cancel_requested THEN clock_timestamp() END,
           attempts = j.attempts - 1, lease_until = NULL, leased_by = NULL, started_at = NULL,
           error = coalesce(%(error)s, j.error)
      FROM unnest(%(ids)s::bigint[], %(attempts)s::int[]) AS mine (id, attempt)
     WHERE j.id = mine.id AND j.attempts = mine.attempt AND j.leased_by = %(owner)s
       AND j.status = 'running'
    RETURNING j.id
    """,
)

CANCELLED = Statement(
    "jobs_cancelled",
    """
    UPDATE andes_jobs
       SET status = 'cancelled', finished_at = clock_timestamp(), lease_until = NULL,
           leased_by = NULL
     WHERE id = %(id)s AND leased_by = %(owner)s AND attempts = %(attempt)s AND status = 'running'
    RETURNING id
    """,
)

EXTEND = Statement(
    "jobs_extend",
    """
    WITH mine AS (
      SELECT j.id, j.attempts, j.cancel_requested
        FROM unnest(%(ids)s::bigint[], %(attempts)s::int[]) AS m (id, attempt)
        JOIN andes_jobs j ON j.id = m.id AND j.attempts = m.attempt
       WHERE j.leased_by = %(owner)s AND j.status = 'running'),
    free AS (
      SELECT j.id FROM andes_jobs j JOIN mine USING (id)
       WHERE j.leased_by = %(owner)s AND j.status = 'running' FOR UPDATE OF j SKIP LOCKED),
    extended AS (
      UPDATE andes_jobs j SET lease_until = clock_timestamp() + make_interval(secs => %(lease)s)
        FROM free WHERE j.id = free.id)
    SELECT id, cancel_requested FROM mine
    """,
)

PARK = Statement(
    "jobs_park",
    """
    UPDATE andes_jobs SET status = 'parked'
     WHERE id IN (SELECT id FROM andes_jobs WHERE status = 'queued' AND name <> ALL (%(names)s)
                   FOR UPDATE SKIP LOCKED)
    RETURNING id
    """,
)

UNPARK = Statement(
    "jobs_unpark",
    """
    UPDATE andes_jobs SET status = 'queued'
     WHERE id IN (SELECT id FROM andes_jobs WHERE status = 'parked' AND name = ANY (%(names)s)
                   FOR UPDATE SKIP LOCKED)
    RETURNING id
    """,
)


class Leases:
    """The claims of one process; each act is a transaction of its own unless it takes a session."""

    def __init__(
        self,
        database: Database,
        jobs: Mapping[str, Job],
        owner: str,
        *,
        seconds: float = LEASE_SECONDS,
        backoff: Backoff | None = None,
    ) -> None:
        self.owner = owner
        self.seconds = seconds
        self._database = database
        self._names = sorted(jobs)
        self._limits = remotes.limits(jobs.values())
        self._backoff = backoff or Backoff()
        self._closed: dict[str, float] = {}

    def claim(self, limit: int) -> list[Claim]:
        """Return up to ``limit`` due jobs, the most urgent first, leased to this process."""
        while True:
            claims, refused = self._database.run(lambda session: self._claim(session, limit))
            if claims or not refused:
                return claims

    def _claim(self, session: Session, limit: int) -> tuple[list[Claim], int]:
        now = time.monotonic()
        self._closed = {key: until for key, until in self._closed.items() if until > now}
        rows = execute(
            session,
            CLAIM,
            {
                "names": self._names,
                "closed": list(self._closed),
                "limit": limit,
                "lease": self.seconds,
                "owner": self.owner,
            },
        )
        claims = [Claim.of(row) for row in rows]
        wanted = Counter(claim.key for claim in claims if self._may_be_held(claim.key))
        admitted = self._admit(session, claims, wanted) if wanted else claims
        return admitted, len(claims) - len(admitted)

    def _may_be_held(self, key: str) -> bool:
        return key in self._limits or not key.startswith(remotes.NO_REMOTE)

    def _admit(
        self, session: Session, claims: list[Claim], wanted: Mapping[str, int]
    ) -> list[Claim]:
        """Give back what a rate limit or a paused remote has no room for."""
        rooms = remotes.admit(session, wanted, self._limits, self.seconds)
        left = {key: room.starts for key, room in rooms.items()}
        admitted, refused = [], []
        for claim in claims:
            key = claim.key
            if key in left and left[key] <= 0:
                refused.append(claim)
                self._closed[key] = time.monotonic() + rooms[key].seconds
            else:
                left[key] = left.get(key, len(claims)) - 1
                admitted.append(claim)
        if refused:
            self._give_back(session, refused, None)
        return admitted

    def give_back(self, claims: Sequence[Claim], reason: str | None = None) -> list[int]:
        """Return the ids of claims that are queued again, their tries not counted."""
        return self._run(lambda session: self._give_back(session, claims, reason))

    def _give_back(
        self, session: Session, claims: Sequence[Claim], reason: str | None
    ) -> list[int]:
        rows = execute(
            session, GIVE_BACK, {**self._mine(claims), "error": reason and clean(reason)}
        )
        return [row[0] for row in rows]

    def extend(self, claims: Sequence[Claim]) -> dict[int, bool]:
        """Return, for each claim that is still ours, whether a person asked it to stop."""
        given = {**self._mine(claims), "lease": self.seconds}
        rows = self._run(lambda session: execute(session, EXTEND, given))
        return {row[0]: row[1] for row in rows}

    def done(self, session: Session, claim: Claim) -> None:
        """Write, in the job's own transaction, that it is done.

        Raises:
            LeaseLost: the claim isn't ours any more; the transaction must be rolled back.
        """
        if not execute(session, DONE, self._guard(claim)):
            raise LeaseLost(f"job {claim.id}, try {claim.attempt}")
        if claim.remote:
            remotes.recover(session, claim.remote)

    def fail(self, claim: Claim, error: str, trace: str = "", *, again: bool) -> Status | None:
        """Return what became of a try that ended badly: queued, failed, cancelled, or not ours."""
        ended = {
            **self._guard(claim),
            **self._ending(error, trace, again=again, failed=True),
        }
        rows = self._run(lambda session: execute(session, FAIL, ended))
        return rows[0][1] if rows else None

    def cancelled(self, claim: Claim) -> None:
        """Write that the job stopped because a person asked for it."""
        self._run(lambda session: execute(session, CANCELLED, self._guard(claim)))

    def stop_remote(self, claim: Claim, remote: str, reason: str) -> None:
        """Give the job back and stop its remote, in one transaction."""

        def work(session: Session) -> None:
            self._give_back(session, [claim], reason)
            remotes.stop(session, remote, clean(reason))

        self._run(work)

    def pause_remote(self, claim: Claim, remote: str, reason: str) -> None:
        """Give the job back and pause its remote, in one transaction."""

        def work(session: Session) -> None:
            self._give_back(session, [claim], reason)
            remotes.pause(session, remote, clean(reason), claim.started_at)

        self._run(work)

    def sweep(self) -> dict[int, Status]:
        """Return what became of the jobs whose process died, and of those that came too late."""
        lost = {
            **self._ending("worker lost", "worker lost", again=True, failed=False),
            "limit": SWEEP_ROWS,
        }
        late = {"error": "deadline passed", "limit": SWEEP_ROWS}
        swept = {row[0]: row[1] for row in self._run(lambda session: execute(session, SWEEP, lost))}
        for row in self._run(lambda session: execute(session, OVERDUE, late)):
            swept[row[0]] = "failed"
        return swept

    def park(self) -> tuple[int, int]:
        """Return how many jobs were parked and unparked by what the installed addons declare."""
        names = {"names": self._names}
        parked = self._run(lambda session: execute(session, PARK, names))
        unparked = self._run(lambda session: execute(session, UNPARK, names))
        return len(parked), len(unparked)

    def _run(self, work: Callable[[Session], T]) -> T:
        return self._database.run(work)

    def _guard(self, claim: Claim) -> dict[str, Any]:
        return {"id": claim.id, "owner": self.owner, "attempt": claim.attempt}

    def _mine(self, claims: Sequence[Claim]) -> dict[str, Any]:
        return {
            "ids": [claim.id for claim in claims],
            "attempts": [claim.attempt for claim in claims],
            "owner": self.owner,
        }

    def _ending(self, error: str, trace: str, *, again: bool, failed: bool) -> dict[str, Any]:
        return {
            "error": clean(error)[:1000],
            "trace": clean(trace or error),
            "again": again,
            "failed": failed,
            "base": self._backoff.base,
            "cap": self._backoff.cap,
        }


def clean(text: str) -> str:
    """Return a text that PostgreSQL can store, its end kept when it is too long."""
    return text.replace("\x00", "").encode(errors="replace").decode()[-LONGEST_ERROR:]
