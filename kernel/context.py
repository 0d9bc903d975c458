"""``Ctx``: what a service knows about the act it is part of; its first argument.

One ``Ctx`` lives as long as one transaction. Audit rows, jobs and the stored answer of an
Idempotency-Key are collected here and written by one statement right before the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from kernel import audit, credentials, db, idempotency, identity, jobs, prepared, rbac
from kernel.errors import Forbidden
from kernel.identity import Identity

if TYPE_CHECKING:
    from kernel.rows import GuardedSession
    from kernel.runtime import Runtime

ConfigT = TypeVar("ConfigT")


@dataclass(frozen=True, slots=True)
class RequestFacts:
    """Where an act comes from; for a job, the request that enqueued it."""

    request_id: str = ""
    ip: str | None = None
    user_agent: str | None = None
    secure: bool = False
    """Whether it came by https."""
    own_page: bool = True
    """False for a call to a public address that a browser did not show to come from our pages."""
    cookie: str = field(default="", repr=False)
    """The Cookie header, of a call to a public address."""


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """The answer to keep for an Idempotency-Key."""

    key: str | None
    digest: str | None
    status: int | None
    body: bytes | None


NO_ANSWER = StoredAnswer(None, None, None, None)


@dataclass(slots=True)
class Ctx:
    """Session, user, clock and request of one transaction, and what it leaves behind."""

    session: Session
    runtime: Runtime
    now: datetime
    user: Identity | None = None
    request: RequestFacts = field(default_factory=RequestFacts)
    job: jobs.Running | None = None
    audited: list[audit.Entry] = field(default_factory=list)
    enqueued: list[jobs.NewJob] = field(default_factory=list)
    answer: StoredAnswer | None = None
    fresh: bool = False
    """Whether the user proved within the last ten minutes who they are."""
    headers: dict[str, str] = field(default_factory=dict)
    """What the answer says besides its body."""
    _after_commit: list[Callable[[], None]] = field(default_factory=list)
    _permissions: frozenset[str] | None = None
    _scopes: dict[str, frozenset[int] | None] = field(default_factory=dict)

    @property
    def user_id(self) -> int | None:
        """The user's id, or None for the system itself."""
        return self.user.id if self.user else None

    def sql(self, statement: db.Statement, /, **parameters: Any) -> prepared.Rows:
        """Return the rows of a hot statement; see ``kernel.db.Statement`` for what it skips."""
        return db.execute(self.session, statement, parameters)

    def send(self, statement: db.Statement, /, **parameters: Any) -> None:
        """Have a hot statement run ahead of the next one, in one journey; see ``kernel.db.send``.

        For what is written and not asked about: its error is raised by whatever comes next, at the
        latest by the commit.
        """
        db.send(cast("GuardedSession", self.session), statement, parameters)

    def can(self, permission: str) -> bool:
        """Return whether the user may do ``modulo.accion``; the system itself may do all."""
        allowed = self.permissions
        return allowed is None or permission in allowed

    @property
    def permissions(self) -> frozenset[str] | None:
        """What the user may do; None for the system itself, which may do all."""
        if self.user is not None and self._permissions is None:
            self._permissions = identity.permissions_of(self.session, self.user)
        return self._permissions

    def require(self, permission: str) -> None:
        """Raise Forbidden unless the user may do ``modulo.accion``."""
        if not self.can(permission):
            raise Forbidden(f"Su rol no tiene el permiso «{permission}».")

    def scope(self, name: str) -> frozenset[int] | None:
        """Return the ids of a kind of place that the user may touch; None means all."""
        if name not in self._scopes:
            self._scopes[name] = self.runtime.registry.scopes[name].load(self)
        return self._scopes[name]

    def know_places(self, places: Mapping[str, frozenset[int] | None]) -> None:
        """Take over scopes that were found out already."""
        self._scopes.update(places)

    def audit(
        self,
        accion: str,
        objeto_tipo: str,
        objeto_id: int | str | None,
        *,
        antes: Mapping[str, Any] | None = None,
        despues: Mapping[str, Any] | None = None,
        modulo: str = "",
        usuario_id: int | None = None,
    ) -> None:
        """Leave an audit row for an act; ORM writes of audited tables leave their own.

        ``usuario_id`` is who just proved who they are, before they are signed in.
        """
        self.audited.append(
            audit.Entry(
                modulo or objeto_tipo, accion, objeto_tipo, objeto_id, antes, despues, usuario_id
            )
        )

    def set_cookie(self, value: str, seconds: int) -> None:
        """Give the browser the cookie of a login."""
        self.headers["Set-Cookie"] = credentials.cookie_header(value, seconds)

    def forget_cookie(self) -> None:
        """Have the browser drop the cookie of its login, and what it kept of our answers.

        Its storage stays: it may hold sales that were made offline and wait to be sent.
        """
        self.headers["Set-Cookie"] = credentials.cookie_header("", 0)
        self.headers["Clear-Site-Data"] = '"cache", "cookies"'

    def publish(self, event: object) -> None:
        """Tell a business event to its subscribers."""
        self.runtime.registry.events.publish(self, event)

    def enqueue(
        self,
        job: str,
        /,
        *,
        priority: int = 0,
        run_at: datetime | None = None,
        key: str | None = None,
        **args: Any,
    ) -> None:
        """Leave a job, committed with this transaction. ``args`` are ids and plain JSON values.

        With a ``key``, a second job of the same name and key is not made while one is known.
        """
        declared = self.runtime.registry.job(job)
        self.enqueued.append(jobs.NewJob.of(declared, args, priority, run_at, key))

    def next_number(self, sequence: str, serie: str = "") -> int:
        """Return the next correlativo of a series; see ``kernel.sequences``."""
        return self.runtime.registry.sequences[sequence].next(self, serie)

    def begin_numbers(self, sequence: str, serie: str, first: int) -> bool:
        """Have a series go on from a number, never back; False where it is past it already."""
        return self.runtime.registry.sequences[sequence].begin(self, serie, first)

    @property
    def time_zone(self) -> ZoneInfo:
        """The company's time zone."""
        return self.runtime.time_zone(self.session)

    def config(self, kind: type[ConfigT]) -> ConfigT:
        """Return an addon's settings, as the administrator left them."""
        return self.runtime.preferences.read(self.session, kind)

    def after_commit(self, act: Callable[[], None]) -> None:
        """Run something that may be lost (a wake-up, a push) once the commit succeeded."""
        self._after_commit.append(act)

    def notify(self, topic: str, **payload: Any) -> None:
        """Push a hint to the WebSocket subscribers of a topic after the commit.

        Whoever has ``<modulo>.ver`` hears it, also who is confined to places: it names rows by id
        and tells nothing of what is in them.
        """
        self.after_commit(lambda: self.runtime.realtime.publish(topic, payload))

    @contextmanager
    def unrestricted(self, reason: str) -> Iterator[Session]:
        """Open the audited door through the row rules: a session of its own, same transaction."""
        with rbac.unrestricted(self, reason) as session:
            yield session

    def mark(self) -> tuple[int, ...]:
        """Return how much was collected so far, for ``forget_since``."""
        return tuple(map(len, self._collections))

    def forget_since(self, mark: tuple[int, ...]) -> None:
        """Forget what was collected since a mark: a savepoint undid what it tells of."""
        for collected, length in zip(self._collections, mark, strict=True):
            del collected[length:]

    @property
    def _collections(self) -> tuple[list[Any], ...]:
        return self.audited, self.enqueued, self._after_commit

    def finish(self) -> None:
        """Flush, write what was collected, and commit."""
        due = [row[0] for row in self.write(last=True) if row[1]]
        db.commit(self.session)
        self.runtime.committed(due, self._after_commit)

    def write(self, *, last: bool = False) -> prepared.Rows:
        """Flush and write what was collected; the ``last`` to be written takes the COMMIT along."""
        self.session.flush()
        if not self._collected:
            return []
        return db.execute(self.session, WRITE, self._parameters(), last=last)

    @property
    def _collected(self) -> bool:
        return bool(self.audited or self.enqueued or self.answer)

    def _parameters(self) -> dict[str, Any]:
        answer = self.answer or NO_ANSWER
        return {
            "usuario_id": self.user_id,
            "ip": self.request.ip,
            "user_agent": audit.agent(
                self.user.clave_id if self.user else None, self.request.user_agent
            ),
            "request_id": self.request.request_id or None,
            "audited": audit.rows(self.audited),
            "jobs": jobs.rows(self.enqueued),
            "key": answer.key,
            "digest": answer.digest,
            "status": answer.status,
            "body": answer.body,
        }


WRITE = db.Statement(
    "write",
    f"""
    WITH audited AS ({audit.INSERT}),
    kept AS ({idempotency.KEEP})
    {jobs.INSERT}
    """,
)
"""All that a transaction leaves besides its rows; returns (id, whether due) of each new job."""
