"""Changes of addons from a command: at once where nobody serves, else with a roll."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, Engine

from kernel import (
    addon_changes,
    conductor,
    generation,
    generations,
    hostcode,
    installed,
    lifecycle,
    processes,
    redaction,
    revisions,
)
from kernel.addon_changes import Action
from kernel.errors import ConfigurationError
from kernel.generations import Generation
from kernel.manifest import KERNEL
from kernel.settings import Settings


def bring_up_to_date(settings: Settings, names: Sequence[str]) -> list[str]:
    """Install addons and bring all tables to this host's code; return what was done, a line each.

    Raises:
        ConfigurationError: it failed; nothing was changed.
    """
    with lifecycle.owner(settings) as engine:
        if not _is_served(engine):
            _end_interrupted(settings, engine)
            return _at_once(settings, engine, names)
        with engine.connect() as connection:
            before = generations.current(connection)
            active = [name for name in before.addons if name != "kernel"] if before else []
            manifests = (KERNEL, *hostcode.solve(settings, [*active, *names]))
            there = {one.name: installed.revision(connection, one.name) for one in manifests}
        if strangers := revisions.strangers(manifests, there):
            raise ConfigurationError("\n".join(strangers))
        facts = hostcode.facts_of(manifests)
        whole = all(there[name] == (one["revision"] or None) for name, one in facts.items())
        if whole and before is not None and before.addons == facts:
            return []
    done = make(settings, "migrate", names)
    return [f"generación {done.number}: {', '.join(done.targets) or 'al día'}"]


def _is_served(engine: Engine) -> bool:
    with engine.connect() as connection:
        return generations.current(connection) is not None and bool(conductor.hosts(connection))


def _end_interrupted(settings: Settings, engine: Engine) -> None:
    """End the change during which everybody died, with other code than its own if need be."""
    with engine.connect() as connection:
        going = generations.in_flight(connection)
    if going is None:
        return
    # Where nobody serves, what only its own code would know how to end is left as it is.
    conductor.wait(settings, going.number)


def _at_once(settings: Settings, engine: Engine, names: Sequence[str]) -> list[str]:
    with engine.connect() as connection:
        wanted = [row.name for row in installed.rows(connection) if row.state == "enabled"]
    registry = generation.load(settings, [*wanted, *names])
    runtime = processes.make_runtime(settings, registry)
    try:
        return lifecycle.migrate(runtime)
    finally:
        runtime.close()


def make(
    settings: Settings,
    action: Action,
    names: Sequence[str],
    *,
    archive: str = "",
    confirm: str | None = None,
    tell: Callable[[Generation], None] = lambda _: None,
) -> Generation:
    """Make a change from a command and wait for its end.

    Raises:
        DomainError: the change cannot be made; the message says why.
        ConfigurationError: it failed, and the instance is as it was before.
    """
    with lifecycle.owner(settings) as engine, engine.begin() as connection:
        number = ask(
            settings, connection, action, names, archive=archive, confirm=confirm, usuario_id=None
        )
    done = conductor.wait(settings, number, tell)
    if done.state == "failed":
        raise ConfigurationError(redaction.clean(f"La generación {number} falló:\n{done.error}"))
    return done


def ask(  # what a person asks for has these parts
    settings: Settings,
    connection: Connection,
    action: Action,
    names: Sequence[str],
    *,
    archive: str = "",
    confirm: str | None = None,
    usuario_id: int | None = None,
) -> int:
    """Note a change that is to be made, and return its generation.

    Raises:
        DomainError: the change cannot be made; the message says why.
    """
    change = addon_changes.prepare(
        connection, settings, action, names, archive=archive, confirm=confirm
    )
    return generations.insert(
        connection,
        action=action,
        targets=change.targets,
        addons=change.facts,
        state="requested",
        archive=archive,
        usuario_id=usuario_id,
    )
