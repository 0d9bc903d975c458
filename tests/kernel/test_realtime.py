"""The hub in one process: topics, order, slow readers, threads, and a transport that fails."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine
from decimal import Decimal
from typing import Any

import pytest

from kernel import realtime
from kernel.realtime import GOING_AWAY, TOO_SLOW, Event, Hub, SlowConsumer, Subscription


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(20):
            await work()

    asyncio.run(bounded())


async def publish(hub: Hub, topic: str, **payload: Any) -> None:
    await asyncio.to_thread(hub.publish, topic, payload)


async def settled() -> None:
    """Let what is scheduled on the loop happen."""
    for _ in range(3):
        await asyncio.sleep(0)


class Wire:
    """A transport of this test: keeps what is published, yields what it is given, may fail."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit
        self.published: list[dict[str, Any]] = []
        self.arriving: asyncio.Queue[str | Exception] = asyncio.Queue()
        self.failing = False
        self.closed = False

    def publish(self, message: str) -> None:
        if self.failing:
            raise ConnectionError("down")
        self.published.append(json.loads(message))

    async def listen(self, connected: Callable[[], None]) -> AsyncGenerator[str]:
        connected()
        while True:
            message = await self.arriving.get()
            if isinstance(message, Exception):
                raise message
            yield message

    def close(self) -> None:
        self.closed = True


def test_publish_reaches_subscribers_of_the_topic_only() -> None:
    async def work() -> None:
        async with Hub().running() as hub:
            with hub.subscribe({"ventas.*", "stock"}) as mine, hub.subscribe({"cajas"}) as other:
                await publish(hub, "ventas.7", id=7)
                await publish(hub, "cajas", id=1)
                await publish(hub, "stock.9", id=9)
                await publish(hub, "stock", id=2)
                assert (await anext(mine)).payload == {"id": 7}
                assert (await anext(mine)).topic == "stock"
                assert (await anext(other)).topic == "cajas"
                assert hub.subscribers == 2
            assert hub.subscribers == 0

    run(work)


@pytest.mark.parametrize(
    ("pattern", "topic", "wanted"),
    [
        ("*", "ventas", True),
        ("ventas.*", "ventas.7", True),
        ("ventas.*", "ventas", False),
        ("ventas", "ventas.7", False),
        ("ventas", "ventas", True),
        ("", "ventas", False),
        ("v*s", "ventas", False),
    ],
)
def test_wants_pattern_is_a_topic_or_a_beginning(pattern: str, topic: str, wanted: bool) -> None:
    assert Subscription(Hub(), {pattern}, 1).wants(topic) is wanted


def test_subscription_without_patterns_wants_only_what_is_for_all() -> None:
    subscription = Subscription(Hub(), (), 1)
    assert not subscription.wants("ventas")
    assert subscription.wants("")


def test_publish_from_many_threads_keeps_each_ones_order() -> None:
    async def work() -> None:
        async with Hub(queue_size=1000).running() as hub:
            with hub.subscribe({"*"}) as mine:

                def fifty(n: int) -> None:
                    for i in range(50):
                        hub.publish(f"hilo.{n}", {"i": i})

                threads = [threading.Thread(target=fifty, args=(n,)) for n in range(4)]
                for thread in threads:
                    thread.start()
                seen: dict[str, list[int]] = {}
                for _ in range(200):
                    event = await anext(mine)
                    assert event.payload is not None
                    seen.setdefault(event.topic, []).append(event.payload["i"])
                for thread in threads:
                    thread.join()
                assert seen == {f"hilo.{n}": list(range(50)) for n in range(4)}

    run(work)


def test_event_text_is_what_a_client_reads() -> None:
    event = Event.of("event", "ventas.7", {"total": Decimal("12.50"), "el": dt.date(2026, 11, 20)})
    assert json.loads(event.text) == {
        "type": "event",
        "topic": "ventas.7",
        "payload": {"total": "12.50", "el": "2026-11-20"},
    }
    assert json.loads(Event.of("ping").text) == {"type": "ping"}


@pytest.mark.parametrize("topic", ["", "a b", "ventas*", "ñ", "a\n", "x" * 121])
def test_publish_bad_topic_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match="topic"):
        Hub().publish(topic, {})


def test_publish_without_running_hub_goes_to_the_transport_only() -> None:
    wire = Wire()
    hub = Hub(wire)
    hub.publish("ventas.7", {"id": 7})
    hub.close()
    assert [message["t"] for message in wire.published] == ["ventas.7"]
    assert wire.closed


