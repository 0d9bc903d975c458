"""Backup and restore: what comes back is what was there, or nothing changes."""

from __future__ import annotations

import io
import json
import tarfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from kernel import backup, backup_tools, sealing
from kernel.backup_archive import MANIFEST, Manifest, verify
from kernel.backup_tables import contents
from kernel.backup_tools import BackupError, connect, find_tools, understood
from kernel.heads import HeadLog
from kernel.identity import Usuario
from kernel.registry import Registry
from kernel.runtime import Runtime
from kernel.secrets import generate_key
from kernel.settings import Settings
from kernel.storage import Storage
from tests import cluster
from tests.conftest import runtime_of, settings_of
from tests.shop import Shop

SECRET = b"JBSWY3DPEHPK3PXP"


@pytest.fixture
def filled(runtime: Runtime, settings: Settings, shop: Shop) -> Settings:
    """Settings of an instance with files, a sealed secret, and an audit that is partly sealed."""
    storage = Storage.from_url(settings.files_url)
    for number in range(3):
        storage.put(f"adjuntos/{number}.bin", bytes([number]) * 100_000, content_type="a/b")

    def seal_secret(ctx: Any) -> None:
        user = ctx.session.get_one(Usuario, shop.usuarios["admin"])
        user.dos_fa_secret = runtime.vault.seal(SECRET, b"usuarios:2fa_secret")

    runtime.transact(seal_secret)
    runtime.transact(sealing.seal_audit)
    runtime.transact(lambda ctx: ctx.audit("probar", "prueba", 1))
    return settings


@pytest.fixture
def archive(filled: Settings, tmp_path: Path) -> Path:
    """A backup of it."""
    path = tmp_path / "copias" / "andes.tar"
    backup.create(filled, path)
    return path


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Settings]:
    """Settings of an empty instance."""
    made = cluster.create_database()
    yield settings_of(made.owner_url, made.app_url, tmp_path / "otra")
    cluster.drop_database(made.name)


def everything(settings: Settings) -> dict[str, Any]:
    with connect(settings.owner_url) as connection:
        return dict(contents(connection))


def is_empty(settings: Settings) -> bool:
    with connect(settings.owner_url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ).fetchone()
    files = settings.data_dir / "files"
    left = [path for path in files.rglob("*") if path.is_file()] if files.exists() else []
    return row == (0,) and not left and not list(settings.data_dir.glob(".restore-*"))


def rewrite(archive: Path, change: Callable[[str, bytes], bytes | None]) -> None:
    """Write the archive anew with members changed, or left out."""
    made = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=made, mode="w") as new:
        for info in old:
            content = old.extractfile(info)
            assert content is not None
            data = change(info.name, content.read())
            if data is not None:
                info.size = len(data)
                new.addfile(info, io.BytesIO(data))
    archive.write_bytes(made.getvalue())


# Round trip --------------------------------------------------------------------------------------


