"""What the doctor looks at in the database: roles, migrations, clock, jobs, audit, sealed data."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from kernel import audit, backup, installed, manifest, migrations
from kernel.db import sqlstate
from kernel.errors import ConfigurationError
from kernel.findings import Finding, examine, first_line, ill, well
from kernel.heads import HeadLog
from kernel.secrets import SecretUnreadable, Vault
from kernel.settings import Settings
from kernel.verification import verify_chain

OLDEST_SERVER = 15
EXTENSIONS = ("pg_trgm", "unaccent")
SKEW_SECONDS = 5.0
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


def run(settings: Settings) -> tuple[list[Finding], bool]:
    """Return what was found, and whether the addons' own checks can be run."""
    findings = [*_reach(settings)]
    if not all(finding.well for finding in findings):
        return findings, False
    engine = _engine(settings.database_url)
    try:
        with engine.connect() as connection:
            return findings + _look(settings, connection), bool(installed.versions(connection))
    finally:
        engine.dispose()


def _engine(url: str) -> Any:
    return create_engine(
        url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        connect_args={
            "application_name": APPLICATION,
            "connect_timeout": 5,
            "options": "-c timezone=UTC -c statement_timeout=60s"
            " -c default_transaction_read_only=on",
        },
    )


def _look(settings: Settings, connection: Connection, /) -> list[Finding]:
    always: dict[str, Look] = {
        "versión de PostgreSQL": _version,
        "extensiones": _extensions,
        "reloj": _clock,
        "herramientas de copia": _tools,
        "instalación": _installed,
    }
    made: dict[str, Look] = {
        "migraciones": _migrations,
        "roles": _roles,
        "protección de la auditoría": _protection,
        "auditoría": _audit,
        "procesos": _processes,
        "trabajos": _jobs,
        "remotos": _remotes,
        "datos sellados": _sealed,
        "copia de seguridad": _backup,
    }
    looks = {**always, **made} if installed.versions(connection) else always
    return list(
        examine((name, partial(look, settings, connection, name)) for name, look in looks.items())
    )


def _one(connection: Connection, query: str, **given: Any) -> Any:
    return connection.execute(text(query), given).one()


# Reaching it -------------------------------------------------------------------------------------


def _reach(settings: Settings) -> Iterator[Finding]:
    urls = {"base de datos": settings.database_url}
    if settings.owner_url != settings.database_url:
        urls["base de datos (dueño)"] = settings.owner_url
    for name, url in urls.items():
        shown = make_url(url).render_as_string(hide_password=True)
        engine = _engine(url)
        try:
            engine.connect().close()
            yield well(name, f"Responde: {shown}")
        except DBAPIError as error:
            yield ill(name, f"No se puede entrar a {shown}: {first_line(error)}", _cure(url, error))
        finally:
            engine.dispose()


def _cure(url: str, error: DBAPIError) -> str:
    parts, said = make_url(url), str(error)
    host, port = parts.host or parts.query.get("host", "127.0.0.1"), parts.port or 5432
    if sqlstate(error) == "3D000" or "does not exist" in said and "database" in said:
        return f"Créela: createdb -h {host} -p {port} -O andes {parts.database}"
    if "password" in said or "does not exist" in said or "authentication" in said:
        role = parts.username
        return (
            f"Corrija usuario y clave en el ajuste, o cree el rol: psql -h {host} -p {port} "
            f"-c \"CREATE ROLE {role} LOGIN PASSWORD '…'\""
        )
    return f"Inicie PostgreSQL o corrija la dirección; compruebe con: pg_isready -h {host} -p {port}"


# The server --------------------------------------------------------------------------------------


def _version(_settings: Settings, connection: Connection, name: str) -> Finding:
    number, shown = _one(
        connection, "SELECT current_setting('server_version_num')::int,"
        " current_setting('server_version')"
    )  # fmt: skip
    if number // 10_000 < OLDEST_SERVER:
        cure = f"Actualice PostgreSQL a la versión {OLDEST_SERVER} o posterior (pg_upgrade)."
        return ill(name, f"{shown} es demasiado antigua.", cure)
    return well(name, f"{shown}.")


