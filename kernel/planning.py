"""Plans: what installing addons would do to this database, before anything is done.

The histories are run in a schema of their own: up to where this database stands, then on to the end
with every statement noted, together with the locks that PostgreSQL took for it. The second part is
rolled back and the schema dropped, so that tables in use are neither locked nor changed. What an
installation runs is the same statements in the same order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text

from kernel import generation, installed, migrations
from kernel.manifest import Manifest
from kernel.registry import Registry, gather
from kernel.settings import Settings

WORKSHOP = "andes_plan"
"""The schema that exists while a plan is made."""

LOCK = 7_203_115
"""Advisory lock that keeps two plans apart."""

HARMLESS = ("AccessShareLock", "RowShareLock")
"""Locks that hold up neither readers nor writers."""

READING = ("SELECT", "SHOW", "SET", "SAVEPOINT", "RELEASE", "ROLLBACK")

LOCKS = text(
    """
    SELECT c.relname, l.mode
      FROM pg_locks l
      JOIN pg_class c ON c.oid = l.relation AND c.relkind IN ('r', 'p')
      JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = :schema
     WHERE l.pid = pg_backend_pid() AND l.granted
    """
)
ROWS = text(
    """
    SELECT c.relname, greatest(c.reltuples, 0)::bigint
      FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    """
)


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a table that exists already: its mode, and about how many rows are behind it."""

    table: str
    mode: str
    rows: int


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of the migration, and what it holds up until the installation commits."""

    addon: str
    sql: str
    locks: tuple[Lock, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """An addon whose tables change: the revisions before (None: new) and after."""

    addon: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What an installation would do."""

    addons: tuple[str, ...]
    """Installed afterwards and not before, dependencies first."""
    steps: tuple[Step, ...]
    statements: tuple[Statement, ...]
    routes: tuple[str, ...]
    permissions: tuple[str, ...]
    menus: tuple[str, ...]
    jobs: tuple[str, ...]
    schedules: tuple[str, ...]
    subscribers: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON data."""
        return asdict(self)


def install(settings: Settings, names: Sequence[str]) -> Plan:
    """Return the plan of installing addons and what they depend on.

    Raises:
        ConfigurationError: the addons do not go together; the message says why.
    """
    engine = create_engine(settings.owner_url)
    try:
        present = installed.versions(engine)
        registry = generation.load(settings, [*present, *names])
        fresh = tuple(one.name for one in registry.manifests if one.name not in present)
        manifests = (migrations.KERNEL, *registry.manifests)
        steps = _steps(engine, manifests)
        return Plan(
            addons=fresh,
            steps=steps,
            statements=_rehearse(engine, manifests, steps),
            **_declared(registry, fresh),
        )
    finally:
        engine.dispose()


def _steps(engine: Engine, manifests: Sequence[Manifest]) -> tuple[Step, ...]:
    with engine.connect() as connection:
        found = [
            Step(one.name, migrations.current(connection, one.name), migrations.head(one))
            for one in manifests
        ]
    return tuple(step for step in found if step.before != step.after)


def _rehearse(
    engine: Engine, manifests: Sequence[Manifest], steps: Sequence[Step]
) -> tuple[Statement, ...]:
    """Return the statements of the steps, with the locks that they took on existing tables."""
    before = {step.addon: step.before for step in steps}
    if not before:
        return ()
    with _workshop(engine) as connection:
        for one in manifests:
            reached = before.get(one.name, "head")
            if reached is not None and migrations.head(one) is not None:
                migrations.upgrade(connection, one, reached)
        connection.commit()
        rehearsal = Rehearsal(connection)
        with noted(connection, rehearsal.note):
            for one in manifests:
                if one.name in before:
                    rehearsal.addon = one.name
                    migrations.upgrade(connection, one)
        return tuple(rehearsal.statements)


class Rehearsal:
    """Notes each statement of an upgrade with the locks that it added."""

    def __init__(self, connection: Connection) -> None:
        self.addon = ""
        self.statements: list[Statement] = []
        self._connection = connection
        self._rows = {name: int(count) for name, count in connection.execute(ROWS)}
        self._existing = set(inspect(connection).get_table_names())
        self._held = self._locks()

    def note(self, sql: str) -> None:
        """Note a statement that was just run."""
        now = self._locks()
        gained = [(table, mode) for table, mode in now - self._held if table in self._existing]
        locks = tuple(Lock(table, mode, self._rows.get(table, 0)) for table, mode in sorted(gained))
        self.statements.append(Statement(self.addon, sql, locks))
        self._held = now

    def _locks(self) -> set[tuple[str, str]]:
        rows = self._connection.execute(LOCKS, {"schema": WORKSHOP})
        return {(table, mode) for table, mode in rows if mode not in HARMLESS}


@contextmanager
def noted(connection: Connection, note: Callable[[str], None]) -> Iterator[None]:
    """Call ``note`` with each statement that changes something, but for Alembic's own records."""

    def after(*facts: Any) -> None:
        sql = str(facts[2]).strip()
        verb = sql.partition(" ")[0].upper()
        if verb not in READING and "alembic_" not in sql:
            note(sql)

    event.listen(connection, "after_cursor_execute", after)
    try:
        yield
    finally:
        event.remove(connection, "after_cursor_execute", after)


@contextmanager
def _workshop(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        connection.execute(text(f"DROP SCHEMA IF EXISTS {WORKSHOP} CASCADE"))
        connection.execute(text(f"CREATE SCHEMA {WORKSHOP}"))
        connection.execute(text(f"SET search_path = {WORKSHOP}"))
        connection.commit()
        try:
            yield connection
        finally:
            connection.rollback()
            connection.execute(text(f"DROP SCHEMA {WORKSHOP} CASCADE"))
            connection.execute(text("RESET search_path"))
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
            connection.commit()


def _declared(registry: Registry, fresh: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return what the new addons declare, by kind."""

    def of(hook: str, name: Callable[[Any], str]) -> tuple[str, ...]:
        found = gather(registry.plugins, hook)
        return tuple(name(item) for addon, item in found if addon in fresh)

    routes = [f"{one.method} {one.path}" for one in registry.endpoints if one.addon in fresh]
    return {
        "routes": tuple(routes),
        "permissions": of("register_permissions", lambda one: one.name),
        "menus": of("register_menus", lambda one: one.id),
        "jobs": of("register_jobs", lambda one: one.name),
        "schedules": of("register_schedules", lambda one: one.name),
        "subscribers": of("register_subscribers", lambda one: f"{one.event} → {one.name}"),
    }


def page(plan: Plan) -> str:
    """Return the plan as a page for a person."""
    lines = [f"Se instalarían: {', '.join(plan.addons) or 'ningún addon nuevo'}."]
    lines += [f"  {one.addon}: {one.before or '—'} → {one.after}" for one in plan.steps]
    for one in plan.statements:
        lines += ["", *(f"  {line}" for line in one.sql.splitlines())]
        lines += [
            f"  -- {lock.mode} sobre {lock.table}, unas {lock.rows} filas" for lock in one.locks
        ]
    titles = {
        "routes": "Direcciones",
        "permissions": "Permisos",
        "menus": "Menús",
        "jobs": "Trabajos",
        "schedules": "Horarios",
        "subscribers": "Suscripciones",
    }
    for name, title in titles.items():
        if found := getattr(plan, name):
            lines += ["", f"{title}:", *(f"  {one}" for one in found)]
    return "\n".join(lines)
