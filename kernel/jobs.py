"""Jobs: promises committed with the business change.

A job is a row of ``andes_jobs`` written in the transaction that needs it; the table is the truth.
huey is only woken with the row's id (``kernel.queue``) and ``kernel.worker`` runs it under a lease.

A job function takes ids and may run twice. It gets one transaction, which begins with its first
statement and commits together with the job's own end, so that its effect is there exactly once.
One that calls an outside system leaves its ``ctx.session`` alone until the call is over and saves
what must stand before it with ``ctx.runtime.transact``.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, Protocol

from cronsim import CronSim, CronSimError
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from kernel.db import Statement
from kernel.errors import ConfigurationError, Conflict, NotFound
from kernel.model import Id, Model

if TYPE_CHECKING:
    from kernel.context import Ctx

Status = Literal["queued", "running", "done", "failed", "cancelled", "parked"]


class JobRow(Model):
    """A job: what to run, when, and how it went."""

    __tablename__ = "andes_jobs"
    __audited__ = False
    __table_args__ = (
        Index(
            "ix_andes_jobs_due",
            text("priority DESC"),
            "run_at",
            "id",
            postgresql_where=text("status = 'queued'"),
        ),
        Index("ix_andes_jobs_lease", "lease_until", postgresql_where=text("status = 'running'")),
        Index(
            "ix_andes_jobs_deadline",
            "deadline",
            postgresql_where=text("status = 'queued' AND deadline IS NOT NULL"),
        ),
        Index("ix_andes_jobs_parked", "name", postgresql_where=text("status = 'parked'")),
        Index(
            "ix_andes_jobs_ended",
            "finished_at",
            postgresql_where=text("status IN ('done', 'cancelled')"),
        ),
        Index(
            "uq_andes_jobs_name_key",
            "name",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        CheckConstraint(
            "status IN ('queued','running','done','failed','cancelled','parked')", name="status"
        ),
        # Every job changes its row two or three times: leave room, and clean up early.
        {
            "postgresql_with": {
                "fillfactor": 70,
                "autovacuum_vacuum_scale_factor": 0.02,
                "autovacuum_analyze_scale_factor": 0.05,
                "autovacuum_vacuum_cost_delay": 0,
            }
        },
    )

    id: Mapped[Id]
    name: Mapped[str]
    args: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(server_default="queued")
    priority: Mapped[int] = mapped_column(server_default="0")
    run_at: Mapped[datetime] = mapped_column(server_default=func.now())
    deadline: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default="0")
    max_attempts: Mapped[int] = mapped_column(server_default="8")
    started_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    remote: Mapped[str | None]
    idempotency_key: Mapped[str | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default="false")
    progress_done: Mapped[int | None]
    progress_total: Mapped[int | None]
    progress_line: Mapped[str | None]
    error: Mapped[str | None]
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    finished_at: Mapped[datetime | None]


class JobAttempt(Model):
    """One try that did not end well: when, where and the error."""

    __tablename__ = "andes_job_attempts"
    __audited__ = False

    id: Mapped[Id]
    job_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("andes_jobs.id", ondelete="CASCADE"), index=True
    )
    number: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime] = mapped_column(server_default=func.now())
    worker: Mapped[str]
    error: Mapped[str]


_signature = functools.cache(inspect.signature)


@dataclass(frozen=True, slots=True)
class Job:
    """A declared job. ``run(ctx, **args)``; ``remote`` groups jobs that talk to one system."""

    name: str
    run: Callable[..., None]
    summary: str = ""
    """What it does, in words: people read it instead of the name."""
    max_attempts: int = 8
    deadline: timedelta | None = None
    timeout: timedelta = timedelta(minutes=5)
    """How long one try may take; then it counts as failed and its transaction can't commit.

    Python can't kill a thread: the code of the overdue try goes on in the background until it ends
    by itself, so clients need timeouts of their own.
    """
    remote: str | None = None
    per_minute: int | None = None
    """At most so many starts a minute for the ``remote`` (or for this job without one)."""

    def check(self, args: Mapping[str, Any]) -> None:
        """Raise ConfigurationError unless the arguments fit the function's signature."""
        try:
            _signature(self.run).bind(None, **args)
        except TypeError as error:
            raise ConfigurationError(f"Job «{self.name}»: {error}.") from None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A job at planned instants: a cron expression of five fields in the company's time zone.

    A job function with a parameter ``planned_at`` gets the instant as ISO 8601 text in UTC.
    """

    name: str
    cron: str
    job: str
    catch_up: Literal["latest", "all"] = "latest"
    """After downtime: run the last missed instant only, or each of them."""

    def __post_init__(self) -> None:
        try:
            fits = len(self.cron.split()) == 5
            CronSim(self.cron, datetime(2000, 1, 1, tzinfo=UTC))  # only parsed
        except CronSimError:
            fits = False
        if not fits:
            raise ConfigurationError(
                f"Schedule «{self.name}»: «{self.cron}» is no cron expression of five fields "
                "(minute hour day month weekday)."
            )


class Cancelled(Exception):
    """A person asked for the running job to stop; raised by ``Running.check_cancelled``."""


class LeaseLost(Exception):
    """The running job is no longer ours (overdue, or taken for dead); its work is rolled back."""


class Running(Protocol):
    """The job that a ``Ctx`` belongs to, as its function sees it."""

    @property
    def id(self) -> int:
        """The job's row."""

    @property
    def attempt(self) -> int:
        """Which try this is, from 1 on."""

    def progress(self, done: int, total: int | None = None, line: str = "") -> None:
        """Show how far the job is, at once, outside the job's transaction."""

    def check_cancelled(self) -> None:
        """Raise Cancelled when a person asked for it, LeaseLost when the try counts as failed."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be written with the commit."""

    name: str
    args: Mapping[str, Any]
    priority: int
    run_at: datetime | None
    key: str | None
    max_attempts: int
    deadline: timedelta | None
    remote: str | None

    @classmethod
    def of(
        cls,
        job: Job,
        args: Mapping[str, Any],
        priority: int,
        run_at: datetime | None,
        key: str | None,
    ) -> NewJob:
        """Return the row to write for a declared job, its arguments checked."""
        job.check(args)
        return cls(
            job.name, args, priority, run_at, key, job.max_attempts, job.deadline, job.remote
        )


