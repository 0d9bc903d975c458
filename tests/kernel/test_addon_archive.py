"""Archives of addons: what comes back is what went, and a file that is not whole does nothing."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
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