def test_subscriber_that_reads_nothing_is_dropped_and_others_go_on() -> None:
    async def work() -> None:
        async with Hub(queue_size=3).running() as hub:
            with hub.subscribe({"*"}) as slow, hub.subscribe({"*"}) as quick:
                for n in range(4):
                    await publish(hub, "ventas", n=n)
                    assert (await anext(quick)).payload == {"n": n}
                assert (slow.code, slow.ended.is_set()) == (TOO_SLOW, True)
                with pytest.raises(SlowConsumer):
                    await anext(slow)
                assert hub.subscribers == 1

    run(work)


def test_stopping_hub_ends_subscriptions_after_what_is_queued() -> None:
    async def work() -> None:
        async with Hub().running() as hub:
            subscription = hub.subscribe({"*"})
            await publish(hub, "ventas", n=1)
            await settled()
        assert [event.payload async for event in subscription] == [{"n": 1}]
        assert subscription.code == GOING_AWAY
        hub.publish("ventas", {})

    run(work)


def test_message_of_another_process_is_delivered_and_own_echo_is_not() -> None:
    async def work() -> None:
        wire = Wire()
        async with Hub(wire).running() as hub:
            with hub.subscribe({"*"}) as mine:
                assert (await anext(mine)).kind == "resync"
                await publish(hub, "ventas", n=1)
                wire.arriving.put_nowait(json.dumps(wire.published[0]))
                wire.arriving.put_nowait('{"o": "other", "t": "ventas", "p": {"n": 2}}')
                wire.arriving.put_nowait('{"o": "other", "t": "stock"}')
                wire.arriving.put_nowait('{"o": "other"}')
                events = [await anext(mine) for _ in range(4)]
                assert [(event.kind, event.topic, event.payload) for event in events] == [
                    ("event", "ventas", {"n": 1}),
                    ("event", "ventas", {"n": 2}),
                    ("changed", "stock", None),
                    ("resync", "", None),
                ]

    run(work)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "[]",
        "7",
        "{}",
        "null",
        '{"o": "x", "t": ["ventas"]}',
        '{"o": "x", "t": null}',
        '{"o": "x", "t": ""}',
        '{"o": "x", "t": "<script>"}',
        '{"o": "x", "t": "ventas", "p": {"n": NaN}}',
        "[" * 100_000,
    ],
)
def test_message_that_is_not_ours_to_read_is_ignored(message: str) -> None:
    async def work() -> None:
        wire = Wire()
        async with Hub(wire).running() as hub:
            with hub.subscribe({"*"}) as mine:
                assert (await anext(mine)).kind == "resync"
                wire.arriving.put_nowait(message)
                wire.arriving.put_nowait('{"o": "other", "t": "ventas", "p": {}}')
                assert (await anext(mine)).topic == "ventas"

    run(work)


def test_listener_that_breaks_connects_again_and_tells_to_ask(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(realtime, "_FIRST_DELAY", 0.001)

    async def work() -> None:
        wire = Wire()
        async with Hub(wire).running() as hub:
            with hub.subscribe({"*"}) as mine:
                for _ in range(3):
                    assert (await anext(mine)).kind == "resync"
                    assert hub.connected
                    wire.arriving.put_nowait(ConnectionError("cut"))

    run(work)


def test_publish_while_the_transport_fails_is_silent_and_made_up_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = Wire()
    hub = Hub(wire)
    wire.failing = True
    hub.publish("ventas", {"n": 1})
    wire.failing = False
    hub.publish("ventas", {"n": 2})
    assert wire.published == []
    monkeypatch.setattr(hub, "_muted_until", 0.0)
    hub.publish("ventas", {"n": 3})
    assert [set(message) for message in wire.published] == [{"o"}, {"o", "t", "p"}]
    assert wire.published[1]["p"] == {"n": 3}


@pytest.mark.parametrize(("size", "carried"), [(100, True), (1000, False)])
def test_publish_beyond_the_limit_sends_the_topic_only(size: int, carried: bool) -> None:
    wire = Wire(limit=500)
    Hub(wire).publish("ventas", {"texto": "x" * size})
    assert ("p" in wire.published[0]) is carried
    assert wire.published[0]["t"] == "ventas"


def test_publish_counts_the_limit_in_bytes() -> None:
    wire = Wire(limit=500)
    Hub(wire).publish("ventas", {"texto": "ñ" * 300})
    assert "p" not in wire.published[0]
