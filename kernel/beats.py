"""Beats: what a supervisor tells of its host, and the link by which it is told what to serve."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kernel.generations import Aims


@dataclass(frozen=True, slots=True)
class Beat:
    """What a supervisor tells of one process, or of itself (kind ``host``)."""

    name: str
    kind: str
    pid: int
    generation: int
    state: str
    error: str = ""


class Pulse(Protocol):
    """The supervisor's link to the database (``kernel.pulse``)."""

    def start(self, wake: Callable[[], None]) -> None:
        """Begin; ``wake`` is called when ``aims`` have changed."""

    def aims(self) -> Aims:
        """Return, of one moment, the generation to serve and the one that is to be served next.

        Nothing to serve as long as nobody could be asked; nothing to come while no tables are made.
        """

    def tell(self, beats: Sequence[Beat]) -> None:
        """Publish the state of this host."""

    def stop(self) -> None:
        """Take this host out of the table and end."""