def test_restore_brings_back_rows_files_and_rights(
    filled: Settings, archive: Path, target: Settings, registry: Registry
) -> None:
    said = backup.restore(target, archive)

    assert "todo coincide" in said
    assert "La auditoría está intacta" in said
    assert everything(target) == everything(filled)
    storage = Storage.from_url(target.files_url)
    assert sorted(storage.list()) == [f"adjuntos/{number}.bin" for number in range(3)]
    assert storage.get("adjuntos/2.bin") == b"\x02" * 100_000
    runtime = runtime_of(target, registry)
    try:
        runtime.transact(lambda ctx: ctx.audit("probar", "prueba", 2))
        sealing.seal(runtime.database)
        verdict = runtime.transact(sealing.verify)
        assert (verdict.intact, verdict.unsealed) == (True, 0)
        with (
            psycopg.connect(target.database_url.replace("+psycopg", "")) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            connection.execute("DELETE FROM audit_logs")
    finally:
        runtime.close()


def test_restore_then_sell_continues_the_sequences(
    archive: Path, target: Settings, registry: Registry
) -> None:
    backup.restore(target, archive)
    runtime = runtime_of(target, registry)
    try:
        shop = runtime.transact(Shop.of)

        def rename(ctx: Any) -> None:
            ctx.session.get_one(Usuario, shop.usuarios["admin"]).nombre = "Otro"

        runtime.transact(rename)
    finally:
        runtime.close()


def test_create_again_of_a_restored_instance_is_the_same(
    filled: Settings, archive: Path, target: Settings, tmp_path: Path
) -> None:
    backup.restore(target, archive)
    backup.create(target, tmp_path / "otra.tar")
    one, other = verify(archive), verify(tmp_path / "otra.tar")
    assert (one.tables, one.addons, one.revisions) == (other.tables, other.addons, other.revisions)


def test_restore_on_the_same_host_voids_later_heads(
    runtime: Runtime, filled: Settings, archive: Path, target: Settings
) -> None:
    for _ in range(2):
        runtime.transact(lambda ctx: ctx.audit("probar", "prueba", 1))
        sealing.seal(runtime.database)
        heads = HeadLog(filled.data_dir)
        sealing.keep_head(runtime.database, heads, datetime(2030, 1, 1, tzinfo=UTC))
    here = target.model_copy(update={"data_dir": filled.data_dir})

    assert "La auditoría está intacta" in backup.restore(here, archive)
    assert len(list(heads.path.parent.glob("head-*.log"))) == 1


def test_create_while_people_write_is_of_one_instant(
    runtime: Runtime, settings: Settings, target: Settings, tmp_path: Path
) -> None:
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            runtime.transact(lambda ctx: ctx.audit("probar", "prueba", 1))

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        backup.create(settings, tmp_path / "andes.tar")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert "todo coincide" in backup.restore(target, tmp_path / "andes.tar")


def test_create_of_an_empty_database_is_refused(target: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="vacía"):
        backup.create(target, tmp_path / "andes.tar")


# The archive -------------------------------------------------------------------------------------


def test_create_holds_fingerprints_and_never_a_key(filled: Settings, archive: Path) -> None:
    manifest = verify(archive)
    key = filled.master_key.get_secret_value()
    assert list(manifest.master_keys) == ["1"]
    assert manifest.audit is not None
    assert {"base", "sales", "inventory"} <= set(manifest.addons)
    content = archive.read_bytes()
    assert key.encode() not in content
    assert filled.secret_key.get_secret_value().encode() not in content
    assert archive.stat().st_mode & 0o077 == 0


def test_create_in_a_folder_names_the_file(settings: Settings, tmp_path: Path) -> None:
    backup.create(settings, tmp_path)
    (made,) = tmp_path.glob("andes-*.tar")
    record = json.loads((settings.data_dir / backup.RECORD).read_text())
    assert record["path"] == str(made)
    assert record["bytes"] == made.stat().st_size


def test_create_in_a_folder_to_be_made_makes_it(settings: Settings, tmp_path: Path) -> None:
    backup.create(settings, tmp_path / "copias")
    assert len(list((tmp_path / "copias").glob("andes-*.tar"))) == 1


def test_create_over_a_file_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "andes.tar"
    path.write_text("algo")
    with pytest.raises(BackupError, match="ya existe"):
        backup.create(settings, path)
    assert path.read_text() == "algo"


def test_create_that_fails_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    with connect(settings.owner_url) as connection:
        connection.execute("CREATE VIEW rota AS SELECT 1 AS n")
        connection.execute("CREATE TABLE mala (n int)")
        connection.execute("INSERT INTO mala VALUES (1)")
        connection.execute("ALTER TABLE mala ENABLE ROW LEVEL SECURITY")
        connection.execute("ALTER TABLE mala FORCE ROW LEVEL SECURITY")
    with pytest.raises(BackupError, match="pg_dump"):
        backup.create(settings, tmp_path / "copias" / "andes.tar")
    assert list((tmp_path / "copias").iterdir()) == []
    assert not (settings.data_dir / backup.RECORD).exists()


def test_create_without_the_key_that_sealed_is_refused(filled: Settings, tmp_path: Path) -> None:
    settings = filled.model_copy(
        update={"master_key": type(filled.master_key)(f"2:{generate_key()}")}
    )
    with pytest.raises(BackupError, match="versión 1 de la llave maestra"):
        backup.create(settings, tmp_path / "andes.tar")


def test_create_without_the_server_says_so(settings: Settings, tmp_path: Path) -> None:
    nowhere = "postgresql+psycopg://nadie@127.0.0.1:1/nada"
    settings = settings.model_copy(update={"database_owner_url": nowhere})
    with pytest.raises(BackupError, match="No se puede entrar"):
        backup.create(settings, tmp_path / "andes.tar")


# Refusals ----------------------------------------------------------------------------------------


def refused(target: Settings, archive: Path, why: str) -> None:
    with pytest.raises(BackupError, match=why):
        backup.restore(target, archive)
    assert is_empty(target)


def test_restore_into_a_database_with_tables_is_refused(filled: Settings, archive: Path) -> None:
    before = everything(filled)
    with pytest.raises(BackupError, match="no está vacía"):
        backup.restore(filled, archive)
    assert everything(filled) == before


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_restore_of_a_flipped_byte_is_refused(archive: Path, target: Settings, part: float) -> None:
    data = bytearray(archive.read_bytes())
    data[int(len(data) * part)] ^= 0xFF
    archive.write_bytes(data)
    if part == 0.999:  # the padding at the end of a tar file means nothing
        assert "todo coincide" in backup.restore(target, archive)
    else:
        refused(target, archive, "no es lo que se guardó|no se puede leer|manifiesto|no es un")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.7, 0.95])
