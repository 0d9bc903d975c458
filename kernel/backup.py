"""Backup: one archive with the database, the files and what proves them whole.

The archive is a tar file: ``database.dump`` (pg_dump's own format, compressed), ``head.log`` (the
heads of the audit), ``files/<key>`` where files are kept on disk, then ``manifest.json`` with the
SHA-256 of each, row counts and checksums of each table, and ``manifest.sha256``. Counts, checksums
and dump are of one snapshot, so a backup may be made while people work. Files are written before
the rows that name them, and copied after the snapshot: none that a row names is missing.

``kernel.restore`` is the way back.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import IO, Any, cast
from urllib.parse import urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import make_url

from kernel import backup_archive, chain, usage
from kernel.backup_archive import DUMP, FILES, HEADS, Manifest, Writer
from kernel.backup_tables import WORKSHOP, Connection, Content, contents, sealing_versions, total
from kernel.backup_tools import BackupError, Tools, connect, find_tools
from kernel.errors import RemoteError
from kernel.heads import HeadLog
from kernel.manifest import KERNEL_VERSION
from kernel.restore import restore
from kernel.runtime import utc_now
from kernel.secrets import Vault
from kernel.settings import Settings
from kernel.storage import FileMissing, Storage

__all__ = ["RECORD", "BackupError", "create", "restore"]

RECORD = "backup.json"
"""In DATA_DIR: when the last backup was made, and where it is."""

IN_MEMORY = 8 * 1024 * 1024
SPACE = "Libere espacio o elija otra carpeta para la copia."
DOCTOR = "Compruebe con: python server.py doctor"


def create(settings: Settings, target: Path) -> str:
    """Write the archive ``target`` and return what it holds.

    A folder, or a name without suffix, takes an archive named after database and moment.

    Raises:
        BackupError: something is missing or failed; then there is no archive.
    """
    now = utc_now()
    path = _path(settings, target, now)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=path.parent, prefix=".andes-backup-") as folder:
            archive = Path(folder) / "archive.tar"
            manifest = _write(settings, archive, now)
            _publish(archive, path)
        _record(settings, path, now)
    except OSError as error:
        raise BackupError(f"No se pudo escribir {path}: {error.strerror}.", SPACE) from None
    except RemoteError as error:
        raise BackupError(f"No se pudieron leer los archivos: {error}.", DOCTOR) from None
    files = sum(name.startswith(FILES) for name in manifest.members)
    keys = "MASTER_KEY y SECRET_KEY"
    if usage.is_embedded(settings.data_dir):
        keys = f"master.key y secret.key, de {settings.data_dir}"
    return (
        f"{path}: {path.stat().st_size / 1024**2:.1f} MiB; {len(manifest.tables)} tablas, "
        f"{total(manifest.tables.values())} filas, {files} archivos.\n"
        f"No lleva llaves: guarde aparte {keys}."
    )


def _path(settings: Settings, target: Path, now: datetime) -> Path:
    path = target.resolve()
    if path.is_dir() or not (path.suffix or path.exists()):
        path /= f"andes-{make_url(settings.owner_url).database}-{now:%Y%m%d-%H%M%S}.tar"
    if path.exists():
        raise BackupError(f"{path} ya existe.", "Elija otro nombre: una copia nunca se pisa.")
    return path


def _publish(archive: Path, path: Path) -> None:
    """Give the finished archive its name."""
    archive.rename(path)
    if sys.platform != "win32":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _record(settings: Settings, path: Path, now: datetime) -> None:
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    record = settings.data_dir / RECORD
    staged = record.with_suffix(".part")
    staged.write_text(
        json.dumps({"at": now.isoformat(), "path": str(path), "bytes": path.stat().st_size}),
        encoding="utf-8",
    )
    staged.replace(record)


def _write(settings: Settings, archive: Path, now: datetime) -> Manifest:
    """Write the archive from one snapshot and return its manifest."""
    with contextlib.closing(connect(settings.owner_url)) as connection:
        tools = find_tools(connection.info.server_version // 10_000)
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        installed, snapshot = _one(
            connection, "SELECT to_regclass('public.andes_addons'), pg_export_snapshot()"
        )
        if installed is None:
            raise BackupError(
                "La base de datos está vacía: no hay qué copiar.", "Corrija DATABASE_OWNER_URL."
            )
        dump = archive.with_name(DUMP)
        tables = _dump(settings, connection, tools, dump, snapshot)
        manifest = _describe(settings, connection, tools, now, tables)
        connection.rollback()
    with backup_archive.writing(archive) as writer:
        _add_file(writer, DUMP, dump)
        dump.unlink()
        heads = HeadLog(settings.data_dir).path
        if heads.exists():
            _add_file(writer, HEADS, heads)
        _add_storage(settings, writer, archive.parent)
        writer.seal(manifest)
    return manifest


def _dump(
    settings: Settings, connection: Connection, tools: Tools, dump: Path, snapshot: str
) -> dict[str, Content]:
    """Dump the snapshot to a file and, meanwhile, return the content of each of its tables."""
    arguments = (
        "--format=custom", "--no-password", f"--snapshot={snapshot}", f"--file={dump}",
        f"--exclude-schema={WORKSHOP}",
    )  # fmt: skip
    with tools.start("pg_dump", *arguments, url=settings.owner_url) as process:
        tables = contents(connection)
        process.finish("Corrija la causa y repita la copia; no quedó nada a medias.")
    return tables


def _describe(
    settings: Settings,
    connection: Connection,
    tools: Tools,
    now: datetime,
    tables: dict[str, Content],
) -> Manifest:
    head = chain.head(connection)
    rows = connection.execute("SELECT name, version FROM andes_addons ORDER BY name").fetchall()
    return Manifest(
        at=now.isoformat(),
        kernel=KERNEL_VERSION,
        server=connection.info.server_version,
        dump_major=tools.major,
        addons={str(row[0]): str(row[1]) for row in rows},
        revisions=dict(_revisions(connection, tables)),
        master_keys=_master_keys(settings, connection),
        audit=None if head is None else asdict(head) | {"hash": head.hash.hex()},
        storage=settings.files_url.partition("?")[0],
        tables=tables,
    )


def _revisions(connection: Connection, tables: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in tables:
        schema, _, table = name.partition(".")
        if table.startswith("alembic_"):
            query = sql.SQL("SELECT version_num FROM {}").format(sql.Identifier(schema, table))
            for (revision,) in connection.execute(query).fetchall():
                yield table.removeprefix("alembic_"), revision


def _master_keys(settings: Settings, connection: Connection) -> dict[str, str]:
    """Return the fingerprints of the keys that sealed something.

    Raises:
        BackupError: one of them is not in MASTER_KEY, so that the copy could never be used.
    """
    known = Vault.from_settings(settings.master_key.get_secret_value()).fingerprints()
    used = sorted(sealing_versions(connection))
    for version in used:
        if version not in known:
            raise BackupError(
                f"Hay datos sellados con la versión {version} de la llave maestra, que no está.",
                "Devuélvala a MASTER_KEY antes de copiar.",
            )
    return {str(version): known[version] for version in used}


def _one(connection: Connection, query: str) -> tuple[Any, ...]:
    (row,) = connection.execute(query.encode()).fetchall()
    return row


# Members -----------------------------------------------------------------------------------------


def _add_file(writer: Writer, name: str, path: Path) -> None:
    with path.open("rb") as content:
        writer.add(name, content, os.fstat(content.fileno()).st_size)


def _add_storage(settings: Settings, writer: Writer, folder: Path) -> None:
    """Add the files, where they are in a local folder; S3 and Azure keep copies of their own."""
    if urlsplit(settings.files_url).scheme != "file":
        return
    storage = Storage.from_url(settings.files_url)
    for key in sorted(storage.list()):
        with SpooledTemporaryFile(max_size=IN_MEMORY, dir=str(folder)) as content:
            try:
                content.writelines(storage.open_stream(key))
            except FileMissing:  # deleted meanwhile, as was the row that named it
                continue
            size = content.tell()
            content.seek(0)
            writer.add(f"{FILES}{key}", cast("IO[bytes]", content), size)
