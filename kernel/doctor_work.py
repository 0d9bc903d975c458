"""What the doctor looks at of the work that goes on: jobs, remotes, audit, keys, backups."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, text

from kernel import backup
from kernel.backup_tables import sealed_values
from kernel.findings import Finding, ill, well
from kernel.heads import HeadLog
from kernel.runtime import utc_now
from kernel.secrets import SecretUnreadable, Vault
from kernel.settings import Settings
from kernel.verification import verify_chain

LATE = timedelta(minutes=5)
"""A job that is due for so long is not being run."""
UNSEALED = timedelta(minutes=10)
FAILED_DAYS = 30
BACKUP_DAYS = 7
LAST_ROWS = 2_000
"""Audit rows that are verified; ``audit verify`` takes all."""
SAMPLES = 20
"""Sealed values of a column that are tried with the master key."""

APPLICATION = "andes-doctor"


Look = Callable[[Settings, Connection, str], Finding | Iterable[Finding]]
"""One thing to look at in the database, under its name."""


def one(connection: Connection, query: str, **given: Any) -> Any:
    """Return the row of a query that has one."""
    return connection.execute(text(query), given).one()


VERIFY = "python server.py audit verify"
RUNNING = f"""
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
   AND application_name <> '{APPLICATION}' AND backend_type = 'client backend'
"""  # noqa: S608  # constant text
START = "python server.py serve (o, solo los trabajos: python server.py worker)"


def _runs(connection: Connection) -> bool:
    return bool(one(connection, RUNNING)[0])


def _processes(_settings: Settings, connection: Connection, name: str) -> Finding:
    (count,) = one(connection, RUNNING)
    if not count:
        return well(name, f"Ninguno en marcha; para iniciar: {START}")
    return well(name, f"En marcha, con {count} conexiones.")


def _audit(settings: Settings, connection: Connection, name: str) -> Finding:
    driven: Any = connection.connection.driver_connection
    verdict = verify_chain(driven, HeadLog(settings.data_dir), last=LAST_ROWS)
    if not verdict.intact:
        cure = (
            f"{VERIFY}; conserve la base de datos como está y compare con una copia de seguridad."
        )
        return ill(name, verdict.message, cure)
    oldest = verdict.oldest_unsealed
    if oldest is not None and utc_now() - oldest > UNSEALED and _runs(connection):
        seen = f"{verdict.unsealed} filas esperan su sello desde el {oldest:%Y-%m-%d %H:%M} UTC."
        return ill(name, seen, f"Compruebe que corran los trabajos: {START}")
    return well(name, verdict.message)


def _jobs(_settings: Settings, connection: Connection, name: str) -> Iterator[Finding]:
    failed, first, which, stuck, late, since = one(
        connection,
        """
        SELECT count(*) FILTER (WHERE failed), min(id) FILTER (WHERE failed),
               (array_agg(name ORDER BY id) FILTER (WHERE failed))[1],
               count(*) FILTER (WHERE status = 'running' AND lease_until < now() - :late),
               count(*) FILTER (WHERE late), min(run_at) FILTER (WHERE late)
          FROM (SELECT *, status = 'failed' AND finished_at > now() - make_interval(days => :days)
                          AS failed,
                       status = 'queued' AND run_at < now() - :late AND NOT EXISTS (
                         SELECT FROM andes_remotes r WHERE r.name = j.remote
                          AND (r.stopped_at IS NOT NULL OR r.paused_until > now())) AS late
                  FROM andes_jobs j WHERE status IN ('failed', 'running', 'queued')) AS jobs
        """,
        late=LATE,
        days=FAILED_DAYS,
    )
    if failed:
        cure = f"Vea la causa en /api/jobs/{first}/ y reintente: POST /api/jobs/{first}/retry/"
        yield ill(name, f"{failed} fallaron; el primero, {first} ({which}).", cure)
    if stuck and _runs(connection):
        yield ill(name, f"{stuck} quedaron a medias y nadie los retoma.", f"Inicie: {START}")
    if late and _runs(connection):
        seen = f"{late} esperan desde el {since:%Y-%m-%d %H:%M} UTC."
        yield ill(name, seen, f"Inicie o añada procesos (JOB_PROCESSES, JOB_THREADS): {START}")
    if not failed and not (_runs(connection) and (stuck or late)):
        yield well(name, "Sin fallas ni atrasos." if not late else f"{late} esperan al inicio.")


def _remotes(_settings: Settings, connection: Connection, name: str) -> Iterator[Finding]:
    rows = connection.execute(
        text(
            "SELECT name, stopped_at, reason FROM andes_remotes WHERE stopped_at IS NOT NULL"
            " OR paused_until > now() ORDER BY name"
        )
    ).all()
    for remote, stopped_at, reason in rows:
        if stopped_at is None:
            seen = f"«{remote}» no responde y se reintenta solo: {reason}"
            yield ill(name, seen, f"Compruebe la red hacia {remote} y su estado.")
        else:
            cure = f"Corrija sus credenciales y reanude: POST /api/remotes/{remote}/resume/"
            yield ill(name, f"«{remote}» está detenido desde {stopped_at:%Y-%m-%d}: {reason}", cure)
    if not rows:
        yield well(name, "Ninguno detenido.")


# Keys and copies ---------------------------------------------------------------------------------


def _sealed(settings: Settings, connection: Connection, name: str) -> Finding:
    vault = Vault.from_settings(settings.master_key.get_secret_value())
    driven: Any = connection.connection.driver_connection
    total = 0
    for table, column, sealed in sealed_values(driven, SAMPLES):
        total += len(sealed)
        for blob in sealed:
            try:
                vault.rewrap(blob)
            except SecretUnreadable as error:
                cure = "Devuelva a MASTER_KEY la llave de esa versión (versión:base64, con comas)."
                return ill(name, f"{table}.{column} no se abre: {error}.", cure)
    return well(name, f"La llave maestra abre los {total} valores probados.")


def _backup(settings: Settings, connection: Connection, name: str) -> Finding:
    command = f"python server.py backup /ruta/andes-{utc_now():%Y%m%d}.tar"
    path = settings.data_dir / backup.RECORD
    if not path.exists():
        (since,) = one(connection, "SELECT min(installed_at) FROM andes_addons")
        if utc_now() - since > timedelta(days=BACKUP_DAYS):
            return ill(name, "Nunca se hizo una copia de seguridad en este equipo.", command)
        return well(name, f"Aún no hay ninguna; para hacerla: {command}")
    record = json.loads(path.read_text(encoding="utf-8"))
    made = datetime.fromisoformat(record["at"])
    seen = f"La última es del {made:%Y-%m-%d %H:%M} UTC: {record['path']}"
    if utc_now() - made > timedelta(days=BACKUP_DAYS):
        return ill(name, f"{seen}.", command)
    return well(name, f"{seen}.")


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "auditoría": _audit,
        "procesos": _processes,
        "trabajos": _jobs,
        "remotos": _remotes,
        "datos sellados": _sealed,
        "copia de seguridad": _backup,
    }
)
