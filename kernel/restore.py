"""Restore: makes an empty database what a backup says it was, or leaves it empty.

Archive, addons, master key and target are looked at before anything is touched. The database comes
to be in a single transaction, which ends with the comparison of every table; files that were put
for it are taken away again when it fails.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from subprocess import PIPE
from tempfile import TemporaryDirectory
from typing import IO

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from packaging.version import Version
from sqlalchemy import make_url

from kernel import backup_archive, backup_tables, chain, ending, migrations, privileges
from kernel.backup_archive import CHUNK, DUMP, FILES, HEADS, Manifest
from kernel.backup_tools import FIT, BackupError, Tools, connect, find_tools, understood
from kernel.errors import RemoteError
from kernel.generations import Generation
from kernel.heads import Head, HeadLog
from kernel.manifest import KERNEL, KERNEL_VERSION, discover
from kernel.manifest import Manifest as AddonManifest
from kernel.runtime import utc_now
from kernel.secrets import Vault
from kernel.settings import Settings
from kernel.storage import Storage, is_key
from kernel.usage import COMMAND
from kernel.verification import verify_chain

PSQL = ("--no-psqlrc", "--quiet", "--no-password", "--set=ON_ERROR_STOP=1", "--file=-")
NO_HEAD = Head(0, 0, chain.GENESIS)
UNTOUCHED = "La base de datos quedó como estaba; corrija la causa y repita."


def restore(settings: Settings, source: Path) -> str:
    """Restore an archive into the empty database of these settings and return what came to be.

    Raises:
        BackupError: why it was not done; then the database is as empty as before.
    """
    found = backup_archive.verify(source)
    _check_code(settings, found)
    _check_keys(settings, found)
    tools = _check_database(settings, found)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    try:
        with (
            TemporaryDirectory(dir=settings.data_dir, prefix=".restore-") as name,
            _files(settings, found) as files,
        ):
            folder = Path(name)
            _extract(source, folder, files)
            _load(settings, tools, found, folder / DUMP)
            files.keep()
            going = ending.come_to_rest(settings)
            return _finish(settings, found, folder / HEADS, going)
    except RemoteError as error:
        raise BackupError(f"No se pudieron guardar los archivos: {error}.", UNTOUCHED) from None


# Before anything is touched ----------------------------------------------------------------------


def _check_code(settings: Settings, found: Manifest) -> None:
    """Refuse data that this code cannot read: of later versions, or of addons that are not here."""
    update = (
        "Actualice Andes y sus addons en este equipo a las versiones de la copia o posteriores."
    )
    if Version(found.kernel) > Version(KERNEL_VERSION):
        raise BackupError(
            f"La copia es de Andes {found.kernel}; aquí hay {KERNEL_VERSION}.", update
        )
    here = {KERNEL.name: KERNEL, **discover(settings.addon_roots)}
    for addon in sorted({*found.addons, *found.revisions}):
        if addon not in here:
            raise BackupError(f"La copia usa el addon «{addon}», que no está aquí.", update)
        revision = found.revisions.get(addon)
        if revision is not None and not _knows(here[addon], revision):
            seen = f"La copia tiene la migración {revision} de «{addon}», que aquí no existe."
            raise BackupError(seen, update)


def _knows(addon: AddonManifest, revision: str) -> bool:
    try:
        script = ScriptDirectory.from_config(migrations.config(addon)).get_revision(revision)
    except CommandError:
        return False
    return script is not None


def _check_keys(settings: Settings, found: Manifest) -> None:
    """Refuse another master key: what it did not seal could never be opened."""
    mine = Vault.from_settings(settings.master_key.get_secret_value()).fingerprints()
    for version, fingerprint in found.master_keys.items():
        if mine.get(int(version)) != fingerprint:
            raise BackupError(
                f"La copia tiene datos sellados con otra llave maestra (versión {version}, huella "
                f"{fingerprint}).",
                "Ponga en MASTER_KEY la llave del sistema de donde viene la copia; en una "
                "instancia embebida, traiga su archivo master.key a esta carpeta.",
            )


def _check_database(settings: Settings, found: Manifest) -> Tools:
    """Return the programs to restore with; refuse a database that is not empty."""
    owner, role = make_url(settings.owner_url), make_url(settings.database_url).username
    with contextlib.closing(connect(settings.owner_url, autocommit=True)) as connection:
        present = backup_tables.first_present(connection)
        known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone()
        server = connection.info.server_version // 10_000
    if present is not None:
        raise BackupError(
            f"La base de datos «{owner.database}» no está vacía: tiene {present}.",
            f"Cree otra y ponga su dirección: createdb -O {owner.username} {owner.database}_nueva",
        )
    if role is not None and known is None:
        cure = f"Créelo: psql -c \"CREATE ROLE {role} LOGIN PASSWORD '…'\""
        raise BackupError(f"No existe el rol «{role}» de la aplicación.", cure)
    try:
        return find_tools(max(server, found.dump_major))
    except BackupError:
        return find_tools(found.dump_major)


# Files -------------------------------------------------------------------------------------------


class _Files:
    """The files of the archive, on their way to the storage of this instance."""

    def __init__(self, storage: Storage | None) -> None:
        self._storage = storage
        self._put: list[str] = []

    def put(self, key: str, content: IO[bytes]) -> None:
        """Put a file, unless it is there already.

        Raises:
            BackupError: another one is there.
        """
        if self._storage is None or not is_key(key):
            raise BackupError(f"La copia trae un archivo que no es de Andes: {key[:80]}", UNTOUCHED)
        if not self._storage.exists(key):
            self._put.append(key)
            chunks = iter(lambda: content.read(CHUNK), b"")
            self._storage.put(key, chunks, content_type="application/octet-stream")
        elif _digest(self._storage.open_stream(key)) != _digest(
            iter(lambda: content.read(CHUNK), b"")
        ):
            raise BackupError(
                f"El archivo {key} ya existe aquí y es otro.",
                "Restaure con una carpeta de archivos vacía (STORAGE_URL o DATA_DIR).",
            )

    def keep(self) -> None:
        """Let the files stay."""
        self._put.clear()

    def undo(self) -> None:
        """Take away what was put."""
        for key in self._put:
            if self._storage is not None:
                self._storage.delete(key)


def _digest(chunks: Iterator[bytes]) -> bytes:
    digest = sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


@contextlib.contextmanager
def _files(settings: Settings, found: Manifest) -> Iterator[_Files]:
    has_files = any(name.startswith(FILES) for name in found.members)
    files = _Files(Storage.from_url(settings.files_url) if has_files else None)
    try:
        yield files
    finally:
        files.undo()


def _extract(source: Path, folder: Path, files: _Files) -> None:
    with backup_archive.reading(source) as members:
        for name, content, _size in members:
            if name in (DUMP, HEADS):
                with (folder / name).open("xb") as file:
                    shutil.copyfileobj(content, file, CHUNK)
            elif name.startswith(FILES):
                files.put(name.removeprefix(FILES), content)


# The database ------------------------------------------------------------------------------------


def _load(settings: Settings, tools: Tools, found: Manifest, dump: Path) -> None:
    """Make the tables, grant the application its rights and compare, in one transaction."""
    with (
        tools.start("pg_restore", *FIT, "--file=-", str(dump), stdout=PIPE) as reader,
        tools.start("psql", *PSQL, url=settings.owner_url, stdin=PIPE) as writer,
    ):
        try:
            writer.input.write(b"BEGIN;\n")
            writer.input.writelines(understood(reader.output))
            reader.finish(UNTOUCHED)  # only a script that is whole may be committed
            for statement in ("SET LOCAL search_path = public", *privileges.needed(settings)):
                writer.input.write(f"{statement};\n".encode())
            writer.input.write(backup_tables.comparison(found.tables).encode())
            writer.input.write(b"COMMIT;\n")
            writer.input.close()
        except BrokenPipeError:  # psql says why
            writer.finish(UNTOUCHED)
        writer.finish(UNTOUCHED)


def _finish(settings: Settings, found: Manifest, heads: Path, going: Generation | None) -> str:
    """Return what came to be, the audit verified against the heads that came with it."""
    now = utc_now()
    log = HeadLog(settings.data_dir)
    with contextlib.closing(connect(settings.owner_url, autocommit=True)) as connection:
        connection.execute("ANALYZE")
        log.replace(heads, chain.head(connection) or NO_HEAD, now)
        verdict = verify_chain(connection, log)
    files = sum(name.startswith(FILES) for name in found.members)
    made = f"{datetime.fromisoformat(found.at):%Y-%m-%d %H:%M} UTC"
    lines = [
        f"Restaurada la copia del {made}: {len(found.tables)} tablas, "
        f"{backup_tables.total(found.tables.values())} filas, {files} archivos; todo coincide.",
        verdict.message if verdict.intact else f"ATENCIÓN: {verdict.message}",
    ]
    if not found.storage.startswith("file:"):
        lines.append(f"Los archivos están en {found.storage} y no van en la copia.")
    if going is not None:
        what = f"{going.action} {', '.join(going.targets)}"
        lines.append(
            f"La copia se hizo en medio de un cambio de addons (generación {going.number}, {what}):"
            " no se siguió con él."
        )
    lines.append(f"Para terminar: {COMMAND}migrate && {COMMAND}doctor")
    return "\n".join(lines)
