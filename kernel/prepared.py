"""Hot statements: SQL of constant shape, prepared once per connection and run by libpq's own calls.

psycopg's cursors and its pipeline mode cost 60 and 300 µs of processor time a statement; the
prepared call that they end in costs 30. Adapting values, both ways, remains psycopg's. What is
known to follow goes along in one journey (``kernel.pipeline``): BEGIN with the first statement of
a transaction, COMMIT with the last, and with any of them what nobody had to wait for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from psycopg import abc, pq
from psycopg.adapt import PyFormat, Transformer
from psycopg.errors import error_from_result

from kernel import pipeline

MAX_PREPARED = 400
"""Statements kept on a connection, counting each combination of parameter types."""

PREPARED_ANEW = 3
"""Times that a statement is run whose table changes again and again."""

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
    """The names of a connection's prepared statements, by text and types; the last used is last."""

    made = 0
    era = 0

    def next(self) -> bytes:
        """Return a name not used yet on this connection."""
        self.made += 1
        return b"andes_%d" % self.made


class Era:
    """Counts how often a table changed under a prepared statement of this process.

    Each connection forgets its statements once an era: what happened to one may have happened to
    others, and a transaction that met them one after the other would never get through.
    """

    now = 0


_names: WeakKeyDictionary[psycopg.Connection[Any], Names] = WeakKeyDictionary()


class Bound(NamedTuple):
    """An SQL text with ``$1`` parameters, and its values as they are sent."""

    text: bytes
    types: tuple[int, ...] = ()
    values: Sequence[Any] = ()
    formats: Sequence[pq.Format] | None = None


BEGIN = Bound(b"BEGIN")
COMMIT = Bound(b"COMMIT")


class Ahead(NamedTuple):
    """A statement that goes ahead of another in the same journey; ``see`` is shown its rows.

    What ``see`` raises comes before any error of the statements that follow.
    """

    statement: Statement
    given: Mapping[str, Any]
    see: Callable[[Rows], None] | None = None


See = Callable[[pq.abc.PGresult], None]
WENT_AHEAD = "It is an error of a statement that went ahead: "
"""How the note begins on an error that comes with a later statement than its own."""


class Leg(NamedTuple):
    """A statement on a journey."""

    bound: Bound
    see: See | None = None
    ahead: str = ""
    """Its name, if it goes ahead of another."""


def execute(
    connection: psycopg.Connection[Any],
    statement: Statement,
    given: Mapping[str, Any],
    *,
    ahead: Sequence[Ahead] = (),
    last: bool = False,
) -> Rows:
    """Return the rows of a statement, run in the connection's transaction; see ``Statement``.

    The ``last`` statement of a transaction takes the COMMIT along.

    Raises:
        psycopg.Error: as a cursor would.
        PlanOutdated: a table changed meanwhile, and the transaction must be run again.
    """
    adapt = Transformer(connection)
    bound = _bound(adapt, statement, given)
    reads = statement.reads and all(one.statement.reads for one in ahead)
    begins = not reads and _is_idle(connection)
    if not begins and not last and not ahead:
        return _rows(adapt, _alone(connection, bound))
    rows: Rows = []
    journey = [Leg(BEGIN)] if begins else []
    journey += [_going_ahead(connection, one) for one in ahead]
    journey.append(Leg(bound, lambda result: rows.extend(_rows(adapt, result))))
    if last:
        journey.append(Leg(COMMIT, _check_committed))
    _send(connection, journey)
    return rows


def catch_up(connection: psycopg.Connection[Any], ahead: Sequence[Ahead]) -> None:
    """Run what would have gone ahead of a statement, where none takes it along."""
    *before, (statement, given, _) = ahead
    try:
        execute(connection, statement, given, ahead=before)
    except psycopg.Error as error:
        if not went_ahead(error):
            error.add_note(WENT_AHEAD + statement.name)
        raise


def went_ahead(error: BaseException) -> bool:
    """Return whether an error is of a statement that went ahead of the one that raised it."""
    return any(note.startswith(WENT_AHEAD) for note in getattr(error, "__notes__", ()))


def _going_ahead(connection: psycopg.Connection[Any], one: Ahead) -> Leg:
    adapt, see = Transformer(connection), one.see
    bound, name = _bound(adapt, one.statement, one.given), one.statement.name
    return Leg(bound, None if see is None else lambda result: see(_rows(adapt, result)), name)


def has_failed(connection: psycopg.Connection[Any]) -> bool:
    """Return whether the connection's transaction can only be rolled back."""
    return connection.pgconn.transaction_status == pq.TransactionStatus.INERROR


def commit(connection: psycopg.Connection[Any]) -> None:
    """Commit the transaction, if there is one.

    Raises:
        psycopg.Error: it failed, or rolled back instead.
    """
    if not _is_idle(connection):
        result = connection.pgconn.exec_(COMMIT.text)
        _check(connection, result)
        _check_committed(result)


