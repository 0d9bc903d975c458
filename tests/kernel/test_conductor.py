"""Conducting: a change always comes to rest, whoever conducts and whatever fails."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import Engine

from kernel import apart, conductor, generations, installing, lifecycle
from kernel.conductor import Conductor
from kernel.settings import Settings
from tests.kernel import club
from tests.kernel.test_lifecycle import empty, owner, rows
from tests.kernel.test_lifecycle_steps import HEARD, alone, execute, joined, listed, whole
from tests.kernel.workshop import wait_until

__all__ = ["alone", "empty", "joined", "owner"]

GONE = "«club» no está en este equipo"


@pytest.fixture(autouse=True)
def findable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the processes of the conductor find the addons of the test."""
    found = filter(None, [str(tmp_path), os.environ.get("PYTHONPATH", "")])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(found))


@pytest.fixture
def poor(alone: Settings) -> Settings:
    """Settings of a host of the same instance that has no club."""
    return alone.model_copy(update={"addon_roots": []})


def step(settings: Settings, *, serving: bool = True) -> None:
    """Let a host conduct once."""
    conducting = Conductor(settings, serving=serving)
    try:
        conducting.step()
    finally:
        conducting.close()


def given_up(settings: Settings, owner: Engine) -> int:
    """Install the club, and let no host come to serve it; return the generation."""
    number, change = club.ask(settings, "install", "club")
    club.expand(settings, number, change)
    club.move(settings, number, "rolling", "reverting")
    execute(owner, HEARD.format(number - 1))
    return number


def acknowledged(settings: Settings, *names: str) -> int:
    """Purge addons up to where only their tables are to go; return the generation."""
    number, change = club.ask(settings, "purge", *names)
    club.expand(settings, number, change)
    club.move(settings, number, "rolling", "contracting")
    return number


# What hosts serve and load ------------------------------------------------------------------------


def test_aims_hold_a_generation_as_coming_until_it_is_to_be_served(
    alone: Settings, owner: Engine
) -> None:
    def aims() -> list[int]:
        with owner.connect() as connection:
            return [one.number if one else 0 for one in generations.aims(connection)]

    (before, nothing) = aims()
    number, change = club.ask(alone, "install", "club")
    asked = aims()
    club.expand(alone, number, change)
    rolling = aims()
    club.move(alone, number, "rolling", "reverting")
    assert nothing == 0
    assert [asked, rolling, aims()] == [[before, number], [number, 0], [before, 0]]


# Hosts without the code --------------------------------------------------------------------------


def test_taking_back_is_left_to_a_host_that_has_the_code(
    alone: Settings, poor: Settings, owner: Engine
) -> None:
    before = whole(owner)
    number = given_up(alone, owner)
    made = whole(owner)
    step(poor)
    assert club.look(alone, number).state == "reverting"
    assert whole(owner) == made
    step(alone)
    assert club.look(alone, number).state == "failed"
    assert whole(owner) == before
    assert listed(owner) == []


