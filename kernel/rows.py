"""Row rules at work: a session in which a user meets only the rows that are theirs to meet.

Every statement of a ``GuardedSession`` passes its guard: the rules of the tables it touches are
added, and what would go around them is refused as ``UnsafeQuery``, a programming error. What a
flush or a bulk statement wrote must be visible to its writer, or nothing is written. The one way
past the rules is ``kernel.rbac.unrestricted``; hot statements (``kernel.db.Statement``) stand
outside them and check for themselves. Source: spec/erp-modules.md, módulo 9, "RBAC".
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby, islice
from typing import Any, cast

from sqlalchemy import (
    Connection,
    ExecutableDDLElement,
    Insert,
    Result,
    Sequence,
    Update,
    event,
    inspect,
    select,
    tuple_,
)
from sqlalchemy.orm import Mapper, ORMExecuteState, Session, SessionTransaction, UOWTransaction
from sqlalchemy.sql.functions import FunctionElement

from kernel import prepared
from kernel.errors import Forbidden
from kernel.model import Model, table_of
from kernel.prepared import Ahead
from kernel.presumption import Presumption
from kernel.rules import Rules
from kernel.statements import PLAIN, Facts, Write, narrow

CHECKED_AT_ONCE = 5000
"""Keys in one statement that asks whether written rows are visible."""

CURE = (
    "go through the model, declare a kernel.db.Statement that checks by itself, "
    "or open ctx.unrestricted(reason)"
)


class UnsafeQuery(Exception):
    """A statement would go around the row rules or the audit; the message says how to do it."""


class Guard:
    """What the session of one context lets through."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.book = rules.book

    @property
    def applies(self) -> bool:
        """Whether there is a user; the system itself sees all rows."""
        return self.rules.ctx.user is not None

    # A statement -------------------------------------------------------------------------------

    def apply(self, state: ORMExecuteState) -> Result[Any] | None:
        """Add the rules to a statement, or refuse it.

        Raises:
            UnsafeQuery: the statement would go around the rules or the audit.
            Forbidden: a row that it writes would be out of the user's sight.
        """
        if isinstance(state.statement, ExecutableDDLElement):
            self._refuse_text("DDL")
        if isinstance(state.statement, ExecutableDDLElement | Sequence):
            return None
        if isinstance(state.statement, FunctionElement):
            state.statement = state.statement.select()
        refreshed = _refreshed(state)
        dialect = state.session.get_bind().dialect
        facts = self.book.shapes.facts(state.statement, dialect, refreshed)
        if facts is PLAIN:
            return None
        self._refuse_unaudited(facts)
        if not self.applies:
            return None
        if facts.text is not None:
            self._refuse_text(facts.text)
        self._refuse_exposed(facts, state)
        self._narrow(state, facts, refreshed)
        return self._write(state, facts)

    def _refuse_text(self, text: str) -> None:
        if self.applies:
            raise UnsafeQuery(
                f"SQL text («{text[:80]}») goes around the row rules: write it as an ORM "
                f"expression, or {CURE}."
            )

    def _refuse_unaudited(self, facts: Facts) -> None:
        for write in facts.writes:
            if write.table in self.book.audited:
                raise UnsafeQuery(
                    f"A bulk {write.kind} on «{write.table}» leaves no audit row: load the rows "
                    "and change them, or open ctx.unrestricted(reason) and say ctx.audit(…)."
                )

    def _refuse_exposed(self, facts: Facts, state: ORMExecuteState) -> None:
        ruled = facts.ruled.union(write.table for write in facts.writes) & self.book.rows.keys()
        if ruled and state.execution_options.get("dml_strategy") is not None:
            raise UnsafeQuery(f"A dml_strategy goes around row rules: {CURE}.")
        if facts.exposed is not None and facts.exposed not in self.rules.resolving:
            raise UnsafeQuery(
                f"«{facts.exposed}» has row rules, and in this statement SQLAlchemy cannot add "
                "them (a Core table, a FULL JOIN, a join inside a join, another table of an "
                f"UPDATE or DELETE): {CURE}."
            )
        if facts.ruled.intersection(self.rules.resolving) and _loads_entities(state):
            raise UnsafeQuery(
                f"The row rule of «{self.rules.resolving[-1]}» loads whole rows of that table: "
                "select the columns that the rule needs."
            )

    def _narrow(self, state: ORMExecuteState, facts: Facts, refreshed: type[Model] | None) -> None:
        present = cast("Any", state.statement)._with_options
        options = [one for one in self.rules.options(facts.ruled) if one not in present]
        condition = None
        if refreshed is not None and table_of(refreshed).name in facts.ruled:
            condition = self.rules.condition(table_of(refreshed).name)
        if options or condition is not None:
            state.statement = narrow(state.statement, options, refreshed, condition)

    # Rows written by a statement ---------------------------------------------------------------

    def _write(self, state: ORMExecuteState, facts: Facts) -> Result[Any] | None:
        result: Result[Any] | None = None
        for write in facts.writes:
            if write.table in self.book.rows and write.kind != "delete":
                self._refuse_blind(write, facts, state)
                if self.rules.condition(write.table) is not None:
                    result = self._written(state, self.book.models[write.table])
        return result

    def _refuse_blind(self, write: Write, facts: Facts, state: ORMExecuteState) -> None:
        by_keys = write.kind == "update" and isinstance(state.parameters, list)
        whole = isinstance(state.statement, Insert | Update) and not write.nested
        if by_keys or facts.upserts or not (whole and write.entity):
            raise UnsafeQuery(
                f"«{write.table}» has row rules, and which rows this {write.kind} writes cannot be "
                f"known (a Core table, a CTE, an upsert, several parameter sets): {CURE}."
            )

    def _written(self, state: ORMExecuteState, model: type[Model]) -> Result[Any]:
        with state.session.begin_nested():
            if isinstance(state.statement, Insert):
                result, keys = _insert(state, state.statement, model)
            else:
                result, keys = _update(state, cast("Update", state.statement), model)
            self.require_visible(state.session, model, keys)
        return result

    def require_visible(
        self, session: Session, model: type[Model], keys: Iterable[tuple[Any, ...]]
    ) -> None:
        """Raise Forbidden unless the user sees every row with these primary keys."""
        table = table_of(model).name
        if table in self.rules.resolving:
            raise UnsafeQuery(f"A row rule of «{table}» flushes the session.")
        if self.rules.condition(table) is None:
            return
        columns = key_columns(model)
        remaining = iter(set(keys))
        while some := list(islice(remaining, CHECKED_AT_ONCE)):
            mine = tuple_(*columns).in_(some)
            if len(columns) == 1:
                mine = columns[0].in_([key[0] for key in some])
            found = session.execute(select(*columns).where(mine)).all()
            if len(found) != len(some):
                raise Forbidden(
                    "La fila quedaría fuera de su alcance; no se guardó nada.",
                    code="fila_fuera_de_alcance",
                )

    def check_flush(self, session: Session) -> None:
        """Raise Forbidden when a flush wrote a row that its user does not see."""
        ruled = [one for one in (*session.new, *session.dirty) if self.book.rules_of(type(one))]
        written = [one for one in ruled if one in session.new or session.is_modified(one)]
        for model, instances in groupby(sorted(written, key=_model_name), type):
            mapper: Mapper[Any] = inspect(model)
            keys = [tuple(mapper.primary_key_from_instance(one)) for one in instances]
            self.require_visible(session, model, keys)


