"""The database: engine, unit of work, bounded retries, and hot statements.

One dialect, PostgreSQL (docs/decisions/0001-one-database.md). A unit of work is one transaction:
it commits whole or leaves nothing. Serialisation failures, deadlocks and connections lost before
the commit was sent run the whole unit again, a bounded number of times; a connection lost *during*
the commit is never repeated here, because its outcome is unknown.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from kernel import logging, prepared
from kernel.errors import Unavailable
from kernel.prepared import Ahead, Rows
from kernel.prepared import Statement as Statement  # its usual address
from kernel.presumption import Presumption
from kernel.rows import GuardedSession

T = TypeVar("T")
log = logging.get(__name__)

RETRYABLE = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialisation failure and of a deadlock."""

CONNECT = {"prepare_threshold": None}
"""psycopg prepares nothing itself: at a rollback it would drop our statements with its own."""

OPTIONS = (
    "-c timezone=UTC -c idle_in_transaction_session_timeout=60000"
    # Memory and SSDs: with the default of 4, small tables are read whole instead of by their index.
    " -c random_page_cost=1.1"
)

STARTING_UP = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATE of a server that is shutting down, crashed, or starting."""


class Database:
    """One PostgreSQL database, seen through one pool."""

    def __init__(self, url: str, *, pool: int = 10, application: str = "andes") -> None:
        self.engine: Engine = create_engine(
            url,
            pool_size=pool,
            max_overflow=0,
            pool_timeout=5,
            pool_reset_on_return="rollback",
            connect_args={
                "application_name": application,
                "connect_timeout": 5,
                **CONNECT,
                "options": OPTIONS,
            },
        )
        self._pools = 0
        event.listen(self.engine, "connect", self._opened)
        event.listen(self.engine, "checkin", self._given_back)

    def session(self) -> Session:
        """Return a new session; nothing is read or locked yet."""
        return GuardedSession(self.engine, expire_on_commit=False)

    def run(
        self,
        work: Callable[[Session], T],
        *,
        finish: Callable[[Session], None] | None = None,
        attempts: int = 6,
    ) -> T:
        """Return what ``work`` returns, committed; ``finish`` runs last and commits by itself.

        Raises:
            Unavailable: the database did not answer within the attempts, or the connection was
                lost while committing (then the outcome is unknown and the caller must ask).
        """
        for attempt in range(1, attempts + 1):
            session = self.session()
            committing = False
            try:
                result = work(session)
                committing = True
                if finish is None:
                    commit(session)
                else:
                    finish(session)
                return result
            except (DBAPIError, psycopg.Error) as error:
                if is_retryable(error) and attempt < attempts:
                    log.info("unit_of_work_retried", attempt=attempt, sqlstate=sqlstate(error))
                elif not is_disconnect(error):
                    raise
                elif committing or attempt == attempts:
                    self.dispose()
                    raise Unavailable(
                        "La base de datos no responde; vuelva a intentarlo."
                    ) from error
                else:
                    self.dispose()
            finally:
                close(session)
            time.sleep(random.uniform(0.5, 1) * 0.02 * 2**attempt)  # noqa: S311  # jitter
        raise AssertionError("unreachable: the last attempt returns or raises")

    def dispose(self) -> None:
        """Close every connection: at once, or when it is given back by who has it now."""
        self._pools += 1
        self.engine.dispose()
        self._pools += 1  # what was opened meanwhile may be in either pool

    def _opened(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        entry.info["pool"] = self._pools

    def _given_back(self, _connection: object, entry: ConnectionPoolEntry) -> None:
        """Close what would go back to a pool that nobody has any more."""
        if entry.info.get("pool", self._pools) != self._pools:
            entry.invalidate()


def commit(session: Session) -> None:
    """Commit, unless an error was swallowed: PostgreSQL would roll back and call that a success.

    Raises:
        psycopg.errors.InFailedSqlTransaction: nothing was committed.
    """
    session.flush()
    if session.in_transaction():
        prepared.commit(driver(session))  # which runs what waits
    session.commit()


def close(session: Session) -> None:
    """Give the connection back; one that died with its server is simply dropped."""
    try:
        session.close()
    except (DBAPIError, psycopg.Error):
        session.invalidate()


def execute(
    session: Session, statement: Statement, parameters: Mapping[str, Any], *, last: bool = False
) -> Rows:
    """Return the rows of a hot statement, run in the session's transaction.

    With the ``last`` one goes the COMMIT; ``commit`` must follow. What the session has presumed is
    asked along, and what waits (``send``) goes ahead.

    Raises:
        Disproved: it was presumed wrongly.
    """
    if not isinstance(session, GuardedSession):
        return prepared.execute(_driver(session), statement, parameters, last=last)
    if session.outer is not None:
        session.outer.settle()
    ahead, presumed = session.waiting, session.presumption
    if presumed is not None and presumed.open:
        if last:
            presumed.settle()  # a COMMIT in the same journey would not wait for the answer
        elif statement.reads and not ahead:
            return presumed.rows(statement, parameters)
        else:
            ahead = (presumed.ahead(), *ahead)
    session.waiting = ()
    return prepared.execute(_driver(session), statement, parameters, ahead=ahead, last=last)


def send(session: GuardedSession, statement: Statement, parameters: Mapping[str, Any]) -> None:
    """Have a hot statement run ahead of the session's next one; nobody looks at its rows.

    It saves the way to PostgreSQL and back. An error of it is raised by whatever comes next.
    """
    _driver(session)  # whose transaction it is part of
    session.waiting = (*session.waiting, Ahead(statement, parameters))


def presume(session: Session, question: Statement, given: Mapping[str, Any], answer: str) -> None:
    """Presume how a question is answered; it is asked along with the next statement."""
    session.presumption = Presumption(  # type: ignore[attr-defined]  # a GuardedSession's
        question, given, answer, lambda one, values: prepared.execute(_driver(session), one, values)
    )


def settle(session: Session) -> None:
    """Ask what the session has presumed and not asked, if its transaction can still ask.

    Raises:
        Disproved: it was presumed wrongly.
    """
    presumed: Presumption | None = getattr(session, "presumption", None)
    if presumed is not None and presumed.open and not prepared.has_failed(_driver(session)):
        presumed.settle()


def connection(session: Session) -> Connection:
    """Return the connection of the session's transaction; for the kernel's own statements."""
    if isinstance(session, GuardedSession):
        session.settle()
    return Session.connection(session)


def driver(session: Session) -> psycopg.Connection[Any]:
    """Return the psycopg connection of the session's transaction."""
    if isinstance(session, GuardedSession):
        session.settle()
    return _driver(session)


def _driver(session: Session) -> psycopg.Connection[Any]:
    if not isinstance(session, GuardedSession):
        return _driven(session)
    if session.driver is None:
        session.driver = _driven(session)
    return session.driver  # type: ignore[no-any-return]  # as below


def _driven(session: Session) -> psycopg.Connection[Any]:
    driven: Any = Session.connection(session).connection.driver_connection
    return driven  # type: ignore[no-any-return]  # SQLAlchemy types it as Any


def sqlstate(error: BaseException) -> str:
    """Return the SQLSTATE of a database error, or an empty string."""
    origin = getattr(error, "orig", None) or error
    return getattr(origin, "sqlstate", None) or ""


def is_retryable(error: BaseException) -> bool:
    """Return whether running the whole transaction again can succeed."""
    return sqlstate(error) in RETRYABLE


def is_disconnect(error: BaseException) -> bool:
    """Return whether the error means that the server went away."""
    if sqlstate(error) in STARTING_UP:
        return True
    if isinstance(error, DBAPIError):
        return bool(error.connection_invalidated) or _refused(error)
    return isinstance(error, psycopg.OperationalError) and not sqlstate(error)


def _refused(error: DBAPIError) -> bool:
    return isinstance(error, OperationalError) and not sqlstate(error)
