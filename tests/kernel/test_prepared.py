"""Hot statements where things go wrong: savepoints, errors, changed tables, lost connections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from decimal import Decimal
from typing import Any, cast

import psycopg
import pytest
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session

from kernel import db
from kernel.context import Ctx
from kernel.db import Statement
from kernel.errors import Unavailable
from kernel.identity import Rol
from kernel.prepared import MAX_PREPARED
from kernel.rows import GuardedSession
from kernel.runtime import Runtime

DIVIDE = Statement("divide", "SELECT 100 / %(x)s::int")
DESCRIBE = Statement("describe", "SELECT descripcion FROM roles ORDER BY id LIMIT 1", reads=True)
RENAME = Statement("rename", "UPDATE roles SET descripcion = %(text)s RETURNING 1")
PID = Statement("pid", "SELECT pg_backend_pid()", reads=True)
ECHO = Statement("echo", "SELECT %(a)s::text, %(b)s::numeric, %(c)s::bigint[]", reads=True)
SLEEP = Statement("sleep", "SELECT pg_sleep(30)")
LARGE = Statement("large", "SELECT %(x)s::text FROM generate_series(1, 3)")
KEPT = Statement("kept", "SELECT count(*) FROM pg_prepared_statements", reads=True)


def widen(runtime: Runtime) -> None:
    """Change a column's type, as the migration of an addon would under a process at work."""
    engine = create_engine(runtime.settings.database_owner_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE roles ALTER COLUMN descripcion TYPE varchar(400)"))
    engine.dispose()


def kill(runtime: Runtime, pid: int) -> None:
    """End a connection from outside."""
    with runtime.database.engine.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})


@contextmanager
def later(act: Callable[[], None]) -> Iterator[None]:
    """Do something from outside while the block is at work."""
    timer = threading.Timer(0.2, act)
    timer.start()
    try:
        yield
    finally:
        timer.join()


def test_savepoint_undoes_what_a_hot_statement_wrote(runtime: Runtime) -> None:
    def work(session: Session) -> Any:
        db.execute(session, RENAME, {"text": "before"})
        savepoint = session.begin_nested()
        db.execute(session, RENAME, {"text": "undone"})
        savepoint.rollback()
        return db.execute(session, DESCRIBE, {})

    assert runtime.database.run(work) == [("before",)]
    assert runtime.database.run(lambda one: db.execute(one, DESCRIBE, {})) == [("before",)]


def test_transaction_goes_on_after_a_savepoint_with_an_error(runtime: Runtime) -> None:
    def work(session: Session) -> Any:
        db.execute(session, RENAME, {"text": "outer"})
        savepoint = session.begin_nested()
        with session.begin_nested():
            db.execute(session, RENAME, {"text": "inner"})
        with pytest.raises(psycopg.errors.DivisionByZero):
            db.execute(session, DIVIDE, {"x": 0})
        savepoint.rollback()
        return db.execute(session, DIVIDE, {"x": 4}), db.execute(session, DESCRIBE, {})

    assert runtime.database.run(work) == ([(25,)], [("outer",)])


def test_error_aborts_the_transaction_and_the_connection_is_good_afterwards(
    runtime: Runtime,
) -> None:
    session = runtime.database.session()
    with pytest.raises(psycopg.errors.DivisionByZero):
        db.execute(session, DIVIDE, {"x": 0})
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        db.execute(session, DIVIDE, {"x": 1})
    session.rollback()
    assert db.execute(session, DIVIDE, {"x": 1}) == [(100,)]
    session.close()


def test_swallowed_error_is_never_told_as_committed(runtime: Runtime) -> None:
    def work(session: Session) -> None:
        db.execute(session, RENAME, {"text": "lost"})
        with pytest.raises(psycopg.errors.DivisionByZero):
            db.execute(session, DIVIDE, {"x": 0})

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        runtime.database.run(work)
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        runtime.transact(lambda ctx: work(ctx.session))


# What goes ahead of the next statement -------------------------------------------------------


def described(runtime: Runtime) -> Any:
    """Return the description of the first role, as a reader elsewhere sees it."""
    return runtime.database.run(lambda one: db.execute(one, DESCRIBE, {}))[0][0]


READERS: dict[str, Callable[[Any], Any]] = {
    "hot": lambda session: db.execute(session, DESCRIBE, {})[0][0],
    "orm": lambda session: session.scalars(select(Rol.descripcion).order_by(Rol.id)).first(),
    "core": lambda session: session.execute(text(DESCRIBE.sql)).scalar(),
    "connection": lambda session: db.connection(session).scalar(text(DESCRIBE.sql)),
    "session": lambda session: session.connection().scalar(text(DESCRIBE.sql)),
    "driver": lambda session: db.driver(session).execute(DESCRIBE.text).fetchone()[0],
}


