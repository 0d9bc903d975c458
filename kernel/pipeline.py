"""Pipeline: several prepared statements sent at once, for one wait instead of one each.

libpq's pipeline itself, without psycopg's mode around it, costs no more than the calls that it
replaces; what it saves is the way to the server and back, and with it two changes of process and
one of the interpreter's lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import generators, pq, waiting
from psycopg.abc import Buffer, PQGen

Sent = tuple[bytes, Sequence[Buffer | None], Sequence[pq.Format] | None]
"""The name of a prepared statement, and its values with their formats."""

LOOK_UP = 10.0
"""Seconds after which waiting is begun anew; an answer ends it at once."""


def exchange(connection: psycopg.Connection[Any], sent: Sequence[Sent]) -> list[pq.abc.PGresult]:
    """Return the result of each statement; those after one that failed are not run.

    Raises:
        psycopg.OperationalError: the connection broke.
    """
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    try:
        for name, values, formats in sent:
            pgconn.send_query_prepared(name, values, formats)
        pgconn.pipeline_sync()
        _wait(pgconn, generators.send(pgconn))
        results = [_result(pgconn) for _ in sent]
        _wait(pgconn, generators.fetch(pgconn))
    finally:
        _leave(pgconn)
    return results


def _result(pgconn: pq.abc.PGconn) -> pq.abc.PGresult:
    """Return the next statement's result."""
    results: list[pq.abc.PGresult] = _wait(pgconn, generators.fetch_many(pgconn))
    if not results:
        raise psycopg.OperationalError("the connection broke before the answer came")
    return results[-1]


def _wait(pgconn: pq.abc.PGconn, what: PQGen[Any]) -> Any:
    return waiting.wait(what, pgconn.socket, LOOK_UP)


def _leave(pgconn: pq.abc.PGconn) -> None:
    """Go back to single statements; a connection that cannot is closed."""
    try:
        pgconn.exit_pipeline_mode()
    except psycopg.Error:
        pgconn.finish()
