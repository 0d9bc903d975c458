"""The WebSocket end: a real server, a real client."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.websockets import WebSocket
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from kernel.errors import NotAuthenticated
from kernel.realtime import Hub
from kernel.sockets import websocket_route


class Site:
    """A server of one hub; ``allowed`` is what its authorize answers, or raises."""

    def __init__(self, **options: Any) -> None:
        self.hub = Hub(queue_size=4)
        self.allowed: Collection[str] | Exception | None = {"ventas.*"}
        self.asked = 0
        self.route = websocket_route(self.hub, self.authorize, **options)
        self.port = 0

    def authorize(self, websocket: WebSocket) -> Collection[str] | None:
        self.asked += 1
        if isinstance(self.allowed, Exception):
            raise self.allowed
        return self.allowed

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Site]:
        app = Starlette(routes=[self.route], lifespan=lambda app: self._lifespan())
        server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, ws_ping_interval=None)
        )
        task = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        self.port = server.servers[0].sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.should_exit = True
            await task

    @asynccontextmanager
    async def _lifespan(self) -> AsyncIterator[None]:
        async with self.hub.running():
            yield

    def open(self, **options: Any) -> connect:
        return connect(f"ws://127.0.0.1:{self.port}/ws/", proxy=None, **options)

    async def publish(self, topic: str, **payload: Any) -> None:
        await asyncio.to_thread(self.hub.publish, topic, payload)

    async def until_subscribers(self, count: int) -> None:
        while self.hub.subscribers != count:
            await asyncio.sleep(0.01)


def run(site: Site, work: Callable[[Site], Coroutine[Any, Any, None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(30), site.serving():
            await work(site)

    asyncio.run(bounded())


async def close_code(client: ClientConnection) -> int | None:
    """Read to the end and return how the server closed."""
    try:
        while True:
            await client.recv()
    except ConnectionClosed:
        return client.close_code


def test_client_receives_its_topics() -> None:
    async def work(site: Site) -> None:
        async with site.open() as one, site.open() as two:
            await site.until_subscribers(2)
            await site.publish("stock.1", id=1)
            await site.publish("ventas.7", id=7, cliente="Peña")
            for client in (one, two):
                assert json.loads(await client.recv()) == {
                    "type": "event",
                    "topic": "ventas.7",
                    "payload": {"id": 7, "cliente": "Peña"},
                }
        await site.until_subscribers(0)

    run(Site(), work)


def test_client_that_talks_is_not_listened_to() -> None:
    async def work(site: Site) -> None:
        async with site.open() as client:
            await client.send("hola")
            await client.send(b"\x00\xff")
            await site.until_subscribers(1)
            await site.publish("ventas.7")
            assert json.loads(await client.recv())["topic"] == "ventas.7"

    run(Site(), work)


@pytest.mark.parametrize(
    ("answer", "code"),
    [(None, 4401), (NotAuthenticated("vencido"), 4401), (RuntimeError("no database"), 1013)],
)
def test_client_that_authorize_refuses_is_closed(answer: Exception | None, code: int) -> None:
    async def work(site: Site) -> None:
        site.allowed = answer
        async with site.open() as client:
            assert await close_code(client) == code
        assert site.hub.subscribers == 0

    run(Site(), work)


def test_client_is_pinged_and_a_revoked_one_closed_within_a_heartbeat() -> None:
    async def work(site: Site) -> None:
        async with site.open() as client:
            assert json.loads(await client.recv()) == {"type": "ping"}
            site.allowed = None
            assert await close_code(client) == 4401
        assert site.asked >= 3

    run(Site(heartbeat=0.05), work)


def test_client_whose_rights_change_gets_other_topics() -> None:
    async def work(site: Site) -> None:
        async with site.open() as client:
            await client.recv()
            site.allowed = {"stock"}
            await client.recv()
            await client.recv()
            await site.publish("ventas.7")
            await site.publish("stock")
            while (message := json.loads(await client.recv()))["type"] == "ping":
                pass
            assert message["topic"] == "stock"

    run(Site(heartbeat=0.05), work)


def test_client_that_reads_nothing_is_dropped() -> None:
    async def work(site: Site) -> None:
        async with site.open(max_queue=1, compression=None) as client:
            await site.until_subscribers(1)
            while site.hub.subscribers:
                await site.publish("ventas.7", texto="x" * 500_000)
            assert await close_code(client) == 4408

    run(Site(), work)


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("http://127.0.0.1:{port}", True),
        ("https://panel.tienda.pe", True),
        ("https://evil.test", False),
        ("http://127.0.0.1:{port}.evil.test", False),
        ("http://127.0.0.1", False),
        ("null", False),
        ("http://[", False),
    ],
)
def test_page_of_another_origin_is_refused(origin: str, welcome: bool) -> None:
    async def work(site: Site) -> None:
        given: Any = origin.format(port=site.port)
        if welcome:
            async with site.open(origin=given):
                await site.until_subscribers(1)
        else:
            with pytest.raises(InvalidStatus, match="403"):
                async with site.open(origin=given):
                    pass
            assert site.asked == 0

    run(Site(origins={"https://panel.tienda.pe"}), work)


def test_client_is_told_when_the_hub_stops() -> None:
    async def work(site: Site) -> None:
        async with site.open() as client:
            await site.until_subscribers(1)
            for subscription in tuple(site.hub._subscriptions):
                subscription.close()
            assert await close_code(client) == 1001

    run(Site(), work)


def test_server_that_stops_with_open_clients_stops() -> None:
    clients: list[ClientConnection] = []

    async def work(site: Site) -> None:
        client = await site.open()
        await site.until_subscribers(1)
        clients.append(client)

    run(Site(), work)
