"""Expanding, contracting and taking back: each whole or not at all, and patient with locks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from kernel import catalogue, db, ending, installing, lifecycle
from kernel.addon_changes import Change, ChangeRefused
from kernel.conductor import Conductor
from kernel.errors import ConfigurationError
from kernel.settings import Settings
from tests.kernel import club
from tests.kernel.test_lifecycle import empty, migrate, owner, rows

__all__ = ["empty", "owner"]

SOCIO = "INSERT INTO club_socios (nombre) VALUES ('Rosa')"


@pytest.fixture
def alone(empty: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of an instance that could have a club."""
    monkeypatch.syspath_prepend(tmp_path)
    club.write(tmp_path)
    migrate(empty, "base")
    return empty


@pytest.fixture
def joined(alone: Settings, owner: Engine) -> Settings:
    """Settings of an instance with a club that has members."""
    migrate(alone, "club")
    club.fill(owner)
    return alone


Whole = tuple[catalogue.Schema, dict[str, str], list[tuple[str, str]]]


def whole(engine: Engine) -> Whole:
    """Return the schema, all rows, and where each history stands."""
    with engine.connect() as connection:
        tables = catalogue.read(connection)
    query = "SELECT tablename FROM pg_tables WHERE tablename ~ '^alembic_' ORDER BY 1"
    stand = [
        (name, *one) for (name,) in rows(engine, query) for one in rows(engine, f"TABLE {name}")
    ]
    return tables, club.checksums(engine), stand


def listed(engine: Engine) -> list[tuple[str, ...]]:
    return rows(engine, "SELECT state, reason FROM andes_addons WHERE name = 'club'")


def execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for one in statements:
            connection.execute(text(one))


# One transaction ---------------------------------------------------------------------------------


def test_expand_that_fails_half_way_leaves_everything_as_it_was(
    joined: Settings, owner: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, steps=[club.ADDS, club.FAILS], version="1.1")
    before = whole(owner)
    number, change = club.ask(joined, "upgrade", "club")
    with pytest.raises(DBAPIError, match="division by zero"):
        club.expand(joined, number, change)
    assert whole(owner) == before
    assert (club.look(joined, number).state, club.executed(joined, number)) == ("expanding", [])


def test_expand_that_was_given_up_meanwhile_changes_nothing(
    joined: Settings, owner: Engine, tmp_path: Path
) -> None:
    """Whoever conducted died, another one noted the failure, and the first one's process ends."""
    club.write(tmp_path, steps=[club.ADDS], version="1.1")
    before = whole(owner)
    number, change = club.ask(joined, "upgrade", "club")
    club.move(joined, number, "expanding", "failed")
    with pytest.raises(ConfigurationError, match="se dio por perdida"):
        club.expand(joined, number, change)
    assert whole(owner) == before
    assert club.look(joined, number).state == "failed"


def test_contract_that_fails_leaves_everything_as_it_was_and_can_be_repeated(
    joined: Settings, owner: Engine, tmp_path: Path
) -> None:
    takes = (club.TAKES[0], "ALTER TABLE club_socios DROP COLUMN {}", club.TAKES[2])
    steps = [club.ADDS, (takes[0], takes[1].format("nombre"), takes[2])]
    broken = (takes[0], takes[1].format("nada"), "SELECT 1")
    cured = (takes[0], "SELECT 1", "SELECT 1")
    club.write(tmp_path, steps=[*steps, cured], version="1.1")
    number, change = club.ask(joined, "upgrade", "club")
    club.expand(joined, number, change)
    club.write(tmp_path, steps=[*steps, broken], version="1.1")
    before = whole(owner)
    club.move(joined, number, "rolling", "contracting")
    with pytest.raises(DBAPIError, match="nada"):
        club.contract(joined, number, change)
    assert whole(owner) == before
    assert club.look(joined, number).state == "contracting"
    club.write(tmp_path, steps=[*steps, cured], version="1.1")
    club.contract(joined, number, change)
    assert club.look(joined, number).state == "current"


