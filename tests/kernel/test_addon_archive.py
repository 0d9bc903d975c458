"""Archives of addons: what comes back is what went, and a file that is not whole does nothing."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from kernel import addon_archive, catalogue, processes, registry
from kernel.addon_changes import ChangeRefused
from kernel.settings import Settings
from kernel.storage import Storage
from tests.kernel import club
from tests.kernel.test_lifecycle import empty, migrate, owner, rows

__all__ = ["empty", "owner"]


@pytest.fixture
def joined(
    empty: Settings, owner: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Settings:
    """Settings of an instance with a club that has members."""
    monkeypatch.syspath_prepend(tmp_path)
    club.write(tmp_path)
    migrate(empty, "club")
    club.fill(owner)
    return empty


@pytest.fixture
def storage(joined: Settings) -> Storage:
    runtime = processes.make_runtime(joined, registry.load([]))
    runtime.close()
    return runtime.storage


def state(engine: Engine) -> list[tuple[str, str]]:
    return rows(engine, "SELECT state, archive FROM andes_addons WHERE name = 'club'")


def deferrable(engine: Engine) -> list[tuple[str, bool]]:
    """Return which foreign keys wait for the end of a transaction."""
    query = "SELECT conname, condeferrable FROM pg_constraint WHERE contype = 'f' ORDER BY 1"
    return rows(engine, query)


def read(engine: Engine) -> catalogue.Schema:
    with engine.connect() as connection:
        return catalogue.read(connection)


def test_archive_purge_install_import_is_the_same(joined: Settings, owner: Engine) -> None:
    before, tables, waiting = club.checksums(owner), read(owner), deferrable(owner)
    key = club.make(joined, "archive", "club").archive
    assert state(owner) == [("archived", key)]
    assert "club_socios" not in club.checksums(owner)
    club.make(joined, "purge", "club", confirm="club")
    assert state(owner) == []
    club.make(joined, "install", "club")
    assert club.checksums(owner) != before
    club.make(joined, "import", "club", archive=key)
    assert club.checksums(owner) == before
    assert catalogue.difference(tables, read(owner)) == []
    assert deferrable(owner) == waiting
    with owner.begin() as connection:  # the numbers go on where they were
        new = text("INSERT INTO club_socios (nombre) VALUES ('nueva') RETURNING id")
        assert connection.scalar(new) == 41


def test_import_of_an_archived_addon_installs_it(joined: Settings, owner: Engine) -> None:
    before = club.checksums(owner)
    key = club.make(joined, "archive", "club").archive
    club.make(joined, "import", "club", archive=key)
    assert club.checksums(owner) == before
    assert state(owner)[0][0] == "enabled"


def test_disable_and_enable_leaves_every_row(joined: Settings, owner: Engine) -> None:
    before, tables = club.checksums(owner), read(owner)
    club.make(joined, "disable", "club")
    assert state(owner) == [("disabled", "")]
    club.make(joined, "enable", "club")
    assert state(owner) == [("enabled", "")]
    assert (club.checksums(owner), read(owner)) == (before, tables)


def test_import_over_own_rows_is_refused_and_changes_nothing(
    joined: Settings, owner: Engine
) -> None:
    key = club.make(joined, "archive", "club").archive
    club.make(joined, "install", "club")
    with owner.begin() as connection:
        connection.execute(text("INSERT INTO club_socios (nombre) VALUES ('propia')"))
    before = club.checksums(owner)
    number, change = club.ask(joined, "import", "club", archive=key)
    with pytest.raises(ChangeRefused, match="«club» ya tiene datos propios"):
        club.expand(joined, number, change)
    assert club.checksums(owner) == before


def test_archives_never_have_the_key_of_another_one(
    joined: Settings, owner: Engine, storage: Storage
) -> None:
    first = club.make(joined, "archive", "club").archive
    club.make(joined, "import", "club", archive=first)
    with owner.begin() as connection:  # as after the restore of an older backup
        connection.execute(text("DELETE FROM andes_generations WHERE state = 'past'"))
        query = "SELECT setval(pg_get_serial_sequence('andes_generations', 'id'), 1)"
        connection.execute(text(query))
    second = club.make(joined, "archive", "club").archive
    assert first != second
    assert sorted(addon_archive.archives(storage, "club")) == sorted([first, second])


def test_folder_of_many_long_names_is_theirs_alone_and_a_key(storage: Storage) -> None:
    names = [letter * 50 for letter in "abc"]
    one, other = (addon_archive.folder_of([*names, last]) for last in ("x", "y"))
    assert one != other
    assert addon_archive.folder_of(names[:2]) == f"{'a' * 50}-{'b' * 50}"
    storage.put(f"addons/{one}/000001.tar", b"", content_type="application/x-tar")
    assert list(addon_archive.archives(storage, names[0])) == [f"addons/{one}/000001.tar"]
    assert not list(addon_archive.archives(storage, "x"))
    assert list(addon_archive.archives(storage, "x", f"addons/{one}/000001.tar"))


def test_archive_tells_what_it_holds(joined: Settings, storage: Storage) -> None:
    key = club.make(joined, "archive", "club").archive
    assert list(addon_archive.archives(storage, "club")) == [key]
    found = addon_archive.read(storage, key)
    assert found.addons == {"club": {"version": "1.0", "revision": "0001"}}
    assert {one.name: one.rows for one in found.members} == {
        "tables/club_grupos": 4,
        "tables/club_socios": 39,
        "columns/sucursales.club_grupo_id": 1,
        "columns/sucursales.club_nivel": 1,
    }


def test_import_of_a_row_whose_owner_is_gone_leaves_it_out(
    joined: Settings, owner: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    key = club.make(joined, "archive", "club").archive
    with owner.begin() as connection:
        connection.execute(text("DELETE FROM sucursales WHERE nombre = 'Norte'"))
    club.make(joined, "import", "club", archive=key)
    assert rows(owner, "SELECT count(*) FROM club_socios") == [(39,)]
    assert rows(owner, "SELECT DISTINCT club_nivel FROM sucursales") == [("bronce",)]


# Damage ------------------------------------------------------------------------------------------

Damage = Callable[[bytes], bytes]


def rewritten(change: Callable[[str, bytes], bytes | None]) -> Damage:
    """Return a damage to one member of the file."""

    def damage(whole: bytes) -> bytes:
        made = io.BytesIO()
        with (
            tarfile.open(fileobj=io.BytesIO(whole)) as old,
            tarfile.open(fileobj=made, mode="w") as new,
        ):
            for one in old.getmembers():
                found = old.extractfile(one)
                assert found is not None
                data = change(one.name, found.read())
                if data is not None:
                    facts = tarfile.TarInfo(one.name)
                    facts.size = len(data)
                    new.addfile(facts, io.BytesIO(data))
        return made.getvalue()

    return damage


def in_manifest(old: str, new: str) -> Damage:
    def change(name: str, data: bytes) -> bytes:
        return data.replace(old.encode(), new.encode()) if name == "manifest.json" else data

    return rewritten(change)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda whole: whole[: len(whole) // 3], "dañado|ningún archivo"),
        (lambda _whole: b"%PDF-1.7 no es un tar" * 100, "No hay ningún archivo de addon"),
        (lambda _whole: b"", "No hay ningún archivo de addon"),
        (rewritten(lambda name, data: None if name == "manifest.json" else data), "dañado"),
        (rewritten(lambda name, data: data.replace(b"Socio 7", b"Socio 8")), "club_socios"),
        (
            rewritten(lambda name, data: None if name == "tables/club_grupos" else data),
            "club_grupos",
        ),
        (in_manifest('"format": 1', '"format": 99'), "versión posterior"),
        (in_manifest('"sha256"', '"md5"'), "dañado"),
        (in_manifest('"nombre"', '"apellido"'), "no tiene apellido"),
    ],
    ids=["cut", "other", "empty", "no-manifest", "row", "no-table", "newer", "fields", "columns"],
)
def test_import_of_a_damaged_file_is_refused_and_changes_nothing(
    joined: Settings, owner: Engine, storage: Storage, damage: Damage, sentence: str
) -> None:
    key = club.make(joined, "archive", "club").archive
    whole = b"".join(storage.open_stream(key))
    storage.put("addons/club/roto.tar", damage(whole), content_type="application/x-tar")
    before, tables, listed = club.checksums(owner), read(owner), state(owner)
    number, change = club.ask(joined, "import", "club", archive="addons/club/roto.tar")
    with pytest.raises(ChangeRefused, match=sentence):
        club.expand(joined, number, change)
    assert (club.checksums(owner), read(owner), state(owner)) == (before, tables, listed)
    assert club.look(joined, number).state == "expanding"


def forged(table: str, column: str, columns: Sequence[str], data: bytes) -> bytes:
    """Return a whole archive of the club that names what its maker chose."""
    name = f"columns/{table}.{column}" if column else f"tables/{table}"
    member = {"table": table, "column": column, "columns": columns, "rows": 1,
              "sha256": hashlib.sha256(data).hexdigest()}  # fmt: skip
    facts = {"addons": {"club": {}}, "at": "", "members": [member], "format": 1}
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for path, content in ((name, data), ("manifest.json", json.dumps(facts).encode())):
            one = tarfile.TarInfo(path)
            one.size = len(content)
            tar.addfile(one, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize(
    ("table", "column", "columns", "data"),
    [
        ("sucursales", "", ["codigo", "nombre"], b"9\tRobada\n"),
        ("sucursales", "nombre", ["id", "nombre"], b"1\tRobada\n"),
        ("sucursales", "club_nivel", ["id", "nombre"], b"1\tRobada\n"),
        ('club_socios" WHERE false; CREATE TABLE robada (); --', "", [], b""),
    ],
    ids=["table", "column", "other-column", "sql"],
)
def test_import_of_a_forged_file_touches_nothing_of_others(
    joined: Settings, owner: Engine, storage: Storage,
    table: str, column: str, columns: list[str], data: bytes,
) -> None:  # fmt: skip
    club.make(joined, "archive", "club")
    whole = forged(table, column, columns, data)
    storage.put("addons/club/falso.tar", whole, content_type="application/x-tar")
    before, tables = club.checksums(owner), read(owner)
    number, change = club.ask(joined, "import", "club", archive="addons/club/falso.tar")
    with pytest.raises(ChangeRefused, match="no es de sus addons"):
        club.expand(joined, number, change)
    assert (club.checksums(owner), read(owner)) == (before, tables)


def test_read_of_a_file_that_a_user_brought_is_refused(storage: Storage) -> None:
    whole = forged("club_socios", "", ["nombre"], b"Rosa\n")
    storage.put("adjuntos/1.tar", whole, content_type="application/x-tar")
    with pytest.raises(ChangeRefused, match="están en «addons/»"):
        addon_archive.read(storage, "adjuntos/1.tar")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_read_of_a_file_that_leads_in_a_circle_is_refused(storage: Storage, kind: bytes) -> None:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        one = tarfile.TarInfo("manifest.json")
        one.type, one.linkname = kind, "manifest.json"
        tar.addfile(one)
    storage.put("addons/club/anillo.tar", made.getvalue(), content_type="application/x-tar")
    with pytest.raises(ChangeRefused, match="dañado"):
        addon_archive.read(storage, "addons/club/anillo.tar")


def test_import_tells_what_it_depends_on_that_it_is_installed(
    joined: Settings, owner: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, "filial", first=None, depends="club")
    migrate(joined, "filial")
    key = club.make(joined, "archive", "filial").archive
    club.make(joined, "purge", "club", confirm="club")
    audited = "SELECT count(*) FROM audit_logs WHERE accion = 'instalar' AND objeto_id = 'club'"
    before = rows(owner, audited)[0][0]
    club.make(joined, "import", "filial", archive=key)
    assert rows(owner, audited)[0][0] == before + 1


def test_read_of_a_file_that_is_not_there_is_refused(storage: Storage) -> None:
    with pytest.raises(ChangeRefused, match="No hay ningún archivo de addon"):
        addon_archive.read(storage, "addons/club/nada.tar")


def test_archive_that_cannot_be_written_keeps_the_addon(
    joined: Settings, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_facts: object, **_more: object) -> None:
        raise OSError("No space left on device")

    before = club.checksums(owner)
    number, change = club.ask(joined, "archive", "club")
    club.expand(joined, number, change)
    club.move(joined, number, "rolling", "contracting")
    monkeypatch.setattr(Storage, "put", full)
    with pytest.raises(OSError, match="No space left"):
        club.contract(joined, number, change)
    assert club.checksums(owner) == before
    assert club.look(joined, number).state == "contracting"
