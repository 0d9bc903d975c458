"""Generations in the database: which set of addons is served, which is coming, and by whom.

A row is a change that somebody asked for. It passes through these states:

    requested → expanding → rolling → contracting → current → past
                    ↓          ↓
                  failed ← reverting

At most one is under way, and exactly one is current. Until a generation is current, the one before
it is: a change that fails or is interrupted leaves the instance there. ``andes_processes`` holds
what each supervisor says of itself and of its processes (``kernel.pulse``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Connection,
    Index,
    TextClause,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from kernel.model import Id, Model

CHANNEL = "andes_generations"
"""Where PostgreSQL tells supervisors at once that a generation changed its state."""

IN_FLIGHT = ("requested", "expanding", "rolling", "reverting", "contracting")
SERVED = ("rolling", "contracting")
"""States of a change whose generation processes are to serve."""

ROLLED = ("rolling", "reverting", "contracting")
"""States of a change of whose generation there may be processes."""

SILENT = timedelta(seconds=10)
"""A supervisor that was not heard of for so long is taken for dead."""

ENDED = ("current", "past", "failed")
_IN_FLIGHT = f"state IN {IN_FLIGHT}"


class GenerationRow(Model):
    """A numbered set of addons, and the change that leads to it. Never deleted."""

    __tablename__ = "andes_generations"
    __audited__ = False
    __table_args__ = (
        CheckConstraint(f"{_IN_FLIGHT} OR state IN {ENDED}", name="state"),
        Index(
            "uq_andes_generations_in_flight",
            text("(true)"),
            unique=True,
            postgresql_where=text(_IN_FLIGHT),
        ),
        Index(
            "uq_andes_generations_current",
            text("(true)"),
            unique=True,
            postgresql_where=text("state = 'current'"),
        ),
    )

    id: Mapped[Id]
    action: Mapped[str]
    targets: Mapped[list[Any]]
    """Names of the addons that the change is about."""
    addons: Mapped[dict[str, Any]]
    """What is served: addon → ``{"version", "revision"}``."""
    state: Mapped[str]
    statements: Mapped[list[Any]] = mapped_column(server_default="[]")
    """What was executed, statement by statement."""
    made: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    """Tables and columns that the change made: what a change that fails takes back."""
    archive: Mapped[str] = mapped_column(server_default="")
    """Key of the file that an archive wrote or an import reads."""
    error: Mapped[str] = mapped_column(server_default="")
    usuario_id: Mapped[int | None] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    rolled_at: Mapped[datetime | None]
    """When every process served it."""
    finished_at: Mapped[datetime | None]


class ProcessRow(Model):
    """A supervisor, or one of its processes, as the supervisor last told of it."""

    __tablename__ = "andes_processes"
    __audited__ = False

    id: Mapped[str] = mapped_column(primary_key=True)
    host: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    pid: Mapped[int] = mapped_column(BigInteger)
    generation: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str]
    error: Mapped[str] = mapped_column(server_default="")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as a process needs it."""

    number: int
    addons: Mapping[str, Mapping[str, str]]
    state: str = "current"
    action: str = ""
    targets: Sequence[str] = ()
    archive: str = ""
    error: str = ""
    usuario_id: int | None = None
    closed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Addresses of the addons that are switched off: addon → paths."""


Aims = tuple[Generation | None, Generation | None]
"""What is to be served, and what is to be served next while its tables are being made."""

_SELECT = """
    SELECT id, addons, state, action, targets, archive, error, usuario_id FROM andes_generations
