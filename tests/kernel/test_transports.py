"""Hints between processes, through a real Redis and a real PostgreSQL."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from kernel.realtime import Event, Hub, Subscription
from kernel.transports import PostgresTransport, RedisTransport, Transport, transport_for

DATABASE = os.environ.get(
    "TEST_DATABASE_URL", f"postgresql://{getpass.getuser()}@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


class Place:
    """One kind of transport under test, its connections named so that the test can cut them."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.name = f"prueba-{secrets.token_hex(6)}"
        option = "application_name" if kind == "postgres" else "client_name"
        address = DATABASE if kind == "postgres" else REDIS
        self.url = f"{address}?{option}={self.name}"

    def transport(self) -> Transport:
        redis_url, database_url = ("", self.url) if self.kind == "postgres" else (self.url, "")
        return transport_for(redis_url, database_url)

    def cut(self) -> int:
        """Cut every connection of this test on the server, and return how many there were."""
        return self._cut_postgres() if self.kind == "postgres" else self._cut_redis()

    def _cut_postgres(self) -> int:
        with psycopg.connect(DATABASE, autocommit=True) as connection:
            found = connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = %s",
                (self.name,),
            )
            return len(found.fetchall())

    def _cut_redis(self) -> int:
        with redis.Redis.from_url(REDIS) as client:
            mine = [one for one in client.client_list() if one["name"] == self.name]
            for one in mine:
                client.client_kill_filter(_id=one["id"])
            return len(mine)


@pytest.fixture(params=["postgres", "redis"])
def place(request: pytest.FixtureRequest) -> Place:
    return Place(request.param)


@pytest.fixture
def topic() -> str:
    return f"prueba.{secrets.token_hex(6)}"


def run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30):
            await work()

    asyncio.run(bounded())


async def next_of(subscription: Subscription, *kinds: str) -> Event:
    while True:
        event = await anext(subscription)
        if event.kind in kinds:
            return event


def test_publish_reaches_the_hub_of_another_process_in_order(place: Place, topic: str) -> None:
    async def work() -> None:
        here, there = Hub(place.transport()), Hub(place.transport())
        async with here.running(), there.running():
            with here.subscribe({topic}) as mine, there.subscribe({topic}) as theirs:
                await next_of(mine, "resync")
                await next_of(theirs, "resync")
                for n in range(20):
                    await asyncio.to_thread(here.publish, topic, {"n": n, "ñ": "S/ 1\0\ud800🦙"})
                for side in (mine, theirs):
                    got = [(await next_of(side, "event")).payload for _ in range(20)]
                    assert got == [{"n": n, "ñ": "S/ 1\0\ud800🦙"} for n in range(20)]

    run(work)


def test_publish_from_a_process_that_only_publishes_arrives(place: Place, topic: str) -> None:
    code = (
        "import sys\n"
        "from kernel.realtime import Hub\n"
        "from kernel.transports import transport_for\n"
        "hub = Hub(transport_for(sys.argv[1], sys.argv[2]))\n"
        "hub.publish(sys.argv[3], {'id': 7})\n"
        "hub.close()\n"
    )
    urls = ["", place.url] if place.kind == "postgres" else [place.url, ""]

    async def work() -> None:
        async with Hub(place.transport()).running() as hub:
            with hub.subscribe({topic}) as mine:
                await next_of(mine, "resync")
                await asyncio.to_thread(
                    subprocess.run,
                    [sys.executable, "-c", code, *urls, topic],
                    check=True,
                    cwd=Path(__file__).parents[2],
                )
                assert (await next_of(mine, "event")).payload == {"id": 7}

    run(work)


def test_cut_connections_are_made_again_and_everybody_is_told_to_ask(
    place: Place, topic: str
) -> None:
    async def work() -> None:
        here, there = Hub(place.transport()), Hub(place.transport())
        async with here.running(), there.running():
            with there.subscribe({topic}) as theirs:
                await next_of(theirs, "resync")
                await asyncio.to_thread(here.publish, topic, {"n": 1})
                await next_of(theirs, "event")
                assert await asyncio.to_thread(place.cut) >= 3
                await next_of(theirs, "resync")
                await asyncio.to_thread(here.publish, topic, {"n": 2})
                assert (await next_of(theirs, "event")).payload == {"n": 2}

    run(work)


@pytest.mark.parametrize(("spare", "kind"), [(0, "event"), (-1, "changed")])
def test_publish_at_the_limit_of_postgres_arrives_whole_and_beyond_it_as_changed(
    topic: str, spare: int, kind: str
) -> None:
    async def work() -> None:
        place = Place("postgres")
        here, there = Hub(place.transport()), Hub(place.transport())
        async with here.running(), there.running():
            with here.subscribe({topic}) as mine, there.subscribe({topic}) as theirs:
                await next_of(theirs, "resync")
                empty = {"o": "0" * 16, "t": topic, "p": {"x": ""}}
                around = len(json.dumps(empty, separators=(",", ":")))
                payload = {"x": "y" * (7999 - around - spare)}
                await asyncio.to_thread(here.publish, topic, payload)
                event = await next_of(theirs, "event", "changed")
                assert (event.kind, event.payload) == (kind, payload if kind == "event" else None)
                assert (await next_of(mine, "event")).payload == payload

    run(work)


def test_publish_a_megabyte_through_redis_arrives_whole(topic: str) -> None:
    async def work() -> None:
        place = Place("redis")
        here, there = Hub(place.transport()), Hub(place.transport())
        async with here.running(), there.running():
            with there.subscribe({topic}) as theirs:
                await next_of(theirs, "resync")
                await asyncio.to_thread(here.publish, topic, {"x": "y" * 1_000_000})
                event = await next_of(theirs, "event")
                assert event.payload is not None
                assert len(event.payload["x"]) == 1_000_000

    run(work)


def test_listen_silent_connection_is_asked_and_goes_on(
    place: Place, topic: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kernel.transports._SILENCE", 0.1)

    async def work() -> None:
        here, there = Hub(place.transport()), Hub(place.transport())
        async with here.running(), there.running():
            with there.subscribe({topic}) as theirs:
                await next_of(theirs, "resync")
                for n in range(3):
                    await asyncio.sleep(0.15)
                    await asyncio.to_thread(here.publish, topic, {"n": n})
                    event = await next_of(theirs, "event", "resync")
                    assert (event.kind, event.payload) == ("event", {"n": n})

    run(work)


@pytest.mark.parametrize(
    "transport",
    [
        PostgresTransport("postgresql://nadie@127.0.0.1:1/nada"),
        RedisTransport("redis://127.0.0.1:1/0"),
    ],
)
def test_hub_without_server_delivers_in_its_own_process(transport: Transport, topic: str) -> None:
    async def work() -> None:
        async with Hub(transport).running() as hub:
            with hub.subscribe({topic}) as mine:
                await asyncio.to_thread(hub.publish, topic, {"n": 1})
                assert (await anext(mine)).payload == {"n": 1}
                assert not hub.connected

    run(work)


def test_close_twice_is_no_error(place: Place, topic: str) -> None:
    transport = place.transport()
    transport.close()
    transport.publish('{"o": "prueba"}')
    transport.close()
    transport.close()


def test_transport_for_takes_redis_where_there_is_one() -> None:
    assert isinstance(transport_for("redis://x", "postgresql://y"), RedisTransport)
    assert isinstance(transport_for("", "postgresql+psycopg://y"), PostgresTransport)
