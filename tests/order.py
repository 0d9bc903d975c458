"""The order of a run: each worker begins with its share of what takes long; all end together.

``--dist worksteal`` gives each worker one stretch of the list, and lets who is done take from the
end of another's: what takes long must neither stand together nor at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

import pytest

ItemT = TypeVar("ItemT")

SLOW_SECONDS = 5.0
"""What a test marked ``slow`` counts for, unless its mark says ``seconds=…``."""


def seconds(item: pytest.Item) -> float:
    """Return about how long a test takes if it is slow; else 0."""
    mark = item.get_closest_marker("slow")
    return 0.0 if mark is None else float(mark.kwargs.get("seconds", SLOW_SECONDS))


def workers(config: pytest.Config) -> int:
    """Return among how many processes the run is divided."""
    given: dict[str, int] = getattr(config, "workerinput", {})
    return given.get("workercount", 1)


def dealt(
    items: Iterable[ItemT],
    among: int,
    *,
    length: Callable[[ItemT], float],
    file: Callable[[ItemT], Hashable],
) -> list[ItemT]:
    """Return the tests in as many stretches as workers: long files, the longest first, then others.

    A file stays together, for its tests may share what is costly to prepare.
    """
    files: dict[Hashable, list[ItemT]] = {}
    for item in items:
        files.setdefault(file(item), []).append(item)
    weights = {name: sum(map(length, found)) for name, found in files.items()}
    hands: list[list[Hashable]] = [[] for _ in range(among)]
    for name in sorted((one for one in files if weights[one]), key=lambda one: -weights[one]):
        min(hands, key=lambda hand: sum(weights[one] for one in hand)).append(name)
    rest = [item for name, found in files.items() if not weights[name] for item in found]
    return _stretches([[item for name in hand for item in files[name]] for hand in hands], rest)


def _stretches(hands: list[list[ItemT]], rest: list[ItemT]) -> list[ItemT]:
    """Fill each hand up to the stretch that its worker is given."""
    left = sum(map(len, hands)) + len(rest)
    made: list[ItemT] = []
    for place, hand in enumerate(hands):
        size = max(left // (len(hands) - place), len(hand))
        more, rest = rest[: size - len(hand)], rest[size - len(hand) :]
        made += [*hand, *more]
        left -= len(hand) + len(more)
    return made