"""
BY_NUMBER = text(f"{_SELECT} WHERE id = :number")
CURRENT = text(f"{_SELECT} WHERE state = 'current'")
UNDER_WAY = text(f"{_SELECT} WHERE {_IN_FLIGHT}")
OPEN = text(f"{_SELECT} WHERE state = 'current' OR {_IN_FLIGHT}")


def by_number(connection: Connection, number: int) -> Generation | None:
    """Return a generation."""
    return _one(connection, BY_NUMBER, number=number)


def current(connection: Connection) -> Generation | None:
    """Return the generation that is served, or that a failing change goes back to."""
    return _one(connection, CURRENT)


def in_flight(connection: Connection) -> Generation | None:
    """Return the change under way."""
    return _one(connection, UNDER_WAY)


def target(connection: Connection) -> Generation | None:
    """Return what processes are to serve now."""
    return aims(connection)[0]


def aims(connection: Connection) -> Aims:
    """Return what processes are to serve now, and the generation whose tables are being made.

    Both are of one moment: what is to come does not vanish before it is to be served.
    """
    found = {one.state: one for one in _all(connection, OPEN)}
    served = next((found[state] for state in SERVED if state in found), found.get("current"))
    return served, found.get("requested") or found.get("expanding")


def answering(connection: Connection) -> tuple[tuple[int, ...], bool]:
    """Return the generations whose processes may answer, and whether their tables may soon go."""
    found = {state: number for number, state in connection.execute(ANSWERING)}
    if "contracting" in found:
        return (found["contracting"],), False
    return tuple(found.values()), len(found) > 1


ANSWERING = text(
    f"SELECT id, state FROM andes_generations WHERE state = 'current' OR state IN {ROLLED}"  # noqa: S608  # ours
)


def _one(connection: Connection, query: TextClause, **given: Any) -> Generation | None:
    return next(iter(_all(connection, query, **given)), None)


def _all(connection: Connection, query: TextClause, **given: Any) -> list[Generation]:
    if connection.scalar(text("SELECT to_regclass('andes_generations')")) is None:
        return []
    return [
        Generation(
            row.id, row.addons, row.state, row.action, row.targets, row.archive, row.error,
            row.usuario_id, _closed(connection, row.addons),
        )
        for row in connection.execute(query, given).all()
    ]  # fmt: skip


def _closed(connection: Connection, served: Mapping[str, Any]) -> dict[str, list[str]]:
    rows = connection.execute(text("SELECT name, routes FROM andes_addons"))
    return {row.name: row.routes for row in rows if row.name not in served}


INSERT = text(
    """
    INSERT INTO andes_generations (action, targets, addons, state, archive, error, usuario_id)
    VALUES (:action, CAST(:targets AS jsonb), CAST(:addons AS jsonb), :state, :archive, :error,
            :usuario_id) RETURNING id
    """
)


def insert(
    connection: Connection,
    *,
    action: str,
    targets: Sequence[str],
    addons: Mapping[str, Any],
    state: str,
    archive: str = "",
    error: str = "",
    usuario_id: int | None = None,
) -> int:
    """Make a generation and return its number.

    Raises:
        sqlalchemy.exc.IntegrityError: a change is under way already.
    """
    number = connection.scalar(
        INSERT,
        {
            "action": action,
            "targets": json.dumps(list(targets)),
            "addons": json.dumps(dict(addons)),
            "state": state,
            "archive": archive,
            "error": error,
            "usuario_id": usuario_id,
        },
    )
    announce(connection)
    return int(number or 0)


def move(connection: Connection, number: int, before: str, after: str, error: str = "") -> bool:
    """Take a generation from one state to another; return whether it was in the first one."""
    moved = connection.execute(
        text(
            """
            UPDATE andes_generations
               SET state = :after, error = CASE WHEN :error = '' THEN error ELSE :error END,
                   rolled_at = CASE WHEN :after = 'contracting' THEN now() ELSE rolled_at END,
                   finished_at = CASE WHEN :after IN ('current', 'failed') THEN now()
                                      ELSE finished_at END
             WHERE id = :number AND state = :before
            """
        ),
        {"number": number, "before": before, "after": after, "error": error},
    )
    announce(connection)
    return bool(moved.rowcount)


PAST = text("UPDATE andes_generations SET state = 'past' WHERE state = 'current' AND id <> :number")


def finish(connection: Connection, number: int, reason: str = "") -> None:
    """Let a generation that every process serves take the place of the current one.

    ``reason`` says why something of its change was left undone.
    """
    found = by_number(connection, number)
    if found is not None and found.state == "contracting":
        connection.execute(PAST, {"number": number})
        move(connection, number, "contracting", "current")
        note_states(connection, found.addons)
        if found.action == "quarantine":
            why = text("UPDATE andes_addons SET reason = :reason WHERE name = ANY (:names)")
            connection.execute(why, {"reason": found.error, "names": list(found.targets)})
        else:
            note(connection, number, reason)


def note(connection: Connection, number: int, error: str) -> None:
    """Say what stands in the way of a generation; nothing, once nothing does."""
    connection.execute(NOTE, {"number": number, "error": error})


NOTE = text("UPDATE andes_generations SET error = :error WHERE id = :number AND error <> :error")


def made(connection: Connection, number: int) -> dict[str, Any]:
    """Return the addons, tables and columns that a change made, with their checksums."""
    query = text("SELECT made FROM andes_generations WHERE id = :number")
    return connection.scalar(query, {"number": number}) or {}


def note_states(connection: Connection, served: Mapping[str, Any]) -> None:
    """Note which addons are served and which rest."""
    connection.execute(
        text(
            """
            UPDATE andes_addons
               SET state = CASE WHEN name = ANY (:served) THEN 'enabled' ELSE 'disabled' END
             WHERE state <> 'archived'
            """
        ),
        {"served": list(served)},
    )


def announce(connection: Connection) -> None:
    """Wake the supervisors once the transaction commits."""
    connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
