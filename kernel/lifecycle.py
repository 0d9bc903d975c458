"""Life of an addon: how its tables come to be; ``kernel.ending`` says how they go.

``expand`` does what a change adds, while processes of the generation before still serve, in one
transaction of the owner role, so that a failed step leaves the schema as it was: migrations in
dependency order, privileges of the application role, permissions, the addons' own first rows. DDL
waits for locks a moment only and then lets others pass, for who waits for a table stops everybody
behind.
"""

from __future__ import annotations

import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from kernel import (
    addon_archive,
    db,
    generations,
    hostcode,
    installed,
    logging,
    privileges,
    rbac,
    rehearsal,
    revisions,
    table_rows,
)
from kernel.addon_changes import Change, ChangeRefused
from kernel.context import Ctx
from kernel.errors import ConfigurationError
from kernel.manifest import KERNEL, Manifest
from kernel.rehearsal import noted, run_step
from kernel.revisions import Step
from kernel.runtime import Runtime
from kernel.settings import Settings
from kernel.table_rows import UNFILLED

T = TypeVar("T")
log = logging.get(__name__)

LOCK = 7_203_114
"""Advisory lock that keeps two installations apart."""

FIRST_WAIT, LONGEST_WAIT = 0.1, 0.8
"""Seconds that DDL waits for a table, and so how long it can hold up others that come after it."""

NOTICED = {"options": "-c client_connection_check_interval=2s"} if sys.platform == "linux" else {}
"""Has PostgreSQL end the statement of a process that was killed, and let go of its locks."""

LOCK_TRIES = 60
LOCK_STATES = frozenset({"55P03", "40P01"})
"""SQLSTATE of a lock that was not had in time, and of a deadlock."""

KIND = "kernel"


# One transaction ---------------------------------------------------------------------------------


@contextmanager
def owner(settings: Settings) -> Iterator[Engine]:
    """Open the owner's door to the database."""
    engine = create_engine(
        settings.owner_url,
        poolclass=NullPool,
        connect_args={"application_name": "andes-lifecycle", **db.CONNECT, **NOTICED},
    )
    try:
        yield engine
    finally:
        engine.dispose()


def patiently(
    engine: Engine, work: Callable[[Connection], T], locks: Mapping[str, str] | None = None
) -> T:
    """Return what ``work`` returns in one transaction, run again while a lock is not to be had.

    ``locks`` (table → mode) are taken first, all or none: whoever needs a second table while
    holding a first may meet those who hold the second and wait for the first. Their order is drawn
    anew each time, so that one comes up which fits the order of those who are at work.

    Raises:
        DBAPIError: anything else went wrong, or no lock was had in all tries; nothing was changed.
    """
    wait = FIRST_WAIT
    for attempt in range(1, LOCK_TRIES + 1):
        try:
            with engine.begin() as connection:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
                connection.execute(text(f"SET LOCAL lock_timeout = '{wait * 1000:.0f}ms'"))
                for table, mode in shuffled(locks or {}):
                    if inspect(connection).has_table(table):  # else somebody else was faster
                        connection.execute(text(f'LOCK TABLE "{table}" IN {mode} MODE'))
                return work(connection)
        except DBAPIError as error:
            if db.sqlstate(error) not in LOCK_STATES or attempt == LOCK_TRIES:
                raise
            log.info("lifecycle_lock_awaited", attempt=attempt)
        time.sleep(random.uniform(0.5, 1.5) * wait)  # noqa: S311  # jitter
        wait = min(LONGEST_WAIT, wait * 1.2)
    raise AssertionError("unreachable: the last attempt returns or raises")


