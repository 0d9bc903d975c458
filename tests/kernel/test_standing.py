"""Standing: a process that others stopped waiting for answers nothing from what may be gone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from kernel import generations, standing
from kernel.errors import Unavailable
from kernel.settings import Settings
from kernel.standing import ALONE_SECONDS, FRESH_SECONDS, Note, Standing
from tests.kernel.test_lifecycle import empty, migrate, owner

__all__ = ["empty", "owner"]


class Clock:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(standing, "time", made)
    return made


Change = Callable[[str], None]


@pytest.fixture
def note() -> Iterator[Note]:
    made = Note()
    yield made
    made.close()


@pytest.fixture
def change(empty: Settings, owner: Engine) -> Change:
    """Take the change from generation 1 to 2 to a state."""
    migrate(empty, "base")
    with owner.begin() as connection:
        generations.insert(connection, action="x", targets=[], addons={}, state="requested")
    last = ["requested"]

    def move(state: str) -> None:
        with owner.begin() as connection:
            if state == "current":
                generations.finish(connection, 2)
            else:
                assert generations.move(connection, 2, last[0], state)
        last[0] = state

    return move


def test_answering_follows_the_states_of_a_change(owner: Engine, change: Change) -> None:
    seen = {}
    for state in ("expanding", "rolling", "contracting", "current"):
        change(state)
        with owner.connect() as connection:
            numbers, changing = generations.answering(connection)
        seen[state] = (set(numbers), changing)
    assert seen == {
        "expanding": ({1}, False),
        "rolling": ({1, 2}, True),
        "contracting": ({2}, False),
        "current": ({2}, False),
    }


def test_process_whose_host_is_heard_of_asks_nobody(clock: Clock, note: Note) -> None:
    mine = Standing(1, note.descriptor, lambda: pytest.fail("it asked"))
    note.write(clock.now, (1, 2))
    clock.now += FRESH_SECONDS - 0.1
    assert mine.holds()


def test_process_of_a_silent_host_holds_while_nothing_changes(
    clock: Clock, note: Note, owner: Engine, change: Change
) -> None:
    mine = Standing(1, note.descriptor, owner.connect)
    note.write(clock.now, (1,))
    clock.now += 600
    assert mine.holds()
    change("expanding")
    clock.now += 1
    assert mine.holds()


def test_process_of_a_silent_host_gives_up_before_others_stop_waiting(
    clock: Clock, note: Note, owner: Engine, change: Change
) -> None:
    change("expanding")
    change("rolling")
    old, new = (Standing(number, note.descriptor, owner.connect) for number in (1, 2))
    note.write(clock.now, (1, 2))
    clock.now += ALONE_SECONDS - 0.1
    assert old.holds()
    assert new.holds()
    clock.now += 1.0
    assert not old.holds()
    assert not new.holds()  # the others may go back as well as on
    with pytest.raises(Unavailable):
        old.require()
    note.write(clock.now, (1, 2))  # it is heard of again
    assert old.holds()


@pytest.mark.parametrize("again", [False, True], ids=["silent", "heard-of-again"])
def test_process_of_what_is_past_never_answers_again(
    clock: Clock, note: Note, owner: Engine, change: Change, again: bool
) -> None:
    old, new = (Standing(number, note.descriptor, owner.connect) for number in (1, 2))
    note.write(clock.now, (1,))
    for state in ("expanding", "rolling", "contracting"):
        change(state)
    clock.now += 600
    if again:
        note.write(clock.now, (2,))
    assert not old.holds()
    assert new.holds()
    change("current")
    clock.now += 1
    assert not old.holds()


def test_new_process_that_the_note_does_not_know_yet_asks_the_database(
    clock: Clock, note: Note, owner: Engine, change: Change
) -> None:
    note.write(clock.now, (1,))
    change("expanding")
    change("rolling")
    assert Standing(2, note.descriptor, owner.connect).holds()


def test_half_a_note_is_none(note: Note) -> None:
    assert standing.read(note.descriptor) == (0.0, ())
    note.write(5.0, (7,))
    assert standing.read(note.descriptor) == (5.0, (7, -1))
