"""The queue: huey carries wake-ups to the job processes, on Redis or else on PostgreSQL.

A message is ``{"job": 123}`` and nothing else, so whoever can write to the queue can only wake a
worker. A message says "something is due"; the worker then claims from the table whatever is due.
So losing messages only delays jobs until the next poll, and a few unread ones are as good as many.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any

import psycopg
from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage, RedisStorage
from redis import ConnectionPool
from sqlalchemy import URL, make_url

from kernel import logging
from kernel.settings import Settings

log = logging.get(__name__)

UNREAD = 16
"""With so many messages unread, another one would tell nobody anything new."""

AT_ONCE = 4
"""A commit with many jobs wakes at most so many processes."""

REST_SECONDS = 1.0
"""How long nothing is sent after a failure."""

READ_SECONDS = 1.0
"""How long a listener waits for a message."""

WAKE = "wake"
LARGEST_MESSAGE = 64


class HostileMessage(ValueError):
    """Something in the queue that Andes never wrote."""


class JobMessages(Serializer):  # type: ignore[misc]  # huey is untyped
    """Writes and reads messages as JSON that carries a job's id."""

    def _serialize(self, data: Message) -> bytes:
        return json.dumps({"job": data.args[0]}).encode()

    def _deserialize(self, data: bytes) -> Message:
        return Message(id=None, name=f"{__name__}.{WAKE}", args=(read_message(data),), kwargs={})


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


class RedisWakes(RedisStorage):  # type: ignore[misc]  # huey is untyped
    """huey's Redis list, bounded."""

    PUSH = "if redis.call('LLEN', KEYS[1]) < tonumber(ARGV[2]) then\
 redis.call('LPUSH', KEYS[1], ARGV[1]) end"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._push = self.conn.register_script(self.PUSH)

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Push the message unless enough are unread."""
        self._push(keys=[self.queue_key], args=[data, UNREAD])


class PostgresWakes(PostgresStorage):  # type: ignore[misc]  # huey is untyped
    """huey's table in our database, bounded, one round trip a message."""

    PUSH = """
    WITH room AS (
      SELECT FROM (SELECT FROM {table} WHERE queue = %(queue)s LIMIT %(unread)s) AS unread
      HAVING count(*) < %(unread)s),
    pushed AS (
      INSERT INTO {table} (queue, data, priority) SELECT %(queue)s, %(data)s, 0 FROM room)
    SELECT pg_notify(%(channel)s, '') FROM room
    """

    def enqueue(self, data: bytes, priority: float | None = None) -> None:
        """Insert the message and notify unless enough are unread."""
        with self.db() as cursor:
            cursor.execute(
                self.PUSH.format(table=self.table_task),
                {
                    "queue": self.name,
                    "data": data,
                    "unread": UNREAD,
                    "channel": self.channel,
                },
            )


def make_huey(settings: Settings, *, listening: bool = False) -> Huey:
    """Return the queue of this instance; a listener waits longer for its server than a sender."""
    url = make_url(settings.database_url)
    name = f"andes_{url.database}"
    if settings.redis_url:
        patience = READ_SECONDS + 4 if listening else 0.5
        pool = ConnectionPool.from_url(
            settings.redis_url,
            socket_timeout=patience,
            socket_connect_timeout=min(patience, 2.0),
            max_connections=64,
        )
        options: dict[str, Any] = {"storage_class": RedisWakes, "connection_pool": pool}
    else:
        options = {
            "storage_class": PostgresWakes,
            "connection": partial(_connect, url),
            "create_tables": False,
        }
    return Huey(
        name, results=False, serializer=JobMessages(), read_timeout=READ_SECONDS, **options
    )


def _connect(url: URL) -> psycopg.Connection[Any]:
    """Return a connection of its own: messages may be lost, so nothing waits for the disk."""
    return psycopg.connect(
        url.set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=True,
        connect_timeout=2,
        application_name="andes-queue",
        tcp_user_timeout=5000,
        options="-c statement_timeout=2000 -c synchronous_commit=off",
    )


def postgres_ddl() -> list[str]:
    """Return the statements that make huey's tables; the owner of the database runs them.

    The application role needs SELECT, INSERT and DELETE on ``huey_task`` and USAGE on its sequence.
    """
    return list(PostgresStorage("andes", create_tables=False).ddl)


class HueyQueue:
    """Wakes the job processes; never raises and never waits long."""

    def __init__(self, huey: Huey) -> None:
        self._send: Callable[[int], object] = huey.task(name=WAKE)(_woken)
        self._silent_until = 0.0

    @classmethod
    def from_settings(cls, settings: Settings) -> HueyQueue:
        """Return the sender of this instance's queue."""
        return cls(make_huey(settings))

    def wake(self, job_ids: Iterable[int]) -> None:
        """Tell the workers that these jobs are due; losing the message only delays them."""
        if time.monotonic() < self._silent_until:
            return
        try:
            for job_id in islice(job_ids, AT_ONCE):
                self._send(job_id)
        except Exception as error:  # noqa: BLE001  # any fault of the transport: the table has the jobs
            self._silent_until = time.monotonic() + REST_SECONDS
            log.warning("queue_unreachable", reason=str(error) or type(error).__name__)


class Listener:
    """Hears the wake-ups in a job process."""

    def __init__(self, huey: Huey) -> None:
        self._huey = huey
        huey.task(name=WAKE)(_woken)

    def hear(self) -> int | None:
        """Return the id of the next message, or None when none came within a second.

        Raises:
            Exception: whatever the transport raises when it is down.
        """
        try:
            task = self._huey.dequeue()
        except HostileMessage as refusal:
            log.warning("queue_message_refused", reason=str(refusal))
            return None
        job_id: int | None = task.args[0] if task is not None else None
        return job_id

    def close(self) -> None:
        """Give the connections of the calling thread back."""
        self._huey.storage.close()


def _woken(job_id: int) -> None:
    """Stand for the message in huey's register; the worker acts on hearing it."""
