"""Signals of a supervisor, and the sleep that they end."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
from collections.abc import Callable, Iterable, Iterator

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Wake:
    """Sleep that any signal and any ``ring`` ends, also one that comes just before it begins."""

    def __init__(self) -> None:
        self.reader, self.writer = socket.socketpair()
        self.reader.setblocking(False)
        self.writer.setblocking(False)
        self.old = signal.set_wakeup_fd(self.writer.fileno(), warn_on_full_buffer=False)

    def ring(self) -> None:
        """End the sleep; from any thread."""
        with contextlib.suppress(OSError):
            self.writer.send(b"\0")

    def wait(self, seconds: float | None, others: Iterable[int] = ()) -> list[int]:
        """Return which of the other descriptors can be read, after at most `seconds`."""
        mine = self.reader.fileno()
        readable, _, _ = select.select([mine, *others], [], [], seconds)
        with contextlib.suppress(BlockingIOError):
            self.reader.recv(4096)
        return [one for one in readable if one != mine]

    def close(self) -> None:
        """Give the wake-up back to whoever had it."""
        signal.set_wakeup_fd(self.old)
        self.reader.close()
        self.writer.close()


@contextlib.contextmanager
def handled(stop: Callable[[], None]) -> Iterator[Wake]:
    """Call ``stop`` at each signal to end, save those that our parent chose to ignore."""
    handlers: dict[signal.Signals, Callable[[int, object], None]] = {
        number: lambda _number, _frame: stop()
        for number in STOP_SIGNALS
        if signal.getsignal(number) != signal.SIG_IGN
    }
    handlers[signal.SIGCHLD] = lambda _number, _frame: None
    old = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    wake = Wake()
    try:
        yield wake
    finally:
        wake.close()
        for number, handler in old.items():
            signal.signal(number, handler)
