"""Errands: what the conductor has a process of the coming generation do.

To make the tables of a generation its addons must be loaded, as a trial, by a process that may fail
or hang. The supervisor's zygote of that generation is just such a process, and loads them anyway:
what it forks for an errand does only that, and ends. Loading once less shortens every change.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from kernel.apart import Answer
from kernel.crews import Child, Crew
from kernel.generations import Generation

END_SECONDS = 10.0
"""How long to wait for the end of what is killed."""


@dataclass(eq=False, slots=True)
class Errand:
    """Something that one process of a generation is to do."""

    generation: Generation
    kind: str
    child: Child | None = None
    given_up: bool = False
    answer: Answer | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def end(self, code: int, error: str) -> None:
        """Say how it ended."""
        self.answer = self.answer or Answer(code, "", error)
        self.done.set()

    def wait(self, seconds: float, ring: Callable[[], None]) -> Answer:
        """Return how it ended; in any thread but the supervisor's, which ``ring`` wakes."""
        if not self.done.wait(seconds):
            self.given_up = True
            ring()
            self.done.wait(END_SECONDS)
            where = self.answer.error if self.answer is not None else ""
            return Answer(1, "", f"{where}\nNo terminó en {seconds:.0f} s.".strip())
        return self.answer or Answer(1, "", "")


class Errands:
    """What a supervisor has its processes do for the conductor: one errand at a time."""

    def __init__(self) -> None:
        self._current: Errand | None = None

    @property
    def generations(self) -> set[int]:
        """The generation of the errand, if there is one."""
        errand = self._current
        return set() if errand is None else {errand.generation.number}

    def send(
        self, generation: Generation, kind: str, seconds: float, ring: Callable[[], None]
    ) -> Answer:
        """Return how something ended that a process of a generation was asked to do.

        For one other thread, which does one thing at a time.
        """
        errand = self._current = Errand(generation, kind)
        ring()
        try:
            return errand.wait(seconds, ring)
        finally:
            self._current = None

    def step(self, crew_of: Callable[[Generation], Crew | None]) -> None:
        """Have its process forked once the zygote is warm, or killed if it was given up."""
        errand = self._current
        if errand is None or errand.done.is_set():
            return
        if errand.given_up:
            if errand.child is not None:
                errand.child.kill()
        elif errand.child is None:
            crew = crew_of(errand.generation)
            if crew is not None and crew.warm:
                errand.child = crew.fork(errand.kind, f"{errand.kind}-{crew.number}")

    def ended(self, crew: Crew, child: Child | None, code: int, error: str) -> None:
        """Take note that a process ended, or a zygote and with it what it should have forked."""
        errand = self._current
        if errand is None or errand.generation.number != crew.number:
            return
        unborn = errand.child is None or not errand.child.pid
        if errand.child is child or (child is None and unborn):
            errand.end(code, error)