@pytest.mark.parametrize("first", [True, False], ids=["first", "later"])
@pytest.mark.parametrize("reader", READERS)
def test_what_was_sent_is_there_for_whoever_reads_next(
    runtime: Runtime, reader: str, first: bool
) -> None:
    def work(session: Any) -> Any:
        if not first:
            db.execute(session, DIVIDE, {"x": 1})
        db.send(session, RENAME, {"text": "first"})
        db.send(session, RENAME, {"text": "sent"})
        return READERS[reader](session)

    assert runtime.database.run(work) == "sent"
    assert described(runtime) == "sent"


def test_what_was_sent_and_nothing_followed_is_committed(runtime: Runtime) -> None:
    runtime.database.run(lambda one: db.send(one, RENAME, {"text": "alone"}))
    assert described(runtime) == "alone"
    runtime.transact(lambda ctx: ctx.send(RENAME, text="of a context"))
    assert described(runtime) == "of a context"

    def audited(ctx: Ctx) -> None:
        ctx.send(RENAME, text="with the last")
        ctx.audit("probar", "roles", 1)

    runtime.transact(audited)
    assert described(runtime) == "with the last"


def test_orm_writes_after_what_was_sent(runtime: Runtime) -> None:
    def work(ctx: Ctx) -> None:
        role = ctx.session.scalars(select(Rol).order_by(Rol.id)).first()
        assert role is not None
        role.descripcion = "of the model"
        with ctx.session.no_autoflush:
            ctx.send(RENAME, text="sent")

    runtime.transact(work)
    assert described(runtime) == "of the model"


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_savepoint_keeps_or_undoes_what_was_sent_in_it(runtime: Runtime, ending: str) -> None:
    def work(session: Any) -> None:
        db.send(session, RENAME, {"text": "before"})
        savepoint = session.begin_nested()
        db.send(session, RENAME, {"text": "within"})
        getattr(savepoint, ending)()

    runtime.database.run(work)
    assert described(runtime) == ("within" if ending == "commit" else "before")


def test_error_of_what_was_sent_comes_with_whatever_is_next(runtime: Runtime) -> None:
    for following in READERS.values():
        session: Any = runtime.database.session()
        db.send(session, RENAME, {"text": "lost"})
        db.send(session, DIVIDE, {"x": 0})
        with pytest.raises(psycopg.errors.DivisionByZero):
            following(session)
        session.close()
    for act in (db.commit, lambda one: one.begin_nested(), lambda one: one.commit()):
        session = runtime.database.session()
        db.send(session, RENAME, {"text": "lost"})
        db.send(session, DIVIDE, {"x": 0})
        with pytest.raises(psycopg.errors.DivisionByZero):
            act(session)
        session.close()
    assert described(runtime) != "lost"


@pytest.mark.parametrize("inside", [False, True], ids=["before", "inside"])
@pytest.mark.parametrize("reader", READERS)
def test_door_through_the_rules_sees_what_was_sent(
    runtime: Runtime, reader: str, inside: bool
) -> None:
    def work(ctx: Ctx) -> Any:
        if not inside:
            ctx.send(RENAME, text="sent")
        with ctx.unrestricted("prueba") as free:
            if inside:
                ctx.send(RENAME, text="sent")
            return READERS[reader](free)

    assert runtime.transact(work) == "sent"


def test_what_was_sent_through_the_door_stays(runtime: Runtime) -> None:
    def work(ctx: Ctx) -> Any:
        with ctx.unrestricted("prueba") as free:
            db.send(cast("GuardedSession", free), RENAME, {"text": "through"})

    runtime.transact(work)
    assert described(runtime) == "through"


def test_session_that_is_closed_forgets_what_was_sent(runtime: Runtime) -> None:
    session: Any = runtime.database.session()
    db.send(session, RENAME, {"text": "forgotten"})
    session.close()
    db.execute(session, RENAME, {"text": "kept"}, last=True)
    db.commit(session)
    session.close()
    assert described(runtime) == "kept"
    assert session.waiting == ()


