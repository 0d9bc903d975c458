"""Transports: how realtime hints travel between processes, Redis or PostgreSQL.

A transport publishes from any thread and listens on an event loop. It keeps nothing and promises
nothing: what is sent while a listener is away is lost to it, and ``kernel.realtime`` makes up for
that. PostgreSQL needs a direct connection, not a pooler in transaction mode.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import psycopg
    import redis

CHANNEL = "andes_realtime"

_NOTIFY_LIMIT = 7999
_SILENCE = 20.0
_PATIENCE = 5.0
_TURN = 1.0
_KEEPALIVE: dict[str, Any] = {
    "connect_timeout": 2,
    "keepalives_idle": 15,
    "tcp_user_timeout": 3_000,
    "fallback_application_name": "andes realtime",
}


class Transport(Protocol):
    """What carries messages between processes."""

    limit: int | None
    """Largest message in bytes; None: none worth naming."""

    def publish(self, message: str) -> None:
        """Send to every listening process; from any thread. Raises what its driver raises."""

    def listen(self, connected: Callable[[], None]) -> AsyncGenerator[str]:
        """Yield messages until the connection breaks; ``connected`` is called once it stands."""

    def close(self) -> None:
        """Close the publishing side."""


class PostgresTransport:
    """LISTEN and NOTIFY on one channel of the database; payloads of at most 7,999 bytes."""

    limit: int | None = _NOTIFY_LIMIT

    def __init__(self, database_url: str) -> None:
        self._url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None

    def publish(self, message: str) -> None:
        """Notify; a connection that died meanwhile is replaced once.

        Raises:
            TimeoutError: another thread has waited for the server for a second already.
        """
        import psycopg

        if not self._lock.acquire(timeout=_TURN):
            raise TimeoutError("PostgreSQL does not answer")
        try:
            self._notify(message)
        except psycopg.OperationalError:
            self._hang_up()
            self._notify(message)
        finally:
            self._lock.release()

    def _notify(self, message: str) -> None:
        import psycopg

        if self._connection is None:
            self._connection = psycopg.connect(
                self._url, autocommit=True, prepare_threshold=None, **_KEEPALIVE
            )
        self._connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, message))

    async def listen(self, connected: Callable[[], None]) -> AsyncGenerator[str]:
        """Yield payloads; a connection that is silent for long is asked whether it lives."""
        import psycopg

        connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True, **_KEEPALIVE)
        async with connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            connected()
            while True:
                async for notice in connection.notifies(timeout=_SILENCE):
                    yield notice.payload
                async with asyncio.timeout(_PATIENCE):
                    await connection.execute("SELECT 1")

    def close(self) -> None:
        """Close the publishing connection."""
        with self._lock:
            self._hang_up()

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class RedisTransport:
    """Redis pub/sub; instances that share a server are kept apart by the database number."""

    limit: int | None = None

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._lock = threading.Lock()
        self._client: redis.Redis | None = None

    def publish(self, message: str) -> None:
        """Publish, with one new try on a dead connection."""
        client = self._publisher()
        client.publish(_redis_channel(client), message)

    def _publisher(self) -> redis.Redis:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        with self._lock:
            if self._client is None:
                self._client = redis.Redis.from_url(
                    self._url,
                    socket_timeout=1,
                    socket_connect_timeout=1,
                    retry=Retry(NoBackoff(), 1),
                )
            return self._client

    async def listen(self, connected: Callable[[], None]) -> AsyncGenerator[str]:
        """Yield messages; a connection that does not answer a ping is given up."""
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        client = Redis.from_url(
            self._url, socket_connect_timeout=5, socket_keepalive=True, retry=Retry(NoBackoff(), 0)
        )
        async with client, client.pubsub() as channel:
            await channel.subscribe(_redis_channel(client))
            asked = False
            while True:
                message = await channel.get_message(timeout=_SILENCE)
                if message is None:
                    if asked:
                        raise ConnectionError("Redis does not answer")
                    await channel.ping()
                asked = message is None
                if message is not None and message["type"] == "subscribe":
                    connected()
                elif message is not None and message["type"] == "message":
                    yield message["data"].decode("utf-8")

    def close(self) -> None:
        """Close the publishing connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None


def transport_for(redis_url: str, database_url: str) -> Transport:
    """Return Redis where there is an address, else PostgreSQL."""
    return RedisTransport(redis_url) if redis_url else PostgresTransport(database_url)


def _redis_channel(client: Any) -> str:
    return f"{CHANNEL}@{client.connection_pool.connection_kwargs.get('db') or 0}"
