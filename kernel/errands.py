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
from kernel.crews import Child
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
