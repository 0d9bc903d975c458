"""What takes long is begun first, by every worker."""

from __future__ import annotations

from pathlib import PurePath

from tests.order import dealt

LONG = {"fuzz": 120.0, "life": 60.0, "till": 30.0, "day": 20.0}


def order(items: list[str], among: int) -> list[str]:
    return dealt(
        items,
        among,
        length=lambda item: LONG.get(item.partition("/")[0], 0.0),
        file=lambda item: PurePath(item).parts[0],
    )


def test_dealt_gives_every_worker_its_share_of_what_takes_long() -> None:
    quick = [f"quick{file}/{number}" for file in range(5) for number in range(20)]
    items = [*quick, "day/1", "fuzz/1", "life/1", "life/2", "till/1", "till/2"]
    found = order(items, 2)
    assert sorted(found) == sorted(items)
    assert found[:3] == ["fuzz/1", "till/1", "till/2"]
    assert found[53:56] == ["life/1", "life/2", "day/1"]
    assert [item for item in found if item.startswith("quick")] == quick


def test_dealt_to_one_begins_with_what_takes_long() -> None:
    assert order(["a/1", "day/1", "b/1", "fuzz/1"], 1) == ["fuzz/1", "day/1", "a/1", "b/1"]


def test_dealt_keeps_all_where_there_is_little() -> None:
    for among in range(1, 6):
        for items in ([], ["a/1"], ["fuzz/1", "day/1"], ["a/1", "fuzz/1", "fuzz/2"]):
            assert sorted(order(items, among)) == sorted(items)