def test_expand_of_a_removal_that_could_not_end_does_not_begin(
    joined: Settings, owner: Engine, tmp_path: Path
) -> None:
    broken = club.FIRST.replace("DROP TABLE club_grupos", "DROP TABLE nada")
    club.write(tmp_path, first=broken)
    before = whole(owner)
    number, change = club.ask(joined, "purge", "club", confirm="club")
    with pytest.raises(DBAPIError, match="nada"):
        club.expand(joined, number, change)
    assert whole(owner) == before
    assert club.look(joined, number).state == "expanding"  # the conductor lets it fail


@pytest.mark.parametrize("version", ["1.1", "1.2"], ids=["same-code", "newer-code"])
def test_migrate_ends_a_change_during_which_everybody_died(
    joined: Settings, owner: Engine, tmp_path: Path, version: str
) -> None:
    club.write(tmp_path, steps=[club.ADDS], version="1.1")
    number, change = club.ask(joined, "upgrade", "club")
    club.expand(joined, number, change)
    club.write(tmp_path, steps=[club.ADDS], version=version)
    installing.bring_up_to_date(joined, [])
    served = rows(owner, "SELECT addons -> 'club' FROM andes_generations WHERE state = 'current'")
    assert served == [({"version": version, "revision": "0002"},)]
    assert club.look(joined, number).state == ("current" if version == "1.1" else "past")


def test_contract_twice_happens_once(joined: Settings, owner: Engine) -> None:
    number, change = club.ask(joined, "purge", "club", confirm="club")
    club.expand(joined, number, change)
    club.move(joined, number, "rolling", "contracting")
    club.contract(joined, number, change)
    done = whole(owner), club.executed(joined, number)
    club.contract(joined, number, change)
    assert (whole(owner), club.executed(joined, number)) == done
    assert rows(owner, "SELECT count(*) FROM andes_generations WHERE state = 'current'") == [(1,)]


def test_contract_before_the_roll_ended_does_nothing(joined: Settings, owner: Engine) -> None:
    number, change = club.ask(joined, "purge", "club", confirm="club")
    club.expand(joined, number, change)
    before = whole(owner)
    club.contract(joined, number, change)
    assert whole(owner) == before
    assert club.look(joined, number).state == "rolling"


JOBS = """
INSERT INTO andes_jobs (name, args, status, leased_by, lease_until)
VALUES ('club.avisar', '{}', 'running', 'quien murió', now()),
       ('club.avisar', '{}', 'queued', NULL, NULL),
       ('club.avisar', '{}', 'parked', NULL, NULL), ('base.otro', '{}', 'running', 'x', now())
"""


def test_contract_of_a_removal_ends_its_jobs_also_those_whose_worker_was_killed(
    joined: Settings, owner: Engine
) -> None:
    execute(owner, JOBS)
    club.make(joined, "purge", "club", confirm="club")
    found = rows(owner, "SELECT name, status, leased_by FROM andes_jobs ORDER BY id")
    ended = ("club.avisar", "cancelled", None)
    assert found == [ended, ended, ended, ("base.otro", "running", "x")]


# Older code --------------------------------------------------------------------------------------


def test_older_code_after_a_failed_upgrade_is_told_what_to_do(
    joined: Settings, owner: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, steps=[club.ADDS], version="1.1")
    number, change = club.ask(joined, "upgrade", "club")
    club.expand(joined, number, change)
    give_up(joined, number)
    (tmp_path / "migrations" / "club" / "0002_x.py").unlink()
    club.write(tmp_path)
    sentence = (
        "Las tablas de «club» están en la revisión 0002, que dejó una versión posterior; el código "
        "de este equipo es de la 1.0 y llega hasta la 0001. Instale aquí la versión que tiene esa "
        "revisión, o una posterior, y ejecute «server.py migrate»."
    )
    before = whole(owner)
    with pytest.raises(ConfigurationError) as caught:
        installing.bring_up_to_date(joined, [])
    assert str(caught.value) == sentence
    with pytest.raises(ChangeRefused) as refused:
        club.ask(joined, "purge", "club", confirm="club")
    assert refused.value.message == sentence
    club.write(tmp_path, "lema", first=None)
    club.make(joined, "install", "lema")  # what migrates nothing is no trouble
    club.make(joined, "disable", "club")
    assert listed(owner) == [("disabled", "")]
    assert {name: one for name, one in whole(owner)[1].items() if name in before[1]} == before[1]
    club.write(tmp_path, steps=[club.ADDS], version="1.1")
    club.make(joined, "enable", "club")
    assert listed(owner) == [("enabled", "")]


