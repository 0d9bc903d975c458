"""The doctor: looks at settings, host, database and addons; ``python server.py doctor``.

Each check stands alone, so that the doctor says something useful on an instance where little works.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from sqlalchemy import NullPool, create_engine

from kernel import (
    doctor_database,
    doctor_host,
    generation,
    processes,
    registry,
    settings,
    usage,
)
from kernel.db import driver
from kernel.errors import ConfigurationError
from kernel.findings import Finding, examine, first_line, ill, well
from kernel.health import HealthCheck
from kernel.runtime import Runtime
from kernel.settings import Settings

__all__ = ["Finding", "run"]

SETTING_CURES = {
    "DATABASE_URL": "DATABASE_URL=postgresql://andes_app:CLAVE@127.0.0.1:5432/andes",
    "DATABASE_OWNER_URL": "DATABASE_OWNER_URL=postgresql://andes:CLAVE@127.0.0.1:5432/andes",
    "SECRET_KEY": "SECRET_KEY=$(openssl rand -base64 48)",
    "MASTER_KEY": "MASTER_KEY=1:$(openssl rand -base64 32)",
}
HEALTH_TIMEOUT = "60s"


def run(given: Settings | None = None) -> list[Finding]:
    """Return what was found on this host, by its settings or by those given."""
    if given is None:
        try:
            given = settings.load()
        except ConfigurationError as error:
            return [*_forgotten(), *(_setting(line) for line in str(error).splitlines())]
    findings = [well("ajustes", "Todos los ajustes se leen bien.")]
    findings += doctor_host.run(given)
    database, ready = doctor_database.run(given)
    findings += database
    if ready:
        findings += _addons(given)
    return [_for_here(given, finding) for finding in findings]


def _for_here(given: Settings, finding: Finding) -> Finding:
    """Return the finding with commands as an embedded instance takes them."""
    message = usage.for_here(finding.message, given.data_dir)
    return replace(finding, message=message, cure=usage.for_here(finding.cure, given.data_dir))


def _forgotten() -> list[Finding]:
    """Return what who forgot ``--data`` has to know."""
    if not (hint := usage.hint()):
        return []
    return [ill("instancia", "Este entorno no tiene los ajustes de ninguna.", hint)]


def _setting(line: str) -> Finding:
    name, _, fault = line.partition(": ")
    example = SETTING_CURES.get(name.removesuffix("_FILE"))
    place = "Corríjalo en el entorno o en .env"
    cure = f"{place}, por ejemplo: {example}" if example else f"{place}: {fault}"
    return ill(f"ajuste {name}", f"Falta o no vale: {fault}", cure)


def _addons(given: Settings) -> list[Finding]:
    """Return what the installed addons say about themselves."""
    engine = create_engine(given.database_url, poolclass=NullPool)
    try:
        loaded = generation.load_served(given, generation.served(engine))
    except Exception as error:  # noqa: BLE001  # code of addons can raise anything
        cure = "Corrija o retire el addon, y compruebe con: python server.py addon list"
        return [ill("addons", f"No cargan: {type(error).__name__}: {first_line(error)}", cure)]
    names = ", ".join(one.name for one in loaded.manifests)
    try:
        runtime = processes.make_runtime(given, loaded)
    except ConfigurationError:  # said already, by its name
        return [well("addons", f"Cargan: {names}; no se les preguntó, por lo anterior.")]
    try:
        return [well("addons", f"Cargan: {names}."), *_health(runtime)]
    finally:
        runtime.close()


def _health(runtime: Runtime) -> Iterator[Finding]:
    checks = registry.gather(runtime.registry.plugins, "register_health")
    yield from examine(
        (f"{addon}: {check.name}", partial(_ask, runtime, f"{addon}: {check.name}", check))
        for addon, check in checks
    )


def _ask(runtime: Runtime, name: str, check: HealthCheck) -> Finding:
    """Return what a check says, in a transaction that can change nothing."""
    with runtime.database.session() as session:
        connection = driver(session)
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute(f"SET LOCAL statement_timeout = '{HEALTH_TIMEOUT}'".encode())
        fault = check.run(runtime.ctx(session))
        session.rollback()
    return well(name, "Bien.") if fault is None else ill(name, fault, check.cure)
