"""The database: engine, unit of work, bounded retries, and hot statements.

One dialect, PostgreSQL (docs/decisions/0001-one-database.md). A unit of work is one transaction:
it commits whole or leaves nothing. Serialisation failures, deadlocks and connections lost before
the commit was sent run the whole unit again, a bounded number of times; a connection lost *during*
the commit is never repeated here, because its outcome is unknown.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from kernel import logging
from kernel.errors import Unavailable
from kernel.rows import GuardedSession

T = TypeVar("T")
log = logging.get(__name__)

RETRYABLE = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialisation failure and of a deadlock."""

STARTING_UP = frozenset({"57P01", "57P02", "57P03"})
"""SQLSTATE of a server that is shutting down, crashed, or starting."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A named SQL text of constant shape, run on the driver without the ORM's overhead.

    Row rules do not apply to it: it is for the few hot writes of a service, which checks
    what the user may do itself. Parameters are ``%(name)s``; lists become PostgreSQL arrays, so
    that one text serves any number of lines and stays prepared.
    """

    name: str
    sql: str


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
                "options": "-c timezone=UTC -c idle_in_transaction_session_timeout=60000",
            },
        )

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
                    session.commit()
                else:
                    finish(session)
                return result
            except (DBAPIError, psycopg.Error) as error:
                if is_retryable(error) and attempt < attempts:
                    log.info("unit_of_work_retried", attempt=attempt, sqlstate=sqlstate(error))
                elif not is_disconnect(error):
                    raise
                elif committing or attempt == attempts:
                    self.engine.dispose()
                    raise Unavailable(
                        "La base de datos no responde; vuelva a intentarlo."
                    ) from error
                else:
                    self.engine.dispose()
            finally:
                close(session)
            time.sleep(random.uniform(0.5, 1) * 0.02 * 2**attempt)  # noqa: S311  # jitter
        raise AssertionError("unreachable: the last attempt returns or raises")

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def close(session: Session) -> None:
    """Give the connection back; one that died with its server is simply dropped."""
    try:
        session.close()
    except (DBAPIError, psycopg.Error):
        session.invalidate()


def execute(
    session: Session, statement: Statement, parameters: Mapping[str, Any]
) -> Sequence[tuple[Any, ...]]:
    """Return the rows of a hot statement, run in the session's transaction."""
    cursor = driver(session).execute(statement.sql, parameters)
    return cursor.fetchall() if cursor.description is not None else []


def execute_all(
    session: Session, calls: Sequence[tuple[Statement, Mapping[str, Any]]]
) -> list[Sequence[tuple[Any, ...]]]:
    """Return the rows of each hot statement; all are sent in one round trip."""
    driven = driver(session)
    with driven.pipeline():
        cursors = [driven.execute(statement.sql, given) for statement, given in calls]
    return [cursor.fetchall() if cursor.description is not None else [] for cursor in cursors]


def connection(session: Session) -> Connection:
    """Return the connection of the session's transaction; for the kernel's own statements."""
    return Session.connection(session)


def driver(session: Session) -> psycopg.Connection[Any]:
    """Return the psycopg connection of the session's transaction."""
    driven: Any = connection(session).connection.driver_connection
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
