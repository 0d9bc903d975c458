"""Standing: whether a process may still answer from its generation.

Others stop waiting for a host that was not heard of for ten seconds, and drop what only the
generation before needs. A supervisor that stands still (stopped, or starved) replaces nobody, while
its processes live on; so each of them must know by itself. The pulse keeps a note in a file that
all processes of a host have open: when it last looked into the database and then told of the host,
and which generations might answer. A process that finds the note too old looks by itself, and one
that may not answer refuses (503, not ready) until it is replaced.
"""

from __future__ import annotations

import os
import struct
import tempfile
import threading
import time
from collections.abc import Callable

from sqlalchemy import Connection

from kernel import generations
from kernel.errors import Unavailable
from kernel.generations import SILENT

VARIABLE = "ANDES_STANDING"
"""Environment variable with the descriptor of the note."""

FRESH_SECONDS = 4.0
"""How long a note holds good."""

ALONE_SECONDS = SILENT.total_seconds() - 2.0
"""When a process whose host is silent gives up while a change is under way: before others do."""

AGAIN_SECONDS = 0.5
"""How long what a process found out by itself holds good."""

_NOTE = struct.Struct("<dqqd")
"""When, twice, so that half a note is known; in between up to two generations that may answer."""


class Note:
    """The file in which the pulse of a host keeps its note; it has no name."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # as long as the supervisor lives
        self.descriptor = self._file.fileno()

    def write(self, at: float, numbers: tuple[int, ...]) -> None:
        """Keep which generations might answer at a time of the monotonic clock."""
        one, other = (*numbers, -1, -1)[:2]
        os.pwrite(self._file.fileno(), _NOTE.pack(at, one, other, at), 0)

    def close(self) -> None:
        """Let go of it; it is gone with the last process that has it open."""
        self._file.close()


def read(descriptor: int) -> tuple[float, tuple[int, ...]]:
    """Return what the pulse noted last, and when; nothing of long ago where there is no whole note.

    The clock is that of all processes of the host.
    """
    data = os.pread(descriptor, _NOTE.size, 0)
    if len(data) < _NOTE.size:
        return 0.0, ()
    at, one, other, again = _NOTE.unpack(data)
    return (at, (one, other)) if at == again else (0.0, ())


class Standing:
    """What one process knows of its generation."""

    def __init__(self, number: int, descriptor: int, connect: Callable[[], Connection]) -> None:
        self._number = number
        self._descriptor = descriptor
        self._connect = connect
        self._lock = threading.Lock()
        self._looked = 0.0
        self._holds = True

    def holds(self) -> bool:
        """Return whether this process may answer; the database is asked only if no note says so."""
        at, numbers = read(self._descriptor)
        if self._number in numbers and time.monotonic() - at < FRESH_SECONDS:
            return True
        with self._lock:
            if time.monotonic() - self._looked >= AGAIN_SECONDS:
                began = time.monotonic()
                with self._connect() as connection:
                    numbers, changing = generations.answering(connection)
                alone = changing and began - at >= ALONE_SECONDS
                self._holds = self._number in numbers and not alone
                self._looked = began
            return self._holds

    def require(self) -> None:
        """Raise Unavailable unless this process may answer."""
        if not self.holds():
            raise Unavailable(
                "Este proceso quedó atrás en un cambio de addons y espera a que lo reemplacen.",
                retry_after=2,
            )


def of_process(number: int, connect: Callable[[], Connection]) -> Standing | None:
    """Return the standing of a process that a supervisor's zygote forked; None for any other."""
    descriptor = os.environ.get(VARIABLE, "")
    return Standing(number, int(descriptor), connect) if descriptor and number else None
