"""Claims: the due jobs that a process takes, the most urgent first, and in whose name they run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kernel import remotes
from kernel.db import Statement
from kernel.identity import Identity

# Nothing waits for the disk: a claim that a crash of the server undoes left nothing in it, for a
# job's own commit reaches the disk after it.
CLAIM = Statement(
    "jobs_claim",
    """
    WITH due AS (
      SELECT j.id FROM andes_jobs j
       WHERE j.status = 'queued' AND j.run_at <= now() AND j.name = ANY (%(names)s)
         AND (j.deadline IS NULL OR j.deadline > now())
         AND coalesce(j.remote, 'job:' || j.name) <> ALL (
             %(closed)s::text[] || ARRAY(SELECT name FROM andes_remotes
                                          WHERE stopped_at IS NOT NULL OR paused_until > now()))
       ORDER BY j.priority DESC, j.run_at, j.id
       LIMIT %(limit)s FOR UPDATE OF j SKIP LOCKED),
    claimed AS (
      UPDATE andes_jobs j
         SET status = 'running', attempts = j.attempts + 1, started_at = clock_timestamp(),
             lease_until = clock_timestamp() + make_interval(secs => %(lease)s),
             leased_by = %(owner)s
        FROM due WHERE j.id = due.id
      RETURNING j.id, j.name, j.args, j.attempts, j.remote, j.request_id, j.usuario_id,
                j.started_at, j.priority, j.run_at)
    SELECT c.id, c.name, c.args, c.attempts, c.remote, c.request_id, c.started_at, c.usuario_id,
           u.email, u.nombre, u.rol_id, r.nombre, coalesce(u.activo, false)
      FROM claimed c
      LEFT JOIN usuarios u ON u.id = c.usuario_id
      LEFT JOIN roles r ON r.id = u.rol_id
     CROSS JOIN (SELECT set_config('synchronous_commit', 'off', true)) AS no_wait
     ORDER BY c.priority DESC, c.run_at, c.id
    """,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this process may run now."""

    id: int
    name: str
    args: Mapping[str, Any]
    attempt: int
    remote: str | None
    request_id: str | None
    user: Identity | None
    started_at: datetime
    claimed: float = field(default_factory=time.monotonic, compare=False)

    @property
    def key(self) -> str:
        """What the job is counted under (``kernel.remotes``)."""
        return remotes.key_of(self.name, self.remote)

    @classmethod
    def of(cls, row: Sequence[Any]) -> Claim:
        """Return a row of CLAIM."""
        job_id, name, args, attempt, remote, request_id, started_at, *person = row
        return cls(job_id, name, args, attempt, remote, request_id, starter(person), started_at)


def starter(person: Iterable[Any]) -> Identity | None:
    """Return who started the job; one who left keeps the name and loses every permission."""
    usuario_id, email, nombre, rol_id, rol, activo = person
    if usuario_id is None:
        return None
    if not activo:
        return Identity(usuario_id, email or "", nombre or "", 0, "", 0)
    return Identity(usuario_id, email, nombre, rol_id, rol, 0)
