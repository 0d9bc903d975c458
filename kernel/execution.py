"""Execution: one try of one job, and what becomes of it.

The function runs in a unit of work of its own, in the name of whoever started the job; that the job
is done is written in the same transaction. What a job raises decides: ``Transient`` and unexpected
exceptions are tried again, ``Permanent`` and ``DomainError`` go to a person at once, and
``CredentialsRefused`` and ``RemoteDown`` hold back the whole remote and spend no try.
"""

from __future__ import annotations

import threading
import time
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from kernel import logging, metrics, redaction
from kernel.claims import Claim
from kernel.context import Ctx, RequestFacts
from kernel.db import Statement, execute
from kernel.errors import (
    CredentialsRefused,
    DomainError,
    Permanent,
    RemoteDown,
    Unavailable,
)
from kernel.jobs import Cancelled, Job, LeaseLost
from kernel.leases import Leases, clean

if TYPE_CHECKING:
    from kernel.runtime import Runtime

log = logging.get(__name__)

PROGRESS_SECONDS = 0.1
"""Progress is written and pushed at most so often; the last one always."""

ASK_SECONDS = 0.2
"""How old the answer of ``check_cancelled`` may be."""

PROGRESS = Statement(
    "jobs_progress",
    """
    UPDATE andes_jobs
       SET progress_done = %(done)s, progress_total = %(total)s, progress_line = %(line)s
     WHERE id = %(id)s AND leased_by = %(owner)s AND attempts = %(attempt)s AND status = 'running'
    RETURNING cancel_requested
    """,
)

ASK = Statement(
    "jobs_ask",
    """
    SELECT cancel_requested FROM andes_jobs
     WHERE id = %(id)s AND leased_by = %(owner)s AND attempts = %(attempt)s AND status = 'running'
    """,
)


@dataclass
class Execution:
    """A running try; the job's function knows it as ``ctx.job``."""

    runtime: Runtime
    leases: Leases
    job: Job
    claim: Claim
    thread: threading.Thread = field(default_factory=threading.current_thread)
    started: float = field(default_factory=time.monotonic)
    cancel_requested: bool = False
    lost: bool = False
    _pending: dict[str, Any] | None = None
    _written: float = 0.0
    _asked: float = 0.0

    @property
    def id(self) -> int:
        """The job's row."""
        return self.claim.id

    @property
    def attempt(self) -> int:
        """Which try this is, from 1 on."""
        return self.claim.attempt

    @property
    def overdue(self) -> bool:
        """Whether the try takes longer than the job may."""
        return time.monotonic() - self.started > self.job.timeout.total_seconds()

    def progress(self, done: int, total: int | None = None, line: str = "") -> None:
        """Show how far the job is, outside its transaction; at most ten times a second."""
        self._pending = {"done": done, "total": total, "line": clean(line) or None}
        if done == total or time.monotonic() - self._written >= PROGRESS_SECONDS:
            self._write_progress()

    def _write_progress(self) -> None:
        shown, self._pending = self._pending, None
        if shown is None:
            return
        self._written = time.monotonic()
        self._talk(PROGRESS, shown)
        self._push(shown)

    def check_cancelled(self) -> None:
        """Raise Cancelled when a person asked for it, LeaseLost when the try counts as failed."""
        if not self.cancel_requested and time.monotonic() - self._asked >= ASK_SECONDS:
            self._asked = time.monotonic()
            self._talk(ASK, {})
        if self.cancel_requested:
            raise Cancelled
        if self.lost:
            raise LeaseLost(f"job {self.id}, try {self.attempt}")

    def _talk(self, statement: Statement, given: dict[str, Any]) -> None:
        """Write or ask in a short transaction; a database that is away is no fault of the job."""
        mine = {"id": self.id, "owner": self.leases.owner, "attempt": self.attempt}

        def work(session: Session) -> Any:
            return execute(session, statement, {**mine, **given})

        try:
            rows = self.runtime.database.run(work, attempts=1)
        except Exception as error:  # noqa: BLE001  # the job's own transaction will tell
            log.warning("job_progress_not_written", reason=str(error))
            return
        self.lost = self.lost or not rows
        self.cancel_requested = self.cancel_requested or bool(rows and rows[0][0])

    def _push(self, shown: dict[str, Any]) -> None:
        try:
            self.runtime.realtime.publish(f"job:{self.id}", shown)
        except Exception:  # a hint to open screens; the row is the truth
            log.exception("job_progress_not_pushed")

    def perform(self) -> str:
        """Run the job and return its status, or ``lost`` when the claim wasn't ours any more."""
        logging.bind(job_id=self.id, job=self.claim.name, request_id=self.claim.request_id)
        try:
            status = self._attempt()
            metrics.JOBS.labels(self.claim.name, status).inc()
            if self._written or status != "done":  # a screen may show it
                self._push({"status": status})
            return status
        finally:
            logging.clear()

    def _attempt(self) -> str:
        try:
            self.runtime.transact(
                self._work,
                user=self.claim.user,
                request=RequestFacts(request_id=self.claim.request_id or ""),
            )
        except (Exception, SystemExit) as error:  # noqa: BLE001  # the edge: whatever a job raises is recorded
            try:
                return self._failed(error)
            except Exception:  # the database is away: the sweeper finds the expired lease
                log.exception("job_failure_not_written")
                return "lost"
        log.debug("job_done", seconds=round(time.monotonic() - self.started, 3))
        return "done"

    def _work(self, ctx: Ctx) -> None:
        ctx.job = self
        self.job.run(ctx, **self.claim.args)
        self._write_progress()
        self.leases.done(ctx.session, self.claim)

    def _failed(self, error: BaseException) -> str:
        """Record a try that ended badly and return the job's status."""
        claim, reason = self.claim, redaction.clean(explain(error))
        if isinstance(error, LeaseLost):
            log.warning("job_lease_lost", attempt=claim.attempt)
            return "lost"
        if isinstance(error, Cancelled):
            self.leases.cancelled(claim)
            return "cancelled"
        if claim.remote and isinstance(error, CredentialsRefused):
            log.error("remote_stopped", remote=claim.remote, reason=reason)
            self.leases.stop_remote(claim, claim.remote, reason)
            return "queued"
        if claim.remote and isinstance(error, RemoteDown):
            log.warning("remote_paused", remote=claim.remote, reason=reason)
            self.leases.pause_remote(claim, claim.remote, reason)
            return "queued"
        trace = redaction.clean("".join(traceback.format_exception(error)))
        status = self.leases.fail(claim, reason, trace, again=may_succeed(error))
        log.warning("job_failed", attempt=claim.attempt, status=status, reason=reason)
        return status or "lost"


def may_succeed(error: BaseException) -> bool:
    """Return whether trying again can help."""
    if isinstance(error, Unavailable):
        return True
    return not isinstance(error, Permanent | CredentialsRefused | DomainError)


def explain(error: BaseException) -> str:
    """Return the line that a person reads about an error."""
    text = error.message if isinstance(error, DomainError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