# Conducting --------------------------------------------------------------------------------------

HEARD = """
INSERT INTO andes_processes (id, host, name, kind, pid, generation, state)
VALUES ('a', 'a', 'host', 'host', 1, {}, 'ready')
"""


def test_roll_of_which_nobody_was_heard_goes_on_only_with_a_host(
    alone: Settings, owner: Engine
) -> None:
    """Such as after everybody died, or after the database was away."""
    number, change = club.ask(alone, "install", "club")
    club.expand(alone, number, change)
    conducting = Conductor(alone, serving=True)
    conducting.step()
    assert club.look(alone, number).state == "rolling"
    execute(owner, HEARD.format(number))
    conducting.interrupted()
    conducting.step()
    assert club.look(alone, number).state == "rolling"  # another host may not have spoken yet
    Conductor(alone, serving=True).step()
    assert club.look(alone, number).state == "contracting"


# Taking back -------------------------------------------------------------------------------------


def give_up(settings: Settings, number: int) -> None:
    """End a change as the conductor does when its generation does not come to serve."""
    club.move(settings, number, "rolling", "reverting")
    ending.take_back(settings, number)


def test_take_back_of_what_nobody_wrote_to_drops_it(alone: Settings, owner: Engine) -> None:
    before = whole(owner)
    number, change = club.ask(alone, "install", "club")
    club.expand(alone, number, change)
    assert whole(owner) != before
    give_up(alone, number)
    assert whole(owner) == before
    assert listed(owner) == []
    assert club.look(alone, number).state == "failed"
    ending.take_back(alone, number)  # it has ended
    club.make(alone, "install", "club")
    assert listed(owner) == [("enabled", "")]


@pytest.mark.parametrize(
    "writing",
    [
        (SOCIO,),
        ("UPDATE sucursales SET club_nivel = 'plata'",),
        (SOCIO, "INSERT INTO club_grupos (lider_id) VALUES (1)",
         "UPDATE sucursales SET club_grupo_id = 1"),
    ],
    ids=["row", "column", "reference"],
)  # fmt: skip
def test_take_back_of_what_was_written_to_keeps_it_disabled(
    alone: Settings, owner: Engine, writing: tuple[str, ...]
) -> None:
    execute(owner, "INSERT INTO sucursales (codigo, nombre) VALUES ('1', 'Centro')")
    number, change = club.ask(alone, "install", "club")
    club.expand(alone, number, change)
    execute(owner, *writing)
    before = whole(owner)
    give_up(alone, number)
    assert whole(owner) == before
    assert listed(owner) == [("disabled", "nadie la sirve")]
    club.make(alone, "enable", "club")
    assert (whole(owner), listed(owner)) == (before, [("enabled", "")])


def test_take_back_of_an_addon_that_was_archived_keeps_its_file_in_the_list(
    joined: Settings, owner: Engine
) -> None:
    full = club.checksums(owner)
    key = club.make(joined, "archive", "club").archive
    before = whole(owner)
    number, change = club.ask(joined, "import", "club", archive=key)
    club.expand(joined, number, change)
    give_up(joined, number)
    assert whole(owner) == before
    assert rows(owner, "SELECT name, archive FROM andes_addons WHERE state = 'archived'") == [
        ("club", key)
    ]
    club.make(joined, "import", "club", archive=key)
    assert club.checksums(owner) == full


