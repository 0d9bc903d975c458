"""The threads of requests: as many as may be, and none once the application is gone."""

from __future__ import annotations

import asyncio
import threading
import time

from kernel.threads import Threads

PATIENCE = 10


async def work(threads: Threads, acts: int) -> list[int]:
    return await asyncio.gather(*(threads.run(lambda one=one: one) for one in range(acts)))


def test_threads_end_once_nobody_has_them() -> None:
    before = set(threading.enumerate())
    threads = Threads(3)
    assert asyncio.run(work(threads, 5)) == [0, 1, 2, 3, 4]
    begun = set(threading.enumerate()) - before
    assert len(begun) == 3
    del threads
    until = time.monotonic() + PATIENCE
    while begun & set(threading.enumerate()) and time.monotonic() < until:
        time.sleep(0.01)
    assert not begun & set(threading.enumerate())