INSERT = """
INSERT INTO andes_jobs (name, args, priority, run_at, deadline, max_attempts, remote,
                        idempotency_key, usuario_id, request_id)
SELECT j.name, j.args, j.priority, coalesce(j.run_at, now()),
       coalesce(j.run_at, now()) + j.deadline, j.max_attempts, j.remote, j.key,
       %(usuario_id)s, %(request_id)s
  FROM jsonb_to_recordset(%(jobs)s::jsonb) AS j(
       name text, args jsonb, priority int, run_at timestamptz, deadline interval,
       max_attempts int, remote text, key text)
ON CONFLICT DO NOTHING
RETURNING id, run_at <= now()
"""


def rows(jobs: Iterable[NewJob]) -> str:
    """Return the jobs as the JSON that INSERT reads."""
    return json.dumps([_row(job) for job in jobs])


def _row(job: NewJob) -> dict[str, Any]:
    return {
        "name": job.name,
        "args": dict(job.args),
        "priority": job.priority,
        "run_at": job.run_at.isoformat() if job.run_at else None,
        "deadline": f"{job.deadline.total_seconds()} seconds" if job.deadline else None,
        "max_attempts": job.max_attempts,
        "remote": job.remote,
        "key": job.key,
    }


CANCEL = Statement(
    "jobs_cancel",
    """
    UPDATE andes_jobs
       SET cancel_requested = true,
           status = CASE status WHEN 'running' THEN status ELSE 'cancelled' END,
           finished_at = CASE status WHEN 'running' THEN NULL ELSE clock_timestamp() END
     WHERE id = %(id)s AND status IN ('queued', 'parked', 'running')
    RETURNING status
    """,
)

RETRY = Statement(
    "jobs_retry",
    """
    UPDATE andes_jobs
       SET status = 'queued', run_at = now(), max_attempts = attempts + %(tries)s,
           deadline = now() + %(deadline)s, cancel_requested = false, error = NULL,
           finished_at = NULL, progress_done = NULL, progress_total = NULL, progress_line = NULL
     WHERE id = %(id)s AND (status IN ('failed', 'cancelled') OR status = 'queued' AND attempts > 0)
    RETURNING status
    """,
)

FIND = Statement("jobs_find", "SELECT name, status FROM andes_jobs WHERE id = %(id)s")


def cancel(ctx: Ctx, job_id: int) -> Status:
    """Return the status after cancelling: a running job is asked to stop and says when it did.

    Raises:
        NotFound: there is no such job.
        Conflict: it ended already.
    """
    changed = ctx.sql(CANCEL, id=job_id)
    if not changed:
        raise _ended(ctx, job_id, "cancelar")
    ctx.audit("cancelar", JobRow.__tablename__, job_id, modulo="jobs")
    status: Status = changed[0][0]
    return status


def retry(ctx: Ctx, job_id: int) -> Status:
    """Return the status after giving a failed or cancelled job its full number of tries again.

    A job that waits for its next try runs at once.

    Raises:
        NotFound: there is no such job.
        Conflict: it is not one that can be tried again.
    """
    found = ctx.sql(FIND, id=job_id)
    job = ctx.runtime.registry.jobs.get(found[0][0]) if found else None
    changed = ctx.sql(
        RETRY,
        id=job_id,
        tries=job.max_attempts if job else 1,
        deadline=job.deadline if job else None,
    )
    if not changed:
        raise _ended(ctx, job_id, "reintentar")
    ctx.audit("reintentar", JobRow.__tablename__, job_id, modulo="jobs")
    ctx.after_commit(lambda: ctx.runtime.queue.wake([job_id]))
    status: Status = changed[0][0]
    return status


def _ended(ctx: Ctx, job_id: int, act: str) -> NotFound | Conflict:
    found = ctx.sql(FIND, id=job_id)
    if not found:
        return NotFound()
    return Conflict(f"El trabajo está en estado «{found[0][1]}»: no se puede {act}.")
