"""What the doctor looks at in the database: how it is reached, its version, roles and tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from kernel import audit, doctor_work, installed, manifest, revisions
from kernel.backup_tools import find_tools
from kernel.db import sqlstate
from kernel.doctor_work import APPLICATION, VERIFY, Look, one
from kernel.errors import ConfigurationError
from kernel.findings import Finding, examine, first_line, ill, well
from kernel.manifest import KERNEL
from kernel.settings import Settings

OLDEST_SERVER = 15
EXTENSIONS = ("pg_trgm", "unaccent")
SKEW_SECONDS = 5.0


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


def _look(settings: Settings, connection: Connection) -> list[Finding]:
    always: dict[str, Look] = {
        "versión de PostgreSQL": _version,
        "extensiones": _extensions,
        "reloj": _clock,
        "registro de PostgreSQL": _server_log,
        "herramientas de copia": _tools,
        "instalación": _installed,
    }
    made: dict[str, Look] = {
        "migraciones": _migrations,
        "roles": _roles,
        "protección de la auditoría": _protection,
        **doctor_work.LOOKS,
    }
    looks = {**always, **made} if installed.versions(connection) else always
    return list(
        examine((name, partial(look, settings, connection, name)) for name, look in looks.items())
    )


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
    if sqlstate(error) == "3D000" or ("does not exist" in said and "database" in said):
        return f"Créela: createdb -h {host} -p {port} -O andes {parts.database}"
    if "password" in said or "does not exist" in said or "authentication" in said:
        role = parts.username
        return (
            f"Corrija usuario y clave en el ajuste, o cree el rol: psql -h {host} -p {port} "
            f"-c \"CREATE ROLE {role} LOGIN PASSWORD '…'\""
        )
    return (
        f"Inicie PostgreSQL o corrija la dirección; compruebe con: pg_isready -h {host} -p {port}"
    )


# The server --------------------------------------------------------------------------------------


def _version(_settings: Settings, connection: Connection, name: str) -> Finding:
    number, shown = one(
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
    return well(
        name, f"Sin {' ni '.join(missing)}, que son optativas (mejoran búsquedas): {commands}"
    )


def _clock(_settings: Settings, connection: Connection, name: str) -> Finding:
    before = time.time()
    (there,) = one(connection, "SELECT extract(epoch FROM clock_timestamp())::float8")
    skew = there - (before + time.time()) / 2
    if abs(skew) > SKEW_SECONDS:
        cure = "Sincronice ambos relojes: timedatectl set-ntp true (o chronyc makestep)."
        return ill(name, f"La base de datos y este equipo difieren en {skew:+.1f} s.", cure)
    return well(name, f"La base de datos y este equipo difieren en {skew:+.3f} s.")


def _server_log(_settings: Settings, connection: Connection, name: str) -> Finding:
    """Judge whether the server writes refused rows into its log: people, amounts, hashes."""
    shown, database = one(
        connection, "SELECT current_setting('log_error_verbosity'), current_database()"
    )
    if shown == "terse":
        return well(name, "No guarda el contenido de las filas que rechaza.")
    cure = (
        "Como superusuario de PostgreSQL: "
        f"ALTER DATABASE {database} SET log_error_verbosity = 'terse'; luego reinicie Andes."
    )
    return ill(name, "Guarda en su registro el contenido de las filas que rechaza.", cure)


def _tools(_settings: Settings, connection: Connection, name: str) -> Finding:
    (number,) = one(connection, "SELECT current_setting('server_version_num')::int")
    try:
        tools = find_tools(number // 10_000)
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
    for addon in sorted(found.keys() - here.keys()):
        cure = f"Instale aquí el paquete de «{addon}», o ponga su carpeta en ADDON_ROOTS."
        yield ill(name, f"El addon «{addon}» está instalado y su código no está aquí.", cure)
    pending = []
    # What rests is brought up to date when it is enabled; «migrate» leaves it alone.
    served = [row.name for row in installed.rows(connection) if row.state == "enabled"]
    for mine in (KERNEL, *(here[addon] for addon in served if addon in here)):
        old, new = installed.revision(connection, mine.name), revisions.head(mine)
        if old != new:
            pending.append(f"{mine.name} {old or '—'} → {new}")
        elif found.get(mine.name, mine.version) != mine.version:
            pending.append(f"{mine.name} {found[mine.name]} → {mine.version}")
    if pending:
        yield ill(name, f"Pendientes: {', '.join(pending)}.", "python server.py migrate")
    else:
        yield well(name, "Al día.")


SEPARATE = (
    "Use dos roles: CREATE ROLE andes_app LOGIN PASSWORD '…'; ponga DATABASE_URL con andes_app, "
    "DATABASE_OWNER_URL con el dueño, y ejecute: python server.py migrate"
)


def _roles(_settings: Settings, connection: Connection, name: str) -> Finding:
    role, superuser, owns = one(
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
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition
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
            SELECT t.name, string_agg(p.name, ', ')
              FROM (SELECT unnest(CAST(:tables AS text[])) UNION
                    SELECT tgrelid::regclass::text FROM pg_trigger
                     WHERE tgname LIKE '%_append_only') AS t (name)
              CROSS JOIN unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) AS p (name)
             WHERE has_table_privilege(t.name, p.name) GROUP BY 1 ORDER BY 1
            """
        ),
        {"tables": list(audit.APPEND_ONLY)},
    ).all()
    if loose:
        table, acts = loose[0]
        seen = f"El rol de la aplicación puede hacer {acts} en {table}."
        return ill(name, seen, f"python server.py migrate; si no basta: {SEPARATE}")
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