def _bound(adapt: abc.Transformer, statement: Statement, given: Mapping[str, Any]) -> Bound:
    arrays = statement.arrays
    values = [
        _array(given[name]) if name in arrays else given[name] for name in statement.parameters
    ]
    dumped = adapt.dump_sequence(values, [PyFormat.AUTO] * len(values))
    return Bound(statement.text, adapt.types or (), dumped, adapt.formats)


def _array(value: Any) -> Any:
    """Return numbers as PostgreSQL writes arrays; psycopg would look at each of them twice."""
    if isinstance(value, list) and _NUMBERS.issuperset(map(type, value)):
        return f"{{{','.join(map(str, value))}}}"
    return value


def _rows(adapt: abc.Transformer, result: pq.abc.PGresult) -> Rows:
    adapt.set_pgresult(result)
    return adapt.load_rows(0, result.ntuples, tuple)


def _alone(connection: psycopg.Connection[Any], bound: Bound) -> pq.abc.PGresult:
    """Return the result of one statement, prepared anew where a table changed under it."""
    for _ in range(PREPARED_ANEW):
        result = _run(connection, bound)
        if not _is_outdated(result):
            _check(connection, result)
            return result
        Era.now += 1
        if not _is_idle(connection):
            break
    raise PlanOutdated("a table changed under a prepared statement")


def _run(connection: psycopg.Connection[Any], bound: Bound) -> pq.abc.PGresult:
    name = _prepared(connection, _known(connection), bound)
    return connection.pgconn.exec_prepared(name, bound.values, bound.formats)


def _send(connection: psycopg.Connection[Any], journey: Sequence[Leg]) -> None:
    """Have statements run in one journey, and show each result, all of them good."""
    names, sent, leg = _known(connection), [], journey[0]
    try:
        for leg in journey:
            bound = leg.bound
            sent.append((_prepared(connection, names, bound), bound.values, bound.formats))
        results = pipeline.exchange(connection, sent)
        for leg, result in zip(journey, results, strict=True):
            _take(connection, result, leg.see)
    except psycopg.Error as error:
        if leg.ahead:
            error.add_note(WENT_AHEAD + leg.ahead)
        raise


def _take(connection: psycopg.Connection[Any], result: pq.abc.PGresult, see: See | None) -> None:
    if _is_outdated(result):
        Era.now += 1
        raise PlanOutdated("a table changed under a prepared statement")
    _check(connection, result)
    if see is not None:
        see(result)


def _is_idle(connection: psycopg.Connection[Any]) -> bool:
    return connection.pgconn.transaction_status == pq.TransactionStatus.IDLE


def _is_outdated(result: pq.abc.PGresult) -> bool:
    """Return whether the server no longer has the statement, or another table behind it."""
    if result.status in _GOOD:
        return False
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    where = result.error_field(pq.DiagnosticField.SOURCE_FUNCTION)
    return state == b"26000" or (state == b"0A000" and where == b"RevalidateCachedQuery")


def _known(connection: psycopg.Connection[Any]) -> Names:
    """Return the names of what is prepared on a connection and still good."""
    names = _names.get(connection)
    if names is None:
        names = _names[connection] = Names()
    if names.era != Era.now:
        era = Era.now
        if names:
            _check(connection, connection.pgconn.exec_(b"DEALLOCATE ALL"))
            names.clear()
        names.era = era
    return names


def _prepared(connection: psycopg.Connection[Any], names: Names, bound: Bound) -> bytes:
    """Return the name of a statement, which the connection has by now."""
    key = bound.text, bound.types
    name = names.pop(key, None) or _prepare(connection, names, bound)
    names[key] = name
    return name


def _prepare(connection: psycopg.Connection[Any], names: Names, bound: Bound) -> bytes:
    while len(names) >= MAX_PREPARED:
        oldest = names.pop(next(iter(names)))
        _check(connection, connection.pgconn.exec_(b"DEALLOCATE " + oldest))
    name = names.next()
    _check(connection, connection.pgconn.prepare(name, bound.text, bound.types))
    return name


def _check_committed(result: pq.abc.PGresult) -> None:
    if result.command_status != COMMIT.text:
        raise psycopg.errors.InFailedSqlTransaction("the transaction was rolled back")


def _check(connection: psycopg.Connection[Any], result: pq.abc.PGresult) -> None:
    if result.status in _GOOD:
        return
    told = result.error_field(pq.DiagnosticField.SQLSTATE)
    if connection.pgconn.status == pq.ConnStatus.BAD or not told:
        # Without a SQLSTATE it is libpq that speaks: the connection broke, noticed fully or not.
        raise psycopg.OperationalError(result.get_error_message())
    raise error_from_result(result, connection.info.encoding)
