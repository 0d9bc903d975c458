"""The archive of an addon: its rows in a file from which the same addon can be filled again.

A tar file: ``manifest.json`` says which addons, versions and revisions it is of and the SHA-256 of
each other member; ``tables/<table>`` are rows of the addon's own tables in PostgreSQL's COPY text
format; ``columns/<table>.<column>`` the values of a column that it added to somebody else's table,
with that table's key. It is kept in the storage, under ``addons/``.
"""

from __future__ import annotations

import hashlib
import io
import json
import secrets
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from psycopg.sql import SQL, Composed, Identifier
from pydantic import TypeAdapter
from sqlalchemy import Connection, text

from kernel import logging
from kernel.addon_changes import Change, ChangeRefused
from kernel.storage import FileMissing, Storage
from kernel.table_rows import columns_of, driver, filled, key_of, listed, sequences_of, spell

if TYPE_CHECKING:
    from kernel.rehearsal import Outcome, Owned
    from kernel.runtime import Runtime

log = logging.get(__name__)

FORMAT = 1
FOLDER = "addons"
MANIFEST = "manifest.json"
LONGEST_MANIFEST = 16 * 1024 * 1024
LONGEST_FOLDER = 120
CHUNK = 1024 * 1024
IN_MEMORY = 16 * CHUNK


@dataclass(frozen=True, slots=True)
class Member:
    """A table, or a column of somebody else's, with the columns that its lines have."""

    table: str
    columns: tuple[str, ...]
    rows: int
    sha256: str
    column: str = ""
    sequences: Mapping[str, int] = field(default_factory=dict)
    """Identity column → the last value that was drawn."""

    @property
    def name(self) -> str:
        """Its name in the tar file."""
        return f"columns/{self.table}.{self.column}" if self.column else f"tables/{self.table}"


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive says of itself."""

    addons: Mapping[str, Mapping[str, str]]
    at: str
    members: tuple[Member, ...]
    format: int = FORMAT


ARCHIVE = TypeAdapter(Archive)


# Writing -----------------------------------------------------------------------------------------


def write(
    connection: Connection, runtime: Runtime, number: int, change: Change, outcome: Outcome
) -> str:
    """Write what a removal takes away to the storage; return the file's key."""
    if change.action != "archive":
        return ""
    spell(connection)
    versions = {
        one.name: {"version": one.version, "revision": change.present.get(one.name) or ""}
        for one in change.histories
        if one.name in change.targets
    }
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as whole:
        with tarfile.open(fileobj=whole, mode="w") as tar:
            members = [
                *(_add_table(connection, tar, table) for table in outcome.tables_gone()),
                *(_add_column(connection, tar, *one) for one in outcome.columns_gone()),
            ]
            archive = Archive(versions, runtime.clock().isoformat(), tuple(members))
            document = json.dumps(asdict(archive), ensure_ascii=False, indent=1).encode()
            _add(tar, MANIFEST, io.BytesIO(document), len(document))
        whole.seek(0)
        # A restored instance counts its generations anew, and the files may still be here.
        key = f"{FOLDER}/{folder_of(change.targets)}/{number:06d}-{secrets.token_hex(4)}.tar"
        chunks = iter(lambda: whole.read(CHUNK), b"")
        runtime.storage.put(key, chunks, content_type="application/x-tar")
    return key


def folder_of(names: Sequence[str]) -> str:
    """Return the folder of the archives of these addons; no others have the same."""
    whole = "-".join(names)
    if len(whole) <= LONGEST_FOLDER:
        return whole
    digest = hashlib.sha256(whole.encode()).hexdigest()[:16]
    return f"{whole[: LONGEST_FOLDER - 17].rpartition('-')[0]}-{digest}"


def _add_table(connection: Connection, tar: tarfile.TarFile, table: str) -> Member:
    names = columns_of(connection, table)
    query = SQL("SELECT {} FROM {}").format(listed(names), Identifier(table))
    member = _copy_out(connection, tar, Member(table, tuple(names), 0, ""), query)
    return Member(
        table, member.columns, member.rows, member.sha256,
        sequences=sequences_of(connection, table, names),
    )  # fmt: skip


