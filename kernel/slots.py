"""Slots: the places of a host's processes, and how soon one that died is started again."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from kernel.crews import Child, Crew

# Three deaths within five seconds of running are a crash loop.
LOOP_DEATHS = 3
LOOP_SECONDS = 5.0
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 5.0


@dataclass(slots=True)
class Slot:
    """One place that always holds a living process, except while a crash loop pauses."""

    name: str
    kind: str
    child: Child | None = None
    heir: Child | None = None
    """The process that is to take the place, once it is ready."""
    start_at: float = 0.0
    pause: float = 0.0
    lives: list[float] = field(default_factory=list)

    def died(self, now: float, started: float) -> None:
        """Decide when to start again: at once, or later in a crash loop."""
        self.lives = [*self.lives[1 - LOOP_DEATHS :], now - started]
        looping = len(self.lives) == LOOP_DEATHS and sum(self.lives) < LOOP_SECONDS
        self.pause = min(LONGEST_PAUSE, max(FIRST_PAUSE, 2 * self.pause)) if looping else 0.0
        self.start_at = now + self.pause

    def drop(self, child: Child) -> None:
        """Take a process that is gone out of its place."""
        if self.child is child:
            self.child = None
        if self.heir is child:
            self.heir = None

    def advance(self, crew: Crew, grace: float, *, wait: bool) -> bool:
        """Take the next step towards a process of the crew; return whether one is being replaced.

        An empty place is filled at once; a living process is replaced only if it need not ``wait``
        for another, and has ``grace`` seconds to drain.
        """
        if self.heir is not None and self.heir.crew is not crew:
            self.heir.leave(grace)
            self.heir = None
        if self.child is None:
            if self.heir is None and self.start_at <= time.monotonic():
                self.heir = crew.fork(self.kind, self.name)
            self.child, self.heir = self.heir, None
            return wait
        if self.child.crew is crew:
            return wait or not self.child.ready
        if self.heir is not None and self.heir.ready:
            self.child.leave(grace)
            self.child, self.heir = self.heir, None
            return wait
        if self.heir is None and not wait and self.start_at <= time.monotonic():
            self.heir = crew.fork(self.kind, self.name)
        return True
