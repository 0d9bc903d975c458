"""Correlativos: no gap and no repeat, whatever fails and however many ask at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from kernel.context import Ctx
from kernel.errors import Conflict
from kernel.runtime import Runtime
from kernel.sequences import Sequence

GAPLESS = Sequence("prueba")
FAST = Sequence("rápida", gapless=False)


def take(runtime: Runtime, serie: str = "") -> int:
    return runtime.transact(lambda ctx: GAPLESS.next(ctx, serie))


def test_next_counts_from_one_in_each_series(shared_runtime: Runtime) -> None:
    assert [take(shared_runtime, "A") for _ in range(3)] == [1, 2, 3]
    assert take(shared_runtime, "B") == 1
    assert take(shared_runtime, "A") == 4


def test_next_of_two_sequences_with_one_series_are_apart(shared_runtime: Runtime) -> None:
    other = Sequence("otra")
    assert take(shared_runtime, "Z") == 1
    assert shared_runtime.transact(lambda ctx: other.next(ctx, "Z")) == 1


def test_next_several_times_in_one_transaction_gives_several_numbers(
    shared_runtime: Runtime,
) -> None:
    numbers = shared_runtime.transact(lambda ctx: [GAPLESS.next(ctx, "M") for _ in range(3)])
    assert numbers == [1, 2, 3]


def test_next_in_a_transaction_that_fails_gives_the_number_back(shared_runtime: Runtime) -> None:
    def fail(ctx: Ctx) -> None:
        assert GAPLESS.next(ctx, "F") == 1
        raise Conflict("no")

    with pytest.raises(Conflict):
        shared_runtime.transact(fail)
    assert take(shared_runtime, "F") == 1


def test_next_in_parallel_with_failures_leaves_neither_gap_nor_repeat(
    shared_runtime: Runtime,
) -> None:
    def attempt(number: int) -> int | None:
        def work(ctx: Ctx) -> int:
            taken = GAPLESS.next(ctx, "P")
            if number % 3 == 0:
                raise Conflict("no")
            return taken

        try:
            return shared_runtime.transact(work)
        except Conflict:
            return None

    with ThreadPoolExecutor(8) as pool:
        taken = [one for one in pool.map(attempt, range(60)) if one is not None]
    assert sorted(taken) == list(range(1, 41))


def test_next_of_a_fast_sequence_never_waits_and_may_leave_a_gap(shared_runtime: Runtime) -> None:
    with shared_runtime.database.session() as first, shared_runtime.database.session() as second:
        a = FAST.next(shared_runtime.ctx(first))
        b = FAST.next(shared_runtime.ctx(second))
        first.rollback()
    assert b == a + 1
    assert shared_runtime.transact(FAST.next) == b + 1


def test_counter_row_tells_the_last_number(shared_runtime: Runtime) -> None:
    for _ in range(5):
        take(shared_runtime, "C")
    with shared_runtime.database.engine.connect() as connection:
        query = "SELECT last FROM andes_sequences WHERE name = 'prueba' AND serie = 'C'"
        assert connection.scalar(text(query)) == 5