def _add_column(connection: Connection, tar: tarfile.TarFile, table: str, column: str) -> Member:
    names = [*key_of(connection, table), column]
    query = filled(connection, table, column, listed(names).as_string())
    return _copy_out(connection, tar, Member(table, tuple(names), 0, "", column), SQL(query))


def _copy_out(
    connection: Connection, tar: tarfile.TarFile, member: Member, query: Composed | SQL
) -> Member:
    digest, rows = hashlib.sha256(), 0
    statement = SQL("COPY ({}) TO STDOUT").format(query)
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as data:
        with driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
            for block in copy:
                data.write(block)
                digest.update(block)
                rows += bytes(block).count(b"\n")
        size = data.tell()
        data.seek(0)
        _add(tar, member.name, data, size)
    return Member(member.table, member.columns, rows, digest.hexdigest(), member.column)


def _add(tar: tarfile.TarFile, name: str, data: Any, size: int) -> None:
    facts = tarfile.TarInfo(name)
    facts.size = size
    tar.addfile(facts, data)


# Reading -----------------------------------------------------------------------------------------


def read(storage: Storage, key: str) -> Archive:
    """Return what an archive of the storage says of itself.

    Raises:
        ChangeRefused: it is none, or it is damaged.
    """
    with opened(storage, key) as tar:
        return _manifest(tar)


def addons_in(path: Path) -> list[str]:
    """Return the addons whose archive a file of this host is.

    Raises:
        ChangeRefused: it is none.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            return list(_manifest(tar).addons)
    except (OSError, tarfile.TarError) as error:
        raise ChangeRefused(f"«{path}» no es el archivo de un addon: {error}") from None


class opened:  # noqa: N801  # read as a statement
    """The tar file of an archive, fetched to a temporary file."""

    def __init__(self, storage: Storage, key: str) -> None:
        if not key.startswith(f"{FOLDER}/"):
            # Other files are what users bring: nobody fills tables from an attachment.
            raise ChangeRefused(f"Los archivos de addons están en «{FOLDER}/», no en «{key}».")
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        try:
            for chunk in storage.open_stream(key):
                self._file.write(chunk)
            self._file.seek(0)
            self._tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115  # as above
        except (FileMissing, tarfile.TarError, ValueError) as error:
            self._file.close()
            raise ChangeRefused(f"No hay ningún archivo de addon en «{key}»: {error}") from None

    def __enter__(self) -> tarfile.TarFile:
        return self._tar

    def __exit__(self, *_exc: object) -> None:
        self._tar.close()
        self._file.close()


def _manifest(tar: tarfile.TarFile) -> Archive:
    try:
        facts = json.loads(_open(tar, MANIFEST, LONGEST_MANIFEST).read())
        if facts["format"] > FORMAT:
            raise ChangeRefused("El archivo es de una versión posterior de Andes: actualícela.")
        return ARCHIVE.validate_python(facts)
    except (KeyError, TypeError, ValueError, RecursionError, tarfile.TarError):
        raise ChangeRefused("El archivo no es de un addon, o está dañado.") from None


def _open(tar: tarfile.TarFile, name: str, longest: int | None = None) -> IO[bytes]:
    """Return a member's data; a link, which may lead in a circle, is none.

    Raises:
        KeyError: there is no such file in it, or it is too long.
    """
    facts = tar.getmember(name)
    if not facts.isreg() or (longest is not None and facts.size > longest):
        raise KeyError(name)
    return cast("IO[bytes]", tar.extractfile(facts))


def load(connection: Connection, storage: Storage, key: str, owned: Owned) -> None:
    """Fill the tables of addons from their archive, in the connection's transaction.

    Rows that an installation made by itself are replaced. Whatever the file says of itself, nothing
    is touched but what is ``owned`` by its addons.

    Raises:
        ChangeRefused: the file is damaged, or the tables are not those that it was made of.
    """
    spell(connection)
    with opened(storage, key) as tar:
        archive = _manifest(tar)
        for one in archive.members:
            _check_member(connection, one, owned)
        tables = [one for one in archive.members if not one.column]
        constraints = _defer(connection, [one.table for one in tables])
        for one in reversed(tables):
            connection.execute(text(f'DELETE FROM "{one.table}"'))  # noqa: S608  # known by the catalogue
        for one in archive.members:
            with _verified(tar, one) as data:
                if one.column:
                    _fill_column(connection, one, data)
                else:
                    _fill_table(connection, one, data)
        connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        for table, name in constraints:
            connection.execute(
                text(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{name}" NOT DEFERRABLE')
            )


class _verified:  # noqa: N801  # read as a statement
    """A member's data, after its digest was compared."""

    def __init__(self, tar: tarfile.TarFile, member: Member) -> None:
        try:
            self._data = _open(tar, member.name)
            whole = _digest(self._data) == member.sha256
        except (KeyError, tarfile.TarError):
            whole = False
        if not whole:
            raise ChangeRefused(f"El archivo está dañado: {member.name}.")
        self._data.seek(0)

    def __enter__(self) -> IO[bytes]:
        return self._data

    def __exit__(self, *_exc: object) -> None:
        self._data.close()