def shuffled(locks: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the locks in an order drawn by chance."""
    return random.sample(sorted(locks.items()), len(locks))


MODES = (
    "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"
)  # fmt: skip
"""Modes of locks that hold somebody up, each conflicting with all that the one before does."""


def strongest(outcome: rehearsal.Outcome, phase: str) -> dict[str, str]:
    """Return the strongest lock that the statements of a phase take on each table in use."""
    found: dict[str, int] = {}
    for one in outcome.statements:
        for lock in one.locks if one.phase == phase else ():
            rank = RANKS.get(lock.mode)
            if rank is not None:
                found[lock.table] = max(rank, found.get(lock.table, 0))
    return {table: MODES[rank] for table, rank in found.items()}


RANKS = {f"{mode.title().replace(' ', '')}Lock": rank for rank, mode in enumerate(MODES)}


# Expanding ---------------------------------------------------------------------------------------


def migrate(runtime: Runtime) -> list[str]:
    """Make the addons of the runtime's registry the current generation, at once.

    For an instance that nobody serves from. Returns what was done, a line each.

    Raises:
        ConfigurationError: a change of addons is under way.
    """
    manifests = runtime.registry.manifests

    def work(connection: Connection) -> list[str]:
        steps = [
            Step(one.name, installed.revision(connection, one.name), newest)
            for one in (KERNEL, *manifests)
            if (newest := revisions.head(one)) is not None
        ]
        if strangers := revisions.strangers(
            (KERNEL, *manifests), {s.addon: s.before for s in steps}
        ):
            raise ConfigurationError("\n".join(strangers))
        steps = [step for step in steps if step.before != step.after]
        before = rehearsal.columns(connection)
        versions = installed.versions(connection)
        statements: list[str] = []
        with noted(connection, statements.append):
            for step in steps:
                run_step(connection, named(manifests, step.addon), step)
        _settle(connection, runtime, versions)
        if (number := _make_current(connection, manifests)) is not None:
            _keep(connection, number, statements, _made(connection, before, versions))
        return [f"{step.addon}: {step.before or '—'} → {step.after}" for step in steps]

    with owner(runtime.settings) as engine:
        return patiently(engine, work)


def named(manifests: Iterable[Manifest], name: str) -> Manifest:
    """Return the manifest of this name, be it the kernel's."""
    return next(one for one in (KERNEL, *manifests) if one.name == name)


def _make_current(connection: Connection, manifests: Iterable[Manifest]) -> int | None:
    """Return the number of the new generation; None where nothing is new."""
    facts = hostcode.facts_of(manifests)
    if (going := generations.in_flight(connection)) is not None:
        raise ConfigurationError(f"La generación {going.number} está en curso ({going.state}).")
    before = generations.current(connection)
    if before is not None and before.addons == facts:
        return None
    if before is not None:
        generations.move(connection, before.number, "current", "past")
    targets = [name for name in facts if before is None or before.addons.get(name) != facts[name]]
    number = generations.insert(
        connection, action="migrate", targets=targets, addons=facts, state="current"
    )
    generations.note_states(connection, facts)
    return number


def expand(runtime: Runtime, number: int, change: Change) -> None:
    """Do what a change adds, and let the roll begin; all in one transaction.

    ``runtime`` is of the generation that is to come.
    """

    def work(connection: Connection) -> None:
        before = rehearsal.columns(connection)
        versions = installed.versions(connection)
        statements: list[str] = []
        with noted(connection, statements.append):
            for step in change.steps():
                if step.phase == "expand":
                    run_step(connection, named(change.manifests, step.addon), step)
        told = dict(versions)
        if change.action == "import":  # what an installation would make by itself is in the file
            _import(connection, runtime, change, owned)
            told |= {one.name: one.version for one in change.manifests if one.name in filled}
        _settle(connection, runtime, told)
        made = _made(connection, before, versions, read=change.action == "import")
        _keep(connection, number, statements, made)
        if not generations.move(connection, number, "expanding", "rolling"):
            raise ConfigurationError(f"La generación {number} se dio por perdida entretanto.")

    with owner(runtime.settings) as engine:
        # Also what is to be taken away at the end: then there would be no way back.
        outcome = rehearsal.rehearse(engine, change.histories, change.present, change.steps())
        filled = _filled(runtime, change)
        owned = rehearsal.owned(engine, change.histories, filled)
        patiently(engine, work, strongest(outcome, "expand"))


def _filled(runtime: Runtime, change: Change) -> set[str]:
    """Return the addons whose rows an import brings; what they depend on is just installed."""
    if change.action != "import":
        return set()
    return {*addon_archive.read(runtime.storage, change.archive).addons} & {*change.targets}


def _import(
    connection: Connection, runtime: Runtime, change: Change, owned: rehearsal.Owned
) -> None:
    """Fill the tables from the archive, unless somebody wrote into them since they were made."""
    for name in change.targets:
        query = text(
            "SELECT made FROM andes_generations WHERE jsonb_exists(made -> 'addons', :name)"
            " ORDER BY id DESC LIMIT 1"
        )
        if not change.present.get(name):
            continue
        made = connection.scalar(query, {"name": name})
        if made is None or touched(connection, made):
            raise ChangeRefused(f"«{name}» ya tiene datos propios: archívelo o púrguelo primero.")
    addon_archive.load(connection, runtime.storage, change.archive, owned)


def _settle(connection: Connection, runtime: Runtime, before: Mapping[str, str]) -> None:
    """Give privileges, permissions and first rows."""
    for statement in privileges.needed(runtime.settings, connection):
        connection.execute(text(statement))
    with Session(connection, expire_on_commit=False) as session:
        ctx = runtime.ctx(session)
        rbac.sync_permissions(session, runtime.registry)
        for one in runtime.registry.manifests:
            if before.get(one.name) != one.version:
                _tell(ctx, one, before.get(one.name))
            ctx.sql(
                installed.RECORD, name=one.name, version=one.version, routes=_routes(runtime, one)
            )
        ctx.write()


def _tell(ctx: Ctx, one: Manifest, previous: str | None) -> None:
    plugin: Any = ctx.runtime.registry.plugins.get_plugin(one.name)
    if previous is None and hasattr(plugin, "addon_installed"):
        plugin.addon_installed(ctx)
    elif previous is not None and hasattr(plugin, "addon_upgraded"):
        plugin.addon_upgraded(ctx, previous)
    ctx.audit("instalar", "addons", one.name, despues={"version": one.version}, modulo=KIND)


def _routes(runtime: Runtime, one: Manifest) -> str:
    paths = {end.path for end in runtime.registry.endpoints if end.addon == one.name}
    return json.dumps(sorted(paths))


def _made(
    connection: Connection,
    before: frozenset[rehearsal.Column],
    versions: Mapping[str, str],
    *,
    read: bool = False,
) -> dict[str, Any]:
    """Return the new addons, their tables and columns, each with a checksum of its first rows.

    Columns of tables that were there before are taken for unfilled, unless ``read`` is chosen.
    """
    known = {table for table, _ in before}
    made = rehearsal.columns(connection) - before
    tables = sorted({table for table, _ in made} - known)
    return {
        "addons": [name for name in installed.versions(connection) if name not in versions],
        "tables": {table: table_rows.checksum(connection, table) for table in tables},
        # Reading a table of somebody else's whole would hold up whoever uses it.
        "columns": [
            (*column, table_rows.column_checksum(connection, *column) if read else UNFILLED)
            for column in sorted(made)
            if column[0] in known
        ],
    }


def _keep(
    connection: Connection, number: int, statements: list[str], made: Mapping[str, Any]
) -> None:
    connection.execute(
        text(
            "UPDATE andes_generations SET statements = CAST(:statements AS jsonb),"
            " made = CAST(:made AS jsonb) WHERE id = :number"
        ),
        {"number": number, "statements": json.dumps(statements), "made": json.dumps(made)},
    )


def touched(connection: Connection, made: Mapping[str, Any]) -> bool:
    """Return whether anything was written into what a change made, since it was made."""
    for table, before in made.get("tables", {}).items():
        connection.execute(text(f'LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE'))
        if table_rows.checksum(connection, table) != before:
            return True
    return any(
        table_rows.column_checksum(connection, table, column) != before
        for table, column, before in made.get("columns", ())
    )