def _extensions(_settings: Settings, connection: Connection, name: str) -> Finding:
    present = set(connection.scalars(text("SELECT extname FROM pg_extension")))
    missing = [one for one in EXTENSIONS if one not in present]
    if not missing:
        return well(name, f"Están {' y '.join(EXTENSIONS)}.")
    commands = "; ".join(f"CREATE EXTENSION {one}" for one in missing)
    return well(name, f"Sin {' ni '.join(missing)}, que son optativas (mejoran búsquedas): {commands}")


def _clock(_settings: Settings, connection: Connection, name: str) -> Finding:
    before = time.time()
    (there,) = _one(connection, "SELECT extract(epoch FROM clock_timestamp())::float8")
    skew = there - (before + time.time()) / 2
    if abs(skew) > SKEW_SECONDS:
        cure = "Sincronice ambos relojes: timedatectl set-ntp true (o chronyc makestep)."
        return ill(name, f"La base de datos y este equipo difieren en {skew:+.1f} s.", cure)
    return well(name, f"La base de datos y este equipo difieren en {skew:+.3f} s.")


def _tools(_settings: Settings, connection: Connection, name: str) -> Finding:
    (number,) = _one(connection, "SELECT current_setting('server_version_num')::int")
    try:
        tools = backup.find_tools(number // 10_000)
    except ConfigurationError as error:
        return ill(name, str(error), f"apt-get install postgresql-client-{number // 10_000}")
    return well(name, f"{tools.folder} (versión {tools.major}).")


# The installation --------------------------------------------------------------------------------


def _installed(_settings: Settings, connection: Connection, name: str) -> Finding:
    found = installed.versions(connection)
    if not found:
        cure = "python server.py migrate --install base,sales,inventory"
        return ill(name, "La base de datos está vacía.", cure)
    return well(name, ", ".join(f"{one} {version}" for one, version in found.items()) + ".")


def _migrations(settings: Settings, connection: Connection, name: str) -> Iterator[Finding]:
    here = manifest.discover(settings.addon_roots)
    found = installed.versions(connection)
    for addon in [one for one in found if one not in here]:
        cure = f"Instale en este equipo el paquete del addon, o indique su carpeta en ADDON_ROOTS ({addon})."
        yield ill(name, f"El addon «{addon}» está instalado y su código no está aquí.", cure)
    pending = []
    for one in (migrations.KERNEL, *(here[addon] for addon in found if addon in here)):
        old, new = migrations.current(connection, one.name), migrations.head(one)
        if old != new:
            pending.append(f"{one.name} {old or '—'} → {new}")
        elif one.name in found and found[one.name] != one.version:
            pending.append(f"{one.name} {found[one.name]} → {one.version}")
    if pending:
        yield ill(name, f"Pendientes: {', '.join(pending)}.", "python server.py migrate")
    else:
        yield well(name, "Al día.")


SEPARATE = (
    "Use dos roles: CREATE ROLE andes_app LOGIN PASSWORD '…'; ponga DATABASE_URL con andes_app, "
    "DATABASE_OWNER_URL con el dueño, y ejecute: python server.py migrate"
)


def _roles(_settings: Settings, connection: Connection, name: str) -> Finding:
    role, superuser, owns = _one(
        connection,
        """
        SELECT current_user, rolsuper OR rolbypassrls,
               (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
                   AND pg_has_role(current_user, c.relowner, 'USAGE'))
          FROM pg_roles WHERE rolname = current_user
        """,
    )
    if superuser:
        return ill(name, f"La aplicación entra como «{role}», que es superusuario.", SEPARATE)
    if owns:
        seen = f"La aplicación entra como «{role}», dueño de {owns} tablas: puede cambiarlo todo."
        return ill(name, seen, SEPARATE)
    missing = connection.scalars(
        text(
            """
            SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
               AND NOT (has_table_privilege(c.oid, 'SELECT')
                        AND has_any_column_privilege(c.oid, 'INSERT'))
             ORDER BY 1
            """
        )
    ).all()
    if missing:
        seen = f"«{role}» no puede usar {len(missing)} tablas: {', '.join(missing[:5])}."
        return ill(name, seen, "python server.py migrate")
    return well(name, f"La aplicación entra como «{role}», que no es dueño de nada.")


def _protection(_settings: Settings, connection: Connection, name: str) -> Finding:
    loose = connection.execute(
        text(
            """
            SELECT t.name, string_agg(p.name, ', ') FROM unnest(CAST(:tables AS text[])) AS t (name)
              CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p (name)
             WHERE has_table_privilege(t.name, p.name) GROUP BY 1 ORDER BY 1
            """
        ),
        {"tables": list(audit.APPEND_ONLY)},
    ).all()
    if loose:
        table, acts = loose[0]
        seen = f"El rol de la aplicación puede hacer {acts} en {table}."
        return ill(name, seen, f"{SEPARATE} (o solo: python server.py migrate)")
    guarded = set(
        connection.scalars(
            text(
                "SELECT tgrelid::regclass::text FROM pg_trigger"
                " WHERE tgname LIKE '%_append_only' AND tgenabled = 'A'"
            )
        )
    )
    for table in audit.APPEND_ONLY:
        if table not in guarded:
            cure = f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_append_only"
            seen = f"Falta o está apagado el disparador que protege {table}."
            return ill(name, seen, f"Como dueño de la base de datos: {cure}; luego: {VERIFY}")
    return well(name, "Nadie puede cambiar ni borrar lo escrito.")


# What runs ---------------------------------------------------------------------------------------

VERIFY = "python server.py audit verify"
RUNNING = f"""
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
   AND application_name <> '{APPLICATION}' AND backend_type = 'client backend'
"""  # noqa: S608  # constant text
START = "python server.py serve (o, solo los trabajos: python server.py worker)"


def _runs(connection: Connection) -> bool:
    return bool(_one(connection, RUNNING)[0])


def _processes(_settings: Settings, connection: Connection, name: str) -> Finding:
    (count,) = _one(connection, RUNNING)
    if not count:
        return well(name, f"Ninguno en marcha; para iniciar: {START}")
    return well(name, f"En marcha, con {count} conexiones.")


def _audit(settings: Settings, connection: Connection, name: str) -> Finding:
    driven: Any = connection.connection.driver_connection
    verdict = verify_chain(driven, HeadLog(settings.data_dir), last=LAST_ROWS)
    if not verdict.intact:
        cure = f"{VERIFY}; conserve la base de datos como está y compare con una copia de seguridad."
        return ill(name, verdict.message, cure)
    oldest = verdict.oldest_unsealed
    if oldest is not None and datetime.now(UTC) - oldest > UNSEALED and _runs(connection):
        seen = f"{verdict.unsealed} filas esperan su sello desde el {oldest:%Y-%m-%d %H:%M} UTC."
        return ill(name, seen, f"Compruebe que corran los trabajos: {START}")
    return well(name, verdict.message)


def _jobs(_settings: Settings, connection: Connection, name: str) -> Iterator[Finding]:
    failed, first, which, stuck, late, since = _one(
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
    total = 0
    for table, column, sealed in backup.sealed_values(connection, SAMPLES):
        total += len(sealed)
        for blob in sealed:
            try:
                vault.rewrap(blob)
            except SecretUnreadable as error:
                cure = "Devuelva a MASTER_KEY la llave de esa versión (versión:base64, con comas)."
                return ill(name, f"{table}.{column} no se abre: {error}.", cure)
    return well(name, f"La llave maestra abre los {total} valores probados.")


def _backup(settings: Settings, connection: Connection, name: str) -> Finding:
    command = f"python server.py backup /ruta/andes-{datetime.now(UTC):%Y%m%d}.tar"
    path = settings.data_dir / backup.RECORD
    if not path.exists():
        (since,) = _one(connection, "SELECT min(installed_at) FROM andes_addons")
        if datetime.now(UTC) - since > timedelta(days=BACKUP_DAYS):
            return ill(name, "Nunca se hizo una copia de seguridad en este equipo.", command)
        return well(name, f"Aún no hay ninguna; para hacerla: {command}")
    record = json.loads(path.read_text(encoding="utf-8"))
    made = datetime.fromisoformat(record["at"])
    seen = f"La última es del {made:%Y-%m-%d %H:%M} UTC: {record['path']}"
    if datetime.now(UTC) - made > timedelta(days=BACKUP_DAYS):
        return ill(name, f"{seen}.", command)
    return well(name, f"{seen}.")