def _digest(data: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := data.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _defer(connection: Connection, tables: Sequence[str]) -> list[tuple[str, str]]:
    """Let foreign keys of these tables be checked at the end; return which were not so before."""
    rows = connection.execute(
        text(
            """
            SELECT conrelid::regclass::text, conname FROM pg_constraint
             WHERE contype = 'f' AND NOT condeferrable AND conparentid = 0
               AND conrelid = ANY (SELECT to_regclass(quote_ident(t))::oid
                                     FROM unnest(CAST(:tables AS text[])) t)
            """
        ),
        {"tables": list(tables)},
    )
    found = [(str(table).strip('"'), str(name)) for table, name in rows]
    for table, name in found:
        connection.execute(
            text(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{name}" DEFERRABLE INITIALLY DEFERRED')
        )
    return found


def _fill_table(connection: Connection, member: Member, data: IO[bytes]) -> None:
    _copy_in(connection, Identifier(member.table), member.columns, data)
    for column, last in member.sequences.items():
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"),
            {"table": f'"{member.table}"', "column": column, "last": last},
        )


def _fill_column(connection: Connection, member: Member, data: IO[bytes]) -> None:
    *key, column = member.columns
    connection.execute(
        text(
            f"CREATE TEMPORARY TABLE andes_import ON COMMIT DROP AS SELECT "  # noqa: S608  # checked names
            f'{listed(member.columns).as_string()} FROM "{member.table}" WITH NO DATA'
        )
    )
    _copy_in(connection, Identifier("andes_import"), member.columns, data)
    match = " AND ".join(f't."{one}" = i."{one}"' for one in key)
    filled_rows = connection.execute(
        text(
            f'UPDATE "{member.table}" t SET "{column}" = i."{column}"'  # noqa: S608  # checked names
            f" FROM andes_import i WHERE {match}"
        )
    ).rowcount
    connection.execute(text("DROP TABLE andes_import"))
    if missing := member.rows - filled_rows:
        log.warning("archive_rows_without_owner", member=member.name, rows=missing)


def _check_member(connection: Connection, member: Member, owned: Owned) -> None:
    ours = member.table in owned.tables
    if member.column:
        key = (*key_of(connection, member.table), member.column)
        ours = (member.table, member.column) in owned.columns and member.columns == key
    if not ours:
        raise ChangeRefused(f"El archivo no es de esta versión: {member.name} no es de sus addons.")
    here = columns_of(connection, member.table)
    if unknown := [one for one in member.columns if one not in here]:
        raise ChangeRefused(
            f"El archivo no es de esta versión: la tabla {member.table} no tiene "
            f"{', '.join(unknown)}."
        )


def _copy_in(
    connection: Connection, table: Identifier, columns: Sequence[str], data: IO[bytes]
) -> None:
    statement = SQL("COPY {} ({}) FROM STDIN").format(table, listed(columns))
    with driver(connection).cursor() as cursor, cursor.copy(statement) as copy:
        while chunk := data.read(CHUNK):
            copy.write(chunk)


def archives(storage: Storage, name: str = "", last: str = "") -> Iterator[str]:
    """Yield the keys of the archives that are kept, of one addon or of all.

    ``last`` is the one that the list of addons has, should its folder not name all that are in it.
    """
    for key in storage.list(FOLDER):
        if not name or key == last or name in key.split("/")[1].split("-"):
            yield key
