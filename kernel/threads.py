"""Threads that do the work of requests while the event loop reads and writes.

``loop.run_in_executor`` chains two futures and takes several locks for each call, which was a third
of the event loop's time; here a call is one future and one place in a queue.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import weakref
from collections.abc import Callable
from contextvars import Context, copy_context
from typing import Any, TypeVar

T = TypeVar("T")
Act = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Context, Callable[[], Any]]
Acts = queue.SimpleQueue[Act | None]
"""Acts that wait for a thread; None ends one."""


class Threads:
    """At most so many acts at once; each runs in a copy of its caller's context.

    The threads end once nobody has them any more.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._acts: Acts = queue.SimpleQueue()
        self._started = 0
        weakref.finalize(self, self._acts.put, None).atexit = False

    async def run(self, act: Callable[[], T]) -> T:
        """Return what ``act`` returns in one of the threads; called on the event loop only."""
        if self._started < self._count:
            self._started += 1
            threading.Thread(target=_serve, args=[self._acts], name="request", daemon=True).start()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._acts.put((loop, future, copy_context(), act))
        return await future


def _serve(acts: Acts) -> None:
    while (given := acts.get()) is not None:
        loop, future, context, act = given
        try:
            result = context.run(act)
        except BaseException as error:  # noqa: BLE001  # it is the caller's
            _tell(loop, future, future.set_exception, error)
        else:
            _tell(loop, future, future.set_result, result)
            del result
        del given, loop, future, context, act
    acts.put(None)  # for the next thread


def _tell(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[Any],
    settle: Callable[[Any], None],
    value: object,
) -> None:
    try:
        loop.call_soon_threadsafe(_settle, future, settle, value)
    except RuntimeError:  # the loop was closed: nobody waits any more
        return


def _settle(future: asyncio.Future[Any], settle: Callable[[Any], None], value: object) -> None:
    if not future.done():  # a request whose server is stopping is cancelled
        settle(value)