def _model_name(instance: Any) -> str:
    return type(instance).__name__


def _refreshed(state: ORMExecuteState) -> type[Model] | None:
    """Return the model of a load of an object that the session already holds."""
    if state.is_orm_statement and state.is_select and state.is_column_load:
        return state.bind_mapper.class_ if state.bind_mapper is not None else None
    return None


def _loads_entities(state: ORMExecuteState) -> bool:
    descriptions = getattr(state.statement, "column_descriptions", ())
    return any(one["expr"] is one["entity"] for one in descriptions)


def key_columns(model: type[Model]) -> list[Any]:
    """Return the mapped attributes of a model's primary key."""
    mapper = model.__mapper__
    return [mapper.get_property_by_column(column).class_attribute for column in mapper.primary_key]


def _insert(
    state: ORMExecuteState, statement: Insert, model: type[Model]
) -> tuple[Result[Any], list[tuple[Any, ...]]]:
    columns = key_columns(model)
    frozen = state.invoke_statement(statement.returning(*columns)).freeze()
    keys = [tuple(row[-len(columns) :]) for row in frozen()]
    asked = len(frozen().keys()) - len(columns)
    return (frozen().columns(*range(asked)) if asked else frozen()), keys


def _update(
    state: ORMExecuteState, statement: Update, model: type[Model]
) -> tuple[Result[Any], list[tuple[Any, ...]]]:
    touched = select(*key_columns(model)).with_for_update(of=model)
    if statement.whereclause is not None:
        touched = touched.where(statement.whereclause)
    keys = [tuple(row) for row in state.session.execute(touched, state.parameters)]
    return state.invoke_statement(), keys