def test_table_that_changes_under_what_was_sent_has_the_whole_run_again(runtime: Runtime) -> None:
    runs: list[int] = []

    def work(session: Any) -> None:
        runs.append(1)
        db.send(session, RENAME, {"text": f"run {len(runs)}"})
        db.execute(session, DESCRIBE, {})
        if len(runs) == 1:
            session.rollback()
            widen(runtime)
        db.send(session, DESCRIBE, {})
        db.send(session, RENAME, {"text": f"run {len(runs)}"})
        db.execute(session, DESCRIBE, {})

    runtime.database.run(work)
    assert described(runtime) == f"run {len(runs)}"


# Where things change and break -----------------------------------------------------------------


@pytest.mark.parametrize("writes", [False, True], ids=["alone", "in a transaction"])
def test_statement_outlives_a_table_that_changes_under_it(runtime: Runtime, writes: bool) -> None:
    def work(session: Session) -> Any:
        if writes:
            db.execute(session, RENAME, {"text": "written"})
        return db.execute(session, DESCRIBE, {})

    before = runtime.database.run(work)
    widen(runtime)
    assert runtime.database.run(work) == before
    assert runtime.database.run(work) == before


@pytest.mark.parametrize("texts", [1, 20], ids=["one statement", "many statements"])
def test_unit_gets_through_although_each_connection_of_the_pool_has_outdated_statements(
    runtime: Runtime, texts: int
) -> None:
    """Each retry may meet another connection, and on each one statement after the other."""
    several = [Statement("describe", f"{DESCRIBE.sql} -- {number}") for number in range(texts)]

    def work(session: Session) -> Any:
        db.execute(session, RENAME, {"text": "written"})
        return [db.execute(session, one, {}) for one in several]

    sessions = [runtime.database.session() for _ in range(runtime.settings.database_pool)]
    with ExitStack() as open_sessions:
        for session in sessions:
            open_sessions.enter_context(session)
            db.execute(session, PID, {})
        for session in sessions:
            work(session)
            session.rollback()
    widen(runtime)
    for _ in sessions:
        assert runtime.database.run(work) == [[("written",)]] * texts


def test_statement_outlives_its_name_on_the_server(runtime: Runtime) -> None:
    def work(session: Session) -> Any:
        return db.execute(session, DIVIDE, {"x": 5})

    def forget(session: Session) -> None:
        db.driver(session).execute("DEALLOCATE ALL")

    assert runtime.database.run(work) == [(20,)]
    runtime.database.run(forget)
    assert runtime.database.run(work) == [(20,)]


def test_connection_killed_between_statements_runs_the_unit_again(runtime: Runtime) -> None:
    tries = []

    def work(session: Session) -> Any:
        db.execute(session, RENAME, {"text": f"try {len(tries)}"})
        [(pid,)] = db.execute(session, PID, {})
        tries.append(pid)
        if len(tries) == 1:
            kill(runtime, pid)
        return db.execute(session, DESCRIBE, {})

    assert runtime.database.run(work) == [("try 1",)]
    assert len(set(tries)) == 2


def test_connection_in_use_while_another_was_lost_is_closed_afterwards(runtime: Runtime) -> None:
    """The unit that lost its connection leaves the pool, and no connection stays open there."""
    used: list[psycopg.Connection[Any]] = []

    def lose_one(session: Session) -> None:
        used.append(db.driver(session))
        if len(used) == 1:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with Session(runtime.database.engine) as busy:
        busy.execute(text("SELECT 1"))
        lent = db.driver(busy)
        runtime.database.run(lose_one)
        assert not lent.closed
    assert lent.closed
    assert [one.closed for one in used] == [True, False]


@pytest.mark.parametrize("reads", [True, False], ids=["alone", "with BEGIN"])
def test_connection_killed_in_a_statement_runs_the_unit_again(
    runtime: Runtime, reads: bool
) -> None:
    asleep = Statement("asleep", "SELECT pg_sleep(30)", reads=reads)
    tries = []

    def work(session: Session) -> int:
        [(pid,)] = db.execute(session, PID, {})
        tries.append(pid)
        if len(tries) == 1:
            with later(lambda: kill(runtime, pid)):
                db.execute(session, asleep, {})
        return len(tries)

    assert runtime.database.run(work) == 2


def test_connection_killed_with_the_commit_is_never_tried_again(runtime: Runtime) -> None:
    tries = []

    def work(session: Session) -> None:
        [(pid,)] = db.execute(session, PID, {})
        tries.append(pid)

    def finish(session: Session) -> None:
        with later(lambda: kill(runtime, tries[0])):
            db.execute(session, SLEEP, {}, last=True)

    with pytest.raises(Unavailable):
        runtime.database.run(work, finish=finish)
    assert len(tries) == 1
    assert runtime.database.run(lambda one: db.execute(one, DIVIDE, {"x": 5})) == [(20,)]


