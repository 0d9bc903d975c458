"""Waking the workers beside the request: who commits doesn't wait for the queue's server.

A thread sends what was committed meanwhile as one batch. Losing it costs nothing but a second: the
table has the jobs, and workers look.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterable
from typing import Protocol

PAUSE = 0.01
"""Seconds between two batches, so that a busy process sends few large ones."""


class Queue(Protocol):
    """Whatever wakes the job processes (``kernel.queue``)."""

    def wake(self, job_ids: Iterable[int]) -> None:
        """Tell a worker that these jobs are due; losing the message only delays them."""

    def close(self) -> None:
        """Give the queue's connections back."""


class Waker:
    """A queue in front of a queue: ``wake`` returns at once."""

    def __init__(self, behind: Queue) -> None:
        self._behind = behind
        self._waiting: queue.SimpleQueue[list[int] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def wake(self, job_ids: Iterable[int]) -> None:
        """Have the workers told soon."""
        self._waiting.put(list(job_ids))
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="waker", daemon=True)
                    self._thread.start()

    def close(self) -> None:
        """Send what waits, end the thread, and close the queue behind."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(timeout=5)
            self._thread = None
        self._behind.close()

    def _run(self) -> None:
        while (batch := self._waiting.get()) is not None:
            last = self._gather(batch)
            self._behind.wake(batch)
            if last:
                return
            time.sleep(PAUSE)

    def _gather(self, batch: list[int]) -> bool:
        """Add whatever else waits to the batch; return whether the end was asked for."""
        while True:
            try:
                more = self._waiting.get_nowait()
            except queue.Empty:
                return False
            if more is None:
                return True
            batch.extend(more)
