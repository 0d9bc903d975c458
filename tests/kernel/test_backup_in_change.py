"""Backups made in the middle of a change of addons: what is restored is one clean generation."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text

from kernel import backup, generations, installing
from kernel.addon_changes import Action
from kernel.backup_tables import WORKSHOP
from kernel.settings import Settings
from tests import cluster
from tests.kernel import club
from tests.kernel.test_lifecycle import empty, owner, rows
from tests.kernel.test_lifecycle_steps import alone, execute, joined, listed, whole

__all__ = ["alone", "empty", "joined", "owner"]

STATES = (
    "SELECT state, count(*) FROM andes_generations WHERE state NOT IN ('past', 'failed') GROUP BY 1"
)


@pytest.fixture
def target(empty: Settings, tmp_path: Path) -> Iterator[Settings]:
    """Settings of another, empty database."""
    made = cluster.create_database()
    facts = {"database_url": made.app_url, "database_owner_url": made.owner_url}
    yield empty.model_copy(update={**facts, "data_dir": tmp_path / "otra"})
    cluster.drop_database(made.name)


@pytest.fixture
def restored(target: Settings) -> Iterator[Engine]:
    """The owner's door to the other database."""
    engine = create_engine(target.owner_url)
    yield engine
    engine.dispose()


def copy(settings: Settings, target: Settings, folder: Path) -> str:
    """Make a backup, restore it elsewhere, and return what that said."""
    backup.create(settings, folder / "copia.tar")
    return backup.restore(target, folder / "copia.tar")


def begin(settings: Settings, action: Action, state: str, **how: str) -> int:
    """Take a change of the club to a state; return its generation."""
    number, change = club.ask(settings, action, "club", **how)
    if state == "expanding":
        return number
    club.expand(settings, number, change)
    if state != "rolling":
        club.move(settings, number, "rolling", state)
    return number


@pytest.mark.parametrize("state", ["expanding", "rolling", "reverting", "contracting"])
def test_restored_purge_has_deleted_nothing(
    joined: Settings, owner: Engine, target: Settings, restored: Engine, tmp_path: Path, state: str
) -> None:
    number = begin(joined, "purge", state, confirm="club")
    before = whole(owner)
    said = copy(joined, target, tmp_path)
    assert f"generación {number}, purge club" in said
    assert whole(restored) == before
    ended = state == "contracting"
    assert club.look(target, number).state == ("current" if ended else "failed")
    assert rows(restored, STATES) == [("current", 1)]
    ((shown, reason),) = listed(restored)
    assert shown == ("disabled" if ended else "enabled")
    assert reason == ("La copia se hizo en medio de este cambio: no se siguió con él. "
                      "Pídalo otra vez." if ended else "")  # fmt: skip
    assert installing.bring_up_to_date(target, []) == []
    club.make(target, "purge", "club", confirm="club")
    assert listed(restored) == []


@pytest.mark.parametrize("state", ["rolling", "reverting"])
def test_restored_install_has_made_nothing(
    alone: Settings, owner: Engine, target: Settings, restored: Engine, tmp_path: Path, state: str
) -> None:
    before = whole(owner)
    number = begin(alone, "install", state)
    execute(owner, "INSERT INTO andes_processes (id, host, name, kind, pid, generation, state)"
                   " VALUES ('a', 'a', 'host', 'host', 1, 2, 'ready')")  # fmt: skip
    copy(alone, target, tmp_path)
    assert whole(restored) == before
    assert club.look(target, number).state == "failed"
    assert listed(restored) == rows(restored, "SELECT id FROM andes_processes") == []
    club.make(target, "install", "club")


def test_restored_upgrade_is_ended_by_migrating(
    joined: Settings, target: Settings, restored: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, steps=[club.ADDS, club.TAKES], version="1.1")
    number = begin(joined, "upgrade", "contracting")
    copy(joined, target, tmp_path)
    assert club.look(target, number).state == "current"
    assert "club: 0002 → 0003" in installing.bring_up_to_date(target, [])
    with restored.connect() as connection:
        assert generations.in_flight(connection) is None


def test_backup_neither_waits_for_a_rehearsal_nor_keeps_it(
    joined: Settings, owner: Engine, target: Settings, restored: Engine, tmp_path: Path
) -> None:
    execute(owner, f"CREATE SCHEMA {WORKSHOP}", f"CREATE TABLE {WORKSHOP}.algo (id int)")
    with owner.begin() as connection:
        connection.execute(text(f"LOCK TABLE {WORKSHOP}.algo IN ACCESS EXCLUSIVE MODE"))
        copy(joined, target, tmp_path)
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'andes%'"
    assert rows(restored, schemas) == []