def test_restore_of_a_cut_archive_is_refused(archive: Path, target: Settings, part: float) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * part)])
    refused(target, archive, "incompleta|no se puede leer")


def test_restore_of_something_else_is_refused(target: Settings, tmp_path: Path) -> None:
    (tmp_path / "otro.tar").write_text("hola" * 1000)
    refused(target, tmp_path / "otro.tar", "no se puede leer")
    refused(target, tmp_path / "nada.tar", "No existe")


def test_restore_with_a_file_missing_is_refused(archive: Path, target: Settings) -> None:
    rewrite(archive, lambda name, data: None if name == "files/adjuntos/1.bin" else data)
    refused(target, archive, r"files/adjuntos/1\.bin")


def test_restore_with_a_file_added_is_refused(archive: Path, target: Settings) -> None:
    with tarfile.open(archive, "a") as tar:
        tar.addfile(tarfile.TarInfo("files/../../intruso"), io.BytesIO())
    refused(target, archive, "intruso")


def test_restore_with_a_link_is_refused(archive: Path, target: Settings) -> None:
    with tarfile.open(archive, "a") as tar:
        info = tarfile.TarInfo("files/enlace")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(info)
    refused(target, archive, "no es un archivo")


def test_restore_with_a_manifest_altered_is_refused(archive: Path, target: Settings) -> None:
    rewrite(archive, lambda name, data: data.replace(b'"0.1.0"', b'"0.1.1"')
            if name == MANIFEST else data)  # fmt: skip
    refused(target, archive, "manifiesto")


def forge(archive: Path, change: Callable[[Manifest], object]) -> None:
    """Change the manifest and its digest, as if the backup had been made so."""
    manifest = verify(archive)
    change(manifest)
    data = manifest.dump()
    digest = sha256(data).hexdigest().encode()
    rewrite(archive, {MANIFEST: data, "manifest.sha256": digest}.get)


def test_restore_of_rows_that_differ_is_rolled_back(archive: Path, target: Settings) -> None:
    def change(manifest: Manifest) -> None:
        old = manifest.tables["public.productos"]
        manifest.tables["public.productos"] = type(old)(old.rows, old.checksum + "1")

    forge(archive, change)
    refused(target, archive, r"public\.productos")


def test_restore_of_a_broken_dump_is_rolled_back(archive: Path, target: Settings) -> None:
    def cut(manifest: Manifest) -> None:
        rewrite(archive, lambda name, data: data[:-20_000] if name == "database.dump" else data)
        with tarfile.open(archive) as tar:
            content = tar.extractfile("database.dump")
            assert content is not None
            data = content.read()
        digest = sha256(data).hexdigest()
        manifest.members["database.dump"] = type(manifest.members["database.dump"])(
            digest, len(data)
        )

    forge(archive, cut)
    refused(target, archive, "pg_restore|psql")


def test_restore_of_another_master_key_is_refused(archive: Path, target: Settings) -> None:
    other = target.model_copy(update={"master_key": type(target.master_key)(generate_key())})
    refused(other, archive, "otra llave maestra")


