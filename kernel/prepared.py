"""Hot statements: SQL of constant shape, prepared once per connection and run by libpq's own calls.

psycopg's cursors and its pipeline mode cost 60 and 300 µs of processor time a statement; the
prepared call that they end in costs 30. Adapting values, both ways, remains psycopg's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

MAX_PREPARED = 400
"""Statements kept on a connection, counting each combination of parameter types."""

_PARAMETER = re.compile(r"%(?:\((\w+)\)s|%)")
_ARRAY = re.compile(r"%\((\w+)\)s::(?:bigint|int|integer|numeric)\[\]")
_NUMBERS = frozenset({int, Decimal})
_GOOD = frozenset({pq.ExecStatus.TUPLES_OK, pq.ExecStatus.COMMAND_OK})

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Statement:
    """A named SQL text of constant shape, run on the driver without the ORM's overhead.

    Row rules do not apply to it: it is for the few hot statements of a service, which checks
    what the user may do itself. Parameters are ``%(name)s``; lists become PostgreSQL arrays, so
    that one text serves any number of lines and stays prepared. One that only ``reads`` opens no
    transaction.
    """

    name: str
    sql: str
    reads: bool = False
    text: bytes = field(init=False, repr=False, compare=False)
    parameters: tuple[str, ...] = field(init=False, repr=False, compare=False)
    arrays: frozenset[str] = field(init=False, repr=False, compare=False)
    """Parameters whose cast in the text tells that they are arrays of numbers."""

    def __post_init__(self) -> None:
        numbers: dict[str, int] = {}

        def place(found: re.Match[str]) -> str:
            name = found[1]
            return "%" if name is None else f"${numbers.setdefault(name, len(numbers) + 1)}"

        object.__setattr__(self, "text", _PARAMETER.sub(place, self.sql).encode())
        object.__setattr__(self, "parameters", tuple(numbers))
        object.__setattr__(self, "arrays", frozenset(_ARRAY.findall(self.sql)))


class PlanOutdated(psycopg.errors.SerializationFailure):
    """A table changed under a prepared statement, in a transaction: only the whole can run again.

    A serialisation failure, as far as retries go.
    """


class Names(dict[tuple[bytes, tuple[int, ...]], bytes]):
    """The names of a connection's prepared statements, by text and parameter types."""

    made = 0

    def next(self) -> bytes:
        """Return a name not used yet on this connection."""
        self.made += 1
        return b"andes_%d" % self.made


_names: WeakKeyDictionary[psycopg.Connection[Any], Names] = WeakKeyDictionary()


def execute(
    connection: psycopg.Connection[Any], statement: Statement, given: Mapping[str, Any]
) -> Rows:
    """Return the rows of a statement, run in the connection's transaction; see ``Statement``.

    Raises:
        psycopg.Error: as a cursor would.
        PlanOutdated: a table changed meanwhile, and the transaction must be run again.
    """
    begin(connection, unless=statement.reads)
    arrays = statement.arrays
    values = [
        _array(given[name]) if name in arrays else given[name] for name in statement.parameters
    ]
    return run(connection, statement.text, values)


def _array(value: Any) -> Any:
    """Return numbers as PostgreSQL writes arrays; psycopg would look at each of them twice."""
    if isinstance(value, list) and _NUMBERS.issuperset(map(type, value)):
        return f"{{{','.join(map(str, value))}}}"
    return value


def begin(connection: psycopg.Connection[Any], *, unless: bool = False) -> None:
    """Open a transaction where there is none."""
    if not unless and connection.pgconn.transaction_status == pq.TransactionStatus.IDLE:
        command(connection, b"BEGIN")


def commit(connection: psycopg.Connection[Any]) -> None:
    """Commit the transaction, if there is one."""
    if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
        command(connection, b"COMMIT")


def run(connection: psycopg.Connection[Any], text: bytes, values: list[Any]) -> Rows:
    """Return the rows of an SQL text with ``$1`` parameters, prepared on first use."""
    adapt = Transformer(connection)
    dumped = adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
    types = adapt.types or ()
    result = _result(connection, text, types, dumped, adapt.formats)
    if _is_outdated(result):
        _names[connection].pop((text, types), None)
        if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            raise PlanOutdated("a table changed under a prepared statement")
        result = _result(connection, text, types, dumped, adapt.formats)
    _check(connection, result)
    adapt.set_pgresult(result)
    return adapt.load_rows(0, result.ntuples, tuple)


def _result(
    connection: psycopg.Connection[Any],
    text: bytes,
    types: tuple[int, ...],
    values: Sequence[Any],
    formats: Sequence[pq.Format] | None,
) -> pq.abc.PGresult:
    name = _prepared(connection, text, types)
    return connection.pgconn.exec_prepared(name, values, formats)


def _is_outdated(result: pq.abc.PGresult) -> bool:
    """Return whether the server no longer has the statement, or another table behind it."""
    if result.status in _GOOD:
        return False
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    where = result.error_field(pq.DiagnosticField.SOURCE_FUNCTION)
    return state == b"26000" or (state == b"0A000" and where == b"RevalidateCachedQuery")


def command(connection: psycopg.Connection[Any], text: bytes) -> None:
    """Run BEGIN or COMMIT.

    Raises:
        psycopg.Error: it failed, or a COMMIT rolled back instead.
    """
    result = connection.pgconn.exec_(text)
    _check(connection, result)
    if result.command_status != text:
        raise psycopg.errors.InFailedSqlTransaction("the transaction was rolled back")


def _prepared(connection: psycopg.Connection[Any], text: bytes, types: tuple[int, ...]) -> bytes:
    names = _names.get(connection)
    if names is None:
        names = _names[connection] = Names()
    name = names.get((text, types))
    if name is None:
        while len(names) >= MAX_PREPARED:
            oldest = names.pop(next(iter(names)))
            _check(connection, connection.pgconn.exec_(b"DEALLOCATE " + oldest))
        name = names.next()
        _check(connection, connection.pgconn.prepare(name, text, types))
        names[text, types] = name
    return name


def _check(connection: psycopg.Connection[Any], result: pq.abc.PGresult) -> None:
    if result.status in _GOOD:
        return
    told = result.error_field(pq.DiagnosticField.SQLSTATE)
    if connection.pgconn.status == pq.ConnStatus.BAD or not told:
        # Without a SQLSTATE it is libpq that speaks: the connection broke, noticed fully or not.
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result, connection.info.encoding)