@pytest.mark.parametrize("broken", ["raises", "gone"])
def test_take_back_that_has_no_way_back_ends_with_the_addon_disabled(
    alone: Settings, owner: Engine, tmp_path: Path, broken: str
) -> None:
    number, change = club.ask(alone, "install", "club")
    club.expand(alone, number, change)
    before = whole(owner)
    if broken == "raises":
        club.write(tmp_path, first=club.FIRST.replace("DROP TABLE club_grupos", "DROP TABLE nada"))
    else:
        (tmp_path / "manifests" / "club.toml").unlink()
    give_up(alone, number)
    assert whole(owner) == before
    ((state, reason),) = listed(owner)
    assert state == "disabled"
    assert "nadie la sirve" in reason
    assert ("nada" if broken == "raises" else "club") in reason
    assert club.look(alone, number).state == "failed"


def test_take_back_of_an_addon_without_tables_forgets_it(
    alone: Settings, owner: Engine, tmp_path: Path
) -> None:
    club.write(tmp_path, "lema", first=None)
    before = whole(owner)
    number, change = club.ask(alone, "install", "lema")
    club.expand(alone, number, change)
    give_up(alone, number)
    assert whole(owner) == before
    assert rows(owner, "SELECT name FROM andes_addons") == [("base",)]


def test_take_back_of_an_upgrade_leaves_what_it_added(
    joined: Settings, owner: Engine, tmp_path: Path
) -> None:
    """The version before lives with it, and the next attempt goes on from there."""
    club.write(tmp_path, steps=[club.ADDS], version="1.1")
    number, change = club.ask(joined, "upgrade", "club")
    club.expand(joined, number, change)
    before = whole(owner)
    give_up(joined, number)
    assert (whole(owner), listed(owner)) == (before, [("enabled", "")])
    done = club.make(joined, "upgrade", "club")
    assert (done.state, club.executed(joined, done.number)) == ("current", [])


# Locks -------------------------------------------------------------------------------------------


@pytest.fixture
def upgrade(joined: Settings, tmp_path: Path) -> tuple[int, Change]:
    """An upgrade that alters a table."""
    club.write(tmp_path, steps=[club.ADDS], version="1.1")
    return club.ask(joined, "upgrade", "club")


@pytest.fixture
def busy(joined: Settings) -> Iterator[Callable[[], None]]:
    """A transaction that holds a table; returns what ends it."""
    engine = create_engine(joined.owner_url)
    with engine.connect() as connection:
        connection.execute(text("UPDATE club_socios SET nombre = 'otra' WHERE id = 1"))
        yield connection.rollback
    engine.dispose()


def test_expand_waits_for_a_table_in_short_turns_and_lets_others_pass(
    joined: Settings,
    owner: Engine,
    upgrade: tuple[int, Change],
    busy: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries = []

    def between_two_tries(_least: float, _most: float) -> float:
        tries.append(rows(owner, "SELECT count(*) FROM club_socios"))
        if len(tries) == 3:
            busy()
        return 0.1

    monkeypatch.setattr(lifecycle.random, "uniform", between_two_tries)
    club.expand(joined, *upgrade)
    assert tries == [[(39,)]] * 3
    assert club.look(joined, upgrade[0]).state == "rolling"
    assert club.executed(joined, upgrade[0]) == [club.ADDS[1]]


@pytest.mark.usefixtures("busy")
def test_expand_that_never_has_the_table_fails_and_changes_nothing(
    joined: Settings,
    owner: Engine,
    upgrade: tuple[int, Change],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lifecycle, "LOCK_TRIES", 2)
    before = whole(owner)
    with pytest.raises(DBAPIError) as caught:
        club.expand(joined, *upgrade)
    assert db.sqlstate(caught.value) == "55P03"
    assert whole(owner) == before
    assert club.look(joined, upgrade[0]).state == "expanding"
