"""Changes: what the ORM wrote, before and after, as entries for the audit.

A row is looked at exactly when the ORM writes it. Values that the session does not know (expired,
deferred, computed by the database) are read from the database in the same transaction, so that an
entry never says "nothing" where there was something. What a savepoint undid is forgotten.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ClauseElement, Column, Connection, event, inspect, select
from sqlalchemy.orm import InstanceState, Mapper, Session, SessionTransaction, object_session

from kernel.model import Model, addon_of, table_of

if TYPE_CHECKING:
    from kernel.context import Ctx

HIDDEN = frozenset({"password_hash", "dos_fa_secret"})
"""Attributes whose values never enter the audit; that they changed does.

So with all binary ones, and with columns marked ``info={"secret": True}``.
"""

NOISE = frozenset({"updated_at"})
"""Attributes that every edit changes; they are left out of its difference."""

WATCH = "audit"


@dataclass(frozen=True, slots=True)
class Entry:
    """An act to be written with the commit."""

    modulo: str
    accion: str
    objeto_tipo: str
    objeto_id: int | str | None
    antes: Mapping[str, Any] | None
    despues: Mapping[str, Any] | None
    usuario_id: int | None = None
    """Who acts, where nobody is signed in yet."""


class Watch:
    """Collects an entry for each row that the flushes of one session write."""

    def __init__(self, ctx: Ctx) -> None:
        self._ctx = ctx
        self._old: dict[InstanceState[Any], dict[str, Any]] = {}
        self._savepoints: dict[SessionTransaction, tuple[int, ...]] = {}

    def inserted(self, connection: Connection, state: InstanceState[Any]) -> None:
        """Collect a new row."""
        self._collect(state, "crear", None, _written(connection, state, _names(state)))

    def updating(self, connection: Connection, state: InstanceState[Any]) -> None:
        """Keep the values that are about to be replaced."""
        old: dict[str, Any] = {}
        unknown: list[str] = []
        for name in _names(state):
            history = state.attrs[name].history
            if history.deleted:
                old[name] = history.deleted[0]
            elif history.added:
                unknown.append(name)
        self._old[state] = {**old, **_stored(connection, state, unknown, _identity(state))}

    def updated(self, connection: Connection, state: InstanceState[Any]) -> None:
        """Collect what differs."""
        old = self._old.pop(state, {})
        new = _written(connection, state, old)
        changed = [name for name in old if name not in NOISE and old[name] != new[name]]
        if changed:
            antes = {name: old[name] for name in changed}
            self._collect(state, "editar", antes, {name: new[name] for name in changed})

    def deleting(self, connection: Connection, state: InstanceState[Any]) -> None:
        """Collect the row that goes, as the database has it."""
        antes = _stored(connection, state, _names(state), _identity(state))
        self._collect(state, "eliminar", antes, None)

    def _collect(
        self,
        state: InstanceState[Any],
        accion: str,
        antes: Mapping[str, Any] | None,
        despues: Mapping[str, Any] | None,
    ) -> None:
        model: type[Model] = state.class_
        self._ctx.audited.append(
            Entry(
                addon_of(model.__module__),
                accion,
                table_of(model).name,
                ",".join(map(str, _identity(state))),
                None if antes is None else _shown(state, antes),
                None if despues is None else _shown(state, despues),
            )
        )

    def savepoint(self, transaction: SessionTransaction) -> None:
        """Note how much was collected when a savepoint begins."""
        if transaction.nested:
            self._savepoints[transaction] = self._ctx.mark()

    def undone(self, transaction: SessionTransaction) -> None:
        """Forget what was collected since the savepoint that a rollback goes back to."""
        self._old.clear()
        savepoint: SessionTransaction | None = transaction
        while savepoint is not None and not savepoint.nested:  # a failed flush has one of its own
            savepoint = savepoint.parent
        if savepoint in self._savepoints:
            self._ctx.forget_since(self._savepoints[savepoint])


def watch(session: Session, ctx: Ctx) -> None:
    """Collect an entry in ``ctx`` for each ORM write of an audited table in this session."""
    session.info[WATCH] = Watch(ctx)


def _watching(instance: Model) -> Watch | None:
    session = object_session(instance)
    if session is None or not instance.__audited__:
        return None
    watching: Watch | None = session.info.get(WATCH)
    return watching


@event.listens_for(Model, "after_insert", propagate=True)
def _inserted(_mapper: Mapper[Any], connection: Connection, instance: Model) -> None:
    if watching := _watching(instance):
        watching.inserted(connection, inspect(instance))


@event.listens_for(Model, "before_update", propagate=True)
def _updating(_mapper: Mapper[Any], connection: Connection, instance: Model) -> None:
    if watching := _watching(instance):
        watching.updating(connection, inspect(instance))


@event.listens_for(Model, "after_update", propagate=True)
def _updated(_mapper: Mapper[Any], connection: Connection, instance: Model) -> None:
    if watching := _watching(instance):
        watching.updated(connection, inspect(instance))


@event.listens_for(Model, "before_delete", propagate=True)
def _deleting(_mapper: Mapper[Any], connection: Connection, instance: Model) -> None:
    if watching := _watching(instance):
        watching.deleting(connection, inspect(instance))


@event.listens_for(Session, "after_transaction_create")
def _begun(session: Session, transaction: SessionTransaction) -> None:
    if watching := session.info.get(WATCH):
        watching.savepoint(transaction)


@event.listens_for(Session, "after_soft_rollback")
def _rolled_back(session: Session, transaction: SessionTransaction) -> None:
    if watching := session.info.get(WATCH):
        watching.undone(transaction)


def _names(state: InstanceState[Any]) -> list[str]:
    return [attribute.key for attribute in state.mapper.column_attrs]


def _identity(state: InstanceState[Any]) -> Sequence[Any]:
    """Return the primary key that the row has had so far; a new row's own."""
    return state.key[1] if state.key is not None else _primary_key(state)


def _primary_key(state: InstanceState[Any]) -> Sequence[Any]:
    return state.mapper.primary_key_from_instance(state.obj())


def _written(
    connection: Connection, state: InstanceState[Any], names: Iterable[str]
) -> dict[str, Any]:
    """Return what a flush wrote; what the database computed and did not tell is read."""
    known: dict[str, Any] = {}
    unknown: list[str] = []
    for name in names:
        if name in state.dict and not isinstance(state.dict[name], ClauseElement):
            known[name] = state.dict[name]
        else:
            unknown.append(name)
    return {**known, **_stored(connection, state, unknown, _primary_key(state))}


def _stored(
    connection: Connection, state: InstanceState[Any], names: Iterable[str], key: Sequence[Any]
) -> dict[str, Any]:
    """Return the named attributes as the database has them in this transaction."""
    wanted = {name: state.mapper.columns[name] for name in names}
    if not wanted:
        return {}
    mine = (column == value for column, value in zip(state.mapper.primary_key, key, strict=True))
    row = connection.execute(select(*wanted.values()).where(*mine)).one_or_none()
    return dict(zip(wanted, row, strict=True)) if row is not None else dict.fromkeys(wanted)


def _shown(state: InstanceState[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    columns = state.mapper.columns
    return {name: _show(name, columns[name], value) for name, value in values.items()}


def _show(name: str, column: Column[Any], value: Any) -> Any:
    """Return the value as it may be kept: no secret, and apart from later changes of it."""
    if value is None:
        return None
    if name in HIDDEN or column.info.get("secret") or isinstance(value, bytes | memoryview):
        return "…"
    return copy.deepcopy(value) if isinstance(value, dict | list) else value
