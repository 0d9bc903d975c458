"""Realtime: hints to open screens that something changed.

A ``Hub`` fans events out to the subscribers of its process (``kernel.sockets``); a transport
carries them between processes (``kernel.transports``). This is a hint channel. The row is the
truth: an event may be lost while a transport is down, and then a ``resync`` tells every subscriber
to ask again. Publishing never raises because of a transport, and is done after the commit.

A topic is a dotted name (``ventas.7``); a pattern is a topic, or a beginning and ``*``
(``ventas.*``).
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, Self

from kernel import logging
from kernel.transports import Transport

GOING_AWAY, RESTARTING, TOO_SLOW = 1001, 1012, 4408

_TOPIC = re.compile(r"[A-Za-z0-9_:.-]{1,120}")
_FIRST_DELAY, _FIRST_MUTE, _LONGEST = 0.1, 1.0, 10.0
_log = logging.get(__name__)

Kind = Literal["event", "changed", "resync", "ping"]


def _dump(value: object) -> str:
    return json.dumps(value, default=str, separators=(",", ":"), allow_nan=False)


def _growing(first: float, failures: int) -> float:
    """Return the seconds to wait after so many failures in a row."""
    return min(first * 2.0 ** min(failures, 10), _LONGEST)


@dataclass(frozen=True, slots=True)
class Event:
    """One hint; ``text`` is what a client receives."""

    kind: Kind
    topic: str
    payload: Mapping[str, Any] | None
    text: str

    @classmethod
    def of(cls, kind: Kind, topic: str = "", payload: Mapping[str, Any] | None = None) -> Self:
        """Return the event with its text made once, however many clients receive it."""
        shown: dict[str, Any] = {"type": kind}
        if topic:
            shown["topic"] = topic
        if payload is not None:
            shown["payload"] = payload
        return cls(kind, topic, payload, _dump(shown))


RESYNC, PING = Event.of("resync"), Event.of("ping")


class SlowConsumer(Exception):
    """The subscriber read too slowly and was dropped; it should connect again and ask."""


class Subscription:
    """The events of some topics, in order, through a bounded queue; an async iterator."""

    def __init__(self, hub: Hub, patterns: Iterable[str], size: int) -> None:
        self._hub = hub
        self._size = size
        self._queue: deque[Event] = deque()
        self._filled = asyncio.Event()
        self.ended = asyncio.Event()
        self.code = GOING_AWAY
        self.allow(patterns)

    def allow(self, patterns: Iterable[str]) -> None:
        """Replace the patterns that this subscriber receives."""
        given = frozenset(patterns)
        self._exact = frozenset(one for one in given if not one.endswith("*"))
        self._beginnings = tuple(one[:-1] for one in given - self._exact)

    def wants(self, topic: str) -> bool:
        """Return whether an event of this topic is for this subscriber; no topic is for all."""
        return not topic or topic in self._exact or topic.startswith(self._beginnings)

    def offer(self, event: Event) -> None:
        """Queue the event, or drop the subscriber when its queue is full."""
        if self.ended.is_set():
            return
        if len(self._queue) >= self._size:
            self._queue.clear()
            self.close(TOO_SLOW)
        else:
            self._queue.append(event)
            self._filled.set()

    def close(self, code: int = GOING_AWAY) -> None:
        """End the subscription; what is queued may still be read."""
        self._hub._subscriptions.discard(self)
        if not self.ended.is_set():
            self.code = code
            self.ended.set()
            self._filled.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """Return the next event.

        Raises:
            SlowConsumer: the queue overflowed.
        """
        while not self._queue:
            if self.ended.is_set():
                raise SlowConsumer if self.code == TOO_SLOW else StopAsyncIteration
            self._filled.clear()
            await self._filled.wait()
        return self._queue.popleft()


class Hub:
    """The fan-out of one process; a process that only publishes need not run it."""

    def __init__(self, transport: Transport | None = None, *, queue_size: int = 256) -> None:
        self._transport = transport
        self._queue_size = queue_size
        self._origin = secrets.token_hex(8)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscriptions: set[Subscription] = set()
        self._muted_until = 0.0
        self._missed = 0
        self._failures = 0
        self.connected = transport is None
        """Whether events of other processes arrive."""

    @property
    def subscribers(self) -> int:
        """How many subscriptions are open."""
        return len(self._subscriptions)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Deliver to this event loop, and listen to the other processes, until the block ends."""
        self._loop = asyncio.get_running_loop()
        task = self._loop.create_task(self._listen())
        try:
            yield self
        finally:
            self._loop = None
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for subscription in tuple(self._subscriptions):
                subscription.close()
            self.close()

    def hand_over(self) -> None:
        """Ask every subscriber to connect again, to another process; on the event loop."""
        for subscription in tuple(self._subscriptions):
            subscription.close(RESTARTING)

    def close(self) -> None:
        """Close the publishing connection, where this process only publishes."""
        if self._transport is not None:
            self._transport.close()

    def subscribe(self, patterns: Iterable[str]) -> Subscription:
        """Return the events of these topics from now on; call it on the hub's event loop.

        It is a context manager and an async iterator.
        """
        subscription = Subscription(self, patterns, self._queue_size)
        self._subscriptions.add(subscription)
        return subscription

    def publish(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell every subscriber, here and in other processes; from any thread, after the commit.

        Decimals and dates travel as text. It waits for the transport for milliseconds, so
        coroutines call it through a thread.

        Raises:
            ValueError: the topic is not a dotted name of at most 120 characters.
        """
        if not _TOPIC.fullmatch(topic):
            raise ValueError(f"not a topic: {topic[:80]!r}")
        self._deliver(Event.of("event", topic, payload))
        if self._transport is not None:
            self._send(self._transport, topic, payload)

    def _send(self, transport: Transport, topic: str, payload: Mapping[str, Any]) -> None:
        """Hand the event to the transport; while that fails, leave it in peace for some seconds."""
        if time.monotonic() < self._muted_until:
            return
        message = _dump({"o": self._origin, "t": topic, "p": payload})
        if transport.limit is not None and len(message) > transport.limit:
            message = _dump({"o": self._origin, "t": topic})
        try:
            if self._missed:
                transport.publish(_dump({"o": self._origin}))
                self._missed = 0
            transport.publish(message)
        except Exception as error:  # noqa: BLE001  # the change itself is committed
            self._muted_until = time.monotonic() + _growing(_FIRST_MUTE, self._missed)
            self._missed += 1
            _log.warning("realtime_publish_failed", topic=topic, error=type(error).__name__)

    def _deliver(self, event: Event) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop closed meanwhile: nobody is left to tell
                loop.call_soon_threadsafe(self._fan_out, event)

    def _fan_out(self, event: Event) -> None:
        for subscription in tuple(self._subscriptions):
            if subscription.wants(event.topic):
                subscription.offer(event)

    async def _listen(self) -> None:
        while self._transport is not None:
            try:
                async with aclosing(self._transport.listen(self._on_connected)) as messages:
                    async for message in messages:
                        self._receive(message)
            except Exception as error:  # noqa: BLE001  # whatever the driver raises: again
                _log.warning("realtime_disconnected", error=type(error).__name__)
            self.connected = False
            longest = _growing(_FIRST_DELAY, self._failures)
            self._failures += 1
            await asyncio.sleep(random.uniform(longest / 2, longest))  # noqa: S311  # jitter

    def _on_connected(self) -> None:
        self.connected = True
        self._failures = 0
        self._fan_out(RESYNC)

    def _receive(self, message: str) -> None:
        try:
            event = self._parse(message)
        except (ValueError, TypeError, KeyError, RecursionError):
            _log.warning("realtime_message_ignored", size=len(message))
            return
        if event is not None:
            self._fan_out(event)

    def _parse(self, message: str) -> Event | None:
        """Return the event of another process's message, None for one of ours."""
        wire = json.loads(message)
        if wire["o"] == self._origin:
            return None
        if "t" not in wire:
            return RESYNC
        if not _TOPIC.fullmatch(wire["t"]):
            raise ValueError("not a topic")
        payload = wire.get("p")
        return Event.of("changed" if payload is None else "event", wire["t"], payload)
