"""The zygotes of a host and all that they forked, by generation."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

from kernel import logging
from kernel.crews import Child, Crew
from kernel.generations import Generation
from kernel.orphans import adopts_orphans

log = logging.get(__name__)

Launch = Callable[[Generation, int, float], Crew]
"""Starts a zygote: ``launch(generation, lifeline, patience)``, the last a factor of how long it may
load."""

LONGEST_PATIENCE = 8.0
START_SECONDS = 20.0
"""How long a forked process may take until it is ready."""


class Fleet:
    """Crews by the number of their generation; one whose zygote died, by a negative number."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.crews: dict[int, Crew] = {}
        self.known: dict[int, Generation] = {}
        self._lifeline = os.pipe()
        self._launch_at: dict[int, float] = {}
        self._patience: dict[int, float] = {}

    def crew(self, number: int) -> Crew | None:
        """Return the zygote of a known generation, started if it isn't there; None in a pause.

        Raises:
            OSError: it could not be started.
        """
        crew = self.crews.get(number)
        if crew is None and self._launch_at.get(number, 0.0) <= time.monotonic():
            patience = self._patience.get(number, 1.0)
            crew = self.launch(self.known[number], self._lifeline[0], patience)
            self.crews[number] = crew
            log.info("zygote_started", generation=number, pid=crew.pid)
        return crew

    def pause(self, number: int, seconds: float) -> None:
        """Start no zygote of a generation for a while; the next one may take longer to load.

        What can only be tried again must not fail for ever on a host that is merely slow.
        """
        self._launch_at[number] = time.monotonic() + seconds
        self._patience[number] = min(LONGEST_PATIENCE, 2 * self._patience.get(number, 1.0))

    @property
    def children(self) -> list[tuple[Crew, Child]]:
        """The processes that were born, each with its crew."""
        return [(crew, one) for crew in self.crews.values() for one in crew.children.values()]

    @property
    def alive(self) -> list[Child]:
        """The processes, and those that were asked for and are not born yet."""
        return [child for crew in self.crews.values() for child in crew.everyone]

    @property
    def reports(self) -> list[int]:
        """The descriptors from which reports may still come."""
        return [crew.reports for crew in self.crews.values() if not crew.silent]

    def read(self) -> Iterator[tuple[Crew, dict[str, Any]]]:
        """Yield what was reported meanwhile."""
        for crew in list(self.crews.values()):
            if not crew.silent:
                for report in crew.read():
                    yield crew, report

    def due(self, now: float) -> list[float]:
        """Return when a pause ends or something is overdue."""
        due = [at for at in self._launch_at.values() if at > now]
        for crew in self.crews.values():
            due += crew.deadlines(START_SECONDS)
        return due

    def expire(self, now: float) -> None:
        """Kill what takes too long: loading, getting ready, or draining."""
        for crew in list(self.crews.values()):
            crew.expire(now, START_SECONDS)
            for child in list(crew.children.values()):
                if not child.ready and not child.leaving and child.started + START_SECONDS < now:
                    child.error = child.error or f"Not ready within {START_SECONDS:g} s."
                    child.kill()
                elif child.leaving and child.leave_by < now:
                    child.kill()

    def retire(self, needed: Collection[int]) -> None:
        """Close the zygotes of other generations that have no process."""
        for number, crew in list(self.crews.items()):
            if number not in needed and not crew.everyone:
                crew.close()
                del self.crews[number]

    def orphan(self, crew: Crew) -> None:
        """Let processes outlive their zygote where the system gives them to us, else end them."""
        del self.crews[crew.number]
        for child in crew.children.values():
            if not adopts_orphans():
                child.kill()
        if crew.children:
            self.crews[-crew.pid] = crew  # their deaths are still heard of
        else:
            crew.close()

    def close(self) -> None:
        """End the zygotes, and whatever is left of their processes."""
        for crew in self.crews.values():
            crew.close()
        os.close(self._lifeline[1])
