"""The queue: huey carries wake-ups to the job processes, on Redis or else on PostgreSQL.

A message is ``{"job": 123}`` and nothing else, so whoever can write to the queue can only wake a
worker. A message says "something is due"; the worker then claims from the table whatever is due.
So losing messages only delays jobs until the next poll, and a few unread ones are as good as many.

This is the sending side, which every process has; it writes into huey's list or table itself,
because importing huey would cost each web process half a second and 30 MB. Job processes listen
through huey (``kernel.listener``).
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from sqlalchemy import URL, make_url

from kernel import logging
from kernel.settings import Settings

if TYPE_CHECKING:
    from redis import ConnectionPool

log = logging.get(__name__)

UNREAD = 16
"""With so many messages unread, another one would tell nobody anything new."""

AT_ONCE = 4
"""A commit with many jobs wakes at most so many processes."""

REST_SECONDS = 1.0
"""How long nothing is sent after a failure."""

PATIENCE_SECONDS = 0.5
"""How long a sender waits for Redis."""

LARGEST_MESSAGE = 64

HUEY_TABLES = (
    "create table if not exists huey_kv (queue text not null, key text not null, "
    "value bytea not null, primary key(queue, key))",
    "create table if not exists huey_schedule (id bigserial primary key, queue text not null, "
    "data bytea not null, timestamp double precision not null)",
    "create index if not exists huey_schedule_queue_timestamp on huey_schedule (queue, timestamp)",
    "create table if not exists huey_task (id bigserial primary key, queue text not null, "
    "data bytea not null, priority double precision not null default 0.0)",
    "create index if not exists huey_task_queue_priority_id "
    "on huey_task (queue, priority desc, id)",
    "create table if not exists huey_counter (queue text not null, key text not null, "
    "value bigint not null default 0, primary key(queue, key))",
)
"""As huey 3.5 makes them itself; a test compares."""


class HostileMessage(ValueError):
    """Something in the queue that Andes never wrote."""


def write_message(job_id: int) -> bytes:
    """Return the message that wakes a worker because of a job."""
    return json.dumps({"job": job_id}).encode()


def read_message(data: bytes) -> int:
    """Return the job's id that a message carries.

    Raises:
        HostileMessage: it is anything but ``{"job": id}``.
    """
    if len(data) > LARGEST_MESSAGE:
        raise HostileMessage(f"{len(data)} bytes")
    try:
        content = json.loads(data)
    except (ValueError, RecursionError):
        raise HostileMessage("not JSON") from None
    if not isinstance(content, dict) or content.keys() != {"job"}:
        raise HostileMessage("not a job's id")
    job_id = content["job"]
    if type(job_id) is not int or not 0 < job_id < 2**63:
        raise HostileMessage("not a job's id")
    return job_id


def queue_name(settings: Settings) -> str:
    """Return the name of this instance's queue; instances may share one Redis."""
    database = make_url(settings.database_url).database or ""
    return "andes_" + re.sub(r"\W", "", database, flags=re.ASCII)[:48]


def connect(settings: Settings) -> psycopg.Connection[Any]:
    """Return a connection for messages: they may be lost, so nothing waits for the disk."""
    url: URL = make_url(settings.database_url).set(drivername="postgresql")
    return psycopg.connect(
        url.render_as_string(hide_password=False),
        autocommit=True,
        connect_timeout=2,
        application_name="andes-queue",
        tcp_user_timeout=5000,
        options="-c statement_timeout=2000 -c synchronous_commit=off",
    )


def redis_pool(settings: Settings, patience: float) -> ConnectionPool:
    """Return connections to Redis that give up after so many seconds."""
    from redis import ConnectionPool  # costs a third of a second; not every instance has Redis

    return ConnectionPool.from_url(
        settings.redis_url,
        socket_timeout=patience,
        socket_connect_timeout=min(patience, 2.0),
        max_connections=64,
    )


def postgres_ddl() -> list[str]:
    """Return the statements that make huey's tables; the owner of the database runs them.

    The application role needs SELECT, INSERT and DELETE on ``huey_task`` and USAGE on its sequence.
    """
    return list(HUEY_TABLES)


class Sender(Protocol):
    """Puts messages where huey reads them, unless enough are unread."""

    def send(self, messages: Sequence[bytes]) -> None:
        """Send; raises whatever the transport raises."""

    def close(self) -> None:
        """Give the connections back."""


class RedisSender:
    """Writes to huey's list, one round trip a commit."""

    PUSH = """
    for i = 2, #ARGV do
      if redis.call('LLEN', KEYS[1]) < tonumber(ARGV[1]) then
        redis.call('LPUSH', KEYS[1], ARGV[i])
      end
    end
    """

    def __init__(self, settings: Settings) -> None:
        from redis import Redis

        client = Redis(connection_pool=redis_pool(settings, PATIENCE_SECONDS))
        self._key = f"huey.redis.{queue_name(settings)}"
        self._push = client.register_script(self.PUSH)
        self.close = client.close

    def send(self, messages: Sequence[bytes]) -> None:
        """Push the messages for which there is room."""
        self._push(keys=[self._key], args=[UNREAD, *messages])


class PostgresSender:
    """Writes to huey's table and notifies, one round trip a commit."""

    PUSH = """
    WITH room AS (
      SELECT FROM (SELECT FROM huey_task WHERE queue = %(queue)s LIMIT %(unread)s) AS unread
      HAVING count(*) < %(unread)s),
    pushed AS (
      INSERT INTO huey_task (queue, data, priority)
      SELECT %(queue)s, data, 0 FROM room, unnest(%(messages)s::bytea[]) AS data)
    SELECT pg_notify(%(channel)s, '') FROM room, unnest(%(messages)s::bytea[])
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = queue_name(settings)
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None

    def send(self, messages: Sequence[bytes]) -> None:
        """Insert the messages if there is room; over a new connection when the old one died."""
        with self._lock:
            try:
                self._send(messages)
            except psycopg.OperationalError:
                known, self._connection = self._connection, None
                if known is None:
                    raise
                known.close()
                self._send(messages)

    def _send(self, messages: Sequence[bytes]) -> None:
        if self._connection is None:
            self._connection = connect(self._settings)
        self._connection.execute(
            self.PUSH,
            {
                "queue": self._name,
                "channel": f"huey.q.{self._name}",
                "messages": list(messages),
                "unread": UNREAD,
            },
        )

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None


class HueyQueue:
    """Wakes the job processes; never raises and never waits long."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self._silent_until = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> HueyQueue:
        """Return the queue of this instance: on Redis if there is one, else in the database."""
        return cls(RedisSender(settings) if settings.redis_url else PostgresSender(settings))

    def wake(self, job_ids: Iterable[int]) -> None:
        """Tell the workers that these jobs are due; losing the message only delays them."""
        messages = [write_message(job_id) for job_id in islice(job_ids, AT_ONCE)]
        if not messages or time.monotonic() < self._silent_until:
            return
        try:
            self._sender.send(messages)
        except Exception as error:  # noqa: BLE001  # any fault of the transport: the table has them
            self._silent_until = time.monotonic() + REST_SECONDS
            log.warning("queue_unreachable", reason=str(error) or type(error).__name__)

    def close(self) -> None:
        """Give the connections back."""
        self._sender.close()