def test_restore_without_sealed_data_takes_any_master_key(
    settings: Settings, target: Settings, tmp_path: Path
) -> None:
    backup.create(settings, tmp_path / "andes.tar")
    other = target.model_copy(update={"master_key": type(target.master_key)(generate_key())})
    assert "todo coincide" in backup.restore(other, tmp_path / "andes.tar")


def test_restore_of_an_addon_that_is_not_here_is_refused(archive: Path, target: Settings) -> None:
    forge(archive, lambda manifest: manifest.addons.update(warranty="1.0"))
    refused(target, archive, "«warranty»")


@pytest.mark.parametrize(("what", "why"), [("kernel", "Andes 99"), ("revision", "migración 9999")])
def test_restore_of_later_code_is_refused(
    archive: Path, target: Settings, what: str, why: str
) -> None:
    def change(manifest: Manifest) -> None:
        if what == "kernel":
            manifest.kernel = "99.0"
        else:
            manifest.revisions["sales"] = "9999"

    forge(archive, change)
    refused(target, archive, why)


def test_restore_of_a_later_format_is_refused(archive: Path, target: Settings) -> None:
    forge(archive, lambda manifest: setattr(manifest, "format", 99))
    refused(target, archive, "formato posterior")


def test_restore_over_another_file_of_the_same_key_is_refused(
    archive: Path, target: Settings
) -> None:
    storage = Storage.from_url(target.files_url)
    storage.put("adjuntos/2.bin", b"otro", content_type="a/b")
    with pytest.raises(BackupError, match=r"adjuntos/2\.bin ya existe"):
        backup.restore(target, archive)
    assert list(storage.list()) == ["adjuntos/2.bin"]
    assert storage.get("adjuntos/2.bin") == b"otro"
    assert everything(target) == {}


def test_restore_over_the_same_file_keeps_it(archive: Path, target: Settings) -> None:
    storage = Storage.from_url(target.files_url)
    storage.put("adjuntos/2.bin", b"\x02" * 100_000, content_type="a/b")
    assert "todo coincide" in backup.restore(target, archive)


def test_restore_without_the_applications_role_is_refused(archive: Path, target: Settings) -> None:
    url = make_url(target.database_url).set(username="no_hay_tal")
    text = url.render_as_string(hide_password=False)
    refused(target.model_copy(update={"database_url": text}), archive, "no_hay_tal")


# Programs ----------------------------------------------------------------------------------------


def test_find_tools_takes_the_closest_that_is_not_older() -> None:
    tools = find_tools(15)
    assert tools.major >= 15
    assert (tools.folder / "pg_dump").exists()
    assert find_tools(tools.major) == tools


def test_find_tools_of_a_server_to_come_is_refused() -> None:
    with pytest.raises(BackupError, match="PostgreSQL 99"):
        find_tools(99)


def test_libpq_keeps_the_password_out_of_the_command_line() -> None:
    made = backup_tools.libpq("postgresql+psycopg://ana:s%40l@db:5433/andes?sslmode=require")
    assert made == {
        "PGUSER": "ana",
        "PGPASSWORD": "s@l",
        "PGHOST": "db",
        "PGPORT": "5433",
        "PGDATABASE": "andes",
        "PGSSLMODE": "require",
    }


def test_understood_leaves_out_settings_and_touches_no_data() -> None:
    script = [
        b"SET transaction_timeout = 0;\n",
        b"CREATE TABLE t (a text);\n",
        b"ALTER TABLE ONLY public.t ALTER COLUMN a SET (pg_attver=3);\n",
        b"COPY public.t (a) FROM stdin;\n",
        b"SET transaction_timeout = 0;\n",
        b"\\.\n",
        b"SET transaction_timeout = 0;\n",
    ]
    assert list(understood(script)) == [script[1], *script[3:6]]


def test_restore_with_the_included_programs_works_on_any_server(
    filled: Settings, target: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They may be newer than the server, and are all that a host without a client has."""
    monkeypatch.setattr(backup_tools, "PLACES", ())
    monkeypatch.setenv("PATH", "")
    backup_tools._present.cache_clear()
    try:
        backup.create(filled, tmp_path / "andes.tar")
        assert "todo coincide" in backup.restore(target, tmp_path / "andes.tar")
    finally:
        backup_tools._present.cache_clear()