class GuardedSession(Session):
    """A session that may have a guard; without one, it is as any other."""

    guard: Guard | None = None
    wrote: bool = False
    driver: Any = None
    """psycopg's connection, while the session has one."""
    presumption: Presumption | None = None
    """What must be asked before anything but hot statements."""
    waiting: tuple[Ahead, ...] = ()
    """Hot statements that go ahead of the next one."""
    outer: GuardedSession | None = None
    """The session whose transaction this one shares."""

    def settle(self) -> None:
        """Ask what is presumed and run what waits, before anything that would not take it along."""
        if self.outer is not None:
            self.outer.settle()
        if self.presumption is not None:
            self.presumption.settle()
        if self.waiting:
            ahead, self.waiting = self.waiting, ()
            prepared.catch_up(self.driver, ahead)

    def connection(self, *args: Any, **facts: Any) -> Connection:
        """Return the connection, unless that would let a user's work around the row rules."""
        self._refuse("session.connection()", only_for_users=True)
        self.settle()
        return super().connection(*args, **facts)

    def bulk_save_objects(self, *args: Any, **facts: Any) -> None:
        """Refused outside the door: leaves no audit row."""
        self._refuse("session.bulk_save_objects()")
        super().bulk_save_objects(*args, **facts)

    def bulk_insert_mappings(self, *args: Any, **facts: Any) -> None:
        """Refused outside the door: leaves no audit row."""
        self._refuse("session.bulk_insert_mappings()")
        super().bulk_insert_mappings(*args, **facts)

    def bulk_update_mappings(self, *args: Any, **facts: Any) -> None:
        """Refused outside the door: leaves no audit row."""
        self._refuse("session.bulk_update_mappings()")
        super().bulk_update_mappings(*args, **facts)

    def _refuse(self, act: str, *, only_for_users: bool = False) -> None:
        if self.guard is not None and (self.guard.applies or not only_for_users):
            raise UnsafeQuery(f"{act} goes around the row rules and the audit: {CURE}.")


@event.listens_for(GuardedSession, "do_orm_execute")
def _execute(state: ORMExecuteState) -> Result[Any] | None:
    session = cast("GuardedSession", state.session)
    session.settle()
    if session.guard is not None:
        return session.guard.apply(state)
    session.wrote = session.wrote or not state.is_select
    return None


@event.listens_for(GuardedSession, "before_flush")
def _flushes(session: GuardedSession, _context: UOWTransaction, _instances: Any) -> None:
    session.settle()


@event.listens_for(GuardedSession, "before_commit")
def _commits(session: GuardedSession) -> None:
    session.settle()  # also at the end of a savepoint


@event.listens_for(GuardedSession, "after_soft_rollback")
def _rolled_back(session: GuardedSession, _transaction: SessionTransaction) -> None:
    session.waiting = ()


@event.listens_for(GuardedSession, "after_flush")
def _flushed(session: GuardedSession, _context: UOWTransaction) -> None:
    session.wrote = True
    if session.guard is not None and session.guard.applies:
        session.guard.check_flush(session)


@event.listens_for(GuardedSession, "after_transaction_create")
def _began(session: GuardedSession, transaction: SessionTransaction) -> None:
    if transaction.nested:
        session.settle()
        session.driver = None  # asking for the connection is what makes the savepoint


@event.listens_for(GuardedSession, "after_transaction_end")
def _ended(session: GuardedSession, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.driver = None
        session.waiting = ()


@event.listens_for(GuardedSession, "before_attach")
def _attached(session: GuardedSession, instance: Any) -> None:
    guard = session.guard
    if guard is None or not guard.applies or inspect(instance).key is None:
        return
    if guard.book.rules_of(type(instance)):
        raise UnsafeQuery(
            f"A {type(instance).__name__} loaded elsewhere cannot join this session: its row rules "
            "were not asked. Load it here by its id."
        )
