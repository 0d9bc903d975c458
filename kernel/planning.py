"""Plans: what a change of addons would do to this database, before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from kernel import addon_changes, generation, rehearsal, table_rows
from kernel.addon_changes import LEAVING, Action, Change
from kernel.registry import Registry, gather
from kernel.rehearsal import Outcome, Statement
from kernel.revisions import Step
from kernel.settings import Settings


@dataclass(frozen=True, slots=True)
class Loss:
    """Rows that a removal deletes: of a table, or the values of a column (``table.column``)."""

    what: str
    rows: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change would do; the declared things are those that come, or that go."""

    action: str
    addons: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    statements: tuple[Statement, ...] = ()
    losses: tuple[Loss, ...] = ()
    routes: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    menus: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    schedules: tuple[str, ...] = ()
    subscribers: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the plan as JSON data."""
        return asdict(self)


def make(settings: Settings, action: Action, names: Sequence[str], archive: str = "") -> Plan:
    """Return the plan of a change; loads addons, so it is made in a process of its own.

    Raises:
        DomainError: the change cannot be made; the message says why.
    """
    engine = create_engine(settings.owner_url, poolclass=NullPool)
    with engine.connect() as connection:
        change = addon_changes.prepare(connection, settings, action, names, archive=archive)
    outcome = rehearsal.rehearse(engine, change.histories, dict(change.present), change.steps())
    with engine.connect() as connection:
        losses = tuple(_losses(connection, outcome)) if action in addon_changes.REMOVING else ()
    declared, warnings = _declared(settings, change)
    return Plan(
        action,
        change.targets,
        tuple(change.steps()),
        outcome.statements,
        losses,
        **declared,
        warnings=(*warnings, *_destructive(change, outcome)),
    )


def _losses(connection: Connection, outcome: Outcome) -> list[Loss]:
    found = []
    for table in outcome.tables_gone():
        count = connection.scalar(text(f'SELECT count(*) FROM "{table}"'))  # noqa: S608  # a table of ours
        found.append(Loss(table, int(count or 0)))
    for table, column in outcome.columns_gone():
        found.append(Loss(f"{table}.{column}", table_rows.measured(connection, table, column)))
    return found


DECLARED: dict[str, tuple[str, Callable[[Any], str]]] = {
    "permissions": ("register_permissions", lambda one: one.name),
    "menus": ("register_menus", lambda one: one.id),
    "jobs": ("register_jobs", lambda one: one.name),
    "schedules": ("register_schedules", lambda one: one.name),
    "subscribers": ("register_subscribers", lambda one: f"{one.event} → {one.name}"),
}


def _declared(settings: Settings, change: Change) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return what the addons of the change declare, by kind, and what could not be found out."""
    try:
        names = [one.name for one in change.manifests]
        loaded = generation.load(settings, [*names, *change.targets])
    except Exception as error:  # code of addons can raise anything
        if change.action not in LEAVING:
            raise
        return {}, [f"No carga ({type(error).__name__}: {error}); se quita sin preguntarle."]
    return _of(loaded, change.targets), []


def _of(loaded: Registry, addons: Sequence[str]) -> dict[str, tuple[str, ...]]:
    routes = [f"{one.method} {one.path}" for one in loaded.endpoints if one.addon in addons]
    found = {
        kind: tuple(name(item) for addon, item in gather(loaded.plugins, hook) if addon in addons)
        for kind, (hook, name) in DECLARED.items()
    }
    return {"routes": tuple(routes), **found}


DESTRUCTIVE = ("DROP TABLE", "DROP COLUMN", "SET NOT NULL", " TYPE ", "RENAME")


def _destructive(change: Change, outcome: Outcome) -> list[str]:
    """Warn of what the processes of before cannot live with while they are being replaced."""
    return [
        f"{one.addon}: «{' '.join(one.sql.split())[:120]}» puede fallar en los procesos de antes; "
        'márquelo con phase = "contract".'
        for one in outcome.statements
        if one.phase == "expand"
        and change.present.get(one.addon) is not None
        and any(word in one.sql.upper() for word in DESTRUCTIVE)
    ]


VERBS = {
    "install": "Se instalarían",
    "import": "Se importarían",
    "upgrade": "Se actualizarían",
    "migrate": "Se pondrían al día",
    "enable": "Se activarían",
    "disable": "Se desactivarían",
    "archive": "Se archivarían y quitarían",
    "purge": "Se borrarían para siempre",
}
TITLES = {
    "routes": "Direcciones",
    "permissions": "Permisos",
    "menus": "Menús",
    "jobs": "Trabajos",
    "schedules": "Horarios",
    "subscribers": "Suscripciones",
}


def page(plan: Plan) -> str:
    """Return the plan as a page for a person."""
    lines = [f"{VERBS[plan.action]}: {', '.join(plan.addons) or 'ningún addon nuevo'}."]
    lines += [f"  {one.addon}: {one.before or '—'} → {one.after or '—'}" for one in plan.steps]
    lines += [f"  ¡Atención! {one}" for one in plan.warnings]
    if plan.losses:
        lines += ["", "Se perderían:", *(f"  {one.what}: {one.rows} filas" for one in plan.losses)]
    for one in plan.statements:
        lines += ["", *(f"  {line}" for line in one.sql.splitlines())]
        lines += [
            f"  -- {lock.mode} sobre {lock.table}, unas {lock.rows} filas" for lock in one.locks
        ]
    for name, title in TITLES.items():
        if found := getattr(plan, name):
            lines += ["", f"{title}:", *(f"  {one}" for one in found)]
    return "\n".join(lines)