@pytest.mark.parametrize("last", [False, True])
def test_cancelled_statement_leaves_nothing_and_the_connection_good(
    runtime: Runtime, last: bool
) -> None:
    session = runtime.database.session()
    [(pid,)] = db.execute(session, PID, {})
    cancel = text("SELECT pg_cancel_backend(:pid)")

    def act() -> None:
        with runtime.database.engine.connect() as connection:
            connection.execute(cancel, {"pid": pid})

    with pytest.raises(psycopg.errors.QueryCanceled), later(act):
        db.execute(session, SLEEP, {}, last=last)
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        db.execute(session, DESCRIBE, {})
    session.close()
    for _ in range(runtime.settings.database_pool):
        assert runtime.database.run(lambda one: db.execute(one, DIVIDE, {"x": 5})) == [(20,)]


def test_last_statement_commits(runtime: Runtime) -> None:
    session = runtime.database.session()
    for text_ in ("first and last", "second"):
        assert len(db.execute(session, RENAME, {"text": text_}, last=True)) > 1
        db.commit(session)
        assert runtime.database.run(lambda one: db.execute(one, DESCRIBE, {})) == [(text_,)]
    session.close()


def test_constraint_that_waits_for_the_commit_refuses_it(runtime: Runtime) -> None:
    engine = create_engine(runtime.settings.database_owner_url)
    with engine.begin() as connection:
        unique = "UNIQUE (descripcion) DEFERRABLE INITIALLY DEFERRED"
        connection.execute(text("UPDATE roles SET descripcion = nombre"))
        connection.execute(text(f"ALTER TABLE roles ADD CONSTRAINT once {unique}"))
    engine.dispose()
    session = runtime.database.session()
    with pytest.raises(psycopg.errors.UniqueViolation):
        db.execute(session, RENAME, {"text": "all the same"}, last=True)
    session.close()
    assert runtime.database.run(lambda one: db.execute(one, DESCRIBE, {})) != [("all the same",)]


def test_values_larger_than_any_buffer_go_and_come_with_begin_and_commit(
    runtime: Runtime,
) -> None:
    large = "ñandú" * 2_000_000
    session = runtime.database.session()
    for last in (False, True):
        rows = db.execute(session, LARGE, {"x": large}, last=last)
        assert [one for [one] in rows] == [large] * 3
        db.commit(session)
    session.close()


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ((None, None, None), (None, None, None)),
        (("", Decimal("NaN"), []), ("", None, [])),
        (("%s %(a)s $1 '", Decimal("1E+3"), [1, 2**62, -5]), (..., 1000, [1, 2**62, -5])),
        (("ñ", 2**70, [None, 1]), ("ñ", 2**70, [None, 1])),
        (("a", 1, [[1, 2], [3, 4]]), ("a", 1, [[1, 2], [3, 4]])),
    ],
)
def test_values_arrive_as_they_were_given(
    runtime: Runtime, given: tuple[Any, ...], answer: tuple[Any, ...]
) -> None:
    values = dict(zip("abc", given, strict=True))
    [row] = runtime.database.run(lambda one: db.execute(one, ECHO, values))
    assert row[0] == given[0]
    assert row[2] == answer[2]
    assert row[1] == answer[1] or row[1].is_nan()


@pytest.mark.parametrize("odd", [{"a": {1, 2}}, {"a": "\x00"}, {"b": True}, {"c": "no array"}])
def test_odd_values_are_errors_that_leave_the_connection_good(
    runtime: Runtime, odd: dict[str, Any]
) -> None:
    good = {"a": "x", "b": 1, "c": [1]}
    session = runtime.database.session()
    with pytest.raises(psycopg.Error):
        db.execute(session, ECHO, good | odd)
    assert db.execute(session, ECHO, good) == [("x", Decimal(1), [1])]
    session.close()


def test_more_statements_than_are_kept(runtime: Runtime) -> None:
    session = runtime.database.session()
    for number in [*range(2 * MAX_PREPARED + 50), 0, 1, 2]:
        one = Statement("one", f"SELECT {number} + %(x)s::int", reads=bool(number % 2))
        assert db.execute(session, one, {"x": 1}) == [(number + 1,)]
        if number % 97 == 0:
            session.commit()
        elif number % 101 == 0:
            session.rollback()
    assert db.execute(session, KEPT, {}) == [(MAX_PREPARED,)]
    session.close()
