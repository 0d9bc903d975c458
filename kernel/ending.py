"""Ends of changes: what a change takes away goes, or what it made does.

``contract`` does what a change takes away, once no process needs it; ``take_back`` undoes an
expansion whose generation never came to serve. Each is one transaction of the owner role. Where
that cannot be, ``leave_rest`` and a ``fault`` end the change all the same: what stands stays, and
the generation says why. An instance never stays in between.
"""

from __future__ import annotations

import json

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from kernel import (
    addon_archive,
    db,
    generations,
    hostcode,
    installed,
    logging,
    migrations,
    rehearsal,
    revisions,
)
from kernel.addon_changes import REMOVING, Change
from kernel.generations import Generation
from kernel.lifecycle import LOCK_STATES, MODES, named, owner, patiently, strongest, touched
from kernel.rehearsal import noted, run_step
from kernel.runtime import Runtime
from kernel.settings import Settings
from kernel.translations import later

log = logging.get(__name__)

# Forward -----------------------------------------------------------------------------------------


def contract(runtime: Runtime, number: int, change: Change) -> None:
    """Do what a change takes away, and make its generation the current one.

    What an archive keeps is written to the storage before anything of it goes.
    """
    with owner(runtime.settings) as engine:
        outcome = rehearsal.rehearse(engine, change.histories, change.present, change.steps())

        def work(connection: Connection) -> None:
            found = generations.by_number(connection, number)
            if found is None or found.state != "contracting":
                return  # somebody else was faster
            statements: list[str] = []
            key = addon_archive.write(connection, runtime, number, change, outcome)
            with noted(connection, statements.append):
                for step in change.steps():
                    if step.phase == "contract":
                        run_step(connection, named(change.histories, step.addon), step)
            _forget(connection, change, key)
            _append(connection, number, statements, key)
            generations.finish(connection, number)

        locks = strongest(outcome, "contract")
        locks |= dict.fromkeys(outcome.tables_gone(), MODES[-1])
        patiently(engine, work, locks)


def leave_rest(engine: Engine, number: int, reason: str) -> None:
    """Make a generation the current one without what its change takes away.

    Addons that were to be removed rest, with all their rows; the removal can be asked for again.
    """

    def work(connection: Connection) -> None:
        found = generations.by_number(connection, number)
        if found is None or found.state != "contracting":
            return
        generations.finish(connection, number, reason)
        if found.action in REMOVING:
            query = (
                "UPDATE andes_addons SET reason = :reason"
                " WHERE name = ANY (:names) AND state = 'disabled'"
            )
            connection.execute(text(query), {"reason": reason, "names": list(found.targets)})

    patiently(engine, work)


def _append(connection: Connection, number: int, statements: list[str], key: str) -> None:
    connection.execute(
        text(
            "UPDATE andes_generations SET statements = statements || CAST(:more AS jsonb),"
            " archive = CASE WHEN :key = '' THEN archive ELSE :key END WHERE id = :number"
        ),
        {"number": number, "more": json.dumps(statements), "key": key},
    )


FORGET_JOBS = text(
    """
    UPDATE andes_jobs
       SET status = 'cancelled', finished_at = clock_timestamp(), lease_until = NULL,
           leased_by = NULL
     WHERE status IN ('queued', 'parked', 'running') AND split_part(name, '.', 1) = :name
    """
)
"""Also what runs: every process that knew the job has ended, so whoever ran it was killed."""


def _forget(connection: Connection, change: Change, key: str) -> None:
    """Take removed addons out of the list, or note where their rows are."""
    if change.action not in REMOVING:
        return
    for name in change.targets:
        connection.execute(text(f"DROP TABLE IF EXISTS {installed.version_table(name)}"))
        connection.execute(FORGET_JOBS, {"name": name})
        if change.action == "archive":
            query = "UPDATE andes_addons SET state = 'archived', archive = :key WHERE name = :name"
            connection.execute(text(query), {"name": name, "key": key})
        else:
            query = "DELETE FROM andes_addons WHERE name = :name"
            connection.execute(text(query), {"name": name})


# Back --------------------------------------------------------------------------------------------


def take_back(settings: Settings, number: int, fault: str = "") -> None:
    """End a change whose generation did not come to serve.

    What it made goes again, unless a process of the new generation wrote into it meanwhile, its own
    way back raises, or a ``fault`` that stands in the way is given: then the addons stay, disabled,
    and the generation says why.
    """
    with owner(settings) as engine:
        try:
            patiently(engine, lambda connection: _take_back(connection, settings, number, fault))
        except Exception as error:  # a downgrade can raise anything, and would each time
            if fault or (isinstance(error, DBAPIError) and _passes(error)):
                raise
            log.exception("taken_back_in_part", generation=number)
            met = f"{type(error).__name__}: {error}"
            patiently(engine, lambda connection: _take_back(connection, settings, number, met))


def _passes(error: DBAPIError) -> bool:
    """Return whether the same could succeed later."""
    return db.is_disconnect(error) or db.sqlstate(error) in LOCK_STATES


def _take_back(connection: Connection, settings: Settings, number: int, fault: str) -> None:
    """Take back what was made; with a ``fault``, which was met in that, leave it disabled."""
    found = generations.by_number(connection, number)
    if found is None or found.state != "reverting":
        return
    made = generations.made(connection, number)
    fresh: list[str] = made.get("addons", [])
    reason = ""
    if fresh and not fault and not touched(connection, made):
        _undo(connection, settings, fresh)
    elif fresh:
        reason = f"{found.error}\n{fault}".strip()
        query = text("UPDATE andes_addons SET reason = :reason WHERE name = ANY (:names)")
        connection.execute(query, {"reason": reason, "names": fresh})
    if (now := generations.current(connection)) is not None:
        generations.note_states(connection, now.addons)
    generations.move(connection, number, "reverting", "failed", reason)


def _undo(connection: Connection, settings: Settings, fresh: list[str]) -> None:
    for one in reversed(hostcode.solve(settings, fresh)):
        if one.name in fresh:
            if revisions.head(one) is not None:
                migrations.downgrade(connection, one)
                connection.execute(text(f"DROP TABLE {installed.version_table(one.name)}"))
            connection.execute(text(UNLIST), {"name": one.name})


UNLIST = """
WITH rested AS (UPDATE andes_addons SET state = 'archived'
                 WHERE name = :name AND archive <> '' RETURNING name)
DELETE FROM andes_addons WHERE name = :name AND NOT EXISTS (SELECT FROM rested)
"""
"""Take an addon out of the list, unless it was archived before."""


# After a restore ---------------------------------------------------------------------------------

MOVED = later("La copia se hizo en medio de este cambio: no se siguió con él. Pídalo otra vez.")


def come_to_rest(settings: Settings) -> Generation | None:
    """End the change in whose middle a backup was made; return it, or None where there is none.

    Nothing is lost for it: what it had made and nobody wrote to goes, what it was to take away
    stays. No process serves, so those that the rows tell of are of another life.
    """
    with owner(settings) as engine:
        with engine.begin() as connection:
            going = generations.in_flight(connection)
            if connection.scalar(text("SELECT to_regclass('andes_processes')")) is not None:
                connection.execute(text("DELETE FROM andes_processes"))
            if going is None:
                return None
            for before in ("requested", "expanding"):
                generations.move(connection, going.number, before, "failed", MOVED)
            generations.move(connection, going.number, "rolling", "reverting", MOVED)
        leave_rest(engine, going.number, MOVED)
    take_back(settings, going.number)
    return going