def test_taking_back_that_no_host_has_the_code_for_ends_with_the_addon_disabled(
    alone: Settings, poor: Settings, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = given_up(alone, owner)
    made = whole(owner)
    monkeypatch.setattr(conductor, "LEFT_SECONDS", -1.0)
    step(poor)
    found = club.look(alone, number)
    assert found.state == "failed"
    assert "nadie la sirve" in found.error
    assert GONE in found.error
    assert whole(owner) == made
    assert listed(owner) == [("disabled", found.error)]
    club.make(alone, "purge", "club", confirm="club")
    assert listed(owner) == []


def test_contracting_is_left_to_a_host_that_has_the_code(
    joined: Settings, poor: Settings, owner: Engine
) -> None:
    number = acknowledged(joined, "club")
    before = whole(owner)
    step(poor)
    found = club.look(joined, number)
    assert found.state == "contracting"
    assert GONE in found.error
    assert whole(owner) == before
    step(joined)
    found = club.look(joined, number)
    assert (found.state, found.error) == ("current", "")
    assert listed(owner) == []


def test_contracting_that_no_host_has_the_code_for_leaves_the_rows_and_says_why(
    joined: Settings, poor: Settings, owner: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = acknowledged(joined, "club")
    before = whole(owner)
    monkeypatch.setattr(conductor, "LEFT_SECONDS", -1.0)
    step(poor)
    found = club.look(joined, number)
    assert found.state == "current"
    assert GONE in found.error
    assert whole(owner) == before
    assert listed(owner) == [("disabled", found.error)]
    club.make(joined, "purge", "club", confirm="club")
    assert listed(owner) == []


def test_contracting_of_what_takes_nothing_away_needs_no_code(
    joined: Settings, poor: Settings, owner: Engine
) -> None:
    number, change = club.ask(joined, "disable", "club")
    club.expand(joined, number, change)
    club.move(joined, number, "rolling", "contracting")
    step(poor)
    assert club.look(joined, number).state == "current"
    assert listed(owner) == [("disabled", "")]


# Ends that fail ----------------------------------------------------------------------------------


@pytest.fixture
def broken(joined: Settings, tmp_path: Path) -> int:
    """An upgrade that every process serves, and whose contraction raises."""
    club.write(tmp_path, steps=[club.ADDS, club.TAKES], version="1.1")
    number, change = club.ask(joined, "upgrade", "club")
    club.expand(joined, number, change)
    club.move(joined, number, "rolling", "contracting")
    broken = (club.TAKES[0], "ALTER TABLE club_socios DROP COLUMN nada", club.TAKES[2])
    club.write(tmp_path, steps=[club.ADDS, broken], version="1.1")
    return number


def test_contraction_that_fails_rests_before_the_next_try(
    joined: Settings, broken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def fail(*given: object) -> apart.Answer:
        asked.append(given)
        return apart.Answer(1, "", "no se pudo")

    monkeypatch.setattr(apart, "run", fail)
    monkeypatch.setattr(conductor, "BLIND_SECONDS", 600.0)
    conducting = Conductor(joined)
    for tries, pause in enumerate((1.0, 2.0, 4.0), 1):
        conducting._stage.due = 0.0
        conducting.step()
        conducting.step()
        assert len(asked) == tries
        assert pause / 2 < conducting._stage.due - conducting._stepped <= pause
    found = club.look(joined, broken)
    assert (found.state, found.error) == ("contracting", "no se pudo")
    conducting.close()


def test_contraction_that_keeps_failing_ends_in_part_and_can_be_asked_for_again(
    joined: Settings,
    broken: int,
    owner: Engine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conductor, "TRIES", 1)
    before = whole(owner)
    step(joined)
    found = club.look(joined, broken)
    assert found.state == "current"
    assert "nada" in found.error
    assert whole(owner) == before
    club.write(tmp_path, steps=[club.ADDS, club.TAKES], version="1.1")
    again = club.make(joined, "upgrade", "club")
    assert club.executed(joined, again.number) == [club.TAKES[1]]


def test_step_that_hangs_is_ended_and_changes_nothing(
    joined: Settings, owner: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hangs = ("", "SELECT pg_sleep(600)", "SELECT 1")
    club.write(tmp_path, steps=[hangs], version="1.1")
    before = whole(owner)
    with lifecycle.owner(joined) as engine, engine.begin() as connection:
        number = installing.ask(joined, connection, "upgrade", ["club"])
        least = Conductor(joined).limit(connection)
    assert least > 2 * joined.load_seconds + conductor.WORK_SECONDS
    monkeypatch.setattr(Conductor, "limit", lambda *_: 8.0)
    step(joined)
    found = club.look(joined, number)
    assert found.state == "failed"
    assert "No terminó en 8 s." in found.error
    wait_until(lambda: not rows(owner, SLEEPING))
    assert whole(owner) == before


SLEEPING = "SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'"
