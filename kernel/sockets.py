"""Sockets: the WebSocket through which an open screen receives the hints of ``kernel.realtime``.

What a client receives, one JSON object a message: ``{"type": "event", "topic", "payload"}``,
``{"type": "changed", "topic"}`` (too big to carry: ask), ``{"type": "resync"}`` (some were lost:
ask for everything shown) and ``{"type": "ping"}``. It has nothing to say itself.
Source: OWASP ASVS 5.0, 4.4.2, 7.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from contextlib import suppress
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from kernel import logging
from kernel.errors import Forbidden, NotAuthenticated
from kernel.realtime import PING, TOO_SLOW, Hub, SlowConsumer, Subscription

TRY_LATER = 1013
UNAUTHORIZED, FOREIGN_ORIGIN = 4401, 4403

_GONE = 0
_PATIENCE = 5.0
_log = logging.get(__name__)

Authorize = Callable[[WebSocket], Collection[str] | None]


def websocket_route(
    hub: Hub,
    authorize: Authorize,
    *,
    path: str = "/ws/",
    heartbeat: float = 25.0,
    origins: Collection[str] = (),
) -> WebSocketRoute:
    """Return the route of a WebSocket that receives the topics that ``authorize`` allows.

    ``authorize(websocket)`` runs in a thread and returns topic patterns, or None for nobody we
    know (close 4401), or raises Forbidden for a page that may not ask (close 4403). It is asked
    again with every heartbeat, so a revoked user loses an open socket within one. Pages of another
    origin are refused unless ``origins`` lists it. A client that does not keep up is closed with
    4408.
    """

    async def endpoint(websocket: WebSocket) -> None:
        if not _is_own_page(websocket, origins):
            await websocket.close(FOREIGN_ORIGIN)
            return
        await websocket.accept()
        verdict = await _ask(authorize, websocket)
        if isinstance(verdict, int):
            await _close(websocket, verdict)
            return
        with hub.subscribe(verdict) as subscription:
            code = await _first_of(
                _write(websocket, subscription),
                _read(websocket),
                _watch(websocket, subscription, authorize, heartbeat),
                _wait_for_end(subscription),
            )
        await _close(websocket, code)

    return WebSocketRoute(path, endpoint, name="realtime")


async def _write(websocket: WebSocket, subscription: Subscription) -> int:
    try:
        async for event in subscription:
            await websocket.send_text(event.text)
    except (SlowConsumer, WebSocketDisconnect) as error:
        return TOO_SLOW if isinstance(error, SlowConsumer) else _GONE
    return subscription.code


async def _read(websocket: WebSocket) -> int:
    """Wait until the client leaves; what it says is not listened to."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass
    return _GONE


async def _watch(
    websocket: WebSocket, subscription: Subscription, authorize: Authorize, heartbeat: float
) -> int:
    while True:
        await asyncio.sleep(heartbeat)
        verdict = await _ask(authorize, websocket)
        if isinstance(verdict, int):
            return verdict
        subscription.allow(verdict)
        subscription.offer(PING)


async def _wait_for_end(subscription: Subscription) -> int:
    """Interrupt a write that hangs on a client that reads nothing."""
    await subscription.ended.wait()
    return subscription.code


async def _ask(authorize: Authorize, websocket: WebSocket) -> Collection[str] | int:
    """Return the patterns, or the close code of a refusal."""
    try:
        patterns = await run_in_threadpool(authorize, websocket)
    except NotAuthenticated:
        patterns = None
    except Forbidden:
        return FOREIGN_ORIGIN
    except Exception:  # noqa: BLE001  # the edge of a connection; the client tries again
        _log.exception("realtime_authorize_failed")
        return TRY_LATER
    return UNAUTHORIZED if patterns is None else patterns


async def _first_of(*works: Coroutine[Any, Any, int]) -> int:
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return max(task.result() for task in done)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _close(websocket: WebSocket, code: int) -> None:
    """Close, unless the client is gone or reads nothing."""
    if code != _GONE:
        with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
            async with asyncio.timeout(_PATIENCE):
                await websocket.close(code)


def _is_own_page(websocket: WebSocket, origins: Collection[str]) -> bool:
    """Return whether the page that connects is ours; only browsers name one."""
    origin = websocket.headers.get("origin")
    if origin is None or origin in origins:
        return True
    return origin.lower().partition("://")[2] == websocket.headers.get("host", "").lower()
