"""The job of the benchmark as a Celery task on Redis: one row through a connection that is kept."""

import os
import threading
from typing import Any

import psycopg
from celery import Celery

app = Celery("bench", broker=os.environ["RIVAL_REDIS"])
app.conf.update(
    task_acks_late=os.environ.get("RIVAL_ACKS_LATE") == "1",
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=16,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_pool_limit=16,
)
_kept = threading.local()


def connection() -> psycopg.Connection[Any]:
    """Return the connection of this thread, opened when first asked for."""
    if not hasattr(_kept, "connection"):
        _kept.connection = psycopg.connect(os.environ["RIVAL_DSN"], autocommit=True)
    found: psycopg.Connection[Any] = _kept.connection
    return found


@app.task(name="bench.mark")
def mark(n: int) -> None:
    """Leave the job's effect."""
    connection().execute("INSERT INTO chaos_marcas (n) VALUES (%s)", (n,), prepare=True)
