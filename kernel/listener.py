"""The listener: how a job process hears wake-ups, through huey."""

from __future__ import annotations

from functools import partial
from typing import Any

from huey import Huey
from huey.registry import Message
from huey.serializer import Serializer
from huey.storage import PostgresStorage, RedisStorage

from kernel import logging
from kernel.queue import (
    HostileMessage,
    connect,
    queue_name,
    read_message,
    redis_pool,
    write_message,
)
from kernel.settings import Settings

log = logging.get(__name__)

READ_SECONDS = 1.0
"""How long a listener waits for a message."""

WAKE = "wake"


class JobMessages(Serializer):  # type: ignore[misc]  # huey is untyped
    """Writes and reads huey's messages as JSON that carries a job's id; never pickle."""

    def _serialize(self, data: Message) -> bytes:
        return write_message(data.args[0])

    def _deserialize(self, data: bytes) -> Message:
        return Message(id=None, name=f"{__name__}.{WAKE}", args=(read_message(data),), kwargs={})


def make_huey(settings: Settings) -> Huey:
    """Return huey on the queue of this instance: on Redis if there is one, else in the database."""
    if settings.redis_url:
        storage: dict[str, Any] = {
            "storage_class": RedisStorage,
            "connection_pool": redis_pool(settings, READ_SECONDS + 4),
        }
    else:
        storage = {
            "storage_class": PostgresStorage,
            "connection": partial(connect, settings),
            "create_tables": False,
        }
    return Huey(
        queue_name(settings),
        results=False,
        serializer=JobMessages(),
        read_timeout=READ_SECONDS,
        **storage,
    )


class Listener:
    """Hears the wake-ups in a job process."""

    def __init__(self, settings: Settings) -> None:
        self._huey = make_huey(settings)
        self._huey.task(name=WAKE)(_woken)

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
